// Threads that share an engine's memory and do pieces of its work: workers of the worker's own, which end with it. They start with the first work
// that is worth it; the engine goes on without those that are not there.

import { makeGlue } from "../glue/instance.js";
import type { Help } from "./protocol.js";
import { Rest } from "./rest.js";

/** What `crew/src/module.rs` exports. */
interface Exports {
  /** Does not return. */
  crew_help(): void;
  crew_failed(): void;
  crew_is_wanted(): number;
}

/** Starts this worker's own script once more, and posts a message to it. */
export type Spawn = (help: Help) => void;

/** What starts helpers for an engine, the first time that it wants some. */
export class Helpers {
  readonly #exports: Exports;
  #spawn: (() => void) | undefined;

  constructor(exports: object, spawn: () => void) {
    this.#exports = exports as Exports;
    this.#spawn = spawn;
  }

  startIfWanted(): void {
    const spawn = this.#spawn;
    if (!spawn || !this.#exports.crew_is_wanted()) return;
    this.#spawn = undefined;
    try {
      spawn();
    } catch {
      // A policy may forbid workers of workers, and a host may not send memory: the engine computes alone.
    }
  }
}

/** What a helper does for as long as it lives. */
export async function help({ module, rest, memory }: Help): Promise<void> {
  const own = new Rest();
  own.expect(module, rest);
  const options = { module_or_path: module, memory };
  const exports = (await makeGlue(own.imports, true).default(options)) as unknown as Exports;
  own.join(exports);
  try {
    exports.crew_help();
  } catch {
    // Who waits for it learns of it, and ends.
    exports.crew_failed();
  }
}
