// A version of a model as the folder that MLflow logs, in a zip. A file of its own, loaded with the first of them.
// What it writes is read by `mlflow.models.Model.load` and `mlflow.pyfunc.load_model`.

import { sha256Of } from "./digest.js";
import { problem } from "./errors.js";
import type { ModelInfo } from "./glue/predictql.js";
import type { Entry } from "./journal.js";
import { messages, numbers } from "./protobuf.js";

/** The bytes of a version. */
interface Kept {
  model: Blob;
  /** The files beside it, which hold its weights. */
  files: Record<string, Blob>;
}

/** Files of a folder that say what it was before. */
const own = /^(MLmodel|conda\.yaml|python_env\.yaml|requirements\.txt|(serving_)?input_example\.json)$/;

/** How MLflow's flavor of a format names its parts. */
interface Flavor {
  name: string;
  file: string;
  about: string[];
  requirements: string[];
}

/** Where what is known of a version is asked. */
interface Database {
  catalog(): Promise<{ models: readonly ModelInfo[] }>;
  query<T>(sql: string, params: [string, number], options: object): Promise<{ rows: T[] }>;
}

/** The version of a model that a name with or without `@` means, in a zip; `entries` have its bytes. */
export async function exported(db: Database, entries: Iterable<Entry>, name: string): Promise<Blob> {
  const [, base, word = "default"] = /^(.*?)(?:@([^@]*))?$/s.exec(name) ?? [];
  const versions = (await db.catalog()).models.filter((model) => model.name === base);
  const isIt = ({ version, aliases, default: isDefault }: ModelInfo) =>
    word === "default" ? isDefault : String(version) === word || aliases.includes(word);
  const info = word === "latest" ? versions.at(-1) : versions.find(isIt);
  if (!info && versions.length > 0) {
    const words = versions.flatMap(({ version, aliases }) => [version, ...aliases]);
    throw problem("no-such-file", `the model \`${base}\` has no version \`${word}\``, {
      hint: `it has ${words.join(", ")}`,
    });
  }
  const kept = info && (await keptOf(info, entries));
  if (!info || !kept) {
    throw problem("no-such-file", `there is no model \`${name}\` whose file is at hand`, {
      hint: "`models()` lists them; transforms, and files of more than 256 MB, are not exported",
    });
  }
  const sql = "SELECT description, labels FROM INFORMATION_SCHEMA.MODEL_VERSIONS WHERE model_name = ? AND version = ?";
  const { rows } = await db.query<Said>(sql, [info.name, info.version], {});
  return mlflowZip(info, kept, rows[0]);
}

/** The files of a version, known by their checksum. */
async function keptOf({ sha256 }: ModelInfo, entries: Iterable<Entry>): Promise<Kept | undefined> {
  for (const kept of modelsOf(entries)) if ((await sha256Of(kept.model)) === sha256) return kept;
  return undefined;
}

/** All files that may be models, each with those that were given or read beside it. */
function* modelsOf(entries: Iterable<Entry>): Iterable<Kept> {
  for (const entry of entries) {
    if (entry.kind === "registerModel") yield { model: entry.blob, files: entry.files };
    if (entry.kind !== "statement") continue;
    for (const [uri, model] of entry.kept) {
      const folder = uri.slice(0, uri.lastIndexOf("/") + 1);
      const beside = [...entry.kept].filter(([other]) => other !== uri && other.startsWith(folder));
      yield { model, files: Object.fromEntries(beside.map(([other, blob]) => [other.slice(folder.length), blob])) };
    }
  }
}

/** What its user has said of a version. */
interface Said {
  description: string | null;
  labels: readonly { key: string; value: string }[];
}

/** The zip. `said` is told of the version too. */
async function mlflowZip(info: ModelInfo, { model, files }: Kept, said: Said | undefined): Promise<Blob> {
  const flavor = flavorOf(info, await model.slice(0, 2).text());
  const told = flavor.name === "onnx" ? tensors(new Uint8Array(await model.arrayBuffer())) : undefined;
  const columns = info.inputs.map(({ name }) => name);
  // Where a tensor has the names of columns, these make it up, whichever option or file has said so.
  const isPacked = !told || (told.names?.length === 1 && told.names.join() !== columns.join());
  const names = isPacked ? columns : undefined;
  const signature = { inputs: names ? doubles(names) : told?.inputs, outputs: told?.outputs };
  const metadata: Record<string, string | undefined> = {
    predictql_model: info.name,
    predictql_version: String(info.version),
    predictql_aliases: info.aliases.join(", ") || undefined,
    predictql_sha256: info.sha256,
    description: said?.description ?? undefined,
    ...Object.fromEntries(said?.labels.map(({ key, value }) => [key, value]) ?? []),
  };
  const mlmodel = [
    "flavors:",
    ...[`  ${flavor.name}:`, ...["code: null", `data: ${flavor.file}`, ...flavor.about].map((line) => `    ${line}`)],
    "  python_function:",
    ...[
      `data: ${flavor.file}`,
      "env:",
      "  virtualenv: python_env.yaml",
      `loader_module: mlflow.${flavor.name}`,
      "python_version: 3.11.7",
    ].map((line) => `    ${line}`),
    "is_signature_from_type_hint: false",
    "metadata:",
    ...Object.entries(metadata).flatMap(([key, value]) =>
      value === undefined ? [] : [`  ${/^[\w-]+$/.test(key) ? key : text(key)}: ${text(value)}`],
    ),
    "mlflow_version: 3.17.2",
    `model_size_bytes: ${model.size}`,
    `model_uuid: ${info.sha256.slice(0, 32)}`,
    "prompts: null",
    "signature:",
    `  inputs: ${signature.inputs ? text(signature.inputs) : "null"}`,
    `  outputs: ${signature.outputs ? text(signature.outputs) : "null"}`,
    "  params: null",
    "type_hint_from_example: false",
    `utc_time_created: ${text(new Date().toISOString().replace("T", " ").replace("Z", "000"))}`,
  ];
  const environment = ["python: 3.11.7", "build_dependencies:", "- pip", "dependencies:", "- -r requirements.txt"];
  const lines = (all: readonly string[]) => new Blob([`${all.join("\n")}\n`]);
  return zipOf([
    ["MLmodel", lines(mlmodel)],
    ["python_env.yaml", lines(environment)],
    ["requirements.txt", lines(["mlflow", ...flavor.requirements])],
    [flavor.file, model],
    ...Object.entries(files).filter(([path]) => !own.test(path) && path !== flavor.file),
  ]);
}

function flavorOf({ format, name }: ModelInfo, head: string): Flavor {
  if (format === "XGBOOST") {
    // UBJSON begins with a brace too, and names a type behind it.
    const isJson = /^\{[\s"]/.test(head);
    const file = isJson ? "model.json" : "model.ubj";
    const about = [
      "model_class: xgboost.core.Booster",
      `model_format: ${isJson ? "json" : "ubj"}`,
      "xgb_version: 3.2.0",
    ];
    return { name: "xgboost", file, about, requirements: ["xgboost"] };
  }
  if (format === "LIGHTGBM") {
    const about = ["lgb_version: 4.7.0", "model_class: lightgbm.basic.Booster"];
    return { name: "lightgbm", file: "model.lgb", about, requirements: ["lightgbm"] };
  }
  if (format !== "ONNX" && head[0] !== "\b") {
    throw problem("unsupported-source", `the model \`${name}\` is of ${format}, which has no flavor that is written`, {
      hint: "models of ONNX, XGBoost and LightGBM are exported",
    });
  }
  const about = ["onnx_session_options: null", "onnx_version: 1.20.1", "providers:", "- CPUExecutionProvider"];
  return { name: "onnx", file: "model.onnx", about, requirements: ["onnx", "onnxruntime"] };
}

/** A text in YAML's single quotes; these know no escapes, so one of several lines is in double ones. */
function text(value: string): string {
  return /[\r\n]/.test(value) ? JSON.stringify(value) : `'${value.replaceAll("'", "''")}'`;
}

/** Columns of numbers, which MLflow packs into a model's one input. */
function doubles(names: readonly string[]): string {
  return JSON.stringify(names.map((name) => ({ type: "double", name, required: true })));
}

/** The tensors of an ONNX file and its inputs' names; none where some are sequences or maps, which a signature has no words for. */
function tensors(
  bytes: Uint8Array,
): Record<"inputs" | "outputs", string | undefined> & { names: string[] | undefined } {
  const graph = messages(bytes, 7)[0] ?? new Uint8Array();
  const weights = new Set(messages(graph, 5).map((it) => string(messages(it, 8)[0])));
  const specs = (field: number) => {
    const ports = messages(graph, field).filter((it) => !weights.has(string(messages(it, 1)[0])));
    const all = ports.map(specOf);
    return all.every((spec) => spec !== undefined) ? all : undefined;
  };
  const [inputs, outputs] = [specs(11), specs(12)];
  const written = (all: typeof inputs) => all && JSON.stringify(all);
  return { inputs: written(inputs), outputs: written(outputs), names: inputs?.map(({ name }) => name) };
}

/** NumPy's names of ONNX's types of elements. */
const dtypes = [
  undefined,
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "str",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
];

function specOf(port: Uint8Array) {
  const tensor = messages(messages(port, 2)[0] ?? new Uint8Array(), 1)[0];
  const dtype = tensor && dtypes[numbers(tensor, 1)[0] ?? 0];
  if (!tensor || dtype === undefined) return undefined;
  const dims = messages(messages(tensor, 2)[0] ?? new Uint8Array(), 1);
  // A dimension that is free has no number.
  const shape = dims.map((dim) => numbers(dim, 1)[0] ?? -1);
  return { name: string(messages(port, 1)[0]), type: "tensor", "tensor-spec": { dtype, shape } };
}

function string(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

/** A zip whose files are stored as they are. */
async function zipOf(files: readonly (readonly [string, Blob])[]): Promise<Blob> {
  const parts: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let [offset, listed] = [0, 0];
  for (const [path, blob] of files) {
    const name = new TextEncoder().encode(path);
    const about = [20, 0x0800, 0, 0, 0x5c21];
    const sums = [await crcOf(blob), blob.size, blob.size];
    const head = record(0x04034b50, about, sums, [name.length, 0]);
    const entry = record(0x02014b50, [20, ...about], sums, [name.length, 0, 0, 0, 0], [0, offset]);
    parts.push(head, name, blob);
    directory.push(entry, name);
    offset += head.length + name.length + blob.size;
    listed += entry.length + name.length;
  }
  const end = record(0x06054b50, [0, 0, files.length, files.length], [listed, offset], [0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** A number of 32 bits, then lists of 16, 32, 16 and 32 bits each. */
function record(signature: number, ...lists: number[][]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const put = (value: number, width: number) => {
    for (let shift = 0; shift < width; shift += 8) bytes.push(Math.floor(value / 2 ** shift) & 255);
  };
  put(signature, 32);
  lists.forEach((list, place) => {
    for (const value of list) put(value, place % 2 === 0 ? 16 : 32);
  });
  return new Uint8Array(bytes);
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

async function crcOf(blob: Blob): Promise<number> {
  let sum = 0xffffffff;
  for (const reader = blob.stream().getReader(); ; ) {
    const { value, done } = await reader.read();
    if (done) return (sum ^ 0xffffffff) >>> 0;
    for (const byte of value) sum = (table[(sum ^ byte) & 255] as number) ^ (sum >>> 8);
  }
}
