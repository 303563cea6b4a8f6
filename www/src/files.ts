// What a file is by its name, and why the others cannot be used. The engine judges what is inside.

export interface SortedFiles {
  models: File[];
  tables: File[];
  pictures: File[];
  rejected: { file: File; reason: string }[];
}

const readable =
  "bring models as .onnx, tables as .csv, .tsv, .json, .jsonl, .parquet, .arrow or .feather, pictures as PNG, JPEG, BMP, WebP or GIF";

/** The endings of what the package reads. */
const models = ["onnx", "ubj"];
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
const pictures = ["png", "jpg", "jpeg", "jfif", "bmp", "dib", "webp", "gif"];

const foreign: Record<string, string> = {
  pt: "is PyTorch's own format: export it with `torch.onnx.export`",
  pth: "is PyTorch's own format: export it with `torch.onnx.export`",
  safetensors: "holds weights without a graph: export the model to ONNX",
  pkl: "is a Python pickle: convert the model with `skl2onnx`",
  joblib: "is a Python pickle: convert the model with `skl2onnx`",
  pb: "is a TensorFlow graph: convert it with `tf2onnx`",
  h5: "is a Keras model: convert it with `tf2onnx`",
  keras: "is a Keras model: convert it with `tf2onnx`",
  tflite: "is a TensorFlow Lite model: convert it with `tf2onnx`",
  xlsx: "is a spreadsheet: save it as CSV",
  zip: "is an archive: unpack it first",
  avif: "is an AVIF picture: save it as PNG or JPEG",
  heic: "is a HEIC picture: save it as PNG or JPEG",
};

export function sortFiles(files: Iterable<File>): SortedFiles {
  const sorted: SortedFiles = { models: [], tables: [], pictures: [], rejected: [] };
  for (const file of files) {
    const ending = /\.([^.]+)$/.exec(file.name)?.[1]?.toLowerCase() ?? "";
    if (models.includes(ending)) sorted.models.push(file);
    else if (tables.includes(ending)) sorted.tables.push(file);
    else if (pictures.includes(ending)) sorted.pictures.push(file);
    else sorted.rejected.push({ file, reason: foreign[ending] ?? `cannot be used here: ${readable}` });
  }
  return sorted;
}

/** Before the drop a browser tells types, never names: enough to say what will happen. */
export function promise(types: readonly string[]): string {
  const isTable = /^(text\/(csv|tab-separated-values)|application\/(json|x-ndjson|geo\+json|vnd\.apache\..*))$/;
  const pictures = types.filter((type) => /^image\/(png|jpeg|bmp|webp|gif)$/.test(type)).length;
  const tables = types.filter((type) => isTable.test(type)).length;
  const unknown = types.filter((type) => type === "").length;
  const parts = [
    pictures > 0 && `${pictures === 1 ? "The picture joins" : `${pictures} pictures join`} the table photos`,
    tables > 0 && `${tables === 1 ? "the rows become a table" : `${tables} files become tables`}`,
    unknown > 0 && "an .onnx file becomes a model, a .parquet, .arrow or .feather file a table",
  ].filter((part) => part !== false);
  const rest = types.length - pictures - tables - unknown;
  if (rest > 0) parts.push(parts.length > 0 ? "other files are refused" : `This cannot be used here: ${readable}`);
  const sentence = parts.join("; ");
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}
