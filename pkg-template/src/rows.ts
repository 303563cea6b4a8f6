// JavaScript values to Arrow IPC: finds one SQL type for each column over all its rows, or says which row does not fit.

import { type Column, columnFromValues, tableFromColumns, tableToIPC } from "@uwdata/flechette";
import { describe } from "./arguments.js";
import { abortable } from "./connection.js";
import { problem } from "./errors.js";
import type { ArrowTableLike } from "./interface.js";
import { leave, nextOf } from "./iterators.js";
import { Pace } from "./pace.js";
import { assertShort, isDetached, isList, mostValues, passCopy, withTensors } from "./tensors.js";
import { arrowType, converter, join, nameOf, type SqlType, scalar, settled, struct } from "./types.js";

type Values = ArrayLike<unknown>;

/** A column that may say of what type it is at least: its values alone do not tell 1 from 1.0, nor a day from a time. */
export type TypedColumn = [name: string, values: Values, least?: SqlType | undefined];

/** The most columns that the engine takes. */
const mostColumns = 10_000;

/** Levels of objects and lists inside each other: more than a type of the engine has. What holds itself has no end. */
const deepest = 64;

/** One object per row; columns in the order in which their names are first met. */
export async function rowsToIPC(rows: readonly object[], signal?: AbortSignal): Promise<Uint8Array> {
  const names = new Set<string>();
  const pace = new Pace(signal);
  for (const [index, row] of rows.entries()) {
    if (typeof row !== "object" || row === null) {
      throw problem("unsupported-value", `row ${index + 1} is ${describe(row)}`, {
        hint: "rows are objects: { x: 1, y: 2.5 }",
      });
    }
    for (const name of Object.keys(row)) names.add(name);
    if (names.size > mostColumns) tooWide(`more than ${mostColumns} columns`);
    if (pace.isOver) await pace.rest();
  }
  if (names.size * rows.length > mostValues) tooWide(`${names.size} columns in ${rows.length} rows`);
  // A name that a row lacks may still be one that all objects inherit.
  const cellOf = (row: object, name: string) =>
    Object.hasOwn(row, name) ? (row as Record<string, unknown>)[name] : null;
  const columns = [...names].map((name) => [name, () => rows.map((row) => cellOf(row, name))] as const);
  return toIPC(columns, signal);
}

/** Rows that come over time, one by one or in lists, up to the last one. */
export async function arrivingToIPC(
  source: AsyncIterable<object | readonly object[]>,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const rows: object[] = [];
  const pace = new Pace(signal);
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await abortable(nextOf(iterator), signal);
      if (done) return await rowsToIPC(rows, signal);
      for (const row of Array.isArray(value) ? value : [value]) rows.push(row);
      if (rows.length > mostValues) tooWide(`no end: more than ${mostValues} of them`);
      // A source that is never empty would let nothing else happen.
      if (pace.isOver) await pace.rest();
    }
  } catch (error) {
    // It may still be busy with the next row: nobody waits for that.
    leave(iterator);
    throw error;
  }
}

function tooWide(found: string): never {
  throw problem("too-many-columns", `the rows have ${found}`, {
    hint: "give what varies from row to row as a list: { name, value }",
  });
}

/** One array per column. */
export function columnsToIPC(columns: Record<string, Values>, signal?: AbortSignal): Promise<Uint8Array> {
  return typedToIPC(Object.entries(columns), signal);
}

/** A table of any Arrow library, by its values. */
export function arrowToIPC(table: ArrowTableLike, signal?: AbortSignal): Promise<Uint8Array> {
  const columns = table.schema.fields.map((field) => {
    const values = table.getChild(field.name);
    if (typeof values?.[Symbol.iterator] === "function") return arrowColumn(field, Array.from(values));
    throw problem("unsupported-source", `the Arrow table has no values for its column \`${field.name}\``);
  });
  return typedToIPC(columns, signal);
}

/** What the values do not tell, the type's number in the Arrow format does. */
function arrowColumn({ name, type }: ArrowField, values: unknown[]): TypedColumn {
  switch (type?.typeId) {
    case 3:
      return [name, values, scalar("FLOAT64")];
    case 7:
      return decimalColumn(name, values, type);
    case 8:
      return [name, values.map(millisOf), { kind: "DATE", exact: true }];
    case 9:
      return [name, values.map((value) => nanosOf(value, type.unit)), { kind: "TIME", exact: true }];
    case 10:
      return [name, values.map(microsOf), { kind: "TIMESTAMP", exact: true }];
    case 11:
    case 14:
      throw problem("unsupported-value", `column \`${name}\` holds intervals or unions, which have no SQL type`, {
        hint: "leave the column out, or give its parts as columns",
      });
    default:
      return [name, values.map(plain)];
  }
}

export function typedToIPC(columns: readonly TypedColumn[], signal?: AbortSignal): Promise<Uint8Array> {
  return toIPC(
    columns.map(([name, values, least]) => [name, () => values, least]),
    signal,
  );
}

/** The values of each column are made when it is its turn, so that those of one column at a time are there twice. */
async function toIPC(
  columns: readonly (readonly [name: string, values: () => Values, least?: SqlType | undefined])[],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const [[firstName] = [""]] = columns;
  if (columns.length === 0) {
    throw problem("no-columns", "a table needs at least one column", { hint: "give at least one row with one value" });
  }
  const notes: string[] = [];
  const retype: (() => void)[] = [];
  const encoded: [string, Column<unknown>][] = [];
  const pace = new Pace(signal);
  let length: number | undefined;
  for (const [name, make, least] of columns) {
    const made = make();
    if (ArrayBuffer.isView(made) && isDetached(made)) {
      throw problem("unsupported-value", `column \`${name}\` was transferred away`, { hint: passCopy });
    }
    assertShort(made, `column \`${name}\``);
    const values = tensorsOf(name, made);
    length ??= values.length;
    if (values.length !== length) {
      const lengths = `\`${name}\` has ${values.length} values and \`${firstName}\` has ${length}`;
      throw problem("uneven-columns", `column ${lengths}`, { hint: "give every column one value per row" });
    }
    const type = settled(columnType(name, values, least), (lost) => {
      notes.push(`column \`${name}\` is STRING: ${lost} does not hold all of its whole numbers`);
    });
    const convert = converter(type);
    const visit = (visit: (value: unknown) => void) => {
      for (let index = 0; index < values.length; index++) visit(convert(values[index]));
    };
    encoded.push([name, columnFromValues(visit, arrowType(type, retype))]);
    if (pace.isOver) await pace.rest();
  }
  for (const finish of retype) finish();
  const table = tableFromColumns(encoded);
  // The engine reads them back: what the reader of the rows decided.
  if (notes.length > 0) table.schema.metadata = new Map([["predictql.notes", notes.join("\n")]]);
  return tableToIPC(table, { format: "stream" }) ?? new Uint8Array();
}

/** The values with their tensors as structs. */
function tensorsOf(name: string, values: Values): Values {
  // Columns of numbers are typed arrays, or long lists of what has no parts.
  if (ArrayBuffer.isView(values)) return values;
  let changed: unknown[] | undefined;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (typeof value !== "object" || value === null) continue;
    const tensor = withTensors(value, `row ${row + 1} of column \`${name}\``);
    if (tensor === value) continue;
    changed ??= Array.from(values);
    changed[row] = tensor;
  }
  return changed ?? values;
}

function columnType(name: string, values: Values, least: SqlType = scalar("NULL")): SqlType {
  if (least.exact) return least;
  let type = values instanceof Float64Array || values instanceof Float32Array ? scalar("FLOAT64") : least;
  let since = 0;
  let row = 0;
  const fail = (fault: string): never => {
    throw problem("unsupported-value", `column \`${name}\` holds ${fault} in row ${row + 1}`, {
      hint: "use numbers, strings, booleans, dates, Uint8Array, plain objects, or arrays of one of these",
    });
  };
  for (; row < values.length; row++) {
    const found = typeOf(values[row], fail);
    const joined = join(type, found);
    if (joined === undefined) {
      const both = `${nameOf(type)} in row ${since + 1} and ${nameOf(found)} in row ${row + 1}`;
      throw problem("mixed-types", `column \`${name}\` holds ${both}`, {
        hint: `make all values of \`${name}\` one type, or null where there is none`,
      });
    }
    if (joined !== type) since = row;
    type = joined;
  }
  return type;
}

/** `fail` hears what a value is that no column can hold. */
function typeOf(value: unknown, fail: (fault: string) => never, depth = 0): SqlType {
  switch (typeof value) {
    case "undefined":
      return scalar("NULL");
    case "boolean":
      return scalar("BOOL");
    case "number":
      return scalar(Number.isSafeInteger(value) ? "INT64" : "FLOAT64");
    case "bigint":
      return scalar(wholeType(value));
    case "string":
      return scalar("STRING");
    case "object":
      return typeOfObject(value, fail, depth);
    default:
      return fail(`a ${typeof value}`);
  }
}

function wholeType(value: bigint) {
  const exact = BigInt(Number(value)) === value;
  if (BigInt.asIntN(64, value) === value) return exact ? "INT64" : "LONG";
  return exact ? "WHOLE" : "HUGE";
}

function typeOfObject(value: object | null, fail: (fault: string) => never, depth: number): SqlType {
  if (value === null) return scalar("NULL");
  if (depth > deepest) return fail("objects in each other without an end");
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? fail("an invalid date") : scalar("TIMESTAMP");
  if (ArrayBuffer.isView(value) && isDetached(value)) return fail("bytes that were transferred away");
  if (value instanceof Uint8Array) return scalar("BYTES");
  if (isList(value)) {
    if (isWhole32(value)) return { kind: "ARRAY", element: scalar("INT64") };
    const isFloats = value instanceof Float32Array || value instanceof Float64Array;
    if (!isFloats) assertShort(value, "a column");
    let element = scalar(isFloats ? "FLOAT64" : "NULL");
    for (let index = 0; !isFloats && index < value.length; index++) {
      const found = typeOf(value[index], fail, depth + 1);
      if (found.kind === "ARRAY") return fail("an array of arrays");
      element = join(element, found) ?? fail(`an array of ${nameOf(element)} and ${nameOf(found)}`);
    }
    return { kind: "ARRAY", element };
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
    return fail(describe(value));
  }
  return struct(Object.entries(value).map(([name, item]) => [name, typeOf(item, fail, depth + 1)]));
}

/** Whether a list holds whole numbers that are safe in any case. */
function isWhole32(value: Values): boolean {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof Float32Array || value instanceof Float64Array) &&
    !(value instanceof BigInt64Array || value instanceof BigUint64Array)
  );
}

/** What all Arrow libraries say of a column. */
interface ArrowField {
  readonly name: string;
  readonly type?: {
    readonly typeId?: number;
    readonly unit?: number;
    readonly precision?: number;
    readonly scale?: number;
  };
}

/** Lists and rows inside of columns, which some libraries show through objects of their own. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Date || ArrayBuffer.isView(value)) return value;
  const { toArray, toJSON } = value as { toArray?: () => ArrayLike<unknown>; toJSON?: () => object };
  // apache-arrow's rows are arrays and objects: only as JSON are they what they are.
  const inside = toJSON ? toJSON.call(value) : toArray ? toArray.call(value) : value;
  if (Array.isArray(inside) || ArrayBuffer.isView(inside)) return Array.from(inside as ArrayLike<unknown>, plain);
  return Object.fromEntries(Object.entries(inside).map(([name, item]) => [name, plain(item)]));
}

/** Times of day in seconds, milliseconds, microseconds or nanoseconds, by the number of the unit. */
function nanosOf(value: unknown, unit = 3): unknown {
  return value == null ? null : BigInt(value as number) * 1000n ** BigInt(3 - unit);
}

function millisOf(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

/** Libraries give times in milliseconds, whose fraction has the microseconds. */
function microsOf(value: unknown): unknown {
  return typeof value === "number" ? BigInt(Math.floor(value)) * 1000n + BigInt(Math.round((value % 1) * 1000)) : value;
}

/** Some libraries give decimals as the words of one whole number, the lowest first. */
function decimalColumn(
  name: string,
  values: unknown[],
  { precision = 38, scale = 0 }: NonNullable<ArrowField["type"]>,
) {
  const words = values.find((value) => value != null);
  if (!ArrayBuffer.isView(words)) return [name, values] as TypedColumn;
  const whole = (value: unknown) => {
    const { buffer, byteOffset, byteLength } = value as Uint32Array;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    return BigInt.asIntN(
      8 * byteLength,
      bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n),
    );
  };
  const type: SqlType = { kind: "DECIMAL", precision, scale, exact: true };
  return [name, values.map((value) => (value == null ? null : whole(value))), type] as TypedColumn;
}
