// The `sql` template: finds out which of its values are parameters and which are tables.

import { problem } from "./errors.js";
import type { ExplainOptions, Params, ParamValue, QueryOptions, SqlValue, TableSource } from "./interface.js";
import type { Plan } from "./plan.js";
import type { Result } from "./result.js";
import { isTable } from "./sources.js";
import { tokens } from "./sql-text.js";

/**
 * A template whose tables have no names yet.
 * @internal
 */
export interface Template {
  params: Params;
  tables: TableSource[];
  /** The SQL text, given a name for each table. */
  text(names: readonly string[]): string;
}

/** Stands for a value while the text around it is read; no SQL text holds it. */
const hole = "\0";
const tableFollows = /^(FROM|JOIN|TABLE)$/i;
const fromEnds = /^(SELECT|WHERE|GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|UNION|INTERSECT|EXCEPT)$/i;

/** @internal */
export function compose(strings: readonly string[], values: readonly SqlValue[]): Template {
  const params: ParamValue[] = [];
  const tables: TableSource[] = [];
  const fills = tablePositions(strings).map((atTable, index) => {
    const value = values[index];
    if (atTable && isTable(value)) return tables.push(value) - 1;
    params.push(value as ParamValue);
    return undefined;
  });
  const text = (names: readonly string[]) =>
    strings.reduce((before, after, index) => {
      const table = fills[index - 1];
      return `${before}${table === undefined ? "?" : names[table]}${after}`;
    });
  return { params, tables, text };
}

/** For each value, whether SQL expects a table there: after FROM, JOIN, TABLE, or a comma between tables. */
function tablePositions(strings: readonly string[]): boolean[] {
  const positions: boolean[] = [];
  // Per level of parentheses, whether it is amid the tables of a FROM clause.
  const levels = [false];
  let before = "";
  for (const { text, kind } of tokens(strings.join(hole))) {
    if (text === hole) {
      positions.push(tableFollows.test(before) || (before === "," && levels.at(-1) === true));
    } else if (text.includes(hole)) {
      throw problem("value-in-quotes", `a value stands inside ${kind === "comment" ? "a comment" : "quotes"}`, {
        hint: "leave the quotes out: the value becomes a parameter",
        detail: text.replaceAll(hole, "…"),
      });
    }
    if (kind === "comment") continue;
    if (text === "(") levels.push(false);
    else if (text === ")" && levels.length > 1) levels.pop();
    else if (tableFollows.test(text)) levels[levels.length - 1] = true;
    else if (fromEnds.test(text)) levels[levels.length - 1] = false;
    before = text;
  }
  return positions;
}

/**
 * What a query needs to run: the database that made it.
 * @internal
 */
export interface Runner<T> {
  run(options: QueryOptions): Promise<Result<T>>;
  stream(options: QueryOptions): AsyncIterableIterator<Result<T>>;
  explain(options: ExplainOptions): Promise<Plan>;
}

/**
 * A query that has not begun: it runs when it is awaited, iterated batch by batch, or `run` with options.
 *
 * @example
 * const query = db.sql`SELECT * FROM ML.PREDICT(MODEL iris, TABLE ${file}) LIMIT ${5}`;
 * const result = await query;
 * const again = await query.run({ signal: AbortSignal.timeout(1000) });
 * for await (const batch of query) console.log(batch.numRows);
 */
export class Query<T> implements PromiseLike<Result<T>>, AsyncIterable<Result<T>> {
  readonly #runner: Runner<T>;
  #awaited: Promise<Result<T>> | undefined;

  /** @internal */
  constructor(runner: Runner<T>) {
    this.#runner = runner;
  }

  /** Runs the query, each time anew. */
  run(options: QueryOptions = {}): Promise<Result<T>> {
    return this.#runner.run(options);
  }

  /** How the query is carried out. */
  explain(options: ExplainOptions = {}): Promise<Plan> {
    return this.#runner.explain(options);
  }

  /** Runs the query once, however often it is awaited. */
  // biome-ignore lint/suspicious/noThenProperty: a query is awaited, as in the other SQL libraries of the language.
  then<A = Result<T>, B = never>(
    onResult?: ((result: Result<T>) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#awaited ??= this.run();
    return this.#awaited.then(onResult, onError);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Result<T>> {
    return this.#runner.stream({});
  }
}
