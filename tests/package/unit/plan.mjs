import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf } from "../../../pkg-template/src/plan.ts";

const timings = { total: 3 };
const row = (operator, detail, rows = null, ms = null) => ({ operator, detail, rows, ms });
const node = (op, detail, children = []) => ({ op, detail, children });

test("indented operators become a tree, subqueries below its root", () => {
  const rows = [
    row("Aggregate", "[subquery 1: scalar] MAX(x)"),
    row("  Scan", "x of 2 rows"),
    row("Project", "a"),
    row("  Join", "a = b"),
    row("    Scan", "a of 3 rows"),
    row("    Filter", "b > 1"),
    row("      Scan", "b of 4 rows"),
  ];
  assert.deepEqual(planOf({ rows, timings }, false), {
    text: `Aggregate  [subquery 1: scalar] MAX(x)
  Scan  x of 2 rows
Project  a
  Join  a = b
    Scan  a of 3 rows
    Filter  b > 1
      Scan  b of 4 rows`,
    tree: node("Project", "a", [
      node("Join", "a = b", [node("Scan", "a of 3 rows"), node("Filter", "b > 1", [node("Scan", "b of 4 rows")])]),
      node("Aggregate", "[subquery 1: scalar] MAX(x)", [node("Scan", "x of 2 rows")]),
    ]),
  });
});

test("what was measured stands on the lines and at the nodes", () => {
  const rows = [row("Limit", "2", 2, 1.25), row("  One row", "", 1, 0)];
  assert.deepEqual(planOf({ rows, timings }, true), {
    text: "Limit  2  (2 rows, 1.3 ms)\n  One row  (1 rows, 0.0 ms)",
    tree: { ...node("Limit", "2", [{ ...node("One row", ""), rows: 1, ms: 0 }]), rows: 2, ms: 1.25 },
    timings,
  });
});
