// What users say of a model, in the words of the engine: options by their names in SQL, labels and weights read from
// their files.

import { checkOptions, takes } from "./arguments.js";
import { findModel, onnxIn } from "./conversion.js";
import { readWithSha256 } from "./digest.js";
import { problem } from "./errors.js";
import type { ModelSettings, VersionSettings } from "./glue/predictql.js";
import type { ModelInputOptions, ModelOptions, ModelSource } from "./interface.js";
import type { Logged } from "./mlflow.js";
import type { ModelFile } from "./models.js";
import type { Network, ReadOptions } from "./network.js";
import { known, logging } from "./parts.js";
import { isBytes, readModel } from "./sources.js";
import { isDetached } from "./tensors.js";

/** A model as the engine takes it. */
export interface ModelInput {
  blob: Blob;
  settings: ModelSettings;
  /** The files beside the model's own, by the paths that it gives them. */
  files: Record<string, Blob>;
  /** Its place among the versions of the model. */
  version: VersionSettings;
}

/** The same as it was read. */
export interface ReadModel extends ModelInput {
  /** The file's bytes, for the worker that is told of it first; none of a large file. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
  about?: Logged;
}

/** Makes an ONNX file of a model's files. */
type Convert = (files: ModelFile[], signature: string | undefined) => Promise<Blob>;

export async function readModelInput(
  source: ModelSource,
  options: ModelOptions,
  network: Network,
  read: ReadOptions,
  convert: Convert,
): Promise<ReadModel> {
  const settings = settingsOf(options);
  const { labels, tokenizer, externalData = {}, revalidate } = options;
  const isAddress = typeof labels === "string" || labels instanceof URL;
  // They are at hand, and the page may change them from now on.
  const copy =
    isBytes(source) && !isDetached(source)
      ? new Uint8Array(source instanceof ArrayBuffer ? source.slice(0) : source)
      : undefined;
  const [found, list, cutter, ...parts] = await Promise.all([
    findModel(copy ?? source, network, { ...read, revalidate, sha256: settings.sha256 }),
    isAddress ? network.read(labels, "data", read) : undefined,
    tokenizer === undefined ? undefined : readModel(tokenizer, network, { ...read, revalidate }),
    ...Object.values(externalData).map((part) => readModel(part, network, { ...read, revalidate })),
  ]);
  if (list) settings.labels = new Uint8Array(await list.arrayBuffer());
  else if (labels !== undefined && !isAddress) settings.labels = labels;
  const files = Object.fromEntries(Object.keys(externalData).map((path, index) => [path, parts[index] as Blob]));
  const logged = found instanceof Blob ? undefined : await loggedIn(found);
  let texts = cutter;
  let blob: Blob;
  if (found instanceof Blob) blob = found;
  else {
    // It was that of the source.
    delete settings.sha256;
    if (logged?.columns) settings.input_columns ??= logged.columns;
    const { model, tokenizer: beside } = onnxIn(found);
    texts ??= beside;
    blob = logged?.model ?? model ?? (await convert(found, options.signature));
  }
  if (texts) settings.tokenizer = new Uint8Array(await texts.arrayBuffer());
  const digested = await readWithSha256(blob, blob === found ? copy : undefined);
  const input = {
    blob,
    bytes: digested?.bytes,
    settings,
    files: { ...logged?.files, ...files },
    version: versionOf(source, digested?.sha256, options),
  };
  return logged ? { ...input, about: logged } : input;
}

/** What MLflow's folder holds, if the files are one. */
async function loggedIn(files: readonly ModelFile[]): Promise<Logged | undefined> {
  if (!files.some(([path]) => path.endsWith("MLmodel"))) return undefined;
  return known(async () => (await logging()).loggedModel(files));
}

/** A model that is given a version or an alias stands beside those that are there, else it takes their place. */
function versionOf(source: ModelSource, sha256: string | undefined, { version, alias }: ModelOptions): VersionSettings {
  const settings: VersionSettings = { keep: version !== undefined || alias !== undefined };
  if (sha256 !== undefined) settings.sha256 = sha256;
  if (version !== undefined) settings.version = version;
  if (alias !== undefined) settings.alias = alias;
  if (typeof source === "string" || source instanceof URL) settings.source = String(source);
  return settings;
}

function settingsOf({
  integrity,
  inputs = {},
  inputLabelCols,
  task,
  softmax,
  freeDimensions,
  nullHandling,
  defaultOnNull,
}: ModelOptions): ModelSettings {
  const settings: ModelSettings = {};
  const all = Object.entries(inputs);
  // A slip in a word would leave the model as it is, and its answers wrong.
  for (const [name, input] of all) checkOptions(`registerModel, input \`${name}\``, input, takes.input);
  const columns = byInput(all, "columns");
  if (columns !== undefined) settings.input_columns = columns;
  if (inputLabelCols !== undefined) settings.input_label_cols = inputLabelCols;
  const axes = byInput(all, "batchAxis");
  if (axes !== undefined) settings.batch_axis = axes;
  const mean = same(all, "mean");
  if (mean !== undefined) settings.image_mean = mean;
  const std = same(all, "std");
  if (std !== undefined) settings.image_std = std;
  const layout = same(all, "layout");
  if (layout !== undefined) settings.image_layout = layout;
  if (task !== undefined) settings.task = task;
  if (freeDimensions !== undefined) settings.free_dimensions = freeDimensions;
  if (softmax !== undefined) settings.softmax = softmax;
  if (nullHandling !== undefined) settings.null_handling = nullHandling;
  if (defaultOnNull !== undefined) settings.default_on_null = defaultOnNull;
  if (integrity !== undefined) settings.sha256 = digits(integrity);
  return settings;
}

/** What is said of inputs each by its name; nothing where nothing is said. */
function byInput<K extends keyof ModelInputOptions>(
  inputs: [string, ModelInputOptions][],
  key: K,
): Record<string, NonNullable<ModelInputOptions[K]>> | undefined {
  const said = inputs.flatMap(([name, { [key]: value }]) => (value === undefined ? [] : [[name, value] as const]));
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

/** What is said of pictures holds for all inputs that take them. */
function same<S extends object, K extends keyof S>(inputs: [string, S][], key: K): S[K] | undefined {
  const said = inputs.flatMap(([, input]) => (input[key] === undefined ? [] : [input[key]]));
  if (said.some((value) => JSON.stringify(value) !== JSON.stringify(said[0]))) {
    throw problem("invalid-option", `the inputs of one model have different settings of \`${String(key)}\``, {
      hint: "scale the pictures of one of them inside the model, or in SQL",
    });
  }
  return said[0];
}

/** A checksum as Subresource Integrity writes it, or as `sha256sum` does: in hexadecimal digits. */
function digits(integrity: string): string {
  const [, hex, base64] = /^(?:sha256[-:])?(?:([0-9a-f]{64})|([\w+/-]{43}=?))$/i.exec(integrity.trim()) ?? [];
  if (hex !== undefined) return hex.toLowerCase();
  if (base64 === undefined) {
    throw problem(
      "invalid-option",
      `expected \`integrity\` as "sha256-" and base64 or 64 digits, found "${integrity}"`,
      {
        hint: "make it with `sha256sum model.onnx`, or `openssl dgst -sha256 -binary model.onnx | base64`",
      },
    );
  }
  const plain = base64.replace(/-/g, "+").replace(/_/g, "/");
  return Array.from(atob(plain), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}
