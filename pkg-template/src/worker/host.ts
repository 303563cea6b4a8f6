// Owns a wasm instance and answers one request at a time, in a worker or on the page's own thread. It fetches nothing
// and knows no page.

import { makeGlue } from "../glue/instance.js";
import type {
  Engine,
  EngineFailure,
  Prepared,
  Query,
  Script,
  ScriptOptions,
  StatementInfo,
  Turn,
} from "../glue/predictql.js";
import { convert } from "./converter.js";
import { Helpers, type Spawn } from "./helpers.js";
import { hasSharedMemory } from "./memory.js";
import { Pictures } from "./pictures.js";
import type { Answer, Before, Following, Moment, Opened, PreparedInfo, Reply, Request, Supply } from "./protocol.js";
import { Rest, RestFailed } from "./rest.js";
import { zoneOffsets } from "./time-zones.js";
import { Tokenizers } from "./tokenizers.js";

/** What the engine calls; one for all engines of a thread. */
const scope = globalThis as {
  predictqlPictures?: Pictures;
  predictqlTokenizers?: Tokenizers;
  predictqlZoneOffsets?: typeof zoneOffsets;
};

interface Run {
  /** None for a prepared statement. */
  script: Script | undefined;
  query: Query | undefined;
}

type Of<K extends Request["kind"]> = Extract<Request, { kind: K }>;

/** How long a turn may be, in milliseconds: after it, the event loop has its say, and the page hears how far it is. */
const patience = 8;

/** Bytes of memory beyond what tables and models take, above which another instance is better: 256 MiB. */
const swollen = 2 ** 28;

export class Host {
  readonly #rest = new Rest();
  readonly #runs = new Map<number, Run>();
  readonly #statements = new Map<number, { prepared: Prepared; statements: StatementInfo[] }>();
  #lastScript = 0;
  #started: { engine: Engine; memory: WebAssembly.Memory; helpers: Helpers | undefined } | undefined;
  readonly #spawn: Spawn | undefined;

  /** `spawn` is there where this thread may wait for others. */
  constructor(spawn?: Spawn) {
    this.#spawn = spawn;
  }

  async answer(request: Request): Promise<Answer> {
    let answer: Answer;
    try {
      if (request.kind === "convert") answer = { reply: convert(request) };
      else answer = { reply: request.kind === "start" ? await this.#start(request) : this.#reply(request) };
    } catch (error) {
      if (isFailure(error)) answer = this.#isSwollen() ? { failed: error, isSwollen: true } : { failed: error };
      // What was read of it is not to be used again.
      else if (error instanceof RestFailed) return { restFailed: error.message };
      else answer = { crashed: String(error) };
    }
    this.#started?.helpers?.startIfWanted();
    const rest = this.#rest.takeRead();
    return rest ? { ...answer, rest } : answer;
  }

  async #start({ module, rest, memoryLimit, threads }: Of<"start">): Promise<boolean> {
    this.#rest.expect(module, rest);
    const isShared = hasSharedMemory(module);
    const glue = makeGlue(this.#rest.imports, isShared);
    const first = await glue.default({ module_or_path: module });
    this.#rest.join(first);
    const { memory } = first;
    const spawn = this.#spawn;
    const helpers =
      spawn && isShared
        ? new Helpers(first, () => {
            const message = { kind: "help", module, rest: this.#rest.source, memory } as const;
            for (let thread = 1; thread < threads; thread++) spawn(message);
          })
        : undefined;
    scope.predictqlZoneOffsets = zoneOffsets;
    scope.predictqlPictures ??= new Pictures();
    scope.predictqlTokenizers ??= new Tokenizers();
    const engine = new glue.Engine(memoryLimit);
    this.#started = { engine, memory, helpers };
    return engine.isFull;
  }

  #reply(request: Exclude<Request, { kind: "start" | "convert" }>): Reply {
    const { engine, memory } = this.#running();
    switch (request.kind) {
      case "catalog":
        return { tables: engine.tables(), models: engine.models(), wasmBytes: memory.buffer.byteLength };
      case "registerTable":
        return engine.registerTable(request.name, request.bytes, request.format);
      case "registerObjects":
        return engine.registerObjects(request.name, request.objects);
      case "registerStream":
        return engine.registerStream(request.name, request.bytes, request.format, request.isEndless, request.size);
      case "registerModel":
        if (request.tokenizers) scope.predictqlTokenizers?.bring(request.tokenizers);
        return engine.registerModel(request.name, request.bytes, request.settings, request.files, request.version);
      case "setModelAlias":
        return void engine.setModelAlias(request.name, request.alias, request.version, request.moved);
      case "dropTable":
        return void engine.dropTable(request.name);
      case "dropModel":
        return void engine.dropModel(request.name);
      case "jobs":
        return engine.jobsSince(request.seen) as [number, Uint8Array<ArrayBuffer>];
      case "restoreJobs":
        return void engine.restoreJobs(request.rows);
      case "check":
        return engine.check(request.sql, request.dialect);
      case "complete":
        return engine.complete(request.sql, request.offset, request.dialect);
      case "prepare":
        return this.#prepare(request);
      case "forget":
        return this.#forget(request.statement);
      case "run":
        return this.#run(request);
      case "next":
        return this.#next(this.#runOf(request.script), request.before);
      case "step":
        return this.#queryOf(request.script).run(patience, request.one);
      case "supply":
        return supply(this.#queryOf(request.script), request.resource, request.answer);
      case "free":
        return this.#free(request.script);
      default:
        return unknown(request);
    }
  }

  /** Parses, binds and runs as far as one turn goes. */
  #run(request: Of<"run">): Opened {
    const began = performance.now();
    const run: Run = { script: undefined, query: undefined };
    const { params, batchSize, onError, one, before } = request;
    const moment = momentOf(before);
    let prepared: StatementInfo[] | undefined;
    const skip = "skip" in request ? request.skip : 0;
    let jumps = false;
    try {
      if ("statement" in request) {
        const statement = this.#preparedOf(request);
        prepared = statement.statements;
        run.query = statement.prepared.query(params, batchSize, onError === "null", request.again, ...moment);
      } else {
        const { sql, dialect } = request;
        run.script = this.#running().engine.script(
          sql,
          params,
          scriptOptions(batchSize, dialect, onError, request.replay),
        );
        jumps = run.script.length !== run.script.statements.length;
        if (skip > 0) run.script.skip(skip);
        if (run.script.length === 1) run.query = nextOf(run.script, moment, before);
      }
      const turn = run.query?.hasRows ? run.query.run(patience, one) : undefined;
      const isDone = turn?.[5] !== undefined;
      if (isDone) free(run);
      else this.#runs.set(++this.#lastScript, run);
      return {
        script: isDone ? undefined : this.#lastScript,
        statements: isDone ? [] : (run.script?.statements.slice(skip) ?? prepared ?? []),
        dialect: isDone ? undefined : run.script?.dialect,
        jumps,
        isBound: run.query !== undefined,
        turn,
        moment: isDone ? undefined : moment,
        spent: performance.now() - began,
      };
    } catch (error) {
      if (isFailure(error)) free(run);
      throw error;
    }
  }

  #prepare({ statement, sql, dialect }: Of<"prepare">): PreparedInfo {
    const script = this.#running().engine.script(sql, undefined, scriptOptions(undefined, dialect, undefined));
    try {
      const { statements } = script;
      const prepared = statements.length === 1 ? script.prepare() : undefined;
      if (!prepared) return { statements, columns: [], params: [] };
      this.#statements.set(statement, { prepared, statements });
      return { statements, columns: prepared.columns, params: prepared.params };
    } finally {
      script.free();
    }
  }

  #preparedOf({ statement, text }: Extract<Of<"run">, { statement: number }>) {
    if (text && !this.#statements.has(statement)) this.#prepare({ kind: "prepare", statement, ...text });
    const prepared = this.#statements.get(statement);
    if (!prepared) throw new Error(`no statement ${statement}`);
    return prepared;
  }

  #forget(statement: number): undefined {
    this.#statements.get(statement)?.prepared.free();
    this.#statements.delete(statement);
  }

  #next(run: Run, before: Before | undefined): Following | undefined {
    run.query?.free();
    run.query = undefined;
    const moment = momentOf(before);
    run.query = run.script && nextOf(run.script, moment, before);
    const [info] = run.query && run.script ? run.script.latest : [];
    return run.query && info && { info, moment, hasRows: run.query.hasRows };
  }

  #free(id: number): undefined {
    const run = this.#runOf(id);
    this.#runs.delete(id);
    free(run);
    if (this.#runs.size === 0) scope.predictqlPictures?.forget();
  }

  /** Memory that WebAssembly has taken it never gives back. */
  #isSwollen(): boolean {
    const bytes = this.#started?.memory.buffer.byteLength ?? 0;
    if (bytes < swollen) return false;
    const { engine } = this.#running();
    // A model takes a multiple of its file.
    const held = [...engine.tables(), ...engine.models()].reduce((sum, { bytes }) => sum + 3 * bytes, 0);
    return bytes - held > swollen;
  }

  #running() {
    if (!this.#started) throw new Error("the engine has not started");
    return this.#started;
  }

  #runOf(id: number): Run {
    const run = this.#runs.get(id);
    if (!run) throw new Error(`no script ${id}`);
    return run;
  }

  #queryOf(id: number): Query {
    const { query } = this.#runOf(id);
    if (!query) throw new Error(`no query in script ${id}`);
    return query;
  }
}

/** When a statement runs: now, unless it has run before. */
function momentOf(before: Before | undefined): Moment {
  return before?.moment ?? [performance.timeOrigin + performance.now(), Math.random()];
}

function nextOf(script: Script, [now, luck]: Moment, before: Before | undefined): Query | undefined {
  script.at(now, luck, before?.log);
  return script.next();
}

function free({ script, query }: Run): void {
  query?.free();
  script?.free();
}

function supply(query: Query, resource: number, answer: Supply): undefined {
  if ("bytes" in answer) {
    if (answer.pixels) scope.predictqlPictures?.keep(answer.bytes, answer.pixels);
    query.supply(resource, answer.bytes);
  } else if ("decoder" in answer) {
    scope.predictqlPictures?.bring(answer.decoder);
    query.supply(resource, new Uint8Array());
  } else if ("tokenizers" in answer) {
    scope.predictqlTokenizers?.bring(answer.tokenizers);
    query.supply(resource, new Uint8Array());
  } else if ("objects" in answer) query.supplyObjects(resource, answer.objects);
  else query.refuse(resource, answer.refusal);
}

function scriptOptions(
  batchSize: number | undefined,
  dialect: ScriptOptions["dialect"] | undefined,
  onError: ScriptOptions["onError"] | undefined,
  replay = false,
): ScriptOptions | undefined {
  const options: ScriptOptions = {};
  if (batchSize !== undefined) options.batchSize = batchSize;
  if (dialect !== undefined) options.dialect = dialect;
  if (onError !== undefined) options.onError = onError;
  if (replay) options.replay = true;
  return Object.keys(options).length === 0 ? undefined : options;
}

function unknown(request: never): never {
  throw new Error(`unknown request ${JSON.stringify(request)}`);
}

function isFailure(error: unknown): error is EngineFailure {
  return typeof error === "object" && error !== null && (error as Partial<EngineFailure>).failure === "predictql";
}

/** Below this, a copy is quicker than a change of hands. */
const smallBytes = 16_384;

/** Large results change hands without a copy. */
export function transferable(answer: Answer): Transferable[] {
  const reply = "reply" in answer ? answer.reply : undefined;
  if (reply instanceof Uint8Array) return [reply.buffer as ArrayBuffer];
  const turn: unknown = reply && typeof reply === "object" && "turn" in reply ? reply.turn : reply;
  if (!Array.isArray(turn)) return [];
  const rows = (turn as Turn)[2];
  return rows instanceof Uint8Array && rows.byteLength > smallBytes ? [rows.buffer as ArrayBuffer] : [];
}
