// Results as files, and as text to paste: loaded when the first one leaves the page.

import type { BasicType } from "hyparquet-writer/src/types.js";
import type { Result } from "predictql";
import { full } from "./cells.js";
import { plural } from "./format.js";

type Kind = "csv" | "json" | "parquet" | "arrow" | "copy";

/** Does it, and says so. */
export async function exported(result: Result, kind: Kind): Promise<string> {
  const rows = plural(result.numRows, "row");
  if (kind === "copy") {
    await navigator.clipboard.writeText(table(result, "\t", (text) => text.replace(/[\t\r\n]+/g, " ")));
    return `${rows} are copied, with their names: paste them into a sheet.`;
  }
  const name = `result.${kind}`;
  save(name, await made(result, kind));
  return `${rows} are saved as ${name}.`;
}

async function made(result: Result, kind: Exclude<Kind, "copy">): Promise<Blob> {
  switch (kind) {
    case "csv":
      return new Blob([table(result, ",", quoted)], { type: "text/csv" });
    case "json":
      return new Blob([json(result)], { type: "application/json" });
    case "arrow":
      return new Blob([result.toIPC() as Uint8Array<ArrayBuffer>], { type: "application/vnd.apache.arrow.stream" });
    case "parquet":
      return new Blob([await parquet(result)], { type: "application/vnd.apache.parquet" });
  }
}

/** Names and rows; NULL is the empty field, lists and structs are JSON. */
function table(result: Result, separator: string, escaped: (text: string) => string): string {
  const { fields } = result.schema;
  const lines = [fields.map(({ name }) => escaped(name))];
  for (const row of result) {
    lines.push(
      fields.map((field) => {
        const value: unknown = row[field.name];
        if (value === null || value === undefined) return "";
        const isDeep = typeof value === "object" && !(value instanceof Date);
        return escaped(isDeep ? JSON.stringify(value, plain) : full(value, field));
      }),
    );
  }
  return `${lines.map((line) => line.join(separator)).join("\n")}\n`;
}

/** As RFC 4180 has it; an empty text is told from NULL by its quotes. */
function quoted(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function json(result: Result): string {
  const { fields } = result.schema;
  const days = new Set(fields.filter(({ databaseType }) => databaseType === "DATE").map(({ name }) => name));
  const rows = result.rows.map((row) => {
    if (days.size === 0) return row;
    return Object.fromEntries(
      fields.map((field) => [
        field.name,
        days.has(field.name) && row[field.name] ? full(row[field.name], field) : row[field.name],
      ]),
    );
  });
  return `[\n${rows.map((row) => JSON.stringify(row, plain)).join(",\n")}\n]\n`;
}

/** Whole numbers beyond what JSON's readers hold are text, as in BigQuery. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

async function parquet(result: Result): Promise<ArrayBuffer> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = result.schema.fields.map(({ name, databaseType }) => {
    const values = Array.from(result.getChild(name) ?? []);
    const type = parquetType(databaseType);
    if (type === "JSON")
      return {
        name,
        type,
        nullable: true,
        data: values.map((value) => (value == null ? null : JSON.parse(JSON.stringify(value, plain)))),
      };
    if (type === "INT64")
      return {
        name,
        type,
        nullable: true,
        data: values.map((value) => (value == null ? null : BigInt(value as number))),
      };
    if (type === "STRING")
      return {
        name,
        type,
        nullable: true,
        data: values.map((value) =>
          value == null ? null : full(value, { name, databaseType, type: "string", nullable: true }),
        ),
      };
    return { name, type, nullable: true, data: values };
  });
  return parquetWriteBuffer({ columnData });
}

/** Days and decimals are text, which loses no digit; lists and structs are JSON, as Parquet has it. */
function parquetType(databaseType: string): BasicType {
  switch (databaseType.replace(/\(.*/, "")) {
    case "BOOL":
      return "BOOLEAN";
    case "INT64":
      return "INT64";
    case "FLOAT64":
      return "DOUBLE";
    case "TIMESTAMP":
      return "TIMESTAMP";
    case "BYTES":
      return "BYTE_ARRAY";
    default:
      return /^(ARRAY|STRUCT)/.test(databaseType) ? "JSON" : "STRING";
  }
}

export function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
