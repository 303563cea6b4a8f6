// Tables whose rows come while a query runs: files that are read in pieces, and rows that arrive over time. A file of the
// package of its own, loaded with the first of them. It knows no engine: it is asked for the next piece.

import { abortable } from "./connection.js";
import { isForeign } from "./encoding.js";
import { notLoaded, problem } from "./errors.js";
import type { Pieces, Stream } from "./files.js";
import type { Progress, Resource, TableFormat } from "./glue/predictql.js";
import type { ArrowTableLike, TableOptions } from "./interface.js";
import { Ipc, isCompressed } from "./ipc.js";
import type { Entry } from "./journal.js";
import { arrowFormat, csvFormat } from "./table-options.js";

/** What the engine is told of a stream, and where its rows come from. */
export type StreamInput = Omit<Extract<Entry, { kind: "registerStream" }>, "name"> & { stream: Stream };

type FileFormat = "csv" | "json" | "parquet" | "arrow";
type Options = Omit<TableOptions, "format" | "signal" | "onProgress" | "stream">;
type Bytes = Uint8Array<ArrayBuffer>;

/** What finds the format of a file by its first bytes. */
type FormatOf = (head: Blob) => Promise<FileFormat>;

/** The bytes of a file, from its beginning or from anywhere. */
interface LargeFile {
  name: string;
  /** 0 where nobody knows. */
  size: number;
  /** Whether it can be read only once. */
  isOnce: boolean;
  chunks(signal: AbortSignal | undefined): AsyncIterator<Uint8Array>;
  slice(start: number, end: number | undefined, signal: AbortSignal | undefined): Promise<ArrayBuffer>;
}

/** Bytes of a file that are brought at a time, and those that its columns are found in. */
const pieceBytes = 4 << 20;
const firstBytes = 8 << 20;

function decoding() {
  return import("./decode.js").catch((error) => notLoaded("tables", "decode.js", error));
}

/** A file of the device or of a server, or rows that arrive. */
export type LargeSource = Blob | URL | AsyncIterable<unknown> | ReadableStream<unknown>;

/**
 * A table whose rows stay where they are. `formatOf` finds the format of a file by its first bytes and its name. Where nobody has
 * asked for a stream, a file that is one list of JSON is none: it is read as a whole.
 */
export async function openStream(
  source: LargeSource,
  name: string,
  format: TableOptions["format"],
  formatOf: (head: Blob, name: string) => Promise<TableOptions["format"]>,
  isAsked: boolean | undefined,
  options: Options,
  server: Server,
  signal: AbortSignal | undefined,
): Promise<StreamInput | undefined> {
  const found = async (head: Blob) => fileFormat(format ?? (await formatOf(head, name)) ?? "csv");
  if (source instanceof URL) return openRemote(source, name, server, found, options, signal);
  if (!(source instanceof Blob)) return openFeed(source, found, options, signal);
  const kind = await found(source);
  const isList = kind === "json" && !isAsked && new Uint8Array(await source.slice(0, 1).arrayBuffer())[0] === listBegin;
  return isList ? undefined : openFile(blobFile(source, name), kind, options, signal);
}

function fileFormat(format: NonNullable<TableOptions["format"]>): FileFormat {
  if (format !== "images") return format === "ndjson" ? "json" : format;
  throw problem("unsupported-format", "pictures are no rows that come in pieces", {
    hint: "leave the option `stream` out: their bytes are read when a query wants them anyway",
  });
}

function blobFile(blob: Blob, name: string): LargeFile {
  const slice = (start: number, end?: number) => blob.slice(start, end).arrayBuffer();
  async function* chunks() {
    for (let at = 0; at < blob.size; at += pieceBytes) yield new Uint8Array(await slice(at, at + pieceBytes));
  }
  return { name, size: blob.size, isOnce: false, chunks, slice };
}

/** What the page's network is for files that are read in pieces. */
interface Server {
  open(url: URL, init: RequestInit): Promise<{ response: Response; request: { bytes: number } }>;
}

/** A file of a server as a table: read from its beginning, or in parts, where the server sends such. */
async function openRemote(
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
    if (response.ok || init.method) return response;
    throw problem("network-failed", `\`${url.href}\` answered with ${response.status} in place of data`, {
      hint: "check the address",
    });
  };
  const about = await ask({ method: "HEAD" }, signal);
  const size = about.ok && !about.headers.get("content-encoding") ? Number(about.headers.get("content-length")) : 0;
  const chunks = (signal: AbortSignal | undefined) =>
    gathered(async () => (await ask({}, signal)).body?.getReader(), pieceBytes / 4);
  const slice = async (start: number, end = size, signal?: AbortSignal) => {
    const response = await ask({ headers: { range: `bytes=${start}-${end - 1}` } }, signal);
    if (response.status === 206) return response.arrayBuffer();
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
): AsyncGenerator<Uint8Array> {
  const reader = await open();
  try {
    let held: Uint8Array[] = [];
    let bytes = 0;
    for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
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

function joined(pieces: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}

/** A file as a table that is read when a query wants its rows, each time from the beginning. */
async function openFile(
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
const listBegin = 0x5b;

const lineEnd = 10;

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

/** What every reader of a file counts. */
abstract class FilePieces implements Pieces {
  loaded = 0;
  readonly total: number | null;
  readonly #file: LargeFile;
  #chunks: AsyncIterator<Uint8Array> | undefined;

  constructor(file: LargeFile) {
    this.#file = file;
    this.total = file.size || null;
  }

  abstract next(columns: readonly string[], most: number, signal?: AbortSignal): Promise<Bytes | undefined>;

  protected get name(): string {
    return this.#file.name;
  }

  protected async chunk(signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    this.#chunks ??= this.#file.chunks(signal);
    const { done, value } = await abortable(this.#chunks.next(), signal);
    if (done) return undefined;
    this.loaded += value.byteLength;
    return value;
  }

  close(): void {
    this.#chunks?.return?.()?.catch(() => {});
  }
}

/** The engine finds the rows in the bytes. */
class Csv extends FilePieces {
  async next(_columns: readonly string[], _most: number, signal?: AbortSignal): Promise<Bytes | undefined> {
    const chunk = await this.chunk(signal);
    return (
      chunk &&
      ((chunk.byteOffset === 0 && chunk.byteLength === chunk.buffer.byteLength ? chunk : chunk.slice()) as Bytes)
    );
  }
}

/** One object a line. */
class Json extends FilePieces {
  readonly #known: ReadonlySet<string>;
  readonly #schema: Record<string, string> | undefined;
  #rest: Uint8Array = new Uint8Array();
  #hasEnded = false;

  constructor(file: LargeFile, known: ReadonlySet<string>, schema: Record<string, string> | undefined) {
    super(file);
    this.#known = known;
    this.#schema = schema;
  }

  async next(columns: readonly string[], _most: number, signal?: AbortSignal): Promise<Bytes | undefined> {
    while (!this.#hasEnded) {
      const chunk = await this.chunk(signal);
      this.#hasEnded = chunk === undefined;
      const bytes = joined([this.#rest, ...(chunk ? [chunk] : [])]);
      const end = chunk ? bytes.lastIndexOf(lineEnd) + 1 : bytes.byteLength;
      this.#rest = bytes.subarray(end);
      const lines = bytes.subarray(0, end);
      if (!lines.some((byte) => byte > 32)) continue;
      const { linesToIPC } = await decoding();
      const wanted = { columns, known: this.#known };
      return (await linesToIPC(lines, this.name, this.#schema, wanted, signal)).ipc as Bytes;
    }
    return undefined;
  }
}

/** The batches of an Arrow file or stream, each as a stream of its own. */
class Arrow extends FilePieces {
  #held: Uint8Array[] = [];
  #bytes = 0;
  /** The schema, and dictionaries so far. */
  readonly #head: Uint8Array[] = [];
  #hasEnded = false;

  async next(_columns: readonly string[], _most: number, signal?: AbortSignal): Promise<Bytes | undefined> {
    while (!this.#hasEnded) {
      const prefix = await this.#take(8, signal);
      // A file has eight bytes in front of its stream.
      if (prefix && this.#head.length === 0 && prefix[0] === 0x41) continue;
      const length = prefix?.byteLength === 8 ? new DataView(prefix.buffer, prefix.byteOffset).getInt32(4, true) : 0;
      if (!prefix || length === 0) break;
      const metadata = await this.#take(length, signal);
      // Of what is cut off the engine says so.
      if (!metadata) return this.#last([prefix]);
      const message = joined([prefix, metadata]);
      const ipc = new Ipc(message);
      const table = ipc.table(8);
      const [kindAt, bodyAt] = [ipc.field(table, 1), ipc.field(table, 3)];
      const body = bodyAt === undefined ? 0 : Number(ipc.view.getBigInt64(bodyAt, true));
      const values = await this.#take(body, signal);
      if (!values) return this.#last([message]);
      const whole = joined([message, values]);
      if (kindAt === undefined || ipc.view.getUint8(kindAt) !== batchKind) {
        this.#head.push(whole);
        continue;
      }
      const piece = joined([...this.#head, whole]);
      if (!isCompressed(piece)) return piece;
      const { decode } = await decoding();
      return (await decode(new Blob([piece]), "arrow", this.name, {}, signal)) as Bytes;
    }
    this.#hasEnded = true;
    return undefined;
  }

  /** A stream without rows. */
  get head(): Bytes {
    return joined(this.#head);
  }

  #last(rest: readonly Uint8Array[]): Bytes {
    this.#hasEnded = true;
    return joined([...this.#head, ...rest]);
  }

  async #take(count: number, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    while (this.#bytes < count) {
      const chunk = await this.chunk(signal);
      if (!chunk) return undefined;
      this.#held.push(chunk);
      this.#bytes += chunk.byteLength;
    }
    const all = this.#held.length === 1 ? (this.#held[0] as Uint8Array) : joined(this.#held);
    this.#held = [all.subarray(count)];
    this.#bytes -= count;
    return all.slice(0, count);
  }
}

const batchKind = 3;

type ParquetRows = Awaited<ReturnType<typeof openParquet>>;

async function openParquet(file: LargeFile, signal: AbortSignal | undefined) {
  const { parquetRows } = await decoding();
  const slice = (start: number, end?: number) => file.slice(start, end, signal);
  return parquetRows({ byteLength: file.size, slice }, file.name);
}

/** The groups of rows of a Parquet file, and of them the columns that are wanted. */
class Parquet implements Pieces {
  loaded = 0;
  readonly total: number | null;
  readonly #rows: ParquetRows;
  #group = 0;

  constructor(file: LargeFile, rows: ParquetRows) {
    this.total = file.size;
    this.#rows = rows;
  }

  async next(columns: readonly string[], _most: number, signal?: AbortSignal): Promise<Bytes | undefined> {
    const group = this.#rows.groups[this.#group++];
    if (!group) return undefined;
    const { typedToIPC } = await decoding();
    const ipc = await typedToIPC(await abortable(this.#rows.read(group, columns), signal), signal);
    const done = this.#group / this.#rows.groups.length;
    this.loaded = Math.round((this.total ?? 0) * done);
    return ipc as Bytes;
  }

  close(): void {}
}

/** Makes the next piece while the engine computes with the one before. */
function ahead(pieces: Pieces): Pieces {
  let following: Promise<Bytes | undefined> | undefined;
  let loaded = 0;
  const stop = new AbortController();
  return {
    get loaded() {
      return loaded;
    },
    total: pieces.total,
    async next(columns, most, signal) {
      const ask = () => pieces.next(columns, most, stop.signal);
      const piece = await abortable(following ?? ask(), signal);
      loaded = pieces.loaded;
      following = piece && ask();
      following?.catch(() => {});
      return piece;
    },
    close() {
      stop.abort();
      pieces.close();
    },
  };
}

/** Some browsers have streams that are no iterables. */
async function* read(source: ReadableStream<unknown>): AsyncGenerator<unknown> {
  const reader = source.getReader();
  try {
    for (let item = await reader.read(); !item.done; item = await reader.read()) yield item.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** How long rows that are there at once are gathered, in milliseconds. */
const patience = 8;

/** How many rows tell what the columns are. */
const firstRows = 100;

/** Rows that arrive over time: each goes to the query that asks for it, and none is asked for that nobody wants. */
class Feed implements Stream {
  isOnce = true;
  readonly #iterator: AsyncIterator<unknown>;
  /** A row that was asked for and has not come: it goes to whoever asks next. */
  #coming: Promise<IteratorResult<unknown>> | undefined;
  readonly #here: unknown[] = [];
  #hasEnded = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(source: AsyncIterable<unknown> | ReadableStream<unknown>) {
    this.#iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : read(source);
  }

  /** The first rows or the first batch, which stay here. */
  async peek(signal: AbortSignal | undefined): Promise<unknown[]> {
    await this.#fill(firstRows, signal);
    return isArrow(this.#here[0]) ? this.#here.slice(0, 1) : this.#here.filter((row) => !isArrow(row));
  }

  /** The same as a file, where bytes arrive in the place of rows. */
  async bytes(signal: AbortSignal | undefined): Promise<(LargeFile & { beginning(): Promise<Blob> }) | undefined> {
    await this.#fill(1, signal);
    if (!ArrayBuffer.isView(this.#here[0])) return undefined;
    const seen = this.#here as Uint8Array[];
    const items = this.#iterator;
    let reads = 0;
    async function* chunks() {
      if (++reads > 2) {
        throw problem("unsupported-source", "a stream of bytes is read once, and another query has read it", {
          hint: "register it again, or give the file itself",
        });
      }
      const isFirst = reads === 1;
      // What tells the columns is read again by the query.
      yield* seen.slice();
      for (let item = await items.next(); !item.done; item = await items.next()) {
        const chunk = item.value as Uint8Array;
        if (isFirst) seen.push(chunk);
        yield chunk;
      }
    }
    const slice = () => Promise.reject(new Error("a stream has no parts"));
    const beginning = async () => new Blob(seen as Bytes[]);
    return { name: "", size: 0, isOnce: true, chunks, slice, beginning };
  }

  open(): Pieces {
    const next = async (_: readonly string[], most: number, signal?: AbortSignal) => {
      const items = await this.#inTurn(() => this.#take(most, signal));
      return items.length === 0 ? undefined : encoded(items, signal);
    };
    return { loaded: 0, total: null, next, close() {} };
  }

  close(): void {
    this.#hasEnded = true;
    this.#here.length = 0;
    void this.#iterator.return?.().catch(() => {});
  }

  async #take(most: number, signal: AbortSignal | undefined): Promise<unknown[]> {
    await this.#fill(most, signal);
    const batch = this.#here.findIndex(isArrow);
    return this.#here.splice(0, batch === 0 ? 1 : Math.min(most, batch < 0 ? most : batch));
  }

  /** Waits for a row, and takes those that are there with it. */
  async #fill(most: number, signal: AbortSignal | undefined): Promise<void> {
    const until = performance.now() + patience;
    while (this.#here.length < most && !this.#hasEnded) {
      this.#coming ??= this.#iterator.next();
      const isFirst = this.#here.length === 0;
      const coming = isFirst ? abortable(this.#coming, signal) : Promise.race([this.#coming, soon()]);
      let item: IteratorResult<unknown> | undefined;
      try {
        item = await coming;
      } catch (error) {
        // What went wrong is for whoever has had the rows before it.
        if (!isFirst) return;
        if (!signal?.aborted) this.#coming = undefined;
        throw error;
      }
      if (!item) return;
      this.#coming = undefined;
      if (item.done) this.#hasEnded = true;
      else this.#here.push(...(Array.isArray(item.value) ? item.value : [item.value]));
      if (!isFirst && performance.now() > until) return;
    }
  }

  /** Of two queries each waits until the other has its rows. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }
}

/** Nothing, once everything that was ready has had its turn. */
function soon(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve));
}

function isArrow(item: unknown): item is ArrowTableLike {
  const table = item as Partial<ArrowTableLike> | null;
  return typeof table?.getChild === "function" && Array.isArray(table.schema?.fields);
}

async function encoded(items: readonly unknown[], signal: AbortSignal | undefined): Promise<Bytes> {
  const [first] = items;
  const { arrowToIPC, rowsToIPC } = await decoding();
  if (isArrow(first)) {
    const ipc = "toIPC" in first ? (first as { toIPC(): Uint8Array }).toIPC() : await arrowToIPC(first, signal);
    return ipc.slice() as Bytes;
  }
  const odd = items.find((item) => typeof item !== "object" || item === null || ArrayBuffer.isView(item));
  if (odd !== undefined || items.includes(undefined)) {
    throw problem("unsupported-value", "a stream gave something else than a row, a list of rows or an Arrow table", {
      hint: "rows are objects: { x: 1, y: 2.5 }",
    });
  }
  return (await rowsToIPC(items as object[], signal)) as Bytes;
}

/** Rows that arrive as a table: its columns are those of `schema`, else those of the first rows, which are waited for. */
async function openFeed(
  source: AsyncIterable<unknown> | ReadableStream<unknown>,
  formatOf: FormatOf,
  options: Options,
  signal: AbortSignal | undefined,
): Promise<StreamInput> {
  const stream = new Feed(source);
  if (source instanceof ReadableStream) {
    const bytes = await stream.bytes(signal);
    if (bytes) return openFile(bytes, await formatOf(await bytes.beginning()), options, signal);
  }
  const arrow = arrowFormat(options, "rows");
  const none = Object.fromEntries(Object.keys(options.schema ?? {}).map((name) => [name, null]));
  const rows = options.schema ? [none] : await stream.peek(signal);
  const blob = new Blob([await encoded(rows, signal)]);
  return { kind: "registerStream", blob, format: arrow, isEndless: true, size: 0, stream };
}

/** What a statement that reads streams is known by. */
interface Reading {
  signal: AbortSignal | undefined;
  files: { readonly streams: ReadonlyMap<string, Stream> };
  /** Pieces that were read before, by the statement when it ran for the first time. */
  kept: Map<string, Blob>;
  /** Whether it changes the catalog, and is run again for another worker, or in another visit. */
  together?: boolean;
  exports?: unknown;
  /** Under which it outlives the page. */
  database?: string | undefined;
}

/** How many pieces the statements that share what is kept have read. */
const counts = new WeakMap<Map<string, Blob>, number>();

/** The next rows for a statement. */
export function nextRows(asked: RowsAsked, reading: Reading & { readers?: Readers }): Promise<Bytes> {
  reading.readers ??= new Readers(reading);
  return reading.readers.next(asked);
}

type RowsAsked = Extract<Resource, { kind: "rows" }>;

/** What one statement reads of streams. */
export class Readers {
  readonly #reading: Reading;
  readonly #pieces = new Map<number, Pieces>();
  readonly #since = performance.now();
  #table = "";

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** The next piece; no bytes are the end. */
  async next({ table, reader, columns, most }: RowsAsked): Promise<Bytes> {
    const { kept, files, signal } = this.#reading;
    const number = (counts.get(kept) ?? 0) + 1;
    counts.set(kept, number);
    const key = `rows ${number} of ${table}`;
    const before = kept.get(key);
    if (before) return new Uint8Array(await before.arrayBuffer());
    const stream = files.streams.get(table);
    if (!stream) {
      throw problem("no-such-file", `the rows of \`${table}\` came from a page that is gone`, {
        hint: `register it again: registerTable(${JSON.stringify(table)}, …)`,
      });
    }
    const pieces = this.#pieces.get(reader) ?? stream.open();
    this.#pieces.set(reader, pieces);
    this.#table = table;
    const piece = (await pieces.next(columns, most, signal)) ?? new Uint8Array();
    if (this.#keeps(stream)) kept.set(key, new Blob([piece]));
    return piece;
  }

  /** Whether what is read is kept for when the statement is run again, since the stream will not be there or give other rows. */
  #keeps({ isOnce }: Stream): boolean {
    const { together, exports, database } = this.#reading;
    return together === true && !exports && (isOnce || database !== undefined);
  }

  /** How far a query over files is: in their bytes, since nobody knows their rows. */
  told(progress: Progress): Progress {
    const all = [...this.#pieces.values()];
    const sum = (of: (pieces: Pieces) => number) => all.reduce((sum, pieces) => sum + of(pieces), 0);
    if (all.length === 0 || all.some(({ total }) => total === null)) return progress;
    const rows = progress.loaded;
    const rowsPerSecond = (1000 * rows) / Math.max(1, performance.now() - this.#since);
    const [loaded, total] = [sum(({ loaded }) => loaded), sum(({ total }) => total ?? 0)];
    return { ...progress, label: this.#table, loaded, total, unit: "bytes", ratio: null, rows, rowsPerSecond };
  }

  close(): void {
    for (const pieces of this.#pieces.values()) pieces.close();
  }
}
