// Values of `?` and `@name`, brought to what the engine reads: files become their bytes.

import { describe } from "./arguments.js";
import { isFrame } from "./drawn.js";
import { problem } from "./errors.js";
import type { ParamValue as EngineValue, ParamValues } from "./glue/predictql.js";
import type { Params } from "./interface.js";
import { known, picturing } from "./parts.js";
import { assertShort, isDetached, isList, numbersOf, passCopy, withTensors } from "./tensors.js";

/** The values as they are now: whoever gave them may change them while the query waits. */
export async function toParams(params: Params): Promise<ParamValues> {
  if (typeof params !== "object" || params === null) {
    throw problem("unsupported-value", `the parameters are ${describe(params)}`, {
      hint: "give a list of values for `?`, or an object with a value for each `@name`",
    });
  }
  if (isList(params)) {
    assertShort(params, "the parameters");
    if (ArrayBuffer.isView(params) && isDetached(params)) throw transferred("the list of parameters");
    if (areNumbers(params)) return new Float64Array(params);
    return Array.prototype.every.call(params, isPlain)
      ? (Array.from(params) as ParamValues)
      : Promise.all(Array.from(params, (value, index) => toValue(value, String(index + 1))));
  }
  if (Object.values(params).every(isPlain)) return { ...params } as ParamValues;
  const entries = Object.entries(params).map(
    async ([name, value]) => [name, await toValue(value, `@${name}`)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Whether all values are numbers; holes of an array are NULL. */
function areNumbers(params: ArrayLike<unknown>): params is ArrayLike<number> {
  for (let index = 0; index < params.length; index++) if (typeof params[index] !== "number") return false;
  return params.length > 0;
}

/** More levels of lists and objects than a value has; what holds itself has no end. */
const deepest = 16;

async function toValue(given: unknown, name: string, depth = 0): Promise<EngineValue> {
  if (isPlain(given)) return given as EngineValue;
  if (isFrame(given)) {
    const file = await known(async () => (await picturing()).fileOf(given));
    return new Uint8Array(await file.arrayBuffer());
  }
  if (given instanceof Blob) return new Uint8Array(await given.arrayBuffer());
  if (given instanceof ArrayBuffer || given instanceof Uint8Array) return copyOf(given, name);
  if (given instanceof Date) return new Date(given);
  if (ArrayBuffer.isView(given) && isDetached(given)) throw transferred(`parameter ${name}`);
  const value = withTensors(given, `parameter ${name}`);
  if (depth < deepest && isList(value)) {
    assertShort(value, `parameter ${name}`);
    const numbers = numbersOf(value);
    return numbers ?? Promise.all(Array.from(value, (element) => toValue(element, name, depth + 1)));
  }
  if (depth < deepest && isRecord(value)) {
    const fields = Object.entries(value).map(
      async ([field, item]) => [field, await toValue(item, name, depth + 1)] as const,
    );
    return Object.fromEntries(await Promise.all(fields));
  }
  throw problem(
    "unsupported-value",
    `parameter ${name} holds ${isList(value) ? "lists without an end" : describe(value)}`,
    {
      hint: "tables may stand after FROM, JOIN and TABLE of a `sql` template; values are numbers, strings, booleans, dates, files, bytes, pictures, arrays and plain objects of these",
    },
  );
}

/** Whether a value is an object of no class, which is a STRUCT. */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function copyOf(bytes: ArrayBuffer | Uint8Array, name: string): Uint8Array {
  if (!isDetached(bytes)) return new Uint8Array(bytes).slice();
  throw transferred(`parameter ${name}`);
}

function transferred(what: string) {
  return problem("unsupported-value", `${what} holds bytes that were transferred away`, { hint: passCopy });
}

/** Whether the engine reads a value as it is. */
function isPlain(value: unknown): boolean {
  const type = typeof value;
  return value === null || (type !== "object" && type !== "function" && type !== "symbol");
}
