// What a new worker must be told to hold what the old one held.

import type { ObjectEntry, ParamValues, ScriptOptions, TableFormat } from "./glue/predictql.js";
import type { ModelInput } from "./model-options.js";
import type { Request } from "./worker/protocol.js";

export type Entry =
  | { kind: "registerTable"; name: string; blob: Blob; format: TableFormat }
  | { kind: "registerObjects"; name: string; objects: ObjectEntry[] }
  | ({ kind: "registerModel"; name: string } & ModelInput)
  | { kind: "dropTable"; name: string }
  | { kind: "dropModel"; name: string }
  /** `kept` holds the files that the statement read, so that it needs no network to run again. */
  | {
      kind: "statement";
      /** Entries of one key stand for each other: the last one counts. */
      key: string;
      sql: string;
      params: ParamValues;
      dialect: ScriptOptions["dialect"];
      kept: ReadonlyMap<string, Blob>;
    };

/**
 * Keeps the last of all entries that say the same of the same name, in the order of their last time. Replaying them may
 * fail here and there (a DROP of what was not made again), but the last word about every name comes last.
 */
export class Journal {
  readonly #entries = new Map<string, Entry>();

  add(entry: Entry): void {
    const key = keyOf(entry);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  remove(entry: Entry): void {
    this.#entries.delete(keyOf(entry));
  }

  [Symbol.iterator](): Iterator<Entry> {
    return [...this.#entries.values()][Symbol.iterator]();
  }
}

function keyOf(entry: Entry): string {
  switch (entry.kind) {
    case "registerTable":
    case "registerObjects":
      return `table ${entry.name}`;
    case "registerModel":
      return `model ${entry.name}`;
    case "statement":
      return `sql ${entry.key}`;
    default:
      return `${entry.kind} ${entry.name}`;
  }
}

/** How an entry is told to a worker. Its bytes are read anew each time, because they go over to the worker. */
export async function requestFor<E extends Exclude<Entry, { kind: "statement" }>>(entry: E) {
  type Told = Extract<Request, { kind: E["kind"] }>;
  if (!("blob" in entry)) return entry as unknown as Told;
  const { blob, ...rest } = entry;
  const told = { ...rest, bytes: await bytesOf(blob) };
  if (entry.kind !== "registerModel") return told as unknown as Told;
  const files = Object.entries(entry.files).map(async ([path, file]) => [path, await bytesOf(file)] as const);
  return { ...told, files: Object.fromEntries(await Promise.all(files)) } as unknown as Told;
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}
