import assert from "node:assert/strict";
import { test } from "node:test";
import { frame } from "../../../pkg-template/src/frame.ts";

/** The frame of the first place where `text` holds `part`. */
function frameOf(text, part) {
  const from = text.indexOf(part);
  return frame(text, { from, to: from + part.length }).split("\n");
}

/** The column, in characters, at which a line of the frame holds `part`. */
const columnOf = (line, part) => [...line.slice(0, line.indexOf(part))].length;

test("a frame shows two lines before, one after, and carets under the whole place", () => {
  const sql = "SELECT label,\n  probabilities\nFROM\n  ML.PREDICT(MODEL irsi, TABLE flowers)\nORDER BY label\nLIMIT 5";
  assert.deepEqual(frameOf(sql, "irsi"), [
    "2 |   probabilities",
    "3 | FROM",
    "4 |   ML.PREDICT(MODEL irsi, TABLE flowers)",
    "  |                    ^^^^",
    "5 | ORDER BY label",
  ]);
});

test("line numbers are right-aligned where they get longer", () => {
  const sql = `${"\n".repeat(8)}SELECT x\nFROM t`;
  assert.deepEqual(frameOf(sql, "x"), [" 7 |", " 8 |", " 9 | SELECT x", "   |        ^", "10 | FROM t"]);
});

test("tabs keep the caret below its place", () => {
  const [line, caret] = frameOf("\tSELECT\t\tbad", "bad");
  assert.equal(line, `1 | ${" ".repeat(4)}SELECT${" ".repeat(8)}bad`);
  assert.equal(caret.indexOf("^^^"), line.indexOf("bad"));
});

test("a pair of surrogates is one wide character, an accent none", () => {
  // In a terminal 🌸 takes two cells, and e with a combining accent takes one.
  const [, caret] = frameOf("SELECT '🌸', 'e\u0301', bad", "bad");
  assert.equal(caret.indexOf("^^^"), "1 | SELECT 'xx', 'x', ".length);
});

test("a place at the very end has a caret after the last character", () => {
  assert.deepEqual(frame("SELECT", { from: 6, to: 6 }).split("\n"), ["1 | SELECT", "  |       ^"]);
  assert.deepEqual(frame("SELECT\r\n", { from: 8, to: 8 }).split("\n"), ["1 | SELECT", "2 |", "  | ^"]);
});

test("carets end with the line where the place goes on below", () => {
  assert.deepEqual(frameOf("SELECT 'a\nb'", "'a\nb'").slice(0, 2), ["1 | SELECT 'a", "  |        ^^"]);
});

test("long lines are cut around the place, which stays below its text", () => {
  const sql = `SELECT ${"column_name, ".repeat(40)}bad, ${"column_name, ".repeat(40)}x FROM t`;
  const [line, caret] = frameOf(sql, "bad");
  assert.equal([...line].length, "1 | ".length + 100);
  assert.match(line, /^1 \| ….*…$/u);
  assert.equal(columnOf(caret, "^^^"), columnOf(line, "bad"));
});

test("a long line is cut at one side only where the place is near an end", () => {
  const long = "x".repeat(300);
  assert.match(frameOf(`bad ${long}`, "bad")[0], /^1 \| bad x+…$/);
  assert.match(frameOf(`${long} bad`, "bad")[0], /^1 \| …x+ bad$/);
});
