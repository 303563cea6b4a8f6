// Every member of the language and of the element, used as its documentation shows it. Compiled, never run.

import type { EditorState, Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { PredictQL, type Result } from "predictql";
import { dialect, predictql, recheck, statements } from "predictql/codemirror";
import { PredictQLElement } from "predictql/element";

export function open(parent: HTMLElement, later: () => PredictQL | undefined): EditorView {
  const extensions: Extension[] = [predictql(new PredictQL()), predictql(later), dialect.language];
  const view = new EditorView({ parent, extensions });
  recheck(view);
  return view;
}

export function texts(state: EditorState): string[] {
  return statements(state).map(({ from, to }) => state.sliceDoc(from, to));
}

export async function ask(db: PredictQL): Promise<number> {
  const element: PredictQLElement = document.createElement("predict-ql");
  element.value = "SELECT 1 AS x";
  element.db = db;
  element.addEventListener("result", (event) => console.log((event as CustomEvent<Result>).detail.rows));
  const result = await element.run();
  return result?.numRows ?? document.querySelectorAll(`${PredictQLElement.name} predict-ql`).length;
}
