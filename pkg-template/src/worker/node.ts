// The script of a worker thread in Node.

import { parentPort } from "node:worker_threads";
import { Host, transferable } from "./host.js";

const host = new Host();

parentPort?.on("message", async (request) => {
  const answer = await host.answer(request);
  parentPort?.postMessage(answer, transferable(answer));
});
