// The hooks in a page of React, and the store below them by itself.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { inPage, page } from "./page.mjs";

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, "site", "app.js")],
  bundle: true,
  write: false,
  format: "esm",
  // The package lies beside the tests, not in their node_modules.
  nodePaths: [join(import.meta.dirname, "node_modules")],
  define: { "process.env.NODE_ENV": '"development"' },
});
const app = outputFiles[0].text;

test("hooks run queries once, again when a parameter changes, and show errors", async () => {
  const faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  await inPage(async ({ listened }, app) => {
    const { render } = await import(URL.createObjectURL(new Blob([app], { type: "text/javascript" })));
    const { db, asked } = listened();
    await db.registerTable("flowers", "/fixtures/tables/iris.csv");
    Object.assign(globalThis, {
      db,
      asked,
      root: render(db, document.body.appendChild(document.createElement("div"))),
    });
  }, app);
  // pandas: (iris.petal_width > 2).sum() is 23, (iris.petal_width > 1).sum() is 93.
  await page.locator("output", { hasText: "23" }).waitFor();
  await page.locator("#error", { hasText: "unknown-table" }).waitFor();
  // pandas: iris.species.isin(["virginica", "setosa"]).sum() is 100.
  await page.locator("#listed", { hasText: "100" }).waitFor();
  await page.getByRole("button").click();
  await page.locator("output", { hasText: "93" }).waitFor();
  // StrictMode runs each thing twice; a parameter that is written inline is no new one.
  const asked = await page.evaluate(() => asked.length);
  assert.ok(asked < 30, `${asked} requests`);
  const gone = await page.evaluate(async () => {
    root.unmount();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return (await db.query("SELECT 1 AS x")).rows;
  });
  assert.deepEqual(gone, [{ x: 1 }]);
  assert.deepEqual(faults, []);
});

test("a store tells its state at once, runs while somebody listens, and is given up after the last one", async () => {
  const found = await inPage(async ({ PredictQL }, app) => {
    const { queryStore } = await import(URL.createObjectURL(new Blob([app], { type: "text/javascript" })));
    const db = await PredictQL.create();
    const states = [];
    const store = queryStore(db, "SELECT ? AS x", [5]);
    const before = store.getSnapshot().isPending;
    await new Promise((resolve) => {
      const stop = store.subscribe((state) => {
        states.push([state.isPending, state.data?.rows[0]?.x ?? null]);
        if (state.data) setTimeout(() => resolve(stop()));
      });
    });
    const none = queryStore(db, null);
    none.subscribe(() => {})();
    const long = queryStore(db, "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 3000000)) AS a");
    long.subscribe(() => {})();
    const cancelled = queryStore(db, "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 3000000)) AS a");
    cancelled.subscribe(() => {});
    cancelled.getSnapshot().cancel();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const after = [long, cancelled].map((store) => [store.getSnapshot().isPending, store.getSnapshot().data ?? null]);
    return { before, states, none: none.getSnapshot().isPending, after };
  }, app);
  assert.equal(found.before, true);
  assert.deepEqual(found.states[0], [true, null]);
  assert.deepEqual(found.states.at(-1), [false, 5]);
  assert.equal(found.none, false);
  assert.deepEqual(found.after, [
    [true, null],
    [false, null],
  ]);
});
