// Values of `?` and `@name`, brought to what the engine reads: files become their bytes.

import { problem } from "./errors.js";
import type { ParamValue as EngineValue, ParamValues } from "./glue/predictql.js";
import type { Params, ParamValue } from "./interface.js";

export async function toParams(params: Params): Promise<ParamValues> {
  if (typeof params !== "object" || params === null) {
    const found = params === null ? "null" : `a ${typeof params}`;
    throw problem("unsupported-value", `the parameters are ${found}`, {
      hint: "give a list of values for `?`, or an object with a value for each `@name`",
    });
  }
  const values: readonly unknown[] = isList(params) ? params : Object.values(params);
  if (values.every(isPlain)) return params as ParamValues;
  if (isList(params)) return Promise.all(params.map((value, index) => toValue(value, String(index + 1))));
  const entries = Object.entries(params).map(
    async ([name, value]) => [name, await toValue(value, `@${name}`)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Arrays inside arrays; SQL has none of them, and one that holds itself would have no end. */
const nesting = 8;

async function toValue(value: ParamValue, name: string, depth = 0): Promise<EngineValue> {
  if (value instanceof Blob) return new Uint8Array(await value.arrayBuffer());
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (isList(value) && depth < nesting) {
    return Promise.all(value.map((element) => toValue(element, name, depth + 1)));
  }
  const isObject =
    typeof value === "object" && value !== null && !(value instanceof Date || value instanceof Uint8Array);
  if (!isObject && typeof value !== "function" && typeof value !== "symbol") return value;
  const found = isList(value) ? "arrays in arrays" : isObject ? "an object" : `a ${typeof value}`;
  throw problem("unsupported-value", `parameter ${name} holds ${found}`, {
    hint: "tables may stand after FROM, JOIN and TABLE of a `sql` template; values are numbers, strings, booleans, dates, files, bytes and arrays",
  });
}

/** Whether the engine reads a value as it is. */
function isPlain(value: unknown): boolean {
  const type = typeof value;
  return value === null || (type !== "object" && type !== "function" && type !== "symbol");
}

function isList(value: unknown): value is readonly ParamValue[] {
  return Array.isArray(value);
}
