// Writes SQL for people who start from a model rather than from a query.

import type { ModelInfo, TableInfo } from "predictql";
import { frameOf } from "./feed.js";

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
  const list = Array.from(uris, literal).join(", ");
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

/** Whether a text makes vectors of texts, or brings a tokenizer, as far as a look tells. */
export function readsTexts(sql: string): boolean {
  return /\bML\s*\.\s*GENERATE_EMBEDDING\b|\btokenizer\s*=/i.test(sql);
}

/** Whether a text imports a model of TensorFlow, as far as a look tells. */
export function readsTensorFlow(sql: string): boolean {
  return /\bmodel_type\s*=\s*['"]tensorflow/i.test(sql);
}

/** A text as a literal. */
export function literal(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&").replace(/\n/g, "\\n")}'`;
}

/**
 * What has run in this tab, the newest first: how long each stage took, over how many rows, by which versions of models, and what was
 * measured, where a table has metrics by their jobs.
 */
export function runsQuery(tables: readonly TableInfo[]): string {
  const kept = tables.find(({ columns }) =>
    ["job_id", "metric", "value"].every((name) => columns.some((column) => column.name === name)),
  );
  const metrics = kept
    ? `\n  ARRAY(SELECT AS STRUCT metric, value FROM ${quoted(kept.name)} AS m WHERE m.job_id = j.job_id) AS metrics,`
    : "";
  return `SELECT end_time, statement_type, query, error_result.reason AS error,
  TIMESTAMP_DIFF(end_time, start_time, MILLISECOND) AS ms, job_stages, rows_in, rows_out,${metrics}
  ARRAY(SELECT FORMAT('%s@%d', model_name, version) FROM UNNEST(referenced_models)) AS models,
  ARRAY(SELECT SUBSTR(sha256, 1, 12) FROM UNNEST(referenced_models)) AS sha256, labels
FROM INFORMATION_SCHEMA.JOBS AS j
ORDER BY end_time DESC`;
}
