// Databases with a name: what is there again after a reload, a crash, and in other tabs.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inPage, page, site } from "./page.mjs";
import { startBrowser } from "./site.mjs";

const reload = () => page.goto(site.origin);

/** Everything that a database can hold, and a question about each. */
const fill = async ({ PredictQL }) => {
  const db = new PredictQL({ name: "work" });
  await db.registerTable("flowers", "/fixtures/tables/iris.csv");
  await db.registerTable("gone", [{ x: 1 }]);
  await db.registerModel("iris", "/fixtures/models/iris_rf.onnx", { labels: ["setosa", "versicolor", "virginica"] });
  const picture = await (await fetch("/fixtures/images/gray.png")).blob();
  await db.registerTable("pictures", [new File([picture], "a.png")], { format: "images" });
  await db.registerFile("notes.csv", new File(["n\n4\n5\n"], "notes.csv"));
  await db.exec(`
    CREATE TABLE made AS SELECT 1 AS n UNION ALL SELECT 2;
    INSERT INTO made (n) VALUES (3);
    CREATE VIEW big AS SELECT * FROM flowers WHERE petal_width > 2.4;
    CREATE FUNCTION twice(x INT64) AS (2 * x);
    CREATE EXTERNAL TABLE notes OPTIONS (format = 'CSV', uris = ['notes.csv'])`);
  await db.sql`CREATE TABLE given AS SELECT SUM(v) AS s FROM ${[{ v: 20 }, { v: 22 }]}`.run();
  await db.dropTable("gone");
};

const ask = async ({ PredictQL }) => {
  const db = new PredictQL({ name: "work" });
  const one = async (sql) => Object.values((await db.query(sql)).rows[0] ?? {})[0];
  const found = {
    tables: (await db.tables()).map(({ name }) => name).sort(),
    label: await one("SELECT predicted_label FROM ML.PREDICT(MODEL iris, TABLE flowers) LIMIT 1"),
    pixels: await one("SELECT ARRAY_LENGTH(ML.DECODE_IMAGE(data).dimensions) FROM pictures"),
    made: await one("SELECT SUM(n) FROM made"),
    big: await one("SELECT COUNT(*) FROM big"),
    twice: await one("SELECT twice(21)"),
    notes: await one("SELECT SUM(n) FROM notes"),
    again: await one("SELECT (SELECT s FROM given)"),
  };
  await db.close();
  return found;
};

const everything = {
  tables: ["big", "flowers", "given", "made", "notes", "pictures"],
  label: "setosa",
  pixels: 3,
  made: 6,
  // Of scikit-learn's iris: three flowers have petals of 2.5 cm in width.
  big: 3,
  twice: 42,
  notes: 9,
  again: 42,
};

test("a database with a name is there again after a reload, with no request for its data", async () => {
  await inPage(fill);
  await reload();
  const made = [];
  page.on("request", (request) => made.push(new URL(request.url()).pathname));
  assert.deepEqual(await inPage(ask), everything);
  assert.deepEqual(
    made.filter((path) => path.startsWith("/fixtures/")),
    [],
  );
  await reload();
  assert.deepEqual(await inPage(ask), everything);
});

test("a model that needs the full engine has it after a reload", async () => {
  const predict = async ({ PredictQL }) => {
    const db = new PredictQL({ name: "full" });
    if ((await db.models()).length === 0) await db.registerModel("net", "/fixtures/models/einsum.onnx");
    return { models: (await db.models()).map(({ name }) => name), engine: (await db.ready).engine };
  };
  const wanted = { models: ["net"], engine: "full" };
  assert.deepEqual(await inPage(predict), wanted);
  await reload();
  assert.deepEqual(await inPage(predict), wanted);
});

test("databases of other names, and without one, are others", async () => {
  await inPage(async ({ PredictQL }) => {
    await new PredictQL({ name: "one" }).registerTable("t", [{ x: 1 }]);
    await new PredictQL().registerTable("u", [{ x: 1 }]);
  });
  await reload();
  const found = await inPage(async ({ PredictQL }) => {
    const names = async (options) => (await new PredictQL(options).tables()).map(({ name }) => name);
    return [await names({ name: "one" }), await names({ name: "two" }), await names({})];
  });
  assert.deepEqual(found, [["t"], [], []]);
});

test("tabs see each other's changes", async () => {
  const other = await page.context().newPage();
  await other.goto(site.origin);
  const at = (tab, work, argument) =>
    tab.evaluate(
      async ([source, argument]) => {
        const { PredictQL } = await import("/pkg/index.js");
        globalThis.db ??= new PredictQL({ name: "shared" });
        const work = new Function(`return ${source}`)();
        return work(globalThis.db, argument);
      },
      [work.toString(), argument],
    );
  // One call: between two the other tab's change may come.
  const sum = (db) =>
    db.query("SELECT SUM(x) AS s FROM t").then(
      ({ rows }) => rows[0].s,
      (error) => {
        if (error.code !== "unknown-table") throw error;
        return null;
      },
    );
  /** The other tab hears of a change soon, not at once. */
  const until = async (tab, wanted) => {
    for (let tries = 0; ; tries++) {
      const found = await at(tab, sum);
      if (found === wanted || tries === 100) return found;
      await tab.waitForTimeout(20);
    }
  };
  assert.equal(await at(other, sum), null);
  await at(page, (db) => db.registerTable("t", [{ x: 1 }]));
  assert.equal(await until(other, 1), 1);
  await at(other, (db) => db.query("INSERT INTO t (x) VALUES (2)"));
  assert.equal(await until(page, 3), 3);
  await at(other, (db) => db.on("catalogchange", () => document.body.append("heard")));
  await at(page, (db) => db.registerTable("t", [{ x: 10 }]));
  assert.equal(await until(other, 10), 10);
  await other.waitForFunction(() => document.body.textContent.includes("heard"));
  await at(other, (db) => db.dropTable("t"));
  assert.equal(await until(page, null), null);
  await other.close();
});

test("what was acknowledged survives a tab that is killed in the middle of its work", async () => {
  for (let round = 0; round < 8; round++) {
    const tab = await page.context().newPage();
    await tab.goto(site.origin);
    await tab.evaluate(async (name) => {
      const { PredictQL } = await import("/pkg/index.js");
      const db = new PredictQL({ name });
      globalThis.acknowledged = 0;
      void (async () => {
        await db.registerTable("t", [{ x: 0 }]);
        for (let n = 1; ; n++) {
          await db.query("INSERT INTO t (x) VALUES (?)", [n]);
          globalThis.acknowledged = n;
        }
      })();
    }, `killed ${round}`);
    await tab.waitForFunction(() => globalThis.acknowledged > 0);
    await tab.waitForTimeout(7 * round);
    const acknowledged = await tab.evaluate(() => globalThis.acknowledged);
    await tab.close();
    const { most, count } = await inPage(async ({ PredictQL }, name) => {
      const db = new PredictQL({ name });
      return (await db.query("SELECT MAX(x) AS most, COUNT(*) AS count FROM t")).rows[0];
    }, `killed ${round}`);
    // Each row once, and none of those that were told of missing.
    assert.ok(most >= acknowledged, `${most} of ${acknowledged}`);
    assert.equal(count, most + 1);
  }
});

/** How often a session is killed in each of three ways: `PREDICTQL_KILLS=100` for as many as one likes. */
const kills = Number(process.env.PREDICTQL_KILLS ?? 0);

test("a session whose page is killed at any moment has lost nothing that was acknowledged", async () => {
  const broken = await inPage(async ({ PredictQL, lost, moments, work }, kills) => {
    const random = moments();
    /** A frame's page, which ends with its frame as a tab does with its window: amid whatever it does. */
    const session = async (name, told) => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      frame.src = location.href;
      await new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
      const { PredictQL } = await frame.contentWindow.Function(
        "at",
        "return import(at)",
      )(`${location.origin}/pkg/index.js`);
      work(new PredictQL({ name }), told).catch(() => {});
      return frame;
    };
    const broken = [];
    for (let round = 0; round < kills; round++) {
      const [name, told] = [`session ${round}`, {}];
      const frame = await session(name, told);
      // Every third one from its start on, the others amid their statements.
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      if (round % 3 > 0) while (told.rows === undefined) await pause(1);
      await pause(300 * random());
      const acknowledged = { ...told };
      frame.remove();
      const db = new PredictQL({ name });
      broken.push(...(await lost(db, acknowledged)).map((what) => [round, what]));
      await db.close();
    }
    return broken;
  }, kills || 40);
  assert.deepEqual(broken, []);
});

test("a session whose worker is killed at any moment has lost nothing, neither at once nor for the next visit", async () => {
  const broken = await inPage(async ({ PredictQL, lost, moments, mortal, work }, kills) => {
    const random = moments();
    const broken = [];
    for (let round = 0; round < kills; round++) {
      const name = `worker ${round}`;
      const told = {};
      const { db, vanish } = mortal({ name });
      // What was not acknowledged may be done or not; the session ends with it.
      const working = work(db, told).catch(({ code }) => code);
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      if (round % 3 > 0) while (told.rows === undefined) await pause(1);
      else await db.ready;
      await pause(200 * random());
      vanish();
      // Between two questions nobody notices: the session goes on with the next worker.
      await pause(20);
      told.isOver = true;
      const code = await working;
      if (code !== undefined && code !== "engine-crashed") broken.push([round, code]);
      broken.push(...(await lost(db, told)).map((what) => [round, "at once", what]));
      await db.close();
      const next = new PredictQL({ name });
      broken.push(...(await lost(next, told)).map((what) => [round, "later", what]));
      await next.close();
    }
    return broken;
  }, kills || 48);
  assert.deepEqual(broken, []);
});

test("a session whose browser is killed at any moment has lost nothing that was acknowledged", async () => {
  const profile = await mkdtemp(join(tmpdir(), "predictql-profile-"));
  try {
    const broken = [];
    for (let round = 0; round < (kills || 4); round++) {
      const name = `browser ${round}`;
      let acknowledged = {};
      const first = await startBrowser(profile);
      await first.page.exposeFunction("tell", (told) => {
        acknowledged = told;
      });
      await first.page.goto(site.origin);
      await first.page.evaluate(async (name) => {
        const { PredictQL, work } = await import("/site/harness.js");
        const told = {};
        setInterval(() => globalThis.tell({ ...told }), 3);
        void work(new PredictQL({ name }), told);
      }, name);
      while (acknowledged.rows === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 97 * (round + 1)));
      await first.kill();
      const second = await startBrowser(profile);
      await second.page.goto(site.origin);
      const found = await second.page.evaluate(
        async ([name, told]) => {
          const { PredictQL, lost } = await import("/site/harness.js");
          return lost(new PredictQL({ name }), told);
        },
        [name, acknowledged],
      );
      broken.push(...found.map((what) => [round, what]));
      await second.kill();
    }
    assert.deepEqual(broken, []);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  }
});

test("where nothing can be kept, that is said, and nothing pretends", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL({ name: "x" });
    const own = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, "add");
    await db.registerTable("before", [{ x: 1 }]);
    IDBObjectStore.prototype.add = () => {
      throw new DOMException("no room is left", "QuotaExceededError");
    };
    const full = await failure(db.registerTable("after", { x: new Float64Array(500_000) }));
    Object.defineProperty(IDBObjectStore.prototype, "add", own);
    const here = (await db.query("SELECT COUNT(*) AS n FROM after")).rows[0].n;
    const opening = indexedDB.open;
    IDBFactory.prototype.open = () => {
      throw new DOMException("denied", "SecurityError");
    };
    const denied = await failure(new PredictQL({ name: "y" }).registerTable("t", [{ x: 1 }]));
    IDBFactory.prototype.open = opening;
    const slip = await failure(Promise.resolve().then(() => new PredictQL({ name: "" })));
    return { full, here, denied: denied.code, slip: slip.code };
  });
  assert.equal(found.full.code, "not-saved");
  assert.match(found.full.hint, /as long as the page is; this takes 4 MB, and the site has stored \d+ MB of \d+ MB/);
  assert.deepEqual([found.here, found.denied, found.slip], [500_000, "not-saved", "invalid-option"]);
});
