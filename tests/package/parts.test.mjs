// An engine comes in two files: the second one only where something is called that the first one lacks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PredictQL } from "../../pkg/node.js";
import { inPage, page } from "./page.mjs";

/** What no first session calls; the last characters of SHA-512("abc") are those of FIPS 180-2. */
const rare = "SELECT RIGHT(TO_HEX(SHA512('abc')), 8) AS x";
const answer = [{ x: "a54ca49f" }];

const inParts = (pattern, answers) =>
  page.route(pattern, (route) => (answers.shift() ?? ((route) => route.continue()))(route));

test("a first session takes the first file alone", async () => {
  const files = await inPage(async ({ irisDatabase, predictIris }) => {
    const db = await irisDatabase();
    await db.query(predictIris);
    await db.query(
      "SELECT species, COUNT(*) AS n, AVG(petal_length) AS mean FROM flowers GROUP BY species ORDER BY n DESC",
    );
    return (await db.stats()).requests.filter(({ reason }) => reason === "engine").map(({ url }) => url);
  });
  assert.deepEqual(
    files.map((url) => url.split("/").at(-1)),
    ["tables.wasm"],
  );
});

test("the rest comes when it is called, once, and is on record", async () => {
  const found = await inPage(async ({ mortal, predictIris }, rare) => {
    const { db, die } = mortal();
    await db.registerTable("flowers", "/fixtures/tables/iris.csv");
    await db.registerModel("iris", "/fixtures/models/iris_rf.onnx");
    const rows = [];
    rows.push((await db.query(rare)).rows);
    die();
    rows.push((await db.query(rare)).rows);
    const labels = (await db.query(predictIris)).numRows;
    const { requests } = await db.stats();
    return { rows: rows.map((rows) => [...rows]), labels, rest: requests.filter(({ url }) => /rest/.test(url)) };
  }, rare);
  assert.deepEqual(found.rows, [answer, answer]);
  assert.equal(found.labels, 150);
  assert.equal(found.rest.length, 1);
  assert.ok(found.rest[0].bytes > 100_000 && found.rest[0].reason === "engine");
});

test("on the calling thread, where nothing can wait for it, it is there from the start", async () => {
  const found = await inPage(async ({ PredictQL }, rare) => {
    const db = new PredictQL({ worker: "inline" });
    const { rows } = await db.query(rare);
    return { rows: [...rows], files: (await db.stats()).requests.map(({ url }) => url.split("/").at(-1)) };
  }, rare);
  assert.deepEqual(found, { rows: answer, files: ["tables.wasm", "tables.rest.wasm"] });
  for (const worker of [undefined, "inline"]) {
    const db = new PredictQL({ worker });
    assert.deepEqual([...(await db.query(rare)).rows], answer);
    await db.close();
  }
});

test("a file of the page's own has its rest beside it", async () => {
  const rows = await inPage(async ({ PredictQL }, rare) => {
    const wasmModule = await (await fetch("/pkg/wasm/tables.wasm")).arrayBuffer();
    const databases = [new PredictQL({ wasmUrl: "/pkg/wasm/tables.wasm" }), new PredictQL({ wasmModule })];
    const results = await Promise.all(databases.map((db) => db.query(rare)));
    return results.map(({ rows }) => [...rows]);
  }, rare);
  assert.deepEqual(rows, [answer, answer]);
});

test("where it cannot be had, the query says so, nothing else is lost, and the next one tries again", async () => {
  await inParts(/tables\.rest\.wasm$/, [
    (route) => route.abort(),
    (route) => route.fulfill({ status: 404, body: "no" }),
    (route) => route.fulfill({ contentType: "application/wasm", body: "no" }),
    async (route) =>
      route.fulfill({ response: await route.fetch({ url: route.request().url().replace("tables", "simd") }) }),
  ]);
  const { refused, rows, labels } = await inPage(async ({ irisDatabase, predictIris, failure }, rare) => {
    const db = await irisDatabase();
    const refused = [];
    for (let round = 0; round < 4; round++) refused.push(await failure(db.query(rare)));
    const labels = (await db.query(predictIris)).numRows;
    return { refused, labels, rows: [...(await db.query(rare)).rows] };
  }, rare);
  for (const { code, message, hint, detail } of refused) {
    assert.equal(code, "network-failed");
    assert.match(message, /^a part of the engine that this needs cannot be loaded; tables and models were restored$/);
    assert.match(hint, /publish the package's files unchanged/);
    assert.match(detail, /tables\.rest\.wasm`: /);
  }
  assert.match(refused[1].detail, /404/);
  assert.match(refused[3].detail, /LinkError/);
  assert.equal(labels, 150);
  assert.deepEqual(rows, answer);
});
