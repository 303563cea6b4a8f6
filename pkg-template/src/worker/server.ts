// The worker's script: a host behind messages.

import { Host, transferable } from "./host.js";
import type { Answer, Request } from "./protocol.js";

/** A worker's global scope; TypeScript's own declaration cannot stand beside that of a page. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(answer: Answer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const host = new Host();

/** Holds a lock until this worker is no more: the page, which waits for it, learns of an end that nobody tells of. */
function holdForLife(lock: string): Promise<void> {
  return new Promise((resolve) => {
    const held = () => {
      resolve();
      return new Promise<never>(() => {});
    };
    navigator.locks.request(lock, held).catch(() => resolve());
  });
}

scope.onmessage = async ({ data }) => {
  if (data.kind === "start" && data.lock !== undefined) await holdForLife(data.lock);
  const answer = await host.answer(data);
  scope.postMessage(answer, transferable(answer));
};
