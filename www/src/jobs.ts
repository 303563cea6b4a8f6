// What the page asks of the engine: one thing at a time, in order; each can be cancelled and shows how far it is.

import type { PredictQL } from "predictql";
import { find } from "./dom.js";
import { type Control, loadEngine, loadedEngine } from "./engine.js";
import { progress } from "./progress.js";

export interface JobHooks {
  /** The engine to load first. */
  engine(): "auto" | "full";
  /** The engine has just been loaded. */
  onEngine(db: PredictQL): Promise<void>;
  /** A job has ended, whether well or not. */
  onEnd(): Promise<void>;
}

export class Jobs {
  readonly #hooks: JobHooks;
  #running: AbortController | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  constructor(hooks: JobHooks) {
    this.#hooks = hooks;
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when all that was asked for so far has ended. */
  get settled(): Promise<unknown> {
    return this.#last;
  }

  /** Answers whether there was something to cancel. */
  cancel(): boolean {
    this.#running?.abort();
    return this.running;
  }

  do<T>(job: (db: PredictQL, control: Control) => Promise<T>, controller = new AbortController()): Promise<T> {
    const done = this.#last.then(async () => {
      this.#show(controller);
      try {
        const control = { signal: controller.signal, onProgress: progress.show };
        const first = loadedEngine() === undefined;
        const db = await loadEngine(control, this.#hooks.engine());
        if (first) await this.#hooks.onEngine(db);
        return await job(db, control);
      } finally {
        this.#show(undefined);
        await this.#hooks.onEnd();
      }
    });
    this.#last = done.catch(() => {});
    return this.busyWith(() => done);
  }

  /** For as long as it lasts, the page says that its result is not final, and takes no click on Run, between its jobs either. */
  async busyWith<T>(several: () => Promise<T>): Promise<T> {
    this.#count(1);
    try {
      return await several();
    } finally {
      this.#count(-1);
    }
  }

  #count(change: 1 | -1): void {
    this.#pending += change;
    const isBusy = this.#pending > 0;
    find("#result").ariaBusy = String(isBusy);
    find<HTMLButtonElement>("#run").disabled = isBusy;
  }

  #show(running: AbortController | undefined): void {
    this.#running = running;
    find("#cancel").hidden = !this.running;
    if (this.running) progress.start();
    else progress.stop();
  }
}
