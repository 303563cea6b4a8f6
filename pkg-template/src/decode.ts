// Rows of files that the engine does not read itself, as Arrow IPC. JSON is read by the browser; the reader of Parquet
// is a file of its own that is loaded when the first such file is met.

import { problem, wordsOf } from "./errors.js";
import { rowsToIPC, type TypedColumn, typedToIPC } from "./rows.js";

/** The rows of a file in one of these formats. `name` is for the words of errors. */
export async function decode(blob: Blob, format: "json" | "parquet", name: string): Promise<Uint8Array> {
  return format === "json"
    ? rowsToIPC(jsonRows(await blob.text(), name))
    : typedToIPC(await parquetColumns(blob, name));
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
  return values as object[];
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
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function parquetColumns(blob: Blob, name: string): Promise<TypedColumn[]> {
  const { readParquet } = await import("./parquet.js").catch((error) => {
    throw problem("network-failed", "the reader of Parquet files cannot be loaded", {
      hint: "publish `parquet.js` of the package beside its `index.js`",
      detail: wordsOf(error),
      cause: error,
    });
  });
  try {
    return await readParquet(await blob.arrayBuffer());
  } catch (error) {
    throw problem("invalid-parquet", `\`${name}\` cannot be read as Parquet`, {
      detail: wordsOf(error),
      cause: error,
    });
  }
}
