// The page's side of every call: brings sources and values to the engine, and its answers and failures back.

import { abortable, type Connection, Crash, Failed, RestMissing } from "./connection.js";
import { Engine, temporaryPrefix, type Waiter } from "./engine.js";
import { fromFailure, problem } from "./errors.js";
import type { Sink } from "./exports.js";
import { Files } from "./files.js";
import type { CheckResult, Completion, ModelInfo, ParamValues, ScriptOptions, TableInfo } from "./glue/predictql.js";
import type {
  CallOptions,
  EngineInfo,
  EngineStats,
  ModelCache,
  ModelOptions,
  ModelSource,
  Params,
  PredictOptions,
  PrepareOptions,
  TableOptions,
  TableSource,
  TextOptions,
} from "./interface.js";
import type { Entry, TableEntry } from "./journal.js";
import { restMissing } from "./load.js";
import { Log } from "./log.js";
import { readModelInput } from "./model-options.js";
import { Network, resolve } from "./network.js";
import { toParams } from "./params.js";
import { known, logging, unlogging } from "./parts.js";
import { PreparedText } from "./prepared.js";
import { type Bar, type BarOptions, joined, progressOf, unheard } from "./progress.js";
import { outcomeOf, Result, type ResultFormat, resultsOf } from "./result.js";
import type { Lock } from "./saved.js";
import { readModel, readTable } from "./sources.js";
import { quoted } from "./sql-text.js";
import { endOf, type Piece, queued, statementsOf } from "./statement.js";
import type { Catalog, Moment, Opened, Reply, Request } from "./worker/protocol.js";

export interface RunOptions extends CallOptions {
  batchSize?: number | undefined;
  onError?: ScriptOptions["onError"] | undefined;
  dialect?: ScriptOptions["dialect"] | undefined;
  /** Whether rows are wanted batch by batch: nothing is computed ahead of who reads them. */
  one?: boolean;
  /** Whether the text may hold other than one statement. */
  many?: boolean;
  /** Tables that are there for this text alone. */
  tables?: readonly TableEntry[];
}

type QueryRunOptions = RunOptions & ResultFormat;

/** What is run, and on whose behalf. */
interface Asked {
  sql: string;
  dialect: ScriptOptions["dialect"] | undefined;
  prepared: PreparedText | undefined;
  params: ParamValues;
  batchSize: number | undefined;
  onError: ScriptOptions["onError"] | undefined;
  one: boolean;
  tables: readonly TableEntry[];
  waiter: Waiter & Bar;
}

/** The same once it has had its first turn. */
interface Run {
  asked: Asked;
  connection: Connection;
  opened: Opened;
  /** Milliseconds between the call and its first turn, and after that. */
  waited: number;
  /** What keeps other tabs from changing the database, where it may change it itself. */
  lock?: Lock | undefined;
}

export class Client {
  readonly #options: PredictOptions;
  readonly #network: Network;
  readonly #files: Files;
  readonly #engine: Engine;
  readonly #log: Log;
  /** The latest registration under each name. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #temporary = 0;
  #lastStatement = 0;

  constructor(options: PredictOptions) {
    this.#options = options;
    this.#log = new Log(options);
    this.#network = new Network(options, this.#log);
    this.#files = new Files(this.#network, options);
    this.#engine = new Engine(options, this.#network, this.#files, this.#log);
  }

  get closed(): boolean {
    return this.#engine.closed;
  }

  /** Who hears of changes of the catalog. */
  get listeners(): Set<() => void> {
    return this.#engine.listeners;
  }

  close(): void {
    this.#engine.close();
    this.#files.close();
    this.listeners.clear();
  }

  async info(): Promise<EngineInfo> {
    const waiter = this.#waiter({});
    const info = await this.#engine.info(waiter);
    waiter.end();
    return info;
  }

  async registerFile(name: string, given: ModelSource | Sink, options: CallOptions): Promise<void> {
    const waiter = this.#waiter(options);
    let source = given as ModelSource;
    if (given instanceof WritableStream || "createWritable" in Object(given)) {
      const sink = given as Sink;
      this.#files.sinks.set(name, sink);
      if (!("getFile" in sink)) return;
      source = await sink.getFile();
    }
    const file =
      typeof source === "string" || source instanceof URL
        ? resolve(source)
        : await readModel(source, this.#network, waiter);
    const stored = await this.#files.add({ name, source: file }, options.signal);
    await this.#engine.saveFile(stored);
  }

  async readFile(name: string, options: CallOptions): Promise<Blob> {
    const { signal, report } = this.#waiter(options);
    return this.#files.read(name, "data", { signal, report });
  }

  async registerTable(name: string, source: TableSource, options: TableOptions): Promise<TableInfo> {
    const waiter = this.#waiter(options, { expected: this.#expected([source]) });
    void this.#engine.prepare(waiter);
    const reading = this.#readTable(name, source, options, waiter);
    return this.#inTurn(`table ${name}`, waiter, reading, async ({ entry, commit }) => {
      const info = await this.#ask(waiter, () => this.#engine.told(entry, waiter.report), entry);
      commit();
      waiter.end();
      return info;
    });
  }

  /** A table for one query. `dropTemporary` takes it away. */
  async addTemporary(source: TableSource, options: CallOptions): Promise<TableEntry> {
    const name = `${temporaryPrefix}${++this.#temporary}`;
    const waiter = this.#waiter(options);
    // The options are those of a query.
    const { entry, commit } = await this.#readTable(name, source, {}, waiter);
    await this.#ask(waiter, () => this.#engine.told(entry, waiter.report), entry);
    commit();
    return entry;
  }

  async dropTemporary(entry: TableEntry): Promise<void> {
    const { name } = entry;
    this.#engine.forget(entry);
    this.#files.release(name);
    // With the worker that held it the table is gone anyway.
    await this.#ask({}, () => ({ kind: "dropTable", name })).catch(() => {});
  }

  async registerModel(name: string, source: ModelSource, options: ModelOptions): Promise<ModelInfo> {
    const { labels, tokenizer, externalData = {} } = options;
    const sources = [source, Array.isArray(labels) ? undefined : labels, tokenizer, ...Object.values(externalData)];
    const waiter = this.#waiter(options, { expected: this.#expected(sources) });
    const loading = options.engine === "full" ? this.#engine.full(waiter) : this.#engine.prepare(waiter);
    const convert: Parameters<typeof readModelInput>[4] = (files, signature) =>
      this.#engine.convert(files, signature, waiter);
    const reading = Promise.all([readModelInput(source, options, this.#network, waiter, convert), loading]);
    return this.#inTurn(`model ${name}`, waiter, reading, async ([{ about, bytes, ...input }]) => {
      const entry = { kind: "registerModel", name, ...input } as const;
      const stage = { stage: "compile", label: name, loaded: 0, total: null, unit: "bytes" } as const;
      waiter.report({ ...stage, ratio: null, cached: false });
      // Told to another worker it gets the same number.
      const numbered = ({ version }: ModelInfo) => {
        entry.version.version = version;
      };
      const told = () => {
        entry.version.created = now();
        const told = this.#engine.told(entry, waiter.report, bytes);
        // They go to the worker; another one is told from the file.
        bytes = undefined;
        return told;
      };
      const info = await this.#ask(waiter, told, entry, numbered);
      if (about) await known(async () => (await logging()).tell(this, info, about));
      if (options.baseline !== undefined) await this.#setBaseline(name, options.baseline, options);
      waiter.end();
      return info;
    });
  }

  async #setBaseline(name: string, rows: string, { signal }: ModelOptions): Promise<void> {
    await this.query(`ALTER MODEL ${quoted(name)} SET BASELINE FROM (${rows})`, [], { signal });
  }

  async setModelAlias(name: string, alias: string, version: number): Promise<void> {
    const entry = { kind: "setModelAlias" as const, name, alias, version, moved: now() };
    await this.#ask({}, () => entry, entry);
  }

  /** Does what has to be done with what is read after the calls before it for the same name: the last call has the last word. */
  async #inTurn<R, T>(key: string, { signal }: Waiter, reading: Promise<R>, work: (read: R) => Promise<T>): Promise<T> {
    const before = this.#turns.get(key);
    const mine = (async () => {
      const read = await reading;
      await abortable(Promise.resolve(before?.catch(() => {})), signal);
      return work(read);
    })();
    this.#turns.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(key) === mine) this.#turns.delete(key);
    }
  }

  async dropTable(name: string): Promise<void> {
    const entry = { kind: "dropTable", name } as const;
    await this.#ask({}, () => entry, entry);
    this.#files.release(name);
  }

  async dropModel(name: string): Promise<void> {
    const entry = { kind: "dropModel", name } as const;
    await this.#ask({}, () => entry, entry);
  }

  async exportModel(name: string): Promise<Blob> {
    return known(async () => (await unlogging()).exported(this, this.#engine.entries, name));
  }

  async check(sql: string, { dialect }: TextOptions): Promise<CheckResult> {
    return this.#ask({}, () => ({ kind: "check", sql, dialect }));
  }

  async complete(sql: string, offset: number, { dialect }: TextOptions): Promise<Completion[]> {
    const place = Math.max(0, Math.trunc(offset) || 0);
    return this.#ask({}, () => ({ kind: "complete", sql, offset: place, dialect }));
  }

  async catalog(): Promise<Catalog> {
    this.#engine.assertOpen();
    return this.#engine.catalog();
  }

  /** Does not start the engine for the sake of a number. */
  async stats(): Promise<EngineStats> {
    const catalog = this.#engine.started ? await this.catalog() : undefined;
    const kept = await (await this.#network.kept)?.keys();
    const bytesOf = (items: readonly { bytes: number }[] = []) => items.reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      wasmBytes: catalog?.wasmBytes ?? 0,
      modelBytes: bytesOf(shared(catalog?.models)),
      tableBytes: bytesOf(catalog?.tables),
      cacheBytes: bytesOf(kept),
      requests: this.#network.requests.map((request) => ({ ...request })),
    };
  }

  /** The files of models that are kept: none where nothing is. */
  get cache(): ModelCache {
    const kept = async () => this.#network.kept;
    return {
      keys: async () => (await kept())?.keys() ?? [],
      delete: async (url) => (await kept())?.delete(resolve(url).href) ?? false,
      clear: async () => (await kept())?.clear(),
      persist: async () => (await kept())?.persist() ?? false,
    };
  }

  /** Parses and binds a statement once. */
  async prepare(sql: string, { dialect, ...options }: PrepareOptions): Promise<PreparedText> {
    const prepared = new PreparedText(++this.#lastStatement, { sql, dialect });
    const waiter = this.#waiter(options);
    try {
      const found = await this.#engine.ask(waiter, (connection) => prepared.prepare(connection, waiter.signal));
      if (found.statements.length !== 1) throw notOne(found.statements.length);
      prepared.columns = found.columns;
      prepared.params = found.params;
      return prepared;
    } catch (error) {
      throw await this.#explain(error, sql);
    }
  }

  /** The rows of one statement. Those of a small query are there with the first answer, and made a result at once. */
  async query<T>(text: string | PreparedText, values: Params, options: QueryRunOptions): Promise<Result<T>> {
    const run = await this.#begin(text, values, options);
    const { waiter } = run.asked;
    const done = run.opened.turn?.[5];
    if (!done) return (await resultsOf<T>(this.#goOn(run), options))[0] as Result<T>;
    const [columns, ipc, rows, progress] = run.opened.turn ?? [];
    if (progress && waiter.report !== unheard.report) waiter.report(progressOf(progress));
    waiter.end();
    this.#engine.ran(run.connection);
    const outcome = outcomeOf(endOf(done, run.waited));
    this.#log.statement(run.asked.sql, outcome.timings);
    const schema = columns && ipc ? { kind: "schema" as const, columns, ipc } : undefined;
    return new Result<T>(schema, rows ? [rows] : [], options, outcome);
  }

  /** Runs a text or a prepared statement and yields the pieces of its results as the reader asks for them. */
  async *run(text: string | PreparedText, values: Params, options: RunOptions): AsyncGenerator<Piece, void> {
    const run = await this.#begin(text, values, options);
    const pieces = this.#goOn(run);
    // Nobody waits for a change of the database that waits for its reader.
    yield* (await run.lock?.all(pieces)) ?? pieces;
  }

  /** Asks for the first turn of what a user asks. */
  async #begin(text: string | PreparedText, values: Params, options: RunOptions): Promise<Run> {
    const { batchSize, onError, many = false, one = false, tables = [] } = options;
    const prepared = typeof text === "string" ? undefined : text;
    const { sql, dialect } = typeof text === "string" ? { sql: text, dialect: options.dialect } : text.text;
    const waiter = this.#waiter(options, { rowsFollow: true });
    const began = performance.now();
    let lock: Lock | undefined;
    try {
      prepared?.assertUsable(options.dialect);
      const params = await toParams(values);
      lock = await this.#engine.lock(waiter, sql);
      const run = await this.#open(
        { sql, dialect, prepared, params, batchSize, onError, one, tables, waiter },
        0,
        began,
      );
      const { opened, connection } = run;
      if (!many && !opened.turn && opened.statements.length !== 1) {
        if (opened.script !== undefined) connection.free(opened.script);
        throw notOne(opened.statements.length);
      }
      // What gives rows at once only looks like a change.
      if (!opened.turn) return { ...run, lock };
      lock?.release();
      return run;
    } catch (error) {
      lock?.release();
      throw await this.#explain(error, sql);
    }
  }

  /** Asks for the first turn; `skip` statements of a text were run before. */
  async #open(asked: Asked, skip: number, began: number): Promise<Run> {
    const { sql, dialect, prepared, params, batchSize, onError, one, waiter } = asked;
    let connection: Connection | undefined;
    const opened = await this.#engine.ask(waiter, (current) => {
      connection = current;
      return prepared
        ? prepared.run(current, { params, batchSize, onError, one }, waiter.signal)
        : current.run({ kind: "run", params, batchSize, onError, one, sql, dialect, skip }, waiter.signal);
    });
    const waited = Math.max(0, performance.now() - began - opened.spent);
    return { asked, connection: connection as Connection, opened, waited };
  }

  /** The pieces of what was begun. Where another worker takes over, it goes on behind the last statement that was done. */
  async *#goOn(run: Run): AsyncGenerator<Piece, void> {
    const { asked, waited, lock } = run;
    const { sql, params, batchSize, onError, tables, waiter, one } = asked;
    // Alone, a statement may not tell the dialect of its text.
    const dialect = run.opened.dialect ?? asked.dialect;
    const change = { kind: "statement", params, batchSize, dialect, onError, tables } as const;
    // Statements that share variables, or the way through them, are run again together or not at all.
    const { statements, jumps } = run.opened;
    const together =
      jumps || /@@/.test(sql) || statements.some(({ verb }) => /^(DECLARE|SET|IF|WHILE|REPEAT|FOR|CALL)$/.test(verb));
    const fresh = () => ({ kept: new Map<string, Blob>(), moments: [] as Moment[] });
    const whole = { ...change, scope: "script", sql, ...fresh() } as const;
    const { signal, report } = waiter;
    const database = this.#options.name;
    const shared = { sql, signal, report, files: this.#files, engine: this.#engine, one, database, lock, together };
    const contextOf = () => ({ ...shared, ...(together ? whole : fresh()) });
    let current = run;
    let done = 0;
    let isChanged = false;
    try {
      for (;;) {
        const { connection, opened } = current;
        // Those that only set variables again have given their results.
        let repeated = together ? done : 0;
        let isFresh = true;
        try {
          for await (const { info, kept, moments, pieces } of statementsOf(connection, opened, contextOf)) {
            for await (const piece of pieces) {
              if (piece.kind !== "done") {
                isFresh = false;
                if (repeated === 0) yield piece;
                continue;
              }
              isFresh = true;
              if (repeated === 0) this.#log.statement(info ? sql.slice(info.from, info.to) : sql, piece.timings);
              if (piece.catalogChanged && info) {
                isChanged = true;
                const { from, to, verb } = info;
                const scope = verb === "CREATE OR REPLACE MODEL" ? "remake" : "statement";
                const entry = together
                  ? whole
                  : ({ ...change, scope, sql: sql.slice(from, to), kept, moments } as const);
                await this.#engine.changed(entry, connection, together);
              }
              if (repeated > 0) repeated--;
              else yield done++ === 0 ? queued(piece, waited) : piece;
            }
          }
          waiter.end();
          return;
        } catch (error) {
          // The engine says what it lacks before a statement has given or changed anything.
          if (!isFresh || !(await this.#engine.replaces(connection, error, waiter))) throw error;
          current = await this.#open(asked, together ? 0 : done, performance.now());
          if (isChanged && together) await this.#engine.changed(whole, current.connection, true);
        } finally {
          if (opened.script !== undefined) connection.free(opened.script);
          this.#engine.ran(connection);
        }
      }
    } catch (error) {
      throw await this.#explain(error, sql);
    } finally {
      try {
        if (isChanged && together) await this.#engine.changed(whole, current.connection);
      } finally {
        lock?.release();
      }
    }
  }

  /** What is to be told of a table, and what is to be done once that was told. */
  async #readTable(
    name: string,
    source: TableSource,
    options: TableOptions,
    waiter: Waiter,
  ): Promise<{ entry: TableEntry; commit(): void }> {
    const input = await readTable(source, options, this.#network, waiter);
    if (input.kind !== "files") {
      const { stream, ...told } = input;
      const commit = () => {
        this.#files.release(name);
        if (!stream) return;
        stream.isOnce ||= name.startsWith(temporaryPrefix);
        this.#files.streams.set(name, stream);
      };
      return { entry: { ...told, name }, commit };
    }
    const { files, commit } = await this.#files.stage(name, input.files, waiter.signal);
    return { entry: { kind: "registerObjects", name, files }, commit };
  }

  /** `entry` is what the answer changes; `hears` hears it before that is written down. */
  async #ask<R extends Request>(
    waiter: Waiter,
    request: () => R | Promise<R>,
    entry?: Entry,
    hears?: (reply: Reply<R>) => void,
  ): Promise<Reply<R>> {
    const question = async (connection: Connection) => {
      const reply = await connection.call(await request(), waiter.signal);
      hears?.(reply);
      return reply;
    };
    try {
      return await this.#engine.ask(waiter, question, entry);
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** What a caller is told: the engine's words as an error, and after a crash also what became of everything else. */
  async #explain(error: unknown, sql?: string): Promise<unknown> {
    if (error instanceof Failed) return fromFailure(error.failure, sql, error.refusal);
    if (!(error instanceof Crash)) return error;
    if (error instanceof RestMissing) return restMissing(error, await this.#engine.recovered());
    return problem("engine-crashed", `the engine stopped while it worked on this; ${await this.#engine.recovered()}`, {
      hint: "a smaller `batchSize`, fewer rows or a smaller model need less memory",
      detail: error.message,
      cause: error,
    });
  }

  /** How many downloads a call waits for: the engine's first one, and those of its sources. */
  #expected(sources: readonly unknown[]): number {
    const fetched = sources.filter((source) => typeof source === "string" || source instanceof URL);
    return fetched.length + (this.#engine.isLoaded ? 0 : 1);
  }

  /** The signal and the progress of one call, where the call may begin at all. */
  #waiter({ signal, onProgress }: CallOptions, bar: BarOptions = {}): Waiter & Bar {
    this.#engine.assertOpen();
    signal?.throwIfAborted();
    const sinks = [this.#options.onProgress, onProgress].filter((sink) => sink !== undefined);
    const { report, end } = sinks.length === 0 ? unheard : joined(sinks, bar);
    return { signal, report, end };
  }
}

/** The time as the engine has it. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function notOne(length: number) {
  return length === 0
    ? problem("empty-statement", "the text holds no statement")
    : problem("multiple-statements", `the text holds ${length} statements`, { hint: "run scripts with `exec`" });
}

/** One of the versions of each file: they share memory. */
function shared(models: readonly ModelInfo[] = []): ModelInfo[] {
  return [...new Map(models.map((model) => [model.sha256, model])).values()];
}
