// A named database on the device: what changed its catalog, and its files, in IndexedDB. A file of its own, loaded for
// databases with a name. What is written here is there after the tab, the worker or the browser has been killed; every tab
// hears what the others have written.

import { problem, wordsOf } from "./errors.js";
import type { StoredFile } from "./files.js";
import type { Entry } from "./journal.js";

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

const stores = ["journal", "files"] as const;

export class Saved {
  readonly #name: string;
  readonly #database: IDBDatabase;
  readonly #channel: BroadcastChannel;
  /** The number of every change that is written, here or by another tab. */
  readonly #numbers = new Map<Entry, number>();
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
      const opening = indexedDB.open(`predictql/${name}`, 1);
      opening.onupgradeneeded = () => {
        opening.result.createObjectStore("journal", { autoIncrement: true });
        opening.result.createObjectStore("files", { keyPath: "entry.uri" });
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
    // Whoever deletes the database must not wait for this tab.
    database.onversionchange = () => this.close();
  }

  close(): void {
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
    await this.#inTurn("readwrite", async (journal) => {
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
    });
    this.#channel.postMessage(null);
  }

  /** Writes a file that SQL reaches by its name. */
  async writeFile(file: StoredFile): Promise<void> {
    await this.#inTurn("readwrite", async (_, files) => settled(files.put(file)));
    this.#channel.postMessage(null);
  }

  /** Does something in one transaction, which is on the disk when this resolves. */
  #inTurn<T>(
    mode: "readonly" | "readwrite",
    work: (journal: IDBObjectStore, files: IDBObjectStore) => Promise<T>,
  ): Promise<T> {
    const turn = this.#turn.then(async () => {
      try {
        const transaction = this.#database.transaction(stores, mode, { durability: "strict" });
        const ended = new Promise<void>((resolve, reject) => {
          transaction.oncomplete = () => resolve();
          transaction.onabort = () => reject(transaction.error);
        });
        const [result] = await Promise.all([
          work(transaction.objectStore("journal"), transaction.objectStore("files")),
          ended,
        ]);
        return result;
      } catch (error) {
        throw notSaved(this.#name, wordsOf(error), await spaceHint(), error);
      }
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

function notSaved(name: string, detail: string, hint: string, cause?: unknown) {
  return problem("not-saved", `the database \`${name}\` cannot be kept on this device`, { hint, detail, cause });
}

/** How much room there is, in words. */
async function spaceHint(): Promise<string> {
  const { usage, quota } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
  if (usage === undefined || quota === undefined) return "what was changed is there as long as the page is";
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  return `what was changed is there as long as the page is; the site has stored ${megabytes(usage)} of ${megabytes(quota)}: drop tables and models, or clear \`db.cache\``;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
