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

/**
 * Holds a lock until this worker is no more: the page, which waits for it, learns of an end that nobody tells of. Resolves
 * to what is held: nothing in a worker of an opaque origin, which has no locks.
 */
function holdForLife(lock: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const held = () => {
      resolve(lock);
      return new Promise<never>(() => {});
    };
    navigator.locks.request(lock, held).catch(() => resolve(undefined));
  });
}

scope.onmessage = async ({ data }) => {
  const holding = data.kind === "start" && data.lock !== undefined ? holdForLife(data.lock) : undefined;
  const answer = await host.answer(data);
  const lock = await holding;
  scope.postMessage(lock === undefined ? answer : { ...answer, lock }, transferable(answer));
};
