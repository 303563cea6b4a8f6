// What a new worker must be told to hold what the old one held.

import type { StoredFile } from "./files.js";
import type { ParamValues, ScriptOptions, TableFormat } from "./glue/predictql.js";
import type { ModelInput } from "./model-options.js";
import type { Moment, Request } from "./worker/protocol.js";

export type Entry =
  | { kind: "registerTable"; name: string; blob: Blob; format: TableFormat }
  | { kind: "registerObjects"; name: string; files: StoredFile[] }
  /** Its first bytes; the others come from where the page has them. */
  | { kind: "registerStream"; name: string; blob: Blob; format: TableFormat; isEndless: boolean; size: number }
  | ({ kind: "registerModel"; name: string } & ModelInput)
  | { kind: "dropTable"; name: string }
  | { kind: "dropModel"; name: string }
  | { kind: "setModelAlias"; name: string; alias: string; version: number; moved: number }
  | {
      kind: "statement";
      /**
       * A "remake" makes again what it made before, out of files alone. A "script" has several statements, and ends where
       * it did: some may have failed, or never have run.
       */
      scope: "remake" | "statement" | "script";
      /** How often a "remake" was done: each time it has used up the number of a version. */
      times?: number;
      sql: string;
      params: ParamValues;
      batchSize: number | undefined;
      dialect: ScriptOptions["dialect"];
      onError: ScriptOptions["onError"] | undefined;
      /** The files that it read, and what it read of the log, so that it needs neither network nor log to run again. */
      kept: ReadonlyMap<string, Blob>;
      /** When it ran, of a script each of its statements that have ended well. */
      moments: readonly Moment[];
      /** Tables that were there for it alone. */
      tables: readonly TableEntry[];
    };

/** Begins the names under which what statements have read of the log is kept among their files. */
export const logPrefix = "the log for statement ";

export type TableEntry = Extract<Entry, { kind: "registerTable" | "registerObjects" | "registerStream" }>;

/**
 * What changed the catalog, in order. The last word about a name takes the place of the ones before, unless a statement
 * in between may have read what they made: it finds it there again when it is run again.
 */
export class Journal {
  readonly #entries: Entry[] = [];

  /** An entry that is there already stays where it is. */
  add(entry: Entry): void {
    if (this.#entries.includes(entry)) return;
    const key = keyOf(entry);
    const before = this.#entries.findLastIndex((it) => key !== undefined && keyOf(it) === key);
    const since = this.#entries.slice(before + 1);
    // A remake counts versions on, and so do models that are registered.
    const blocks = (it: Entry) => keyOf(it) === undefined || (entry.kind === "statement" && /Model/.test(it.kind));
    if (before >= 0 && !since.some(blocks)) {
      const [replaced] = this.#entries.splice(before, 1);
      if (entry.kind === "statement" && replaced?.kind === "statement") entry.times = (replaced.times ?? 1) + 1;
    }
    this.#entries.push(entry);
  }

  remove(entry: Entry): void {
    const place = this.#entries.indexOf(entry);
    if (place >= 0) this.#entries.splice(place, 1);
  }

  /** Whether something may name a version by its number: else it does not matter how many there were before. */
  get namesVersions(): boolean {
    return this.#entries.some((entry) => {
      if (entry.kind === "statement") return /\bVERSION\b|@/i.test(entry.sql);
      return entry.kind === "setModelAlias" || (entry.kind === "registerModel" && entry.version.keep);
    });
  }

  /** The first entry that is so. */
  find(isSo: (entry: Entry) => boolean): Entry | undefined {
    return this.#entries.find(isSo);
  }

  [Symbol.iterator](): Iterator<Entry> {
    return [...this.#entries][Symbol.iterator]();
  }
}

/**
 * Entries of one key say the same of the same name; those without any may have read every name. What is said of versions
 * is a key of its own: each stays.
 */
function keyOf(entry: Entry): unknown {
  switch (entry.kind) {
    case "registerTable":
    case "registerObjects":
    case "registerStream":
      return `table ${entry.name}`;
    case "registerModel":
      return entry.version.keep ? entry : `model ${entry.name}`;
    case "setModelAlias":
      return entry;
    case "dropModel":
      return entry.name.includes("@") ? entry : `dropModel ${entry.name}`;
    case "statement":
      return entry.scope === "remake" ? `sql ${entry.sql}` : undefined;
    default:
      return `${entry.kind} ${entry.name}`;
  }
}

/**
 * How an entry is told to a worker. Its bytes are read anew each time, because they go over to the worker, unless `bytes` are at hand.
 * `tokenizers` brings what a model with a tokenizer needs.
 */
export async function requestFor<E extends Exclude<Entry, { kind: "statement" }>>(
  entry: E,
  tokenizers: () => Promise<WebAssembly.Module>,
  bytes?: Uint8Array<ArrayBuffer>,
) {
  type Told = Extract<Request, { kind: E["kind"] }>;
  if (entry.kind === "registerObjects") {
    const { kind, name, files } = entry;
    return { kind, name, objects: files.map(({ entry }) => entry) } as unknown as Told;
  }
  if (!("blob" in entry)) return entry as unknown as Told;
  const { blob, ...rest } = entry;
  const told = { ...rest, bytes: bytes ?? (await bytesOf(blob)) };
  if (entry.kind !== "registerModel") return told as unknown as Told;
  const files = Object.entries(entry.files).map(async ([path, file]) => [path, await bytesOf(file)] as const);
  const reading = entry.settings.tokenizer && tokenizers();
  const parts = { files: Object.fromEntries(await Promise.all(files)), tokenizers: await reading };
  return { ...told, ...parts } as unknown as Told;
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}
