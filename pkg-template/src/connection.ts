// One worker and its queue. Requests are sent one at a time, so what waits can be taken back, and what the worker is
// busy with is always known.

import { type PredictError, problem } from "./errors.js";
import type { Answer, Opened, Reply, Request, WorkerLike } from "./worker/protocol.js";
import type { RestRead } from "./worker/rest.js";

/** How long the worker may stay silent about a request that was given up, in milliseconds. */
const grace = 250;

/** The worker ended while a request was still waiting: it can be sent to the next worker unchanged. */
export class Unsent extends Error {}

/** The worker ended by itself: a trap, no memory, or its script could not run. */
export class Crash extends Error {
  override name = "Crash";
}

/** The worker ended because a part of the engine could not be had. */
export class RestMissing extends Crash {}

/** A user's mistake, in the engine's words; or what kept the host from mending it. */
export class Failed extends Error {
  constructor(
    readonly failure: Extract<Answer, { failed: unknown }>["failed"],
    readonly refusal?: PredictError,
  ) {
    super(failure.diagnostics[0]?.message);
  }
}

interface Task {
  request: Request;
  answer: Promise<Reply>;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

export class Connection {
  readonly #worker: WorkerLike;
  readonly #onEnd: (connection: Connection) => void;
  readonly #onRead: (read: RestRead) => void;
  readonly #onSwollen: (connection: Connection) => void;
  readonly #waiting: Task[] = [];
  /** Scripts that somebody still reads: their worker must not be ended for others. */
  readonly #scripts = new Set<number>();
  #active: Task | undefined;
  /** Why the active request was given up, once the time to answer it is over. */
  #overdue: { reason: unknown } | undefined;
  #end: { reason: unknown } | undefined;
  #isRetired = false;
  readonly #watching = new AbortController();
  /** Whether nobody will open a script any more. */
  #isLeft = false;

  /** `onRead` hears of what the worker itself reads, `onSwollen` that a failure has left its memory large. */
  constructor(
    worker: WorkerLike,
    onEnd: (connection: Connection) => void = () => {},
    onRead: (read: RestRead) => void = () => {},
    onSwollen: (connection: Connection) => void = () => {},
  ) {
    this.#worker = worker;
    this.#onEnd = onEnd;
    this.#onRead = onRead;
    this.#onSwollen = onSwollen;
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#answered(data);
    worker.onmessageerror = () => this.end(new Crash("an answer could not be read"));
    worker.onerror = (event) => {
      event.preventDefault();
      this.end(new Crash(event.message || "the worker's script did not load"));
    };
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Asks the worker. On abort, a request that still waits is taken back at once. One that is being worked on has a
   * moment to be answered, and then ends the worker, unless somebody else's query would end with it.
   */
  async call<R extends Request>(request: R, signal?: AbortSignal): Promise<Reply<R>> {
    signal?.throwIfAborted();
    if (this.#end || (this.#isRetired && !("script" in request))) throw this.#lost(request);
    if ("script" in request && request.kind !== "free" && !this.#scripts.has(request.script)) {
      throw new Error("the script is no longer read");
    }
    const task = { request } as Task;
    task.answer = new Promise<Reply>((resolve, reject) => {
      task.resolve = resolve;
      task.reject = reject;
    });
    const onAbort = () => this.#giveUp(task, signal?.reason);
    signal?.addEventListener("abort", onAbort);
    this.#waiting.push(task);
    this.#send();
    try {
      return (await task.answer) as Reply<R>;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Runs a text or a prepared statement, and keeps the worker for what goes on until `free`. Nothing in a first turn
   * changes the catalog: on abort it is given up at once. `hears` hears the answer also then.
   */
  async run(
    request: Extract<Request, { kind: "run" }>,
    signal?: AbortSignal,
    hears?: (opened: Opened) => void,
  ): Promise<Opened> {
    const running = this.call(request, signal).then((opened) => {
      if (opened.script !== undefined) this.#scripts.add(opened.script);
      hears?.(opened);
      return opened;
    });
    try {
      return await abortable(running, signal);
    } catch (error) {
      const freeLate = ({ script }: Opened) => script !== undefined && this.free(script);
      running.then(freeLate, () => {});
      throw error;
    }
  }

  /** Lets go of a script, without waiting. */
  free(script: number): void {
    this.#scripts.delete(script);
    this.call({ kind: "free", script }).catch(() => {});
    this.#endIfStuck();
  }

  /**
   * Lets another worker take over: what waits here can be asked of that one, and the scripts are read to their ends. Resolves
   * when whoever asked the last question has its answer.
   */
  async retire(): Promise<void> {
    this.#isRetired = true;
    const isOfScript = ({ request }: Task) => "script" in request;
    const tasks = this.#waiting.splice(0);
    this.#waiting.push(...tasks.filter(isOfScript));
    for (const task of tasks) if (!isOfScript(task)) task.reject(new Unsent());
    if (this.#active && !isOfScript(this.#active)) await this.#active.answer.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve));
    this.#isLeft = true;
    this.#endIfIdle();
  }

  /** Ends the worker; everything that it was asked rejects. */
  end(reason: unknown): void {
    if (this.#end) return;
    this.#end = { reason };
    this.#watching.abort();
    this.#worker.terminate();
    this.#onEnd(this);
    this.#active?.reject(reason);
    for (const { request, reject } of this.#waiting.splice(0)) reject(this.#lost(request));
  }

  #send(): void {
    if (this.#active) return;
    const task = this.#waiting.shift();
    if (!task) return;
    try {
      this.#worker.postMessage(task.request, transferable(task.request));
      this.#active = task;
    } catch (error) {
      // The worker never hears of it, and goes on with the next.
      const hint = "of an array whose buffer was transferred, pass a copy";
      task.reject(problem("unsupported-value", "a value cannot be sent to the engine", { hint, cause: error }));
      this.#send();
    }
  }

  #answered(answer: Answer): void {
    const task = this.#active;
    this.#active = undefined;
    this.#overdue = undefined;
    if (answer.rest) this.#onRead(answer.rest);
    if (answer.lock !== undefined) this.#watch(answer.lock);
    if ("crashed" in answer || "restFailed" in answer) {
      const crash = "crashed" in answer ? new Crash(answer.crashed) : new RestMissing(answer.restFailed);
      this.end(crash);
      task?.reject(crash);
      return;
    }
    if ("reply" in answer) task?.resolve(answer.reply);
    else task?.reject(new Failed(answer.failed));
    if (answer.isSwollen) this.#onSwollen(this);
    this.#send();
    this.#endIfIdle();
  }

  /**
   * Notices when the worker, which holds this lock, has ended without a word: terminated by somebody else, or killed. One
   * that computes for long still holds it.
   */
  #watch(lock: string): void {
    const ended = () => this.end(new Crash("the worker ended without a word"));
    navigator.locks.request(lock, { signal: this.#watching.signal }, ended).catch(() => {});
  }

  #giveUp(task: Task, reason: unknown): void {
    const place = this.#waiting.indexOf(task);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      task.reject(reason);
      return;
    }
    setTimeout(() => {
      if (this.#active !== task) return;
      this.#overdue = { reason };
      this.#endIfStuck();
    }, grace);
  }

  #endIfStuck(): void {
    if (this.#overdue && this.#scripts.size === 0) this.end(this.#overdue.reason);
  }

  #endIfIdle(): void {
    if (this.#isLeft && !this.#active && this.#scripts.size === 0) this.end(new Unsent());
  }

  /** A script lives in its worker, and a worker that did not start has a reason; all else can be asked of another one. */
  #lost(request: Request): unknown {
    return "script" in request || request.kind === "start" ? this.#end?.reason : new Unsent();
  }
}

function transferable(request: Request): Transferable[] {
  if (request.kind === "registerModel")
    return [request.bytes, ...Object.values(request.files)].map(({ buffer }) => buffer);
  if (request.kind === "convert") return request.files.map(([, { buffer }]) => buffer);
  if ("bytes" in request) return [request.bytes.buffer];
  if (request.kind !== "supply" || !("bytes" in request.answer)) return [];
  const { bytes, pixels } = request.answer;
  return pixels ? [bytes.buffer, pixels.buffer] : [bytes.buffer];
}

/** The promise's outcome, or the signal's reason as soon as it is given. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
