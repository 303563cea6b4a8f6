// Runs side by side, above their rows: which ones, each metric over them as a line, and what they were run with, marked where it differs.

import type { Result } from "predictql";
import { h } from "./dom.js";
import { type Series, series } from "./marks.js";

/** Runs to choose from, and those that are compared before somebody chooses. */
const most = 12;
const first = 4;
const mostMetrics = 6;

interface Run {
  name: string;
  metrics: Map<string, number>;
  parameters: Map<string, string>;
}

/** The runs of models among these jobs, oldest first; nothing where there are no two of them. */
export function comparison(result: Result, width: number): HTMLElement | undefined {
  const rows = Array.from({ length: result.numRows }, (_, i) => result.at(i) ?? {});
  const measured = rows.filter((row) => list(row.metrics).length > 0);
  const candidates = measured.length > 1 ? measured : rows.filter((row) => list(row.models).length > 0 && !row.error);
  const runs = candidates.slice(0, most).map(runOf).reverse();
  if (runs.length < 2) return undefined;
  const compared = h("div", { class: "compared" });
  const boxes = runs.map((_, i) =>
    h("input", { type: "checkbox", checked: i >= runs.length - first, onchange: () => show() }),
  );
  const show = () => {
    const chosen = runs.filter((_, i) => boxes[i]?.checked);
    compared.replaceChildren(...(chosen.length > 1 ? [...lines(chosen, width), table(chosen)] : []));
  };
  show();
  const choice = runs.map(({ name }, i) => h("label", {}, boxes[i], " ", name));
  return h(
    "div",
    { class: "pictured runs" },
    h("fieldset", {}, h("legend", {}, "Runs to compare"), ...choice),
    compared,
  );
}

type Row = Record<string, unknown>;

function list(value: unknown): readonly unknown[] {
  return value && typeof value === "object" ? Array.from(value as ArrayLike<unknown>) : [];
}

function runOf(row: Row): Run {
  const labels = new Map((list(row.labels) as { key: string; value: string }[]).map(({ key, value }) => [key, value]));
  const time = row.end_time instanceof Date ? row.end_time : new Date(Number(row.end_time));
  const name = labels.get("run") ?? time.toLocaleTimeString();
  labels.delete("run");
  const metrics = (list(row.metrics) as { metric: string; value: number }[]).map(
    ({ metric, value }) => [metric, Number(value)] as const,
  );
  const said = [
    ["model", list(row.models).join(", ")],
    ["sha256", list(row.sha256).join(", ")],
    ["rows in", text(row.rows_in)],
    ["rows out", text(row.rows_out)],
    ...labels,
    ["statement", text(row.query)],
  ] as const;
  return { name, metrics: new Map([...metrics, ["milliseconds", Number(row.ms)]]), parameters: new Map(said) };
}

function text(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

/** A line for each metric that two runs have at least. */
function lines(runs: readonly Run[], width: number): HTMLElement[] {
  const names = [...new Set(runs.flatMap(({ metrics }) => [...metrics.keys()]))];
  return names.slice(0, mostMetrics).flatMap((metric) => {
    const points = runs.flatMap(({ name, metrics }) => {
      const value = metrics.get(metric);
      return value === undefined || !Number.isFinite(value) ? [] : [{ name, value }];
    });
    if (points.length < 2) return [];
    const shown: Series = {
      title: metric,
      about: `${metric} of ${points.length} runs, in the order in which they ran`,
      points,
    };
    const figure = h("figure", {}, h("figcaption", {}, h("strong", {}, metric)));
    figure.append(series(shown, width));
    return [figure];
  });
}

/** A line for each parameter, those that differ first. */
function table(runs: readonly Run[]): HTMLElement {
  const names = [...new Set(runs.flatMap(({ parameters }) => [...parameters.keys()]))];
  const all = names.map((name) => {
    const values = runs.map(({ parameters }) => parameters.get(name) ?? "");
    return { name, values, differs: new Set(values).size > 1 };
  });
  const sorted = [...all.filter(({ differs }) => differs), ...all.filter(({ differs }) => !differs)];
  const cell = (value: string, differs: boolean) => h("td", { title: value }, differs ? h("mark", {}, value) : value);
  const lines = sorted.map(({ name, values, differs }) =>
    h(
      "tr",
      { class: differs ? "differs" : undefined },
      h("th", { scope: "row" }, differs ? `${name} ≠` : name),
      ...values.map((value) => cell(value, differs)),
    ),
  );
  const head = h("tr", {}, h("td"), ...runs.map(({ name }) => h("th", { scope: "col" }, name)));
  return h("table", { "aria-label": "What the runs were run with" }, h("thead", {}, head), h("tbody", {}, ...lines));
}
