// A chart by the types of the columns, without questions: loaded with the tab.

import * as Plot from "@observablehq/plot";
import type { ColumnInfo, Result } from "predictql";
import { h } from "./dom.js";
import { count } from "./format.js";

/** More dots and bars than these say nothing more. */
const mostRows = 5000;
const mostClasses = 30;

/** `width` in pixels. */
export function chart(result: Result, width: number): HTMLElement {
  const rows = result.numRows > mostRows ? Array.from({ length: mostRows }, (_, i) => result.at(i) ?? {}) : result.rows;
  const { fields } = result.schema;
  const numbers = fields.filter(({ type }) => /^(number|integer|bigint)$/.test(type));
  const words = fields.filter((field) => /^(string|boolean)$/.test(field.type) && isClass(field, rows));
  const [x, y] = numbers;
  const [label] = words;
  const plain = rows.map((row) => Object.fromEntries(fields.map(({ name }) => [name, numeric(row[name])])));
  const drawn = draw(
    plain,
    {
      x,
      y,
      label,
      isAggregated: label !== undefined && new Set(plain.map((row) => row[label.name])).size === plain.length,
    },
    width,
  );
  if (!drawn)
    return h(
      "p",
      { class: "hint" },
      "There is nothing to draw: a chart needs a column of numbers, or one of few words.",
    );
  const figure = h("div", { class: "chart", role: "img", "aria-label": drawn.words }, h("p", {}, drawn.words));
  // Its words say what it is: the marks are for eyes.
  drawn.plot.setAttribute("aria-hidden", "true");
  figure.append(drawn.plot);
  if (rows.length < result.numRows)
    figure.append(h("p", {}, `The first ${count(mostRows)} of ${count(result.numRows)} rows.`));
  return figure;
}

interface Roles {
  x: ColumnInfo | undefined;
  y: ColumnInfo | undefined;
  label: ColumnInfo | undefined;
  /** Whether each label has one row: its number is drawn, else its rows are counted. */
  isAggregated: boolean;
}

function draw(rows: readonly Record<string, unknown>[], { x, y, label, isAggregated }: Roles, width: number) {
  const common = {
    width,
    marginLeft: Math.min(130, width / 3),
    marginBottom: 44,
    style: { background: "none", fontSize: "13px" },
  };
  const fill = "var(--accent)";
  if (label && x && isAggregated) {
    const marks = [
      Plot.barX(rows, { x: x.name, y: label.name, fill, sort: { y: "-x", limit: mostClasses } }),
      Plot.ruleX([0]),
    ];
    return { words: `${x.name} of each ${label.name}`, plot: Plot.plot({ ...common, marks }) };
  }
  if (x && y) {
    const dot = { x: x.name, y: y.name, r: 3, tip: true, ...(label ? { stroke: label.name } : { stroke: fill }) };
    const color = label ? { color: { legend: true } } : {};
    const plot = Plot.plot({ ...common, marginLeft: 60, height: 420, ...color, marks: [Plot.dot(rows, dot)] });
    return { words: `${y.name} against ${x.name}${label ? `, by ${label.name}` : ""}`, plot };
  }
  if (label) {
    const marks = [
      Plot.barX(rows, Plot.groupY({ x: "count" }, { y: label.name, fill, sort: { y: "-x", limit: mostClasses } })),
      Plot.ruleX([0]),
    ];
    return { words: `Rows of each ${label.name}`, plot: Plot.plot({ ...common, marks }) };
  }
  if (!x) return undefined;
  const marks = [Plot.rectY(rows, Plot.binX<Plot.RectYOptions>({ y: "count" }, { x: x.name, fill })), Plot.ruleY([0])];
  return { words: `How ${x.name} is spread`, plot: Plot.plot({ ...common, marginLeft: 60, marks }) };
}

/** Few words, or each once: names of rows with a number. */
function isClass({ name }: ColumnInfo, rows: readonly Record<string, unknown>[]): boolean {
  const different = new Set(rows.map((row) => row[name])).size;
  return different <= mostClasses || different === rows.length;
}

function numeric(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
