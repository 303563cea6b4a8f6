// The one engine of the page. It is loaded when something first needs it, and does one job at a time.

import type { PredictError, PredictOptions, PredictQL, Progress } from "predictql";

/** What every job is given: a way to stop it and a way to tell how far it is. */
export interface Control {
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

let loading: Promise<PredictQL> | undefined;
let ready: PredictQL | undefined;
let isKept = true;

/** Whether tables and models are there again after a reload. */
export function keepsCatalog(): boolean {
  return isKept;
}

/** The engine if it is here already: nothing is downloaded for an answer that can wait. */
export function loadedEngine(): PredictQL | undefined {
  return ready;
}

/**
 * A load that failed can be tried again; one that the user gave up on goes on quietly. Who begins with pictures gets the
 * full engine at once; for others the small one does, until they need more.
 */
export function loadEngine({ signal, onProgress }: Control, engine: "auto" | "full"): Promise<PredictQL> {
  loading ??= create({ network: "same-origin", onProgress, engine }).then(
    (db) => {
      ready = db;
      return db;
    },
    (error: unknown) => {
      loading = undefined;
      throw error;
    },
  );
  return unlessAborted(loading, signal);
}

/** The package itself comes after the first paint too. Where the browser keeps nothing, the catalog lives as long as the page. */
async function create(options: PredictOptions): Promise<PredictQL> {
  const { PredictQL } = await import("predictql");
  try {
    return await PredictQL.create({ ...options, name: "page" });
  } catch (error) {
    if (!isPredictError(error) || error.code !== "not-saved") throw error;
    isKept = false;
    return PredictQL.create(options);
  }
}

/** Whether something is an error of the package: its class may not be here yet. */
export function isPredictError(error: unknown): error is PredictError {
  return error instanceof Error && error.name === "PredictError";
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
