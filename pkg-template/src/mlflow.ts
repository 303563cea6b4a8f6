// Folders of models that MLflow has logged: which file is the model, which columns it takes, and what the folder says of it.
// A file of its own, loaded with the first of them.

import { problem, wordsOf } from "./errors.js";
import type { TableEntry } from "./journal.js";
import type { ModelFile } from "./models.js";
import { messages } from "./protobuf.js";
import { quoted } from "./sql-text.js";

/** What a folder of MLflow's holds. */
export interface Logged {
  /** The model's own file. */
  model: Blob;
  /** The files beside it, which may hold its weights. */
  files: Record<string, Blob>;
  /** The columns that make up the model's one input; none where its inputs have names of their own. */
  columns: string[] | undefined;
  /** What the folder says of the model, in words. */
  description: string;
  /** What its user has said of it, by key: what MLflow calls metadata. */
  labels: [string, string][];
  /** Rows to try the model with. */
  example: object[] | undefined;
}

type Yaml = string | null | Yaml[] | { [key: string]: Yaml };

const flavors = ["onnx", "xgboost", "lightgbm"] as const;

/** What the files of a folder are, if `MLmodel` is among them. */
export async function loggedModel(files: readonly ModelFile[]): Promise<Logged | undefined> {
  const [path, about] = files.find(([path]) => /(^|\/)MLmodel$/.test(path)) ?? [];
  if (path === undefined || about === undefined) return undefined;
  const within = new Map(files.map(([name, blob]) => [name.slice(path.length - "MLmodel".length), blob]));
  const told = mapOf(yamlOf(await about.text()));
  const all = mapOf(told.flavors);
  const flavor = flavors.find((name) => all[name] !== undefined);
  const data = flavor && textOf(mapOf(all[flavor]).data);
  if (flavor === undefined || data === undefined || /\.(pkl|skops)$/.test(data)) throw notReadable(Object.keys(all));
  const inFolder = [...within.keys()].find((name) => name.startsWith(`${data}/`) && name.endsWith(`.${flavor}`));
  const file = within.has(data) ? data : inFolder;
  const model = file === undefined ? undefined : within.get(file);
  if (file === undefined || !model) throw missing(data);
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  const beside = [...within].filter(([name]) => name.startsWith(folder) && name !== file);
  const names = columnsOf(told.signature);
  const inputs = flavor === "onnx" && names ? inputsOf(new Uint8Array(await model.arrayBuffer())) : [];
  const isPacked = names !== undefined && inputs.length === 1 && !names.includes(inputs[0] as string);
  return {
    model,
    files: flavor === "onnx" ? Object.fromEntries(beside.map(([name, blob]) => [name.slice(folder.length), blob])) : {},
    columns: isPacked ? names : undefined,
    description: descriptionOf(told),
    labels: Object.entries(mapOf(told.metadata)).map(([key, value]) => [key, textOf(value) ?? JSON.stringify(value)]),
    example: await exampleOf(mapOf(told.saved_input_example_info), within),
  };
}

/** Where what a folder says of its model is told. */
interface Database {
  query(sql: string, params: [], options: object): Promise<unknown>;
  addTemporary(rows: object[], options: object): Promise<TableEntry>;
  dropTemporary(entry: TableEntry): Promise<void>;
  dropModel(name: string): Promise<void>;
  catalog(): Promise<{ tables: readonly { name: string }[]; models: readonly { name: string }[] }>;
  registerTable(name: string, rows: object[], options: object): Promise<unknown>;
}

/**
 * Keeps what a folder says of its model: words with the version, rows as a table, if none has its name. A version that cannot
 * predict its own example is taken back.
 */
export async function tell(
  db: Database,
  { name, version }: { name: string; version: number },
  { description, labels, example }: Pick<Logged, "description" | "labels" | "example">,
): Promise<void> {
  const reference = quoted(`${name}@${version}`);
  const { tables, models } = await db.catalog();
  const isAlone = models.filter((model) => model.name === name).length === 1;
  if (example) await tryOut(db, reference, example, () => db.dropModel(isAlone ? name : `${name}@${version}`));
  // A text of JSON is one of SQL.
  const pairs = labels.map((pair) => `(${pair.map((text) => JSON.stringify(text)).join(", ")})`);
  const told = `description = ${JSON.stringify(description)}, labels = [${pairs.join(", ")}]`;
  await db.query(`ALTER MODEL ${reference} SET OPTIONS (${told})`, [], {});
  const table = `${name}_example`;
  if (example && !tables.some((known) => known.name === table)) await db.registerTable(table, example, {});
}

async function tryOut(
  db: Database,
  reference: string,
  example: object[],
  takeBack: () => Promise<void>,
): Promise<void> {
  const rows = await db.addTemporary(example, {});
  try {
    const sql = `SELECT * FROM ML.PREDICT(MODEL ${reference}, TABLE ${quoted(rows.name)})`;
    await db.query(sql, [], { tables: [rows] });
  } catch (cause) {
    // One that has taken an alias over stays, until somebody has decided about that.
    await takeBack().catch(() => {});
    throw problem("self-test-failed", `the MLflow model ${reference} does not predict its own example`, {
      hint: "log it again, with an `input_example` that has the columns of its signature",
      detail: wordsOf(cause),
      cause,
    });
  } finally {
    await db.dropTemporary(rows);
  }
}

function notReadable(found: readonly string[]) {
  const names = found.filter((name) => name !== "python_function");
  const made = names.length === 0 ? "Python alone" : names.map((name) => `\`${name}\``).join(", ");
  return problem("unsupported-source", `this MLflow model is for ${made}, which only Python opens`, {
    hint: "log it as ONNX: `mlflow.onnx.log_model(skl2onnx.to_onnx(model, X[:1]))`; folders of the flavors onnx, xgboost and lightgbm are read",
  });
}

function missing(data: string) {
  return problem("no-such-file", `\`MLmodel\` names the file \`${data}\`, which is not in the folder`, {
    hint: "give all files of the folder, or a zip of it",
  });
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problem("invalid-json", `${what} of the MLflow model is no JSON`, { detail: wordsOf(error), cause: error });
  }
}

/** The names of the signature's columns; none where it has tensors or nothing. */
function columnsOf(signature: Yaml | undefined): string[] | undefined {
  const text = textOf(mapOf(signature).inputs);
  const inputs = text === undefined ? undefined : parsed(text, "the signature");
  if (!Array.isArray(inputs) || inputs.length === 0) return undefined;
  const names = inputs.map((input) => (input?.type === "tensor" ? undefined : input?.name));
  return names.every((name) => typeof name === "string") ? names : undefined;
}

/** What MLflow knows of the model: its id and its time. */
function descriptionOf(told: Record<string, Yaml>): string {
  const known = [textOf(told.model_id) ?? textOf(told.model_uuid), textOf(told.utc_time_created)];
  return `MLflow model ${known.filter((text) => text !== undefined).join(" of ")}`;
}

/** The rows of a data frame that was logged as an example. */
async function exampleOf(info: Record<string, Yaml>, files: Map<string, Blob>): Promise<object[] | undefined> {
  const file = files.get(textOf(info.artifact_path) ?? "");
  if (!file || textOf(info.pandas_orient) !== "split") return undefined;
  const { columns, data } = parsed(await file.text(), "the example") as { columns?: string[]; data?: unknown[][] };
  if (!columns || !data) return undefined;
  return data.map((row) => Object.fromEntries(columns.map((name, place) => [name, row[place]])));
}

/** The inputs of an ONNX file that no weight stands for. */
function inputsOf(bytes: Uint8Array): string[] {
  const [graph] = messages(bytes, 7);
  if (!graph) return [];
  const name = (field: number) => (message: Uint8Array) => new TextDecoder().decode(messages(message, field)[0]);
  const weights = new Set(messages(graph, 5).map(name(8)));
  return messages(graph, 11)
    .map(name(1))
    .filter((input) => !weights.has(input));
}

function mapOf(value: Yaml | undefined): Record<string, Yaml> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function textOf(value: Yaml | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

interface Line {
  indent: number;
  text: string;
}

/** The part of YAML that MLflow writes: maps and lists by their indentation, texts plain or in quotes, over several lines. */
function yamlOf(text: string): Yaml {
  const lines: Line[] = [];
  let open = "";
  for (const line of text.split(/\r?\n/)) {
    const last = lines.at(-1);
    if (last && open !== "") last.text += ` ${line.trim()}`;
    else if (line.trim() !== "" && !line.trimStart().startsWith("#"))
      lines.push({ indent: line.search(/\S/), text: line.trim() });
    open = openQuote(lines.at(-1)?.text ?? "");
  }
  return block(lines, 0)[0];
}

/** The quote that the value of a line leaves open. */
function openQuote(line: string): string {
  const value = line.replace(/^(- )?([^'"]*?:\s)?/, "");
  const quote = value[0] ?? "";
  if (quote !== "'" && quote !== '"') return "";
  const body = value.slice(1).replaceAll(quote === "'" ? "''" : /\\./g, "");
  return body.includes(quote) ? "" : quote;
}

/** The map or list that begins at a line, and the line behind it. */
function block(lines: readonly Line[], from: number): [Yaml, number] {
  const { indent, text } = lines[from] ?? { indent: 0, text: "" };
  const items: Yaml[] = [];
  const map: Record<string, Yaml> = Object.create(null);
  const isList = text.startsWith("- ");
  let at = from;
  while (at < lines.length) {
    const line = lines[at] as Line;
    if (line.indent < indent || (line.indent === indent && line.text.startsWith("- ") !== isList)) break;
    at++;
    // Maps inside of lists: nothing that is asked for stands in them.
    if (line.indent > indent) continue;
    if (isList) {
      items.push(scalar(line.text.slice(2)));
      continue;
    }
    const [, key = line.text, value = ""] = /^(.*?):(?:\s+(.*))?$/.exec(line.text) ?? [];
    const next = lines[at];
    const isInner =
      value === "" && next && (next.indent > indent || (next.indent === indent && next.text.startsWith("- ")));
    if (!isInner) map[key] = scalar(value);
    else [map[key], at] = block(lines, at);
  }
  return [isList ? items : map, at];
}

function scalar(text: string): Yaml {
  if (text === "" || text === "null" || text === "~") return null;
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (text.startsWith('"')) return JSON.parse(text.replace(/\\ /g, " "));
  return text === "{}" ? {} : text === "[]" ? [] : text;
}
