/// <reference lib="esnext.disposable" preserve="true" />
// The class that users hold.

import { checkOptions, checkText, takes } from "./arguments.js";
import { Client } from "./client.js";
import { PredictError } from "./errors.js";
import type { CheckResult, ColumnInfo, Completion, ModelInfo, TableInfo, Timings } from "./glue/predictql.js";
import type {
  CallOptions,
  EngineInfo,
  EngineStats,
  ExplainOptions,
  ModelCache,
  ModelOptions,
  ModelSource,
  Params,
  ParamValue,
  PredictOptions,
  PrepareOptions,
  QueryOptions,
  Row,
  SqlValue,
  TableOptions,
  TableSource,
  TextOptions,
  WarmupOptions,
} from "./interface.js";
import type { TableEntry } from "./journal.js";
import { planning, warming } from "./parts.js";
import type { Plan, PlanRow } from "./plan.js";
import { Statement } from "./prepared.js";
import { batchesOf, noTime, type Result, resultsOf, streamOf } from "./result.js";
import { compose, Query, type Template } from "./sql-tag.js";
import { quoted } from "./sql-text.js";

/**
 * SQL predictions in the page. Models, rows and pictures stay on the device: the engine runs in a worker of its own.
 *
 * @example
 * import { PredictQL } from "predictql";
 *
 * const db = new PredictQL();
 * await db.registerModel("iris", "/models/iris.onnx");
 * await db.registerTable("flowers", "/data/iris.csv");
 * const result = await db.query("SELECT label, probabilities FROM ML.PREDICT(MODEL iris, TABLE flowers)");
 * console.table(result.rows);
 */
export class PredictQL implements AsyncDisposable {
  /** Which SQL it speaks. */
  readonly dialect = "bigquery";
  readonly #client: Client;

  /** Returns at once: the engine is loaded by the first call that needs it. */
  constructor(options: PredictOptions = {}) {
    checkOptions("PredictQL", options, takes.database);
    this.#client = new Client(options);
  }

  /** Like `new`, but waits until the engine is ready. */
  static async create(options: PredictOptions = {}): Promise<PredictQL> {
    const db = new PredictQL(options);
    await db.ready;
    return db;
  }

  /**
   * A database with these tables: Observable's way to make one.
   *
   * @example
   * const db = await PredictQL.of({ flowers: "/data/iris.csv", points: [{ x: 1 }] });
   */
  static async of(sources: Record<string, TableSource>, options: PredictOptions = {}): Promise<PredictQL> {
    const db = new PredictQL(options);
    try {
      await Promise.all(Object.entries(sources).map(([name, source]) => db.registerTable(name, source)));
    } catch (error) {
      await db.close();
      throw error;
    }
    return db;
  }

  /** Loads the engine where that has not happened yet. After a failure, reading it again tries again. */
  get ready(): Promise<EngineInfo> {
    return this.#client.info();
  }

  get closed(): boolean {
    return this.#client.closed;
  }

  /**
   * Makes a table, in place of the one that had the name.
   *
   * @example
   * await db.registerTable("flowers", "/data/iris.csv");
   * await db.registerTable("upload", input.files[0], { delimiter: ";" });
   * await db.registerTable("points", [{ x: 1, y: 2.5 }, { x: 2, y: null }]);
   * await db.registerTable("photos", input.files); // an object table: uri, size, content_type, updated, data
   */
  async registerTable(name: string, source: TableSource, options: TableOptions = {}): Promise<TableInfo> {
    checkText("registerTable", "name", name);
    checkOptions("registerTable", options, takes.table);
    return this.#client.registerTable(name, source, options);
  }

  /**
   * Makes a model known, in place of the one that had the name: an ONNX file, or a booster of XGBoost (JSON, UBJSON) or
   * LightGBM (text), or a version in a registry of MLflow's, `https://host/#models:/iris@champion`. With `version` or `alias` it is another version of it: `MODEL iris@2`, `MODEL iris@champion`.
   *
   * @example
   * const { inputs, outputs } = await db.registerModel("iris", "/models/iris.onnx", {
   *   labels: ["setosa", "versicolor", "virginica"],
   *   inputs: { x: { columns: ["sepal_length", "sepal_width", "petal_length", "petal_width"] } },
   *   onProgress: ({ ratio }) => { bar.value = ratio ?? 0; },
   * });
   */
  async registerModel(name: string, source: ModelSource, options: ModelOptions = {}): Promise<ModelInfo> {
    checkText("registerModel", "name", name);
    checkOptions("registerModel", options, takes.model);
    return this.#client.registerModel(name, source, options);
  }

  /**
   * Gives a file a name that SQL can use in MODEL_PATH and `uris`. Any name will do, so that a text written for
   * BigQuery runs unchanged. Into the handle of a file, or a stream of bytes, EXPORT DATA writes.
   *
   * @example
   * await db.registerFile("gs://bucket/iris.onnx", file);
   * await db.query("CREATE MODEL iris OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'gs://bucket/iris.onnx')");
   * await db.registerFile("scores.csv", handle); // of showSaveFilePicker()
   * await db.query("EXPORT DATA OPTIONS (uri = 'scores.csv', format = 'CSV') AS SELECT * FROM scores");
   */
  async registerFile(
    name: string,
    source: ModelSource | FileSystemFileHandle | WritableStream<Uint8Array>,
    options: CallOptions = {},
  ): Promise<void> {
    checkText("registerFile", "name", name);
    checkOptions("registerFile", options, takes.call);
    return this.#client.registerFile(name, source, options);
  }

  /**
   * The bytes of a file by the name that SQL has for it: one that was registered, or that EXPORT DATA has written.
   *
   * @example
   * await db.query("EXPORT DATA OPTIONS (uri = 'scores.parquet', format = 'PARQUET') AS SELECT * FROM scores");
   * const file = await db.readFile("scores.parquet");
   */
  async readFile(name: string, options: CallOptions = {}): Promise<Blob> {
    checkText("readFile", "name", name);
    checkOptions("readFile", options, takes.call);
    return this.#client.readFile(name, options);
  }

  /**
   * Runs one statement. `?` stands for the values of a list, `@name` for those of an object.
   *
   * @example
   * const { rows } = await db.query("SELECT * FROM flowers WHERE petal_width > ?", [1.5]);
   * const first = await db.query("SELECT * FROM flowers LIMIT @count", { count: 1 }, { signal });
   */
  async query<T = Row>(sql: string, params: Params = [], options: QueryOptions = {}): Promise<Result<T>> {
    checkText("query", "sql", sql);
    checkOptions("query", options, takes.query);
    return this.#client.query<T>(sql, params, options);
  }

  /**
   * A query as a template. Values become parameters; a File, rows, columns or an Arrow table that stand where SQL
   * expects a table (after FROM, JOIN, TABLE) are one for this query.
   *
   * @example
   * const rows = [{ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }];
   * for (const row of await db.sql`SELECT label FROM ML.PREDICT(MODEL iris, TABLE ${rows})`) console.log(row.label);
   */
  sql<T = Row>(strings: TemplateStringsArray, ...values: SqlValue[]): Query<T> {
    const template = compose(strings, values);
    return new Query<T>({
      run: async (options) => {
        checkOptions("run", options, takes.query);
        return this.#resultOf<T>(template, options);
      },
      stream: (options) => batchesOf<T>(this.#runTemplate(template, { ...options, one: true }), options),
      explain: (options) => this.#explain(template, options),
    });
  }

  /**
   * Runs one statement and yields its rows as they are computed. The engine works only while the next batch is asked
   * for; `break` cancels the rest.
   *
   * @example
   * for await (const batch of db.stream("SELECT uri, label FROM ML.PREDICT(MODEL m, TABLE photos)", [], { batchSize: 16 })) {
   *   append(batch.rows);
   * }
   */
  stream<T = Row>(sql: string, params: Params = [], options: QueryOptions = {}): AsyncIterableIterator<Result<T>> {
    checkText("stream", "sql", sql);
    checkOptions("stream", options, takes.query);
    return batchesOf<T>(this.#client.run(sql, params, { ...options, one: true }), options);
  }

  /**
   * Runs a script and answers one result for each of its statements.
   *
   * @example
   * await db.exec(`
   *   CREATE MODEL iris OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = '/models/iris.onnx');
   *   SELECT label FROM ML.PREDICT(MODEL iris, TABLE flowers);
   * `);
   */
  async exec(script: string, options: QueryOptions = {}): Promise<Result[]> {
    checkText("exec", "script", script);
    checkOptions("exec", options, takes.query);
    return resultsOf(this.#client.run(script, [], { ...options, many: true }), options);
  }

  /**
   * Prepares a statement: it is parsed and bound once, then only the values of its parameters travel. After a change of
   * the tables or models that it names, it is bound again by itself; a table or model that is gone is an error of the
   * query.
   *
   * @example
   * const statement = await db.prepare("SELECT label FROM ML.PREDICT(MODEL iris, (SELECT ? AS petal_length, ? AS petal_width))");
   * slider.oninput = async () => {
   *   const { rows } = await statement.query([slider.valueAsNumber, 0.2]);
   *   output.textContent = rows[0].label;
   * };
   */
  async prepare<T = Row>(sql: string, options: PrepareOptions = {}): Promise<Statement<T>> {
    checkText("prepare", "sql", sql);
    checkOptions("prepare", options, takes.prepare);
    return new Statement<T>(this.#client, await this.#client.prepare(sql, options));
  }

  /**
   * Scores rows without SQL: `SELECT * FROM ML.PREDICT(MODEL model, TABLE data)`, with `data` as a table for this once.
   *
   * @example
   * const result = await db.predict("iris", [{ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }]);
   * await db.predict("iris", file, { signal });
   */
  async predict<T = Row>(model: string, data: TableSource, options: QueryOptions = {}): Promise<Result<T>> {
    checkText("predict", "model", model);
    checkOptions("predict", options, takes.query);
    const text = ([table]: readonly string[]) => `SELECT * FROM ML.PREDICT(MODEL ${quoted(model)}, TABLE ${table})`;
    return this.#resultOf<T>({ params: [], tables: [data], text }, { ...options, dialect: "bigquery" });
  }

  /**
   * How a query is carried out, and with `analyze` also how long that takes.
   *
   * @example
   * const { text, tree } = await db.explain("SELECT label FROM ML.PREDICT(MODEL iris, TABLE flowers)", [], { analyze: true });
   * pre.textContent = text;
   */
  async explain(sql: string, params: Params = [], options: ExplainOptions = {}): Promise<Plan> {
    checkText("explain", "sql", sql);
    return this.#explain({ params, tables: [], text: () => sql }, options);
  }

  /**
   * A version of a model as the folder that MLflow logs, in a zip: `MLmodel` with the signature and what is known of the
   * version, the model's own file, and what Python needs to serve it.
   *
   * @example
   * const zip = await db.exportModel("iris@champion");
   */
  async exportModel(name: string): Promise<Blob> {
    checkText("exportModel", "name", name);
    return this.#client.exportModel(name);
  }

  /** What is wrong with a text, and what it would answer, without running it: for editors. */
  async check(sql: string, options: TextOptions = {}): Promise<CheckResult> {
    checkText("check", "sql", sql);
    checkOptions("check", options, takes.text);
    return this.#client.check(sql, options);
  }

  /**
   * What may be written at an offset of a text, which may be unfinished: columns of the tables in sight, tables, models,
   * functions, keywords, options. A completion replaces what was begun of it before the offset, back to a dot, a blank or
   * a quote.
   *
   * @example
   * const words = await db.complete("SELECT pet FROM flowers", 10);
   * // [{ label: "petal_length", type: "column", detail: "FLOAT64", info: "of flowers" }, …]
   */
  async complete(sql: string, offset: number, options: TextOptions = {}): Promise<Completion[]> {
    checkText("complete", "sql", sql);
    checkOptions("complete", { offset: offset ?? null }, takes.complete);
    checkOptions("complete", options, takes.text);
    return this.#client.complete(sql, offset, options);
  }

  async tables(): Promise<TableInfo[]> {
    return (await this.#client.catalog()).tables;
  }

  async models(): Promise<ModelInfo[]> {
    return (await this.#client.catalog()).models;
  }

  /**
   * Hears of every change of tables, models, versions and aliases, also of those that other tabs make to a named database.
   * Answers what ends it.
   *
   * @example
   * const stop = db.on("catalogchange", async () => render(await db.models()));
   */
  on(event: "catalogchange", listener: () => void): () => void {
    checkOptions("on", { event: event ?? null, listener: listener ?? null }, takes.on);
    // The same function may listen twice.
    const own = () => listener();
    this.#client.listeners.add(own);
    return () => {
      this.#client.listeners.delete(own);
    };
  }

  async dropTable(name: string): Promise<void> {
    checkText("dropTable", "name", name);
    return this.#client.dropTable(name);
  }

  /**
   * Gives a version of a model a name that moves: `MODEL iris@champion` is another version from then on.
   *
   * @example
   * await db.registerModel("iris", "/models/iris-2.onnx", { version: 2 });
   * await db.setModelAlias("iris", "champion", 2);
   */
  async setModelAlias(model: string, alias: string, version: number): Promise<void> {
    checkText("setModelAlias", "model", model);
    checkText("setModelAlias", "alias", alias);
    checkOptions("setModelAlias", { version: version ?? null }, takes.version);
    return this.#client.setModelAlias(model, alias, version);
  }

  /** Takes a model away, `"iris"`, or a version of it, `"iris@2"`: not the default one, nor one with an alias. */
  async dropModel(name: string): Promise<void> {
    checkText("dropModel", "name", name);
    return this.#client.dropModel(name);
  }

  /**
   * Makes a model ready for batches of this many rows, by rows of zeros that nobody sees: the first prediction is as quick
   * as the second. What the model says of such rows, a refusal included, is of no interest.
   *
   * @example
   * await db.registerModel("resnet", "/models/resnet.onnx");
   * const { total } = await db.warmup("resnet", { batchSize: 8 });
   */
  async warmup(model: string, options: WarmupOptions = {}): Promise<Timings> {
    checkText("warmup", "model", model);
    checkOptions("warmup", options, takes.warmup);
    const { warmupQuery } = await warming();
    const { batchSize = 1, ...rest } = options;
    const began = performance.now();
    const sql = warmupQuery(model, await this.models(), batchSize);
    try {
      return (await this.#client.query(sql, [], rest)).timings;
    } catch (error) {
      if (!(error instanceof PredictError) || error.code === "unknown-model" || this.closed) throw error;
      return { ...noTime, total: performance.now() - began };
    }
  }

  /**
   * The files of models that were downloaded and are kept for the next visit.
   *
   * @example
   * for (const { url, bytes } of await db.cache.keys()) console.log(url, bytes);
   * await db.cache.clear();
   */
  get cache(): ModelCache {
    return this.#client.cache;
  }

  /** Memory, and every request that was made. */
  stats(): Promise<EngineStats> {
    return this.#client.stats();
  }

  // Observable's DatabaseClient, so that its cells and tables work with a database as it is.

  /** The text and the values of a template, for `query`. */
  queryTag(strings: TemplateStringsArray, ...values: ParamValue[]): [string, ParamValue[]] {
    return [strings.join("?"), values];
  }

  /** Runs one statement; its columns are known before its rows are read. */
  async queryStream(
    sql: string,
    params: Params = [],
    options: QueryOptions = {},
  ): Promise<{ schema: ColumnInfo[]; readRows(): AsyncGenerator<Row[]> }> {
    checkText("queryStream", "sql", sql);
    checkOptions("queryStream", options, takes.query);
    const pieces = this.#client.run(sql, params, { ...options, one: true });
    const { schema, batches } = await streamOf<Row>(pieces, options);
    return {
      schema,
      async *readRows() {
        for await (const batch of batches) yield batch.rows;
      },
    };
  }

  /** The first row, or null where there is none. */
  async queryRow<T = Row>(sql: string, params: Params = [], options: QueryOptions = {}): Promise<T | null> {
    return (await this.query<T>(sql, params, options)).at(0) ?? null;
  }

  async describeTables(): Promise<{ name: string }[]> {
    return (await this.tables()).map(({ name }) => ({ name }));
  }

  async describeColumns({ table }: { table: string }): Promise<ColumnInfo[]> {
    checkText("describeColumns", "table", table);
    const sql = `SELECT * FROM ${quoted(table)}`;
    const { columns, diagnostics } = await this.check(sql);
    if (diagnostics.some(({ severity }) => severity === "error")) throw new PredictError({ diagnostics, sql });
    return columns;
  }

  /** A name as SQL takes it, whatever it holds. */
  escape(id: string): string {
    checkText("escape", "name", id);
    return quoted(id);
  }

  /** Ends the worker. What still runs rejects with a `PredictError` of code "closed". */
  async close(): Promise<void> {
    this.#client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #resultOf<T>(template: Template, options: QueryOptions): Promise<Result<T>> {
    return (await resultsOf<T>(this.#runTemplate(template, options), options))[0] as Result<T>;
  }

  async #explain({ text, ...rest }: Template, asked: ExplainOptions): Promise<Plan> {
    checkOptions("explain", asked, takes.explain);
    const { analyze = false, ...options } = asked;
    const explained = (names: readonly string[]) => `EXPLAIN ${analyze ? "ANALYZE " : ""}${text(names)}`;
    const { planOf } = await planning();
    return planOf(await this.#resultOf<PlanRow>({ ...rest, text: explained }, options), analyze);
  }

  async *#runTemplate({ params, tables: sources, text }: Template, options: QueryOptions & { one?: boolean }) {
    const tables: TableEntry[] = [];
    try {
      for (const source of sources) tables.push(await this.#client.addTemporary(source, options));
      const names = tables.map(({ name }) => name);
      yield* this.#client.run(text(names), params, { ...options, tables });
    } finally {
      for (const table of tables) await this.#client.dropTemporary(table);
    }
  }
}
