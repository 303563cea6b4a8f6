// Short messages: about files that came in, all of a drop in one place. Good news leaves by itself; bad news stays until it
// was read.

import { find, h, withCode } from "./dom.js";

const stay = 8000;

export function notice(text: string, kind: "good" | "bad" = "good", detail?: string): void {
  show(kind, h("p", {}, ...withCode(text)), detail !== undefined && h("p", { class: "detail" }, ...withCode(detail)));
}

export function noticeFailure(error: unknown): void {
  notice(wordsOf(error), "bad");
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What became of one file, or of several of a kind. */
export interface Fate {
  words: string;
  kind: "good" | "bad";
  detail?: string | undefined;
}

/** One message for all files that came in together: those that failed first. `next` says what can be done now. */
export function report(fates: readonly Fate[], next?: string): void {
  const bad = fates.filter(({ kind }) => kind === "bad");
  const sorted = [...bad, ...fates.filter(({ kind }) => kind === "good")];
  const line = ({ words, kind, detail }: Fate) =>
    h(
      "li",
      { class: kind },
      h("p", {}, ...withCode(words)),
      detail !== undefined && h("p", { class: "detail" }, ...withCode(detail)),
    );
  show(
    bad.length > 0 ? "bad" : "good",
    h("ul", { class: "fates", tabindex: sorted.length > 5 ? 0 : undefined }, ...sorted.map(line)),
    next !== undefined && h("p", { class: "detail" }, ...withCode(next)),
  );
}

function show(kind: "good" | "bad", ...content: (Node | false)[]): void {
  const element = h(
    "div",
    { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" },
    h("div", {}, ...content),
    h("button", { type: "button", "aria-label": "Dismiss", onclick: () => element.remove() }, "×"),
  );
  find("#notices").append(element);
  if (kind === "good") setTimeout(() => element.remove(), stay);
}
