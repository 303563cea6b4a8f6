// Every error code that the package itself raises, raised: the list is the package's own, so that none is forgotten.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { inPage, page } from "./page.mjs";

const source = readFileSync(join(import.meta.dirname, "../../pkg-template/src/error-codes.ts"), "utf8");
const declared = [...source.matchAll(/^ {2}"?([a-z0-9-]+)"?: "/gm)].map(([, code]) => code);
const raised = new Set();

/** Holds what a call in the page was refused with against the code that it stands under. */
async function expectCodes(work) {
  const found = await inPage(work);
  for (const [code, error] of Object.entries(found)) {
    // What the engine asked for and the page refused is the reason of the engine's error.
    assert.ok(error?.code === code || error?.cause === code, `${code}: ${JSON.stringify(error)}`);
    assert.ok(error.isPredictError && error.message.length > 0, code);
    raised.add(code);
  }
}

test("of sources and values", () =>
  expectCodes(async ({ PredictQL, failure }) => {
    const db = await PredictQL.create();
    const packed = new Uint8Array(await (await fetch("/fixtures/tables/compressed_lz4.arrows")).arrayBuffer());
    packed.fill(0, 2000, 3000);
    return {
      "invalid-compression": await failure(db.registerTable("t", packed)),
      "no-columns": await failure(db.registerTable("t", [{}])),
      "uneven-columns": await failure(db.registerTable("t", { a: [1, 2], b: [1] })),
      "too-many-columns": await failure(
        db.registerTable("t", [Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`k${index}`, 1]))]),
      ),
      "mixed-types": await failure(db.registerTable("t", [{ a: 1 }, { a: "two" }])),
      "unsupported-value": await failure(db.query("SELECT ?", [Symbol("s")])),
      "unsupported-source": await failure(db.registerTable("t", 42)),
      "unsupported-format": await failure(db.registerTable("t", new Blob(["PK\x03\x04...."]))),
      "invalid-json": await failure(db.registerTable("t", new File(["[1]"], "rows.json"))),
      "invalid-parquet": await failure(db.registerTable("t", new Blob(["PAR1...."]))),
      "invalid-option": await failure(db.registerModel("m", new Blob(["x"]), { integrity: "md5-abc" })),
      "unknown-option": await failure(db.query("SELECT 1", [], { sginal: null })),
      "value-in-quotes": await failure((async () => db.sql`SELECT '${1}'`)()),
      "empty-statement": await failure(db.query("-- nothing")),
      "multiple-statements": await failure(db.query("SELECT 1; SELECT 2")),
      "int64-overflow": await failure(db.query("SELECT 9007199254740993 AS x").then((result) => result.toArray())),
    };
  }));

test("of addresses and files", () =>
  expectCodes(async ({ PredictQL, failure }) => {
    const db = await PredictQL.create();
    const alone = await PredictQL.create({ network: "deny" });
    const files = (uri) => `CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['${uri}'])`;
    return {
      "network-denied": await failure(alone.registerTable("t", "/fixtures/tables/iris.csv")),
      "got-html": await failure(db.registerTable("t", "/tables/iris.csv")),
      "network-failed": await failure(db.registerModel("m", "http://localhost:1/m.onnx")),
      "unsupported-address": await failure(db.query(files("gs://bucket/t.csv"))),
      "no-such-file": await failure(db.query(files("folder/*.csv"))),
      "checksum-mismatch": await failure(
        db.registerModel("m", "/fixtures/tensorflow/frozen.pb", { integrity: "0".repeat(64) }),
      ),
    };
  }));

test("of the engine's life", async () => {
  await expectCodes(async ({ PredictQL, mortal, failure }) => {
    const closed = await PredictQL.create();
    await closed.close();
    const { db, die } = mortal({});
    await db.ready;
    const stream = db.stream("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x", [], { batchSize: 10 });
    await stream.next();
    die();
    const broken = new PredictQL({ wasmModule: new Uint8Array([1, 2, 3]) });
    return {
      closed: await failure(closed.tables()),
      "engine-crashed": await failure(stream.next()),
      "engine-start": await failure(broken.ready),
    };
  });
});

test("of browsers that cannot run it", async () => {
  // As in a browser before 2021, and as on a server.
  await page.addInitScript(() => {
    WebAssembly.validate = () => false;
  });
  await page.reload();
  await expectCodes(async ({ PredictQL, failure }) => {
    const error = await failure(new PredictQL().ready);
    delete globalThis.Worker;
    return { "no-simd": error, "no-worker": await failure(new PredictQL().ready) };
  });
});

test("of a database that cannot be kept", () =>
  expectCodes(async ({ PredictQL, failure }) => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("denied", "SecurityError");
    };
    return { "not-saved": await failure(new PredictQL({ name: "x" }).registerTable("t", [{ x: 1 }])) };
  }));

test("of a database that others wait for, and of one that is damaged", () =>
  expectCodes(async ({ PredictQL, damage, failure, stalled }) => {
    const [db, other] = [new PredictQL({ name: "busy" }), new PredictQL({ name: "busy" })];
    await db.query("CREATE TABLE t (x INT64)");
    const { rows, asked } = stalled("x");
    await db.registerTable("feed", rows);
    const waiting = failure(db.query("INSERT INTO t SELECT x FROM feed"));
    await asked;
    await other.query("CREATE TABLE u AS SELECT x FROM t");
    await Promise.all([db.close(), other.close()]);
    await damage("busy");
    const told = new Promise((resolve) => {
      const hear = (event) => {
        event.preventDefault();
        resolve(event.error);
      };
      addEventListener("error", hear, { once: true });
    });
    await new PredictQL({ name: "busy" }).tables();
    return {
      "database-busy": await waiting,
      "not-restored": await failure(told.then((error) => Promise.reject(error))),
    };
  }));

test("of a model that fails on its own example", () =>
  expectCodes(async ({ PredictQL, failure }) => {
    const flavor = "flavors:\n  onnx:\n    data: model.onnx\n";
    const about = "saved_input_example_info:\n  artifact_path: example.json\n  pandas_orient: split\n";
    const folder = [
      new File([flavor + about], "MLmodel"),
      new File([await (await fetch("/fixtures/models/iris_rf.onnx")).blob()], "model.onnx"),
      new File(['{ "columns": ["petal_width"], "data": [[0.2]] }'], "example.json"),
    ];
    return { "self-test-failed": await failure(new PredictQL().registerModel("m", folder)) };
  }));

test("of a file that is there already", () =>
  expectCodes(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    const sql = "EXPORT DATA OPTIONS (uri = 'taken.csv', format = 'CSV') AS SELECT 1 AS x";
    await db.query(sql);
    return { "not-written": await failure(db.query(sql)) };
  }));

after(() => assert.deepEqual([...raised].sort(), [...declared].sort(), "every code is raised here"));
