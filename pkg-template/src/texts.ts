// Results as texts that other programs read: CSV, and what JSON.stringify makes of a result.

import type { ColumnInfo } from "./glue/predictql.js";

/** How a result is written as CSV. */
export interface CsvTextOptions {
  /** Whether a line of names stands above the rows; default: true. */
  header?: boolean | undefined;
  /** The character between fields; default: a comma. */
  delimiter?: string | undefined;
}

/** What is read of a result. */
interface Rows {
  readonly schema: { readonly fields: readonly ColumnInfo[] };
  /** The values of a row, in the order of the columns. */
  values(): Iterable<readonly unknown[]>;
}

/** A header and the rows as RFC 4180 has them. NULL is an empty field, an empty text a quoted one; lists and structs are JSON. */
export function csvOf(
  { schema: { fields }, values }: Rows,
  { header = true, delimiter = "," }: CsvTextOptions,
): string {
  const isSpecial = (text: string) => text === "" || text.includes(delimiter) || /["\r\n]/.test(text);
  const quoted = (text: string) => (isSpecial(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const line = (texts: readonly string[]) => `${texts.join(delimiter)}\n`;
  const field = (value: unknown, place: number) => {
    if (value === null || value === undefined) return "";
    const plain = plainOf(value, fields[place]?.databaseType);
    return quoted(typeof plain === "object" ? JSON.stringify(plain, plainly) : String(plain));
  };
  const lines = header ? [line(fields.map(({ name }) => quoted(name)))] : [];
  for (const row of values()) lines.push(line(row.map(field)));
  return lines.join("");
}

/** The rows as objects of what JSON knows. */
export function jsonOf({ schema: { fields }, values }: Rows): Record<string, unknown>[] {
  return Array.from(values(), (row) =>
    Object.fromEntries(
      fields.map(({ name, databaseType }, place) => {
        const plain = plainOf(row[place], databaseType);
        return [name, /object|bigint/.test(typeof plain) ? JSON.parse(JSON.stringify(plain, plainly)) : plain];
      }),
    ),
  );
}

/** Times as SQL has them: a DATE is a day, a DATETIME has no zone. BYTES in base64, as in JSON. */
function plainOf(value: unknown, databaseType: string | undefined): unknown {
  if (value instanceof Date) {
    const length = databaseType === "DATE" ? 10 : databaseType === "DATETIME" ? 23 : 24;
    return value.toISOString().slice(0, length);
  }
  return value instanceof Uint8Array && "toJSON" in value ? (value.toJSON as () => string)() : value;
}

/** Typed arrays are lists; whole numbers beyond what JSON's readers hold are text, as in BigQuery. */
function plainly(_key: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>);
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
