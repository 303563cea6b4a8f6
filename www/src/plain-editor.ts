// The editor of the first paint: a plain text area, until the real one is here and takes over what was written.

import { h } from "./dom.js";
import type { Editor, EditorOptions, Span } from "./editor.js";

/** Behaves as the editor that it becomes. */
export function startEditor(parent: HTMLElement, options: EditorOptions): Editor {
  let editor: Editor = plainEditor(parent, options);
  const area = parent.querySelector("textarea");
  void import("./editor.js").then(({ createEditor }) => {
    const { text } = editor;
    const isFocused = document.activeElement === area;
    const place = area?.selectionStart ?? 0;
    parent.replaceChildren();
    editor = createEditor(parent, { ...options, text });
    if (isFocused) editor.select({ from: place, to: place });
  });
  return {
    get text() {
      return editor.text;
    },
    write: (text) => editor.write(text),
    edit: (from, to, insert) => editor.edit(from, to, insert),
    insert: (text) => editor.insert(text),
    select: (span) => editor.select(span),
    statement: () => editor.statement(),
    statements: () => editor.statements(),
    recheck: () => editor.recheck(),
  };
}

function plainEditor(parent: HTMLElement, { text, onChange, onRun, onRunAll, onCancel }: EditorOptions): Editor {
  const area = h("textarea", {
    "aria-label": "SQL query",
    spellcheck: "false",
    autocapitalize: "off",
    rows: text.split("\n").length,
  });
  area.value = text;
  area.addEventListener("input", () => onChange(area.value));
  area.addEventListener("keydown", (event) => {
    const isDone =
      event.key === "Enter" && (event.ctrlKey || event.metaKey)
        ? event.shiftKey
          ? onRunAll()
          : onRun()
        : event.key === "Escape" && onCancel();
    if (isDone) event.preventDefault();
  });
  parent.append(area);
  const replace = (from: number, to: number, insert: string) => {
    area.setRangeText(insert, from, to, "end");
    onChange(area.value);
  };
  const whole = (): Span => ({ from: 0, to: area.value.length });
  return {
    get text() {
      return area.value;
    },
    write: (text) => replace(0, area.value.length, text),
    edit: replace,
    insert: (text) => replace(area.selectionStart, area.selectionEnd, text),
    select({ from, to }) {
      area.focus();
      area.setSelectionRange(from, to);
    },
    statement: whole,
    statements: () => [whole()],
    recheck() {},
  };
}
