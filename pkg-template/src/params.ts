// Values of `?` and `@name`, brought to what the engine reads: files become their bytes.

import { describe } from "./arguments.js";
import { isFrame } from "./drawn.js";
import { problem } from "./errors.js";
import type { ParamValue as EngineValue, ParamValues } from "./glue/predictql.js";
import type { Params, ParamValue } from "./interface.js";
import { known, picturing } from "./parts.js";

/** The values as they are now: whoever gave them may change them while the query waits. */
export async function toParams(params: Params): Promise<ParamValues> {
  if (typeof params !== "object" || params === null) {
    throw problem("unsupported-value", `the parameters are ${describe(params)}`, {
      hint: "give a list of values for `?`, or an object with a value for each `@name`",
    });
  }
  if (isList(params)) {
    if (areNumbers(params)) return new Float64Array(params);
    return params.every(isPlain)
      ? ([...params] as ParamValues)
      : Promise.all(params.map((value, index) => toValue(value, String(index + 1))));
  }
  if (Object.values(params).every(isPlain)) return { ...params } as ParamValues;
  const entries = Object.entries(params).map(
    async ([name, value]) => [name, await toValue(value, `@${name}`)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Whether all values are numbers; holes of an array are NULL. */
function areNumbers(params: readonly unknown[]): params is readonly number[] {
  for (let index = 0; index < params.length; index++) if (typeof params[index] !== "number") return false;
  return params.length > 0;
}

async function toValue(value: ParamValue, name: string): Promise<EngineValue> {
  // SQL has no arrays in arrays; one that holds itself would have no end.
  return isList(value) ? Promise.all(Array.from(value, (element) => toItem(element, name))) : toItem(value, name);
}

async function toItem(value: ParamValue, name: string): Promise<EngineValue> {
  if (isFrame(value)) {
    const file = await known(async () => (await picturing()).fileOf(value));
    return new Uint8Array(await file.arrayBuffer());
  }
  if (value instanceof Blob) return new Uint8Array(await value.arrayBuffer());
  if (value instanceof ArrayBuffer || value instanceof Uint8Array) return copyOf(value, name);
  if (value instanceof Date) return new Date(value);
  if (isPlain(value)) return value as EngineValue;
  throw problem(
    "unsupported-value",
    `parameter ${name} holds ${isList(value) ? "arrays in arrays" : describe(value)}`,
    {
      hint: "tables may stand after FROM, JOIN and TABLE of a `sql` template; values are numbers, strings, booleans, dates, files, bytes, pictures and arrays",
    },
  );
}

function copyOf(bytes: ArrayBuffer | Uint8Array, name: string): Uint8Array {
  if (!isDetached(bytes)) return new Uint8Array(bytes).slice();
  throw problem("unsupported-value", `parameter ${name} holds bytes that were transferred away`, { hint: passCopy });
}

/** What to do about bytes that are gone. */
export const passCopy = "pass a copy of an array whose buffer is transferred";

/** Whether the memory of these bytes belongs to somebody else by now. */
export function isDetached(bytes: ArrayBuffer | Uint8Array): boolean {
  if (bytes.byteLength > 0) return false;
  try {
    (bytes instanceof ArrayBuffer ? bytes : bytes.buffer).slice(0, 0);
    return false;
  } catch {
    return true;
  }
}

/** Whether the engine reads a value as it is. */
function isPlain(value: unknown): boolean {
  const type = typeof value;
  return value === null || (type !== "object" && type !== "function" && type !== "symbol");
}

function isList(value: unknown): value is readonly ParamValue[] {
  return (
    Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof Uint8Array || value instanceof DataView))
  );
}
