import assert from "node:assert/strict";
import { test } from "node:test";
import { compose } from "../../../pkg-template/src/sql-tag.ts";
import { quoted } from "../../../pkg-template/src/sql-text.ts";

const sql = (strings, ...values) => compose(strings, values);
const rows = [{ x: 1 }];
/** The text and the parameters, with t1, t2 … as the tables' names. */
const written = ({ text, params, tables }) => [text(tables.map((_, index) => `t${index + 1}`)), params];

test("values become parameters", () => {
  assert.deepEqual(written(sql`SELECT ${1} + x FROM t WHERE name = ${"it's"} LIMIT ${5}`), [
    "SELECT ? + x FROM t WHERE name = ? LIMIT ?",
    [1, "it's", 5],
  ]);
});

test("tables after FROM, JOIN, TABLE and a comma between tables get names", () => {
  const file = new Blob(["a\n1\n"]);
  assert.deepEqual(written(sql`SELECT * FROM ${rows}`), ["SELECT * FROM t1", []]);
  assert.deepEqual(written(sql`SELECT * FROM ML.PREDICT(MODEL m, TABLE ${file}) WHERE p > ${0.5}`), [
    "SELECT * FROM ML.PREDICT(MODEL m, TABLE t1) WHERE p > ?",
    [0.5],
  ]);
  assert.deepEqual(written(sql`select * from a join ${rows} on a.x = ${1}, ${rows} where y in (${1}, ${2})`), [
    "select * from a join t1 on a.x = ?, t2 where y in (?, ?)",
    [1, 1, 2],
  ]);
  assert.deepEqual(written(sql`SELECT * FROM (SELECT * FROM a, ${rows}), /* and */ ${{ x: [1] }}`), [
    "SELECT * FROM (SELECT * FROM a, t1), /* and */ t2",
    [],
  ]);
});

test("what is a value stays one where a table could stand, and a table's words in a string are none", () => {
  const when = new Date(0);
  assert.deepEqual(written(sql`SELECT EXTRACT(YEAR FROM ${when}), 'FROM', ${"a"}`), [
    "SELECT EXTRACT(YEAR FROM ?), 'FROM', ?",
    [when, "a"],
  ]);
  assert.deepEqual(written(sql`SELECT * FROM UNNEST(${[1, 2]})`), ["SELECT * FROM UNNEST(?)", [[1, 2]]]);
});

test("a value inside quotes or a comment is a mistake that is explained", () => {
  for (const make of [() => sql`SELECT '${1}'`, () => sql`SELECT \`${"x"}\``, () => sql`SELECT 1 -- ${1}`]) {
    assert.throws(make, { name: "PredictError", code: "value-in-quotes", hint: /leave the quotes out/ });
  }
});

test("any name can be quoted", () => {
  assert.equal(quoted("a model"), "`a model`");
  assert.equal(quoted("odd`\\name"), "`odd\\`\\\\name`");
});
