// JavaScript values to Arrow IPC: finds one SQL type for each column over all its rows, or says which row does not fit.

import {
  binary,
  bool,
  type Column,
  columnFromValues,
  type DataType,
  dateDay,
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

/** SQL types as they are written; "NULL" where nothing else was seen yet. */
type Scalar = "NULL" | "BOOL" | "INT64" | "FLOAT64" | "STRING" | "DATE" | "TIMESTAMP" | "BYTES";
export type SqlType = Scalar | `ARRAY<${Scalar}>`;

type Values = ArrayLike<unknown>;

/** A column that may say of what type it is at least: its values alone do not tell 1 from 1.0, nor a day from a time. */
export type TypedColumn = [name: string, values: Values, least?: SqlType];

/** One object per row; columns in the order in which their names are first met. */
export function rowsToIPC(rows: readonly object[]): Uint8Array {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  // A name that a row lacks may still be one that all objects inherit.
  const cellOf = (row: object, name: string) =>
    Object.hasOwn(row, name) ? (row as Record<string, unknown>)[name] : null;
  return typedToIPC([...names].map((name) => [name, rows.map((row) => cellOf(row, name))]));
}

/** One array per column. */
export function columnsToIPC(columns: Record<string, Values>): Uint8Array {
  return typedToIPC(Object.entries(columns));
}

/** A table of any Arrow library, by its values. */
export function arrowToIPC(table: ArrowTableLike): Uint8Array {
  return typedToIPC(
    table.schema.fields.map(({ name, type }: ArrowField) => {
      const values: unknown[] = Array.from(table.getChild(name));
      const least = arrowTypes[type?.typeId ?? 0] ?? "NULL";
      return [name, least === "DATE" || least === "TIMESTAMP" ? values.map(toDate) : values, least];
    }),
  );
}

export function typedToIPC(columns: readonly TypedColumn[]): Uint8Array {
  if (columns.length === 0) {
    throw problem("no-columns", "a table needs at least one column", { hint: "give at least one row with one value" });
  }
  const [[firstName, first] = ["", []]] = columns;
  const encoded = columns.map(([name, values, least]): [string, Column<unknown>] => {
    if (values.length !== first.length) {
      const lengths = `\`${name}\` has ${values.length} values and \`${firstName}\` has ${first.length}`;
      throw problem("uneven-columns", `column ${lengths}`, { hint: "give every column one value per row" });
    }
    return [name, toColumn(name, values, least)];
  });
  const bytes = tableToIPC(tableFromColumns(encoded), { format: "stream" });
  return bytes ?? new Uint8Array();
}

function toColumn(name: string, values: Values, least: SqlType = "NULL"): Column<unknown> {
  let type = values instanceof Float64Array || values instanceof Float32Array ? "FLOAT64" : least;
  let since = 0;
  let row = 0;
  const fail = (fault: string): never => {
    throw problem("unsupported-value", `column \`${name}\` holds ${fault} in row ${row + 1}`, {
      hint: "use numbers, strings, booleans, dates, Uint8Array, or arrays of one of these",
    });
  };
  for (; row < values.length; row++) {
    const found = typeOf(values[row], fail);
    const joined = join(type, found);
    if (joined === undefined) {
      const both = `${type} in row ${since + 1} and ${found} in row ${row + 1}`;
      throw problem("mixed-types", `column \`${name}\` holds ${both}`, {
        hint: `make all values of \`${name}\` one type, or null where there is none`,
      });
    }
    if (joined !== type) since = row;
    type = joined;
  }
  const convert = converter(type);
  return columnFromValues((visit: (value: unknown) => void) => {
    for (let index = 0; index < values.length; index++) visit(convert(values[index]));
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
  let element: Scalar = "NULL";
  for (let index = 0; index < value.length; index++) {
    const found = typeOf(value[index], fail);
    const joined: SqlType = join(element, found) ?? fail(`an array of ${element} and ${found}`);
    element = elementOf(joined) ? fail("an array of arrays") : (joined as Scalar);
  }
  return `ARRAY<${element}>`;
}

function elementOf(type: SqlType): Scalar | undefined {
  return type.startsWith("ARRAY<") ? (type.slice(6, -1) as Scalar) : undefined;
}

function isList(value: object): value is Values {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** The type that holds values of both, if there is one. */
function join(one: SqlType, other: SqlType): SqlType | undefined {
  if (one === other || other === "NULL") return one;
  if (one === "NULL") return other;
  const [element, otherElement] = [elementOf(one), elementOf(other)];
  if (element && otherElement) {
    const joined = join(element, otherElement) as Scalar | undefined;
    return joined && `ARRAY<${joined}>`;
  }
  // JavaScript has one class for both.
  if (one === "DATE" && other === "TIMESTAMP") return "DATE";
  return isNumber(one) && isNumber(other) ? "FLOAT64" : undefined;
}

function isNumber(type: SqlType): boolean {
  return type === "INT64" || type === "FLOAT64";
}

function arrowType(type: SqlType): DataType {
  const element = elementOf(type);
  if (element) return list(arrowType(element));
  switch (type) {
    case "BOOL":
      return bool();
    case "FLOAT64":
      return float64();
    case "STRING":
      return utf8();
    case "DATE":
      return dateDay();
    case "TIMESTAMP":
      return timestamp(TimeUnit.MICROSECOND, "UTC");
    case "BYTES":
      return binary();
    default:
      // SQL's untyped NULL is an INT64 too.
      return int64();
  }
}

function converter(type: SqlType): (value: unknown) => unknown {
  const element = elementOf(type);
  if (element) {
    const convert = converter(element);
    return (value) => (value == null ? null : Array.from(value as Values, convert));
  }
  return (value) => (value == null ? null : type === "FLOAT64" ? Number(value) : value);
}

/** What type numbers of the Arrow format say that values do not. */
const arrowTypes: Record<number, SqlType> = { 3: "FLOAT64", 8: "DATE", 10: "TIMESTAMP" };

/** What all Arrow libraries say of a column. */
interface ArrowField {
  readonly name: string;
  readonly type?: { readonly typeId?: number };
}

function toDate(value: unknown): unknown {
  return typeof value === "number" || typeof value === "bigint" ? new Date(Number(value)) : value;
}
