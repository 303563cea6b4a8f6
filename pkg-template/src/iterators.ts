// Iterators of the page's own, which TypeScript has not looked at: what keeps to no protocol is an error with words.

import { describe } from "./arguments.js";
import { problem } from "./errors.js";

/** What comes next, of whatever `next` gives. */
export async function nextOf(iterator: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
  const item: unknown = await iterator.next();
  if (typeof item === "object" && item !== null) return item as IteratorResult<unknown>;
  throw problem("unsupported-source", `\`next\` of the table's iterator gave ${describe(item)}`, {
    hint: "an async generator gives rows as they come: `async function* () { yield { x: 1 }; }`",
  });
}

/** Tells that nobody wants more, and waits for nothing. */
export function leave(iterator: AsyncIterator<unknown> | undefined): void {
  (async () => iterator?.return?.())().catch(() => {});
}
