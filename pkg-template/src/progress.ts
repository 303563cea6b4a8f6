// One bar for everything that a call waits for: downloads in bytes first, then what is made of them, then rows.

import { tell } from "./errors.js";
import type { News, Progress } from "./glue/predictql.js";

export type Report = (progress: Progress) => void;

export interface Bar {
  report: Report;
  /** The call is done: a bar that was seen ends full. */
  end(): void;
}

export interface BarOptions {
  /** Whether rows follow the downloads. */
  rowsFollow?: boolean;
  /** How many downloads are known to come: the end is not known before all of them have begun. */
  expected?: number;
  /** Milliseconds. */
  now?: () => number;
}

/** A call that nobody listens to. */
export const unheard: Bar = { report() {}, end() {} };

const stages: readonly Progress["stage"][] = [
  "engine",
  "download",
  "verify",
  "compile",
  "decode",
  "preprocess",
  "infer",
];

/** What the engine does with rows, by its numbers. */
const works: readonly Pick<Progress, "stage" | "label">[] = [
  { stage: "preprocess", label: "Reading rows" },
  { stage: "compile", label: "Preparing the model" },
  { stage: "decode", label: "Decoding pictures" },
  { stage: "preprocess", label: "Resizing pictures" },
  { stage: "infer", label: "Predicting" },
];

export function progressOf(news: News): Progress {
  const [work, loaded, all] = [news[0] as number, news[1] as number, news[2] as number];
  const total = Number.isNaN(all) ? null : all;
  const ratio = total ? loaded / total : null;
  return { ...(works[work] as (typeof works)[number]), loaded, total, unit: "rows", ratio, cached: false };
}

/** Milliseconds between two reports, unless something else begins: more of them than frames are seen by nobody. */
const pause = 16;

/**
 * Joins the reports of one call. Downloads add up; once rows are counted, late downloads are not shown any more, and
 * rows count by the last stage they have reached. `loaded` never shrinks within a unit, `ratio` never does, and neither
 * exceeds its end. Where rows follow, downloads are the first half of the bar; else they leave a tenth to what is made of
 * them.
 */
export function joined(sinks: readonly Report[], options: BarOptions = {}): Bar {
  const { rowsFollow = false, now = () => performance.now() } = options;
  let { expected = 0 } = options;
  const parts = new Map<string, Progress>();
  let unit: Progress["unit"] = "bytes";
  let stage = 0;
  let loaded = 0;
  let ratio = 0;
  let base = 0;
  let latest: Progress | undefined;
  let shown: Progress | undefined;
  let since = Number.NEGATIVE_INFINITY;

  const show = (progress: Progress) => {
    shown = progress;
    since = now();
    for (const sink of sinks) {
      try {
        sink(progress);
      } catch (error) {
        // Who listens must not stop what it listens to.
        tell(error);
      }
    }
  };

  const report = (progress: Progress) => {
    const rank = stages.indexOf(progress.stage);
    if (unit === "rows" && (progress.unit === "bytes" || rank < stage)) return;
    if (unit !== progress.unit) {
      unit = "rows";
      loaded = 0;
      base = ratio;
      parts.clear();
    }
    stage = rank;
    if (unit === "rows" || rank > stages.indexOf("download")) expected = 0;
    // What cannot be measured leaves the bar where it is.
    if (progress.total !== null || progress.loaded > 0) parts.set(unit === "rows" ? "" : progress.label, progress);

    const all = [...parts.values()];
    const total = all.length < Math.max(1, expected) ? null : totalOf(all);
    loaded = Math.max(loaded, sum(all.map((part) => part.loaded)) ?? 0);
    if (total !== null) {
      loaded = Math.min(loaded, total);
      const areAll = unit === "rows" || progress.rows !== undefined;
      const share = areAll ? 1 - base : rowsFollow ? 0.5 : 0.9;
      ratio = Math.max(ratio, base + share * (total === 0 ? 1 : loaded / total));
    }
    const cached = all.length > 0 && all.every((part) => part.cached);
    latest = { ...progress, loaded, total, ratio: total === null ? null : ratio, cached };
    const isNew = latest.stage !== shown?.stage || latest.unit !== shown.unit || loaded === total;
    if (isNew || now() - since >= pause) show(latest);
  };

  const end = () => {
    if (latest && shown?.ratio !== 1)
      show({ ...latest, loaded: latest.total ?? latest.loaded, total: latest.total ?? latest.loaded, ratio: 1 });
  };
  return { report, end };
}

/** `null` where a part has come to more than was said: its total counted something else. */
function totalOf(parts: readonly Progress[]): number | null {
  return sum(parts.map(({ loaded, total }) => (total !== null && loaded > total ? null : total)));
}

/** `null` if any of the numbers is unknown. */
function sum(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce<number | null>(
    (total, number) => (total === null || number === null ? null : total + number),
    0,
  );
}
