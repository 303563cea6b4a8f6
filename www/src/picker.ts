// Asks which columns of a table go into a list that a model takes, where the table alone does not tell.

import { find, h } from "./dom.js";
import type { Packing } from "./feed.js";
import { plural } from "./format.js";

/** The chosen columns in the table's order; `undefined` where nobody wanted to say. */
export function pickColumns(
  table: string,
  { input, width, columns, candidates }: Packing,
): Promise<string[] | undefined> {
  const boxes = candidates.map((name) =>
    h("input", { type: "checkbox", value: name, checked: columns.includes(name) }),
  );
  const count = h("p", { class: "count", role: "status" });
  const use = h("button", { type: "submit", class: "primary", value: "use" }, "Use these columns");
  const chosen = () => boxes.filter(({ checked }) => checked).map(({ value }) => value);
  const tell = () => {
    const now = chosen().length;
    count.textContent = width === undefined ? plural(now, "column") : `${now} of ${plural(width, "column")}`;
    use.disabled = width === undefined ? now === 0 : now !== width;
  };
  const what = width === undefined ? "columns" : plural(width, "column");
  const dialog = h(
    "dialog",
    { class: "picker", "aria-labelledby": "picker-title" },
    h(
      "form",
      { method: "dialog", onchange: tell },
      h("h2", { id: "picker-title" }, `Which ${what} of ${table} are ${input}?`),
      h(
        "p",
        {},
        "The model takes them as one list, in the order that it was trained on: the table's order here. The file does not say their names.",
      ),
      h("ul", {}, ...boxes.map((box) => h("li", {}, h("label", {}, box, " ", box.value)))),
      count,
      h("div", { class: "actions" }, h("button", { type: "submit", class: "quiet", value: "cancel" }, "Cancel"), use),
    ),
  );
  tell();
  find("body").append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "use" ? chosen() : undefined);
    });
  });
}
