// The names of a model's classes: a list of probabilities has none itself.

import type { ModelInfo } from "predictql";

/** The classes of the first model that a query names and that has some. */
export function classesIn(sql: string, models: readonly ModelInfo[]): readonly string[] | undefined {
  const words = new Set(sql.toLowerCase().split(/[^\p{L}\p{N}_.-]+/u));
  return models.find(({ name, labels }) => labels && words.has(name.toLowerCase()))?.labels;
}
