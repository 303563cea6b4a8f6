// PredictQL's words for CodeMirror: GoogleSQL's predict part. Colours come from style/base.css, so light and dark need no code.

import { SQLDialect } from "@codemirror/lang-sql";
import { HighlightStyle } from "@codemirror/language";
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const keywords = `all and array as asc between by case cast create cross cube desc distinct drop else end except exists
  explain external extract false first for from full group having if in inner intersect into interval is join last lateral
  left like limit model not null nulls of offset on options or order ordinal outer over partition qualify recursive replace
  right rollup rows safe_cast safe_offset select set struct table then to true union unnest using values when where window
  with within`;

export const dialect = SQLDialect.define({
  keywords: keywords.replace(/\s+/g, " "),
  types: "int64 float64 bool string bytes date datetime time timestamp numeric",
  builtin: "model_type model_path object_metadata uris",
  identifierQuotes: "`",
  doubleQuotedStrings: true,
  backslashEscapes: true,
  hashComments: true,
  specialVar: "@",
});

export const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: "var(--syn-keyword)" },
  { tag: [tags.standard(tags.name), tags.typeName], color: "var(--syn-function)" },
  { tag: tags.string, color: "var(--syn-string)" },
  { tag: tags.number, color: "var(--syn-number)" },
  { tag: [tags.lineComment, tags.blockComment], color: "var(--quiet)", fontStyle: "italic" },
  { tag: tags.special(tags.string), color: "var(--syn-name)" },
]);

/** CodeMirror's grammar takes a dotted word for a column: `ML.PREDICT` is coloured here. */
export const dottedFunctions = ViewPlugin.fromClass(
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
  decoration: Decoration.mark({ class: "dotted-function" }),
});
