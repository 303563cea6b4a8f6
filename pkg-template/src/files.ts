// Files that SQL can name: what the page registered, by name, whichever device or address the bytes come from.

import { type Found, filesAt, filesIn, isInRegistry } from "./conversion.js";
import { headOf, isPrivate, typeOf } from "./drawn.js";
import { problem } from "./errors.js";
import type { Sink } from "./exports.js";
import type { ObjectEntry } from "./glue/predictql.js";
import type { PredictOptions } from "./interface.js";
import { type Description, type Network, type ReadOptions, resolve } from "./network.js";
import { known, picturing, registering } from "./parts.js";

/** Pictures that come one after the other. */
export interface Live {
  /** The next one; none at the end. The first of a query is there at once. */
  next(isFirst: boolean, signal: AbortSignal | undefined): Promise<Blob | undefined>;
}

/** The rows of a stream, as one query reads them. */
export interface Pieces {
  /** Bytes of the source so far, and in all; nothing of rows that arrive over time. */
  readonly loaded: number;
  readonly total: number | null;
  /** The next rows, in the stream's format; nothing at the end. */
  next(
    columns: readonly string[],
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  close(): void;
}

/** Where the rows of a stream come from. */
export interface Stream {
  /** Whether what was read is not there to be read again. */
  isOnce: boolean;
  open(): Pieces;
  close(): void;
}

export interface NamedSource {
  name: string;
  /** Bytes of the device, the address that has them, or pictures as they come. */
  source: Blob | URL | Live;
}

export interface StoredFile {
  entry: ObjectEntry;
  /** Bytes of the device, the address that has them, or pictures as they come. */
  source: Blob | string | Live;
  /** The table that the file belongs to; none where the page registered it by itself. */
  table: string | undefined;
}

export class Files {
  /** What decodes pictures. */
  readonly decoder: NonNullable<PredictOptions["decoder"]>;
  readonly #network: Network;
  readonly #byName = new Map<string, StoredFile>();
  /** Where the rows of streams come from, by the names of their tables. */
  readonly streams = new Map<string, Stream>();
  /** Where files go that SQL writes, by the names that the page has given. */
  readonly sinks = new Map<string, Sink>();

  constructor(network: Network, { decoder = "portable" }: PredictOptions) {
    this.decoder = decoder;
    this.#network = network;
  }

  /** Makes a file known by its name, in place of the one that had it before. */
  async add(file: NamedSource, signal?: AbortSignal): Promise<StoredFile> {
    const stored = await this.#describe(file, undefined, signal);
    this.#byName.set(file.name, stored);
    return stored;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Makes files known that were described before. */
  restore(files: readonly StoredFile[]): void {
    for (const file of files) this.#byName.set(file.entry.uri, file);
  }

  /**
   * Prepares the files of an object table; `commit` lets them take the place of the table's former ones. Of two files
   * with one name the second gets a number: two folders may hold a `photo.jpg` each.
   */
  async stage(table: string, files: readonly NamedSource[], signal?: AbortSignal) {
    const staged = new Map<string, StoredFile>();
    for (const { name, source } of files) {
      const [, stem = "", extension = ""] = /^(.*?)(\.[^./]*)?$/s.exec(name) ?? [];
      for (let number = 1; ; number++) {
        const candidate = number === 1 ? name : `${stem} (${number})${extension}`;
        const known = this.#byName.get(candidate);
        if ((known && known.table !== table) || staged.has(candidate)) continue;
        staged.set(candidate, await this.#describe({ name: candidate, source }, table, signal));
        break;
      }
    }
    const commit = () => {
      this.release(table);
      for (const [name, file] of staged) this.#byName.set(name, file);
    };
    return { files: [...staged.values()], commit };
  }

  close(): void {
    for (const name of this.streams.keys()) this.release(name);
  }

  /** Forgets the files of a table, and the stream that it is. */
  release(table: string): void {
    this.streams.get(table)?.close();
    this.streams.delete(table);
    for (const [name, file] of this.#byName) if (file.table === table) this.#byName.delete(name);
  }

  /** Bytes that a query asks for: of a registered file, else of an address. */
  async read(uri: string, reason: "model" | "data", options?: ReadOptions): Promise<Blob> {
    const source = this.#byName.get(uri)?.source ?? uri;
    if (source instanceof Blob) return source;
    if (typeof source === "string" && isInRegistry(source)) {
      const ask = (address: string, reason: "model" | "data") => this.#network.read(address, reason, options);
      return known(async () => (await registering()).registryModel(source, ask));
    }
    if (typeof source === "string" && !isPrivate(source))
      return (await this.#frame(uri, options)) ?? this.#network.read(source, reason, options);
    const [file] = await this.#privateFiles(uri, options?.signal);
    if (file) return file.source;
    throw problem("no-such-file", `there is no file \`${uri}\``, {
      hint: "the origin's private file system has what scripts and EXPORT DATA have written into `opfs:` files",
    });
  }

  /** The picture that `uri`, such as `video#2`, asks for; no bytes at the end of them. */
  async #frame(uri: string, options?: ReadOptions): Promise<Blob | undefined> {
    const [, name = "", number] = /^(.*)#(\d+)$/s.exec(uri) ?? [];
    const source = this.#byName.get(name)?.source;
    if (typeof source !== "object" || source instanceof Blob) return undefined;
    return (await source.next(number === "1", options?.signal)) ?? new Blob();
  }

  /** The files of the origin's private file system that a name or a pattern means. */
  #privateFiles(pattern: string, signal?: AbortSignal) {
    return known(async () => (await picturing()).privateFiles(pattern, signal));
  }

  /** The files of a model of TensorFlow's: of a folder, whose pattern ends with `*`, or of one file, which may be a zip. */
  async model(uri: string, kept: ReadonlyMap<string, Blob>, options: ReadOptions): Promise<Found> {
    if (!uri.endsWith("*")) return filesIn(kept.get(uri) ?? (await this.read(uri, "model", options)), uri);
    const isListed = [...this.#byName.keys()].some((name) => name.startsWith(uri.slice(0, -1)));
    if (!isListed && /^(https?:|[^:]*$)/.test(uri)) return filesAt(uri.slice(0, -1), this.#network, options);
    const entries = await this.list([uri], options.signal);
    return Promise.all(
      entries.map(async (entry) => [entry.uri, await this.read(entry.uri, "model", options)] as const),
    );
  }

  /** The objects that patterns match, each once and in the order of the patterns. */
  async list(patterns: readonly string[], signal?: AbortSignal): Promise<ObjectEntry[]> {
    const found = new Map<string, ObjectEntry>();
    for (const pattern of patterns) {
      for (const entry of await this.#matches(pattern, signal)) found.set(entry.uri, entry);
    }
    return [...found.values()];
  }

  async #matches(pattern: string, signal?: AbortSignal): Promise<ObjectEntry[]> {
    const exact = this.#byName.get(pattern);
    if (exact) return [exact.entry];
    const described = async (file: NamedSource) => (await this.#describe(file, undefined, signal)).entry;
    const star = pattern.indexOf("*");
    if (isPrivate(pattern)) {
      const files = await this.#privateFiles(pattern, signal);
      if (files.length > 0) return Promise.all(files.map(described));
      throw problem("no-such-file", `no file of the origin's private file system matches \`${pattern}\``);
    }
    if (star < 0) return [await described({ name: pattern, source: resolve(pattern) })];
    const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
    const matching = [...this.#byName.values()].filter(
      ({ entry: { uri } }) => uri.length >= head.length + tail.length && uri.startsWith(head) && uri.endsWith(tail),
    );
    if (matching.length > 0) return matching.map(({ entry }) => entry);
    throw problem("no-such-file", `no registered file matches \`${pattern}\``, {
      hint: "a page cannot list a server's files: register them with `registerFile`, or name each address",
    });
  }

  async #describe({ name, source }: NamedSource, table: string | undefined, signal?: AbortSignal): Promise<StoredFile> {
    if ("next" in source) {
      const entry = { uri: name, size: 0, contentType: "image/bmp", updated: Date.now(), isLive: true };
      return { entry, source, table };
    }
    const { blob, ...about } =
      source instanceof URL ? await this.#network.describe(source, signal) : await describeBlob(source);
    const entry = { uri: name, ...about, contentType: about.contentType || "application/octet-stream" };
    return { entry, source: blob ?? (source instanceof URL ? source.href : source), table };
  }
}

async function describeBlob(blob: Blob): Promise<Description> {
  const updated = "lastModified" in blob ? Number(blob.lastModified) : Date.now();
  // Whoever has made a file of bytes may have said nothing of what they are.
  const isUntold = blob.type === "" || blob.type === "application/octet-stream";
  const told = isUntold ? typeOf(headOf(new Uint8Array(await blob.slice(0, 12).arrayBuffer()))) : "";
  return { size: blob.size, contentType: told || blob.type, updated };
}
