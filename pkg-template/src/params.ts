// Values of `?` and `@name`, brought to what the engine reads: files become their bytes.

import { problem } from "./errors.js";
import type { ParamValue as EngineValue, ParamValues } from "./glue/predictql.js";
import type { Params, ParamValue } from "./interface.js";

export async function toParams(params: Params): Promise<ParamValues> {
  if (isList(params)) return Promise.all(params.map((value, index) => toValue(value, String(index + 1))));
  const entries = Object.entries(params).map(
    async ([name, value]) => [name, await toValue(value, `@${name}`)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function toValue(value: ParamValue, name: string): Promise<EngineValue> {
  if (value instanceof Blob) return new Uint8Array(await value.arrayBuffer());
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (isList(value)) return Promise.all(value.map((element) => toValue(element, name)));
  const isObject =
    typeof value === "object" && value !== null && !(value instanceof Date || value instanceof Uint8Array);
  if (!isObject && typeof value !== "function" && typeof value !== "symbol") return value;
  throw problem("unsupported-value", `parameter ${name} holds ${isObject ? "an object" : `a ${typeof value}`}`, {
    hint: "tables may stand after FROM, JOIN and TABLE of a `sql` template; values are numbers, strings, booleans, dates, files, bytes and arrays",
  });
}

function isList(value: unknown): value is readonly ParamValue[] {
  return Array.isArray(value);
}
