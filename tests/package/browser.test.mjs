// The whole way, in a real browser: the built package from a static server, the real engine, real models.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { inPage, page, site } from "./page.mjs";
import { serve } from "./site.mjs";

const expected = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/expected/iris_rf.json"), "utf8"));

describe("predictions", () => {
  test("iris: labels of scikit-learn and probabilities of onnxruntime on all rows", async () => {
    const { columns, fields, rows, timings } = await inPage(async ({ irisDatabase, predictIris }) => {
      const db = await irisDatabase();
      const result = await db.query(predictIris);
      const rows = result.toArray().map((row) => ({ ...row, probabilities: [...row.probabilities] }));
      return { columns: result.columns, fields: result.schema.fields, rows, timings: result.timings };
    });
    assert.deepEqual(columns, [
      "label",
      "probabilities",
      "sepal_length",
      "sepal_width",
      "petal_length",
      "petal_width",
      "species",
    ]);
    assert.deepEqual(
      fields.map(({ type }) => type),
      ["integer", "array", "number", "number", "number", "number", "string"],
    );
    assert.deepEqual(
      rows.map(({ label }) => label),
      expected.scikit_learn.label.data,
    );
    const probabilities = rows.flatMap((row) => row.probabilities);
    assert.equal(probabilities.length, 450);
    for (const [index, value] of expected.onnxruntime.probabilities.data.entries()) {
      assert.ok(
        Math.abs(probabilities[index] - value) <= 1e-5,
        `probability ${index}: ${probabilities[index]}, not ${value}`,
      );
    }
    assert.ok(timings.infer > 0 && timings.total >= timings.infer, JSON.stringify(timings));
  });

  test("a result reads like rows, columns, an Arrow table, and goes back in", async () => {
    const found = await inPage(async ({ irisDatabase }) => {
      const db = await irisDatabase();
      const result = await db.query("SELECT sepal_length, species FROM flowers LIMIT 3");
      await db.registerTable("again", result.toIPC());
      await db.registerTable("more", result);
      const arrays = await db.query("SELECT species, sepal_length FROM more", [], { rowMode: "array" });
      return {
        size: [result.numRows, result.numCols, result.columns],
        rows: [...result],
        at: [result.at(0).sepal_length, result.at(-1).sepal_length, result.at(3)],
        column: [...result.getChild("sepal_length").toArray()],
        none: result.getChild("nothing"),
        again: (await db.query("SELECT * FROM again")).rows,
        arrays: arrays.rows,
      };
    });
    const rows = [5.1, 4.9, 4.7].map((sepal_length) => ({ sepal_length, species: "setosa" }));
    assert.deepEqual(found, {
      size: [3, 2, ["sepal_length", "species"]],
      rows,
      at: [5.1, 4.7, undefined],
      column: [5.1, 4.9, 4.7],
      none: null,
      again: rows,
      arrays: rows.map(({ sepal_length, species }) => [species, sepal_length]),
    });
  });

  test("tables come from files, rows, columns and bytes, which stay the caller's", async () => {
    const found = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      const bytes = new TextEncoder().encode("a,b\n1,x\n2,y\n");
      const infos = [
        await db.registerTable("bytes", bytes),
        await db.registerTable("file", new File(["a;b\n1;2,5\n"], "some.csv")),
        await db.registerTable("records", [{ a: 1, b: "x" }, { a: 2.5 }]),
        await db.registerTable("series", { a: new Float32Array([1, 2]), b: [true, null] }),
        await db.registerTable("photos", [new File(["12345"], "a.png", { type: "image/png", lastModified: 0 })]),
      ];
      return {
        infos: infos.map(({ name, kind, rows, columns }) => [
          name,
          kind,
          rows,
          columns.slice(0, 2).map((c) => c.databaseType),
        ]),
        kept: bytes.byteLength,
        rows: (await db.query("SELECT * FROM records")).rows,
        columns: (await db.query("SELECT * FROM series")).rows,
        photos: (await db.query("SELECT uri, size, content_type FROM photos")).rows,
      };
    });
    assert.deepEqual(found, {
      infos: [
        ["bytes", "table", 2, ["INT64", "STRING"]],
        ["file", "table", 1, ["INT64", "FLOAT64"]],
        ["records", "table", 2, ["FLOAT64", "STRING"]],
        ["series", "table", 2, ["FLOAT64", "BOOL"]],
        ["photos", "images", 1, ["STRING", "INT64"]],
      ],
      kept: 12,
      rows: [
        { a: 1, b: "x" },
        { a: 2.5, b: null },
      ],
      columns: [
        { a: 1, b: true },
        { a: 2, b: null },
      ],
      photos: [{ uri: "a.png", size: 5, content_type: "image/png" }],
    });
  });

  test("INT64 is a number that is exact, or an error that says how to read it", async () => {
    const found = await inPage(async ({ PredictQL, failure }) => {
      const db = new PredictQL();
      const sql = "SELECT 9007199254740993 AS n, [1, 9007199254740993] AS list";
      const texts = (await db.query(sql, [], { int64: "string" })).rows[0];
      const bigints = (await db.query(sql, [], { int64: "bigint" })).rows[0];
      return {
        safe: (await db.query("SELECT 9007199254740991 AS n")).rows,
        failed: await failure(db.query(sql)),
        texts: [texts.n, [...texts.list]],
        bigints: bigints.n === 9007199254740993n && bigints.list[1] === 9007199254740993n,
      };
    });
    assert.deepEqual(found.safe, [{ n: 9007199254740991 }]);
    assert.equal(found.failed.code, "int64-overflow");
    assert.match(found.failed.message, /column `n` holds 9007199254740993/);
    assert.match(found.failed.hint, /int64: "bigint"/);
    assert.deepEqual(found.texts, ["9007199254740993", ["1", "9007199254740993"]]);
    assert.equal(found.bigints, true);
  });

  test("the parts of tensors are read by either of their names", async () => {
    const tensors = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      const sql = `SELECT STRUCT([1, 2] AS dimensions, [0.5, 1.5] AS \`values\`) AS t
        UNION ALL SELECT NULL`;
      const read = (t) => t && { keys: Object.keys(t), shape: [...t.shape], data: [...t.data], values: [...t.values] };
      return (await db.query(sql)).rows.map(({ t }) => read(t));
    });
    const tensor = { keys: ["dimensions", "values"], shape: [1, 2], data: [0.5, 1.5], values: [0.5, 1.5] };
    assert.deepEqual(tensors, [tensor, null]);
  });

  test("NUMERIC and BIGNUMERIC are strings with all their digits", async () => {
    const found = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      const digits = "12345678901234567890.123456789";
      const sql = `SELECT NUMERIC '-0.10' + NUMERIC '0.05' AS a, CAST(? AS NUMERIC) AS b, BIGNUMERIC '0' AS c,
        BIGNUMERIC '-578960446186580977117854925043439539266.25' AS d, NUMERIC '700' AS e, CAST(NULL AS NUMERIC) AS f,
        [NUMERIC '1.5', 2] AS list, STRUCT(NUMERIC '0.000000001' AS x) AS s`;
      const result = await db.query(sql, [digits]);
      const [row] = result.rows;
      return {
        row: { ...row, list: [...row.list] },
        types: result.schema.fields.map(({ type, databaseType }) => `${type} ${databaseType}`),
        integer: (await db.query("SELECT 1 AS n, NUMERIC '1' AS x", [], { int64: "string" })).rows,
        rows: (await db.query("SELECT x FROM UNNEST([NUMERIC '1', NULL, 2.5]) AS x")).toColumns().x,
      };
    });
    assert.deepEqual(found.row, {
      ...{ a: "-0.05", b: "12345678901234567890.123456789", c: "0" },
      ...{ d: "-578960446186580977117854925043439539266.25", e: "700", f: null },
      ...{ list: ["1.5", "2"], s: { x: "0.000000001" } },
    });
    assert.deepEqual(found.types.slice(0, 3), ["string NUMERIC", "string NUMERIC", "string BIGNUMERIC"]);
    assert.deepEqual(found.integer, [{ n: "1", x: "1" }]);
    assert.deepEqual(found.rows, ["1", null, "2.5"]);
  });
});

describe("queries", () => {
  test("parameters by place and by name", async () => {
    const counts = await inPage(async ({ irisDatabase }) => {
      const db = await irisDatabase();
      const byPlace = await db.query("SELECT * FROM flowers WHERE species = ? AND petal_width > ?", ["virginica", 2.4]);
      const byName = await db.query("SELECT * FROM flowers WHERE sepal_length >= @least", { least: 7.7 });
      const byTemplate = await db.sql`SELECT * FROM flowers WHERE species = ${"setosa"} LIMIT ${7}`;
      return [byPlace.numRows, byName.numRows, byTemplate.numRows];
    });
    const { sepal_length, petal_width } = expected.inputs;
    const wide = petal_width.data.filter(
      (width, index) => width > 2.4 && expected.scikit_learn.label.data[index] === 2,
    );
    assert.deepEqual(counts, [wide.length, sepal_length.data.filter((length) => length >= 7.7).length, 7]);
  });

  test("rows in a template are a table for one query", async () => {
    const places = [0, 75, 149];
    const rows = places.map((place) =>
      Object.fromEntries(Object.entries(expected.inputs).map(([name, { data }]) => [name, data[place]])),
    );
    const found = await inPage(async ({ irisDatabase }, rows) => {
      const db = await irisDatabase();
      // A name that looks like ours is the user's.
      await db.registerTable("_table_1", [{ mine: 42 }]);
      const query = db.sql`SELECT label FROM ML.PREDICT(MODEL iris, TABLE ${rows})`;
      const csv = new File(["sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n"], "one.csv");
      const fromFile = await db.sql`SELECT label FROM ML.PREDICT(MODEL iris, TABLE ${csv})`;
      return [
        (await query).rows,
        (await query.run()).numRows,
        fromFile.rows,
        (await db.query("SELECT mine FROM _table_1")).rows,
        (await db.tables()).map(({ name }) => name),
      ];
    }, rows);
    assert.deepEqual(found, [
      places.map((place) => ({ label: expected.scikit_learn.label.data[place] })),
      3,
      [{ label: 0 }],
      [{ mine: 42 }],
      ["_table_1", "flowers"],
    ]);
  });

  test("a stream computes what is asked for, and `break` ends it", async () => {
    const found = await inPage(async ({ irisDatabase, predictIris }) => {
      const db = await irisDatabase();
      let total = 0;
      let largest = 0;
      for await (const batch of db.stream(predictIris, [], { batchSize: 16 })) {
        total += batch.numRows;
        largest = Math.max(largest, batch.numRows);
      }
      let reports = 0;
      const idle = [];
      for await (const batch of db.stream(predictIris, [], { batchSize: 16, onProgress: () => reports++ })) {
        const before = reports;
        await new Promise((resolve) => setTimeout(resolve, 200));
        idle.push(batch.numRows, reports - before);
        break;
      }
      return { total, largest, idle, after: (await db.query(predictIris)).numRows };
    });
    assert.deepEqual(found, { total: 150, largest: 16, idle: [16, 0], after: 150 });
  });

  test("streams run beside one another and beside queries", async () => {
    const found = await inPage(async ({ irisDatabase, manyFlowers, predictMany }) => {
      const db = await irisDatabase();
      await db.registerTable("many", manyFlowers(20_000));
      const counts = { outer: 0, batches: 0, inner: 0 };
      for await (const outer of db.stream(predictMany)) {
        counts.outer += outer.numRows;
        counts.batches++;
        for await (const inner of db.stream(predictMany)) counts.inner += inner.numRows;
        await db.tables();
      }
      return counts;
    });
    assert.equal(found.outer, 20_000);
    assert.ok(found.batches > 1);
    assert.equal(found.inner, 20_000 * found.batches);
  });

  test("a script answers one result for each statement", async () => {
    const found = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      await db.registerTable("flowers", "/fixtures/tables/iris.csv");
      const results = await db.exec(`
        CREATE MODEL iris OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = '/fixtures/models/iris_rf.onnx'); -- from the server
        SELECT label FROM ML.PREDICT(MODEL iris, TABLE flowers) LIMIT 2;
        DROP MODEL iris`);
      return {
        results: results.map(({ numRows, message }) => [numRows, message !== undefined]),
        models: await db.models(),
      };
    });
    assert.deepEqual(found, {
      results: [
        [0, true],
        [2, false],
        [0, true],
      ],
      models: [],
    });
  });

  test("SQL reaches files of the device by any name, and patterns of them", async () => {
    const found = await inPage(async ({ PredictQL, failure }) => {
      const db = new PredictQL({ network: "deny" });
      const model = await (await fetch("/fixtures/models/iris_rf.onnx")).blob();
      await db.registerFile("gs://bucket/iris.onnx", model);
      for (const name of ["pictures/b.png", "pictures/a.png", "other.png"]) {
        await db.registerFile(name, new File([name], name, { type: "image/png" }));
      }
      await db.query("CREATE MODEL iris OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'gs://bucket/iris.onnx')");
      await db.query("CREATE EXTERNAL TABLE pictures OPTIONS (object_metadata = 'SIMPLE', uris = ['pictures/*'])");
      const uris = (await db.query("SELECT uri FROM pictures ORDER BY uri")).rows.map(({ uri }) => uri);
      const path = (path) => `CREATE MODEL m OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = '${path}')`;
      return {
        models: (await db.models()).map(({ name }) => name),
        uris,
        cloud: await failure(db.query(path("gs://bucket/other.onnx"))),
        denied: await failure(db.query(path("/fixtures/models/iris_rf.onnx"))),
        pattern: await failure(
          db.query("CREATE EXTERNAL TABLE p OPTIONS (object_metadata = 'SIMPLE', uris = ['none/*'])"),
        ),
        requests: (await db.stats()).requests.filter(({ reason }) => reason !== "engine"),
      };
    });
    assert.deepEqual(found.models, ["iris"]);
    assert.deepEqual(found.uris, ["pictures/a.png", "pictures/b.png"]);
    assert.match(found.cloud.message, /a browser cannot fetch `gs:\/\/bucket\/other.onnx`/);
    assert.match(found.cloud.hint, /registerFile/);
    assert.match(found.cloud.frame, /\^\^\^/);
    assert.match(found.denied.message, /`network`/);
    assert.match(found.pattern.message, /no registered file matches `none\/\*`/);
    assert.deepEqual(found.requests, []);
  });
});

describe("progress and requests", () => {
  test("bars never go backwards or beyond their end", async () => {
    const found = await inPage(async ({ PredictQL, predictIris }) => {
      const events = { model: [], query: [] };
      const db = await PredictQL.create();
      await db.registerTable("flowers", "/fixtures/tables/iris.csv");
      await db.registerModel("iris", "/fixtures/models/iris_rf.onnx", { onProgress: (p) => events.model.push(p) });
      await db.query(predictIris, [], { batchSize: 10, onProgress: (p) => events.query.push(p) });
      return { events, model: (await db.models())[0].bytes };
    });
    const { model, query } = found.events;
    assert.equal(model.findLast(({ stage }) => stage === "download").loaded, found.model);
    assert.ok(query.some(({ unit, total, loaded }) => unit === "rows" && total === 150 && loaded > 0));
    for (const events of [model, query]) {
      const ratios = events.map(({ ratio }) => ratio).filter((ratio) => ratio !== null);
      assert.deepEqual(
        ratios,
        ratios.toSorted((one, other) => one - other),
      );
      for (const { loaded, total } of events) assert.ok(total === null || loaded <= total);
    }
  });

  test("every request is on record, and none is made behind the page's back", async () => {
    const made = [];
    page.on("request", (request) => made.push(request.url()));
    const { requests, modelBytes, tableBytes, wasmBytes } = await inPage(async ({ irisDatabase, predictIris }) => {
      const db = await irisDatabase({ network: "same-origin" });
      await db.query(predictIris);
      return db.stats();
    });
    assert.deepEqual(requests.map(({ url, reason }) => [new URL(url).pathname, reason]).slice(1), [
      ["/fixtures/tables/iris.csv", "data"],
      ["/fixtures/models/iris_rf.onnx", "model"],
    ]);
    assert.match(requests[0].url, /\/pkg\/wasm\/tables\.wasm$/);
    assert.ok(requests.every(({ bytes }) => bytes > 0));
    assert.ok(modelBytes > 0 && tableBytes > 0 && wasmBytes > modelBytes);
    const paths = new Set([...requests.map(({ url }) => url), `${site.origin}/pkg/worker.js`]);
    const others = made.filter(
      (url) => !paths.has(url) && !/^blob:|\/(site\/harness|pkg\/(index|cache))\.js$/.test(url),
    );
    assert.deepEqual(others, []);
  });

  test("the gate is asked about other origins", async () => {
    const found = await inPage(async ({ PredictQL, failure }) => {
      const other = "http://localhost:1/model.onnx";
      const asked = [];
      const picky = new PredictQL({ network: (url) => asked.push(url.href) === 0 });
      return {
        sameOrigin: await failure(new PredictQL({ network: "same-origin" }).registerModel("m", other)),
        picky: await failure(picky.registerModel("m", other)),
        asked,
        requests: (await picky.stats()).requests.filter(({ reason }) => reason !== "engine"),
      };
    });
    assert.equal(found.sameOrigin.code, "network-denied");
    assert.equal(found.picky.code, "network-denied");
    assert.deepEqual(found.asked, ["http://localhost:1/model.onnx"]);
    assert.deepEqual(found.requests, []);
  });
});

describe("errors leave everything else intact", () => {
  test("in SQL: code, position, frame and hint", async () => {
    const found = await inPage(async ({ irisDatabase, predictIris, failure }) => {
      const db = await irisDatabase();
      return {
        syntax: await failure(db.query("SELECT *\nFRM flowers")),
        name: await failure(db.query("SELECT label\nFROM ML.PREDICT(MODEL iris, TABLE flwers)")),
        input: await failure(
          db.query("SELECT * FROM ML.PREDICT(MODEL iris, (SELECT * EXCEPT (petal_width) FROM flowers))"),
        ),
        two: await failure(db.query("SELECT 1; SELECT 2")),
        none: await failure(db.query("-- nothing")),
        check: (await db.check("SELECT * FROM flwers")).diagnostics.map(({ code, from, to }) => [code, from, to]),
        // The sign takes two units of UTF-16.
        complete: await db.complete("SELECT '𝄞', petal_w FROM flowers", 20),
        behind: (await db.complete("SELECT 1 FROM flowers ", 1e9)).map(({ label }) => label),
        before: (await db.complete("", -1)).map(({ label }) => label),
        after: (await db.query(predictIris)).numRows,
      };
    });
    assert.equal(found.syntax.name, "PredictError");
    assert.equal(found.syntax.code, "syntax-error");
    assert.equal(found.syntax.position, 9);
    assert.equal(found.syntax.frame.split("\n").slice(0, 3).join("\n"), "1 | SELECT *\n2 | FRM flowers\n  | ^^^");
    assert.equal(found.name.code, "unknown-table");
    assert.match(found.name.frame, /2 \| FROM ML\.PREDICT\(MODEL iris, TABLE flwers\)\n {2}\| {35}\^{6}/);
    assert.match(found.name.hint, /flowers/);
    assert.equal(found.input.code, "missing-input");
    assert.match(found.input.message, /petal_width/);
    assert.equal(found.two.code, "multiple-statements");
    assert.equal(found.none.code, "empty-statement");
    assert.deepEqual(found.check, [["unknown-table", 14, 20]]);
    assert.deepEqual(found.complete, [{ label: "petal_width", type: "column", detail: "FLOAT64", info: "of flowers" }]);
    assert.ok(
      ["WHERE", "GROUP BY", "LIMIT"].every((word) => found.behind.includes(word)),
      String(found.behind),
    );
    assert.ok(
      ["SELECT", "CREATE"].every((word) => found.before.includes(word)),
      String(found.before),
    );
    assert.equal(found.after, 150);
  });

  test("in sources: a wrong file, a page in place of a file, rows that do not fit", async () => {
    const found = await inPage(async ({ irisDatabase, predictIris, failure }) => {
      const db = await irisDatabase();
      return {
        notOnnx: await failure(db.registerModel("m", new Blob(["species\nsetosa\n"]))),
        page: await failure(db.registerModel("m", "/models/iris.onnx")),
        table: await failure(db.registerTable("t", "/tables/iris.csv")),
        missing: await failure(db.registerTable("t", "/fixtures/tables/none.csv")),
        unreachable: await failure(db.registerModel("m", "http://localhost:1/m.onnx")),
        json: await failure(db.registerTable("t", new File(["[1]"], "rows.json"))),
        parquet: await failure(db.registerTable("t", new Blob(["PAR1...."]))),
        mixed: await failure(db.registerTable("t", [{ a: 1 }, { a: "two" }])),
        quoted: await failure((async () => db.sql`SELECT '${1}'`)()),
        names: [...(await db.tables()), ...(await db.models())].map(({ name }) => name),
        after: (await db.query(predictIris)).numRows,
      };
    });
    assert.equal(found.notOnnx.code, "not-onnx");
    assert.equal(found.page.code, "got-html");
    assert.match(found.page.message, /`http:\/\/127\.0\.0\.1:\d+\/models\/iris\.onnx` answered with an HTML page/);
    assert.equal(found.table.code, "got-html");
    assert.match(found.missing.message, /answered with 404 Not Found in place of data/);
    assert.equal(found.unreachable.code, "network-failed");
    assert.equal(found.json.code, "invalid-json");
    assert.match(found.json.message, /`rows.json` holds something else than an object in row 1/);
    assert.equal(found.parquet.code, "invalid-parquet");
    assert.equal(found.mixed.message, "column `a` holds INT64 in row 1 and STRING in row 2");
    assert.equal(found.quoted.code, "value-in-quotes");
    assert.deepEqual(found.names, ["flowers", "iris"]);
    assert.equal(found.after, 150);
  });
});

describe("the engine's life", () => {
  test("a small query is one message, a large one goes step by step, and a prepared one sends its text once", async () => {
    const found = await inPage(async ({ listened, predictIris, predictMany, manyFlowers }) => {
      const { db, asked } = listened();
      await db.registerModel("iris", "/fixtures/models/iris_rf.onnx");
      await db.registerTable("flowers", "/fixtures/tables/iris.csv");
      await db.registerTable("many", manyFlowers(100_000));
      await db.query(predictIris);
      // The fewest of several times: a machine that is busy elsewhere may make any turn a long one.
      const count = async (work) => {
        const counts = [];
        for (let time = 0; time < 10; time++) {
          asked.length = 0;
          await work();
          counts.push(asked.join(" "));
        }
        return counts.reduce((least, it) => (it.length < least.length ? it : least));
      };
      const predict = "SELECT * FROM ML.PREDICT(MODEL iris, (SELECT * FROM flowers LIMIT 1))";
      const statement = await db.prepare(predict);
      return {
        query: await count(() => db.query(predict)),
        stream: await count(async () => {
          for await (const _ of db.stream(predict));
        }),
        failed: await count(() => db.query("SELECT nothing").catch(() => {})),
        prepare: await count(async () => (await db.prepare(predict)).close()),
        statement: await count(() => statement.query()),
        many: (await count(() => db.query(predictMany))).split(" ").length > 3,
        create: await count(() => db.query("CREATE OR REPLACE TABLE t AS SELECT 1 AS x")),
      };
    });
    assert.deepEqual(found, {
      query: "run",
      stream: "run step free",
      failed: "run",
      prepare: "prepare forget",
      statement: "run",
      many: true,
      create: "run step catalog free",
    });
  });

  test("a prepared statement outlives its worker, at any moment of its death", async () => {
    const found = await inPage(async ({ mortal, failure }) => {
      const { db, die } = mortal({});
      await db.registerModel("iris", "/fixtures/models/iris_rf.onnx");
      await db.registerTable("flowers", "/fixtures/tables/iris.csv");
      const sql = "SELECT COUNT(*) AS n FROM ML.PREDICT(MODEL iris, TABLE flowers) WHERE label = ?";
      const statement = await db.prepare(sql);
      const count = async (label) => (await statement.query([label])).rows[0].n;
      const counts = [await count(0)];
      die();
      counts.push(await count(1), await count(1));
      // Asked, and not answered.
      const amid = failure(statement.query([2]));
      await Promise.resolve();
      die();
      counts.push(await count(2));
      const preparing = failure(db.prepare(sql));
      await new Promise((resolve) => setTimeout(resolve, 0));
      die();
      const fresh = await db.prepare(sql);
      counts.push((await fresh.query([0])).rows[0].n);
      // The worker after the next one has to be told again too, and a statement that was never told to one ends well.
      die();
      await fresh.close();
      counts.push(await count(0));
      const codes = [(await amid)?.code ?? "answered", (await preparing)?.code ?? "answered"];
      return { counts, codes: codes.every((code) => code === "engine-crashed" || code === "answered") };
    });
    const labels = expected.scikit_learn.label.data;
    const count = (label) => labels.filter((it) => it === label).length;
    assert.deepEqual(found, { counts: [0, 1, 1, 2, 0, 0].map(count), codes: true });
  });

  test("a crash on the page's own thread costs one call: another instance takes over", async () => {
    const found = await inPage(async ({ irisDatabase, predictIris, failure, manyFlowers }) => {
      const { files } = await (await fetch("/pkg/wasm/manifest.json")).json();
      const wasm = await fetch(`/pkg/wasm/${files.tables.file}`);
      const { limitMemory } = await import(`${location.origin}/site/limit-memory.js`);
      const wasmModule = await WebAssembly.compile(limitMemory(new Uint8Array(await wasm.arrayBuffer()), 2048));
      const [db, other] = [
        await irisDatabase({ wasmModule, worker: "inline" }),
        await irisDatabase({ wasmModule, worker: "inline" }),
      ];
      const statement = await db.prepare(predictIris);
      await statement.query();
      const crashed = await failure(db.registerTable("huge", manyFlowers(8_000_000)));
      return {
        crashed: crashed.code,
        message: crashed.message,
        after: (await statement.query()).numRows,
        other: (await other.query(predictIris)).numRows,
      };
    });
    assert.equal(found.crashed, "engine-crashed");
    assert.match(found.message, /tables and models were restored/);
    assert.deepEqual([found.after, found.other], [150, 150]);
  });

  test("an abort rejects with its reason, before, amid and between queries", async () => {
    const found = await inPage(async ({ irisDatabase, predictIris, predictMany, failure, manyFlowers }) => {
      const db = await irisDatabase();
      await db.registerTable("many", manyFlowers(100_000));
      const early = await failure(db.query(predictIris, [], { signal: AbortSignal.abort(new Error("too early")) }));
      const timeout = await failure(db.query(predictMany, [], { signal: AbortSignal.timeout(30) }));
      const controller = new AbortController();
      let batches = 0;
      const amid = await failure(
        (async () => {
          for await (const _ of db.stream(predictMany, [], { signal: controller.signal })) {
            if (++batches === 2) controller.abort(new Error("enough"));
          }
        })(),
      );
      const download = new AbortController();
      const loading = failure(db.registerModel("other", "/fixtures/models/iris_rf.onnx", { signal: download.signal }));
      download.abort(new Error("no model"));
      return {
        early: early.message,
        timeout: timeout.name,
        batches,
        amid: amid.message,
        loading: (await loading).message,
        models: (await db.models()).length,
        after: (await db.query(predictIris)).numRows,
      };
    });
    assert.deepEqual(found, {
      early: "too early",
      timeout: "TimeoutError",
      batches: 2,
      amid: "enough",
      loading: "no model",
      models: 1,
      after: 150,
    });
  });

  test("a worker that does not listen is replaced by one that holds the same", async () => {
    let workers = 0;
    page.on("worker", () => workers++);
    const found = await inPage(async ({ irisDatabase, predictIris, busy }) => {
      const db = await irisDatabase();
      await db.registerFile("forest", await (await fetch("/fixtures/models/iris_rf.onnx")).blob());
      await db.exec("CREATE MODEL second OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'forest')");
      await db.registerTable("gone", [{ a: 1 }]);
      await db.dropTable("gone");
      // What the busy query needs of the engine is here before it.
      await db.query(busy.replace("1000000", "10"));
      const requests = (await db.stats()).requests.length;
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 100);
      const error = await db.query(busy, [], { signal: controller.signal }).catch((error) => error);
      const names = [...(await db.tables()), ...(await db.models())].map(({ name }) => name);
      return {
        isReason: error === controller.signal.reason,
        names: names.toSorted(),
        labels: (await db.query(predictIris.replace("iris", "second"))).getChild("label").toArray().length,
        requests: (await db.stats()).requests.length - requests,
      };
    });
    assert.equal(found.isReason, true);
    assert.deepEqual(found.names, ["flowers", "iris", "second"]);
    assert.equal(found.labels, 150);
    assert.equal(found.requests, 0);
    assert.equal(workers, 2);
  });

  test("an abort does not cost another query its worker", async () => {
    let workers = 0;
    page.on("worker", () => workers++);
    const found = await inPage(async ({ irisDatabase, predictMany, failure, manyFlowers, busy }) => {
      const db = await irisDatabase();
      await db.registerTable("many", manyFlowers(20_000));
      const stream = db.stream(predictMany);
      let rows = (await stream.next()).value.numRows;
      const aborted = await failure(db.query(busy, [], { signal: AbortSignal.timeout(100) }));
      for await (const batch of stream) rows += batch.numRows;
      return { aborted: aborted.name, rows };
    });
    assert.deepEqual(found, { aborted: "TimeoutError", rows: 20_000 });
    assert.equal(workers, 1);
  });

  test("out of memory costs one query and nothing else", async () => {
    const found = await inPage(async ({ irisDatabase, predictIris, failure, manyFlowers }) => {
      const { files } = await (await fetch("/pkg/wasm/manifest.json")).json();
      const bytes = new Uint8Array(await (await fetch(`/pkg/wasm/${files.tables.file}`)).arrayBuffer());
      const { limitMemory } = await import(`${location.origin}/site/limit-memory.js`);
      const db = await irisDatabase({ wasmModule: await WebAssembly.compile(limitMemory(bytes, 2048)) });
      const stream = db.stream(predictIris, [], { batchSize: 100 });
      await stream.next();
      const crashed = await failure(db.registerTable("huge", manyFlowers(8_000_000)));
      const bystander = await failure(stream.next());
      return {
        crashed,
        bystander: bystander.code,
        names: [...(await db.tables()), ...(await db.models())].map(({ name }) => name),
        after: (await db.query(predictIris)).numRows,
      };
    });
    assert.equal(found.crashed.code, "engine-crashed");
    assert.match(found.crashed.message, /tables and models were restored/);
    assert.match(found.crashed.detail, /RuntimeError|RangeError/);
    assert.equal(found.bystander, "engine-crashed");
    assert.deepEqual(found.names, ["flowers", "iris"]);
    assert.equal(found.after, 150);
  });

  test("closing rejects what runs and what comes, and ends the worker", async () => {
    const found = await inPage(async ({ irisDatabase, predictIris, failure }) => {
      const db = await irisDatabase();
      const running = failure(db.query(predictIris));
      await db.close();
      await db.close();
      return { running: (await running).code, later: (await failure(db.tables())).code, closed: db.closed };
    });
    assert.deepEqual(found, { running: "closed", later: "closed", closed: true });
    await assert.doesNotReject(async () => {
      for (let tries = 0; page.workers().length > 0; tries++) {
        if (tries > 50) throw new Error("the worker is still there");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  });

  test("a start that failed is tried again, and its reason is told", async () => {
    const answers = [
      (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<!doctype html><p>Start page</p>" }),
      (route) => route.fulfill({ status: 503, body: "later" }),
      (route) => route.abort(),
    ];
    await page.route("**/*.wasm", (route) => (answers.shift() ?? ((route) => route.continue()))(route));
    const found = await inPage(async ({ PredictQL, failure }) => {
      const db = new PredictQL();
      const failures = [await failure(db.ready), await failure(db.query("SELECT 1")), await failure(db.tables())];
      const lost = new PredictQL({ workerUrl: "/no/worker.js" });
      return { failures, lost: await failure(lost.ready), rows: (await db.query("SELECT 1 AS one")).rows };
    });
    const [html, status, network] = found.failures;
    assert.equal(html.code, "got-html");
    assert.match(html.message, /\.wasm` answered with an HTML page in place of the engine/);
    assert.match(html.hint, /optimizeDeps: \{ exclude: \['predictql'\] \}/);
    assert.match(status.message, /answered with 503/);
    assert.equal(network.code, "network-failed");
    assert.equal(found.lost.code, "got-html");
    assert.match(found.lost.message, /\/no\/worker\.js` answered with an HTML page in place of the worker's script/);
    assert.deepEqual(found.rows, [{ one: 1 }]);
  });
});

describe("pages", () => {
  test("a strict Content-Security-Policy is enough", async () => {
    await page.goto(`${site.origin}/strict`);
    const violations = [];
    page.on("console", (message) => violations.push(message.text()));
    // Scripts of the test itself come from the server too: the policy allows no others.
    const rows = await page.evaluate(async () => {
      const { irisDatabase, predictIris } = await import("/site/harness.js");
      const db = await irisDatabase();
      return (await db.query(predictIris)).numRows;
    });
    assert.equal(rows, 150);
    assert.deepEqual(violations, []);
  });

  test("the package may come from another origin", async () => {
    const cdn = await serve();
    try {
      const rows = await page.evaluate(async (origin) => {
        const { PredictQL } = await import(`${origin}/pkg/index.js`);
        const db = new PredictQL();
        return (await db.query("SELECT 1 AS one")).rows;
      }, cdn.origin);
      assert.deepEqual(rows, [{ one: 1 }]);
    } finally {
      cdn.close();
    }
  });
});
