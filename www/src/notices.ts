// Short messages about files that came in. Good news leaves by itself; bad news stays until it was read.

import { find, h, withCode } from "./dom.js";

const stay = 8000;

export function notice(text: string, kind: "good" | "bad" = "good", detail?: string): void {
  const element = h(
    "div",
    { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" },
    h(
      "div",
      {},
      h("p", {}, ...withCode(text)),
      detail !== undefined && h("p", { class: "detail" }, ...withCode(detail)),
    ),
    h("button", { type: "button", "aria-label": "Dismiss", onclick: () => element.remove() }, "×"),
  );
  find("#notices").append(element);
  if (kind === "good") setTimeout(() => element.remove(), stay);
}
