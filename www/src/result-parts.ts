// Around a result: the way through its pages, the ways out of the page, and how its statement was carried out.

import type { Plan, Result, Timings } from "predictql";
import { h } from "./dom.js";
import { count, duration } from "./format.js";
import { mostRows } from "./grid.js";
import { notice, noticeFailure } from "./notices.js";

export const stages: Record<keyof Omit<Timings, "total">, string> = {
  queue: "waiting",
  parse: "parsing",
  bind: "binding",
  decode: "decoding",
  preprocess: "preparing",
  infer: "model",
  project: "SQL",
};

/** Through the pages of a result that is too long for one. */
export function pages(result: Result, turn: (first: number) => void): HTMLElement {
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
export function exportMenu(result: Result): HTMLElement {
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
            noticeFailure(error);
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
export function planView({ text, timings }: Plan): HTMLElement {
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
