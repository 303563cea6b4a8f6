// Brings the engine to the page: picks and compiles the wasm file, starts the worker, and explains what went wrong.

import { supports } from "./detect.js";
import { type PredictError, problem, wordsOf } from "./errors.js";
import type { EngineInfo, PredictOptions } from "./interface.js";
import { expect, labelOf, type Network } from "./network.js";
import { platform } from "./platform.js";
import type { Report } from "./progress.js";
import type { WorkerLike } from "./worker/protocol.js";

/** Bytes of the wasm files that this build of the package holds. */
declare const WASM_BYTES: { readonly relaxed?: number; readonly simd?: number };
declare const VERSION: string;

// Bundlers copy the files that are named in exactly this form.
const variants = {
  relaxed: WASM_BYTES.relaxed
    ? { bytes: WASM_BYTES.relaxed, file: () => new URL("./wasm/relaxed.wasm", import.meta.url) }
    : undefined,
  simd: WASM_BYTES.simd
    ? { bytes: WASM_BYTES.simd, file: () => new URL("./wasm/simd.wasm", import.meta.url) }
    : undefined,
};

const bundlerHint =
  "publish the package's files unchanged: Vite 7 and older need `optimizeDeps: { exclude: ['predictql'] }`; esbuild and Rollup need copies of `worker.js` and `wasm/`, and the options `workerUrl` and `wasmUrl`";
const policyHint =
  "a Content-Security-Policy must allow `script-src 'wasm-unsafe-eval'` and `worker-src 'self'` (`blob:` too, where the package comes from another origin)";

const inlineHint = "publish `inline.js` of the package beside its `index.js`";

export interface LoadedEngine {
  module: WebAssembly.Module;
  info: EngineInfo;
}

/** Throws where the engine is to run in a worker, and there is none. */
export function assertWorkers({ worker }: PredictOptions): void {
  if (worker !== undefined || platform.hasWorkers()) return;
  throw problem("no-worker", "the engine runs in a Web Worker, and there is none here", {
    hint: 'call it in a browser only, for example from an effect or an event handler, or pass `worker: "inline"`',
  });
}

export async function loadEngine(options: PredictOptions, network: Network, report: Report): Promise<LoadedEngine> {
  const { wasmModule, wasmUrl } = options;
  if (wasmModule instanceof WebAssembly.Module) return { module: wasmModule, info: custom("`wasmModule`") };
  if (wasmModule) return { module: await compile(wasmModule), info: custom("`wasmModule`") };
  if (wasmUrl !== undefined) {
    return { module: await fetchModule(fromPage(wasmUrl), undefined, network, report), info: custom("`wasmUrl`") };
  }
  const { build, why, bytes, file } = pick();
  return { module: await fetchModule(file(), bytes, network, report), info: { version: VERSION, build, why } };
}

/** Options name files as the page does. */
function fromPage(url: string | URL): URL {
  return new URL(url, platform.base());
}

function custom(option: string): EngineInfo {
  return { version: VERSION, build: "custom", why: `the option ${option} says so` };
}

function pick() {
  const able = typeof WebAssembly === "object";
  if (able && variants.relaxed && supports("relaxed")) {
    return { build: "relaxed", why: "this browser has relaxed SIMD", ...variants.relaxed } as const;
  }
  if (able && variants.simd && supports("simd")) {
    const why = variants.relaxed
      ? "this browser lacks relaxed SIMD"
      : "this build of the package holds no other variant";
    return { build: "simd", why, ...variants.simd } as const;
  }
  throw problem("no-simd", "this browser cannot run the engine: it lacks WebAssembly SIMD", {
    hint: "use Chrome or Edge 91, Firefox 89, Safari 16.4 or later",
  });
}

async function fetchModule(url: URL, size: number | undefined, network: Network, report: Report) {
  const { response, request } = await network.engine(url);
  const label = labelOf(url);
  const total = size ?? null;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      request.bytes += chunk.byteLength;
      report({ stage: "engine", label, loaded: request.bytes, total, unit: "bytes", ratio: null, cached: false });
      controller.enqueue(chunk);
    },
  });
  const counted = new Response(response.body?.pipeThrough(counter) ?? null, response);
  if (response.ok && counted.headers.get("content-type") === "application/wasm") return compile(counted);
  const blob = await counted.blob();
  await expect("the engine", response, blob, bundlerHint);
  return compile(await blob.arrayBuffer());
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
  if (worker) return worker();
  const url = custom === undefined ? undefined : fromPage(custom);
  try {
    return platform.startWorker(url);
  } catch (error) {
    throw startFailed(`the worker \`${(url ?? platform.workerFile()).href}\` may not start`, error);
  }
}

async function startInline(): Promise<WorkerLike> {
  const { inlineWorker } = await import("./inline.js").catch((error) => {
    throw startFailed("its module for the calling thread cannot be loaded", error, inlineHint);
  });
  return inlineWorker();
}

/** The browser does not say why a worker's script failed: looks at what its address answers. */
export async function explainWorker({ worker, workerUrl: custom }: PredictOptions, network: Network, words: string) {
  if (worker === "inline" || worker === false) return startFailed("it failed on the calling thread", words);
  if (worker) return startFailed("the worker of the option `worker` failed", words);
  const url = custom === undefined ? platform.workerFile() : fromPage(custom);
  try {
    const { response } = await network.engine(url);
    await expect("the worker's script", response, await response.blob(), bundlerHint);
  } catch (error) {
    return error;
  }
  return startFailed(`the worker \`${url.href}\` failed`, words);
}

function startFailed(message: string, error: unknown, hint = policyHint): PredictError {
  return problem("engine-start", `the engine did not start: ${message}`, {
    hint,
    detail: wordsOf(error),
    cause: error,
  });
}
