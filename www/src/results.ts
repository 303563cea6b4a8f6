// The lower half of the page and its states: empty, running, rows, error, cancelled.
// While a query runs the old rows stay where they are, dimmed: nothing moves until there is something to show.

import type { Diagnostic, Plan, Result } from "predictql";
import { h, withCode } from "./dom.js";
import { isPredictError } from "./engine.js";
import { duration } from "./format.js";
import { wordsOf } from "./notices.js";

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
  rows(results: readonly Shown[], elapsed: number): Promise<void>;
  /** `way` leads out where the engine itself knows no fix. */
  failed(error: unknown, applyFix: (fix: NonNullable<Diagnostic["fix"]>) => void, way?: Way): void;
  cancelled(elapsed: number): void;
}

/** The grid and what is around it come while the first query runs: the first paint does without them. */
const loadViews = () => import("./views.js");

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
      // One that cannot come now is asked for again, and missed, where rows need it.
      loadViews().catch(() => {});
    },
    async rows(results, elapsed) {
      const tables = results.filter(({ result }) => result.numCols > 0);
      if (tables.length === 0) {
        const said = results.flatMap(({ result }) => result.message ?? []);
        const lines = said.map((message) => h("p", {}, ...withCode(message)));
        enter("rows", `Done in ${duration(elapsed)}`, h("div", { class: "hint" }, ...lines));
        return;
      }
      const { showAmong } = await loadViews();
      enter("rows", "");
      showAmong(parts, tables, elapsed);
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
