// Long work on the page's own thread, in pieces: timers, input and painting have their say in between.

/** How long a piece may be, in milliseconds: two of them are still within a frame. */
const patience = 8;

export class Pace {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Whether it is time to rest. */
  get isOver(): boolean {
    return performance.now() - this.#since > patience;
  }

  /** Lets everything else go first; rejects with the signal's reason where the work was given up. */
  async rest(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}
