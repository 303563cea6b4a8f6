// A query over rows of zeros, of the shapes that a model takes: a file of its own, for few pages warm models up.

import type { ColumnInfo, ModelInfo } from "./glue/predictql.js";
import { quoted } from "./sql-text.js";

/** What most picture models take where height and width are free. */
const usualSide = 224;

/** The prediction of `batchSize` such rows; of a model that there is not too, for the engine to say so. */
export function warmupQuery(name: string, models: readonly ModelInfo[], batchSize: number): string {
  const [, plain = name, word] = /^(.*)@([^@]*)$/.exec(name) ?? [];
  const isNamed = (it: ModelInfo) => (word ? [`${it.version}`, ...it.aliases].includes(word) : it.default);
  const model = models.find((it) => it.name.toLowerCase() === plain.toLowerCase() && isNamed(it));
  const columns = (model?.inputs ?? []).map((input) => `${zeros(input)} AS ${quoted(input.name)}`);
  const items = columns.length > 0 ? columns.join(", ") : "1 AS row";
  return `SELECT COUNT(*) AS n FROM ML.PREDICT(MODEL ${quoted(name)}, (SELECT ${items} FROM UNNEST(GENERATE_ARRAY(1, ${batchSize}))))`;
}

function zeros({ databaseType, shape = [] }: ColumnInfo): string {
  const sizes = shape.slice(1).map((size) => (typeof size === "number" ? size : shape.length === 4 ? usualSide : 1));
  const count = sizes.reduce((product, size) => product * size, 1);
  const list = (zero: string) =>
    count > 64
      ? `ARRAY(SELECT ${zero} FROM UNNEST(GENERATE_ARRAY(1, ${count})))`
      : `[${Array(count).fill(zero).join(", ")}]`;
  const kind = /(STRING|BOOL|INT64|FLOAT64)/.exec(databaseType.replace(/dimensions ARRAY<INT64>, /, ""))?.[1];
  const zero = kind === "STRING" ? "''" : kind === "BOOL" ? "FALSE" : kind === "INT64" ? "0" : "0.0";
  if (databaseType.startsWith("STRUCT")) return `STRUCT([${sizes.join(", ")}] AS dimensions, ${list(zero)} AS values)`;
  return databaseType.startsWith("ARRAY") ? list(zero) : zero;
}
