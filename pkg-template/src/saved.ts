// A named database on the device: what changed its catalog, and its files, in IndexedDB. A file of its own, loaded for
// databases with a name. What is written here is there after the tab, the worker or the browser has been killed; every tab
// hears what the others have written, and one at a time writes: it holds a lock from before it looks at what the others have
// done until its own change is on the disk, so that all have the same changes in the same order.

import { problem, tell, wordsOf } from "./errors.js";
import type { StoredFile } from "./files.js";
import { type Entry, type Journal, logPrefix } from "./journal.js";
import type { Reply, Request } from "./worker/protocol.js";

/** Who holds in memory what is kept here. */
interface Owner {
  readonly journal: Journal;
  readonly files: { restore(files: readonly StoredFile[]): void };
  isTemporary(it: object): boolean;
  /** The worker is to hear of what the journal has. Some of it may be `news`, or may need the full engine. */
  heard(isNews: boolean, needsFull: boolean): Promise<void>;
}

interface Change {
  entry: Entry;
  needsFull: boolean;
  /** Whether it is of a script that goes on. */
  isOpen?: boolean;
}

/** What keeps other tabs from changing the database. */
export interface Lock {
  /** All that comes: whoever reads it slowly lets nobody wait. */
  all<T>(items: AsyncIterable<T>): Promise<T[]>;
  /** Waits for what the page's own code brings or takes. Where others want to change the database meanwhile, it has little time. */
  outside<T>(work: Promise<T>): Promise<T>;
  release(): void;
}

/** What may change the catalog, in words of SQL: a text without them only reads. */
const changing =
  /\b(CREATE|INSERT|UPDATE|DELETE|MERGE|TRUNCATE|ALTER|DROP|RENAME|REPLACE|INTO|LOAD|CALL|EXEC|EXECUTE|BEGIN|UNDROP)\b/i;

/** How long the page's own code may let others wait, in milliseconds. */
const patience = 10_000;

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
  /** The highest of them. */
  #last = 0;
  /** Whether there may be files that are not known here. */
  #hasFiles = true;
  readonly #owner: Owner;
  /** Whether a change was made by the full engine, and may need it. */
  needsFull = false;
  readonly #closing = new AbortController();
  /** The log, from workers of this page and those before. */
  #jobs: Jobs[] | undefined;
  /** How much of its own log each worker has given, and what it was told of that of others. */
  readonly #loggedBy = new WeakMap<WorkerOfLog, { seen: number; told: Set<Jobs> }>();
  /** Workers whose log is to be taken. */
  readonly #busy = new Set<WorkerOfLog>();
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #taking: Promise<unknown> = Promise.resolve();
  /** What is done with the journal: one after the other, so that what is known of it is what is in it. */
  #working: Promise<unknown> = Promise.resolve();
  /** One change after the other: the numbers are their order. */
  #turn: Promise<unknown> = Promise.resolve();

  /** Opens it, and tells the owner what is there: but that its worker is to hear of it. */
  static async open(name: string, owner: Owner): Promise<Saved> {
    if (!("indexedDB" in globalThis)) {
      throw notSaved(
        name,
        "there is no IndexedDB here",
        "leave the option `name` out: the database lives as long as its page",
      );
    }
    let database: IDBDatabase;
    try {
      const opening = indexedDB.open(`predictql/${name}`, 2);
      opening.onupgradeneeded = ({ oldVersion }) => {
        if (oldVersion < 1) {
          opening.result.createObjectStore("journal", { autoIncrement: true });
          opening.result.createObjectStore("files", { keyPath: "entry.uri" });
        }
        opening.result.createObjectStore("jobs", { autoIncrement: true });
      };
      database = await settled(opening);
    } catch (error) {
      throw notSaved(
        name,
        wordsOf(error),
        "browsers refuse it in private windows and where the user forbids sites to store data",
        error,
      );
    }
    const saved = new Saved(name, database, owner);
    await saved.#read();
    return saved;
  }

  private constructor(name: string, database: IDBDatabase, owner: Owner) {
    this.#name = name;
    this.#database = database;
    this.#owner = owner;
    this.#channel = new BroadcastChannel(this.#shared);
    this.#channel.onmessage = ({ data }) => {
      this.#hasFiles ||= data === "files";
      this.#read()
        .then((isNew) => owner.heard(isNew, this.needsFull))
        .catch((error) => {
          if (!this.#closing.signal.aborted) tell(error);
        });
    };
    globalThis.document?.addEventListener("visibilitychange", this.#changed);
    // Whoever deletes the database must not wait for this tab.
    const gone = () => notSaved(name, "it was deleted", "make a new `PredictQL`");
    database.onversionchange = () => this.close(gone());
  }

  /** The name of what tabs share. */
  get #shared(): string {
    return `predictql/${this.#name}`;
  }

  close(reason: unknown): void {
    this.#closing.abort(reason);
    globalThis.document?.removeEventListener("visibilitychange", this.#changed);
    this.#channel.close();
    this.#database.close();
  }

  /**
   * Waits until no other tab changes the database, and tells the owner what they have done; there is nothing to wait for where a
   * text has no word that changes anything. The lock of a tab that dies is free. Where there are no locks, in contexts that are
   * not secure, nobody waits.
   */
  async lock(signal: AbortSignal | undefined, change: string | Entry): Promise<Lock | undefined> {
    if (typeof change === "string" ? !changing.test(change) : !this.#isLasting(change)) return undefined;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const locks = globalThis.navigator?.locks;
    if (locks) {
      const waiting = new AbortController();
      const stop = () => waiting.abort(signal?.aborted ? signal.reason : this.#closing.signal.reason);
      const signals = [this.#closing.signal, ...(signal ? [signal] : [])];
      for (const signal of signals) signal.addEventListener("abort", stop);
      if (signals.some(({ aborted }) => aborted)) stop();
      await new Promise<void>((granted, refused) => {
        const hold = () => {
          granted();
          return held;
        };
        locks.request(this.#shared, { signal: waiting.signal }, hold).catch(refused);
      });
      for (const signal of signals) signal.removeEventListener("abort", stop);
      this.#closing.signal.addEventListener("abort", release);
    }
    try {
      await this.#owner.heard(await this.#take(true), this.needsFull);
    } catch (error) {
      release();
      throw error;
    }
    const shared = this.#shared;
    return {
      release: () => {
        this.#closing.signal.removeEventListener("abort", release);
        release();
      },
      all: async (items) => {
        const all = [];
        for await (const item of items) all.push(item);
        return all;
      },
      outside: (work) =>
        new Promise((resolve, reject) => {
          const look = async () => {
            // Where there are no locks, nobody waits.
            const { pending = [] } = (await locks?.query()) ?? {};
            if (pending.some(({ name }) => name === shared)) reject(busy());
          };
          const looking = setInterval(look, patience);
          work.then(resolve, reject).finally(() => clearInterval(looking));
        }),
    };
  }

  /** Whether it may outlive the page: a table of one query does not, nor does one of what the page shows. */
  #isLasting(entry: Entry): boolean {
    const isShown = entry.kind === "registerObjects" && entry.files.some(({ entry }) => entry.isLive);
    return !this.#owner.isTemporary(entry) && !isShown;
  }

  /** Takes what is there and was not known here: of what another tab is at, only what has come to its end. */
  #read(): Promise<boolean> {
    const locks = globalThis.navigator?.locks;
    if (!locks) return this.#take(true);
    return locks.request(this.#shared, { ifAvailable: true }, (lock) => this.#take(lock !== null));
  }

  /**
   * Takes what is there and was not known here; answers whether there is something. `isAlone` says that nobody is at anything: a
   * script that has no end is of a tab that has died amid it.
   */
  #take(isAlone: boolean): Promise<boolean> {
    const taking = this.#working.then(() => this.#takeNow(isAlone));
    this.#working = taking.catch(() => {});
    return taking;
  }

  async #takeNow(isAlone: boolean): Promise<boolean> {
    const entries: Entry[] = [];
    const gone: Entry[] = [];
    let stored: StoredFile[] = [];
    const left: Change[] = [];
    const { journal, files } = this.#owner;
    if (this.#hasFiles) {
      this.#hasFiles = false;
      stored = await this.#inTurn("readonly", "files", (files) => settled(files.getAll() as IDBRequest<StoredFile[]>));
      files.restore(stored);
    }
    await this.#inTurn("readonly", "journal", async (journal) => {
      // Numbers only grow, and nothing goes without that something else comes.
      const last = await settled(journal.openKeyCursor(null, "prev"));
      if ((last?.key ?? 0) === this.#last) return;
      const keys = (await settled(journal.getAllKeys())) as number[];
      const known = new Set(this.#numbers.values());
      const present = new Set(keys);
      for (const [entry, number] of this.#numbers) {
        if (present.has(number)) continue;
        this.#numbers.delete(entry);
        gone.push(entry);
      }
      const first = keys.findIndex((key) => !known.has(key));
      if (first < 0) return;
      const range = IDBKeyRange.lowerBound(keys[first]);
      const changes = await settled(journal.getAll(range) as IDBRequest<Change[]>);
      for (const [index, change] of changes.entries()) {
        const number = keys[first + index] as number;
        if (known.has(number)) continue;
        // What comes behind it has to wait for its end.
        if (change.isOpen && !isAlone) break;
        const { entry, needsFull, isOpen } = change;
        this.#number(entry, number);
        entries.push(entry);
        this.needsFull ||= needsFull;
        if (isOpen) left.push(change);
      }
    });
    const end = async (journal: IDBObjectStore) => {
      for (const change of left) journal.put({ ...change, isOpen: false }, this.#numbers.get(change.entry));
    };
    if (left.length > 0) await this.#inTurn("readwrite", "journal", end);
    await Promise.all(entries.map(unpack));
    for (const entry of gone) journal.remove(entry);
    for (const entry of entries) {
      journal.add(entry);
      if (entry.kind === "registerObjects") files.restore(entry.files);
    }
    return entries.length + gone.length + stored.length > 0;
  }

  #number(entry: Entry, number: number): void {
    this.#numbers.set(entry, number);
    this.#last = Math.max(this.#last, number);
  }

  /**
   * Writes what the journal holds and is not written yet, `changed` again; takes out what it holds no longer. `isFull`
   * says which engine made the change, `isOpen` that it is a script's, which goes on.
   */
  write(changed: Entry, isFull: boolean, isOpen: boolean): Promise<void> {
    const writing = this.#working.then(() => this.#write(changed, isFull, isOpen));
    this.#working = writing.catch(() => {});
    return writing;
  }

  async #write(changed: Entry, isFull: boolean, isOpen: boolean): Promise<void> {
    if (!this.#isLasting(changed)) return;
    const entries = [...this.#owner.journal].filter((entry) => this.#isLasting(entry));
    const packed = new Map<Entry, Entry>();
    const numbers = new Map<Entry, number>();
    const kept = new Set(entries);
    const gone = [...this.#numbers].filter(([entry]) => !kept.has(entry));
    const isNew = (entry: Entry) => entry === changed || !this.#numbers.has(entry);
    await Promise.all(entries.filter(isNew).map(async (entry) => packed.set(entry, await pack(entry))));
    const write = async (journal: IDBObjectStore) => {
      for (const [, number] of gone) journal.delete(number);
      for (const [entry, packedEntry] of packed) {
        const number = this.#numbers.get(entry);
        const needsFull = isFull && /registerModel|statement/.test(entry.kind);
        const change: Change = { entry: packedEntry, needsFull, isOpen: isOpen && entry === changed };
        if (number === undefined) numbers.set(entry, (await settled(journal.add(change))) as number);
        else journal.put(change, number);
      }
    };
    await this.#inTurn("readwrite", "journal", write, bytesOf(changed));
    for (const [entry] of gone) this.#numbers.delete(entry);
    for (const [entry, number] of numbers) this.#number(entry, number);
    this.#channel.postMessage(null);
  }

  /** Writes a file that SQL reaches by its name. */
  async writeFile(file: StoredFile): Promise<void> {
    await this.#inTurn("readwrite", "files", async (files) => settled(files.put(file)), bytesOf(file));
    this.#channel.postMessage("files");
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
    await this.#inTurn("readwrite", "jobs", async (jobs) => {
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
    this.#jobs ??= await this.#inTurn("readonly", "jobs", (jobs) => settled(jobs.getAll() as IDBRequest<Jobs[]>));
    return this.#jobs;
  }

  /** Does something in one transaction; what it writes is on the disk when this resolves. */
  #inTurn<T>(
    mode: "readonly" | "readwrite",
    name: "journal" | "files" | "jobs",
    work: (store: IDBObjectStore) => Promise<T>,
    bytes = 0,
  ): Promise<T> {
    const turn = this.#turn.then(async () => {
      try {
        const transaction = this.#database.transaction(name, mode, { durability: "strict" });
        const ended = new Promise<void>((resolve, reject) => {
          transaction.oncomplete = () => resolve();
          transaction.onabort = () => reject(transaction.error);
        });
        const working = work(transaction.objectStore(name));
        if (mode === "readonly") return await Promise.race([working, ended.then(() => working)]);
        return (await Promise.all([working, ended]))[0];
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

function busy() {
  return problem(
    "database-busy",
    "another tab waits to change the database, and no rows have come, or were taken, for long",
    {
      hint: "bring the rows into a table first: registerTable(name, rows)",
    },
  );
}

/** Parts of the log, which say the same again and again, take little room on the device. */
async function pack(entry: Entry): Promise<Entry> {
  if (entry.kind !== "statement") return entry;
  const kept = [...entry.kept].map(async ([name, blob]): Promise<[string, Blob]> => {
    return [name, name.startsWith(logPrefix) ? await through(new CompressionStream("gzip"), blob) : blob];
  });
  return { ...entry, kept: new Map(await Promise.all(kept)) };
}

async function unpack(entry: Entry): Promise<void> {
  if (entry.kind !== "statement") return;
  const kept = entry.kept as Map<string, Blob>;
  for (const [name, blob] of kept) {
    if (name.startsWith(logPrefix)) kept.set(name, await through(new DecompressionStream("gzip"), blob));
  }
}

function through(transform: GenericTransformStream, blob: Blob): Promise<Blob> {
  return new Response(blob.stream().pipeThrough(transform as ReadableWritablePair<Uint8Array<ArrayBuffer>>)).blob();
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
