// The lower half of the page and its states: empty, running, rows, error, cancelled.
// While a query runs the old rows stay where they are, dimmed: nothing moves until there is something to show.

import { type Diagnostic, PredictError, type Result, type Timings } from "predictql";
import { h, withCode } from "./dom.js";
import { count, duration, plural } from "./format.js";
import { grid } from "./grid.js";

/** What a button below an error does. */
export interface Way {
  label: string;
  apply(): void;
}

export interface Results {
  running(): void;
  rows(results: readonly Result[], elapsed: number): void;
  /** `way` leads out where the engine itself knows no fix. */
  failed(error: unknown, applyFix: (fix: NonNullable<Diagnostic["fix"]>) => void, way?: Way): void;
  cancelled(elapsed: number): void;
}

const pageSizes = [100, 1000] as const;

const stages: Record<keyof Omit<Timings, "total">, string> = {
  queue: "waiting",
  parse: "parsing",
  bind: "binding",
  decode: "decoding",
  preprocess: "preparing",
  infer: "model",
  project: "SQL",
};

export function createResults(section: HTMLElement): Results {
  const status = h("p", { class: "status", role: "status" });
  const controls = h("div", { class: "controls" });
  const warnings = h("div", { class: "warnings" });
  const body = h("div", { class: "body" });
  section.append(h("header", {}, status, controls), warnings, body);

  const enter = (state: string, words: string, ...content: Node[]) => {
    section.dataset.state = state;
    status.textContent = words;
    controls.replaceChildren();
    warnings.replaceChildren();
    body.replaceChildren(...content);
  };

  const page = (result: Result, size: number, first: number) => {
    const last = Math.min(first + size, result.numRows);
    const turn = (sign: string, label: string, to: number, possible: boolean) =>
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": label,
          disabled: !possible,
          onclick: () => page(result, size, to),
        },
        sign,
      );
    body.replaceChildren(grid(result, first, size));
    if (result.numRows <= pageSizes[0]) return;
    const chooser = h(
      "select",
      {
        "aria-label": "Rows on a page",
        onchange: () => page(result, Number(chooser.value), 0),
      },
      ...pageSizes.map((n) => h("option", { value: n, selected: n === size }, `${count(n)} a page`)),
    );
    const shown = first === 0 ? count(last) : `${count(first + 1)}–${count(last)}`;
    controls.replaceChildren(
      h("span", {}, `${shown} of ${plural(result.numRows, "row")}`),
      chooser,
      turn("‹", "Previous page", Math.max(0, first - size), first > 0),
      turn("›", "Next page", first + size, last < result.numRows),
    );
  };

  enter("empty", "", h("p", { class: "hint" }, "Rows appear here. Run the query, or open a tutorial."));

  return {
    running() {
      section.dataset.state = "running";
      status.textContent = "Running…";
    },
    rows(results, elapsed) {
      const tables = results.filter(({ numCols }) => numCols > 0);
      const result = tables.at(-1);
      if (!result) {
        const said = results.flatMap(({ message }) => message ?? []).map((message) => h("p", {}, ...withCode(message)));
        enter("rows", `Done in ${duration(elapsed)}`, h("div", { class: "hint" }, ...said));
        return;
      }
      enter("rows", `${plural(result.numRows, "row")} in ${duration(elapsed)}`);
      status.append(" ", breakdown(result.timings, elapsed));
      warnings.replaceChildren(...result.warnings.map(({ message }) => h("p", {}, ...withCode(message))));
      page(result, pageSizes[0], 0);
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
  if (!(error instanceof PredictError)) {
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
