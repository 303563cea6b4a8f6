// The parts of the package that are files of their own: fetched when something first needs them.

import { notLoaded, PredictError } from "./errors.js";

/** What reads everything that is neither CSV nor plain Arrow. */
export function decoding() {
  return part("tables", "decode.js", import("./decode.js"));
}

export function caching() {
  return part("kept models", "cache.js", import("./cache.js"));
}

export function saving() {
  return part("named databases", "saved.js", import("./saved.js"));
}

export function picturing() {
  return part("pictures of the page", "frames.js", import("./frames.js"));
}

/** What reads models of TensorFlow's formats. */
export function models() {
  return part("models of TensorFlow", "models.js", import("./models.js"));
}

/** What reads files in pieces, and rows that arrive. */
export function streaming() {
  return part("streams", "streams.js", import("./streams.js"));
}

/** What reads folders of MLflow's. */
export function logging() {
  return part("models of MLflow", "mlflow.js", import("./mlflow.js"));
}

/** What writes files. */
export function exporting() {
  return part("exports", "exports.js", import("./exports.js"));
}

/** What writes folders of MLflow's. */
export function unlogging() {
  return part("models for MLflow", "mlflow-write.js", import("./mlflow-write.js"));
}

/** What asks registries of MLflow's. */
export function registering() {
  return part("registries", "registry.js", import("./registry.js"));
}

export function planning() {
  return part("plans", "plan.js", import("./plan.js"));
}

export function warming() {
  return part("rows of zeros", "warmup.js", import("./warmup.js"));
}

async function part<T extends object>(what: string, file: string, loading: Promise<T>): Promise<T> {
  const part = await loading.catch((error) => notLoaded(what, file, error));
  // An empty file is a module too, which the browser keeps until the page is loaded again.
  return Object.keys(part).length > 0 ? part : notLoaded(what, file, new Error("the file is empty"));
}

/** Runs what a part exports; an error of the part's own copy of the class becomes one of the class that users know. */
export async function known<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOurs = error instanceof Error && error.name === "PredictError" && !(error instanceof PredictError);
    throw isOurs ? new PredictError(error as PredictError) : error;
  }
}
