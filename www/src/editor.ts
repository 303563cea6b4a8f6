// The SQL editor: CodeMirror with PredictQL's words. It knows text and diagnostics, nothing of the engine.

import {
  acceptCompletion,
  autocompletion,
  type CompletionContext,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionStatus,
  moveCompletionSelection,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, ensureSyntaxTree, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { type Diagnostic as Lint, linter, lintKeymap } from "@codemirror/lint";
import { EditorState, type Extension, Prec, StateEffect } from "@codemirror/state";
import { drawSelection, EditorView, type KeyBinding, keymap, lineNumbers } from "@codemirror/view";
import type { Completion, Diagnostic } from "predictql";
import { colours, dialect, dottedFunctions } from "./dialect.js";

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
  check(text: string): Promise<readonly Diagnostic[]>;
  complete(text: string, offset: number): Promise<readonly Completion[]>;
}

const catalogChanged = StateEffect.define<null>();
const checkDelay = 150;

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
      const all = statementsOf(view.state);
      return all.find((span) => head <= span.to) ?? all.at(-1) ?? { from: 0, to: view.state.doc.length };
    },
    statements: () => statementsOf(view.state),
    select({ from, to }) {
      view.focus();
      view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
    },
    recheck: () => view.dispatch({ effects: catalogChanged.of(null) }),
  };
}

function extensionsOf(options: EditorOptions): Extension[] {
  return [
    lineNumbers(),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    EditorView.lineWrapping,
    // The tab stop is there anyway; named, it also tells tools that the scrolling box can be reached.
    EditorView.contentAttributes.of({ "aria-label": "SQL query", autocapitalize: "off", tabindex: "0" }),
    dialect,
    dialect.language.data.of({ autocomplete: (context: CompletionContext) => complete(context, options) }),
    syntaxHighlighting(colours),
    dottedFunctions,
    // Enter always means a new line: a completion that swallows it is a nuisance in SQL.
    autocompletion({ defaultKeymap: false, icons: false }),
    linter(async (editor) => lints(await options.check(editor.state.doc.toString()), editor.state.doc.length), {
      delay: checkDelay,
      needsRefresh: (update) => update.transactions.some((t) => t.effects.some((e) => e.is(catalogChanged))),
    }),
    Prec.high(keymap.of(keys(options))),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) options.onChange(update.state.doc.toString());
    }),
  ];
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

/** Begins statements that others stand in. */
const block = /^\s*(DECLARE|BEGIN|IF|LOOP|WHILE|REPEAT|FOR|SET)\b/i;

/** Scripts with blocks and variables are one piece. */
function statementsOf(state: EditorState): Span[] {
  const text = state.doc.toString();
  const spans: Span[] = [];
  const tree = ensureSyntaxTree(state, state.doc.length, 200) ?? syntaxTree(state);
  for (let node = tree.topNode.firstChild; node; node = node.nextSibling) {
    if (node.name === "Statement") spans.push({ from: node.from, to: node.to });
  }
  const isWhole = spans.length === 0 || spans.some(({ from, to }) => block.test(text.slice(from, to)));
  return isWhole ? [{ from: 0, to: text.length }] : spans;
}

/** CodeMirror draws nothing for an empty range, and throws beyond the end of the text. */
function lints(diagnostics: readonly Diagnostic[], length: number): Lint[] {
  return diagnostics.map((diagnostic) => {
    const to = Math.min(Math.max(diagnostic.to, diagnostic.from + 1), length);
    const from = Math.min(diagnostic.from, Math.max(to - 1, 0));
    const { fix, hint } = diagnostic;
    return {
      from,
      to,
      severity: diagnostic.severity,
      message: hint ? `${diagnostic.message}\n${hint}` : diagnostic.message,
      ...(fix && {
        actions: [{ name: "Apply fix", apply: (view: EditorView) => view.dispatch({ changes: { ...fix } }) }],
      }),
    };
  });
}

/** What the engine offers for the word before the cursor. */
async function complete(context: CompletionContext, options: EditorOptions) {
  const word = context.matchBefore(/[`\w]+/);
  const isMember = context.matchBefore(/\./) !== null;
  if (!word && !isMember && !context.explicit) return null;
  const found = await options.complete(context.state.doc.toString(), context.pos);
  return {
    from: word?.from ?? context.pos,
    options: found.map((completion) => ({ ...completion, boost: boosts[completion.type] ?? 0 })),
    // The engine has compared already; names in backticks would not match otherwise.
    filter: !word?.text.startsWith("`"),
  };
}

/** Names of what the page holds stand before those of the language. */
const boosts: Partial<Record<Completion["type"], number>> = { column: 3, alias: 2, table: 2, model: 2, function: 1 };
