// Brings the engine to the page: picks and compiles the wasm file, starts the worker, and explains what went wrong.

import { describe } from "./arguments.js";
import { supports, supportsSharedMemory } from "./detect.js";
import { type PredictError, problem, wordsOf } from "./errors.js";
import type { EngineInfo, PredictOptions } from "./interface.js";
import { expect, labelOf, type Network, unreachable } from "./network.js";
import { platform } from "./platform.js";
import type { Report } from "./progress.js";
import { hasSharedMemory } from "./worker/memory.js";
import type { WorkerLike } from "./worker/protocol.js";
import { type RestSource, restOf } from "./worker/rest.js";

export type EngineKind = EngineInfo["engine"];

/** Bytes of the wasm files that this build of the package holds. */
declare const WASM_BYTES: { readonly [variant in "tables" | "relaxed" | "simd" | "threads"]?: number };
declare const VERSION: string;

// Bundlers copy the files that are named in exactly this form.
const tables = WASM_BYTES.tables
  ? { name: "tables.wasm", bytes: WASM_BYTES.tables, file: () => new URL("./wasm/tables.wasm", import.meta.url) }
  : undefined;
const relaxed = WASM_BYTES.relaxed
  ? { name: "relaxed.wasm", bytes: WASM_BYTES.relaxed, file: () => new URL("./wasm/relaxed.wasm", import.meta.url) }
  : undefined;
const simd = WASM_BYTES.simd
  ? { name: "simd.wasm", bytes: WASM_BYTES.simd, file: () => new URL("./wasm/simd.wasm", import.meta.url) }
  : undefined;
const shared = WASM_BYTES.threads
  ? { name: "threads.wasm", bytes: WASM_BYTES.threads, file: () => new URL("./wasm/threads.wasm", import.meta.url) }
  : undefined;

/** The files that the first one of an engine needs later, by the names that it has for them. */
const rests: Readonly<Record<string, (() => URL) | undefined>> = {
  "tables.rest.wasm": WASM_BYTES.tables ? () => new URL("./wasm/tables.rest.wasm", import.meta.url) : undefined,
  "relaxed.rest.wasm": WASM_BYTES.relaxed ? () => new URL("./wasm/relaxed.rest.wasm", import.meta.url) : undefined,
  "simd.rest.wasm": WASM_BYTES.simd ? () => new URL("./wasm/simd.rest.wasm", import.meta.url) : undefined,
  "threads.rest.wasm": WASM_BYTES.threads ? () => new URL("./wasm/threads.rest.wasm", import.meta.url) : undefined,
};

/** The first files of each engine. */
const engines = {
  tables: { shared: undefined, relaxed: undefined, simd: tables },
  full: { shared, relaxed, simd },
};

/** Threads that compute where nobody says how many: more gain little, and the cores of small devices are not all alike. */
const enough = 8;

const bundlerHint =
  "publish the package's files unchanged: Vite 7 and older need `optimizeDeps: { exclude: ['predictql'] }`; esbuild and Rollup need copies of `worker.js` and `wasm/`, and the options `workerUrl` and `wasmUrl`";
const policyHint =
  "a Content-Security-Policy must allow `script-src 'wasm-unsafe-eval'` and `worker-src 'self'` (`blob:` too, where the package comes from another origin)";

const inlineHint = "publish `inline.js` of the package beside its `index.js`";

export interface LoadedEngine {
  module: WebAssembly.Module;
  /** What the module lacks: where it is, or the module where a worker cannot read it by itself. */
  rest: RestSource | undefined;
  /** Its engine is the one that was asked for, until the file itself has said what it is. */
  info: EngineInfo;
}

/** Whether one engine may take the other's place: not where the page brings a file of its own. */
export function isChangeable({ engine = "auto", wasmModule, wasmUrl }: PredictOptions): boolean {
  return engine === "auto" && !wasmModule && (wasmUrl === undefined || isFolder(wasmUrl));
}

/** Throws where the engine is to run in a worker, and there is none. */
export function assertWorkers({ worker }: PredictOptions): void {
  if (worker !== undefined || platform.hasWorkers()) return;
  throw problem("no-worker", "the engine runs in a Web Worker, and there is none here", {
    hint: 'call it in a browser only, for example from an effect or an event handler, or pass `worker: "inline"`',
  });
}

/** Fetches and compiles an engine; `why` says why this one, where the page brings none. */
export async function loadEngine(
  engine: EngineKind,
  why: string,
  options: PredictOptions,
  network: Network,
  report: Report,
): Promise<LoadedEngine> {
  const first = await loadFirst(engine, why, options, network, report);
  return { ...first, rest: await loadRest(first.module, options, network) };
}

async function loadFirst(
  engine: EngineKind,
  why: string,
  options: PredictOptions,
  network: Network,
  report: Report,
): Promise<Omit<LoadedEngine, "rest">> {
  const { wasmModule, wasmUrl } = options;
  const { threads, one } = threading(options);
  const crossOriginIsolated = globalThis.crossOriginIsolated ?? false;
  const custom = (module: WebAssembly.Module, option: string): Omit<LoadedEngine, "rest"> => {
    const why = `the option ${option} says so`;
    const its = hasSharedMemory(module) ? threads : 1;
    return { module, info: { version: VERSION, engine, build: "custom", why, threads: its, crossOriginIsolated } };
  };
  if (wasmModule) {
    const module = wasmModule instanceof WebAssembly.Module ? wasmModule : await compile(wasmModule);
    return custom(module, "`wasmModule`");
  }
  if (wasmUrl !== undefined && !isFolder(wasmUrl)) {
    return custom(await fetchModule(fromPage(wasmUrl), undefined, network, report), "`wasmUrl`");
  }
  const { build, because, name, bytes, file } = pick(engine, threads > 1);
  const url = wasmUrl === undefined ? file() : new URL(name, fromPage(wasmUrl));
  const reasons =
    build === "threads" || !engines[engine].shared ? [why, because] : [why, because, `one thread: ${one}`];
  const info = {
    version: VERSION,
    engine,
    build,
    why: reasons.join("; "),
    threads: build === "threads" ? threads : 1,
    crossOriginIsolated,
  };
  return { module: await fetchModule(url, bytes, network, report), info };
}

/** A worker fetches the rest when something of it is called; elsewhere it has to be there before. */
async function loadRest(module: WebAssembly.Module, options: PredictOptions, network: Network) {
  const name = restOf(module);
  if (name === undefined) return undefined;
  const { wasmUrl, worker } = options;
  const url = wasmUrl === undefined ? rests[name]?.() : new URL(name, fromPage(wasmUrl));
  if (platform.readsAtOnce && worker !== "inline" && worker !== false) return url?.href;
  return url && fetchModule(url, undefined, network, () => {});
}

/** What a caller is told whose query needed the rest; `state` says how the engine is now. */
export function restMissing(error: Error, state: string): PredictError {
  return problem("network-failed", `a part of the engine that this needs cannot be loaded; ${state}`, {
    hint: bundlerHint,
    detail: error.message,
    cause: error,
  });
}

/** What lies beside the engines, in files that bundlers find by these words. */
const modules = {
  /** Decodes pictures. */
  pictures: () => new URL("./wasm/pictures.wasm", import.meta.url),
  /** Makes ONNX files of TensorFlow's models. */
  formats: () => new URL("./wasm/formats.wasm", import.meta.url),
  /** Cuts texts up. */
  tokens: () => new URL("./wasm/tokens.wasm", import.meta.url),
};

export type ModuleName = keyof typeof modules;

/** Fetches and compiles a module that lies beside the engines. */
export async function loadModule(name: ModuleName, { wasmUrl }: PredictOptions, network: Network, report: Report) {
  const url = wasmUrl === undefined ? modules[name]() : new URL(`${name}.wasm`, fromPage(wasmUrl));
  return fetchModule(url, undefined, network, report);
}

function isFolder(url: string | URL): boolean {
  return String(url).endsWith("/");
}

/** Options name files as the page does. */
function fromPage(url: string | URL): URL {
  return new URL(url, platform.base());
}

function pick(engine: EngineKind, hasThreads: boolean) {
  const { shared, relaxed, simd } = engines[engine] ?? {};
  if (!shared && !relaxed && !simd) {
    throw startFailed(
      `this build of the package holds no engine "${engine}"`,
      "",
      "build it with both: `cargo xtask build`",
    );
  }
  const able = typeof WebAssembly === "object";
  if (able && shared && hasThreads && supports("relaxed")) {
    return {
      build: "threads",
      because: "threads may share memory here, and there is relaxed SIMD",
      ...shared,
    } as const;
  }
  if (able && relaxed && supports("relaxed")) {
    return { build: "relaxed", because: "this browser has relaxed SIMD", ...relaxed } as const;
  }
  if (able && simd && supports("simd")) {
    const because = relaxed ? "this browser lacks relaxed SIMD" : "this build of the package holds one variant of it";
    return { build: "simd", because, ...simd } as const;
  }
  throw problem("no-simd", "this browser cannot run the engine: it lacks WebAssembly SIMD", {
    hint: "use Chrome or Edge 91, Firefox 89, Safari 16.4 or later",
  });
}

async function fetchModule(url: URL, size: number | undefined, network: Network, report: Report) {
  const { response, request } = await network.engine(url);
  const label = labelOf(url);
  const total = size ?? null;
  // A copy is counted: of an answer as the network gave it a browser keeps what it has compiled, for the next visit.
  const counter = new WritableStream<Uint8Array>({
    write({ byteLength }) {
      request.bytes += byteLength;
      report({ stage: "engine", label, loaded: request.bytes, total, unit: "bytes", ratio: null, cached: false });
    },
  });
  // Whoever reads the answer itself hears that it broke off.
  const counting = response
    .clone()
    .body?.pipeTo(counter)
    .catch(() => {});
  if (response.ok && response.headers.get("content-type") === "application/wasm") {
    const [module] = await Promise.all([compile(response), counting]);
    return module;
  }
  const [blob] = await Promise.all([bodyOf(response, url), counting]);
  await expect("the engine", response, blob, bundlerHint);
  return compile(await blob.arrayBuffer());
}

/** All of an answer, whose connection may break off. */
async function bodyOf(answer: Response, url: URL): Promise<Blob> {
  try {
    return await answer.blob();
  } catch (error) {
    throw unreachable(url, error);
  }
}

async function compile(source: BufferSource | Response): Promise<WebAssembly.Module> {
  try {
    return await (source instanceof Response ? WebAssembly.compileStreaming(source) : WebAssembly.compile(source));
  } catch (error) {
    const forbidden = /content.security.policy|unsafe-eval/i.test(wordsOf(error));
    const hint = forbidden ? policyHint : "the file must be the one of this version of the package, unchanged";
    throw startFailed("its WebAssembly cannot be compiled", error, hint);
  }
}

/** Starts the worker's script; that it runs is known only by its first answer. */
export async function startWorker({ worker, workerUrl: custom }: PredictOptions): Promise<WorkerLike> {
  if (worker === "inline" || worker === false) return startInline();
  if (worker) return made(worker);
  const url = custom === undefined ? undefined : fromPage(custom);
  try {
    return platform.startWorker(url);
  } catch (error) {
    throw startFailed(`the worker \`${(url ?? platform.workerFile()).href}\` may not start`, error);
  }
}

/** What the page's own function makes: it may fail, and may give anything. */
function made(worker: () => Worker): WorkerLike {
  let given: unknown;
  try {
    given = worker();
  } catch (error) {
    throw startFailed("the function of the option `worker` failed", error);
  }
  if (typeof (given as Partial<Worker> | null)?.postMessage === "function") return given as WorkerLike;
  throw startFailed("the function of the option `worker` made no Worker", describe(given));
}

async function startInline(): Promise<WorkerLike> {
  const { inlineWorker } = await import("./inline.js").catch((error) => {
    throw startFailed("its module for the calling thread cannot be loaded", error, inlineHint);
  });
  return inlineWorker();
}

/** How many threads may compute where the engine is for several, and why only one. */
function threading({ threads = "auto", worker }: PredictOptions): { threads: number; one: string } {
  const count = threads === "auto" ? Math.min(platform.cores(), enough) : threads;
  if (count === 1) return { threads: 1, one: threads === 1 ? "the option `threads` says so" : "there is one core" };
  if (worker === "inline" || worker === false) return { threads: 1, one: "the calling thread waits for no other" };
  if (!platform.sharesMemory()) return { threads: 1, one: "the page is not isolated from other origins" };
  if (!supportsSharedMemory()) return { threads: 1, one: "memory cannot be shared here" };
  return { threads: count, one: "this build needs relaxed SIMD for more" };
}

/** The browser does not say why a worker's script failed: looks at what its address answers. */
export async function explainWorker({ worker, workerUrl: custom }: PredictOptions, network: Network, words: string) {
  if (worker === "inline" || worker === false) return startFailed("it failed on the calling thread", words);
  if (worker) return startFailed("the worker of the option `worker` failed", words);
  const url = custom === undefined ? platform.workerFile() : fromPage(custom);
  try {
    const { response } = await network.engine(url);
    await expect("the worker's script", response, await bodyOf(response, url), bundlerHint);
  } catch (error) {
    return error;
  }
  return startFailed(`the worker \`${url.href}\` failed`, words);
}

/** Whether the worker's script is an empty file, which starts as any other does and never answers. */
export async function isWorkerEmpty({ worker, workerUrl: custom }: PredictOptions, network: Network): Promise<boolean> {
  if (worker !== undefined) return false;
  const url = custom === undefined ? platform.workerFile() : fromPage(custom);
  try {
    const { response } = await network.engine(url);
    return response.ok && (await response.blob()).size === 0;
  } catch {
    return false;
  }
}

function startFailed(message: string, error: unknown, hint = policyHint): PredictError {
  return problem("engine-start", `the engine did not start: ${message}`, {
    hint,
    detail: wordsOf(error),
    cause: error,
  });
}
