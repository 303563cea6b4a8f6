// What users say of a model, in the words of the engine: options by their names in SQL, labels and weights read from
// their files.

import { problem } from "./errors.js";
import type { ModelSettings } from "./glue/predictql.js";
import type { ModelInputOptions, ModelOptions, ModelSource } from "./interface.js";
import type { Network, ReadOptions } from "./network.js";
import { readModel } from "./sources.js";

/** A model as the engine takes it. */
export interface ModelInput {
  blob: Blob;
  settings: ModelSettings;
  /** The files beside the model's own, by the paths that it gives them. */
  files: Record<string, Blob>;
}

export async function readModelInput(
  source: ModelSource,
  options: ModelOptions,
  network: Network,
  read: ReadOptions,
): Promise<ModelInput> {
  const blob = await readModel(source, network, read);
  const settings = settingsOf(options);
  const { labels, externalData = {} } = options;
  if (typeof labels === "string" || labels instanceof URL) {
    settings.labels = new Uint8Array(await (await network.read(labels, "data", read)).arrayBuffer());
  } else if (labels !== undefined) {
    settings.labels = labels;
  }
  const files: Record<string, Blob> = {};
  for (const [path, part] of Object.entries(externalData)) files[path] = await readModel(part, network, read);
  return { blob, settings, files };
}

function settingsOf({
  integrity,
  inputs = {},
  task,
  softmax,
  nullHandling,
  defaultOnNull,
}: ModelOptions): ModelSettings {
  const settings: ModelSettings = {};
  const all = Object.entries(inputs);
  for (const [name, input] of all) checkWords(name, input);
  const columns = byInput(all, "columns");
  if (columns !== undefined) settings.input_columns = columns;
  const axes = byInput(all, "batchAxis");
  if (axes !== undefined) settings.batch_axis = axes;
  const mean = same(all, "mean");
  if (mean !== undefined) settings.image_mean = mean;
  const std = same(all, "std");
  if (std !== undefined) settings.image_std = std;
  const layout = same(all, "layout");
  if (layout !== undefined) settings.image_layout = layout;
  if (task !== undefined) settings.task = task;
  if (softmax !== undefined) settings.softmax = softmax;
  if (nullHandling !== undefined) settings.null_handling = nullHandling;
  if (defaultOnNull !== undefined) settings.default_on_null = defaultOnNull;
  if (integrity !== undefined) settings.sha256 = digits(integrity);
  return settings;
}

/** The words that `inputs` knows. */
const INPUT_WORDS: Record<keyof ModelInputOptions, true> = {
  columns: true,
  mean: true,
  std: true,
  layout: true,
  batchAxis: true,
};

/** A slip in a word would leave the model as it is, and its answers wrong. */
function checkWords(name: string, input: object): void {
  for (const word of Object.keys(input)) {
    if (!Object.hasOwn(INPUT_WORDS, word)) {
      throw problem("invalid-option", `the input \`${name}\` has no option \`${word}\``, {
        hint: `the options of inputs are ${Object.keys(INPUT_WORDS).join(", ")}`,
      });
    }
  }
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

/** The checksum of Subresource Integrity in hexadecimal digits. */
function digits(integrity: string): string {
  const encoded = /^sha256-([A-Za-z0-9+/]{43}=)$/.exec(integrity)?.[1];
  if (encoded === undefined) {
    throw problem("invalid-option", `expected \`integrity\` as "sha256-" and base64, found "${integrity}"`, {
      hint: "make it with `openssl dgst -sha256 -binary model.onnx | base64`",
    });
  }
  return Array.from(atob(encoded), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}
