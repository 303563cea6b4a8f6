// The life of the engine: starts a worker when one is wanted, and another one in its place with all that it held.

import { abortable, Connection, Crash, Unsent } from "./connection.js";
import { problem } from "./errors.js";
import type { Files } from "./files.js";
import type { EngineInfo, PredictOptions } from "./interface.js";
import { type Entry, Journal, requestFor } from "./journal.js";
import { assertWorkers, explainWorker, type LoadedEngine, loadEngine, startWorker } from "./load.js";
import type { Network } from "./network.js";
import type { Report } from "./progress.js";
import { statementsOf } from "./statement.js";
import type { Catalog } from "./worker/protocol.js";

/** Begins the names of tables that live for one query: the catalog does not show them. */
export const temporaryPrefix = "_table_";

export interface Waiter {
  signal?: AbortSignal | undefined;
  report?: Report | undefined;
}

export class Engine {
  readonly #options: PredictOptions;
  readonly #network: Network;
  readonly #files: Files;
  readonly #journal = new Journal();
  /** Compiled once: another worker starts with it in no time and without a request. */
  #loaded: LoadedEngine | undefined;
  #connecting: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  /** Everybody who waits for the engine hears how far its start is. */
  readonly #waiters = new Set<Report>();
  /** The names as of the last change: what a new worker must hold. */
  #catalog: Catalog | undefined;
  #lost: string[] = [];
  #closed = false;

  constructor(options: PredictOptions, network: Network, files: Files) {
    this.#options = options;
    this.#network = network;
    this.#files = files;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get started(): boolean {
    return this.#connection !== undefined;
  }

  async info(waiter: Waiter): Promise<EngineInfo> {
    await this.connect(waiter);
    return (this.#loaded as LoadedEngine).info;
  }

  /** The worker that runs, or a new one. A start that failed is forgotten: the next call tries again. */
  async connect({ signal, report = () => {} }: Waiter): Promise<Connection> {
    this.assertOpen();
    this.#waiters.add(report);
    this.#connecting ??= this.#start().catch((error) => {
      this.#connecting = undefined;
      throw error;
    });
    try {
      return await abortable(this.#connecting, signal);
    } finally {
      this.#waiters.delete(report);
    }
  }

  /** Asks a worker. If it ends before it could read the question, the next one is asked. */
  async ask<T>(waiter: Waiter, question: (connection: Connection) => Promise<T>): Promise<T> {
    for (;;) {
      this.assertOpen();
      const connection = this.#connection ?? (await this.connect(waiter));
      try {
        return await question(connection);
      } catch (error) {
        if (!(error instanceof Unsent)) throw error;
      }
    }
  }

  async catalog(): Promise<Catalog> {
    const { tables, ...rest } = await this.ask({}, (connection) => connection.call({ kind: "catalog" }));
    return { ...rest, tables: tables.filter(({ name }) => !name.startsWith(temporaryPrefix)) };
  }

  /** Remembers what changed the catalog. */
  async changed(entry: Entry): Promise<void> {
    this.#journal.add(entry);
    try {
      this.#catalog = await this.catalog();
    } catch {
      // The worker ended after the change: the next one is told of it by the journal.
    }
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
    if (this.#closed) return;
    this.#closed = true;
    this.#connecting?.then((connection) => connection.end(closedError())).catch(() => {});
  }

  assertOpen(): void {
    if (this.#closed) throw closedError();
  }

  async #start(): Promise<Connection> {
    this.#lost = [];
    assertWorkers(this.#options);
    // The worker's script is loaded while the engine is.
    let opening: Promise<Connection> | undefined = this.#open();
    opening.catch(() => {});
    try {
      this.#loaded ??= await loadEngine(this.#options, this.#network, (progress) => {
        for (const report of this.#waiters) report(progress);
      });
    } catch (error) {
      opening.then((connection) => connection.end(error)).catch(() => {});
      throw error;
    }
    for (;;) {
      const connection = await (opening ?? this.#open());
      opening = undefined;
      try {
        await connection.call({ kind: "start", module: this.#loaded.module });
      } catch (error) {
        connection.end(error);
        throw error instanceof Crash ? await explainWorker(this.#options, this.#network, error.message) : error;
      }
      if (await this.#restore(connection)) {
        this.#connection = connection;
        return connection;
      }
    }
  }

  async #open(): Promise<Connection> {
    return new Connection(await startWorker(this.#options), (ended) => this.#ended(ended));
  }

  /** A worker that was in use ended: the next one is made ready before it is asked for. */
  #ended(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#connecting = undefined;
    if (!this.#closed) this.connect({}).catch(() => {});
  }

  /** Answers whether the worker lived through it; what ended it is not tried again. */
  async #restore(connection: Connection): Promise<boolean> {
    for (const entry of this.#journal) {
      try {
        await this.#replay(connection, entry);
      } catch (error) {
        // What was dropped may not have been made again. A statement has to do what it did.
        if (entry.kind === "statement" && entry.scope === "statement") this.#lost.push(`what \`${entry.sql}\` did`);
        if (!(error instanceof Crash)) continue;
        this.#journal.remove(entry);
        return false;
      }
    }
    if (this.#catalog) {
      const now = await connection.call({ kind: "catalog" });
      this.#lost.push(
        ...missing(this.#catalog.tables, now.tables).map((name) => `table \`${name}\``),
        ...missing(this.#catalog.models, now.models).map((name) => `model \`${name}\``),
      );
    }
    return true;
  }

  async #replay(connection: Connection, entry: Entry): Promise<void> {
    if (entry.kind !== "statement") {
      await connection.call(await requestFor(entry));
      return;
    }
    const { sql, params, dialect, tables } = entry;
    for (const table of tables) await connection.call(await requestFor(table));
    const kept = new Map(entry.kept);
    const context = { sql, signal: undefined, report: () => {}, files: this.#files, kept, one: true };
    const opened = await connection.run({ kind: "run", sql, params, batchSize: undefined, dialect, one: true });
    try {
      for await (const { pieces } of statementsOf(connection, opened, () => context)) for await (const _ of pieces);
    } finally {
      if (opened.script !== undefined) connection.free(opened.script);
      for (const { name } of tables) connection.call({ kind: "dropTable", name }).catch(() => {});
    }
  }
}

function missing(wanted: readonly { name: string }[], present: readonly { name: string }[]): string[] {
  const names = new Set(present.map(({ name }) => name));
  return wanted.map(({ name }) => name).filter((name) => !names.has(name));
}

function closedError() {
  return problem("closed", "the database is closed", { hint: "make a new `PredictQL`" });
}
