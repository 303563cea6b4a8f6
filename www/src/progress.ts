// What the engine is doing, as a bar and a few words beside the Run button.

import type { Progress } from "predictql";
import { find } from "./dom.js";
import { bytes, count } from "./format.js";

export const progress = {
  start(): void {
    bar().removeAttribute("value");
    label().textContent = "";
    find("#progress").hidden = false;
  },
  show(step: Progress): void {
    if (step.ratio === null) bar().removeAttribute("value");
    else bar().value = step.ratio;
    label().textContent =
      step.total === null ? step.label : `${step.label} · ${amount(step, step.loaded)} of ${amount(step, step.total)}`;
  },
  stop(): void {
    find("#progress").hidden = true;
  },
};

function amount({ unit }: Progress, n: number): string {
  return unit === "bytes" ? bytes(n) : count(n);
}

function bar(): HTMLProgressElement {
  return find<HTMLProgressElement>("#progress progress");
}

function label(): HTMLElement {
  return find("#progress span");
}
