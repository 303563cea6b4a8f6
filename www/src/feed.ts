// How the columns of a table come to the inputs of a model: by their names, packed into lists, as pictures, as text. Never made up.

import type { ColumnInfo, ModelInfo, TableInfo } from "predictql";
import { quoted } from "./sql.js";

/** A list input that several columns go into, and which of them. */
export interface Packing {
  input: string;
  /** How many it takes; `undefined` where the model takes any number. */
  width: number | undefined;
  columns: string[];
  /** What could be taken in their place. */
  candidates: string[];
  /** Whether the table leaves no doubt which ones are meant. */
  isSure: boolean;
}

/** A table that has what a model needs. */
export interface Fit {
  table: TableInfo;
  /** What is selected for inputs that are not columns already: SQL by the name of the input. */
  made: Map<string, string>;
  packings: Packing[];
  /** How many inputs have a column of their name. */
  named: number;
}

/** The table that fits best: inputs by their names first, then without a doubt, then the one that is asked about first. */
export function bestFit(model: ModelInfo, tables: readonly TableInfo[]): Fit | undefined {
  const fits = tables.map((table) => fitOf(model, table)).filter((fit) => fit !== undefined);
  const rank = ({ named, packings }: Fit) => 2 * named + (packings.every(({ isSure }) => isSure) ? 1 : 0);
  return fits.reduce<Fit | undefined>((best, fit) => (best && rank(best) >= rank(fit) ? best : fit), undefined);
}

/** How the table feeds the model; nothing where an input would stay empty. */
export function fitOf(model: ModelInfo, table: TableInfo): Fit | undefined {
  const fit: Fit = { table, made: new Map(), packings: [], named: 0 };
  const names = new Set(table.columns.map(({ name }) => name.toLowerCase()));
  for (const input of model.inputs) {
    if (names.has(input.name.toLowerCase())) {
      fit.named += 1;
      continue;
    }
    const isOnly = model.inputs.length === 1;
    if (isOnly && table.kind === "images" && frameOf(input)) {
      fit.made.set(input.name, pixels(input));
      continue;
    }
    const text = isText(input) ? textColumns(model, table) : [];
    const [words] = text;
    if (isOnly && words && text.length === 1) {
      fit.made.set(input.name, input.databaseType.startsWith("ARRAY") ? `[${quoted(words)}]` : quoted(words));
      continue;
    }
    const packing = packingOf(input, model, table);
    if (!packing) return undefined;
    fit.packings.push(packing);
  }
  return fit;
}

/** The query over a table that fits. */
export function predictQuery(model: ModelInfo, fit: Fit): string {
  const { table, made, packings } = fit;
  const inputs = [
    ...[...made].map(([name, sql]) => `${sql} AS ${quoted(name)}`),
    ...packings.map(({ input, columns }) => `${packed(columns, table)} AS ${quoted(input)}`),
  ];
  const isPictures = table.kind === "images";
  const rows = select([isPictures ? "uri" : "*", ...inputs], quoted(table.name));
  // What was made for the model alone is of no interest in its answer, nor are probabilities a second time.
  const left = [...made.keys(), ...packings.map(({ input }) => input), ...repeated(model)];
  const all = left.length === 0 ? "*" : `* EXCEPT (${left.map(quoted).join(", ")})`;
  const shown = isPictures ? ["uri", ...outputsOf(model)].join(", ") : all;
  return `SELECT ${shown}\nFROM ML.PREDICT(MODEL ${quoted(model.name)},\n  (${rows}))`;
}

/** Plain lists of scores beside one of the same length that names the classes. */
function repeated({ outputs }: ModelInfo): string[] {
  const named = outputs.find(({ databaseType }) => /^ARRAY<STRUCT<label \w+, prob FLOAT64>>/.test(databaseType));
  if (!named) return [];
  const isSame = ({ databaseType, shape }: ColumnInfo) =>
    databaseType === "ARRAY<FLOAT64>" && shape?.at(-1) === named.shape?.at(-1);
  return outputs.filter(isSame).map(({ name }) => name);
}

/** What a table must have for the model, in words. */
export function needs(model: ModelInfo): string {
  const parts = model.inputs.map((input) => {
    if (frameOf(input)) return "pictures";
    if (isText(input)) return `the text \`${input.name}\``;
    if (!isList(input)) return `\`${input.name}\``;
    const width = widthOf(input);
    return width === undefined
      ? `the numbers of \`${input.name}\``
      : `${width} columns of numbers for \`${input.name}\``;
  });
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : (parts[0] ?? "anything");
}

function select(items: readonly string[], from: string): string {
  return `SELECT ${items.join(",\n          ")}\n   FROM ${from}`;
}

/** Short answers: lists of scores are left out where there is anything else. */
function outputsOf(model: ModelInfo): string[] {
  const short = model.outputs.filter(({ databaseType }) => !/^(ARRAY|STRUCT)/.test(databaseType));
  return (short.length > 0 ? short : model.outputs).map(({ name }) => quoted(name));
}

function packed(columns: readonly string[], table: TableInfo): string {
  const items = columns.map((name) => {
    const isFlag = table.columns.some((column) => column.name === name && column.type === "boolean");
    return isFlag ? `CAST(${quoted(name)} AS INT64)` : quoted(name);
  });
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length < 70) lines[lines.length - 1] = `${last}, ${item}`;
    else lines.push(item);
  }
  return `[${lines.join(",\n           ")}]`;
}

function isList({ databaseType }: ColumnInfo): boolean {
  return /^ARRAY<(FLOAT64|INT64|NUMERIC|BOOL)>/.test(databaseType);
}

function isText({ databaseType }: ColumnInfo): boolean {
  return /^(ARRAY<)?STRING/.test(databaseType);
}

function widthOf({ shape }: ColumnInfo): number | undefined {
  const width = shape?.length === 2 ? shape[1] : undefined;
  return typeof width === "number" ? width : undefined;
}

/** Columns that say what is to be predicted, by the names that data sets give them. */
const targets =
  /^(y|label|labels|class|classes|target|targets|outcome|response|result|species|survived|diagnosis|churn|churned|exited|default|fraud|is_fraud|medv|quality|prediction|predicted.*|actual)$/;
/** Columns that say which row it is. */
const keys = /^(id|_?index|row|rowid|row_?(id|number)|no|nr|unnamed_*\d*|uuid|key|.+_id|.+id_?number)$/;

/** `petal.length` and `Petal Length` are the same words. */
function plainName(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .replace(/\W+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase();
}

/** The table's own numbers in order, without what is to be predicted and what only counts the rows. */
function packingOf(input: ColumnInfo, model: ModelInfo, table: TableInfo): Packing | undefined {
  if (!isList(input) || input.shape?.length !== 2 || table.kind === "images") return undefined;
  const isWhole = input.databaseType.startsWith("ARRAY<INT64>");
  const kinds = isWhole ? ["integer", "bigint", "boolean"] : ["number", "integer", "bigint", "boolean"];
  const width = widthOf(input);
  const candidates = table.columns.filter(({ type }) => kinds.includes(type)).map(({ name }) => name);
  if (candidates.length === 0 || candidates.length < (width ?? 0)) return undefined;
  const answers = new Set(model.outputs.map(({ name }) => plainName(name)));
  const isTarget = (name: string) => targets.test(plainName(name)) || answers.has(plainName(name));
  const features = candidates.filter((name) => !isTarget(name));
  const values = features.filter((name) => !keys.test(plainName(name)));
  if (width === undefined) return { input: input.name, width, columns: values, candidates, isSure: false };
  for (const columns of [values, features]) {
    if (columns.length === width) return { input: input.name, width, columns, candidates, isSure: true };
  }
  // Whoever is asked takes some away rather than trusting a guess.
  const columns = [values, features].find(({ length }) => length > width) ?? candidates;
  return { input: input.name, width, columns, candidates, isSure: false };
}

function textColumns(model: ModelInfo, table: TableInfo): string[] {
  const answers = new Set(model.outputs.map(({ name }) => plainName(name)));
  return table.columns
    .filter(({ type, name }) => type === "string" && !targets.test(plainName(name)) && !answers.has(plainName(name)))
    .map(({ name }) => name);
}

/** Height and width of a picture input, channels last or first; where they are free, those that most models were made for. */
export function frameOf({
  shape,
  databaseType,
}: ColumnInfo): { height: number; width: number; channels: number } | undefined {
  if (shape?.length !== 4 || !/FLOAT64|INT64/.test(databaseType)) return undefined;
  const [, a, b, c] = shape;
  const isChannels = (dimension: unknown) => dimension === 1 || dimension === 3;
  const isFree = (dimension: unknown) => typeof dimension === "string";
  const usual = 224;
  const sized = (channels: unknown, height: unknown, width: unknown) => ({
    height: typeof height === "number" ? height : usual,
    width: typeof width === "number" ? width : usual,
    channels: channels === 1 ? 1 : 3,
  });
  if (isChannels(c)) return sized(c, a, b);
  if (isChannels(a)) return sized(a, b, c);
  return isFree(a) && isFree(b) && isFree(c) ? sized(a, b, c) : undefined;
}

function pixels(input: ColumnInfo): string {
  const { height, width, channels } = frameOf(input) ?? { height: 224, width: 224, channels: 3 };
  const upright = "ML.DECODE_IMAGE(data, STRUCT(TRUE AS apply_orientation))";
  const resized = `ML.RESIZE_IMAGE(${upright}, ${height}, ${width}, FALSE)`;
  return channels === 1 ? `ML.CONVERT_COLOR_SPACE(${resized}, 'GRAYSCALE')` : resized;
}
