// Search by meaning: a model turns texts into vectors, a table keeps them, and the nearest ones answer a question.

import type { ColumnInfo, ModelInfo, PredictQL, TableInfo } from "predictql";
import { literal, quoted } from "./sql.js";

/** A table of texts with their vectors. */
export interface Searched {
  model: string;
  /** The table with the vectors. */
  vectors: string;
  /** The columns that answer, the text first. */
  shown: readonly string[];
}

const vector = "ml_generate_embedding_result";

/** Makes the table of the vectors, of a table that may have changed since, or of one that stays as it is. */
export function vectorsQuery({ model, vectors, shown }: Searched, table: string, stays = false): string {
  const [text = "", ...others] = shown.map(quoted);
  const content = text === "content" ? text : `${text} AS content`;
  const back = text === "content" ? text : `content AS ${text}`;
  const create = stays ? "CREATE TABLE IF NOT EXISTS" : "CREATE OR REPLACE TABLE";
  return `${create} ${quoted(vectors)} AS
SELECT ${[back, ...others, vector].join(", ")}
FROM ML.GENERATE_EMBEDDING(MODEL ${quoted(model)},
  (SELECT ${[content, ...others].join(", ")} FROM ${quoted(table)}))`;
}

/** The texts that are nearest to what is asked. */
export function nearestQuery({ model, vectors, shown }: Searched, words: string): string {
  return `SELECT ${shown.map((name) => `base.${quoted(name)}`).join(", ")}, distance
FROM VECTOR_SEARCH(TABLE ${quoted(vectors)}, '${vector}',
  (SELECT ${vector}
   FROM ML.GENERATE_EMBEDDING(MODEL ${quoted(model)}, (SELECT ${literal(words)} AS content))),
  top_k => 10, distance_type => 'COSINE')
ORDER BY distance`;
}

/** The words that a query of this kind asks about. */
export function wordsIn(sql: string): string | undefined {
  const [, words] = /\(SELECT '((?:[^'\\]|\\.)*)' AS content\)/.exec(sql) ?? [];
  return words?.replace(/\\(.)/g, "$1");
}

/** Whether a model turns texts into a vector for each token, of which one for the text is made. */
export function embeds({ inputs, outputs }: ModelInfo): boolean {
  const [text] = inputs;
  return text?.name === "text" && text.databaseType === "STRING" && outputs[0]?.shape?.length === 3;
}

/** Whether there are texts in a table, and no vectors yet. */
export function hasTexts({ kind, columns }: TableInfo): boolean {
  const isText = columns.some(({ databaseType }) => databaseType === "STRING");
  return kind !== "images" && isText && columns.every(({ name }) => name !== vector);
}

/** A search over a table of the user's own: its longest texts are looked through, and what is short enough is shown beside them. */
export async function searchOver(db: PredictQL, model: ModelInfo, table: TableInfo): Promise<Searched | undefined> {
  const texts = table.columns.filter(({ databaseType }) => databaseType === "STRING").map(({ name }) => name);
  if (!hasTexts(table)) return undefined;
  const lengths = texts.map((name, i) => `AVG(LENGTH(${quoted(name)})) AS l${i}`).join(", ");
  const { rows } = await db.query<Record<string, number | null>>(`SELECT ${lengths} FROM ${quoted(table.name)}`);
  const length = texts.map((_, i) => rows[0]?.[`l${i}`] ?? 0);
  const text = texts[length.indexOf(Math.max(...length))] ?? "";
  const isShort = ({ type }: ColumnInfo) => type !== "object" && type !== "buffer" && type !== "other";
  const others = table.columns.filter((column) => column.name !== text && isShort(column));
  return {
    model: model.name,
    vectors: `${table.name}_vectors`,
    shown: [text, ...others.map(({ name }) => name).slice(0, 4)],
  };
}
