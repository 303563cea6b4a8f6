// What is made again, after a reload, in another tab, in another worker, by the other engine, has the values that it had; and
// tabs that change one database at the same time all have the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PredictQL } from "../../pkg/node.js";
import { inPage, page, site } from "./page.mjs";

const reload = () => page.goto(site.origin);

/** Everything whose values depend on when, where and with which luck it is made. */
const fill = async (db, model) => {
  await db.registerModel("m", model, { alias: "champion" });
  await db.registerModel("m", model, { version: 2 });
  await db.setModelAlias("m", "champion", 2);
  await db.exec("SELECT 4711 AS x");
  for (const sql of [
    "CREATE TABLE times AS SELECT CURRENT_TIMESTAMP() AS t",
    "CREATE TABLE luck AS SELECT RAND() AS r, GENERATE_UUID() AS u FROM UNNEST([1, 2, 3])",
    "CREATE TABLE sample AS SELECT x FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x WHERE RAND() < 0.01",
    "INSERT INTO times SELECT CURRENT_TIMESTAMP()",
    "CREATE TABLE versions AS SELECT version, created FROM INFORMATION_SCHEMA.MODEL_VERSIONS",
    "ALTER MODEL m VERSION 1 SET ALIAS = challenger",
    "CREATE TABLE runs (job_id STRING, metric STRING, value FLOAT64)",
    "CREATE TABLE share AS SELECT 1 / COUNT(*) AS s FROM INFORMATION_SCHEMA.JOBS WHERE query LIKE 'SELECT 4711%'",
    "INSERT INTO share VALUES (2.5)",
    "CREATE TABLE doubled AS SELECT 2 * s AS d FROM share",
    "CREATE PROCEDURE p() BEGIN DECLARE z FLOAT64; SET z = RAND(); CREATE OR REPLACE TABLE called AS SELECT z AS z; END",
  ]) {
    await db.query(sql);
  }
  await db.query("CREATE TABLE given AS SELECT ? AS p, RAND() AS q, RAND() AS r FROM UNNEST([1, 2, 3])", ["x"], {
    batchSize: 1,
  });
  const insert = await db.prepare("INSERT INTO runs SELECT GENERATE_UUID(), ?, RAND()");
  await insert.query(["loss"]);
  await db.exec("CALL p()");
  await db.exec(`DECLARE x FLOAT64 DEFAULT RAND(); SET @@query_label = 'run:1'; SELECT 4712 AS x; INSERT INTO runs SELECT @@last_job_id, 'acc', 0.5;
    CREATE TABLE declared AS SELECT x AS x, @@last_job_id AS id;
    IF (SELECT COUNT(*) FROM INFORMATION_SCHEMA.JOBS) > 3 THEN CREATE TABLE many AS SELECT RAND() AS r; END IF`);
  // A script that fails in the end has done what it did before, and nothing behind.
  await db
    .exec("CREATE TABLE half AS SELECT RAND() AS r; SELECT 1 / 0 AS x; CREATE TABLE never AS SELECT 1 AS x")
    .catch(() => {});
};

/** All of it, as text. */
const look = async (db) => {
  const found = {};
  for (const { name } of await db.tables()) found[name] = (await db.query(`SELECT * FROM ${name}`)).rows;
  found.created = (
    await db.query("SELECT version, created FROM INFORMATION_SCHEMA.MODEL_VERSIONS ORDER BY version")
  ).rows;
  found.moved = (await db.query("SELECT * FROM INFORMATION_SCHEMA.MODEL_ALIASES ORDER BY moved")).rows;
  return JSON.stringify(found);
};

const names = [
  "called",
  "created",
  "declared",
  "doubled",
  "given",
  "half",
  "luck",
  "many",
  "moved",
  "runs",
  "sample",
  "share",
  "times",
  "versions",
];

const sources = { fill: fill.toString(), look: look.toString() };

/** Runs in a tab with its database, which is there from the first time on. */
const at = (tab, name, work, argument) =>
  tab.evaluate(
    async ([sources, name, work, argument]) => {
      const { PredictQL } = await import("/pkg/index.js");
      const made = (source) => new Function(`return ${source}`)();
      globalThis.logged ??= [];
      const log = ({ level, message }) => level === "warn" && globalThis.logged.push(message);
      globalThis.dbs ??= {};
      globalThis.dbs[name] ??= new PredictQL({ name, log });
      return made(work)(globalThis.dbs[name], argument, { fill: made(sources.fill), look: made(sources.look) });
    },
    [sources, name, work.toString(), argument],
  );

const model = "/fixtures/models/iris_rf.onnx";
const fillIn = (db, model, { fill }) => fill(db, model);
const lookAt = (db, _, { look }) => look(db);

test("values are the same after a reload, in other tabs, and after the worker's death and another engine", async () => {
  const other = await page.context().newPage();
  await other.goto(site.origin);
  await at(other, "same", (db) => db.tables());
  await at(page, "same", fillIn, model);
  const made = await at(page, "same", lookAt);
  const { runs, share, doubled, created, ...rest } = JSON.parse(made);
  assert.deepEqual(Object.keys(JSON.parse(made)).sort(), names);
  assert.deepEqual(
    [share, doubled],
    [
      [{ s: 1 }, { s: 2.5 }],
      [{ d: 2 }, { d: 5 }],
    ],
  );
  assert.deepEqual([created.length, rest.moved.length, rest.half.length], [2, 3, 1]);
  // The log says which of its statements was measured, also in the next visit.
  const joined = "SELECT j.query FROM runs JOIN INFORMATION_SCHEMA.JOBS AS j USING (job_id)";
  assert.deepEqual(await at(page, "same", async (db, sql) => [...(await db.query(sql)).rows], joined), [
    { query: "SELECT 4712 AS x" },
  ]);
  assert.equal(runs.length, 2);
  await other.waitForTimeout(500);
  assert.equal(await at(other, "same", lookAt), made);
  await other.waitForTimeout(500);
  await reload();
  assert.equal(await at(page, "same", lookAt), made);
  assert.deepEqual(await at(page, "same", async (db, sql) => [...(await db.query(sql)).rows], joined), [
    { query: "SELECT 4712 AS x" },
  ]);
  // Another engine, in both tabs, as soon as a model needs it.
  await at(page, "same", (db) => db.registerModel("net", "/fixtures/models/einsum.onnx").then(() => {}));
  const switched = await at(page, "same", async (db, _, { look }) => [(await db.ready).engine, await look(db)]);
  const without = (text) => {
    const { created, ...rest } = JSON.parse(text);
    return [rest, created.filter(({ version }) => version > 0).length];
  };
  assert.deepEqual([switched[0], without(switched[1])[0]], ["full", without(made)[0]]);
  await other.waitForTimeout(1000);
  assert.deepEqual(without(await at(other, "same", lookAt))[0], without(made)[0]);
  assert.deepEqual(await page.evaluate(() => globalThis.logged), []);
  await other.close();
});

test("a worker that dies leaves nothing that has other values in the next one, nor does another engine", async () => {
  const found = await inPage(
    async ({ mortal }, { fill, look, model }) => {
      const made = (source) => new Function(`return ${source}`)();
      const found = {};
      for (const name of [undefined, "mortal"]) {
        const { db, vanish } = mortal(name === undefined ? {} : { name });
        await made(fill)(db, model);
        const before = await made(look)(db);
        vanish();
        await new Promise((resolve) => setTimeout(resolve, 50));
        const after = await made(look)(db);
        await db.registerModel("net", "/fixtures/models/einsum.onnx");
        await db.dropModel("net");
        const { engine } = await db.ready;
        found[name ?? "none"] = [after === before, (await made(look)(db)) === before, engine];
        await db.close();
      }
      return found;
    },
    { ...sources, model },
  );
  assert.deepEqual(found, { none: [true, true, "full"], mortal: [true, true, "full"] });
});

for (const worker of [undefined, "inline"]) {
  test(`in Node the full engine has the values of the one before: ${worker ?? "a thread"}`, async () => {
    const file = (name) => new URL(`../fixtures/models/${name}`, import.meta.url);
    const db = new PredictQL({ worker });
    await fill(db, file("iris_rf.onnx"));
    const before = await look(db);
    await db.registerModel("net", file("einsum.onnx"));
    await db.dropModel("net");
    assert.deepEqual([(await db.ready).engine, await look(db)], ["full", before]);
    await db.close();
  });
}

/** What both tabs have once each has heard of the other, and a third one that begins anew. */
const agreed = async (tabs, name, question) => {
  const ask = (tab) => at(tab, name, async (db, sql) => JSON.stringify((await db.query(sql)).rows), question);
  await page.waitForTimeout(800);
  const third = await page.context().newPage();
  await third.goto(site.origin);
  const answers = [...(await Promise.all(tabs.map(ask))), await ask(third)];
  await third.close();
  for (const answer of answers) assert.equal(answer, answers[0]);
  return JSON.parse(answers[0]);
};

const twoTabs = async (name) => {
  const other = await page.context().newPage();
  await other.goto(site.origin);
  const tabs = [page, other];
  for (const tab of tabs) await at(tab, name, (db) => db.tables().then(() => {}));
  return tabs;
};

test("two tabs that insert at the same time lose no row and have none twice", async () => {
  const tabs = await twoTabs("rows");
  await at(page, "rows", (db) => db.query("CREATE TABLE t (x INT64, r FLOAT64)").then(() => {}));
  const insert = async (db, from) => {
    for (let n = from; n < from + 5; n++) await db.query(`INSERT INTO t VALUES (${n}, RAND())`);
    const prepared = await db.prepare("INSERT INTO t SELECT ?, COUNT(*) FROM t");
    await Promise.all(Array.from({ length: 5 }, (_, n) => prepared.query([from + 5 + n])));
    await db.exec(
      `DECLARE x INT64 DEFAULT ${from + 10}; INSERT INTO t VALUES (x, RAND()); INSERT INTO t VALUES (x + 1, RAND())`,
    );
  };
  await Promise.all(tabs.map((tab, n) => at(tab, "rows", insert, 100 * n)));
  const rows = await agreed(tabs, "rows", "SELECT x, r FROM t ORDER BY x");
  const wanted = [0, 100].flatMap((from) => Array.from({ length: 12 }, (_, n) => from + n));
  assert.deepEqual(
    rows.map(({ x }) => x),
    wanted,
  );
  // Each has counted the rows before it: nobody's change came between.
  const counts = rows.map(({ r }) => r).filter((r) => r >= 1);
  assert.deepEqual(counts.length, 10);
  assert.equal(new Set(counts).size, 10);
  await tabs[1].close();
});

test("two tabs that add versions and move aliases at the same time give no number twice", async () => {
  const tabs = await twoTabs("versions");
  await at(page, "versions", (db) => db.registerModel("m", "/fixtures/models/iris_rf.onnx").then(() => {}));
  const add = async (db, tag) => {
    const numbers = [];
    for (let n = 0; n < 5; n++) {
      const source = n % 2 === 0 ? "/fixtures/models/iris_rf.onnx" : "/fixtures/models/decision_tree.onnx";
      numbers.push((await db.registerModel("m", source, { alias: `${tag}${n}` })).version);
      await db.setModelAlias("m", "latest_of_all", numbers.at(-1));
      await db.query(`ALTER MODEL m VERSION ${numbers.at(-1)} SET ALIAS = ${tag}`);
    }
    return numbers;
  };
  const given = (await Promise.all(tabs.map((tab, n) => at(tab, "versions", add, "ab"[n])))).flat();
  assert.deepEqual(
    [...given].sort((a, b) => a - b),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
  const question = "SELECT version, aliases, created, sha256 FROM INFORMATION_SCHEMA.MODEL_VERSIONS ORDER BY version";
  assert.equal((await agreed(tabs, "versions", question)).length, 11);
  const moves = await agreed(tabs, "versions", "SELECT * FROM INFORMATION_SCHEMA.MODEL_ALIASES");
  assert.equal(moves.filter(({ alias }) => alias === "latest_of_all").length, 10);
  await tabs[1].close();
});

test("two databases of one name in one page are one", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const [a, b] = [new PredictQL({ name: "one" }), new PredictQL({ name: "one" })];
    await a.query("CREATE TABLE t (x INT64)");
    // The other one writes at once what it has not heard of.
    await Promise.all(
      [a, b].map(async (db, k) => {
        for (let n = 0; n < 5; n++) await db.query("INSERT INTO t VALUES (?)", [100 * k + n]);
      }),
    );
    const rows = async (db) => (await db.query("SELECT x FROM t ORDER BY x")).rows.map(({ x }) => x).join();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const found = [await rows(a), await rows(b)];
    await Promise.all([a.close(), b.close()]);
    const c = new PredictQL({ name: "one" });
    found.push(await rows(c));
    await c.close();
    return found;
  });
  const all = [0, 1, 2, 3, 4, 100, 101, 102, 103, 104].join();
  assert.deepEqual(found, [all, all, all]);
});

test("a script holds others off to its end, and a tab that is closed amid one lets them go on with what was done", async () => {
  const tabs = await twoTabs("script");
  await at(page, "script", (db) => db.query("CREATE TABLE t (x INT64)").then(() => {}));
  const script = Array.from({ length: 40 }, (_, n) => `INSERT INTO t SELECT ${n} + COUNT(*) - COUNT(*) FROM t;`).join(
    "",
  );
  const running = at(tabs[1], "script", (db, sql) => db.exec(`DECLARE y INT64; ${sql}`).then(() => {}), script);
  await tabs[1].waitForTimeout(30);
  await at(page, "script", (db) => db.query("INSERT INTO t VALUES (1000)").then(() => {}));
  await running;
  const rows = await agreed(tabs, "script", "SELECT x, (SELECT COUNT(*) FROM t) AS n FROM t");
  const order = rows.map(({ x }) => x);
  assert.equal(rows.length, 41);
  // The row of the first tab stands before all of the script, or behind them.
  assert.ok(order.indexOf(1000) === 0 || order.indexOf(1000) === 40, order.join());

  const doomed = await page.context().newPage();
  await doomed.goto(site.origin);
  await at(doomed, "script", (db) => db.tables().then(() => {}));
  void at(doomed, "script", (db, sql) => db.exec(`DECLARE y INT64; ${sql}`).then(() => {}), script.repeat(50)).catch(
    () => {},
  );
  await doomed.waitForTimeout(300);
  await doomed.close();
  await at(page, "script", (db) => db.query("INSERT INTO t VALUES (2000)").then(() => {}));
  const after = (await agreed(tabs, "script", "SELECT x FROM t")).map(({ x }) => x);
  assert.equal(after.at(-1), 2000);
  assert.ok(after.length > 41 && after.length < 41 + 2000, `${after.length}`);
  await tabs[1].close();
});

test("nobody is locked out by a reader that is slow, by rows that do not come, or by the page's own next statement", async () => {
  const found = await inPage(async ({ PredictQL, failure, stalled }) => {
    const [a, b] = [new PredictQL({ name: "slow" }), new PredictQL({ name: "slow" })];
    await a.query("CREATE TABLE t (x INT64)");
    await a.query("CREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (1); SELECT x FROM UNNEST([1, 2, 3]) AS x; END");
    // Of each batch the page makes a row, in the midst of a stream that looks like a change, and of one that is one.
    let read = 0;
    for await (const { rows } of a.stream("SELECT x, 'CREATE' AS word FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x", [], {
      batchSize: 1,
    })) {
      read += rows.length;
      await a.query("INSERT INTO t VALUES (2)");
      await b.query("INSERT INTO t VALUES (3)");
    }
    for await (const _ of a.stream("CALL p()")) {
      await b.query("DELETE FROM t WHERE x = 6");
      await a.query("INSERT INTO t VALUES (6)");
    }
    // Rows that never come, while somebody waits.
    const [feed, other] = [stalled("y"), stalled("y")];
    await a.registerTable("feed", feed.rows);
    await a.registerTable("other", other.rows);
    const stuck = failure(a.query("INSERT INTO t SELECT y FROM feed"));
    await feed.asked;
    await b.query("INSERT INTO t VALUES (4)");
    const { hint } = await stuck;
    const controller = new AbortController();
    const next = failure(a.query("INSERT INTO t SELECT y FROM other"));
    await other.asked;
    setTimeout(() => controller.abort(new Error("enough")), 50);
    const given = await b.query("INSERT INTO t VALUES (5)", [], { signal: controller.signal }).then(
      () => "done",
      (error) => error.message,
    );
    const sum = (await b.query("SELECT COUNT(*) AS n, SUM(x) AS s FROM t")).rows[0];
    await a.close();
    await next;
    await b.close();
    return { read, hint, given, sum };
  });
  assert.deepEqual([found.read, found.given, found.sum], [3, "enough", { n: 9, s: 26 }]);
  assert.match(found.hint, /bring the rows into a table first/);
});

test("what cannot be made again is told, in the log and to the page", async () => {
  const found = await inPage(async ({ PredictQL, damage }) => {
    const db = new PredictQL({ name: "damaged" });
    await db.query("CREATE TABLE t AS SELECT 1 AS x");
    await db.query("CREATE TABLE u AS SELECT x FROM t");
    await db.query("CREATE TABLE v AS SELECT 2 AS x");
    await db.close();
    await damage("damaged");
    const logged = [];
    const told = [];
    const hear = (event) => {
      told.push(event.error?.code);
      event.preventDefault();
    };
    addEventListener("error", hear);
    const log = ({ level, message }) => level === "warn" && logged.push(message);
    const next = new PredictQL({ name: "damaged", log });
    const names = (await next.tables()).map(({ name }) => name);
    removeEventListener("error", hear);
    await next.close();
    return { names, logged, told };
  });
  assert.deepEqual(found.names, ["v"]);
  assert.equal(found.logged.length, 1);
  assert.match(found.logged[0], /^lost: `CREATE TABLE u AS SELECT x FROM t`$/);
  assert.deepEqual(found.told, ["not-restored"]);
});
