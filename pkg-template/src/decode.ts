// Rows of files that the engine does not read itself, as Arrow IPC. JSON is read by the browser; the readers of Parquet
// and of compressed Arrow are files of their own that are loaded when the first such file is met.

import { problem, wordsOf } from "./errors.js";
import { isCompressed } from "./ipc.js";
import { rowsToIPC, type TypedColumn, typedToIPC } from "./rows.js";

/** The rows of a file in one of these formats. `name` is for the words of errors. */
export async function decode(blob: Blob, format: "json" | "parquet" | "arrow", name: string): Promise<Uint8Array> {
  if (format === "json") return rowsToIPC(jsonRows(await blob.text(), name));
  if (format === "parquet") return typedToIPC(await parquetColumns(blob, name));
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return isCompressed(bytes) ? decompressed(bytes, name) : bytes;
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

function notLoaded(what: string, file: string, error: unknown): never {
  throw problem("network-failed", `the reader of ${what} files cannot be loaded`, {
    hint: `publish \`${file}\` of the package beside its \`index.js\``,
    detail: wordsOf(error),
    cause: error,
  });
}

/** A list of objects, one object, or one object a line. */
function jsonRows(text: string, name: string): object[] {
  const whole = parse(text);
  const values = whole === undefined ? lines(text, name) : Array.isArray(whole) ? whole : [whole];
  const odd = values.findIndex((value) => typeof value !== "object" || value === null || Array.isArray(value));
  if (odd >= 0) {
    throw problem("invalid-json", `\`${name}\` holds something else than an object in row ${odd + 1}`, {
      hint: 'rows are objects: [{"x": 1}, {"x": 2}]',
    });
  }
  const rows = values as Row[];
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

function lines(text: string, name: string): unknown[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, at) => {
      const value = parse(line);
      if (value !== undefined) return value;
      throw problem(
        "invalid-json",
        `\`${name}\` is neither JSON nor one JSON object a line: line ${at + 1} cannot be read`,
      );
    });
}

/** `undefined`, which JSON cannot say, where the text is none. */
function parse(text: string): unknown {
  try {
    return longWhole.test(text) || bareWord.test(text) ? parseExactly(text) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A whole number that may be beyond 2⁵³, in a list or an object. */
const longWhole = /[[:,\s]-?\d{16,}\s*[\],}]/;

/** Python's `json` writes NaN and the infinities as they are, which JSON has no words for. */
const bareWord = /[[:,\s](NaN|-?Infinity)\s*[\],}]/;

/** Strings and numbers; what stands in strings is none of the numbers. */
const literals = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|NaN|-?Infinity/g;

/**
 * `JSON.parse` rounds whole numbers beyond 2⁵³; here they become `bigint`, on the way through marked strings, by which NaN
 * and the infinities come too.
 */
function parseExactly(text: string): unknown {
  let mark = "int:";
  while (text.includes(mark)) mark = `int${Math.random()}:`;
  const marked = text.replace(literals, (literal) =>
    /^(-?[1-9]\d{15,}|NaN|-?Infinity)$/.test(literal) && !Number.isSafeInteger(Number(literal))
      ? `"${mark}${literal}"`
      : literal,
  );
  const number = (literal: string) => (/\d/.test(literal) ? BigInt(literal) : Number(literal));
  return JSON.parse(marked, (_, value) =>
    typeof value === "string" && value.startsWith(mark) ? number(value.slice(mark.length)) : value,
  );
}

async function parquetColumns(blob: Blob, name: string): Promise<TypedColumn[]> {
  const { readParquet } = await import("./parquet.js").catch((error) => notLoaded("Parquet", "parquet.js", error));
  try {
    return await readParquet(await blob.arrayBuffer());
  } catch (error) {
    if (error instanceof Error && error.name === "Unsupported") {
      throw problem("invalid-parquet", `\`${name}\`: ${error.message}`, { hint: "leave the column out of the file" });
    }
    throw problem("invalid-parquet", `\`${name}\` cannot be read as Parquet`, {
      detail: wordsOf(error),
      cause: error,
    });
  }
}
