// Files of the device and of servers as streams: where their bytes come from, and what their columns are.

import { isForeign } from "./encoding.js";
import { problem, wordsOf } from "./errors.js";
import { Arrow, ahead, Csv, Json, lineEnd, openParquet, Parquet } from "./file-pieces.js";
import type { Pieces } from "./files.js";
import type { TableFormat } from "./glue/predictql.js";
import {
  type Bytes,
  decoding,
  type FileFormat,
  type FormatOf,
  joined,
  type LargeFile,
  type Options,
  type StreamInput,
} from "./stream-input.js";
import { arrowFormat, csvFormat } from "./table-options.js";

/** Bytes of a file that are brought at a time, and those that its columns are found in. */
const pieceBytes = 4 << 20;
const firstBytes = 8 << 20;

export function blobFile(blob: Blob, name: string): LargeFile {
  const slice = (start: number, end?: number) => blob.slice(start, end).arrayBuffer();
  async function* chunks() {
    for (let at = 0; at < blob.size; at += pieceBytes) yield new Uint8Array(await slice(at, at + pieceBytes));
  }
  return { name, size: blob.size, isOnce: false, chunks, slice };
}

const checkIt = "check the address: servers answer unknown ones with their start page";

/** What the page's network is for files that are read in pieces. */
export interface Server {
  open(url: URL, init: RequestInit): Promise<{ response: Response; request: { bytes: number } }>;
}

/** A file of a server as a table: read from its beginning, or in parts, where the server sends such. */
export async function openRemote(
  url: URL,
  name: string,
  server: Server,
  formatOf: FormatOf,
  options: Options,
  signal: AbortSignal | undefined,
): Promise<StreamInput> {
  const ask = async (init: RequestInit, signal: AbortSignal | undefined) => {
    const { response, request } = await server.open(url, { ...init, signal: signal ?? null });
    request.bytes = Number(response.headers.get("content-length"));
    // Not every server says of a file how large it is.
    if (init.method) return response;
    if (response.ok && /^text\/html/.test(response.headers.get("content-type") ?? "")) {
      throw problem("got-html", `\`${url.href}\` answered with an HTML page in place of data`, { hint: checkIt });
    }
    if (response.ok) return response;
    throw problem("network-failed", `\`${url.href}\` answered with ${response.status} in place of data`, {
      hint: checkIt,
    });
  };
  /** What a connection fails with amid an answer. */
  const broken =
    (signal: AbortSignal | undefined) =>
    (error: unknown): never => {
      signal?.throwIfAborted();
      throw problem("network-failed", `\`${url.href}\` broke off amid its answer`, {
        hint: "ask again, or give the file itself",
        detail: wordsOf(error),
        cause: error,
      });
    };
  const about = await ask({ method: "HEAD" }, signal);
  const size = about.ok && !about.headers.get("content-encoding") ? Number(about.headers.get("content-length")) : 0;
  const chunks = (signal: AbortSignal | undefined) =>
    gathered(async () => (await ask({}, signal)).body?.getReader(), pieceBytes / 4, broken(signal));
  const slice = async (start: number, end = size, signal?: AbortSignal) => {
    const response = await ask({ headers: { range: `bytes=${start}-${end - 1}` } }, signal);
    if (response.status === 206) {
      const part = await response.arrayBuffer().catch(broken(signal));
      const wanted = Math.min(end, size) - start;
      if (part.byteLength === wanted) return part;
      throw problem("network-failed", `\`${url.href}\` sent ${part.byteLength} bytes where ${wanted} were asked for`, {
        hint: "give the file itself, or leave the option `stream` out",
      });
    }
    await response.body?.cancel();
    throw problem("unsupported-source", `the server of \`${name}\` does not send parts of a file`, {
      hint: "give the file itself, or leave the option `stream` out",
    });
  };
  const file = { name, size, isOnce: false, chunks, slice };
  return openFile(file, await formatOf(await headOf(file, signal)), options, signal);
}

/** The first bytes. */
async function headOf(file: LargeFile, signal: AbortSignal | undefined): Promise<Blob> {
  const chunks = file.chunks(signal);
  const { value } = await chunks.next();
  await chunks.return?.();
  return new Blob(value ? [value as Bytes] : []);
}

/** Chunks of so many bytes at least. */
async function* gathered(
  open: () => Promise<ReadableStreamDefaultReader<Uint8Array> | undefined>,
  least: number,
  broken: (error: unknown) => never,
): AsyncGenerator<Uint8Array> {
  const reader = await open();
  try {
    let held: Uint8Array[] = [];
    let bytes = 0;
    const read = () => reader?.read().catch(broken);
    for (let chunk = await read(); chunk?.value; chunk = await read()) {
      held.push(chunk.value);
      bytes += chunk.value.byteLength;
      if (bytes < least) continue;
      yield joined(held);
      [held, bytes] = [[], 0];
    }
    if (bytes > 0) yield joined(held);
  } finally {
    reader?.cancel().catch(() => {});
  }
}

/** A file as a table that is read when a query wants its rows, each time from the beginning. */
export async function openFile(
  file: LargeFile,
  format: FileFormat,
  options: Options,
  signal: AbortSignal | undefined,
): Promise<StreamInput> {
  const made = (first: Uint8Array, format: TableFormat, open: () => Pieces): StreamInput => ({
    kind: "registerStream",
    blob: new Blob([first as Bytes]),
    format,
    isEndless: false,
    size: file.size,
    stream: { open: () => ahead(open()), close() {}, isOnce: file.isOnce },
  });
  if (format === "csv") {
    if (isForeign(options.encoding)) {
      throw problem("invalid-option", `text in \`${options.encoding}\` is not read in pieces`, {
        hint: "save the file as UTF-8, or leave the option `stream` out",
      });
    }
    return made(await beginning(file, signal), csvFormat(options), () => new Csv(file));
  }
  const arrow = arrowFormat(options, format);
  if (format === "parquet") {
    if (file.size === 0) throw unsuited(file, "of Parquet without a length, and its end tells what is in it");
    const rows = await openParquet(file, signal);
    const { typedToIPC } = await decoding();
    return made(await typedToIPC(rows.empty, signal), arrow, () => new Parquet(file, rows));
  }
  if (format === "arrow") {
    const reader = new Arrow(file);
    const first = (await reader.next([], 0, signal)) ?? reader.head;
    reader.close();
    return made(first, arrow, () => new Arrow(file));
  }
  const text = await beginning(file, signal);
  if (text[0] === listBegin) throw unsuited(file, "one list of JSON, and is not read line by line");
  const { linesToIPC } = await decoding();
  const lines = text.subarray(0, text.lastIndexOf(lineEnd) + 1);
  const { ipc, names } = await linesToIPC(lines, file.name, options.schema, undefined, signal);
  const known = new Set([...names, ...Object.keys(options.schema ?? {})]);
  return made(ipc, arrow, () => new Json(file, known, options.schema));
}

function unsuited({ name }: LargeFile, what: string) {
  return problem("unsupported-format", `\`${name || "the source"}\` is ${what}`, {
    hint: "leave the option `stream` out, or save it as CSV, Parquet, Arrow, or JSON of one object a line",
  });
}

/** `[`. */
export const listBegin = 0x5b;

/** The first lines; a last line that nothing ends is ended. */
async function beginning(file: LargeFile, signal: AbortSignal | undefined): Promise<Bytes> {
  const chunks = file.chunks(signal);
  const held: Uint8Array[] = [];
  let bytes = 0;
  for (let chunk = await chunks.next(); !chunk.done; chunk = await chunks.next()) {
    held.push(chunk.value);
    bytes += chunk.value.byteLength;
    if (bytes >= firstBytes) {
      chunks.return?.().catch(() => {});
      return joined(held);
    }
  }
  return joined([...held, new Uint8Array([lineEnd])]);
}
