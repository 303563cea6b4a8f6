// The types of columns that are made of JavaScript values, and their Arrow layouts.

import {
  binary,
  bool,
  type DataType,
  dateDay,
  decimal,
  field,
  float64,
  int64,
  list,
  struct as structOf,
  TimeUnit,
  time,
  timestamp,
  uint64,
  utf8,
} from "@uwdata/flechette";

import { problem } from "./errors.js";

/**
 * SQL types as they are written, and what is known of columns before all of their values are: "NULL" where nothing else
 * was seen yet, and whole numbers by who holds them. LONG ones are beyond what FLOAT64 holds, WHOLE ones beyond INT64,
 * HUGE ones beyond both; NUMBERS have fractions among such. UINT64 and TIME are Arrow's own, which the engine converts.
 */
type Scalar =
  | "NULL"
  | "BOOL"
  | "INT64"
  | "LONG"
  | "WHOLE"
  | "HUGE"
  | "NUMBERS"
  | "FLOAT64"
  | "STRING"
  | "DATE"
  | "TIMESTAMP"
  | "BYTES"
  | "UINT64"
  | "TIME";

/** `exact` where the source says so of all values, which need no look. */
export type SqlType = { readonly exact?: true } & (
  | { readonly kind: Scalar }
  | { readonly kind: "DECIMAL"; readonly precision: number; readonly scale: number }
  | { readonly kind: "ARRAY"; readonly element: SqlType }
  | { readonly kind: "STRUCT"; readonly fields: ReadonlyMap<string, SqlType> }
);

const scalars = new Map<Scalar, SqlType>();

/** One object for each, so that most comparisons are of identities. */
export function scalar(kind: Scalar): SqlType {
  const type = scalars.get(kind) ?? { kind };
  scalars.set(kind, type);
  return type;
}

export function struct(fields: Iterable<readonly [string, SqlType]>): SqlType {
  return { kind: "STRUCT", fields: new Map(fields) };
}

/** As SQL writes it. */
export function nameOf(type: SqlType): string {
  switch (type.kind) {
    case "ARRAY":
      return `ARRAY<${nameOf(type.element)}>`;
    case "STRUCT":
      return `STRUCT<${[...type.fields].map(([name, item]) => `${name} ${nameOf(item)}`).join(", ")}>`;
    case "LONG":
      return "INT64";
    case "WHOLE":
    case "HUGE":
      return "NUMERIC";
    default:
      return type.kind;
  }
}

/** The type that holds values of both, if there is one. */
export function join(one: SqlType, other: SqlType): SqlType | undefined {
  if (one === other || other.kind === "NULL") return one;
  if (one.kind === "NULL") return other;
  if (one.kind === "ARRAY" && other.kind === "ARRAY") {
    const element = join(one.element, other.element);
    return element && (element === one.element ? one : { kind: "ARRAY", element });
  }
  if (one.kind === "STRUCT" && other.kind === "STRUCT") return joinFields(one, other);
  if (one.kind === other.kind) return one;
  // JavaScript has one class for both.
  if (one.kind === "DATE" && other.kind === "TIMESTAMP") return one;
  return joinNumbers(one.kind, other.kind);
}

function joinFields(one: SqlType & { kind: "STRUCT" }, other: SqlType & { kind: "STRUCT" }): SqlType | undefined {
  let fields: Map<string, SqlType> | undefined;
  for (const [name, type] of other.fields) {
    const known = one.fields.get(name);
    const joined = known ? join(known, type) : type;
    if (!joined) return undefined;
    if (joined !== known) {
      fields ??= new Map(one.fields);
      fields.set(name, joined);
    }
  }
  return fields ? { kind: "STRUCT", fields } : one;
}

/** Numbers by what they take: without fractions, then with them. */
const wholes = ["INT64", "LONG", "WHOLE", "HUGE"];

function joinNumbers(one: string, other: string): SqlType | undefined {
  const kinds = [one, other];
  const is = (...some: string[]) => kinds.some((kind) => some.includes(kind));
  if (kinds.every((kind) => wholes.includes(kind))) {
    if (!is("WHOLE", "HUGE")) return scalar("LONG");
    return scalar(is("LONG", "HUGE") ? "HUGE" : "WHOLE");
  }
  if (!kinds.every((kind) => wholes.includes(kind) || kind === "FLOAT64" || kind === "NUMBERS")) return undefined;
  return scalar(is("LONG", "HUGE", "NUMBERS") ? "NUMBERS" : "FLOAT64");
}

/** The type of a whole column. `told` hears which type does not hold numbers that are text therefore. */
export function settled(type: SqlType, told: (lost: string) => void): SqlType {
  switch (type.kind) {
    case "ARRAY":
      return { ...type, element: settled(type.element, told) };
    case "STRUCT":
      return { ...type, fields: new Map([...type.fields].map(([name, item]) => [name, settled(item, told)])) };
    case "NULL":
    case "LONG":
      // SQL's untyped NULL is an INT64 too.
      return scalar("INT64");
    case "WHOLE":
    case "HUGE":
    case "NUMBERS":
      told(type.kind === "NUMBERS" ? "FLOAT64" : "INT64");
      return scalar("STRING");
    default:
      return type;
  }
}

/** The layout of a settled type; `retype` gets what has to be done once all columns are built. */
export function arrowType(type: SqlType, retype: (() => void)[]): DataType {
  switch (type.kind) {
    case "ARRAY":
      return list(arrowType(type.element, retype));
    case "STRUCT":
      // A struct without fields holds nothing.
      if (type.fields.size === 0) return int64();
      return structOf([...type.fields].map(([name, item]) => field(name, arrowType(item, retype))));
    case "DECIMAL":
      return decimal(type.precision, type.scale, type.precision > 38 ? 256 : 128);
    case "BOOL":
      return bool();
    case "FLOAT64":
      return float64();
    case "STRING":
      return utf8();
    case "DATE":
      return dateDay();
    case "TIMESTAMP":
      // The library would take milliseconds in a double, which lose microseconds: they are built as whole numbers.
      return renamed(int64(), timestamp(TimeUnit.MICROSECOND, "UTC"), retype);
    case "TIME":
      return time(TimeUnit.NANOSECOND);
    case "BYTES":
      return binary();
    case "UINT64":
      return uint64();
    default:
      return int64();
  }
}

function renamed(type: DataType, final: DataType, retype: (() => void)[]): DataType {
  retype.push(() => Object.assign(type, final));
  return type;
}

/** Values of a settled type as the builders of columns take them. */
export function converter(type: SqlType): (value: unknown) => unknown {
  const convert = converterOf(type);
  return (value) => (value == null ? null : convert(value));
}

function converterOf(type: SqlType): (value: unknown) => unknown {
  switch (type.kind) {
    case "ARRAY": {
      const convert = converter(type.element);
      const isNumber = type.element.kind === "FLOAT64" || type.element.kind === "INT64";
      // Their builders take the numbers of typed arrays as they are.
      const isReady = (value: unknown) =>
        isNumber &&
        ArrayBuffer.isView(value) &&
        !(value instanceof BigUint64Array || (value instanceof BigInt64Array && type.element.kind === "FLOAT64"));
      return (value) => (isReady(value) ? value : Array.from(value as ArrayLike<unknown>, convert));
    }
    case "STRUCT": {
      if (type.fields.size === 0) return () => null;
      const fields = [...type.fields].map(([name, item]) => [name, converter(item)] as const);
      const own = (value: unknown, name: string) =>
        Object.hasOwn(value as object, name) ? (value as Record<string, unknown>)[name] : null;
      return (value) => Object.fromEntries(fields.map(([name, convert]) => [name, convert(own(value, name))]));
    }
    case "FLOAT64":
      return Number;
    case "STRING":
      return String;
    case "TIMESTAMP":
      return (value) => {
        const micros = value instanceof Date ? BigInt(value.getTime()) * 1000n : (value as bigint);
        if (BigInt.asIntN(64, micros) === micros) return micros;
        throw problem("unsupported-value", `the time ${micros} µs from 1970 is beyond TIMESTAMP`);
      };
    default:
      return (value) => value;
  }
}
