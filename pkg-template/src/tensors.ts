// Tensors as people have them, nested lists or an object with a shape and its data, brought to the one form that SQL has:
// the struct of `dimensions` and `values`.

import { describe } from "./arguments.js";
import { problem } from "./errors.js";

/** Numbers in one piece, each of its kind as the engine reads it. */
export type Numbers = Float64Array | Float32Array | Int32Array | BigInt64Array;

/** More dimensions than a tensor has; lists that hold themselves have no end. */
const deepest = 64;

/** More values than a tensor has: a gigabyte of 32-bit floats. */
const most = 2 ** 28;

/** The most values of a list, absent ones included: an array of so many takes 400 MB. */
export const mostValues = 50_000_000;

/** Lists of fewer numbers are quick enough one by one. */
const few = 64;

/** What to do about bytes that are gone. */
export const passCopy = "pass a copy of an array whose buffer is transferred";

/** Whether the memory of these bytes belongs to somebody else by now. */
export function isDetached(bytes: ArrayBuffer | ArrayBufferView): boolean {
  if (bytes.byteLength > 0) return false;
  try {
    (bytes instanceof ArrayBuffer ? bytes : bytes.buffer).slice(0, 0);
    return false;
  } catch {
    return true;
  }
}

/** A list may state any length, and hold nothing: only to look at it would take minutes. */
export function assertShort(list: ArrayLike<unknown>, what: string): void {
  if (!Array.isArray(list) || list.length <= mostValues) return;
  throw problem("unsupported-value", `${what} has a list of ${list.length} values: ${mostValues} are the most`, {
    hint: "give numbers as typed arrays, and rows as a file or a stream",
  });
}

/** Whether a value is a list of SQL: bytes are one value. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !isBytes(value) && !(value instanceof DataView));
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/**
 * A value with its tensors as structs; any other value as it is. Lists of lists become `dimensions` and `values`, and so do
 * the tensors of other libraries; `{ shape, data }` keeps its names. `name` says where the value stands.
 */
export function withTensors(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.length > 0 && isList(value[0]) ? nested(value, name) : value;
  const [shape, data] = parts(value);
  if (shape === undefined || data === undefined) return value;
  const { [shape]: sizes, [data]: values } = value as Record<string, unknown>;
  // Of a library's tensors only these two are wanted.
  const isPlain = Object.hasOwn(value, shape) && Object.hasOwn(value, data) && Object.keys(value).length === 2;
  if (!isList(sizes) || !(isBytes(values) || isList(values)) || (!isPlain && shape !== "dims")) return value;
  const dimensions = Int32Array.from(sizes as ArrayLike<number>, Number);
  const flat = isBytes(values) ? Int32Array.from(values) : values;
  return isPlain && shape !== "dims" ? { [shape]: dimensions, [data]: flat } : { dimensions, values: flat };
}

/** What an object calls its shape and its values. */
function parts(value: object): [string?, string?] {
  if ("dimensions" in value && "values" in value) return ["dimensions", "values"];
  if (!("data" in value)) return [];
  return "shape" in value ? ["shape", "data"] : "dims" in value ? ["dims", "data"] : [];
}

function nested(value: readonly unknown[], name: string): object {
  const dimensions: number[] = [];
  for (let level: unknown = value; isList(level); level = level[0]) {
    if (dimensions.push(level.length) > deepest) throw unlike(name, "lists without an end");
  }
  const last = dimensions.length - 1;
  const size = dimensions.reduce((size, length) => size * length, 1);
  // Lists that stand in a list several times are counted as often.
  if (size > most) throw unlike(name, `lists of ${size} values in all`);
  const values: unknown[] = [];
  const append = (level: unknown, depth: number) => {
    const expected = dimensions[depth];
    if (!isList(level)) throw unlike(name, `${describe(level)} where a list of ${expected} belongs`);
    if (level.length !== expected) throw unlike(name, `lists of ${expected} and of ${level.length}`);
    for (let index = 0; index < level.length; index++) {
      const item = level[index];
      if (depth < last) append(item, depth + 1);
      else if (isList(item)) throw unlike(name, "a list where a value belongs");
      else values.push(item);
    }
  };
  append(value, 0);
  return { dimensions: Int32Array.from(dimensions), values: size === 0 ? [] : values };
}

function unlike(name: string, found: string) {
  return problem("unsupported-value", `${name} holds ${found}`, {
    hint: "lists in lists are one tensor: on each level all have one length",
  });
}

/**
 * A list of numbers as one piece: INT64 where all are whole, else FLOAT64; typed arrays of floats are FLOAT64 whatever they
 * hold. `undefined` for short lists and for those that hold something else, which are read one by one.
 */
export function numbersOf(list: ArrayLike<unknown>): Numbers | undefined {
  if (list instanceof Float64Array || list instanceof Float32Array || list instanceof Int32Array) return list.slice();
  if (list instanceof BigInt64Array) return list.slice();
  if (list instanceof BigUint64Array)
    return list.every((value) => value < 1n << 63n) ? new BigInt64Array(list) : undefined;
  if (list instanceof Uint32Array) return BigInt64Array.from(list, BigInt);
  if (ArrayBuffer.isView(list)) return Int32Array.from(list as ArrayLike<number>);
  if (list.length < few) return undefined;
  let small = true;
  let whole = true;
  for (let index = 0; index < list.length; index++) {
    const value = list[index];
    if (typeof value !== "number") return undefined;
    small &&= (value | 0) === value && !Object.is(value, -0);
    whole &&= small || (Number.isSafeInteger(value) && !Object.is(value, -0));
  }
  const numbers = list as ArrayLike<number>;
  if (small) return Int32Array.from(numbers);
  return whole ? BigInt64Array.from(numbers as unknown as ArrayLike<bigint>, BigInt) : Float64Array.from(numbers);
}
