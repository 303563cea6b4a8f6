// Beyond queries: databases made of tables, models made warm, Observable's contract, and what a database tells of itself.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { inPage } from "./page.mjs";

test("a database is made of tables at once, and leaves nothing behind where one of them cannot be", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = await PredictQL.of({ flowers: "/fixtures/tables/iris.csv", points: [{ x: 1 }, { x: 2 }] });
    const wrong = await failure(PredictQL.of({ points: [{ x: 1 }], bad: "/nowhere.csv" }));
    const slip = await failure(PredictQL.of({ a: [{ x: 1 }] }, { netwrok: "deny" }));
    const { rows } = await db.query("SELECT (SELECT COUNT(*) FROM flowers) AS f, (SELECT SUM(x) FROM points) AS p");
    return { rows, wrong: wrong.code, slip: slip.code };
  });
  assert.deepEqual(found, { rows: [{ f: 150, p: 3 }], wrong: "got-html", slip: "unknown-option" });
});

test("a file that comes in many pieces is a whole table", async () => {
  const count = 1_000_000;
  const found = await inPage(async ({ PredictQL }, count) => {
    const lines = Array.from({ length: count }, (_, n) => `${n}\n`);
    const url = URL.createObjectURL(new Blob(["n\n", ...lines]));
    const db = new PredictQL();
    await db.registerTable("numbers", url);
    return (await db.query("SELECT COUNT(*) AS count, SUM(n) AS sum FROM numbers")).rows;
  }, count);
  assert.deepEqual(found, [{ count, sum: (count * (count - 1)) / 2 }]);
});

test("a model that knows its truth is judged by a query alone", async () => {
  // scikit-learn's, as in `tests/fixtures/expected/judging.json`.
  const { accuracy, recall } = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    await db.registerTable("people", "/fixtures/tables/people.csv");
    await db.registerModel("judge", "/fixtures/models/judge_yes.onnx", {
      inputs: { X: { columns: ["age", "income", "hours"] } },
      inputLabelCols: ["yes_no"],
    });
    return (await db.query("SELECT accuracy, recall FROM ML.EVALUATE(MODEL judge, TABLE people)")).rows[0];
  });
  assert.ok(Math.abs(accuracy - 0.8) < 1e-12 && Math.abs(recall - 0.8958333333333334) < 1e-12, `${accuracy} ${recall}`);
});

test("a model tells the names of its classes, in the order of its scores", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const species = ["Iris setosa", "Iris versicolor", "Iris virginica"];
    for (const [name, file, options] of [
      ["given", "iris_rf", { labels: species }],
      ["numbers", "iris_rf"],
      ["value", "linear_value"],
      ["words", "iris_rf_strings"],
    ]) {
      await db.registerModel(name, `/fixtures/models/${file}.onnx`, options);
    }
    return (await db.models()).map(({ name, labels, unsupportedOps }) => [name, labels ?? "none", unsupportedOps]);
  });
  // scikit-learn's `classes_`.
  assert.deepEqual(found, [
    ["given", ["Iris setosa", "Iris versicolor", "Iris virginica"], []],
    ["numbers", ["0", "1", "2"], []],
    ["value", "none", []],
    ["words", ["setosa", "versicolor", "virginica"], []],
  ]);
});

test("a model keeps the rows of its baseline, and is there without them where they cannot be had", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    await db.registerTable("people", "/fixtures/tables/people.csv");
    const options = { inputs: { X: { columns: ["age", "income", "hours"] } } };
    const file = "/fixtures/models/judge_yes.onnx";
    const baseline = "SELECT age, income, hours FROM people WHERE id < 100";
    await db.registerModel("judge", file, { ...options, baseline });
    const { rows } = await db.query("SELECT input, mean FROM ML.FEATURE_INFO(MODEL judge) WHERE input = 'age'");
    const [{ mean }] = (await db.query("SELECT AVG(age) AS mean FROM people WHERE id < 100")).rows;
    const { code } = await failure(db.registerModel("bare", file, { ...options, baseline: "SELECT 1 FROM nowhere" }));
    return { rows, mean, code, models: (await db.models()).map(({ name }) => name) };
  });
  assert.deepEqual(found.rows, [{ input: "age", mean: found.mean }]);
  assert.deepEqual([found.code, found.models], ["unknown-table", ["bare", "judge"]]);
});

test("warming a model up leaves its first prediction as it is, and says what it cannot warm up", async () => {
  const found = await inPage(async ({ irisDatabase, predictIris, failure }) => {
    const db = await irisDatabase();
    for (const [name, file] of [
      ["packed", "iris_packed"],
      ["picture", "picture_nchw"],
      ["words", "gaps_text"],
      ["rank4", "rank4"],
    ]) {
      await db.registerModel(name, `/fixtures/models/${file}.onnx`);
    }
    const totals = [];
    for (const model of ["iris", "packed", "picture", "words", "rank4"]) {
      totals.push((await db.warmup(model, { batchSize: 4 })).total);
    }
    const plans = (await db.models()).map(({ name, lastError }) => [name, lastError]);
    const unknown = await failure(db.warmup("irsi"));
    const aborted = await failure(db.warmup("iris", { signal: AbortSignal.abort(new Error("enough")) }));
    return { totals, plans, unknown, aborted: aborted.message, rows: (await db.query(predictIris)).numRows };
  });
  assert.ok(
    found.totals.every((total) => total > 0),
    String(found.totals),
  );
  assert.equal(found.unknown.code, "unknown-model");
  assert.equal(found.aborted, "enough");
  assert.equal(found.rows, 150);
  const refused = found.plans.filter(([, lastError]) => lastError);
  assert.ok(
    refused.every(([name]) => name === "words"),
    JSON.stringify(refused),
  );
});

test("Observable's DatabaseClient: tags, streams, rows and descriptions", async () => {
  const found = await inPage(async ({ irisDatabase, failure }) => {
    const db = await irisDatabase();
    // As Observable's own cells call it.
    const tagged = db.queryTag`SELECT species, COUNT(*) AS n FROM flowers WHERE petal_width > ${1.5} GROUP BY species ORDER BY species`;
    const { rows } = await db.query(...tagged, { signal: new AbortController().signal });
    const { schema, readRows } = await db.queryStream("SELECT x FROM UNNEST(GENERATE_ARRAY(1, ?)) AS x", [25], {
      batchSize: 10,
    });
    const sizes = [];
    for await (const batch of readRows()) sizes.push(batch.length);
    const empty = await db.queryStream("SELECT species FROM flowers WHERE FALSE");
    const none = [];
    for await (const batch of empty.readRows()) none.push(...batch);
    return {
      tagged,
      rows,
      schema,
      sizes,
      empty: [empty.schema.map(({ name, type }) => [name, type]), none],
      row: await db.queryRow("SELECT species FROM flowers ORDER BY petal_width DESC LIMIT 1"),
      noRow: await db.queryRow("SELECT 1 AS x FROM flowers WHERE FALSE"),
      tables: await db.describeTables(),
      columns: (await db.describeColumns({ table: "flowers" })).map(({ name, type }) => [name, type]),
      unknown: await failure(db.describeColumns({ table: "flwers" })),
      escaped: [db.escape("a b"), db.escape("o`clock")],
      dialect: db.dialect,
    };
  });
  assert.deepEqual(found.tagged.slice(1), [[1.5]]);
  // pandas: iris[iris.petal_width > 1.5].groupby("species").size()
  assert.deepEqual(found.rows, [
    { species: "versicolor", n: 5 },
    { species: "virginica", n: 47 },
  ]);
  assert.deepEqual([found.schema[0].name, found.schema[0].type], ["x", "integer"]);
  assert.deepEqual(found.sizes, [10, 10, 5]);
  assert.deepEqual(found.empty, [[["species", "string"]], []]);
  assert.deepEqual([found.row, found.noRow], [{ species: "virginica" }, null]);
  assert.deepEqual(found.tables, [{ name: "flowers" }]);
  assert.deepEqual(found.columns[0], ["sepal_length", "number"]);
  assert.deepEqual(found.columns.at(-1), ["species", "string"]);
  assert.equal(found.unknown.code, "unknown-table");
  assert.match(found.unknown.hint, /flowers/);
  assert.deepEqual(found.escaped, ["`a b`", "`o\\`clock`"]);
  assert.equal(found.dialect, "bigquery");
});

test("a listener hears of engines, requests and statements; statements are on a track of the performance panel", async () => {
  const { events, measures } = await inPage(async ({ mortal }) => {
    const events = [];
    const { db, vanish } = mortal({ log: (event) => events.push(event), profile: true });
    await db.registerTable("flowers", "/fixtures/tables/iris.csv");
    await db.query("SELECT COUNT(*) AS n FROM flowers");
    await db.exec("SELECT 1; SELECT 2");
    vanish();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await db.query("SELECT 3");
    const measures = performance.getEntriesByType("measure").map(({ name, detail }) => [name, detail.devtools]);
    return { events, measures };
  });
  const words = events.map(({ level, message }) => `${level} ${message}`);
  assert.ok(words.some((it) => /^info the engine "tables" has started/.test(it)));
  assert.ok(words.some((it) => /^debug requests http.*iris\.csv$/.test(it)));
  assert.ok(words.some((it) => /^warn the engine's worker has ended/.test(it)));
  const statements = events.filter(({ message }) => message === "a statement was run").map(({ data }) => data.sql);
  assert.deepEqual(statements, ["SELECT COUNT(*) AS n FROM flowers", "SELECT 1", "SELECT 2", "SELECT 3"]);
  const entries = measures.filter(([, { track }]) => track === "Statements").map(([name]) => name);
  assert.deepEqual(entries, statements);
  assert.ok(measures.every(([, { trackGroup, dataType }]) => trackGroup === "PredictQL" && dataType === "track-entry"));
});

test("rows that fail are NULL with a word about each, where that is asked for", async () => {
  const found = await inPage(async ({ irisDatabase, failure }) => {
    const db = await irisDatabase();
    const flower = (n, width) =>
      `SELECT ${n} AS n, 5.1 AS sepal_length, 3.5 AS sepal_width, 1.4 AS petal_length, ${width} AS petal_width`;
    const rows = [flower(1, "0.2"), flower(2, "NULL"), flower(3, "0.2")].join(" UNION ALL ");
    const sql = `SELECT n, label FROM ML.PREDICT(MODEL iris, (${rows})) ORDER BY n`;
    const told = async (result) => [
      result.rows.map(({ label }) => label),
      result.warnings.map(({ code, message }) => [code, /row 2\b.*`petal_width`/.test(message)]),
    ];
    const prepared = await db.prepare(`${sql} LIMIT ?`);
    await db.query(`CREATE TABLE kept AS ${sql}`, [], { onError: "null" });
    return {
      failed: (await failure(db.query(sql))).code,
      query: await told(await db.query(sql, [], { onError: "null" })),
      prepared: await told(await prepared.query([3], { onError: "null" })),
      strict: (await failure(prepared.query([3]))).code,
      kept: (await db.query("SELECT label FROM kept ORDER BY n")).rows.map(({ label }) => label),
      slip: (await failure(db.query(sql, [], { onError: "skip" }))).code,
    };
  });
  // As scikit-learn predicts the first flower of the data.
  const told = [[0, null, 0], [["failed-row", true]]];
  assert.deepEqual(found, {
    failed: "null-input",
    query: told,
    prepared: told,
    strict: "null-input",
    kept: [0, null, 0],
    slip: "invalid-option",
  });
});

test("rows that come over time are a table once they have come, where that is asked for", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    async function* arriving() {
      yield { x: 1 };
      yield [{ x: 2 }, { x: 3, y: "late" }];
    }
    const { rows } = await db.registerTable("arrived", arriving(), { stream: false });
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue([{ x: 10 }, { x: 20 }]);
        controller.close();
      },
    });
    await db.registerTable("streamed", stream, { stream: false });
    const endless = (async function* () {
      for (let x = 0; ; x++) yield { x };
    })();
    const controller = new AbortController();
    const given = failure(db.registerTable("endless", endless, { signal: controller.signal, stream: false }));
    setTimeout(() => controller.abort(new Error("enough")), 20);
    const broken = (async function* () {
      yield { x: 1 };
      throw new Error("the source broke");
    })();
    return {
      rows,
      sums: (
        await db.query(
          "SELECT (SELECT SUM(x) FROM arrived) AS a, (SELECT SUM(x) FROM streamed) AS b, (SELECT MAX(y) FROM arrived) AS y",
        )
      ).rows[0],
      given: (await given).message,
      broken: (await failure(db.registerTable("broken", broken, { stream: false }))).message,
      tables: (await db.tables()).map(({ name }) => name),
    };
  });
  assert.deepEqual(found, {
    rows: 3,
    sums: { a: 6, b: 30, y: "late" },
    given: "enough",
    broken: "the source broke",
    tables: ["arrived", "streamed"],
  });
});

test("an error and an engine say where to read on", async () => {
  const { docs, info } = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const docs = await db.query("SELECT nothing FROM nowhere").catch((error) => error.docs);
    return { docs, info: await db.ready };
  });
  const [path, section] = docs.replace(/^predictql\//, "").split("#");
  const page = await readFile(new URL(`../../pkg/${path}`, import.meta.url), "utf8");
  assert.ok(page.includes(`\n## \`${section}\`\n`), docs);
  assert.deepEqual([info.threads, info.crossOriginIsolated], [1, false]);
});
