// What EXPORT DATA writes and where, models as MLflow's folders, and the log of a named database.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { PredictQL } from "../../pkg/node.js";
import { inPage, page, site } from "./page.mjs";

test("EXPORT DATA writes into names, handles, streams and the private file system", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    await db.registerTable("iris", "/fixtures/tables/iris.csv");
    const options = (more) =>
      `EXPORT DATA OPTIONS (${more}) AS SELECT species, petal_width FROM iris ORDER BY petal_width`;
    const { message } = await db.query(options("uri = 'gs://bucket/rows-*.csv', format = 'CSV', header = TRUE"));
    await db.query("CREATE EXTERNAL TABLE again OPTIONS (format = 'CSV', uris = ['gs://bucket/rows-*.csv'])");
    const [counted] = (await db.query("SELECT COUNT(*) AS n, ROUND(SUM(petal_width), 1) AS width FROM again")).rows;
    const named = await (await db.readFile("gs://bucket/rows-000000000000.csv")).text();

    await db.query(options("uri = 'opfs:scores/rows.json', format = 'JSON', compression = 'GZIP'"));
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("scores");
    const packed = await (await folder.getFileHandle("rows.json")).getFile();
    const unpacked = await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).text();
    const taken = await failure(db.query(options("uri = 'opfs:scores/rows.json', format = 'JSON'")));
    await db.query(options("uri = 'opfs:scores/rows.json', format = 'JSON', overwrite = TRUE"));
    const other = new PredictQL();
    await other.query("CREATE EXTERNAL TABLE kept OPTIONS (format = 'JSON', uris = ['opfs:scores/rows.json'])");
    const [kept] = (await other.query("SELECT COUNT(*) AS n FROM kept")).rows;

    const handle = await root.getFileHandle("given.csv", { create: true });
    await db.registerFile("mine.csv", handle);
    await db.query(options("uri = 'mine.csv', format = 'CSV'"));
    const given = await (await handle.getFile()).text();
    // What fails amid its rows leaves what was there.
    const failed = await failure(
      db.query(
        "EXPORT DATA OPTIONS (uri = 'mine.csv', format = 'CSV', overwrite = TRUE) AS SELECT 1 / (n - 60000) AS x FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS n",
      ),
    );
    const after = await (await handle.getFile()).text();

    const pieces = [];
    const stream = new WritableStream({ write: (piece) => void pieces.push(piece) });
    await db.registerFile("flow", stream);
    await db.query("EXPORT DATA OPTIONS (uri = 'flow', format = 'ARROW') AS SELECT * FROM iris");
    await db.registerTable("flowed", new Uint8Array(await new Blob(pieces).arrayBuffer()));
    const [flowed] = (await db.query("SELECT COUNT(*) AS n FROM flowed")).rows;
    return {
      message,
      counted,
      named,
      unpacked,
      taken: [taken.code, taken.hint],
      kept,
      given,
      failed: failed.code,
      isSame: after === given,
      flowed,
    };
  });
  assert.equal(found.message, "Successfully exported 150 rows to gs://bucket/rows-*.csv");
  // Of scikit-learn's iris: 150 flowers, whose petals are 179.9 cm wide together.
  assert.deepEqual(found.counted, { n: 150, width: 179.9 });
  assert.deepEqual(found.named.split("\n").slice(0, 2), ["species,petal_width", "setosa,0.1"]);
  assert.deepEqual(JSON.parse(found.unpacked.split("\n")[0]), { petal_width: 0.1, species: "setosa" });
  assert.deepEqual(found.taken, ["not-written", "write `overwrite = TRUE` into OPTIONS"]);
  assert.deepEqual(found.kept, { n: 150 });
  assert.equal(found.given.split("\n").length, 151);
  assert.deepEqual([found.failed, found.isSame], ["division-by-zero", true]);
  assert.deepEqual(found.flowed, { n: 150 });
});

test("a download is a file of the browser's", async () => {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    inPage(async ({ PredictQL }) => {
      await new PredictQL().query("EXPORT DATA OPTIONS (uri = 'download:one.csv', format = 'CSV') AS SELECT 1 AS x");
    }),
  ]);
  assert.equal(download.suggestedFilename(), "one.csv");
  assert.equal(await readFile(await download.path(), "utf8"), "1\n");
});

test("in Node names are paths; Parquet has every type, in row groups", async () => {
  const folder = await mkdtemp(join(tmpdir(), "exports-"));
  const db = new PredictQL();
  try {
    const at = (name) => join(folder, name).replaceAll("\\", "/");
    const typed = `SELECT n, n / 4 AS f, MOD(n, 2) = 0 AS b, FORMAT('%d!', n) AS s, b'ab' AS y, DATE '2026-11-29' AS d,
      TIMESTAMP '9999-12-31 23:59:59.999999+00' AS t, DATETIME '2026-11-29 17:40:00.000001' AS dt, NUMERIC '1.25' AS m,
      [1.5, 2.5] AS list, STRUCT('x' AS a, CAST(NULL AS INT64) AS z) AS deep, IF(n = 1, NULL, n) AS maybe
      FROM UNNEST(GENERATE_ARRAY(1, 3)) AS n ORDER BY n`;
    await db.query(`EXPORT DATA OPTIONS (uri = '${at("typed.parquet")}', format = 'PARQUET') AS ${typed}`);
    const file = new Uint8Array(await readFile(at("typed.parquet"))).buffer;
    const rows = await parquetReadObjects({ file });
    assert.deepEqual(rows[0], {
      n: 1n,
      f: 0.25,
      b: false,
      s: "1!",
      y: "ab",
      d: new Date("2026-11-29"),
      t: new Date("9999-12-31T23:59:59.999Z"),
      dt: new Date("2026-11-29T17:40:00.000Z"),
      m: 1.25,
      list: [1.5, 2.5],
      deep: { a: "x", z: null },
      maybe: null,
    });
    // Read again by the engine, every microsecond and digit is there.
    await db.registerTable("again", at("typed.parquet"));
    const sql = (table) =>
      `SELECT n, f, b, s, y, d, CAST(t AS STRING) AS t, CAST(CAST(dt AS DATETIME) AS STRING) AS dt, CAST(m AS STRING) AS m, TO_JSON_STRING(list) AS list, TO_JSON_STRING(deep) AS deep, maybe FROM ${table}`;
    const [before, after] = [await db.query(sql(`(${typed})`)), await db.query(sql("again"))];
    assert.deepEqual(JSON.parse(JSON.stringify(after)), JSON.parse(JSON.stringify(before)));

    await db.query(
      `EXPORT DATA OPTIONS (uri = '${at("long.parquet")}', format = 'PARQUET') AS SELECT n, REPEAT('x', 100) AS s FROM UNNEST(GENERATE_ARRAY(1, 200000)) AS n`,
    );
    const long = parquetMetadata(new Uint8Array(await readFile(at("long.parquet"))).buffer);
    assert.equal(long.num_rows, 200_000n);
    assert.ok(long.row_groups.length > 1);

    await db.query(
      `EXPORT DATA OPTIONS (uri = '${at("one.csv.gz")}', format = 'CSV', compression = 'GZIP') AS SELECT 1 AS x`,
    );
    assert.equal(gunzipSync(await readFile(at("one.csv.gz"))).toString(), "1\n");
    await writeFile(at("there.csv"), "mine\n");
    const refused = db.query(`EXPORT DATA OPTIONS (uri = '${at("there.csv")}', format = 'CSV') AS SELECT 1 AS x`);
    await assert.rejects(refused, { code: "not-written" });
    const failing = db.query(
      `EXPORT DATA OPTIONS (uri = '${at("there.csv")}', format = 'CSV', overwrite = TRUE) AS SELECT 1 / (n - 60000) AS x FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS n`,
    );
    await assert.rejects(failing, { code: "division-by-zero" });
    assert.equal(await readFile(at("there.csv"), "utf8"), "mine\n");
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith(".part")),
      [],
    );
  } finally {
    await db.close();
  }
});

test("the log of a named database is there after a reload; what was done is not done again", async () => {
  const work = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL({ name: "runs" });
    await db.registerTable("iris", "/fixtures/tables/iris.csv");
    await db.exec(`SET @@query_label = 'run:1'; CREATE TABLE made AS SELECT COUNT(*) AS n FROM iris;
      EXPORT DATA OPTIONS (uri = 'made.csv', format = 'CSV') AS SELECT * FROM made`);
    await db.query("SELECT * FROM made");
    const jobs = await db.query("SELECT job_id, statement_type, labels FROM INFORMATION_SCHEMA.JOBS");
    // Writing follows a moment behind.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return jobs.toJSON();
  });
  await page.goto(site.origin);
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL({ name: "runs" });
    const jobs = await db.query("SELECT job_id, statement_type, labels FROM INFORMATION_SCHEMA.JOBS");
    const file = await (await db.readFile("made.csv")).text();
    // Another engine takes over.
    await db.registerModel("net", "/fixtures/models/einsum.onnx");
    const { engine } = await db.ready;
    const later = await db.query("SELECT job_id FROM INFORMATION_SCHEMA.JOBS");
    return { jobs: jobs.toJSON(), file, engine, later: later.toJSON().map((job) => job.job_id) };
  });
  assert.deepEqual(
    work.map((job) => job.statement_type),
    ["CREATE_TABLE_AS_SELECT", "EXPORT_DATA", "SELECT"],
  );
  assert.deepEqual(found.jobs.slice(0, 3), work);
  // The look at the log itself.
  assert.deepEqual(
    found.jobs.slice(3).map((job) => job.statement_type),
    ["SELECT"],
  );
  assert.equal(found.file, "150\n");
  const ids = work.map((job) => job.job_id);
  assert.deepEqual([found.engine, found.later.slice(0, 3)], ["full", ids]);
  assert.equal(found.later.length, 5);
});

test("a version leaves as the folder that MLflow logs, and comes back the same", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    await db.registerTable("iris", "/fixtures/tables/iris.csv");
    await db.registerModel("flowers", "/fixtures/models/iris_rf.onnx", { alias: "champion" });
    await db.query("ALTER MODEL flowers VERSION 1 SET OPTIONS (description = 'it''s a \"forest\"')").catch(() => {});
    const zip = await db.exportModel("flowers@champion");
    await db.registerModel("back", zip);
    const differing = await db.query(`SELECT COUNT(*) AS n FROM (
      SELECT label FROM ML.PREDICT(MODEL flowers, TABLE iris)
      EXCEPT DISTINCT SELECT label FROM ML.PREDICT(MODEL back, TABLE iris))`);
    const boosters = [];
    for (const name of ["xgboost", "lightgbm"]) {
      await db.registerModel(name, `/fixtures/mlflow/${name}.zip`);
      await db.registerModel(`${name}_back`, await db.exportModel(name));
      const sums = [];
      for (const model of [name, `${name}_back`]) {
        const result = await db.query(`SELECT * FROM ML.PREDICT(MODEL ${model}, TABLE iris)`);
        sums.push([...result.getChild(result.columns[0]).toArray()].join());
      }
      boosters.push(sums[0] === sums[1]);
    }
    const unknown = await failure(db.exportModel("flowers@2"));
    const sha256 = (await db.models())
      .filter(({ name }) => name === "flowers" || name === "back")
      .map((it) => it.sha256);
    return { differing: differing.rows[0].n, boosters, unknown: unknown.code, isSame: sha256[0] === sha256[1] };
  });
  assert.deepEqual(found, { differing: 0, boosters: [true, true], unknown: "no-such-file", isSame: true });
});

test("what MLflow has opened and served is what is exported", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mlflow-"));
  execFileSync(process.execPath, [fileURLToPath(new URL("../fixtures/makers/exported.mjs", import.meta.url)), folder]);
  // Each was loaded by mlflow 3.17.2, and predicted there as onnxruntime and the boosters do: makers/mlflow_exported.py.
  const opened = JSON.parse(
    await readFile(new URL("../fixtures/expected/mlflow_exported.json", import.meta.url), "utf8"),
  );
  for (const [name, wanted] of Object.entries(opened)) {
    const zip = await readFile(join(folder, `${name}.zip`), "latin1");
    const text = zip.slice(zip.indexOf("flavors:"), zip.indexOf("utc_time_created"));
    assert.deepEqual(text.trimEnd().split("\n"), wanted, name);
  }
  assert.equal(Object.keys(opened).length, 5);
});
