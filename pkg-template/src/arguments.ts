// What callers without types may give, held against what each call takes before anything is done with it.

import { problem } from "./errors.js";
import type {
  CallOptions,
  ExplainOptions,
  ModelInputOptions,
  ModelOptions,
  PredictOptions,
  PrepareOptions,
  QueryOptions,
  TableOptions,
  TextOptions,
  WarmupOptions,
} from "./interface.js";
import type { CsvTextOptions } from "./texts.js";

/** What an option may be: in words, and as a test. */
type Kind = readonly [expected: string, is: (value: unknown) => boolean];
type Kinds<O> = { readonly [K in keyof Required<O>]: Kind };

const is = (type: string) => (value: unknown) => typeof value === type;
const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTextual = (value: unknown) => typeof value === "string" || value instanceof URL;
const isText = (value: unknown) => typeof value === "string" || typeof value === "number";
/** A list may state any length and hold nothing: only to look at it would take minutes. No option has so many values. */
const isListOf = (item: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.length <= 10_000_000 && value.every(item);

const text: Kind = ["a string", is("string")];
const number: Kind = ["a number", is("number")];
const flag: Kind = ["a boolean", is("boolean")];
const callback: Kind = ["a function", is("function")];
const count: Kind = ["a whole number from 0", (value) => Number.isSafeInteger(value) && Number(value) >= 0];
const some: Kind = ["a whole number from 1", (value) => Number.isSafeInteger(value) && Number(value) > 0];
/** Each takes memory for its stack, and more than there are cores only wait for each other. */
const mostThreads = 64;
const bag: Kind = ["an object", isObject];
const address: Kind = ["a string or a URL", isTextual];
const texts: Kind = ["a list of strings", isListOf(is("string"))];
const numbers: Kind = ["a number or a list of them", (value) => is("number")(value) || isListOf(is("number"))(value)];
const words = (...all: unknown[]): Kind => [
  all.map((word) => JSON.stringify(word)).join(" or "),
  (value) => all.includes(value),
];
/** What the engine judges: anything that can be sent to it. */
const plain: Kind = [
  "a string, number or boolean, or an object or list of such",
  function isPlain(value): boolean {
    if (!isObject(value) && !Array.isArray(value)) return /string|number|boolean/.test(typeof value);
    return Object.values(value).every((inner) => /string|number|boolean/.test(typeof inner));
  },
];

const call: Kinds<CallOptions> = {
  signal: ["an AbortSignal", (value) => isObject(value) && "aborted" in value && "addEventListener" in value],
  onProgress: callback,
};
const dialect = words("bigquery", "tsql");

/** The options of every kind of call. */
export const takes = {
  call,
  query: {
    ...call,
    batchSize: some,
    onError: words("fail", "null"),
    dialect,
    rowMode: words("object", "array"),
    int64: words("number", "bigint", "string"),
  } satisfies Kinds<QueryOptions>,
  text: { dialect } satisfies Kinds<TextOptions>,
  prepare: { ...call, dialect } satisfies Kinds<PrepareOptions>,
  explain: { ...call, dialect, analyze: flag } satisfies Kinds<ExplainOptions>,
  warmup: { ...call, batchSize: some } satisfies Kinds<WarmupOptions>,
  table: {
    ...call,
    format: words("csv", "arrow", "json", "ndjson", "parquet", "images"),
    stream: flag,
    schema: ["an object of SQL types by column name", (value) => isObject(value) && Object.values(value).every(isText)],
    header: flag,
    skipLeadingRows: count,
    fieldDelimiter: text,
    delimiter: text,
    quote: text,
    escape: text,
    comment: text,
    allowQuotedNewlines: flag,
    allowJaggedRows: flag,
    ignoreUnknownValues: flag,
    maxBadRecords: count,
    preserveAsciiControlCharacters: flag,
    encoding: text,
    decimal: words(".", ","),
    dateFormat: text,
    timestampFormat: text,
    nullMarkers: texts,
    nullValues: texts,
    nullMarker: text,
  } satisfies Kinds<TableOptions>,
  version: { version: some },
  complete: { offset: number },
  on: { event: words("catalogchange"), listener: callback },
  csv: {
    header: flag,
    delimiter: ["a character", (value) => is("string")(value) && String(value).length === 1],
  } satisfies Kinds<CsvTextOptions>,
  model: {
    ...call,
    version: some,
    alias: ["an alias or a list of them", (value) => is("string")(value) || isListOf(is("string"))(value)],
    integrity: text,
    revalidate: flag,
    tokenizer: ["an address or a file", (value) => isTextual(value) || (typeof value === "object" && value !== null)],
    labels: ["a list of labels or an address", (value) => isTextual(value) || isListOf(isText)(value)],
    inputs: bag,
    signature: text,
    inputLabelCols: texts,
    baseline: text,
    externalData: bag,
    task: words("classification", "regression"),
    engine: words("full"),
    softmax: ["a boolean or the name of an output", (value) => /boolean|string/.test(typeof value)],
    freeDimensions: bag,
    nullHandling: words("error", "null", "nan"),
    defaultOnNull: plain,
  } satisfies Kinds<ModelOptions>,
  input: {
    columns: texts,
    mean: numbers,
    std: numbers,
    layout: words("NHWC", "NCHW", "as-is"),
    batchAxis: count,
  } satisfies Kinds<ModelInputOptions>,
  database: {
    name: ["a string with at least one character", (value) => is("string")(value) && value !== ""],
    worker: [
      'a function that makes a Worker, "inline" or false',
      (value) => is("function")(value) || !value || value === "inline",
    ],
    workerUrl: address,
    engine: words("auto", "tables", "full"),
    memoryLimit: some,
    threads: [
      `"auto" or a whole number from 1 to ${mostThreads}`,
      (value) => value === "auto" || (some[1](value) && Number(value) <= mostThreads),
    ],
    wasmUrl: address,
    wasmModule: ["a WebAssembly.Module or bytes", isObject],
    network: [
      '"allow", "same-origin", "deny" or a function',
      (value) => is("function")(value) || ["allow", "same-origin", "deny"].includes(value as string),
    ],
    fetch: callback,
    decoder: words("portable", "native"),
    cache: [
      '"auto", "memory", false or an object with `match` and `put`',
      (value) =>
        value === false ||
        value === "auto" ||
        value === "memory" ||
        (isObject(value) && "match" in value && "put" in value),
    ],
    onProgress: callback,
    log: callback,
    profile: flag,
  } satisfies Kinds<PredictOptions>,
};

/** Throws where a call is given an option that it does not have, or one of a kind that it cannot be. */
export function checkOptions(name: string, options: unknown, kinds: Readonly<Record<string, Kind>>): void {
  if (!isObject(options)) refuse("invalid-option", name, "the options", "an object", options);
  for (const [option, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, option) ? kinds[option] : undefined;
    if (!kind) {
      const all = Object.keys(kinds);
      const near = nearest(option, all);
      throw problem("unknown-option", `${name}: there is no option \`${option}\``, {
        hint: near === undefined ? `the options are ${all.join(", ")}` : `did you mean \`${near}\`?`,
      });
    }
    if (value !== undefined && !kind[1](value))
      refuse("invalid-option", name, `the option \`${option}\``, kind[0], value);
  }
}

/** Throws where something is no text. `what` is the word for the argument. */
export function checkText(name: string, what: string, value: unknown): void {
  if (typeof value !== "string") refuse("unsupported-value", name, what, "a string", value);
}

function refuse(
  code: "invalid-option" | "unsupported-value",
  name: string,
  what: string,
  expected: string,
  found: unknown,
): never {
  throw problem(code, `${name}: ${what} must be ${expected}, found ${describe(found)}`);
}

/** What a value is, in a few words. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  const name: unknown = value.constructor?.name;
  return typeof name !== "string" || name === "Object" ? "an object" : `an object of class \`${name}\``;
}

/** The word that a slip of the hand may have meant: case aside, at most a third of its letters away. */
function nearest(word: string, all: readonly string[]): string | undefined {
  const ranked = all
    .map((other) => ({ other, steps: distance(word.toLowerCase(), other.toLowerCase()) }))
    .sort((one, two) => one.steps - two.steps);
  const [best] = ranked;
  return best && best.steps <= Math.max(1, word.length / 3) ? best.other : undefined;
}

/** Levenshtein's: insertions, deletions and replacements. */
function distance(one: string, two: string): number {
  let row = Array.from({ length: two.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= two.length; j++) {
      const replaced = (row[j - 1] as number) + (one[i - 1] === two[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[two.length] as number;
}
