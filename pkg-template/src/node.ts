// The package's entry for Node: the same surface, with worker threads, and with files by their paths.

import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { type Platform, runsOn } from "./platform.js";
import type { WorkerLike } from "./worker/protocol.js";

const types: Record<string, string> = {
  ".bmp": "image/bmp",
  ".csv": "text/csv",
  ".gif": "image/gif",
  ".html": "text/html",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".webp": "image/webp",
};

const node: Platform = {
  // Options of the process may be about its script: `--input-type`, `--import`.
  startWorker: (url = node.workerFile()) => threadOf(new Worker(url, { name: "predictql", execArgv: [] })),
  workerFile: () => new URL("./worker-node.js", import.meta.url),
  hasWorkers: () => true,
  hasLocks: false,
  readsAtOnce: false,
  base: () => pathToFileURL(`${process.cwd()}/`).href,
  async readFile(url, method) {
    const path = fileURLToPath(url);
    const answer = await stat(path).then(
      async ({ size, mtime }) => {
        const headers = {
          "content-length": String(size),
          "content-type": types[extname(path).toLowerCase()] ?? "",
          "last-modified": mtime.toUTCString(),
        };
        return new Response(method === "HEAD" ? null : await readFile(path), { headers });
      },
      (error) => {
        if (error.code !== "ENOENT") throw error;
        return new Response(null, { status: 404, statusText: "Not Found" });
      },
    );
    return Object.defineProperty(answer, "url", { value: url.href });
  },
  async createFile(name, overwrite) {
    const path = name.startsWith("file:") ? fileURLToPath(name) : name;
    const isThere = await stat(path).then(
      ({ size }) => size > 0,
      () => false,
    );
    if (isThere && !overwrite) return undefined;
    // Under another name until it is whole.
    const part = `${path}.part`;
    const file = await open(part, "w");
    return new WritableStream({
      write: (bytes) => file.appendFile(bytes),
      async close() {
        await file.close();
        await rename(part, path);
      },
      async abort() {
        await file.close();
        await rm(part);
      },
    });
  },
};

/** A worker thread behind the surface of a worker. It keeps the process alive only while it owes an answer. */
function threadOf(thread: Worker): WorkerLike {
  let owed = 0;
  const settle = () => {
    owed = 0;
    thread.unref();
  };
  const worker: WorkerLike = {
    onmessage: null,
    onmessageerror: null,
    onerror: null,
    postMessage(request, transfer) {
      if (owed++ === 0) thread.ref();
      thread.postMessage(request, transfer);
    },
    terminate: () => void thread.terminate(),
  };
  const failed = (message: string) => {
    settle();
    worker.onerror?.({ message, preventDefault() {} } as unknown as ErrorEvent);
  };
  thread.unref();
  thread.on("message", (data) => {
    if (--owed === 0) thread.unref();
    worker.onmessage?.({ data } as MessageEvent);
  });
  thread.on("messageerror", (data) => worker.onmessageerror?.({ data } as MessageEvent));
  thread.on("error", (error) => failed(String(error)));
  thread.on("exit", (code) => failed(`the worker thread ended with code ${code}`));
  return worker;
}

runsOn(node);

export * from "./index.js";
