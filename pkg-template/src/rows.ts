// JavaScript values to Arrow IPC: finds one SQL type for each column over all its rows, or says which row does not fit.

import {
  binary,
  bool,
  type Column,
  columnFromValues,
  type DataType,
  float64,
  int64,
  list,
  TimeUnit,
  tableFromColumns,
  tableToIPC,
  timestamp,
  utf8,
} from "@uwdata/flechette";
import { problem } from "./errors.js";
import type { ArrowTableLike } from "./interface.js";

/** A SQL type as it is written; arrays by the type of their elements; "NULL" where nothing else was seen yet. */
type SqlType = "NULL" | "BOOL" | "INT64" | "FLOAT64" | "STRING" | "TIMESTAMP" | "BYTES" | { array: SqlType };

type Values = ArrayLike<unknown>;

/** One object per row; columns in the order in which their names are first met. */
export function rowsToIPC(rows: readonly object[]): Uint8Array {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  // A name that a row lacks may still be one that all objects inherit.
  const cellOf = (row: object, name: string) =>
    Object.hasOwn(row, name) ? (row as Record<string, unknown>)[name] : null;
  return encode([...names].map((name) => [name, rows.map((row) => cellOf(row, name))]));
}

/** One array per column. */
export function columnsToIPC(columns: Record<string, Values>): Uint8Array {
  return encode(Object.entries(columns));
}

/** A table of any Arrow library, by its values. Arrow has times as numbers; only the type tells them from others. */
export function arrowToIPC(table: ArrowTableLike): Uint8Array {
  return encode(
    table.schema.fields.map((field) => {
      const values: unknown[] = Array.from(table.getChild(field.name));
      return [field.name, isTime(field) ? values.map(toDate) : values];
    }),
  );
}

function encode(columns: [string, Values][]): Uint8Array {
  if (columns.length === 0) {
    throw problem("no-columns", "a table needs at least one column", { hint: "give at least one row with one value" });
  }
  const [[firstName, first] = ["", []]] = columns;
  const encoded = columns.map(([name, values]): [string, Column<unknown>] => {
    if (values.length !== first.length) {
      const lengths = `\`${name}\` has ${values.length} values and \`${firstName}\` has ${first.length}`;
      throw problem("uneven-columns", `column ${lengths}`, { hint: "give every column one value per row" });
    }
    return [name, toColumn(name, values)];
  });
  const bytes = tableToIPC(tableFromColumns(encoded), { format: "stream" });
  return bytes ?? new Uint8Array();
}

function toColumn(name: string, values: Values): Column<unknown> {
  let type: SqlType = "NULL";
  let since = 0;
  for (let row = 0; row < values.length; row++) {
    const found = typeOf(values[row], (fault) => {
      throw problem("unsupported-value", `column \`${name}\` holds ${fault} in row ${row + 1}`, {
        hint: "use numbers, strings, booleans, dates, Uint8Array, or arrays of one of these",
      });
    });
    const joined = join(type, found);
    if (joined === undefined) {
      const both = `${write(type)} in row ${since + 1} and ${write(found)} in row ${row + 1}`;
      throw problem("mixed-types", `column \`${name}\` holds ${both}`, {
        hint: `make all values of \`${name}\` one type, or null where there is none`,
      });
    }
    if (write(joined) !== write(type)) since = row;
    type = joined;
  }
  const convert = converter(type);
  return columnFromValues((visit: (value: unknown) => void) => {
    for (let row = 0; row < values.length; row++) visit(convert(values[row]));
  }, arrowType(type));
}

/** `fail` hears what a value is that no column can hold. */
function typeOf(value: unknown, fail: (fault: string) => never): SqlType {
  switch (typeof value) {
    case "undefined":
      return "NULL";
    case "boolean":
      return "BOOL";
    case "number":
      return Number.isSafeInteger(value) ? "INT64" : "FLOAT64";
    case "bigint":
      return BigInt.asIntN(64, value) === value ? "INT64" : fail(`${value}, too large for INT64`);
    case "string":
      return "STRING";
    case "object":
      return typeOfObject(value, fail);
    default:
      return fail(`a ${typeof value}`);
  }
}

function typeOfObject(value: object | null, fail: (fault: string) => never): SqlType {
  if (value === null) return "NULL";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? fail("an invalid date") : "TIMESTAMP";
  if (value instanceof Uint8Array) return "BYTES";
  if (!isList(value)) return fail("an object");
  let array: SqlType = "NULL";
  for (let index = 0; index < value.length; index++) {
    const found = typeOf(value[index], fail);
    const joined: SqlType | undefined = typeof found === "object" ? fail("an array of arrays") : join(array, found);
    array = joined ?? fail(`an array of ${write(array)} and ${write(found)}`);
  }
  return { array };
}

function isList(value: object): value is Values {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** The type that holds values of both, if there is one. */
function join(one: SqlType, other: SqlType): SqlType | undefined {
  if (one === other || other === "NULL") return one;
  if (one === "NULL") return other;
  if (typeof one === "object" && typeof other === "object") {
    const array = join(one.array, other.array);
    return array && { array };
  }
  const numbers = ["INT64", "FLOAT64"];
  return numbers.includes(write(one)) && numbers.includes(write(other)) ? "FLOAT64" : undefined;
}

function arrowType(type: SqlType): DataType {
  switch (type) {
    case "BOOL":
      return bool();
    case "FLOAT64":
      return float64();
    case "STRING":
      return utf8();
    case "TIMESTAMP":
      return timestamp(TimeUnit.MICROSECOND, "UTC");
    case "BYTES":
      return binary();
    // SQL's untyped NULL is an INT64 too.
    case "NULL":
    case "INT64":
      return int64();
    default:
      return list(arrowType(type.array));
  }
}

function converter(type: SqlType): (value: unknown) => unknown {
  if (type === "FLOAT64") return (value) => (value == null ? null : Number(value));
  if (typeof type !== "object") return (value) => value ?? null;
  const convert = converter(type.array);
  return (value) => (value == null ? null : Array.from(value as ArrayLike<unknown>, convert));
}

function write(type: SqlType): string {
  return typeof type === "string" ? type : `ARRAY<${write(type.array)}>`;
}

/** `Date` (8) and `Timestamp` (10) of the Arrow format. */
function isTime(field: { readonly name: string; readonly type?: { readonly typeId?: number } }): boolean {
  return field.type?.typeId === 8 || field.type?.typeId === 10;
}

function toDate(value: unknown): unknown {
  return typeof value === "number" || typeof value === "bigint" ? new Date(Number(value)) : value;
}
