// One page of rows as a native table.

import type { Result } from "predictql";
import { full, lookOf } from "./cells.js";
import { h } from "./dom.js";

export function grid(result: Result, first: number, length: number): HTMLElement {
  const columns = result.schema.fields;
  const rows = Array.from({ length: Math.min(length, result.numRows - first) }, (_, i) => result.at(first + i) ?? {});
  const looks = columns.map((column) =>
    lookOf(
      column,
      rows.map((row) => row[column.name]),
    ),
  );
  const head = columns.map((column, i) =>
    h(
      "th",
      { scope: "col", class: looks[i]?.kind },
      h("span", { class: "name" }, column.name),
      h("small", { title: column.databaseType }, column.databaseType),
    ),
  );
  const body = rows.map((row) =>
    h(
      "tr",
      {},
      ...columns.map((column, i) => {
        const value: unknown = row[column.name];
        return h("td", { class: looks[i]?.kind, title: full(value) }, looks[i]?.paint(value));
      }),
    ),
  );
  return h(
    "div",
    { class: "grid", tabindex: 0, role: "region", "aria-label": "Rows" },
    h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...body)),
  );
}
