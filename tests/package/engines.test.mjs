// Two engines in one package: which one runs, and that the change from one to the other loses nothing.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PredictQL } from "../../pkg/node.js";
import { inPage, page } from "./page.mjs";

const fixtures = join(import.meta.dirname, "..", "fixtures");

const inBrowser = (worker) => (name, argument) =>
  inPage(
    async ({ PredictQL }, [name, worker, argument]) => {
      const scenarios = await import(`${location.origin}/site/changes.js`);
      const fixture = (file) => `/fixtures/${file}`;
      const bytes = async (file) => new Uint8Array(await (await fetch(fixture(file))).arrayBuffer());
      const open = (options) => new PredictQL({ worker, ...options });
      return scenarios[name]({ open, fixture, bytes }, argument);
    },
    [name, worker, argument],
  );
const inNode = (worker) => async (name, argument) => {
  const scenarios = await import("./site/changes.js");
  const fixture = (file) => fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
  const bytes = async (file) => new Uint8Array(await readFile(fixture(file)));
  const open = (options) => new PredictQL({ worker, ...options });
  return scenarios[name]({ open, fixture, bytes }, argument);
};

/** Where the engine runs, and at how many moments it is changed there. */
const hosts = {
  "a page's worker": [inBrowser(undefined), 50],
  "the page's own thread": [inBrowser("inline"), 5],
  "a worker thread of Node": [inNode(undefined), 10],
  "Node's own thread": [inNode("inline"), 10],
};

for (const [where, [run, rounds]] of Object.entries(hosts)) {
  describe(`in ${where}`, () => {
    test("the full engine comes when a model needs it, with all that was there", async () => {
      const { why, ...found } = await run("comesByItself");
      assert.match(why, /^a model needs it; /);
      assert.deepEqual(found, {
        ...{ engines: ["tables", "full"], bars: true, sums: [3.5, 3.5, "y"], same: 1, seen: 8 },
        ...{ names: ["einsum", "flowers", "iris", "made", "numbers", "seen"], requests: ["tables", "full"] },
      });
    });

    test("options and hints choose, and then the other engine is not loaded", async () => {
      const { refused, ...found } = await run("isChosen");
      assert.equal(refused.code, "needs-full-engine");
      assert.match(refused.hint, /engine: "full"/);
      assert.deepEqual(found, {
        ...{ works: [{ one: 1 }], sum: 3.5 },
        engines: ["full", "tables", "full"],
        requests: [["full"], ["tables"], ["full"]],
      });
    });

    test("a script goes on where it was", async () => {
      const { plain, together, sums } = await run("amidScripts");
      assert.deepEqual(plain, [null, { n: 2 }, null, { y: 3.5 }, null, { n: 3 }]);
      assert.deepEqual(together, [null, null, null, { n: 2 }, null, { y: 3.5 }, null, { n: 3 }]);
      assert.deepEqual(sums, ["0 1 2", "0 1 2"]);
    });

    test("streams are read to their ends, and calls can be given up meanwhile", async () => {
      const found = await run("amidOthers");
      const requests = ["tables", "full"];
      assert.deepEqual(found, { first: "enough", after: 3.5, same: true, requests, cut: "closed" });
    });

    test("work of all kinds outlives the change at any moment", async (t) => {
      const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
      t.diagnostic(`SEED=${seed}`);
      assert.deepEqual(await run("atAnyMoment", { seed, rounds }), [], `SEED=${seed}`);
    });
  });
}

test("a full engine that cannot be loaded is named, the other one goes on, and the next call tries again", async () => {
  const answers = [(route) => route.abort(), (route) => route.fulfill({ status: 503, body: "later" })];
  await page.route(/(simd|relaxed)\.wasm$/, (route) => (answers.shift() ?? ((route) => route.continue()))(route));
  const found = await inPage(async ({ irisDatabase, predictIris, failure }) => {
    const db = await irisDatabase();
    const model = new Uint8Array(await (await fetch("/fixtures/models/einsum.onnx")).arrayBuffer());
    await db.registerTable("numbers", [{ x: 3.5 }]);
    const sum = "SELECT y FROM PREDICT(MODEL = @model, DATA = numbers AS d) WITH (y FLOAT) AS p";
    const ask = () => db.query(sum, { model });
    const refused = await failure(ask());
    const { code } = await failure(ask());
    const rows = (await db.query(predictIris)).numRows;
    return { refused, code, rows, engine: (await db.ready).engine, y: (await ask()).rows[0].y };
  });
  const { refused, ...rest } = found;
  assert.equal(refused.code, "network-failed");
  assert.match(refused.message, /^this needs the full engine, which did not start: .*\.wasm` cannot be reached$/);
  assert.match(refused.hint, /check the address/);
  assert.deepEqual(rest, { code: "network-failed", rows: 150, engine: "tables", y: 3.5 });
});

/** Numbers and words that tell rows and places apart, of the type of a model's input. */
function valueFor({ databaseType, shape = [] }, row, place) {
  if (databaseType.startsWith("ARRAY<")) {
    const length = Number(shape.at(-1)) || 3;
    const item = { databaseType: databaseType.slice(6, -1) };
    return Array.from({ length }, (_, at) => valueFor(item, row, place + at));
  }
  switch (databaseType) {
    case "INT64":
      return (row + place) % 4;
    case "STRING":
      return ["a", "b", "c", "red"][(row + place) % 4];
    case "BOOL":
      return (row + place) % 2 === 0;
    default:
      return 4 * Math.sin(row * 1.7 + place);
  }
}

test("a graph that the engine for tables runs gives the same bits in both", async () => {
  // One multiplies by matrices of thousands of constants, which the full engine packs.
  const isMeant = (name) => /\.(onnx|txt|json|ubj)$/.test(name) && name !== "threads_rows.onnx";
  const files = readdirSync(join(fixtures, "models")).filter(isMeant);
  const [tables, full] = [new PredictQL({ engine: "tables" }), new PredictQL({ engine: "full" })];
  const answer = async (db, file) => {
    try {
      const { inputs } = await db.registerModel("m", join(fixtures, "models", file));
      const row = (_, at) => Object.fromEntries(inputs.map((input, place) => [input.name, valueFor(input, at, place)]));
      await db.registerTable("t", Array.from({ length: 50 }, row));
      const result = await db.query("SELECT * FROM ML.PREDICT(MODEL m, TABLE t)");
      return Buffer.from(result.toIPC()).toString("base64");
    } catch (error) {
      return { code: error.code, message: error.message };
    }
  };
  let same = 0;
  for (const file of files) {
    const found = await answer(tables, file);
    if (found.code === "needs-full-engine") continue;
    assert.deepEqual(found, await answer(full, file), file);
    same += typeof found === "string";
  }
  assert.ok(same >= 60, `${same} models of ${files.length} gave rows`);
  assert.deepEqual([(await tables.ready).engine, (await full.ready).engine], ["tables", "full"]);
  await tables.close();
  await full.close();
});
