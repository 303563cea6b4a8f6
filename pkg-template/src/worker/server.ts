// The worker's side: owns the wasm instance and answers one request at a time. It fetches nothing and knows no page.

import init, {
  Engine,
  type EngineFailure,
  type Query,
  type Script,
  type ScriptOptions,
  type Step,
} from "../glue/predictql.js";
import type { Answer, Reply, Request, Supply } from "./protocol.js";
import { zoneOffsets } from "./time-zones.js";

/** A worker's global scope; TypeScript's own declaration cannot stand beside that of a page. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(answer: Answer, transfer: Transferable[]): void;
}

interface Run {
  script: Script;
  query: Query | undefined;
}

/** Progress is news only so often; in between, the query goes on without asking. */
const patience = 8;

const scope = globalThis as unknown as WorkerScope;
const runs = new Map<number, Run>();
let lastScript = 0;
let engine: Engine;
let memory: WebAssembly.Memory;

scope.onmessage = async ({ data }) => {
  try {
    const reply = await replyTo(data);
    scope.postMessage({ reply }, transferable(reply));
  } catch (error) {
    scope.postMessage(isFailure(error) ? { failed: error } : { crashed: String(error) }, []);
  }
};

function replyTo(request: Request): Reply | Promise<Reply> {
  switch (request.kind) {
    case "start":
      return start(request.module);
    case "catalog":
      return { tables: engine.tables(), models: engine.models(), wasmBytes: memory.buffer.byteLength };
    case "registerTable":
      return engine.registerTable(request.name, request.bytes, request.format);
    case "registerObjects":
      return engine.registerObjects(request.name, request.objects);
    case "registerModel":
      return engine.registerModel(request.name, request.bytes, request.settings, request.files);
    case "dropTable":
      return void engine.dropTable(request.name);
    case "dropModel":
      return void engine.dropModel(request.name);
    case "check":
      return engine.check(request.sql);
    case "open":
      return open(engine.script(request.sql, request.params, optionsOf(request)));
    case "next":
      return next(runOf(request.script));
    case "step":
      return step(queryOf(request.script));
    case "supply":
      return supply(queryOf(request.script), request.resource, request.answer);
    case "free":
      return free(request.script);
    default:
      return unknown(request);
  }
}

async function start(module: WebAssembly.Module): Promise<undefined> {
  ({ memory } = await init({ module_or_path: module }));
  Object.assign(globalThis, { predictqlZoneOffsets: zoneOffsets });
  engine = new Engine();
}

function open(script: Script) {
  runs.set(++lastScript, { script, query: undefined });
  return { script: lastScript, statements: script.statements };
}

function next(run: Run) {
  run.query?.free();
  run.query = undefined;
  run.query = run.script.next();
  return run.query && { columns: run.query.columns };
}

/** Goes on to the next piece or need; the last count of rows on the way there comes with it, at no message of its own. */
function step(query: Query): Step[] {
  const until = performance.now() + patience;
  let counted: Step | undefined;
  for (;;) {
    const step = query.step();
    if (step.kind !== "progress") return counted ? [counted, step] : [step];
    if (step.progress.loaded > 0) counted = step;
    if (performance.now() >= until) return [counted ?? step];
  }
}

function supply(query: Query, resource: number, answer: Supply): undefined {
  if ("bytes" in answer) query.supply(resource, answer.bytes);
  else if ("objects" in answer) query.supplyObjects(resource, answer.objects);
  else query.refuse(resource, answer.refusal);
}

function free(id: number): undefined {
  const { script, query } = runOf(id);
  runs.delete(id);
  query?.free();
  script.free();
}

function runOf(id: number): Run {
  const run = runs.get(id);
  if (!run) throw new Error(`no script ${id}`);
  return run;
}

function queryOf(id: number): Query {
  const { query } = runOf(id);
  if (!query) throw new Error(`no query in script ${id}`);
  return query;
}

function optionsOf({ batchSize, dialect }: Extract<Request, { kind: "open" }>): ScriptOptions {
  return { ...(batchSize === undefined ? {} : { batchSize }), ...(dialect === undefined ? {} : { dialect }) };
}

function unknown(request: never): never {
  throw new Error(`unknown request ${JSON.stringify(request)}`);
}

function isFailure(error: unknown): error is EngineFailure {
  return typeof error === "object" && error !== null && (error as Partial<EngineFailure>).failure === "predictql";
}

/** Results change hands without a copy. */
function transferable(reply: Reply): Transferable[] {
  const steps = Array.isArray(reply) ? reply : [];
  return steps.flatMap((step) => ("ipc" in step && step.ipc ? [step.ipc.buffer as ArrayBuffer] : []));
}
