// An editor as a page has it that uses the package's language.

import { currentCompletions, startCompletion } from "@codemirror/autocomplete";
import { defaultHighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { forEachDiagnostic } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { predictql, recheck, statements } from "../../../pkg/codemirror.js";

export function open(db, doc) {
  const parent = document.body.appendChild(document.createElement("div"));
  const extensions = [syntaxHighlighting(defaultHighlightStyle), predictql(db)];
  return new EditorView({ parent, state: EditorState.create({ doc, extensions }) });
}

/** What is underlined, and why. */
export function faults(view) {
  const found = [];
  forEachDiagnostic(view.state, ({ message, actions = [] }, from, to) => {
    found.push({ text: view.state.sliceDoc(from, to), message, actions });
  });
  return found;
}

export { currentCompletions, recheck, startCompletion, statements };
