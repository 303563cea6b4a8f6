// The life of the engine: starts a worker when one is wanted, and another one in its place with all that it held: after
// one that ended by itself, and when something needs more than the engine for tables has.

import { abortable, Connection, Crash, Failed, Unsent } from "./connection.js";
import { PredictError, problem, tell } from "./errors.js";
import type { Files, StoredFile } from "./files.js";
import type { Diagnostic } from "./glue/predictql.js";
import type { EngineInfo, PredictOptions } from "./interface.js";
import { type Entry, Journal, requestFor } from "./journal.js";
import {
  assertWorkers,
  type EngineKind,
  explainWorker,
  isChangeable,
  isWorkerEmpty,
  type LoadedEngine,
  loadEngine,
  loadModule,
  type ModuleName,
  startWorker,
} from "./load.js";
import type { Log } from "./log.js";
import type { ConvertRequest, ModelFile } from "./models.js";
import type { Network } from "./network.js";
import { known, models, saving } from "./parts.js";
import { platform } from "./platform.js";
import type { Report } from "./progress.js";
import type { Lock, Saved } from "./saved.js";
import { before, statementsOf } from "./statement.js";
import type { Catalog } from "./worker/protocol.js";
import type { RestRead } from "./worker/rest.js";

/** How long a worker may take to start before its script is looked at, in milliseconds. */
const patience = 15_000;

/** How long a worker stays that has taken the place of one with much memory, in milliseconds. */
const pause = 10_000;

/** Begins the names of tables that live for one query, which nobody else chooses: the catalog does not show them. */
export const temporaryPrefix = `_table_${Math.random().toString(36).slice(2)}_`;

export interface Waiter {
  signal?: AbortSignal | undefined;
  report?: Report | undefined;
}

interface Wanted {
  engine: EngineKind;
  why: string;
}

export class Engine {
  readonly #options: PredictOptions;
  readonly #network: Network;
  readonly #files: Files;
  readonly #log: Log;
  readonly #journal = new Journal();
  /** Where a named database is kept. */
  #saved: Promise<Saved> | undefined;
  /** What each worker knows of the journal. */
  readonly #told = new WeakMap<Connection, WeakSet<Entry>>();
  /** What each worker is being told: one thing after the other. */
  readonly #telling = new WeakMap<Connection, Promise<boolean>>();
  /** What a worker was told when it ended: it may be what has ended it. */
  readonly #suspects = new WeakSet<Entry>();
  /** Scripts that have changed the catalog and go on: another worker is told of them when they have ended. */
  readonly #unfinished = new Map<Entry, Connection>();
  /** Which engine the next worker has, and why that one. */
  #wanted: Wanted;
  /** Compiled once: another worker starts with it in no time and without a request. */
  #loaded: LoadedEngine | undefined;
  /** What workers have fetched of engines, by its address. */
  readonly #rests = new Map<unknown, WebAssembly.Module>();
  /** Fetched when the first picture comes, or the first model that has to be converted or has a tokenizer. */
  readonly #modules = new Map<ModuleName, Promise<WebAssembly.Module>>();
  #connecting: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  /** The worker with the full engine, while it is made ready beside the one that runs. */
  #changing: Promise<void> | undefined;
  /** The same for one that takes the place of a worker with much memory. */
  #renewing: Promise<void> | undefined;
  /** When a worker was replaced for its memory the last time. */
  #renewed = Number.NEGATIVE_INFINITY;
  /** Every worker that has not ended. One that was replaced lives as long as its scripts are read. */
  readonly #alive = new Set<Connection>();
  /** Everybody who waits for the engine hears how far its start is. */
  readonly #waiters = new Set<Report>();
  /** The names as of the last change: what a new worker must hold. */
  #catalog: Catalog | undefined;
  #lost: string[] = [];
  /** Who hears of changes of the catalog. */
  readonly listeners = new Set<() => void>();
  readonly #closing = new AbortController();

  constructor(options: PredictOptions, network: Network, files: Files, log: Log) {
    this.#log = log;
    this.#options = options;
    this.#network = network;
    this.#files = files;
    this.#wanted = firstOf(options);
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  get started(): boolean {
    return this.#connection !== undefined;
  }

  /** Whether its WebAssembly is here. */
  get isLoaded(): boolean {
    return this.#loaded !== undefined;
  }

  /** Begins to start while a source is read; whoever asks first is told of a failure. */
  async prepare(waiter: Waiter): Promise<void> {
    if (!this.#connection) await this.connect(waiter).catch(() => {});
  }

  async info(waiter: Waiter): Promise<EngineInfo> {
    await this.connect(waiter);
    return { ...(this.#loaded as LoadedEngine).info };
  }

  /** The worker that runs, or a new one. A start that failed is forgotten: the next call tries again. */
  async connect(waiter: Waiter): Promise<Connection> {
    this.assertOpen();
    return this.#waitFor(this.#connecting ?? this.#connectBy(this.#start()), waiter);
  }

  /**
   * Asks a worker. If it ends before it could read the question, or lacks what the full engine has, the next one is
   * asked. `entry` is what the worker was changed by once it has answered.
   */
  async ask<T>(waiter: Waiter, question: (connection: Connection) => Promise<T>, entry?: Entry): Promise<T> {
    const lock = entry && (await this.lock(waiter, entry));
    try {
      for (;;) {
        this.assertOpen();
        const connection = this.#connection ?? (await this.connect(waiter));
        try {
          const answer = await question(connection);
          if (entry) await this.changed(entry, connection);
          return answer;
        } catch (error) {
          if (!(error instanceof Unsent || (await this.replaces(connection, error, waiter)))) throw error;
        }
      }
    } finally {
      lock?.release();
    }
  }

  /** What a named database is to be changed under, if a text or an entry may change it. */
  async lock({ signal }: Waiter, change: string | Entry): Promise<Lock | undefined> {
    return known(async () => (await this.#openSaved())?.lock(signal, change));
  }

  /** Makes the full engine the one that runs, where it may be and is not yet. All who need it wait for the same one. */
  async full(waiter: Waiter): Promise<void> {
    this.assertOpen();
    if (this.#wanted.engine === "full" || !isChangeable(this.#options)) return;
    if (this.#connecting || this.#loaded) {
      await this.#renewing;
      this.#changing ??= this.#change().finally(() => {
        this.#changing = undefined;
      });
      return this.#waitFor(this.#changing, waiter);
    }
    // Nobody has started anything: this one comes at once.
    this.#wanted = full;
    try {
      await this.connect(waiter);
    } catch (error) {
      // What the other one can do needs no more than that one.
      if (!this.#loaded) this.#wanted = firstOf(this.#options);
      throw error;
    }
  }

  /** Whether another worker takes the place of this one, which lacked what the full engine has. */
  async replaces(connection: Connection, error: unknown, waiter: Waiter): Promise<boolean> {
    if (!(error instanceof Failed) || !error.failure.diagnostics.some(needsFull)) return false;
    if (!isChangeable(this.#options)) return false;
    if (this.#wanted.engine === "full") return connection !== this.#connection;
    try {
      await this.full(waiter);
      return true;
    } catch (refusal) {
      if (!(refusal instanceof PredictError) || this.closed) throw refusal;
      const { failure } = error;
      const message = `this needs the full engine, which did not start: ${refusal.message}`;
      const diagnostics = failure.diagnostics.map(({ hint: _, ...it }) => ({ ...it, code: refusal.code, message }));
      throw new Failed({ ...failure, diagnostics }, refusal);
    }
  }

  /** A module beside the engine. */
  module(name: ModuleName, report: Report): Promise<WebAssembly.Module> {
    const loading =
      this.#modules.get(name) ??
      loadModule(name, this.#options, this.#network, report).catch((error) => {
        this.#modules.delete(name);
        throw error;
      });
    this.#modules.set(name, loading);
    return loading;
  }

  /** How an entry is told to a worker. `bytes` are those of its file where they are at hand; they go to that worker. */
  told<E extends Exclude<Entry, { kind: "statement" }>>(
    entry: E,
    report: Report = () => {},
    bytes?: Uint8Array<ArrayBuffer>,
  ) {
    return requestFor(entry, () => this.module("tokens", report), bytes);
  }

  /** The ONNX file of a model of TensorFlow's, which a worker of its own makes where none is kept. */
  async convert(files: readonly ModelFile[], signature: string | undefined, waiter: Waiter): Promise<Blob> {
    const { signal, report = () => {} } = waiter;
    const module = () => this.module("formats", report);
    const ask = async (request: ConvertRequest) => {
      const connection = new Connection(await startWorker(this.#options));
      try {
        return await abortable(abortable(connection.call(request, signal), signal), this.#closing.signal);
      } finally {
        connection.end(undefined);
      }
    };
    return known(async () => (await models()).converted(module, files, signature, ask, this.#network));
  }

  async catalog(): Promise<Catalog> {
    const { tables, ...rest } = await this.ask({}, (connection) => connection.call({ kind: "catalog" }));
    return { ...rest, tables: tables.filter((table) => !isTemporary(table)) };
  }

  /**
   * Remembers what changed the catalog of a worker; the one that took its place in the meantime is told. `goesOn` says
   * that a script may change more.
   */
  async changed(entry: Entry, by: Connection, goesOn = false): Promise<void> {
    this.#journal.add(entry);
    this.#toldOf(by).add(entry);
    if (goesOn) this.#unfinished.set(entry, by);
    else this.#unfinished.delete(entry);
    const saved = await this.#saved;
    if (saved) await known(() => saved.write(entry, this.#loaded?.info.engine === "full", goesOn));
    try {
      const connection = await this.connect({});
      if (connection !== by) await this.#restore(connection);
      if (!isTemporary(entry)) this.#catalog = await this.catalog();
    } catch {
      // The worker ended after the change: the next one is told of it by the journal.
    }
    if (!isTemporary(entry)) this.#tellListeners();
  }

  /** A listener that throws is the page's business, and no other listener's. */
  #tellListeners(): void {
    for (const listener of this.listeners) queueMicrotask(listener);
  }

  /** What the catalog was made of. */
  get entries(): Iterable<Entry> {
    return this.#journal;
  }

  /** A statement has ended: the log of a named database is kept. */
  ran(connection: Connection): void {
    this.#saved?.then((saved) => saved.ran(connection, this.#rests.size > 0)).catch(() => {});
  }

  /** Keeps a file of a named database on the device. */
  async saveFile(file: StoredFile): Promise<void> {
    const saved = await this.#openSaved();
    if (saved) await known(() => saved.writeFile(file));
  }

  /** Forgets a table that was there for one query. */
  forget(entry: Entry): void {
    this.#journal.remove(entry);
  }

  /** Waits for the worker after one that crashed, and says what it could not be given. */
  async recovered(): Promise<string> {
    try {
      await this.connect({});
    } catch {
      return "it could not be started again";
    }
    return this.#lost.length === 0 ? "tables and models were restored" : `lost: ${this.#lost.join(", ")}`;
  }

  close(): void {
    this.#closing.abort(closedError());
    for (const connection of this.#alive) connection.end(this.#closing.signal.reason);
  }

  assertOpen(): void {
    this.#closing.signal.throwIfAborted();
  }

  /** What an engine's start leads to, told to the waiter on the way. */
  async #waitFor<T>(promise: Promise<T>, { signal, report = () => {} }: Waiter): Promise<T> {
    this.#waiters.add(report);
    try {
      return await abortable(abortable(promise, signal), this.#closing.signal);
    } finally {
      this.#waiters.delete(report);
    }
  }

  #connectBy(start: Promise<Connection>): Promise<Connection> {
    const connecting = start.catch((error) => {
      if (this.#connecting === connecting) this.#connecting = undefined;
      throw error;
    });
    this.#connecting = connecting;
    return connecting;
  }

  async #start(): Promise<Connection> {
    assertWorkers(this.#options);
    // The worker's script is loaded while the engine is.
    const opening = this.#open();
    opening.catch(() => {});
    try {
      // Without a name there is nothing to wait for: the engine is asked for before the page's bytes are copied.
      const saved = this.#options.name === undefined ? undefined : await this.#openSaved();
      const isFull = saved?.needsFull && !this.#loaded && isChangeable(this.#options);
      if (isFull) this.#wanted = full;
      this.#loaded ??= await this.#load(this.#wanted);
    } catch (error) {
      opening.then((connection) => connection.end(error)).catch(() => {});
      throw error;
    }
    this.#connection = await this.#launch(this.#loaded, opening);
    return this.#connection;
  }

  /** What a named database holds on the device: read once, before the first worker is told what it holds. */
  #openSaved(): Promise<Saved | undefined> {
    const { name } = this.#options;
    if (name !== undefined && !this.#saved) {
      const opening = this.#read(name).catch((error) => {
        if (this.#saved === opening) this.#saved = undefined;
        throw error;
      });
      this.#saved = opening;
    }
    return this.#saved ?? Promise.resolve(undefined);
  }

  async #read(name: string): Promise<Saved> {
    const { Saved } = await saving();
    const [journal, files, heard] = [this.#journal, this.#files, this.#heard];
    const saved = await known(() => Saved.open(name, { journal, files, isTemporary, heard }));
    this.#closing.signal.addEventListener("abort", () => saved.close(this.#closing.signal.reason));
    return saved;
  }

  /** Another tab may have changed the database: the journal has what it did. */
  readonly #heard = async (isNews: boolean, needsFull: boolean): Promise<void> => {
    if (!this.#connecting) return;
    if (needsFull) await this.full({});
    while (!(await this.#restore(await this.connect({}))));
    if (isNews) {
      this.#catalog = await this.catalog();
      this.#tellListeners();
    }
  };

  #load({ engine, why }: { engine: EngineKind; why: string }): Promise<LoadedEngine> {
    return loadEngine(engine, why, this.#options, this.#network, (progress) => {
      for (const report of this.#waiters) report(progress);
    });
  }

  /** The full engine takes over. */
  async #change(): Promise<void> {
    await this.#takeOver(await this.#load(full), full);
  }

  /** Another worker takes over from one whose memory has grown, which WebAssembly never gives back: unasked, and not again at once. */
  #renew(swollen: Connection): void {
    const now = performance.now();
    const isBusy = this.#changing || this.#renewing || now - this.#renewed < pause;
    if (swollen !== this.#connection || isBusy || !this.#loaded) return;
    this.#renewed = now;
    this.#log.say("info", "a statement that failed has left much memory behind: another worker takes over");
    // The worker that runs is as good, but for its memory.
    this.#renewing = this.#takeOver(this.#loaded, this.#wanted)
      .catch(() => {})
      .finally(() => {
        this.#renewing = undefined;
      });
  }

  /** Another worker takes over. The one that runs serves on until that holds all that it held. */
  async #takeOver(loaded: LoadedEngine, wanted: Wanted): Promise<void> {
    let next = await this.#launch(loaded);
    const last = await this.connect({}).catch(() => undefined);
    // From here on, questions wait for the new worker.
    this.#wanted = wanted;
    this.#loaded = loaded;
    this.#connection = undefined;
    const takeOver = async () => {
      const saved = await this.#saved;
      if (last && this.#rests.size > 0) await saved?.takeJobs(last).catch(() => {});
      // Whatever it has done by now is in the journal.
      await last?.retire();
      await saved?.tellJobs(next);
      if (!(await this.#restore(next))) next = await this.#launch(loaded);
      this.#connection = next;
      return next;
    };
    await this.#connectBy(takeOver());
  }

  async #open(): Promise<Connection> {
    const worker = await startWorker(this.#options);
    const connection = new Connection(
      worker,
      (ended) => this.#ended(ended),
      (read) => this.#hasRead(read),
      (swollen) => this.#renew(swollen),
    );
    this.#alive.add(connection);
    if (this.closed) connection.end(this.#closing.signal.reason);
    return connection;
  }

  /** A worker that runs and holds what the journal says. */
  async #launch({ module, rest, info }: LoadedEngine, opening = this.#open()): Promise<Connection> {
    this.#lost = [];
    for (;;) {
      const connection = await opening;
      try {
        const lock = lockName(this.#options);
        const { memoryLimit } = this.#options;
        const { threads } = info;
        const known = this.#rests.get(rest) ?? rest;
        const begin = { kind: "start", module, rest: known, lock, memoryLimit, threads } as const;
        info.engine = (await this.#begun(connection, connection.call(begin))) ? "full" : "tables";
        this.#log.say("info", `the engine "${info.engine}" has started`, { ...info });
      } catch (error) {
        connection.end(error);
        throw error instanceof Crash ? await explainWorker(this.#options, this.#network, error.message) : error;
      }
      if (await this.#restore(connection)) {
        await (await this.#saved)?.tellJobs(connection);
        await this.#compare(connection);
        return connection;
      }
      opening = this.#open();
    }
  }

  /** A worker's first answer. Where it stays out, its script is looked at: a slow one is waited for. */
  async #begun(connection: Connection, answer: Promise<boolean>): Promise<boolean> {
    const look = async () => {
      if (await isWorkerEmpty(this.#options, this.#network)) connection.end(new Crash("its script is empty"));
    };
    const looking = setTimeout(look, patience);
    try {
      return await answer;
    } finally {
      clearTimeout(looking);
    }
  }

  /** A worker has fetched the rest of its engine: the next one gets it from here. */
  #hasRead({ url, bytes, module }: RestRead): void {
    this.#network.note(url, bytes);
    this.#rests.set(url, module);
  }

  /** A worker that was in use ended: the next one is made ready before it is asked for. */
  #ended(connection: Connection): void {
    this.#alive.delete(connection);
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#connecting = undefined;
    if (!this.closed) this.#log.say("warn", "the engine's worker has ended; another one takes its place");
    if (!this.closed) this.connect({}).catch(() => {});
  }

  #toldOf(connection: Connection): WeakSet<Entry> {
    const told = this.#told.get(connection) ?? new WeakSet();
    this.#told.set(connection, told);
    return told;
  }

  /**
   * Tells a worker what it does not know of the journal yet. Answers whether it lived through it; what ended two of them is
   * not tried again.
   */
  #restore(connection: Connection): Promise<boolean> {
    const before = this.#telling.get(connection) ?? Promise.resolve();
    const telling = before.then(() => this.#tell(connection));
    this.#telling.set(connection, telling);
    return telling;
  }

  async #tell(connection: Connection): Promise<boolean> {
    const told = this.#toldOf(connection);
    const isNew = (entry: Entry) => !told.has(entry) && (this.#unfinished.get(entry)?.isEnded ?? true);
    // What is done while the worker is told comes last in the journal.
    for (let entry = this.#journal.find(isNew); entry; entry = this.#journal.find(isNew)) {
      told.add(entry);
      try {
        await this.#replay(connection, entry);
      } catch (error) {
        if (connection.isEnded) {
          const isSuspect = error instanceof Crash && this.#suspects.has(entry);
          this.#suspects.add(entry);
          if (!isSuspect) return false;
          this.#journal.remove(entry);
        }
        // What was dropped, or had an alias, may not have been made again. Everything else has to do what it did.
        if (!/^(drop|set)/.test(entry.kind)) this.#lose(`\`${"sql" in entry ? entry.sql : entry.name}\``, error);
      }
    }
    return !connection.isEnded;
  }

  /** Notes the names that a new worker lacks. */
  async #compare(connection: Connection): Promise<void> {
    const wanted = this.#catalog;
    // What a script does that begins anew is not there yet.
    if (!wanted || this.#unfinished.size) return;
    const present = new Set(namesOf(await connection.call({ kind: "catalog" })));
    for (const name of namesOf(wanted)) if (!present.has(name)) this.#lose(name);
  }

  /** Something of the catalog is gone, and nobody may have asked for it yet. */
  #lose(what: string, cause?: unknown): void {
    this.#lost.push(what);
    this.#log.say("warn", `lost: ${what}`, cause);
    if (cause) tell(problem("not-restored", `lost: ${what}`, { cause }));
  }

  async #replay(connection: Connection, entry: Entry): Promise<void> {
    if (entry.kind !== "statement") {
      await connection.call(await this.told(entry));
      return;
    }
    const { times = 1, ...once } = entry;
    if (times > 1 && this.#journal.namesVersions) await this.#replay(connection, { ...once, times: times - 1 });
    const { sql, params, batchSize, dialect, onError, tables } = entry;
    for (const table of tables) await connection.call(await this.told(table));
    const context = {
      sql,
      signal: undefined,
      report: () => {},
      files: this.#files,
      engine: this,
      kept: new Map(entry.kept),
      // Those of a version before this one had none.
      moments: [...(entry.moments ?? [])],
      one: true,
      together: true,
      replay: true,
    };
    const opened = await connection.run({
      kind: "run",
      sql,
      params,
      batchSize,
      onError,
      dialect,
      one: true,
      skip: 0,
      replay: true,
      before: await before(context, 0),
    });
    try {
      for await (const { pieces } of statementsOf(connection, opened, () => context)) for await (const _ of pieces);
    } finally {
      if (opened.script !== undefined) connection.free(opened.script);
      for (const { name } of tables) connection.call({ kind: "dropTable", name }).catch(() => {});
    }
  }
}

/** The full engine, where nobody asked for it in the options. */
const full = { engine: "full", why: "a model needs it" } as const;

/** The engine to start with. */
function firstOf({ engine = "auto" }: PredictOptions) {
  if (engine === "auto") return { engine: "tables", why: "nothing has needed the full engine yet" } as const;
  return { engine, why: "the option `engine` says so" };
}

/** Where there are locks: not on the calling thread, which cannot end alone; Node tells of the end of its threads. */
function lockName({ worker }: PredictOptions): string | undefined {
  const isThread = worker !== "inline" && worker !== false && platform.hasLocks;
  return isThread ? `predictql ${Math.random()} ${Math.random()}` : undefined;
}

function isTemporary(it: object): boolean {
  return "name" in it && String(it.name).startsWith(temporaryPrefix);
}

/** Whether a finding is no mistake, but only beyond the engine for tables. */
function needsFull({ code }: Diagnostic): boolean {
  return code === "needs-full-engine";
}

/** What there is, in words: of models that are not the default with their version. */
function namesOf({ tables, models }: Pick<Catalog, "tables" | "models">): string[] {
  return [
    ...tables.map(({ name }) => `table \`${name}\``),
    ...models.map(({ name, version, default: isDefault }) => `model \`${isDefault ? name : `${name}@${version}`}\``),
  ];
}

function closedError() {
  return problem("closed", "the database is closed", { hint: "make a new `PredictQL`" });
}
