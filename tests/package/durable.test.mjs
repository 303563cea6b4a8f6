// What a device does to a database: no room, no storage, a tab that is frozen, a clock that goes backwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inPage, page, site } from "./page.mjs";

const reload = () => page.goto(site.origin);

test("where the device is full, a change is told to be not kept, and what was kept before it stays", async () => {
  const devtools = await page.context().newCDPSession(page);
  const origin = site.origin;
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 6_000_000 });
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL({ name: "full" });
    await db.registerTable("small", [{ x: 1 }, { x: 2 }]);
    // Numbers that no compression makes shorter.
    const noise = Float64Array.from({ length: 1_000_000 }, Math.random);
    const refused = await failure(db.registerTable("large", { x: noise }));
    const here = (await db.query("SELECT COUNT(*) AS n FROM large")).rows[0].n;
    await db.close();
    return { code: refused?.code, hint: refused?.hint, here };
  });
  assert.equal(found.code, "not-saved");
  assert.match(found.hint, /this takes 8 MB, and the site has stored \d+ MB of \d+ MB: drop tables and models/);
  assert.equal(found.here, 1_000_000);
  await reload();
  const later = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL({ name: "full" });
    const tables = (await db.tables()).map(({ name }) => name);
    const [{ s }] = (await db.query("SELECT SUM(x) AS s FROM small")).rows;
    await db.dropTable("small");
    await db.registerTable("again", [{ x: 3 }]);
    await db.close();
    return { tables, s };
  });
  assert.deepEqual(later, { tables: ["small"], s: 3 });
  // Room again: what did not fit does.
  await devtools.send("Storage.overrideQuotaForOrigin", { origin });
  await inPage(async ({ PredictQL }) => {
    const db = new PredictQL({ name: "full" });
    await db.registerTable("large", { x: Float64Array.from({ length: 1_000_000 }, Math.random) });
    await db.close();
  });
  await reload();
  const last = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL({ name: "full" });
    const names = (await db.tables()).map(({ name }) => name).toSorted();
    return [names, (await db.query("SELECT COUNT(*) AS n FROM large")).rows[0].n];
  });
  assert.deepEqual(last, [["again", "large"], 1_000_000]);
});

test("where a site may store nothing, databases without a name work as ever, and models come without a copy", async () => {
  await page.addInitScript(() => {
    const refuse = () => Promise.reject(new DOMException("denied", "SecurityError"));
    Object.defineProperty(globalThis, "indexedDB", { get: () => undefined });
    if (globalThis.CacheStorage) CacheStorage.prototype.open = refuse;
  });
  await reload();
  const found = await inPage(async ({ irisDatabase, PredictQL, failure, predictIris }) => {
    const heard = [];
    const db = await irisDatabase({ log: ({ level, message }) => level === "warn" && heard.push(message) });
    const named = await failure(new PredictQL({ name: "x" }).registerTable("t", [{ x: 1 }]));
    return { rows: (await db.query(predictIris)).numRows, kept: await db.cache.keys(), named: named.code, heard };
  });
  assert.deepEqual(
    { ...found, heard: found.heard.length > 0 },
    { rows: 150, kept: [], named: "not-saved", heard: true },
  );
});

test("a tab that is frozen goes on where it was", async () => {
  const devtools = await page.context().newCDPSession(page);
  await page.evaluate(async () => {
    const { irisDatabase, manyFlowers, predictMany } = await import("/site/harness.js");
    const db = await irisDatabase({ name: "frozen" });
    await db.registerTable("many", manyFlowers(100_000));
    await db.registerTable("t", [{ x: 0 }]);
    globalThis.done = 0;
    globalThis.work = (async () => {
      const { numRows } = await db.query(predictMany, [], { batchSize: 500 });
      for (let n = 1; n <= 50; n++) {
        await db.query("INSERT INTO t (x) VALUES (?)", [n]);
        globalThis.done = n;
      }
      const [{ s }] = (await db.query("SELECT SUM(x) AS s FROM t")).rows;
      return { numRows, s };
    })();
  });
  for (let times = 0; times < 3; times++) {
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // The sum of 1 to 50.
  assert.deepEqual(await page.evaluate(() => globalThis.work), { numRows: 100_000, s: 1275 });
  await reload();
  const later = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL({ name: "frozen" });
    return (await db.query("SELECT SUM(x) AS s, COUNT(*) AS n FROM t")).rows[0];
  });
  assert.deepEqual(later, { s: 1275, n: 51 });
});

test("a clock that goes backwards changes no order and loses nothing", async () => {
  // The clock of the page, of its workers, and the moment that they count from.
  await page.addInitScript(() => {
    const years = Number(localStorage.getItem("years") ?? 0);
    const back = years * 365 * 86_400_000;
    const { now } = Date;
    Date.now = () => now() - back;
    const origin = performance.timeOrigin;
    Object.defineProperty(performance, "timeOrigin", { get: () => origin - back });
    const { Worker: Original } = globalThis;
    const shifted = `Date.now = ((now) => () => now() - ${back})(Date.now);
      Object.defineProperty(performance, "timeOrigin", { value: performance.timeOrigin - ${back} });`;
    globalThis.Worker = function Worker(url) {
      const script = `${shifted} importScripts(${JSON.stringify(new URL(url, location.href).href)});`;
      return new Original(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
    };
  });
  const visit = async (years, work) => {
    await page.evaluate((years) => localStorage.setItem("years", years), years);
    await reload();
    return inPage(work, years);
  };
  const change = async ({ PredictQL }, years) => {
    const db = new PredictQL({ name: "clock" });
    await db.exec("CREATE TABLE IF NOT EXISTS t (visit INT64, made TIMESTAMP, luck FLOAT64)");
    await db.query("INSERT INTO t (visit, made, luck) VALUES (?, CURRENT_TIMESTAMP(), RAND())", [years]);
    await db.registerModel("m", "/fixtures/models/decision_tree.onnx", { alias: `visit${years}` });
    const models = (await db.models()).map(({ version, aliases }) => [version, aliases]);
    const { rows } = await db.query("SELECT visit, UNIX_MILLIS(made) AS made, luck FROM t");
    await db.close();
    return { rows, models };
  };
  const first = await visit(0, change);
  const second = await visit(20, change);
  const third = await visit(0, change);
  // The clock was back, and so it is told; rows keep their order, and what they were made with.
  assert.deepEqual(second.rows.slice(0, 1), first.rows);
  assert.deepEqual(third.rows.slice(0, 2), second.rows);
  assert.deepEqual(
    third.rows.map(({ visit }) => visit),
    [0, 20, 0],
  );
  assert.ok(second.rows[1].made < first.rows[0].made - 19 * 365 * 86_400_000, JSON.stringify(second.rows));
  assert.deepEqual(third.models.map(([version]) => version).toSorted(), [1, 2, 3]);
  assert.deepEqual(third.models.flatMap(([, aliases]) => aliases).toSorted(), ["visit0", "visit20"]);
});
