// What a query answers, as something to subscribe to: Svelte takes it as a store, Vue and React with a line around it. It
// runs while somebody listens.

import type { PredictQL } from "./database.js";
import type { PredictError } from "./errors.js";
import type { ModelInfo, Progress } from "./glue/predictql.js";
import type { ModelOptions, ModelSource, Params, QueryOptions, Row } from "./interface.js";
import type { Result } from "./result.js";

/** How far some work is. */
export interface State<T> {
  data?: T;
  error?: PredictError;
  progress?: Progress;
  /** Whether it goes on. */
  isPending: boolean;
  /** Gives it up. What it was stays to be seen. */
  cancel(): void;
}

export interface Store<T> {
  /** Tells the state now and at every change. The work begins with the first listener, and is given up after the last one. */
  subscribe(listener: (state: State<T>) => void): () => void;
  getSnapshot(): State<T>;
}

/**
 * The rows of a statement; nothing at all where there is no text.
 *
 * @example
 * const flowers = queryStore(db, "SELECT * FROM flowers WHERE petal_width > ?", [1.5]);
 * const stop = flowers.subscribe(({ data, error }) => render(data?.rows, error?.message));
 */
export function queryStore<T = Row>(
  db: PredictQL,
  sql: string | null,
  params: Params = [],
  options: QueryOptions = {},
): Store<Result<T>> {
  return storeOf(sql === null ? undefined : (control) => db.query<T>(sql, params, { ...options, ...control }), options);
}

/** A model that is made known under a name. */
export function modelStore(
  db: PredictQL,
  name: string,
  source: ModelSource,
  options: ModelOptions = {},
): Store<ModelInfo> {
  return storeOf((control) => db.registerModel(name, source, { ...options, ...control }), options);
}

interface Control {
  signal: AbortSignal;
  onProgress(progress: Progress): void;
}

function storeOf<T>(
  work: ((control: Control) => Promise<T>) | undefined,
  { signal, onProgress }: Pick<QueryOptions, "signal" | "onProgress">,
): Store<T> {
  const listeners = new Set<(state: State<T>) => void>();
  let running: AbortController | undefined;
  const cancel = () => {
    running?.abort();
    running = undefined;
    if (state.isPending) set({ isPending: false });
  };
  let state: State<T> = { isPending: work !== undefined, cancel };
  const set = (change: Partial<State<T>>) => {
    state = { ...state, ...change };
    for (const listener of listeners) listener(state);
  };
  const start = async (work: (control: Control) => Promise<T>) => {
    const controller = new AbortController();
    running = controller;
    const isLatest = () => running === controller;
    if (!state.isPending) set({ isPending: true });
    try {
      const data = await work({
        signal: signal ? AbortSignal.any([signal, controller.signal]) : controller.signal,
        onProgress(progress) {
          onProgress?.(progress);
          if (isLatest()) set({ progress });
        },
      });
      if (isLatest()) set({ data, isPending: false });
    } catch (error) {
      if (isLatest()) set({ error: error as PredictError, isPending: false });
    }
  };
  return {
    subscribe(listener) {
      listeners.add(listener);
      if (work && !running && state.data === undefined && state.error === undefined) void start(work);
      listener(state);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || !state.isPending) return;
        running?.abort();
        running = undefined;
      };
    },
    getSnapshot: () => state,
  };
}
