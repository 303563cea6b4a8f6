// Draws the place of a diagnostic in its SQL text, as compilers do.

import type { Diagnostic } from "./glue/predictql.js";

const linesBefore = 2;
const linesAfter = 1;
/** Cells of a line that are shown; of a longer one, this many stay in sight before the caret. */
const widest = 100;
const lead = 30;

const newline = /\r\n|\n|\r/;
const invisible = /[\p{M}\p{Cf}]/u;
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** The lines around a place, with carets under it. */
export function frame(sql: string, { from, to }: Pick<Diagnostic, "from" | "to">): string {
  const lines = sql.split(newline);
  const before = sql.slice(0, from).split(newline);
  const row = before.length - 1;
  const column = before.at(-1)?.length ?? 0;
  const line = lines[row] ?? "";
  const start = cellsOf(line.slice(0, column)).length;
  const marked = cellsOf(line.slice(column, column + to - from)).length;
  // All lines are cut at the same place, so that they stay below one another.
  const shift = Math.max(0, Math.min(start - lead, cellsOf(line).length - widest));
  const carets = "^".repeat(Math.max(1, Math.min(marked, shift + widest - start)));

  const last = Math.min(lines.length - 1, row + linesAfter);
  const gutter = String(last + 1).length;
  const output: string[] = [];
  for (let index = Math.max(0, row - linesBefore); index <= last; index++) {
    output.push(`${String(index + 1).padStart(gutter)} | ${crop(lines[index] ?? "", shift)}`.trimEnd());
    if (index === row) output.push(`${" ".repeat(gutter)} | ${" ".repeat(start - shift)}${carets}`);
  }
  return output.join("\n");
}

/** What each cell of a terminal shows: a wide character takes two, an accent joins the one before. */
function cellsOf(text: string): string[] {
  const cells: string[] = [];
  for (const char of text) {
    if (char === "\t") cells.push(" ", " ", " ", " ");
    else if (invisible.test(char)) cells.push(`${cells.pop() ?? ""}${char}`);
    else if (wide.test(char)) cells.push(char, "");
    else cells.push(char);
  }
  return cells;
}

/** The part of a line from cell `shift` on, with an ellipsis where something is missing. */
function crop(line: string, shift: number): string {
  const cells = cellsOf(line);
  const shown = cells.slice(shift, shift + widest);
  if (shift > 0 && shown.length > 0) shown[0] = shown[1] === "" ? "… " : "…";
  if (cells.length > shift + widest) shown[widest - 1] = "…";
  return shown.join("");
}
