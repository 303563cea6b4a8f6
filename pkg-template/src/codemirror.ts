// PredictQL in CodeMirror 6: the language, and what an engine knows of a text: completions, documentation under the pointer, faults
// and their fixes. The libraries are the page's own.

import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { SQLDialect } from "@codemirror/lang-sql";
import { ensureSyntaxTree, highlightingFor, syntaxTree } from "@codemirror/language";
import { type Diagnostic as Lint, linter } from "@codemirror/lint";
import { type EditorState, type Extension, StateEffect } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  hoverTooltip,
  MatchDecorator,
  type Tooltip,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { PredictQL } from "./database.js";
import type { Completion, Diagnostic } from "./glue/predictql.js";
import type { TextOptions } from "./interface.js";

/** What is asked of a database. */
type Engine = Pick<PredictQL, "check" | "complete" | "on">;

const keywords = `all and array as asc between by case cast create cross cube desc distinct drop else end except exists
  explain external extract false first for from full group having if in inner intersect into interval is join last lateral
  left like limit model not null nulls of offset on options or order ordinal outer over partition qualify recursive replace
  right rollup rows safe_cast safe_offset select set struct table then to true union unnest using values when where window
  with within`;

/** GoogleSQL's predict part, for whoever wants the language alone. */
export const dialect: SQLDialect = SQLDialect.define({
  keywords: keywords.replace(/\s+/g, " "),
  types: "int64 float64 bool string bytes date datetime time timestamp numeric",
  builtin: "model_type model_path object_metadata uris",
  identifierQuotes: "`",
  doubleQuotedStrings: true,
  backslashEscapes: true,
  hashComments: true,
  specialVar: "@",
});

/**
 * Everything that makes an editor one of PredictQL's: add it to `extensions`. `db` may be a function, for a database that is not
 * there yet: until then there are colours only. `options` say how the text is read.
 *
 * @example
 * new EditorView({ parent, extensions: [basicSetup, predictql(db)] });
 */
export function predictql(db: Engine | (() => Engine | undefined), options: TextOptions = {}): Extension {
  const engine = typeof db === "function" ? db : () => db;
  return [
    dialect.language,
    dialect.language.data.of({ autocomplete: (context: CompletionContext) => complete(context, engine(), options) }),
    functionNames,
    autocompletion(),
    hoverTooltip((view, position) => explain(view.state, position, engine(), options)),
    linter((view) => lint(view, engine(), options), {
      delay: 150,
      needsRefresh: (update) => update.transactions.some((t) => t.effects.some((e) => e.is(catalogChanged))),
    }),
    ViewPlugin.define((view) => {
      const stop = engine()?.on("catalogchange", () => recheck(view));
      return { destroy: () => stop?.() };
    }),
  ];
}

const catalogChanged = StateEffect.define<null>();

/** Looks for faults anew: for a database that has come, or changed, since it was asked. */
export function recheck(view: EditorView): void {
  view.dispatch({ effects: catalogChanged.of(null) });
}

/** Begins statements that others stand in. */
const block = /^\s*(DECLARE|BEGIN|IF|LOOP|WHILE|REPEAT|FOR|SET)\b/i;

/** Where the statements of a text are. Scripts with blocks and variables are one piece. */
export function statements(state: EditorState): { from: number; to: number }[] {
  const text = state.doc.toString();
  const spans: { from: number; to: number }[] = [];
  const tree = ensureSyntaxTree(state, state.doc.length, 200) ?? syntaxTree(state);
  for (let node = tree.topNode.firstChild; node; node = node.nextSibling) {
    if (node.name === "Statement") spans.push({ from: node.from, to: node.to });
  }
  const isWhole = spans.length === 0 || spans.some(({ from, to }) => block.test(text.slice(from, to)));
  return isWhole ? [{ from: 0, to: text.length }] : spans;
}

/** CodeMirror's grammar takes a dotted word for a column: `ML.PREDICT` has the colour that the theme gives to functions. */
const functionNames = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = matcher.createDeco(view);
    }
    update(update: ViewUpdate) {
      this.decorations = matcher.updateDeco(update, this.decorations);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

const matcher = new MatchDecorator({
  regexp: /\bML\.\w+/gi,
  decoration: (_match, view) =>
    Decoration.mark({ class: highlightingFor(view.state, [tags.standard(tags.name)]) ?? "" }),
});

async function lint({ state }: EditorView, engine: Engine | undefined, options: TextOptions): Promise<Lint[]> {
  if (!engine) return [];
  const { diagnostics } = await engine.check(state.doc.toString(), options);
  return diagnostics.map((diagnostic) => asLint(diagnostic, state.doc.length));
}

/** CodeMirror draws nothing for an empty range, and throws beyond the end of the text. */
function asLint({ from, to, severity, message, hint, fix }: Diagnostic, length: number): Lint {
  const end = Math.min(Math.max(to, from + 1), length);
  return {
    from: Math.min(from, Math.max(end - 1, 0)),
    to: end,
    severity,
    message: hint ? `${message}\n${hint}` : message,
    ...(fix && { actions: [{ name: "Apply fix", apply: (view) => view.dispatch({ changes: { ...fix } }) }] }),
  };
}

/** What the engine offers for the word before the cursor. */
async function complete(
  context: CompletionContext,
  engine: Engine | undefined,
  options: TextOptions,
): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[`\w]+/);
  const isMember = context.matchBefore(/\./) !== null;
  if (!engine || (!word && !isMember && !context.explicit)) return null;
  const found = await engine.complete(context.state.doc.toString(), context.pos, options);
  return {
    from: word?.from ?? context.pos,
    options: found.map((completion) => ({ ...completion, boost: boosts[completion.type] ?? 0 })),
    // The engine has compared already; names in backticks would not match otherwise.
    filter: !word?.text.startsWith("`"),
  };
}

/** Names of what the database holds stand before those of the language. */
const boosts: Partial<Record<Completion["type"], number>> = { column: 3, alias: 2, table: 2, model: 2, function: 1 };

/** What is known of the word under the pointer: what the engine would offer, were the text to end with it. */
async function explain(
  state: EditorState,
  position: number,
  engine: Engine | undefined,
  options: TextOptions,
): Promise<Tooltip | null> {
  const line = state.doc.lineAt(position);
  const word = wordAt(line.text, position - line.from);
  if (!engine || !word) return null;
  const [from, to] = [line.from + word.from, line.from + word.to];
  const found = await engine.complete(state.doc.toString(), to, options);
  const known = found.find(({ label, type }) => type !== "keyword" && isSame(label, word.text));
  if (!known || (known.detail === undefined && known.info === undefined)) return null;
  return { pos: from, end: to, above: true, create: () => ({ dom: card(known, word.text) }) };
}

function isSame(label: string, word: string): boolean {
  const name = label.toLowerCase();
  const wanted = word.replaceAll("`", "").toLowerCase();
  return name === wanted || name === wanted.slice(wanted.lastIndexOf(".") + 1);
}

function wordAt(line: string, at: number): { text: string; from: number; to: number } | undefined {
  for (const { 0: text, index: from } of line.matchAll(/[`\w]+(?:\.[`\w]+)*/g)) {
    if (from > at || at > from + text.length) continue;
    // Of `alias.column` the part under the pointer; functions are known by all of theirs.
    const end = text.indexOf(".", at - from);
    const to = end < 0 || /^(ML|NET|SAFE)\./i.test(text) ? from + text.length : from + end;
    return { text: text.slice(0, to - from), from, to };
  }
  return undefined;
}

function card({ label, type, detail, info }: Completion, word: string): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "cm-predictql-card";
  const line = (name: string, text: string) => {
    const element = document.createElement(name);
    element.textContent = text;
    dom.append(element);
  };
  // Of `ML.PREDICT` the engine offers what comes behind the dot.
  line("strong", type === "function" ? word.toUpperCase() : label);
  line("div", detail ?? type);
  if (info !== undefined) line("div", info);
  dom.style.padding = "4px 8px";
  dom.style.maxWidth = "40em";
  return dom;
}
