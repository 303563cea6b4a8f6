// What a file is by its name and its first bytes, and why the others cannot be used. The engine judges what is inside.

/** A file, and where it lay: in a folder or an archive that came in. */
export interface Incoming {
  file: File;
  path: string;
}

/** A SavedModel of TensorFlow: the files of its folder, by their paths in it. */
export interface Folder {
  path: string;
  files: Incoming[];
}

export interface SortedFiles {
  models: Incoming[];
  folders: Folder[];
  /** Weights that models keep beside them. */
  parts: Incoming[];
  /** Names of classes, a line each. */
  labels: Incoming[];
  tables: Incoming[];
  pictures: Incoming[];
  scripts: Incoming[];
  /** What stands beside models and is not needed. */
  spare: Incoming[];
  rejected: { file: Incoming; reason: string }[];
}

const readable =
  "bring models as .onnx or .tflite, tables as .csv, .tsv, .json, .jsonl, .parquet, .arrow or .feather, pictures as PNG, JPEG, BMP, WebP or GIF";

/** The endings of what the package reads. */
const models = ["onnx", "tflite", "pb", "ubj"];
const parts = ["data", "onnx_data", "weights", "bin"];
const tables = [
  "csv",
  "tsv",
  "tab",
  "json",
  "ndjson",
  "jsonl",
  "geojson",
  "parquet",
  "arrow",
  "arrows",
  "feather",
  "ipc",
];
const pictures = ["png", "jpg", "jpeg", "jfif", "bmp", "dib", "webp", "gif", "avif", "heic", "heif"];

const foreign: Record<string, string> = {
  pt: "is PyTorch's own format: export it with `torch.onnx.export`",
  pth: "is PyTorch's own format: export it with `torch.onnx.export`",
  safetensors: "holds weights without a graph: export the model to ONNX",
  pkl: "is a Python pickle: convert the model with `skl2onnx`",
  joblib: "is a Python pickle: convert the model with `skl2onnx`",
  h5: "is Keras' own format: save the model with `model.export(folder)` and bring the folder",
  keras: "is Keras' own format: save the model with `model.export(folder)` and bring the folder",
  xlsx: "is a spreadsheet: save it as CSV",
  gz: "is compressed: unpack it first",
  tar: "is an archive: bring it as .zip, or the files in it",
  rar: "is an archive: bring it as .zip, or the files in it",
  "7z": "is an archive: bring it as .zip, or the files in it",
};

/** What MLflow and Hugging Face lay beside a model. */
const besides =
  /(^|\/)(MLmodel|conda\.ya?ml|python_env\.ya?ml|requirements\.txt|config\.json|README\.md|LICENSE(\.\w+)?|input_example\.json|serving_input_example\.json)$/i;

/** What TensorFlow lays into the folder of a SavedModel. */
const ofSavedModel =
  /^((saved_model|fingerprint|keras_metadata)\.pb|labels\.txt|(variables|assets|assets\.extra)\/.*)$/;

export async function sortFiles(files: readonly Incoming[]): Promise<SortedFiles> {
  const sorted: SortedFiles = {
    ...{
      models: [],
      folders: [],
      parts: [],
      labels: [],
      tables: [],
      pictures: [],
      scripts: [],
      spare: [],
      rejected: [],
    },
  };
  const rest = new Set(files);
  for (const { path } of files.filter((file) => /(^|\/)saved_model\.pb$/.test(file.path))) {
    const folder = path.slice(0, path.length - "saved_model.pb".length);
    const inside = files.filter(
      (file) => file.path.startsWith(folder) && ofSavedModel.test(file.path.slice(folder.length)),
    );
    for (const file of inside) rest.delete(file);
    const own = inside.map((file) => ({ ...file, path: file.path.slice(folder.length) }));
    sorted.folders.push({ path: folder.slice(0, -1), files: own });
  }
  for (const file of rest) {
    const kind = await kindOf(file);
    if (kind === "foreign") sorted.rejected.push({ file, reason: reasonOf(file.file.name) });
    else sorted[kind].push(file);
  }
  return sorted;
}

async function kindOf({
  file,
  path,
}: Incoming): Promise<Exclude<keyof SortedFiles, "rejected" | "folders"> | "foreign"> {
  const ending = endingOf(file.name);
  if (besides.test(path)) return "spare";
  if (models.includes(ending)) return "models";
  if (pictures.includes(ending)) return "pictures";
  if (ending === "sql") return "scripts";
  if (parts.includes(ending)) return "parts";
  const start = await file.slice(0, 200).text();
  // The boosters' own formats have the endings of other things.
  if (/^\s*\{\s*"(learner|version)"\s*:/.test(start) || /^tree\r?\nversion=/.test(start)) return "models";
  if (tables.includes(ending)) return "tables";
  return ending === "txt" && /label|class|categor|synset|names/i.test(file.name) ? "labels" : "foreign";
}

function endingOf(name: string): string {
  return /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}

function reasonOf(name: string): string {
  const ending = endingOf(name);
  if (ending === "txt") return "is a text: names of classes come as labels.txt, tables as .csv";
  return foreign[ending] ?? `cannot be used here: ${readable}`;
}

/** Before the drop a browser tells types, never names: enough to say what will happen. */
export function promise(types: readonly string[]): string {
  const isTable = /^(text\/(csv|tab-separated-values)|application\/(json|x-ndjson|geo\+json|vnd\.apache\..*))$/;
  const pictures = types.filter((type) => /^image\/(png|jpeg|bmp|webp|gif|avif|heic|heif)$/.test(type)).length;
  const tables = types.filter((type) => isTable.test(type)).length;
  const archives = types.filter((type) => /^application\/(x-)?zip/.test(type)).length;
  const unknown = types.filter((type) => type === "").length;
  const parts = [
    pictures > 0 && `${pictures === 1 ? "The picture joins" : `${pictures} pictures join`} the table photos`,
    tables > 0 && `${tables === 1 ? "the rows become a table" : `${tables} files become tables`}`,
    unknown > 0 &&
      "an .onnx or .tflite file becomes a model, a .parquet, .arrow or .feather file a table, a folder all that is in it",
    archives > 0 && "an archive is unpacked",
  ].filter((part) => part !== false);
  const rest = types.length - pictures - tables - archives - unknown;
  if (rest > 0) parts.push(parts.length > 0 ? "other files are refused" : `This cannot be used here: ${readable}`);
  const sentence = parts.join("; ");
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}
