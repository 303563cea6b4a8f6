// The names of a model's classes, where its file holds them: a list of probabilities has none itself.

import type { ModelInfo } from "predictql";

/** The classes of the first model that a query names and whose file names some. */
export function classesIn(sql: string, models: readonly ModelInfo[]): readonly string[] | undefined {
  const words = new Set(sql.toLowerCase().split(/[^\p{L}\p{N}_.-]+/u));
  for (const { name, metadata } of models) {
    if (!words.has(name.toLowerCase()) || metadata.labels === undefined) continue;
    try {
      const labels: unknown = JSON.parse(metadata.labels);
      if (Array.isArray(labels)) return labels.map(String);
    } catch {
      // Labels in another form than a list of JSON.
    }
  }
  return undefined;
}
