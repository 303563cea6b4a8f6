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

scope.onmessage = async ({ data }) => {
  const answer = await host.answer(data);
  scope.postMessage(answer, transferable(answer));
};
