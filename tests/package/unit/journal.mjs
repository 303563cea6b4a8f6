import assert from "node:assert/strict";
import { test } from "node:test";
import { Journal } from "../../../pkg-template/src/journal.ts";

const table = (name, text) => ({ kind: "registerTable", name, blob: new Blob([text]), format: { format: "csv" } });
const statement = (sql, scope = "statement") => ({ kind: "statement", scope, sql });
const kept = (...entries) => {
  const journal = new Journal();
  for (const entry of entries) journal.add(entry);
  return [...journal];
};

test("the last word about a name takes the place of the one before", () => {
  const [first, other, last] = [table("t", "a"), table("u", "a"), table("t", "b")];
  const dropped = { kind: "dropTable", name: "t" };
  assert.deepEqual(kept(first, other, last), [other, last]);
  assert.deepEqual(kept(first, dropped, last), [dropped, last]);
});

test("what a statement may have read stays before it", () => {
  const [first, last] = [table("t", "a"), table("t", "b")];
  const reading = statement("CREATE TABLE u AS SELECT * FROM t");
  assert.deepEqual(kept(first, reading, last, last), [first, reading, last]);
});

test("a statement is kept as often as it ran, but for one that makes its model again", () => {
  const insert = () => statement("INSERT INTO t VALUES (1)");
  const make = () => statement("CREATE OR REPLACE MODEL m OPTIONS (MODEL_PATH = 'm')", "remake");
  assert.equal(kept(insert(), insert()).length, 2);
  const [, { times }] = kept(make(), table("t", "a"), make());
  assert.equal(times, 2);
  assert.equal(kept(make(), table("t", "a"), make()).length, 2);
  assert.equal(kept(make(), insert(), make()).length, 3);
  const script = statement("DECLARE x INT64; CREATE TABLE t AS SELECT 1 AS x; DROP TABLE t", "script");
  assert.deepEqual(kept(script, script), [script]);
});

test("versions of a model stay beside each other, and what is replaced goes", () => {
  const model = (keep) => ({ kind: "registerModel", name: "m", version: { keep } });
  const [first, second, alias] = [
    model(false),
    model(true),
    { kind: "setModelAlias", name: "m", alias: "a", version: 2, moved: 0 },
  ];
  const again = { ...alias };
  const dropped = { kind: "dropModel", name: "m@2" };
  assert.deepEqual(kept(first, second, alias, again, dropped), [first, second, alias, again, dropped]);
  const last = model(false);
  assert.deepEqual(kept(first, second, last), [second, last]);
});
