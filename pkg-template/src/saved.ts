// A named database on the device: what changed its catalog, and its files, in IndexedDB. A file of its own, loaded for
// databases with a name. What is written here is there after the tab, the worker or the browser has been killed; every tab
// hears what the others have written.

import { problem, wordsOf } from "./errors.js";
import type { StoredFile } from "./files.js";
import type { Entry } from "./journal.js";
import type { Reply, Request } from "./worker/protocol.js";

/** What was found on the device, or has come there since. */
export interface News {
  /** Changes of the catalog, in their order. */
  entries: Entry[];
  /** Changes that others have taken back. */
  gone: Entry[];
  /** Whether one of the changes was made by the full engine, and may need it. */
  needsFull: boolean;
  files: StoredFile[];
}

interface Change {
  entry: Entry;
  needsFull: boolean;
}

const stores = ["journal", "files", "jobs"] as const;

/** Rows of the log: of all statements that had ended since the rows before. */
type Jobs = Uint8Array<ArrayBuffer>;

/** Rows of the log that are kept at the most: each has one statement at least. */
const mostJobs = 1000;

/** How long statements are gathered before their part of the log is written, in milliseconds. */
const pause = 100;

export class Saved {
  readonly #name: string;
  readonly #database: IDBDatabase;
  readonly #channel: BroadcastChannel;
  /** The number of every change that is written, here or by another tab. */
  readonly #numbers = new Map<Entry, number>();
  /** The log, from workers of this page and those before. */
  #jobs: Jobs[] | undefined;
  /** How much of its own log each worker has given, and what it was told of that of others. */
  readonly #loggedBy = new WeakMap<WorkerOfLog, { seen: number; told: Set<Jobs> }>();
  /** Workers whose log is to be taken. */
  readonly #busy = new Set<WorkerOfLog>();
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #taking: Promise<unknown> = Promise.resolve();
  /** One change after the other: the numbers are their order. */
  #turn: Promise<unknown> = Promise.resolve();

  static async open(name: string, onNews: () => void): Promise<Saved> {
    if (!("indexedDB" in globalThis)) {
      throw notSaved(
        name,
        "there is no IndexedDB here",
        "leave the option `name` out: the database lives as long as its page",
      );
    }
    try {
      const opening = indexedDB.open(`predictql/${name}`, 2);
      opening.onupgradeneeded = ({ oldVersion }) => {
        if (oldVersion < 1) {
          opening.result.createObjectStore("journal", { autoIncrement: true });
          opening.result.createObjectStore("files", { keyPath: "entry.uri" });
        }
        opening.result.createObjectStore("jobs", { autoIncrement: true });
      };
      return new Saved(name, await settled(opening), onNews);
    } catch (error) {
      throw notSaved(
        name,
        wordsOf(error),
        "browsers refuse it in private windows and where the user forbids sites to store data",
        error,
      );
    }
  }

  private constructor(name: string, database: IDBDatabase, onNews: () => void) {
    this.#name = name;
    this.#database = database;
    this.#channel = new BroadcastChannel(`predictql/${name}`);
    this.#channel.onmessage = onNews;
    globalThis.document?.addEventListener("visibilitychange", this.#changed);
    // Whoever deletes the database must not wait for this tab.
    database.onversionchange = () => this.close();
  }

  close(): void {
    globalThis.document?.removeEventListener("visibilitychange", this.#changed);
    this.#channel.close();
    this.#database.close();
  }

  /** What is there and was not known here. */
  read(): Promise<News> {
    return this.#inTurn("readonly", async (journal, files) => {
      const [keys, changes, stored] = await Promise.all([
        settled(journal.getAllKeys()),
        settled(journal.getAll() as IDBRequest<Change[]>),
        settled(files.getAll() as IDBRequest<StoredFile[]>),
      ]);
      const known = new Set(this.#numbers.values());
      const present = new Set(keys);
      const news: News = { entries: [], gone: [], needsFull: false, files: stored };
      for (const [index, { entry, needsFull }] of changes.entries()) {
        const number = keys[index] as number;
        if (known.has(number)) continue;
        this.#numbers.set(entry, number);
        news.entries.push(entry);
        news.needsFull ||= needsFull;
      }
      for (const [entry, number] of this.#numbers) {
        if (present.has(number)) continue;
        this.#numbers.delete(entry);
        news.gone.push(entry);
      }
      return news;
    });
  }

  /**
   * Writes what the journal holds and is not written yet, `changed` again; takes out what it holds no longer. `isFull`
   * says which engine made the change.
   */
  async write(entries: readonly Entry[], changed: Entry, isFull: boolean): Promise<void> {
    const write = async (journal: IDBObjectStore) => {
      const kept = new Set(entries);
      for (const [entry, number] of this.#numbers) {
        if (kept.has(entry)) continue;
        journal.delete(number);
        this.#numbers.delete(entry);
      }
      for (const entry of entries) {
        const number = this.#numbers.get(entry);
        const change: Change = { entry, needsFull: isFull && /registerModel|statement/.test(entry.kind) };
        if (number === undefined) this.#numbers.set(entry, (await settled(journal.add(change))) as number);
        else if (entry === changed) journal.put(change, number);
      }
    };
    await this.#inTurn("readwrite", write, bytesOf(changed));
    this.#channel.postMessage(null);
  }

  /** Writes a file that SQL reaches by its name. */
  async writeFile(file: StoredFile): Promise<void> {
    await this.#inTurn("readwrite", async (_, files) => settled(files.put(file)), bytesOf(file));
    this.#channel.postMessage(null);
  }

  /**
   * A worker has done something: a moment later its log is kept. Where the rest of its engine would have to be fetched for
   * that alone, it is when the page is hidden.
   */
  ran(worker: WorkerOfLog, isWhole: boolean): void {
    this.#busy.add(worker);
    if (isWhole) this.#waiting ??= setTimeout(this.#takeAll, pause);
  }

  readonly #takeAll = (): void => {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    // Without a log a database is as good, and a worker that has ended has none.
    for (const worker of this.#busy) this.takeJobs(worker).catch(() => {});
    this.#busy.clear();
  };

  readonly #changed = (): void => {
    if (document.hidden) this.#takeAll();
  };

  /** Takes what a worker has logged since it was asked before, and keeps it: one question after the other, so that nothing is there twice. */
  takeJobs(worker: WorkerOfLog): Promise<void> {
    const taking = this.#taking.then(() => this.#takeJobs(worker));
    this.#taking = taking.catch(() => {});
    return taking;
  }

  async #takeJobs(worker: WorkerOfLog): Promise<void> {
    const logged = this.#logOf(worker);
    const [seen, rows] = await worker.call({ kind: "jobs", seen: logged.seen });
    if (seen === logged.seen) return;
    logged.seen = seen;
    logged.told.add(rows);
    this.#jobs = [...(await this.#readJobs()), rows].slice(-mostJobs);
    await this.#inTurn("readwrite", async (_, __, jobs) => {
      const key = (await settled(jobs.add(rows))) as number;
      if (key > mostJobs) jobs.delete(IDBKeyRange.upperBound(key - mostJobs));
    });
  }

  /** Tells a worker what others have logged. */
  async tellJobs(worker: WorkerOfLog): Promise<void> {
    const { told } = this.#logOf(worker);
    for (const rows of await this.#readJobs()) {
      if (told.has(rows)) continue;
      told.add(rows);
      // Another version of the package may have had other columns.
      await worker.call({ kind: "restoreJobs", rows: rows.slice() }).catch(ignoreRefusal);
    }
  }

  #logOf(worker: WorkerOfLog) {
    const logged = this.#loggedBy.get(worker) ?? { seen: 0, told: new Set() };
    this.#loggedBy.set(worker, logged);
    return logged;
  }

  async #readJobs(): Promise<Jobs[]> {
    this.#jobs ??= await this.#inTurn("readonly", (_, __, jobs) => settled(jobs.getAll() as IDBRequest<Jobs[]>));
    return this.#jobs;
  }

  /** Does something in one transaction, which is on the disk when this resolves. */
  #inTurn<T>(
    mode: "readonly" | "readwrite",
    work: (journal: IDBObjectStore, files: IDBObjectStore, jobs: IDBObjectStore) => Promise<T>,
    bytes = 0,
  ): Promise<T> {
    const turn = this.#turn.then(async () => {
      try {
        const transaction = this.#database.transaction(stores, mode, { durability: "strict" });
        const ended = new Promise<void>((resolve, reject) => {
          transaction.oncomplete = () => resolve();
          transaction.onabort = () => reject(transaction.error);
        });
        const [result] = await Promise.all([
          work(transaction.objectStore("journal"), transaction.objectStore("files"), transaction.objectStore("jobs")),
          ended,
        ]);
        return result;
      } catch (error) {
        throw notSaved(this.#name, wordsOf(error), await spaceHint(bytes), error);
      }
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** What has a log: a worker that runs. */
interface WorkerOfLog {
  call<R extends Request>(request: R): Promise<Reply<R>>;
}

function ignoreRefusal(error: unknown): void {
  if (!("failure" in (error as object))) throw error;
}

function notSaved(name: string, detail: string, hint: string, cause?: unknown) {
  return problem("not-saved", `the database \`${name}\` cannot be kept on this device`, { hint, detail, cause });
}

/** The bytes of the files in what is written. */
function bytesOf(value: unknown): number {
  if (value instanceof Blob) return value.size;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return 0;
  const parts = value instanceof Map ? value.values() : Object.values(value);
  return Array.from(parts, bytesOf).reduce((sum, bytes) => sum + bytes, 0);
}

/** How much room there is, and how much would be needed, in words. */
async function spaceHint(bytes: number): Promise<string> {
  const { usage, quota } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
  if (usage === undefined || quota === undefined) return "what was changed is there as long as the page is";
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const needed = bytes > 0 ? `this takes ${megabytes(bytes)}, and ` : "";
  return `what was changed is there as long as the page is; ${needed}the site has stored ${megabytes(usage)} of ${megabytes(quota)}: drop tables and models, or clear \`db.cache\``;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
