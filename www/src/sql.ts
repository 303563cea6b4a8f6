// Writes SQL for people who start from a model rather than from a query.

import type { ColumnInfo, ModelInfo, TableInfo } from "predictql";

const plain = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;

// Words that end a name where they stand: quoted when a file happens to be called so.
const reserved = new Set(
  "all and any array as asc between by case cast create desc distinct else end except exists false from group having if in is join left like limit model not null on or order select struct table then to true union using when where with".split(
    " ",
  ),
);

/** A name as SQL text, in backticks where it needs them. */
export function quoted(name: string): string {
  return plain.test(name) && !reserved.has(name.toLowerCase()) ? name : `\`${name}\``;
}

/** An object table over pictures, those that it holds already included. */
export function pictureTable(name: string, uris: Iterable<string>): string {
  const list = Array.from(uris, (uri) => `'${uri.replace(/[\\']/g, "\\$&")}'`).join(", ");
  return `CREATE OR REPLACE EXTERNAL TABLE ${quoted(name)}\n  OPTIONS (object_metadata = 'SIMPLE', uris = [${list}])`;
}

/** A file's name as the name of a table or a model. */
export function nameFromFile(file: string): string {
  const stem = file.replace(/\.[^.]*$/, "").toLowerCase();
  const name = stem.replace(/\W+/g, "_").replace(/^_+|_+$/g, "");
  return /^[a-z_]/.test(name) ? name : `t_${name}`;
}

/** The first look at a table. Pictures themselves are left out: they are megabytes each. */
export function lookQuery(table: TableInfo): string {
  const what = table.kind === "images" ? "uri, content_type, size" : "*";
  return `SELECT ${what}\nFROM ${quoted(table.name)}\nLIMIT 100`;
}

/** A complete query over the table that has what the model needs, or over constants where none has. */
export function predictQuery(model: ModelInfo, tables: readonly TableInfo[]): string {
  const picture = model.inputs.length === 1 ? model.inputs.find((input) => frameOf(input)) : undefined;
  const photos = tables.find((table) => table.kind === "images");
  if (picture && photos) {
    const columns = model.outputs.filter((output) => !output.databaseType.startsWith("ARRAY")).map(({ name }) => name);
    const shown = (columns.length > 0 ? columns : model.outputs.map(({ name }) => name)).map(quoted);
    return select(["uri", ...shown].join(", "), model, ["uri", pixels(picture)], photos.name);
  }
  const table = tables.find((candidate) => covers(candidate, model));
  return table
    ? select("*", model, ["*"], table.name)
    : select(
        "*",
        model,
        model.inputs.map((input) => `${example(input)} AS ${quoted(input.name)}`),
      );
}

/** Whether the table has every input of the model under its name. */
export function covers(table: TableInfo, model: ModelInfo): boolean {
  const names = new Set(table.columns.map(({ name }) => name.toLowerCase()));
  return model.inputs.every(({ name }) => names.has(name.toLowerCase()));
}

/** Whether the model looks at pictures. */
export function seesPictures(model: ModelInfo): boolean {
  return model.inputs.length === 1 && model.inputs.some((input) => frameOf(input) !== undefined);
}

/** Whether a text reads pictures, as far as a look tells. */
export function decodesPictures(sql: string): boolean {
  return /\bML\s*\.\s*DECODE_IMAGE\b/i.test(sql);
}

function select(columns: string, model: ModelInfo, items: string[], table?: string): string {
  const from = table === undefined ? "" : `\n   FROM ${quoted(table)}`;
  return `SELECT ${columns}\nFROM ML.PREDICT(MODEL ${quoted(model.name)},\n  (SELECT ${items.join(",\n          ")}${from}))`;
}

/** Height and width of a picture input, channels last or first. */
function frameOf({ shape }: ColumnInfo): [number, number] | undefined {
  if (shape?.length !== 4) return undefined;
  const [, a, b, c] = shape;
  const channels = (dimension: unknown) => dimension === 1 || dimension === 3;
  const [height, width] = channels(c) ? [a, b] : channels(a) ? [b, c] : [];
  return typeof height === "number" && typeof width === "number" ? [height, width] : undefined;
}

function pixels(input: ColumnInfo): string {
  const [height, width] = frameOf(input) ?? [224, 224];
  return `ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), ${height}, ${width}, FALSE) AS ${quoted(input.name)}`;
}

function example(input: ColumnInfo): string {
  const item = /^ARRAY<(\w+)>/.exec(input.databaseType)?.[1];
  if (item === undefined) return constant(input.databaseType);
  const width = input.shape?.at(-1);
  return `[${Array(typeof width === "number" ? width : 1)
    .fill(constant(item))
    .join(", ")}]`;
}

function constant(databaseType: string): string {
  if (databaseType.startsWith("STRING")) return "''";
  if (databaseType.startsWith("BOOL")) return "FALSE";
  return databaseType.startsWith("FLOAT") ? "0.0" : "0";
}
