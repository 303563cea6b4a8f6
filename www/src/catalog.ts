// The sidebar: what can be asked, and of what. A click puts a name into the query; "use" writes the query.

import type { ColumnInfo, ModelInfo, TableInfo } from "predictql";
import { find, h } from "./dom.js";
import { bytes, plural } from "./format.js";
import { lookQuery, quoted } from "./sql.js";

export interface CatalogActions {
  insert(name: string): void;
  /** Writes a query that asks a model. */
  ask(model: ModelInfo): void;
  write(sql: string): void;
  remove(kind: "model" | "table", name: string): void;
  rename(kind: "model" | "table", name: string, to: string): void;
}

export function showCatalog(models: readonly ModelInfo[], tables: readonly TableInfo[], actions: CatalogActions): void {
  fill(
    find("#models"),
    "None yet. Drop the file of a model, or run CREATE MODEL.",
    models.map((model) =>
      entry({
        kind: "model",
        name: model.name,
        summary: `ready · ${bytes(model.bytes)}`,
        groups: [
          ["in", model.inputs],
          ["out", model.outputs],
        ],
        use: { label: "use", title: `Write a query that asks ${model.name}`, act: () => actions.ask(model) },
        actions,
      }),
    ),
  );
  fill(
    find("#tables"),
    "None yet. Drop a .csv, .json or .parquet file or pictures.",
    tables.map((table) =>
      entry({
        kind: "table",
        name: table.name,
        summary: `${sizeOf(table)} · ${plural(table.columns.length, "column")}`,
        groups: [["", table.columns]],
        use: {
          label: "view",
          title: `Write a query that shows ${table.name}`,
          act: () => actions.write(lookQuery(table)),
        },
        actions,
      }),
    ),
  );
}

function sizeOf({ rows, kind }: TableInfo): string {
  if (rows === null) return kind;
  return plural(rows, kind === "images" ? "picture" : "row");
}

interface Entry {
  kind: "model" | "table";
  name: string;
  summary: string;
  groups: [heading: string, columns: readonly ColumnInfo[]][];
  use: { label: string; title: string; act(): void };
  actions: CatalogActions;
}

function entry({ kind, name, summary, groups, use, actions }: Entry): HTMLElement {
  return h(
    "li",
    {},
    h(
      "div",
      { class: "object" },
      h(
        "button",
        {
          type: "button",
          class: "name",
          title: "Put the name into the query",
          onclick: () => actions.insert(quoted(name)),
        },
        name,
      ),
      h("button", { type: "button", class: "use", title: use.title, onclick: use.act }, use.label),
      h(
        "button",
        {
          type: "button",
          class: "remove",
          title: `Remove ${name}`,
          "aria-label": `Remove ${name}`,
          onclick: () => actions.remove(kind, name),
        },
        "×",
      ),
    ),
    h(
      "details",
      {},
      h("summary", {}, summary),
      ...groups.map(([heading, columns]) => signature(heading, columns)),
      renaming(kind, name, actions),
    ),
  );
}

/** The name, to be written anew. */
function renaming(kind: "model" | "table", name: string, actions: CatalogActions): HTMLElement {
  const input = h("input", { value: name, required: true, "aria-label": `New name of ${name}`, autocapitalize: "off" });
  const submit = (event: Event) => {
    event.preventDefault();
    const to = input.value.trim();
    if (to !== "" && to !== name) actions.rename(kind, name, to);
  };
  return h("form", { class: "rename", onsubmit: submit }, input, h("button", {}, "Rename"));
}

function signature(heading: string, columns: readonly ColumnInfo[]): HTMLElement {
  return h(
    "dl",
    {},
    ...columns.flatMap(({ name, databaseType, shape }) => [
      h("dt", {}, heading !== "" && h("i", {}, heading), name),
      h("dd", { title: shape ? `tensor [${shape.join(", ")}]` : databaseType }, databaseType),
    ]),
  );
}

function fill(list: HTMLElement, empty: string, entries: readonly HTMLElement[]): void {
  // A list that is drawn again keeps open what the user had opened.
  const open = new Set(Array.from(list.querySelectorAll("details[open]"), (details) => nameOf(details)));
  list.replaceChildren(...(entries.length > 0 ? entries : [h("li", { class: "none" }, empty)]));
  for (const details of list.querySelectorAll("details")) details.open = open.has(nameOf(details));
}

function nameOf(details: Element): string | undefined {
  return details.parentElement?.querySelector(".name")?.textContent ?? undefined;
}
