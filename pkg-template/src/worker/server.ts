// The worker's script: a host behind messages.

import { help } from "./helpers.js";
import { Host, transferable } from "./host.js";
import type { Answer, Help, Request } from "./protocol.js";

/** A worker's global scope; TypeScript's own declaration cannot stand beside that of a page. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request | Help>) => void) | null;
  postMessage(answer: Answer, transfer: Transferable[]): void;
  importScripts(): void;
}

const scope = globalThis as unknown as WorkerScope;
const host = new Host(spawn);

/** A worker that does not start is not missed by anybody. */
function spawn(message: Help): void {
  const worker = new Worker(location.href, { type: isModule() ? "module" : "classic", name: "predictql helper" });
  worker.onerror = (event) => event.preventDefault();
  worker.postMessage(message);
}

/** Whether this script runs as a module, which cannot import scripts. */
function isModule(): boolean {
  try {
    scope.importScripts();
    return false;
  } catch {
    return true;
  }
}

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
  if (data.kind === "help") return help(data);
  const holding = data.kind === "start" && data.lock !== undefined ? holdForLife(data.lock) : undefined;
  const answer = await host.answer(data);
  const lock = await holding;
  scope.postMessage(lock === undefined ? answer : { ...answer, lock }, transferable(answer));
};
