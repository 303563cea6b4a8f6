// A statement that is sent to a worker once, and then only its parameters: also to the worker after one that ended.

import { checkOptions, takes } from "./arguments.js";
import type { Client } from "./client.js";
import { abortable, type Connection } from "./connection.js";
import { problem } from "./errors.js";
import type { ColumnInfo, ScriptOptions } from "./glue/predictql.js";
import type { Params, QueryOptions, Row } from "./interface.js";
import { batchesOf, type Result } from "./result.js";
import type { Opened, PreparedInfo, Request } from "./worker/protocol.js";

type Asked = Pick<Extract<Request, { kind: "run" }>, "params" | "batchSize" | "onError" | "one">;

/**
 * A prepared statement: parsed and bound once, to run with many values.
 *
 * @example
 * await using statement = await db.prepare("SELECT * FROM flowers WHERE petal_width > @least");
 * const wide = await statement.query({ least: 2.4 });
 * for await (const batch of statement.stream({ least: 1 })) append(batch.rows);
 */
export class Statement<T = Row> implements AsyncDisposable {
  readonly #client: Client;
  readonly #text: PreparedText;

  /** @internal */
  constructor(client: Client, text: PreparedText) {
    this.#client = client;
    this.#text = text;
  }

  /** The columns of its latest result, or before the first one what they will be as far as the text tells. */
  get columns(): readonly ColumnInfo[] {
    return this.#text.columns;
  }

  /**
   * Its parameters with the types that the text makes of them: `?` by their numbers from 1, `@name` by their names. They
   * take what those of `query` take.
   */
  get params(): readonly ColumnInfo[] {
    return this.#text.params;
  }

  /** Runs it with these values. The dialect is the one that it was prepared in. */
  async query(params: Params = [], options: QueryOptions = {}): Promise<Result<T>> {
    checkOptions("query", options, takes.query);
    return this.#client.query<T>(this.#text, params, options);
  }

  /** Runs it with these values and yields its rows as they are computed, as `PredictQL.stream` does. */
  stream(params: Params = [], options: QueryOptions = {}): AsyncIterableIterator<Result<T>> {
    checkOptions("stream", options, takes.query);
    return batchesOf<T>(this.#client.run(this.#text, params, { ...options, one: true }), options);
  }

  /** Lets go of it. What runs goes on. */
  async close(): Promise<void> {
    this.#text.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** @internal */
export class PreparedText {
  columns: ColumnInfo[] = [];
  params: ColumnInfo[] = [];
  readonly text: { sql: string; dialect: ScriptOptions["dialect"] | undefined };
  readonly #number: number;
  /** Workers that have the statement. */
  readonly #told = new WeakSet<Connection>();
  /** The columns of its latest query with rows, and the worker that told them. */
  #schema: { columns: ColumnInfo[]; ipc: Uint8Array; from: Connection } | undefined;
  #connection: Connection | undefined;
  #isClosed = false;

  constructor(number: number, text: PreparedText["text"]) {
    this.#number = number;
    this.text = text;
  }

  async prepare(connection: Connection, signal: AbortSignal | undefined): Promise<PreparedInfo> {
    const preparing = connection.call({ kind: "prepare", statement: this.#number, ...this.text }, signal);
    const heard = preparing.then((found) => {
      this.#has(connection);
      return found;
    });
    try {
      return await abortable(heard, signal);
    } catch (error) {
      // Given up, and done all the same: nobody will use it.
      heard.then(() => this.close()).catch(() => {});
      throw error;
    }
  }

  async run(connection: Connection, asked: Asked, signal: AbortSignal | undefined): Promise<Opened> {
    const { params, batchSize, onError, one } = asked;
    const text = this.#told.has(connection) ? undefined : this.text;
    const again = this.#schema?.from !== connection;
    const hears = (opened: Opened) => {
      this.#has(connection);
      const { turn } = opened;
      if (turn?.[0] && turn[1]) this.#schema = { columns: turn[0], ipc: turn[1], from: connection };
      // Answers come in the order of the questions: those before this one were heard.
      if (turn?.[0] === null) [turn[0], turn[1]] = [this.#schema?.columns, this.#schema?.ipc];
      if (turn?.[0]) this.columns = turn[0];
    };
    const statement = this.#number;
    return connection.run({ kind: "run", params, batchSize, onError, one, statement, text, again }, signal, hears);
  }

  /** `dialect` is the one that a query asks for. */
  assertUsable(dialect: ScriptOptions["dialect"] | undefined): void {
    if (this.#isClosed) {
      throw problem("closed", "the statement is closed", { hint: "prepare it again" });
    }
    if (dialect !== undefined && dialect !== this.text.dialect) {
      throw problem("invalid-option", "a prepared statement keeps the dialect that it was prepared in", {
        hint: `prepare it with { dialect: "${dialect}" }`,
      });
    }
  }

  /** Lets the worker forget it, without waiting. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection?.call({ kind: "forget", statement: this.#number }).catch(() => {});
  }

  #has(connection: Connection): void {
    this.#told.add(connection);
    this.#connection = connection;
  }
}
