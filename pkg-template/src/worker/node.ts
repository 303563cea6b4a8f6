// The script of a worker thread in Node.

import { parentPort, Worker } from "node:worker_threads";
import { help } from "./helpers.js";
import { Host, transferable } from "./host.js";
import type { Help, Request } from "./protocol.js";

const host = new Host((message) => {
  const worker = new Worker(new URL(import.meta.url), { name: "predictql helper", execArgv: [] });
  // One that does not start is not missed by anybody.
  worker.on("error", () => {});
  worker.unref();
  worker.postMessage(message, []);
});

parentPort?.on("message", async (request: Request | Help) => {
  if (request.kind === "help") return help(request);
  const answer = await host.answer(request);
  parentPort?.postMessage(answer, transferable(answer));
});
