// The pictures above the rows of a result: loaded with the first of them.

import type { Result } from "predictql";
import { h } from "./dom.js";
import { count, plural } from "./format.js";
import { type Bars, bars, type Curve, curve, fields, heat, histograms, short, type Words } from "./marks.js";
import type { Picture } from "./pictured.js";
import { thumbnail } from "./pictures.js";

/** More bars, classes or columns than these are better read. */
const mostBars = 30;
const mostClasses = 20;
const mostColumns = 24;
const mostPictures = 12;
const widest = 700;

type Row = Record<string, unknown>;
type Draw = (rows: readonly Row[], width: number, columns: readonly string[]) => (Words & { mark: SVGElement })[];

/** What is drawn of a result, `width` pixels wide; nothing where it has too many parts for a picture. */
export function drawn(result: Result, kind: Picture, width: number): HTMLElement | undefined {
  const rows = Array.from({ length: result.numRows }, (_, i) => result.at(i) ?? {});
  const columns = result.schema.fields.map(({ name }) => name);
  const figures = draws[kind](rows, Math.min(widest, width), columns);
  if (figures.length === 0) return undefined;
  return h(
    "div",
    { class: "pictured" },
    ...figures.map(({ title, about, mark }) => {
      const caption = h("figcaption", {}, h("strong", {}, title), h("span", {}, about));
      const figure = h("figure", {}, caption);
      figure.append(mark);
      return figure;
    }),
  );
}

const numeric = (value: unknown) => (value === null || value === undefined ? Number.NaN : Number(value));
const percent = (share: number) => `${(share * 100).toFixed(share > 0 && share < 0.01 ? 1 : 0)} %`;

function line(shown: Curve, width: number) {
  const points = shown.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  return points.length > 0 ? [{ ...shown, mark: curve({ ...shown, points }, width) }] : [];
}

const roc: Draw = (rows, width) => {
  const points = rows.map((row) => {
    const [x, y, cut] = [numeric(row.false_positive_rate), numeric(row.recall), numeric(row.threshold)];
    return { x, y, words: `threshold ${short(cut)}: finds ${percent(y)}, false alarms ${percent(x)}` };
  });
  // Above the largest threshold nothing is positive.
  points.push({ x: 0, y: 0, words: "nothing is positive" });
  points.sort((a, b) => a.x - b.x || a.y - b.y);
  return line(
    {
      title: "ROC curve",
      about: "The further it stays above the dashed line of guessing, the better the model tells the classes apart.",
      across: "false positive rate",
      up: "recall",
      points,
      guide: { words: "guessing", from: [0, 0], to: [1, 1] },
    },
    width,
  );
};

const precisionRecall: Draw = (rows, width) => {
  const points = rows.map((row) => {
    const [x, y, cut] = [numeric(row.recall), numeric(row.precision), numeric(row.threshold)];
    return { x, y, words: `threshold ${short(cut)}: recall ${percent(x)}, precision ${percent(y)}` };
  });
  points.sort((a, b) => a.x - b.x || b.y - a.y);
  return line(
    {
      title: "Precision and recall",
      about: "What finding more of the positive class costs in false alarms.",
      across: "recall",
      up: "precision",
      points,
    },
    width,
  );
};

const calibration: Draw = (rows, width) => {
  const points = rows.map((row) => {
    const [x, y] = [numeric(row.mean_predicted), numeric(row.fraction_of_positives)];
    return { x, y, words: `${plural(Number(row.num_rows), "row")}: predicted ${percent(x)}, found ${percent(y)}` };
  });
  return line(
    {
      title: "Calibration",
      about: "On the dashed line, of the rows that get 70 % seven in ten are positive.",
      across: "mean score",
      up: "share of positives",
      points,
      guide: { words: "calibrated", from: [0, 0], to: [1, 1] },
    },
    width,
  );
};

const confusion: Draw = (rows, width, names) => {
  const columns = names.slice(1);
  if (columns.length > mostClasses || rows.length > mostClasses) return [];
  const named = rows.map((row) => ({
    name: String(row.expected_label ?? "NULL"),
    counts: columns.map((column) => numeric(row[column])),
  }));
  if (named.some(({ counts }) => counts.some((value) => !Number.isInteger(value)))) return [];
  const shown = {
    title: "Confusion matrix",
    about: "Each line is a class as it is; the darker a cell, the more of the line is taken for its column.",
    across: "predicted",
    up: "actual",
    columns,
    rows: named,
  };
  return [{ ...shown, mark: heat(shown, width) }];
};

const explained: Draw = (rows, width) => {
  // One picture for each of a few rows.
  if (rows.length > 4) return [];
  return rows.flatMap((row) => {
    const list = Array.from(
      (row.top_feature_attributions ?? []) as Iterable<{ feature: unknown; attribution: unknown }>,
    );
    const label = Object.entries(row).find(([name]) => name.startsWith("predicted_"))?.[1];
    const value = (feature: string) => {
      const own = row[feature];
      return typeof own === "number" || typeof own === "bigint" || typeof own === "string" ? ` = ${own}` : "";
    };
    const [base, whole] = [numeric(row.baseline_prediction_value), numeric(row.prediction_value)];
    const shown: Bars & Words = {
      title: `Why ${label === undefined ? "this value" : String(label)}?`,
      about: `The baseline's ${short(base)} and these contributions add up to ${short(whole)}.`,
      bars: list.slice(0, mostBars).map(({ feature, attribution }) => ({
        name: `${String(feature)}${value(String(feature))}`,
        value: numeric(attribution),
      })),
      write: (value) => `${value > 0 ? "+" : ""}${short(value)}`,
    };
    return shown.bars.length > 0 ? [{ ...shown, mark: bars(shown, width) }] : [];
  });
};

interface Covered {
  dimensions?: Iterable<unknown>;
  values?: Iterable<unknown>;
}

/** The fields of pictures by what the score loses when they are covered, over the pictures where rows name them. */
const covered: Draw = (rows, width, names) => {
  const label = names.find((name) => name.startsWith("predicted_"));
  return rows.slice(0, mostPictures).flatMap((row) => {
    const { dimensions = [], values = [] } = (row.image_attributions ?? {}) as Covered;
    const [lines = 0, columns = 0] = Array.from(dimensions, numeric);
    const list = Array.from(values, numeric);
    if (lines * columns === 0 || list.length !== lines * columns) return [];
    const score = short(numeric(row.prediction_value));
    const picture = thumbnail(row.uri);
    const shown = {
      title: label === undefined ? `What the score of ${score} comes from` : `Where it sees ${String(row[label])}`,
      about: `The ${picture ? "brighter" : "stronger"} a field, the more the score of ${score} falls when it is covered. Outlined: fields that speak against it.`,
      columns,
      values: list,
      picture,
    };
    return [{ ...shown, mark: fields(shown, Math.min(width, 260)) }];
  });
};

/** Bars of one column, apart for each class. */
function weighed(column: string, title: string, about: string, name = "feature"): Draw {
  return (rows, width) => {
    const classes = [...new Set(rows.map((row) => row.class_label))];
    if (classes.length > 6) return [];
    return classes.map((label) => {
      const own = rows.filter((row) => row.class_label === label);
      const shown: Bars & Words = {
        title: label === undefined ? title : `${title}: ${String(label)}`,
        about: own.length > mostBars ? `${about}; the first ${mostBars} of ${count(own.length)}` : about,
        bars: own.slice(0, mostBars).map((row) => ({ name: String(row[name]), value: numeric(row[column]) })),
      };
      return { ...shown, mark: bars(shown, width) };
    });
  };
}

const drift: Draw = (rows, width) => {
  if (rows.length > mostBars) return [];
  const far = rows.filter((row) => row.is_anomaly === true).map((row) => String(row.input));
  const shown: Bars & Words = {
    title: far.length > 0 ? `Drifted: ${far.join(", ")}` : "No column has drifted",
    about: "How far the rows are from the baseline, 0 to 1, with the threshold of each column as a line.",
    bars: rows.map((row) => ({
      name: String(row.input),
      value: numeric(row.value),
      limit: numeric(row.threshold),
      isBad: row.is_anomaly === true,
    })),
  };
  return [{ ...shown, mark: bars(shown, width) }];
};

const fairness: Draw = (rows, width) => {
  const groups = rows.filter((row) => row.group !== null);
  if (groups.length > mostBars) return [];
  const overall = rows.find((row) => row.group === null);
  const rates = [
    ["accuracy", "How often the model is right"],
    ["selection_rate", "How often it says the positive class"],
  ] as const;
  return rates.map(([rate, title]) => {
    const all = numeric(overall?.[rate]);
    const shown: Bars & Words = {
      title,
      about: overall ? `${rate}; the line is that of all rows, ${percent(all)}` : rate,
      most: 1,
      bars: groups.map((row) => ({
        name: String(row.group),
        value: numeric(row[rate]),
        ...(overall ? { limit: all } : {}),
      })),
      write: (value) => (Number.isNaN(value) ? "NULL" : percent(value)),
    };
    return { ...shown, mark: bars(shown, Math.min(width, 420)) };
  });
};

interface Bucket {
  low_value?: number;
  high_value?: number;
  sample_count?: number;
}
interface Feature {
  name?: string;
  num_stats?: { histograms?: { type?: string; buckets?: Bucket[] }[] };
}

/** The histograms of the first two lists of statistics, of one column over each other. */
const statistics: Draw = (rows, width, names) => {
  const label = names.find((name) => name !== "dataset_feature_statistics_list");
  const sets = rows.slice(0, 2).map((row, i) => ({
    name: label ? String(row[label]) : `rows ${i + 1}`,
    features: featuresOf(String(row.dataset_feature_statistics_list)),
  }));
  const columns = [...new Set(sets.flatMap(({ features }) => [...features.keys()]))];
  return columns.slice(0, mostColumns).flatMap((column) => {
    const own = sets.flatMap(({ name, features }) => {
      const buckets = features.get(column) ?? [];
      return buckets.length > 0 ? [{ name, buckets }] : [];
    });
    if (own.length === 0) return [];
    const shown = {
      title: column,
      about: `How its values are spread: ${own.map(({ name }) => name).join(" and ")}`,
      sets: own,
    };
    return [{ ...shown, mark: histograms(shown, Math.min(width, 300)) }];
  });
};

function featuresOf(json: string): Map<string, { low: number; high: number; share: number }[]> {
  const found = new Map<string, { low: number; high: number; share: number }[]>();
  const { datasets = [] } = JSON.parse(json) as { datasets?: { features?: Feature[] }[] };
  for (const { name = "", num_stats } of datasets[0]?.features ?? []) {
    const standard = num_stats?.histograms?.find(({ type }) => type === "STANDARD");
    const buckets = (standard?.buckets ?? []).filter(
      (it) => Number.isFinite(it.low_value ?? 0) && Number.isFinite(it.high_value ?? 0),
    );
    const all = buckets.reduce((sum, it) => sum + (it.sample_count ?? 0), 0);
    if (all === 0) continue;
    found.set(
      name,
      buckets.map(({ low_value: low = 0, high_value: high = 0, sample_count: n = 0 }) => ({
        low,
        high,
        share: n / all,
      })),
    );
  }
  return found;
}

const draws: Record<Picture, Draw> = {
  roc,
  precisionRecall,
  calibration,
  confusion,
  explained,
  covered,
  attribution: weighed("attribution", "What predictions owe to each feature", "mean absolute attribution"),
  splits: weighed("importance_weight", "How often trees split by each feature", "number of splits"),
  weights: weighed("weight", "The weights of the model", "weight", "processed_input"),
  drift,
  fairness,
  statistics,
};
