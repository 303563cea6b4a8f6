// The engine on the calling thread, with the surface of a worker: a module of its own, so that only pages that want it
// load it.

import { Host } from "./worker/host.js";
import type { WorkerLike } from "./worker/protocol.js";

/** How long calls may follow one another before timers, input and painting have their say, in milliseconds. */
const patience = 50;

/** A worker that is none. */
export function inlineWorker(): WorkerLike {
  const host = new Host();
  let isEnded = false;
  let since = performance.now();

  const worker: WorkerLike = {
    onmessage: null,
    onmessageerror: null,
    onerror: null,
    async postMessage(request) {
      // Answers to the end of a turn, not amid it; a query of several turns leaves room between them.
      if (request.kind === "step" || performance.now() - since > patience) {
        await nextTask();
        since = performance.now();
      } else await undefined;
      if (isEnded) return;
      const answer = await host.answer(request);
      if (!isEnded) worker.onmessage?.({ data: answer } as MessageEvent);
    },
    terminate() {
      isEnded = true;
    },
  };
  return worker;
}

declare const setImmediate: ((task: () => void) => void) | undefined;

/** Waits behind what the event loop has to do. A timer would wait four milliseconds. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
