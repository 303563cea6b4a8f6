// A result as one looks at it: its rows, its chart or its plan, and which of several results.

import type { Result, Timings } from "predictql";
import { h, withCode } from "./dom.js";
import { duration, plural } from "./format.js";
import { grid, mostRows } from "./grid.js";
import { wordsOf } from "./notices.js";
import { kindOf } from "./pictured.js";
import { exportMenu, pages, planView, stages } from "./result-parts.js";
import type { Shown } from "./results.js";

const views = ["Table", "Chart", "Plan"] as const;
type View = (typeof views)[number];

/** The parts of the section that a result fills. */
export interface Parts {
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

/** One result, or a button for each of several, of which the last is shown first. */
export function showAmong(parts: Parts, tables: readonly Shown[], elapsed: number): void {
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
  const last = tables.at(-1);
  if (last) show(parts, last, elapsed);
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
