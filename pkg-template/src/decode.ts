// Rows of what the engine does not read itself, as Arrow IPC: a file of its own, loaded when such a source is met. JSON is
// read by the browser; the readers of Parquet and of compressed Arrow are files of their own again.

import { notLoaded, problem, wordsOf } from "./errors.js";
import { Pace } from "./pace.js";
import { rowsToIPC, type TypedColumn, typedToIPC } from "./rows.js";

export { arrivingToIPC, arrowToIPC, columnsToIPC, rowsToIPC, typedToIPC } from "./rows.js";

/**
 * The rows of a file in one of these formats; Arrow where it is compressed. `name` is for the words of errors. Where
 * `schema` wants decimals, numbers of JSON keep digits that FLOAT64 has not.
 */
export async function decode(
  blob: Blob,
  format: "json" | "parquet" | "arrow",
  name: string,
  schema: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (format === "parquet") return typedToIPC(await parquetColumns(blob, name), signal);
  if (format === "arrow") return decompressed(new Uint8Array(await blob.arrayBuffer()), name);
  return rowsToIPC(await jsonRows(await blob.text(), name, decimalsOf(schema), signal), signal);
}

function decimalsOf(schema: Record<string, string>): Set<string> {
  const isDecimal = (column: string) => /^\s*(big)?(numeric|decimal)\b/i.test(schema[column] ?? "");
  return new Set(Object.keys(schema).filter(isDecimal));
}

/**
 * Some lines of a large file of JSON, one object each, and the names that they have. Of later lines only the columns are made that
 * are `wanted`, and names that are not `known` are none of the table's.
 */
export async function linesToIPC(
  bytes: Uint8Array,
  name: string,
  schema: Record<string, string> = {},
  wanted?: { columns: readonly string[]; known: ReadonlySet<string> },
  signal?: AbortSignal,
): Promise<{ ipc: Uint8Array; names: ReadonlySet<string> }> {
  const rows = (await jsonRows(new TextDecoder().decode(bytes), name, decimalsOf(schema), signal)) as Row[];
  const names = new Set<string>();
  for (const row of rows) for (const key in row) names.add(key);
  const unknown = wanted && [...names].find((key) => !wanted.known.has(key));
  if (unknown !== undefined) {
    throw problem("invalid-json", `\`${name}\` has \`${unknown}\` in later lines only`, {
      hint: `name its type: registerTable(name, file, { schema: { ${unknown}: "STRING" } })`,
    });
  }
  const columns = wanted?.columns ?? [...new Set([...names, ...Object.keys(schema)])];
  const typed = columns.map((column): TypedColumn => [column, rows.map((row) => row[column] ?? null)]);
  return { ipc: await typedToIPC(typed, signal), names };
}

/** A Parquet file that is read in parts. */
export function parquetRows(
  file: { byteLength: number; slice(start: number, end?: number): Promise<ArrayBuffer> },
  name: string,
) {
  return readingParquet(name, async ({ openParquet }) => {
    const rows = await openParquet(file);
    const { empty, groups } = rows;
    type Group = (typeof groups)[number];
    const read = (group: Group, names: readonly string[]) => readingParquet(name, () => rows.read(group, names));
    return { empty, groups, read };
  });
}

async function decompressed(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const { decompress } = await import("./compressed.js").catch((error) =>
    notLoaded("compressed Arrow", "compressed.js", error),
  );
  try {
    return decompress(bytes);
  } catch (error) {
    throw problem("invalid-compression", `\`${name}\` cannot be decompressed`, {
      detail: wordsOf(error),
      cause: error,
    });
  }
}

/** A list of objects, one object, or one object a line. */
async function jsonRows(
  text: string,
  name: string,
  decimals: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<object[]> {
  const whole = parse(text, decimals);
  const values =
    whole === undefined ? await lines(text, name, decimals, signal) : Array.isArray(whole) ? whole : [whole];
  const odd = values.findIndex((value) => typeof value !== "object" || value === null || Array.isArray(value));
  if (odd >= 0) {
    throw problem("invalid-json", `\`${name}\` holds something else than an object in row ${odd + 1}`, {
      hint: 'rows are objects: [{"x": 1}, {"x": 2}]',
    });
  }
  const rows = values as Row[];
  // Beside those that come as text the others do too: a column has one type.
  for (const row of rows)
    for (const column of decimals) if (/number|bigint/.test(typeof row[column])) row[column] = String(row[column]);
  return wordsOfNumbers.test(text) ? rows.map(withNumbers(rows)) : rows;
}

type Row = Record<string, unknown>;

/** Strings by which BigQuery writes the numbers that JSON cannot say. */
const wordsOfNumbers = /"(NaN|[+-]?Infinity)"/;

function isWordOfNumber(value: unknown): value is string {
  return typeof value === "string" && wordsOfNumbers.test(`"${value}"`);
}

/** In columns that hold numbers, and no other strings, these words are numbers too. */
function withNumbers(rows: readonly Row[]): (row: Row) => Row {
  const kinds = new Map<string, { numbers: boolean; words: boolean; others: boolean }>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const kind = kinds.get(name) ?? { numbers: false, words: false, others: false };
      kinds.set(name, kind);
      if (typeof value === "number") kind.numbers = true;
      else if (isWordOfNumber(value)) kind.words = true;
      else if (value !== null) kind.others = true;
    }
  }
  const names = [...kinds]
    .filter(([, { numbers, words, others }]) => numbers && words && !others)
    .map(([name]) => name);
  return (row) => {
    for (const name of names) if (isWordOfNumber(row[name])) row[name] = Number(row[name]);
    return row;
  };
}

async function lines(
  text: string,
  name: string,
  decimals: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<unknown[]> {
  const values: unknown[] = [];
  const pace = new Pace(signal);
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const value = parse(line, decimals);
    if (value === undefined) {
      const at = values.length + 1;
      throw problem(
        "invalid-json",
        `\`${name}\` is neither JSON nor one JSON object a line: line ${at} cannot be read`,
      );
    }
    values.push(value);
    if (pace.isOver) await pace.rest();
  }
  return values;
}

/** `undefined`, which JSON cannot say, where the text is none. */
function parse(text: string, decimals: ReadonlySet<string>): unknown {
  try {
    const isExact = longWhole.test(text) || bareWord.test(text) || (decimals.size > 0 && longFraction.test(text));
    return isExact ? parseExactly(text, decimals) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A whole number that may be beyond 2⁵³, in a list or an object. */
const longWhole = /[[:,\s]-?\d{16,}\s*[\],}]/;

/** A fraction that may have more digits than FLOAT64. */
const longFraction = /[[:,\s]-?(?=[\d.]{17})\d+\.\d/;

/** Python's `json` writes NaN and the infinities as they are, which JSON has no words for. */
const bareWord = /[[:,\s](NaN|-?Infinity)\s*[\],}]/;

/** Strings and numbers; what stands in strings is none of the numbers. */
const literals = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|NaN|-?Infinity/g;

/**
 * `JSON.parse` rounds whole numbers beyond 2⁵³; here they become `bigint`, on the way through marked strings, by which NaN
 * and the infinities come too. Long fractions in the columns `decimals` become their digits as text.
 */
function parseExactly(text: string, decimals: ReadonlySet<string>): unknown {
  let mark = "int:";
  while (text.includes(mark)) mark = `int${Math.random()}:`;
  const marked = text.replace(literals, (literal) =>
    (/^(-?[1-9]\d{15,}|NaN|-?Infinity)$/.test(literal) && !Number.isSafeInteger(Number(literal))) ||
    (decimals.size > 0 && /^-?(?=[\d.]{17})\d+\.\d+$/.test(literal))
      ? `"${mark}${literal}"`
      : literal,
  );
  const unmarked = (value: unknown, isDecimal: boolean, names?: ReadonlySet<string>): unknown => {
    if (typeof value === "string" && value.startsWith(mark)) {
      const literal = value.slice(mark.length);
      if (/^-?\d+$/.test(literal)) return BigInt(literal);
      return isDecimal && literal.includes(".") ? literal : Number(literal);
    }
    if (typeof value !== "object" || value === null) return value;
    for (const [key, inner] of Object.entries(value)) (value as Row)[key] = unmarked(inner, names?.has(key) ?? false);
    return value;
  };
  const row = (value: unknown) => unmarked(value, false, decimals);
  const parsed: unknown = JSON.parse(marked);
  return Array.isArray(parsed) ? parsed.map(row) : row(parsed);
}

async function parquetColumns(blob: Blob, name: string): Promise<TypedColumn[]> {
  return readingParquet(name, async ({ readParquet }) => readParquet(await blob.arrayBuffer()));
}

async function readingParquet<T>(name: string, read: (part: typeof import("./parquet.js")) => Promise<T>): Promise<T> {
  const part = await import("./parquet.js").catch((error) => notLoaded("Parquet", "parquet.js", error));
  try {
    return await read(part);
  } catch (error) {
    if (error instanceof Error && error.name === "PredictError") throw error;
    if (error instanceof Error && error.name === "Unsupported") {
      throw problem("invalid-parquet", `\`${name}\`: ${error.message}`, { hint: "leave the column out of the file" });
    }
    throw problem("invalid-parquet", `\`${name}\` cannot be read as Parquet`, {
      detail: wordsOf(error),
      cause: error,
    });
  }
}
