// What differs between a page and Node: workers, and files by their paths.

import type { WorkerLike } from "./worker/protocol.js";

export interface Platform {
  /** Starts the script of a worker; `undefined` for the package's own. */
  startWorker(url: URL | undefined): WorkerLike;
  /** Where the package's own script for a worker is. */
  workerFile(): URL;
  /** Whether there are workers. */
  hasWorkers(): boolean;
  /** Whether workers can hold locks that the page waits for: in secure contexts. */
  readonly hasLocks: boolean;
  /** Whether workers can read a file in the midst of a computation. */
  readonly readsAtOnce: boolean;
  /** Whether threads may share memory. */
  sharesMemory(): boolean;
  /** How many threads the device runs at a time. */
  cores(): number;
  /** What relative addresses are relative to. */
  base(): string | undefined;
  /** Reads a `file:` address, where addresses can be files: its head alone for the method HEAD, or a part as `range` says. */
  readFile?(url: URL, method: string, range: string | null): Promise<Response>;
  /** Begins a file, where names can be paths; none where one is there and is to stay. */
  createFile?(path: string, overwrite: boolean): Promise<WritableStream<Uint8Array> | undefined>;
}

const page: Platform = {
  startWorker(url = page.workerFile()) {
    if (url.origin === location.origin || !url.protocol.startsWith("http")) {
      return new Worker(url, { type: "module", name: "predictql" });
    }
    // Browsers refuse a worker's script from another origin, but let a worker load one.
    const script = new Blob([`importScripts(${JSON.stringify(url.href)})`], { type: "text/javascript" });
    return new Worker(URL.createObjectURL(script), { name: "predictql" });
  },
  // Bundlers copy the files that are named in exactly this form.
  workerFile: () => new URL("./worker.js", import.meta.url),
  hasWorkers: () => typeof Worker === "function",
  get hasLocks() {
    return typeof navigator === "object" && navigator.locks !== undefined;
  },
  readsAtOnce: true,
  sharesMemory: () => globalThis.crossOriginIsolated === true,
  cores: () => navigator.hardwareConcurrency,
  base: () => globalThis.document?.baseURI ?? globalThis.location?.href,
};

/** Where the package runs: in a page, unless its entry for Node says otherwise. */
export let platform: Platform = page;

export function runsOn(other: Platform): void {
  platform = other;
}
