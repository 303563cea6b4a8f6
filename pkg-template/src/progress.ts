// One bar for everything that a call waits for: downloads in bytes first, then rows.

import type { Progress } from "./glue/predictql.js";

export type Report = (progress: Progress) => void;

const stages: readonly Progress["stage"][] = [
  "engine",
  "download",
  "verify",
  "compile",
  "decode",
  "preprocess",
  "infer",
];

/**
 * Joins the reports of one call. Downloads add up; once rows are counted, late downloads are not shown any more, and
 * rows count by the last stage they have reached. `loaded` never shrinks within a unit, `ratio` never does, and neither
 * exceeds its end. Where `rowsFollow`, downloads are the first half of the bar.
 */
export function joined(sinks: readonly Report[], rowsFollow: boolean): Report {
  const parts = new Map<string, Progress>();
  let unit: Progress["unit"] = "bytes";
  let stage = 0;
  let loaded = 0;
  let ratio = 0;
  let base = 0;

  return (progress) => {
    const rank = stages.indexOf(progress.stage);
    if (unit === "rows" && (progress.unit === "bytes" || rank < stage)) return;
    if (unit !== progress.unit) {
      unit = "rows";
      loaded = 0;
      base = ratio;
      parts.clear();
    }
    stage = rank;
    parts.set(unit === "rows" ? "" : progress.label, progress);

    const all = [...parts.values()];
    const total = sum(all.map((part) => (part.total !== null && part.loaded > part.total ? null : part.total)));
    loaded = Math.max(loaded, sum(all.map((part) => part.loaded)) ?? 0);
    if (total !== null) {
      loaded = Math.min(loaded, total);
      const share = unit === "bytes" && rowsFollow ? 0.5 : 1 - base;
      ratio = Math.max(ratio, base + share * (total === 0 ? 1 : loaded / total));
    }
    const cached = all.every((part) => part.cached);
    for (const sink of sinks) sink({ ...progress, loaded, total, ratio: total === null ? null : ratio, cached });
  };
}

/** `null` if any of the numbers is unknown. */
function sum(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce<number | null>(
    (total, number) => (total === null || number === null ? null : total + number),
    0,
  );
}
