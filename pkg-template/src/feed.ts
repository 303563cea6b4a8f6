// Rows that arrive over time as a stream.

import { abortable } from "./connection.js";
import { problem } from "./errors.js";
import type { Pieces, Stream } from "./files.js";
import type { ArrowTableLike } from "./interface.js";
import { leave, nextOf } from "./iterators.js";
import { openFile } from "./large-files.js";
import { type Bytes, decoding, type FormatOf, type LargeFile, type Options, type StreamInput } from "./stream-input.js";
import { arrowFormat } from "./table-options.js";

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
  /** What the source threw. */
  #failure: { reason: unknown } | undefined;
  readonly #closing = new AbortController();
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
      for (let item = await nextOf(items); !item.done; item = await nextOf(items)) {
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
    const gone = problem("no-such-file", "the table was dropped or replaced while its rows came", {
      hint: "run the query again, over what has its name now",
    });
    this.#closing.abort(gone);
    this.#hasEnded = true;
    this.#here.length = 0;
    leave(this.#iterator);
  }

  async #take(most: number, signal: AbortSignal | undefined): Promise<unknown[]> {
    await this.#fill(most, signal);
    // Closed while more rows were gathered, it has none: that is no end.
    this.#closing.signal.throwIfAborted();
    const batch = this.#here.findIndex(isArrow);
    return this.#here.splice(0, batch === 0 ? 1 : Math.min(most, batch < 0 ? most : batch));
  }

  /** Waits for a row, and takes those that are there with it. */
  async #fill(most: number, signal: AbortSignal | undefined): Promise<void> {
    const closing = this.#closing.signal;
    closing.throwIfAborted();
    if (this.#failure && this.#here.length === 0) throw this.#failure.reason;
    const until = performance.now() + patience;
    while (this.#here.length < most && !this.#hasEnded) {
      this.#coming ??= nextOf(this.#iterator);
      const isFirst = this.#here.length === 0;
      const coming = isFirst
        ? abortable(abortable(this.#coming, signal), closing)
        : Promise.race([this.#coming, soon()]);
      let item: IteratorResult<unknown> | undefined;
      try {
        item = await coming;
      } catch (error) {
        // What went wrong is for whoever has had the rows before it.
        if (!isFirst) return;
        if (!signal?.aborted && !closing.aborted) [this.#coming, this.#failure] = [undefined, { reason: error }];
        throw error;
      }
      if (!item) return;
      this.#coming = undefined;
      if (item.done) this.#hasEnded = true;
      else for (const row of Array.isArray(item.value) ? item.value : [item.value]) this.#here.push(row);
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
export async function openFeed(
  source: AsyncIterable<unknown> | ReadableStream<unknown>,
  formatOf: FormatOf,
  options: Options,
  signal: AbortSignal | undefined,
): Promise<StreamInput> {
  if ("locked" in source && source.locked) {
    throw problem("unsupported-source", "the stream is read by somebody else, or has been read", {
      hint: "give one that nobody has read",
    });
  }
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
