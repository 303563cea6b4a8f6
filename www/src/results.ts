// The lower half of the page and its states: empty, running, rows, error, cancelled.
// While a query runs the old rows stay where they are, dimmed: nothing moves until there is something to show.

import type { Diagnostic, Plan, Result, Timings } from "predictql";
import { h, withCode } from "./dom.js";
import { isPredictError } from "./engine.js";
import { duration, plural } from "./format.js";
import { grid, mostRows } from "./grid.js";
import { wordsOf } from "./notices.js";
import { kindOf } from "./pictured.js";
import { exportMenu, pages, planView, stages } from "./result-parts.js";

/** What a button below an error does. */
export interface Way {
  label: string;
  apply(): void;
}

/** A result, and how its statement is carried out where that can be asked. */
export interface Shown {
  result: Result;
  /** The classes that a list of probabilities is of, by the model that was asked. */
  labels?: readonly string[] | undefined;
  explain?: (() => Promise<Plan>) | undefined;
}

export interface Results {
  running(): void;
  rows(results: readonly Shown[], elapsed: number): void;
  /** `way` leads out where the engine itself knows no fix. */
  failed(error: unknown, applyFix: (fix: NonNullable<Diagnostic["fix"]>) => void, way?: Way): void;
  cancelled(elapsed: number): void;
}

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
  const parts = { status, controls, several, warnings, body };
  section.append(h("header", {}, status, controls), several, warnings, body);

  const enter = (state: string, words: string, ...content: Node[]) => {
    section.dataset.state = state;
    status.textContent = words;
    controls.replaceChildren();
    several.hidden = true;
    warnings.replaceChildren();
    body.replaceChildren(...content);
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
      chooseAmong(parts, tables, elapsed);
      show(parts, last, elapsed);
    },
    failed(error, applyFix, way) {
      enter("error", "The query did not run", report(error, applyFix, way));
      const frame = body.querySelector("pre");
      if (frame) scrollToMark(frame);
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

/** The parts of the section that a result fills. */
interface Parts {
  status: HTMLElement;
  controls: HTMLElement;
  several: HTMLElement;
  warnings: HTMLElement;
  body: HTMLElement;
}

function show({ status, controls, warnings, body }: Parts, shown: Shown, elapsed: number): void {
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
    paint(body, view, shown).catch((error: unknown) => {
      body.replaceChildren(h("p", { class: "hint" }, wordsOf(error)));
    });
  };
  const pager = pages(result, (first) => paintRows(body, shown, first));
  controls.replaceChildren(
    pager,
    h("div", { class: "views-of-result", role: "group", "aria-label": "How the result is shown" }, ...buttons),
    exportMenu(result),
  );
  choose("Table");
}

/** A button for each of several results; the last one is shown first. */
function chooseAmong(parts: Parts, tables: readonly Shown[], elapsed: number): void {
  const { several } = parts;
  several.hidden = tables.length < 2;
  const buttons = tables.map((shown, index) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": String(shown === tables.at(-1)),
        onclick: () => {
          for (const [other, button] of buttons.entries()) button.ariaPressed = String(other === index);
          show(parts, shown, elapsed);
        },
      },
      `Result ${index + 1}: ${plural(shown.result.numRows, "row")}`,
    ),
  );
  several.replaceChildren(...buttons);
}

/** The rows, below what is drawn of them. */
function paintRows(body: HTMLElement, { result, labels }: Shown, first: number): void {
  const { element, show } = grid(result, first, labels);
  body.replaceChildren(element);
  if (result.numRows === 0) element.append(h("p", { class: "hint" }, "The query ran, and no row matches."));
  show();
  if (first === 0) drawAbove(element, result).catch((error: unknown) => console.error(error));
}

async function drawAbove(rows: HTMLElement, result: Result): Promise<void> {
  const columns = result.schema.fields.map(({ name }) => name);
  const kind = kindOf(columns, result.numRows);
  if (!kind) return;
  const width = rows.clientWidth - 48;
  const picture =
    kind === "runs"
      ? (await import("./runs.js")).comparison(result, width)
      : (await import("./drawn.js")).drawn(result, kind, width);
  if (!rows.isConnected) return;
  if (picture) rows.before(picture);
}

async function paint(body: HTMLElement, view: View, shown: Shown): Promise<void> {
  const { result, explain } = shown;
  if (view === "Table") return paintRows(body, shown, 0);
  if (view === "Chart") {
    const { chart } = await import("./chart.js");
    return body.replaceChildren(chart(result, Math.min(760, body.clientWidth - 40)));
  }
  body.replaceChildren(h("p", { class: "hint", role: "status" }, "The query runs once more, and is measured…"));
  const plan = await explain?.();
  if (plan) body.replaceChildren(planView(plan));
}

/** Where the time went, without what took no time worth a word; the plan has all of it. */
function breakdown(timings: Timings, elapsed: number): HTMLElement {
  const before = elapsed - timings.total;
  const parts = (Object.keys(stages) as (keyof typeof stages)[])
    .filter((key) => timings[key] >= Math.max(1, elapsed / 50))
    .map((key) => `${stages[key]} ${duration(timings[key])}`);
  if (before >= 100) parts.unshift(`loading ${duration(before)}`);
  return h("small", { title: "Loading: the engine, files, models, and the statements before" }, parts.join(" · "));
}

/** Where a line is too long for the screen, it is shown from where the mark stands. */
function scrollToMark(frame: HTMLElement): void {
  const lines = (frame.textContent ?? "").split("\n");
  const mark = lines.find((line) => line.includes("^")) ?? "";
  const letter = frame.scrollWidth / Math.max(...lines.map(({ length }) => length));
  if (mark.length * letter > frame.clientWidth) frame.scrollLeft = mark.indexOf("^") * letter - frame.clientWidth / 4;
}

function report(
  error: unknown,
  applyFix: (fix: NonNullable<Diagnostic["fix"]>) => void,
  way: Way | undefined,
): HTMLElement {
  if (!isPredictError(error)) {
    return h("div", { class: "failure", role: "alert" }, h("p", {}, wordsOf(error)));
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
