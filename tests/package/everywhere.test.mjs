// What has to be the same wherever the engine runs: in a page's worker, on the page's own thread, and in Node without
// any browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PredictQL } from "../../pkg/node.js";
import { inPage } from "./page.mjs";

const fixtures = join(import.meta.dirname, "..", "fixtures");
const expected = JSON.parse(readFileSync(join(fixtures, "expected/iris_rf.json"), "utf8"));

const inBrowser = (worker) => (name, argument) =>
  inPage(
    async ({ PredictQL }, [name, worker, argument]) => {
      const scenarios = await import(`${location.origin}/site/scenarios.js`);
      const open = (options) => new PredictQL({ worker, ...options });
      return scenarios[name]({ open, fixture: (file) => `/fixtures/${file}` }, argument);
    },
    [name, worker, argument],
  );
const inNode = (worker) => async (name, argument) => {
  const scenarios = await import("./site/scenarios.js");
  const open = (options) => new PredictQL({ worker, ...options });
  return scenarios[name](
    { open, fixture: (file) => fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url)) },
    argument,
  );
};

const hosts = {
  "a page's worker": inBrowser(undefined),
  "the page's own thread": inBrowser("inline"),
  "a worker thread of Node": inNode(undefined),
  "Node's own thread": inNode("inline"),
};

for (const [where, run] of Object.entries(hosts)) {
  describe(`in ${where}`, () => {
    test("a prepared prediction gives scikit-learn's labels and onnxruntime's probabilities", async () => {
      const places = [0, 50, 75, 100, 149];
      const flowers = places.map((place) => Object.values(expected.inputs).map(({ data }) => data[place]));
      const found = await run("predictions", flowers);
      assert.deepEqual(
        found.rows.map(({ label }) => label),
        places.map((place) => expected.scikit_learn.label.data[place]),
      );
      for (const [index, { probabilities }] of found.rows.entries()) {
        for (const [at, value] of probabilities.entries()) {
          const wanted = expected.onnxruntime.probabilities.data[places[index] * 3 + at];
          assert.ok(Math.abs(value - wanted) <= 1e-5, `${value}, not ${wanted}`);
        }
      }
      assert.deepEqual(found.query, found.rows.slice(0, 1));
      assert.deepEqual(found.columns, [
        ["label", "integer"],
        ["probabilities", "array"],
      ]);
      assert.deepEqual(found.fields, ["label", "probabilities"]);
      assert.deepEqual(found.params, ["1", "2", "3", "4"]);
      assert.ok(found.ipc && found.timings);
    });

    test("values of every type, and no rows", async () => {
      const { found, size, none } = await run("types");
      const row = {
        ...{ i: 1, f: 1.5, b: true, s: "ä", y: "eA==", d: "2026-01-31T00:00:00.000Z", t: "2026-01-31T12:00:00.000Z" },
        ...{ l: [1.5, null], st: { a: 1, b: ["u"] } },
      };
      const nulls = Object.fromEntries(Object.keys(row).map((name) => [name, null]));
      const rows = (row) => [row, nulls, ...Object.values(row).map((value) => [value, null])];
      const texts = { ...row, i: "1", st: { a: "1", b: ["u"] } };
      const wanted = [row, texts, texts].flatMap((row) => Array(3).fill(rows(row)));
      assert.deepEqual(
        found.map((it) => JSON.parse(it)),
        wanted,
      );
      assert.deepEqual(size, [2, 9]);
      assert.deepEqual(none, [0, ["i", "s"], []]);
    });

    test("statements see the catalog as it is", async () => {
      assert.deepEqual(await run("catalogChanges"), [
        ...[3, 5, 20, "unknown-table", "unknown-table", 1.5, "FLOAT64"],
        ...["unknown-table", "multiple-statements", "empty-statement", "syntax-error", "closed", "closed", "closed"],
      ]);
    });

    test("odd values are taken as a query takes them, or refused", async () => {
      assert.deepEqual(await run("oddValues"), {
        ...{
          undefined: "null",
          nan: "NaN",
          infinity: "-Infinity",
          zero: "-0",
          large: "9007199254740992",
          bigint: "-5",
        },
        ...{ huge: "out-of-range", text: "a\0b 💐", date: "1970-01-01T00:00:00.000Z", noDate: "invalid-value" },
        ...{
          bytes: "1,2",
          buffer: "3",
          blob: "97",
          list: "1,2.5",
          mixed: "type-mismatch",
          // A tensor.
          nested: "[object Object]",
        },
        ...{ symbol: "unsupported-value", function: "unsupported-value", object: "[object Object]" },
        ...{ cyclic: "unsupported-value", none: "unknown-parameter", null: "unsupported-value" },
        ...{
          word: "unsupported-value",
          named: "unknown-parameter",
          more: "unknown-parameter",
          dialect: "invalid-option",
          after: "1",
        },
      });
    });

    test("a call may be given up at any moment", async () => {
      const { answered, aborted, ...found } = await run("aborts");
      assert.ok(aborted >= 20, `${aborted} aborted, ${answered} answered`);
      assert.deepEqual(found, {
        ...{ other: [], sum: 60, prepared: "enough", after: 0, closed: "closed", later: "closed" },
      });
    });

    test("1,000 statements", async () => {
      // The sum of 0 to 999, and 1,000 halves.
      assert.deepEqual(await run("many"), { sum: 500_000, last: 1, count: 100_000, streamed: 100_000 });
    });

    test("long work leaves room for timers, and is given up by one", async () => {
      const found = await run("leavesRoom");
      assert.equal(found.rows, 100_000);
      assert.ok(found.hasTicked);
      assert.match(String(found.aborted), /timeout|23/i);
    });
  });
}
