// The lower half of the page and its states: empty, running, rows, error, cancelled.
// While a query runs the old rows stay where they are, dimmed: nothing moves until there is something to show.

import type { Diagnostic, Plan, Result, Timings } from "predictql";
import { h, withCode } from "./dom.js";
import { isPredictError } from "./engine.js";
import { count, duration, plural } from "./format.js";
import { grid, mostRows } from "./grid.js";
import { notice } from "./notices.js";

/** What a button below an error does. */
export interface Way {
  label: string;
  apply(): void;
}

/** A result, and how its statement is carried out where that can be asked. */
export interface Shown {
  result: Result;
  explain?: (() => Promise<Plan>) | undefined;
}

export interface Results {
  running(): void;
  rows(results: readonly Shown[], elapsed: number): void;
  /** `way` leads out where the engine itself knows no fix. */
  failed(error: unknown, applyFix: (fix: NonNullable<Diagnostic["fix"]>) => void, way?: Way): void;
  cancelled(elapsed: number): void;
}

const stages: Record<keyof Omit<Timings, "total">, string> = {
  queue: "waiting",
  parse: "parsing",
  bind: "binding",
  decode: "decoding",
  preprocess: "preparing",
  infer: "model",
  project: "SQL",
};

const views = ["Table", "Chart", "Plan"] as const;
type View = (typeof views)[number];

export function createResults(section: HTMLElement): Results {
  const status = h("p", { class: "status", role: "status" });
  const controls = h("div", { class: "controls" });
  const several = h("div", {
    class: "several",
    role: "group",
    "aria-label": "Results of the statements",
    hidden: true,
  });
  const warnings = h("div", { class: "warnings" });
  const body = h("div", { class: "body" });
  section.append(h("header", {}, status, controls), several, warnings, body);

  const enter = (state: string, words: string, ...content: Node[]) => {
    section.dataset.state = state;
    status.textContent = words;
    controls.replaceChildren();
    several.hidden = true;
    warnings.replaceChildren();
    body.replaceChildren(...content);
  };

  const failedPart = (error: unknown) =>
    body.replaceChildren(h("p", { class: "hint" }, error instanceof Error ? error.message : String(error)));

  const page = (result: Result, first: number) => {
    const { element, show } = grid(result, first);
    body.replaceChildren(element);
    show();
    return element;
  };

  const painters: Record<View, (shown: Shown) => void | Promise<void>> = {
    Table: ({ result }) => void page(result, 0),
    async Chart({ result }) {
      const { chart } = await import("./chart.js");
      body.replaceChildren(chart(result, Math.min(760, body.clientWidth - 40)));
    },
    async Plan({ explain }) {
      body.replaceChildren(h("p", { class: "hint", role: "status" }, "The query runs once more, and is measured…"));
      const plan = await explain?.();
      if (plan) body.replaceChildren(planView(plan));
    },
  };

  const show = (shown: Shown, elapsed: number) => {
    const { result, explain } = shown;
    status.textContent = `${plural(result.numRows, "row")} in ${duration(elapsed)}`;
    status.append(" ", breakdown(result.timings, elapsed));
    warnings.replaceChildren(...result.warnings.map(({ message }) => h("p", {}, ...withCode(message))));
    const buttons = views
      .filter((view) => view !== "Plan" || explain)
      .map((view) =>
        h("button", { type: "button", "aria-pressed": String(view === "Table"), onclick: () => choose(view) }, view),
      );
    const choose = (view: View) => {
      for (const button of buttons) button.ariaPressed = String(button.textContent === view);
      pager.hidden = view !== "Table" || result.numRows <= mostRows;
      Promise.resolve(painters[view](shown)).catch(failedPart);
    };
    const pager = pages(result, (first) => void page(result, first));
    controls.replaceChildren(
      pager,
      h("div", { class: "views-of-result", role: "group", "aria-label": "How the result is shown" }, ...buttons),
      exportMenu(result),
    );
    choose("Table");
  };

  enter("empty", "", h("p", { class: "hint" }, "Rows appear here. Run the query, or open a tutorial."));

  return {
    running() {
      section.dataset.state = "running";
      status.textContent = "Running…";
    },
    rows(results, elapsed) {
      const tables = results.filter(({ result }) => result.numCols > 0);
      const last = tables.at(-1);
      if (!last) {
        const said = results.flatMap(({ result }) => result.message ?? []);
        const lines = said.map((message) => h("p", {}, ...withCode(message)));
        enter("rows", `Done in ${duration(elapsed)}`, h("div", { class: "hint" }, ...lines));
        return;
      }
      enter("rows", "");
      several.hidden = tables.length < 2;
      const buttons = tables.map((shown, index) =>
        h(
          "button",
          {
            type: "button",
            "aria-pressed": String(shown === last),
            onclick: () => {
              for (const [other, button] of buttons.entries()) button.ariaPressed = String(other === index);
              show(shown, elapsed);
            },
          },
          `Result ${index + 1}: ${plural(shown.result.numRows, "row")}`,
        ),
      );
      several.replaceChildren(...buttons);
      show(last, elapsed);
    },
    failed(error, applyFix, way) {
      enter("error", "The query did not run", report(error, applyFix, way));
    },
    cancelled(elapsed) {
      enter(
        "cancelled",
        `Cancelled after ${duration(elapsed)}`,
        h("p", { class: "hint" }, "Nothing was lost: models and tables are as they were."),
      );
    },
  };
}

/** Through the pages of a result that is too long for one. */
function pages(result: Result, turn: (first: number) => void): HTMLElement {
  const words = h("span");
  const button = (sign: string, label: string, by: number) =>
    h("button", { type: "button", class: "quiet", "aria-label": label, onclick: () => go(first + by) }, sign);
  const back = button("‹", "Previous page", -mostRows);
  const on = button("›", "Next page", mostRows);
  let first = 0;
  const tell = () => {
    const last = Math.min(first + mostRows, result.numRows);
    words.textContent = `${count(first + 1)}–${count(last)} of ${count(result.numRows)}`;
    back.disabled = first === 0;
    on.disabled = last === result.numRows;
  };
  const go = (to: number) => {
    first = to;
    tell();
    turn(first);
  };
  tell();
  return h("span", { class: "pager", hidden: result.numRows <= mostRows }, words, back, on);
}

/** The ways in which an answer leaves the page: nothing is sent anywhere, files are saved. */
function exportMenu(result: Result): HTMLElement {
  const menu = h("div", { class: "menu", id: "export-menu", popover: "auto" });
  const item = (label: string, kind: "csv" | "json" | "parquet" | "arrow" | "copy") =>
    h(
      "button",
      {
        type: "button",
        onclick: async () => {
          menu.hidePopover();
          try {
            const { exported } = await import("./export.js");
            notice(await exported(result, kind));
          } catch (error) {
            notice(error instanceof Error ? error.message : String(error), "bad");
          }
        },
      },
      label,
    );
  menu.append(
    item("CSV", "csv"),
    item("JSON", "json"),
    item("Parquet", "parquet"),
    item("Arrow", "arrow"),
    item("Copy all", "copy"),
  );
  return h(
    "div",
    { class: "export" },
    h("button", { type: "button", class: "quiet", popovertarget: "export-menu", "aria-haspopup": "true" }, "Export"),
    menu,
  );
}

/** The stages as one bar, and the operators with their rows and times. */
function planView({ text, timings }: Plan): HTMLElement {
  const parts = timings ? (Object.keys(stages) as (keyof typeof stages)[]).filter((key) => timings[key] > 0) : [];
  const total = parts.reduce((sum, key) => sum + (timings?.[key] ?? 0), 0);
  const bars = parts.map((key) => {
    const ms = timings?.[key] ?? 0;
    const element = h("span", { class: `stage ${key}` });
    element.style.flexGrow = String(Math.max(ms / total, 0.004));
    return element;
  });
  const legend = parts.map((key) =>
    h("li", {}, h("i", { class: `stage ${key}` }), `${stages[key]} ${duration(timings?.[key] ?? 0)}`),
  );
  return h(
    "div",
    { class: "plan" },
    parts.length > 0 && h("div", { class: "stages", role: "img", "aria-label": "Where the time went" }, ...bars),
    parts.length > 0 && h("ul", { class: "legend" }, ...legend),
    h("pre", { tabindex: 0, "aria-label": "Plan of the query" }, text),
  );
}

/** Where the time went, without what took no time worth a word. */
function breakdown(timings: Timings, elapsed: number): HTMLElement {
  const before = elapsed - timings.total;
  const parts = (Object.keys(stages) as (keyof typeof stages)[])
    .filter((key) => timings[key] >= 1)
    .map((key) => `${stages[key]} ${duration(timings[key])}`);
  if (before >= 100) parts.unshift(`loading ${duration(before)}`);
  return h("small", { title: "Loading: the engine, files, models, and the statements before" }, parts.join(" · "));
}

function report(
  error: unknown,
  applyFix: (fix: NonNullable<Diagnostic["fix"]>) => void,
  way: Way | undefined,
): HTMLElement {
  if (!isPredictError(error)) {
    return h(
      "div",
      { class: "failure", role: "alert" },
      h("p", {}, error instanceof Error ? error.message : String(error)),
    );
  }
  const first = error.diagnostics[0];
  const fix = first?.fix;
  return h(
    "div",
    { class: "failure", role: "alert" },
    h("p", { class: "message" }, ...withCode(first?.message ?? error.message)),
    error.frame !== undefined && h("pre", { tabindex: 0, "aria-label": "Where in the query" }, error.frame),
    error.hint !== undefined && h("p", { class: "fix-hint" }, ...withCode(error.hint)),
    fix && h("button", { type: "button", class: "primary", onclick: () => applyFix(fix) }, "Apply fix"),
    !fix && way && h("button", { type: "button", class: "primary", onclick: way.apply }, way.label),
    error.detail !== undefined && h("details", {}, h("summary", {}, "Details"), h("p", {}, error.detail)),
    h("small", {}, error.code),
  );
}
