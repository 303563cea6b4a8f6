// Files that EXPORT DATA writes: where they go, and how pieces become bytes. A file of its own, loaded with the first of
// them. A file is there when its last piece is: of a statement that fails nothing is left, and what was there before stays.

import { problem, wordsOf } from "./errors.js";
import type { StoredFile } from "./files.js";
import type { ExportPiece } from "./glue/predictql.js";
import type { ParquetFile } from "./parquet-write.js";
import type { Lock } from "./saved.js";

/** A file of the device that the page may write, or a stream that takes what is written. */
export type Sink = FileSystemFileHandle | WritableStream<Uint8Array>;

/** What the page knows of files. */
interface Known {
  /** Where they go, by the names that the page has given. */
  readonly sinks: ReadonlyMap<string, Sink>;
  has(name: string): boolean;
  add(file: { name: string; source: Blob }): Promise<StoredFile>;
}

/** Keeps the files of a named database. */
interface Keeper {
  saveFile(file: StoredFile): Promise<void>;
}

/** Begins a file of the system, where names are paths; it is there when the stream is closed. None where one is there and is to stay. */
type Create = (path: string, overwrite: boolean) => Promise<WritableStream<Uint8Array> | undefined>;

interface Open {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** The files of one statement, one after the other. */
export class Exports {
  readonly #files: Known;
  readonly #keeper: Keeper;
  readonly #create: Create | undefined;
  #open: Open | undefined;

  constructor(files: Known, keeper: Keeper, create: Create | undefined) {
    this.#files = files;
    this.#keeper = keeper;
    this.#create = create;
  }

  /** Resolves when there is room for more; `lock` keeps other tabs from changing the database until then. */
  async take(piece: ExportPiece, lock: Lock | undefined): Promise<void> {
    try {
      const open = this.#open ?? (await this.#begin(piece));
      this.#open = open;
      const taking = open.write(piece.bytes);
      await (lock?.outside(taking) ?? taking);
      if (!piece.last) return;
      this.#open = undefined;
      await open.close();
    } catch (error) {
      throw error instanceof Error && error.name === "PredictError" ? error : notWritten(piece.uri, error);
    }
  }

  /** Leaves nothing of a file that has not ended. */
  async abandon(): Promise<void> {
    await this.#open?.abort().catch(() => {});
    this.#open = undefined;
  }

  async #begin(piece: ExportPiece): Promise<Open> {
    const { stream, done } = await this.#target(piece);
    const file = piece.gzip ? zipped(stream) : plain(stream);
    const open = { ...file, close: () => file.close().then(done) };
    if (piece.format !== "parquet") return open;
    const { ParquetFile } = await import("./parquet-write.js");
    return parquet(open, new ParquetFile((bytes) => open.write(bytes)));
  }

  /** Where a file goes, and what is to be done when it is there. */
  async #target({
    uri,
    overwrite,
  }: ExportPiece): Promise<{ stream: WritableStream<Uint8Array>; done(): Promise<void> }> {
    const sink = this.#files.sinks.get(uri);
    const add = async (source: Blob) => this.#keeper.saveFile(await this.#files.add({ name: uri, source }));
    if (sink && !("createWritable" in sink)) return { stream: sink, done: async () => {} };
    const [, place, path = ""] = /^(opfs|download):\/*(.+)$/.exec(uri) ?? [];
    if (sink || place === "opfs") {
      const handle = sink ?? (await inOpfs(path));
      if (!overwrite && (await handle.getFile()).size > 0) throw taken(uri);
      const stream = (await handle.createWritable()) as WritableStream<Uint8Array>;
      return { stream, done: async () => add(await handle.getFile()) };
    }
    if (place === "download") return inMemory(async (blob) => download(path, blob));
    if (place === undefined && /^(opfs|download):\/*$/.test(uri)) throw new Error("a name is missing behind it");
    // What was registered under the name is what SQL reads by it, also where names can be paths.
    if (this.#create && !this.#files.has(uri) && !/^(?!file:)[a-z][a-z0-9+.-]+:/i.test(uri)) {
      const stream = await this.#create(uri, overwrite);
      if (!stream) throw taken(uri);
      return { stream, done: async () => {} };
    }
    if (!overwrite && this.#files.has(uri)) throw taken(uri);
    return inMemory(add);
  }
}

/** A file of the origin's private file system, which is made. */
async function inOpfs(path: string): Promise<FileSystemFileHandle> {
  if (!globalThis.navigator?.storage?.getDirectory) throw new Error("there is no private file system here");
  let folder = await navigator.storage.getDirectory();
  const names = path.split("/").filter((name) => name !== "");
  for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
  return folder.getFileHandle(names.at(-1) ?? "", { create: true });
}

/** What is written becomes a Blob, which browsers move to the disk as it grows. */
function inMemory(done: (blob: Blob) => Promise<void>) {
  let blob = new Blob();
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const flush = () => {
    blob = new Blob([blob, ...pieces]);
    pieces = [];
    bytes = 0;
  };
  const stream = new WritableStream<Uint8Array>({
    write(piece) {
      pieces.push(piece as Uint8Array<ArrayBuffer>);
      bytes += piece.byteLength;
      if (bytes > 16e6) flush();
    },
    close: flush,
  });
  return { stream, done: () => done(blob) };
}

async function download(name: string, blob: Blob): Promise<void> {
  if (typeof document === "undefined") throw new Error("downloads are for pages");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function plain(stream: WritableStream<Uint8Array>): Open {
  const writer = stream.getWriter();
  return {
    async write(bytes) {
      await writer.ready;
      await writer.write(bytes);
    },
    close: () => writer.close(),
    abort: () => writer.abort(),
  };
}

function zipped(stream: WritableStream<Uint8Array>): Open {
  const { readable, writable } = new CompressionStream("gzip");
  const piped = readable.pipeTo(stream);
  // Told to whoever writes next.
  piped.catch(() => {});
  const file = plain(writable as WritableStream<Uint8Array>);
  return {
    write: (bytes) => Promise.race([file.write(bytes), piped]),
    close: () => Promise.all([file.close(), piped]).then(() => {}),
    abort: () => file.abort(),
  };
}

function parquet({ close, abort }: Open, file: ParquetFile): Open {
  return {
    write: (bytes) => file.write(bytes),
    async close() {
      await file.finish();
      await close();
    },
    abort,
  };
}

function taken(uri: string) {
  return problem("not-written", `the file \`${uri}\` is there already`, {
    hint: "write `overwrite = TRUE` into OPTIONS",
  });
}

function notWritten(uri: string, error: unknown) {
  const detail = wordsOf(error);
  return problem("not-written", `the file \`${uri}\` cannot be written: ${detail}`, {
    hint: "register where it goes, `registerFile(name, handle)`, or write `opfs:name`, `download:name` or a name of its own",
    detail,
    cause: error,
  });
}
