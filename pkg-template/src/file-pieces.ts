// The files that are read in pieces: what is brought of each format at a time.

import { abortable } from "./connection.js";
import type { Pieces } from "./files.js";
import { Ipc, isCompressed } from "./ipc.js";
import { type Bytes, decoding, joined, type LargeFile } from "./stream-input.js";

export const lineEnd = 10;

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
export class Csv extends FilePieces {
  async next(_columns: readonly string[], _most: number, signal?: AbortSignal): Promise<Bytes | undefined> {
    const chunk = await this.chunk(signal);
    return (
      chunk &&
      ((chunk.byteOffset === 0 && chunk.byteLength === chunk.buffer.byteLength ? chunk : chunk.slice()) as Bytes)
    );
  }
}

/** One object a line. */
export class Json extends FilePieces {
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
export class Arrow extends FilePieces {
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

export async function openParquet(file: LargeFile, signal: AbortSignal | undefined) {
  const { parquetRows } = await decoding();
  const slice = (start: number, end?: number) => file.slice(start, end, signal);
  return parquetRows({ byteLength: file.size, slice }, file.name);
}

/** The groups of rows of a Parquet file, and of them the columns that are wanted. */
export class Parquet implements Pieces {
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
export function ahead(pieces: Pieces): Pieces {
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
