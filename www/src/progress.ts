// What the engine is doing, as a bar and a few words beside the Run button.

import type { Progress } from "predictql";
import { find } from "./dom.js";
import { bytes, count, plural } from "./format.js";

const words: Record<Progress["stage"], (label: string) => string> = {
  engine: () => "Loading the engine",
  download: (label) => `Downloading ${label}`,
  verify: (label) => `Checking ${label}`,
  compile: (label) => `Preparing ${label}`,
  decode: () => "Decoding pictures",
  preprocess: () => "Preparing rows",
  infer: () => "Predicting",
};

export const progress = {
  start(): void {
    bar().removeAttribute("value");
    label().textContent = "";
    find("#progress").hidden = false;
  },
  show(step: Progress): void {
    if (step.ratio === null) bar().removeAttribute("value");
    else bar().value = step.ratio;
    const doing = words[step.stage](step.label);
    label().textContent = step.total === null ? doing : `${doing} · ${soFar(step.unit, step.loaded, step.total)}`;
  },
  stop(): void {
    find("#progress").hidden = true;
  },
};

function soFar(unit: Progress["unit"], loaded: number, total: number): string {
  return unit === "bytes" ? `${bytes(loaded)} of ${bytes(total)}` : `${count(loaded)} of ${plural(total, "row")}`;
}

function bar(): HTMLProgressElement {
  return find<HTMLProgressElement>("#progress progress");
}

function label(): HTMLElement {
  return find("#progress span");
}
