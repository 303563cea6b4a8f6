// Finds by its first bytes what the engine cannot read as it is. What that consists of, `models.ts` knows.

import type { ModelSource } from "./interface.js";
import type { ModelFile } from "./models.js";
import { type Network, type ReadOptions, resolve } from "./network.js";
import { known, models, registering } from "./parts.js";
import { readModel } from "./sources.js";

/** Files to be converted or looked through, or one that the engine reads as it is. */
export type Found = Blob | ModelFile[];

/** `sha256` is the checksum of the source. */
export async function findModel(
  source: ModelSource,
  network: Network,
  { sha256, ...read }: ReadOptions & { sha256?: string | undefined },
): Promise<Found> {
  if (isFolder(source)) {
    const files = await filesAt(source, network, read);
    const [only, ...others] = files;
    if (only && others.length === 0) return findModel(only[1], network, { sha256, ...read });
    if (sha256 !== undefined) await known(async () => (await models()).check(undefined, sha256));
    return files;
  }
  const whole = await readModel(source, network, { sha256, ...read });
  const found = await filesIn(whole, "model", source instanceof Uint8Array ? source : undefined);
  if (found !== whole && sha256 !== undefined) await known(async () => (await models()).check(whole, sha256));
  return found;
}

/** The ONNX file among those of a model, and its tokenizer; none where a converter is to make one, or it is not clear. */
export function onnxIn(files: readonly ModelFile[]): { model?: Blob | undefined; tokenizer?: Blob | undefined } {
  const only = (name: RegExp) => {
    const [found, another] = files.filter(([path]) => name.test(path));
    return another ? undefined : found?.[1];
  };
  if (only(/(^|\/)saved_model\.pb$/)) return {};
  return { model: only(/\.onnx$/), tokenizer: only(/(^|\/)tokenizer\.json$/) };
}

/** The files of a folder. */
export function filesAt(source: ModelSource, network: Network, read: ReadOptions): Promise<ModelFile[]> {
  if (isInRegistry(source)) {
    const address = String(source);
    const ask = (address: string, reason: "model" | "data") => network.read(address, reason, read);
    return known(async () => (await registering()).registryFiles(address, ask));
  }
  const folder = typeof source === "string" ? resolve(source) : source;
  return known(async () => (await models()).filesOf(folder, (address) => network.read(address, "model", read)));
}

/** What is in a file, whose bytes may be at hand. */
export async function filesIn(blob: Blob, name: string, bytes?: Uint8Array): Promise<Found> {
  const head = bytes?.subarray(0, 8) ?? new Uint8Array(await blob.slice(0, 8).arrayBuffer());
  const [first, second, third, fourth] = head;
  // A zip; a SavedModel's version and a graph, where ONNX has another version; a frozen graph's first node and its name;
  // the identifier of TensorFlow Lite.
  const isForeign =
    (first === 80 && second === 75 && third === 3) ||
    (first === 8 && second === 1 && third === 18) ||
    (first === 10 && (third === 10 || fourth === 10)) ||
    new TextDecoder("latin1").decode(head.subarray(4)) === "TFL3";
  return (isForeign && (await known(async () => (await models()).filesIn(blob, name)))) || blob;
}

/** Whether it is the address of a version in a registry of MLflow's. */
export function isInRegistry(source: unknown): boolean {
  return (typeof source === "string" || source instanceof URL) && String(source).includes("#models:/");
}

function isFolder(source: ModelSource): boolean {
  if (typeof source === "string" || source instanceof URL) return String(source).endsWith("/") || isInRegistry(source);
  return (
    typeof source === "object" &&
    source !== null &&
    ("length" in source || "getFileHandle" in source) &&
    !("buffer" in source)
  );
}
