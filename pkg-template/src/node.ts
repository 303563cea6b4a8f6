// The package's entry for Node: the same surface, with worker threads, and with files by their paths.

import { open, rename, rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
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

/** Bytes of a file that are read at a time. */
const pieceBytes = 4 << 20;

const node: Platform = {
  // Options of the process may be about its script: `--input-type`, `--import`.
  startWorker: (url = node.workerFile()) => threadOf(new Worker(url, { name: "predictql", execArgv: [] })),
  workerFile: () => new URL("./worker-node.js", import.meta.url),
  hasWorkers: () => true,
  hasLocks: false,
  readsAtOnce: false,
  sharesMemory: () => true,
  cores: availableParallelism,
  base: () => pathToFileURL(`${process.cwd()}/`).href,
  async readFile(url, method, range) {
    const path = fileURLToPath(url);
    const answer = await stat(path).then(
      async ({ size, mtime }) => {
        const headers = {
          "content-length": String(size),
          "content-type": types[extname(path).toLowerCase()] ?? "",
          "last-modified": mtime.toUTCString(),
        };
        if (method === "HEAD") return new Response(null, { headers });
        const [from = 0, last = size - 1] = range?.match(/\d+/g)?.map(Number) ?? [];
        return new Response(piecesOf(path, from, last + 1), { headers, status: range ? 206 : 200 });
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

/** The bytes of a file between two places, of which no more are read than are wanted. */
function piecesOf(path: string, from: number, end: number): ReadableStream<Uint8Array> {
  let file: Awaited<ReturnType<typeof open>> | undefined;
  let at = from;
  return new ReadableStream({
    async pull(controller) {
      file ??= await open(path, "r");
      let bytesRead = 0;
      try {
        const read = await file.read(new Uint8Array(Math.min(pieceBytes, end - at)), { position: at });
        bytesRead = read.bytesRead;
        at += bytesRead;
        if (bytesRead > 0) controller.enqueue(read.buffer.subarray(0, bytesRead));
      } finally {
        // Nor does a file stay open that cannot be read.
        if (bytesRead === 0 || at >= end) await file.close();
      }
      if (bytesRead === 0 || at >= end) controller.close();
    },
    cancel: () => file?.close(),
  });
}

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
