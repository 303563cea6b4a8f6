// What the files of streams have in common: the shape of a stream, and what brings rows into Arrow.

import { notLoaded } from "./errors.js";
import type { Stream } from "./files.js";
import type { TableOptions } from "./interface.js";
import type { Entry } from "./journal.js";

/** What the engine is told of a stream, and where its rows come from. */
export type StreamInput = Omit<Extract<Entry, { kind: "registerStream" }>, "name"> & { stream: Stream };

export type FileFormat = "csv" | "json" | "parquet" | "arrow";
export type Options = Omit<TableOptions, "format" | "signal" | "onProgress" | "stream">;
export type Bytes = Uint8Array<ArrayBuffer>;

/** What finds the format of a file by its first bytes. */
export type FormatOf = (head: Blob) => Promise<FileFormat>;

/** The bytes of a file, from its beginning or from anywhere. */
export interface LargeFile {
  name: string;
  /** 0 where nobody knows. */
  size: number;
  /** Whether it can be read only once. */
  isOnce: boolean;
  chunks(signal: AbortSignal | undefined): AsyncIterator<Uint8Array>;
  slice(start: number, end: number | undefined, signal: AbortSignal | undefined): Promise<ArrayBuffer>;
}

export function decoding() {
  return import("./decode.js").catch((error) => notLoaded("tables", "decode.js", error));
}

export function joined(pieces: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}
