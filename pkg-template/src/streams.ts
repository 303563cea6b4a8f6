// Tables whose rows come while a query runs: files that are read in pieces, and rows that arrive over time. A file of the
// package of its own, loaded with the first of them. It knows no engine: it is asked for the next piece.

import { problem } from "./errors.js";
import { openFeed } from "./feed.js";
import type { Pieces, Stream } from "./files.js";
import type { Progress, Resource } from "./glue/predictql.js";
import type { TableOptions } from "./interface.js";
import { blobFile, listBegin, openFile, openRemote, type Server } from "./large-files.js";
import type { Lock } from "./saved.js";
import type { Bytes, FileFormat, Options, StreamInput } from "./stream-input.js";

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

/** What a statement that reads streams is known by. */
interface Reading {
  signal: AbortSignal | undefined;
  files: { readonly streams: ReadonlyMap<string, Stream> };
  /** Pieces that were read before, by the statement when it ran for the first time. */
  kept: Map<string, Blob>;
  /** Whether it changes the catalog, and is run again for another worker, or in another visit. */
  together?: boolean;
  exports?: unknown;
  /** What keeps other tabs from changing the database meanwhile. */
  lock?: Lock | undefined;
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
  readonly #open = new Map<number, { stream: Stream; pieces: Pieces }>();
  readonly #since = performance.now();
  #table = "";

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** The next piece; no bytes are the end. */
  async next({ table, reader, columns, most }: RowsAsked): Promise<Bytes> {
    const { kept, files, signal, lock } = this.#reading;
    const number = (counts.get(kept) ?? 0) + 1;
    counts.set(kept, number);
    const key = `rows ${number} of ${table}`;
    const before = kept.get(key);
    if (before) return new Uint8Array(await before.arrayBuffer());
    const open = this.#open.get(reader) ?? this.#opened(files.streams.get(table), table);
    this.#open.set(reader, open);
    this.#table = table;
    const coming = open.pieces.next(columns, most, signal);
    const piece = (await (lock?.outside(coming) ?? coming)) ?? new Uint8Array();
    if (this.#keeps(open.stream)) kept.set(key, new Blob([piece]));
    return piece;
  }

  /** A reader stays with what has had the name when it began. */
  #opened(stream: Stream | undefined, table: string): { stream: Stream; pieces: Pieces } {
    if (!stream) {
      throw problem("no-such-file", `the rows of \`${table}\` came from a page that is gone`, {
        hint: `register it again: registerTable(${JSON.stringify(table)}, …)`,
      });
    }
    return { stream, pieces: stream.open() };
  }

  /** Whether what is read is kept for when the statement is run again, since the stream will not be there or give other rows. */
  #keeps({ isOnce }: Stream): boolean {
    const { together, exports, database } = this.#reading;
    return together === true && !exports && (isOnce || database !== undefined);
  }

  /** How far a query over files is: in their bytes, since nobody knows their rows. */
  told(progress: Progress): Progress {
    const all = Array.from(this.#open.values(), ({ pieces }) => pieces);
    const sum = (of: (pieces: Pieces) => number) => all.reduce((sum, pieces) => sum + of(pieces), 0);
    if (all.length === 0 || all.some(({ total }) => total === null)) return progress;
    const rows = progress.loaded;
    const rowsPerSecond = (1000 * rows) / Math.max(1, performance.now() - this.#since);
    const [loaded, total] = [sum(({ loaded }) => loaded), sum(({ total }) => total ?? 0)];
    return { ...progress, label: this.#table, loaded, total, unit: "bytes", ratio: null, rows, rowsPerSecond };
  }

  close(): void {
    for (const { pieces } of this.#open.values()) pieces.close();
  }
}
