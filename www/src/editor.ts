// The SQL editor: CodeMirror with the package's language, and the page's keys and colours.

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionStatus,
  moveCompletionSelection,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import { drawSelection, EditorView, type KeyBinding, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { CheckResult, PredictQL } from "predictql";
import { predictql, recheck, statements } from "predictql/codemirror";

export interface Editor {
  readonly text: string;
  /** Replace everything; undo brings the old text back. */
  write(text: string): void;
  /** Replace a part: how a fix is applied. */
  edit(from: number, to: number, insert: string): void;
  /** Put a name at the cursor. */
  insert(text: string): void;
  /** Where the statement is that the cursor stands in, or what is selected. */
  statement(): Span;
  /** All statements. */
  statements(): Span[];
  select(span: Span): void;
  /** The catalog changed: what was wrong may be right now. */
  recheck(): void;
}

export interface Span {
  from: number;
  to: number;
}

export interface EditorOptions {
  text: string;
  onChange(text: string): void;
  /** Keys: each answers whether it did something. */
  onRun(): boolean;
  onRunAll(): boolean;
  /** The query that was run before, or after. */
  onHistory(direction: -1 | 1): boolean;
  onCancel(): boolean;
  /** The engine that completes and checks, once there is one. */
  engine(): PredictQL | undefined;
}

// Light and dark are the style sheet's business.
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: "var(--syn-keyword)" },
  { tag: [tags.standard(tags.name), tags.typeName], color: "var(--syn-function)" },
  { tag: tags.string, color: "var(--syn-string)" },
  { tag: tags.number, color: "var(--syn-number)" },
  { tag: [tags.lineComment, tags.blockComment], color: "var(--quiet)", fontStyle: "italic" },
  { tag: tags.special(tags.string), color: "var(--syn-name)" },
]);

export function createEditor(parent: HTMLElement, options: EditorOptions): Editor {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.text,
      extensions: extensionsOf(options),
    }),
  });
  const replace = (from: number, to: number, insert: string) =>
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, scrollIntoView: true });

  return {
    get text() {
      return view.state.doc.toString();
    },
    write(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 } });
      view.scrollDOM.scrollTop = 0;
    },
    edit: replace,
    insert(text) {
      const { from, to } = view.state.selection.main;
      replace(from, to, text);
      view.focus();
    },
    statement() {
      const { from, to, head } = view.state.selection.main;
      if (from < to) return { from, to };
      const all = statements(view.state);
      return all.find((span) => head <= span.to) ?? all.at(-1) ?? { from: 0, to: view.state.doc.length };
    },
    statements: () => statements(view.state),
    select({ from, to }) {
      view.focus();
      view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
    },
    recheck: () => recheck(view),
  };
}

function extensionsOf(options: EditorOptions): Extension[] {
  let isTouched = false;
  return [
    lineNumbers(),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    EditorView.lineWrapping,
    // The tab stop is there anyway; named, it also tells tools that the scrolling box can be reached.
    EditorView.contentAttributes.of({ "aria-label": "SQL query", autocapitalize: "off", tabindex: "0" }),
    predictql(() => checking(options.engine(), isTouched)),
    syntaxHighlighting(colours),
    // Enter always means a new line: a completion that swallows it is a nuisance in SQL.
    autocompletion({ defaultKeymap: false, icons: false }),
    Prec.high(keymap.of(keys(options))),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
    EditorView.updateListener.of((update) => {
      if (!isTouched && update.focusChanged && update.view.hasFocus) {
        isTouched = true;
        // An editor takes no change while it tells of one.
        queueMicrotask(() => recheck(update.view));
      }
      // What the engine offers may come when its reader has gone on to the result.
      if (completionStatus(update.state) !== null && !update.view.hasFocus) closeCompletion(update.view);
      if (update.docChanged) options.onChange(update.state.doc.toString());
    }),
  ];
}

type Asked = Pick<PredictQL, "check" | "complete" | "on">;

/**
 * What the editor asks: words and explanations whenever its reader wants one, faults only where it may. Checking a text takes the
 * second file of the engine, which somebody who only reads a text and runs it does without.
 */
function checking(engine: PredictQL | undefined, mayCheck: boolean): Asked | undefined {
  if (!engine || mayCheck) return engine;
  const unchecked: CheckResult = { diagnostics: [], columns: [], params: [] };
  return {
    check: async () => unchecked,
    complete: (...asked) => engine.complete(...asked),
    on: (...heard) => engine.on(...heard),
  };
}

/** What comes before the editor's own keys. */
function keys(options: EditorOptions): KeyBinding[] {
  return [
    { key: "Mod-Shift-Enter", run: options.onRunAll },
    { key: "Mod-Enter", run: options.onRun },
    { key: "Alt-ArrowUp", run: () => options.onHistory(-1) },
    { key: "Alt-ArrowDown", run: () => options.onHistory(1) },
    { key: "Escape", run: (editor) => closeCompletion(editor) || options.onCancel() },
    { key: "Tab", run: (editor) => completionStatus(editor.state) === "active" && acceptCompletion(editor) },
    { key: "ArrowDown", run: moveCompletionSelection(true) },
    { key: "ArrowUp", run: moveCompletionSelection(false) },
  ];
}
