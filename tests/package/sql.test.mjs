// SQL and models through the package: dialects, formats of tables, options of models, and what outlives a worker.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { inPage, page } from "./page.mjs";

const fixture = (name) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const expected = (name) => JSON.parse(fixture(`expected/${name}.json`));

test("named time zones follow the browser's rules, which are Python's", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    await db.registerTable("times", "/fixtures/tables/time_zones.csv");
    const wrong = await db.query(`SELECT zone, seconds FROM times
      WHERE FORMAT_TIMESTAMP('%F %T', TIMESTAMP_SECONDS(seconds), zone) != FORMAT_TIMESTAMP('%F %T', shown)
         OR UNIX_SECONDS(TIMESTAMP(FORMAT_TIMESTAMP('%F %T', local), zone)) != moment`);
    const literal = await db.query("SELECT UNIX_MILLIS(TIMESTAMP '2008-12-25 15:30:00 America/Los_Angeles') AS ms");
    const refused = await db
      .query("SELECT DATE(CURRENT_TIMESTAMP(), 'Europe/Nowhere') AS d")
      .catch((error) => error.code);
    return { wrong: wrong.rows, ms: literal.rows[0].ms, refused };
  });
  assert.deepEqual(found, { wrong: [], ms: 1230247800000, refused: "invalid-value" });
});

describe("T-SQL", () => {
  test("Azure SQL Edge's PREDICT is recognised and gives scikit-learn's predictions", async () => {
    const found = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      const tsql = { dialect: "tsql" };
      await db.registerTable("features", "/fixtures/tables/diabetes.csv");
      const model = new Uint8Array(await (await fetch("/fixtures/models/sql_edge.onnx")).arrayBuffer());
      await db.exec("create table models ([id] [int] IDENTITY(1,1) NOT NULL, [data] [varbinary](max) NULL)", tsql);
      await db.query("insert into models ([data]) values (?)", [model], tsql);
      const results = await db.exec(`
        DECLARE @model VARBINARY(max) = (SELECT DATA FROM dbo.models WHERE id = 1);
        WITH predict_input AS (SELECT TOP (1000) * FROM [dbo].[features])
        SELECT predict_input.id, p.variable1 AS MEDV
        FROM PREDICT(MODEL = @model, DATA = predict_input, RUNTIME=ONNX) WITH (variable1 FLOAT) AS p;`);
      return [...results.at(-1).getChild("MEDV").toArray()];
    });
    const wanted = expected("sql_edge").scikit_learn;
    assert.equal(found.length, wanted.length);
    for (const [row, value] of wanted.entries()) {
      assert.ok(Math.abs(found[row] - value) <= 1e-6 * Math.abs(value), `${row}: ${found[row]}, not ${value}`);
    }
  });

  test("the option decides what nothing in the text tells", async () => {
    const found = await inPage(async ({ irisDatabase, failure }) => {
      const db = await irisDatabase();
      const sql = "SELECT TOP (2) [species] FROM [flowers]";
      return {
        bigquery: (await failure(db.query(sql, [], { dialect: "bigquery" }))).code,
        tsql: (await db.query(sql, [], { dialect: "tsql" })).rows,
      };
    });
    assert.deepEqual(found, { bigquery: "syntax-error", tsql: [{ species: "setosa" }, { species: "setosa" }] });
  });
});

describe("formats of tables", () => {
  const records = [
    { a: 1, b: "x" },
    { a: 2, b: "y" },
  ];

  test("SQL reads registered files of every format", async () => {
    const found = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL({ network: "deny" });
      const arrow = (await db.query("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'")).toIPC();
      const files = {
        CSV: "a,b\n1,x\n2,y\n",
        JSON: '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
        ARROW: arrow,
      };
      const read = [];
      for (const [format, content] of Object.entries(files)) {
        await db.registerFile(`gs://bucket/${format}`, new Blob([content]));
        await db.query(
          `CREATE EXTERNAL TABLE t_${format} OPTIONS (format = '${format}', uris = ['gs://bucket/${format}'])`,
        );
        read.push((await db.query(`SELECT a, b FROM t_${format} ORDER BY a`)).rows);
      }
      return read;
    });
    assert.deepEqual(found, [records, records, records]);
  });

  test("Parquet by address keeps the types that the file says", async () => {
    const found = await inPage(async ({ PredictQL, failure }) => {
      const db = new PredictQL();
      await db.query("CREATE EXTERNAL TABLE p OPTIONS (format = 'PARQUET', uris = ['/fixtures/tables/types.parquet'])");
      const { columns } = await db.registerTable("again", "/fixtures/tables/types.parquet");
      const sql = "SELECT int32, decimal, utf8, CAST(date32 AS STRING) AS day, list FROM p";
      await db.registerFile("cars.csv", new Blob(["a\n1\n"]));
      return {
        rows: (await db.query(sql)).rows.map((row) => ({ ...row, list: row.list && [...row.list] })),
        types: Object.fromEntries(columns.map(({ name, databaseType }) => [name, databaseType])),
        refused: await failure(db.query("CREATE EXTERNAL TABLE c OPTIONS (format = 'PARQUET', uris = ['cars.csv'])")),
      };
    });
    const { columns } = expected("types");
    const wanted = columns.int32.values.map((int32, row) => ({
      int32,
      decimal: columns.decimal.values[row] === null ? null : Number(columns.decimal.values[row]),
      utf8: columns.utf8.values[row],
      day: columns.date32.values[row],
      list: columns.list.values[row],
    }));
    assert.deepEqual(found.rows, wanted);
    const { float32, date32, timestamp_tz, binary, list, uint8 } = found.types;
    assert.deepEqual(
      [float32, date32, timestamp_tz, binary, list, uint8],
      ["FLOAT64", "DATE", "TIMESTAMP", "BYTES", "ARRAY<FLOAT64>", "INT64"],
    );
    assert.match(found.refused.message, /`cars.csv` cannot be read as Parquet/);
    assert.match(found.refused.frame, /\^\^\^/);
  });

  test("numbers that JSON has no words for, and digits that FLOAT64 does not have, come in", async () => {
    const found = await inPage(async ({ PredictQL, failure }) => {
      const db = new PredictQL();
      // As Python's `json` and as BigQuery's export write them.
      const python = '{"x": NaN, "t": "NaN"}\n{"x": -Infinity, "t": "a"}\n{"x": 1.5, "t": "Infinity"}\n';
      await db.registerTable("python", new Blob([python]), { format: "ndjson" });
      const bigquery = [
        { x: 2.5, t: "NaN" },
        { x: "NaN", t: null },
        { x: "-Infinity", t: "Infinity" },
      ];
      await db.registerTable("bigquery", new Blob([JSON.stringify(bigquery)]), { format: "json" });
      const rows = [{ price: "12345678901234567890.125" }, { price: 10n ** 25n }, { price: 0.1 }, { price: null }];
      const texts = rows.map(({ price }) => ({ price: price === null ? null : String(price) }));
      await db.registerTable("prices", texts, { schema: { price: "NUMERIC(31, 2)" } });
      await db.registerTable("floats", [{ x: 0.1 }, { x: 2 }], { schema: { x: "BIGNUMERIC" } });
      const json =
        '{"x": 0.12345678901234567890123, "y": 0.12345678901234567890123}\n{"x": 0.5, "y": 1}\n{"x": null, "y": null}\n';
      await db.registerTable("json", new Blob([json]), { format: "ndjson", schema: { x: "BIGNUMERIC" } });
      await db.registerTable("csv", new Blob(["x\n1.005\n"]), { format: "csv", schema: { x: "numeric(5, 2)" } });
      const of = async (sql) => (await db.query(sql)).rows.map(({ v }) => String(v));
      return {
        python: await of("SELECT x AS v FROM python"),
        words: await of("SELECT t AS v FROM python"),
        bigquery: await of("SELECT x AS v FROM bigquery"),
        others: await of("SELECT t AS v FROM bigquery"),
        prices: await of("SELECT price AS v FROM prices"),
        floats: await of("SELECT x AS v FROM floats"),
        json: await of("SELECT x AS v FROM json"),
        jsonFloats: await of("SELECT y AS v FROM json"),
        csv: await of("SELECT x AS v FROM csv"),
        tooLarge: await failure(db.registerTable("t", [{ x: "1000" }], { schema: { x: "NUMERIC(5, 2)" } })),
        unknown: await failure(db.registerTable("t", [{ x: "1000" }], { schema: { x: "NUMERIC(a)" } })),
      };
    });
    assert.deepEqual(found.python, ["NaN", "-Infinity", "1.5"]);
    assert.deepEqual(found.words, ["NaN", "a", "Infinity"]);
    assert.deepEqual(found.bigquery, ["2.5", "NaN", "-Infinity"]);
    assert.deepEqual(found.others, ["NaN", "null", "Infinity"]);
    assert.deepEqual(found.prices, ["12345678901234567890.13", "10000000000000000000000000", "0.1", "null"]);
    assert.deepEqual(found.floats, ["0.1", "2"]);
    assert.deepEqual(found.json, ["0.12345678901234567890123", "0.5", "null"]);
    assert.deepEqual(found.jsonFloats, ["0.12345678901234568", "1", "null"]);
    assert.deepEqual(found.csv, ["1.01"]);
    assert.match(found.tooLarge.message, /column `x`, row 1: 1000 does not fit NUMERIC\(5, 2\)/);
    assert.match(found.unknown.message, /column `x`: type `NUMERIC\(a\)` was not found/);
  });

  test("compressed Arrow and nested columns come with their fields", async () => {
    const found = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      const read = {};
      for (const name of ["types_lz4.feather", "types_zstd.feather", "types.parquet"]) {
        const { columns } = await db.registerTable("t", `/fixtures/tables/${name}`);
        const types = Object.fromEntries(columns.map(({ name, databaseType }) => [name, databaseType]));
        const sql =
          "SELECT `struct`.label, deep[SAFE_OFFSET(0)].a.b AS b, map[SAFE_OFFSET(0)].key AS k, decimal_long FROM t";
        const { rows } = await db.query(sql);
        read[name] = { types, rows: rows.map((row) => ({ ...row, b: row.b && [...row.b] })) };
      }
      await db.query(
        "CREATE EXTERNAL TABLE f OPTIONS (format = 'ARROW', uris = ['/fixtures/tables/blocks_lz4.feather'])",
      );
      return { read, sum: (await db.query("SELECT SUM(x) AS sum FROM f")).rows[0].sum };
    });
    const { columns } = expected("types");
    const wanted = columns.struct.values.map((struct, row) => ({
      label: struct?.label ?? null,
      b: columns.deep.values[row]?.[0]?.a?.b ?? null,
      k: columns.map.values[row]?.[0]?.[0] ?? null,
      // NUMERIC has no zeros at its end.
      decimal_long: columns.decimal_long.values[row]?.replace(/\.?0+$/, "") ?? null,
    }));
    for (const [name, { types, rows }] of Object.entries(found.read)) {
      assert.deepEqual(rows, wanted, name);
      assert.equal(types.deep, "ARRAY<STRUCT<a STRUCT<b ARRAY<INT64>>, when TIMESTAMP>>", name);
      assert.equal(types.map, "ARRAY<STRUCT<key STRING, value INT64>>", name);
      assert.equal(types.time_us, "STRING", name);
    }
    const values = Array.from({ length: 20_000 }, (_, row) => (row * row) % 1009);
    assert.equal(
      found.sum,
      values.reduce((sum, value) => sum + value),
    );
  });

  test("CSV in any encoding and notation is read by its options", async () => {
    // Polish in ISO-8859-2: złoty, "ł" is 0xb3.
    const bytes = [..."data;kurs;nazwa\r\n02.01.2024;3,9432;z\xb3oty\r\nrazem: 1\r\n"].map((it) => it.charCodeAt(0));
    const found = await inPage(async ({ PredictQL, failure }, bytes) => {
      const db = new PredictQL();
      const file = new File([new Uint8Array(bytes)], "kursy.csv");
      const options = { encoding: "iso-8859-2", dateFormat: "DD.MM.YYYY", maxBadRecords: 1 };
      const { columns, notes } = await db.registerTable("t", file, options);
      const rows = (await db.query("SELECT CAST(data AS STRING) AS data, kurs, nazwa FROM t")).rows;
      await db.registerFile("kursy.csv", file);
      const made = await db.query(
        "CREATE EXTERNAL TABLE s OPTIONS (format = 'CSV', uris = ['kursy.csv'], encoding = 'iso-8859-2', allow_jagged_rows = TRUE)",
      );
      const sql = await db.query("SELECT nazwa FROM s");
      return {
        ...{
          rows,
          notes,
          types: columns.map(({ databaseType }) => databaseType),
          sql: sql.rows,
          warnings: made.warnings,
        },
        encoding: await failure(db.registerTable("t", file, { encoding: "utf-9" })),
        option: await failure(db.registerTable("t", file, { maxBadRecord: 1 })),
        json: await failure(db.registerTable("t", new Blob(['{"a": 1}']), { delimiter: ";" })),
      };
    }, bytes);
    assert.deepEqual(found.rows, [{ data: "2024-01-02", kurs: 3.9432, nazwa: "złoty" }]);
    assert.deepEqual(found.types, ["DATE", "FLOAT64", "STRING"]);
    assert.deepEqual(found.notes, ["rows left out: 1 (line 3: expected 3 fields, found 1)"]);
    assert.deepEqual(found.sql, [{ nazwa: "złoty" }, { nazwa: null }]);
    assert.deepEqual(found.warnings, []);
    assert.match(found.encoding.message, /no encoding called `utf-9`/);
    assert.equal(found.option.code, "unknown-option");
    assert.match(found.json.message, /the option `delimiter` is for CSV, and the source is json/);
  });

  test("a schema gives columns of JSON other types", async () => {
    const found = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      const text = '[{"id": 1610521604143693812, "at": "2024-01-02 03:04:05.123456", "tags": [{"k": "a"}]}]';
      await db.registerTable("t", new Blob([text]), { schema: { at: "TIMESTAMP" } });
      const sql = "SELECT CAST(id AS STRING) AS id, UNIX_MICROS(`at`) AS `at`, tags[OFFSET(0)].k FROM t";
      return (await db.query(sql)).rows;
    });
    assert.deepEqual(found, [{ id: "1610521604143693812", at: 1704164645123456, k: "a" }]);
  });

  test("the page registers JSON as it comes", async () => {
    const found = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      const list = new File(['[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]'], "rows.json");
      const lines = new Blob(['{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n']);
      await db.registerTable("list", list);
      await db.registerTable("lines", lines, { format: "ndjson" });
      const fromFile = await db.sql`SELECT a, b FROM ${list}`;
      return [fromFile.rows, (await db.query("SELECT * FROM list")).rows, (await db.query("SELECT * FROM lines")).rows];
    });
    assert.deepEqual(found, [records, records, records]);
  });
});

describe("models", () => {
  test("options name columns and classes, and check the file", async () => {
    const hash = createHash("sha256").update(fixture("models/scores.onnx")).digest("base64");
    const found = await inPage(async ({ PredictQL, failure }, hash) => {
      const db = new PredictQL();
      const scores = "/fixtures/models/scores.onnx";
      const inputs = { x: { columns: ["a", "b", "c"] } };
      const info = await db.registerModel("packed", scores, {
        inputs,
        labels: ["low", "mid", "high"],
        softmax: true,
        integrity: `sha256-${hash}`,
      });
      const rows = [{ a: 1, b: 2, c: 3 }];
      const [row] = (await db.predict("packed", rows)).rows;
      await db.registerModel("named", scores, { inputs, labels: "/fixtures/tables/labels.txt" });
      return {
        inputs: info.inputs.map(({ name }) => name),
        label: row.predicted_label,
        probabilities: [...row.predicted_label_probs].map(({ label, prob }) => [label, prob.toFixed(6)]),
        named: (await db.predict("named", rows)).rows[0].predicted_label,
        changed: (await failure(db.registerModel("m", scores, { integrity: `sha256-${"A".repeat(43)}=` }))).code,
        spelled: (await failure(db.registerModel("m", scores, { integrity: "md5-abc" }))).code,
        slip: await failure(db.registerModel("m", scores, { inputs: { y: { columns: ["a", "b", "c"] } } })),
        models: (await db.models()).map(({ name, format, operators }) => [
          name,
          format,
          Object.keys(operators).length > 0,
        ]),
      };
    }, hash);
    assert.deepEqual(found.inputs, ["a", "b", "c"]);
    assert.equal(found.label, "high");
    // softmax([1, 2, 3])
    assert.deepEqual(
      found.probabilities.toSorted(([one], [other]) => one.localeCompare(other)),
      [
        ["high", "0.665241"],
        ["low", "0.090031"],
        ["mid", "0.244728"],
      ],
    );
    assert.equal(found.named, "palace");
    assert.equal(found.changed, "checksum-mismatch");
    assert.equal(found.spelled, "invalid-option");
    assert.equal(found.slip.code, "invalid-option");
    assert.match(found.slip.hint, /did you mean `x`/);
    assert.deepEqual(found.models, [
      ["named", "ONNX", true],
      ["packed", "ONNX", true],
    ]);
  });

  test("the axis of the rows is said of an input", async () => {
    const found = await inPage(async ({ PredictQL, failure }) => {
      const db = new PredictQL();
      const model = "/fixtures/models/unclear_rows.onnx";
      const register = (inputs) => db.registerModel("m", model, { inputs });
      const refused = [];
      for (const inputs of [
        {},
        { x: { batchAxis: 3 } },
        { x: { batchAxis: 0.5 } },
        { z: { batchAxis: 1 } },
        { x: { batchaxis: 1 } },
      ]) {
        refused.push(await failure(register(inputs)));
      }
      await register({ x: { batchAxis: 1 } });
      const { shape, data } = (await (await fetch("/fixtures/expected/unclear_rows.json")).json()).inputs.x;
      const [count, ...row] = shape;
      const size = data.length / count;
      const rows = Array.from({ length: count }, (_, number) => ({
        row: number,
        x: { shape: row, data: data.slice(number * size, (number + 1) * size) },
      }));
      await db.registerTable("t", rows);
      const result = await db.query("SELECT y FROM ML.PREDICT(MODEL m, TABLE t) ORDER BY row");
      return { refused, y: result.rows.map(({ y }) => [...y]) };
    });
    const codes = ["unsupported-model-type", ...Array(3).fill("invalid-option"), "unknown-option"];
    assert.deepEqual(
      found.refused.map(({ code }) => code),
      codes,
    );
    assert.match(found.refused[4].hint, /batchAxis/);
    const wanted = expected("unclear_rows").onnxruntime.y;
    assert.equal(found.y.flat().length, wanted.data.length);
    for (const [at, value] of found.y.flat().entries()) assert.ok(Math.abs(value - wanted.data[at]) < 1e-5);
  });

  test("weights in files of their own come along, also to the next worker", async () => {
    const found = await inPage(async ({ mortal, failure }) => {
      const { db, die } = mortal();
      const model = "/fixtures/models/external_data.onnx";
      const alone = await failure(db.registerModel("m", model));
      const externalData = { "./external_data.bin": "/fixtures/models/external_data.bin" };
      await db.registerModel("m", model, { externalData });
      const predict = async () => [...(await db.predict("m", { x: [[1, 2, 3]] })).rows[0].y];
      const before = await predict();
      const requests = (await db.stats()).requests.length;
      die();
      return {
        alone: alone.code,
        before,
        after: await predict(),
        again: (await db.stats()).requests.length - requests,
      };
    });
    const wanted = expected("external_data").onnxruntime.y.data.slice(0, 300);
    assert.equal(found.alone, "external-data-missing");
    assert.deepEqual(found.before, wanted);
    assert.deepEqual(found.after, wanted);
    assert.equal(found.again, 0);
  });

  test("a plan is a tree, and with `analyze` has rows and times", async () => {
    const found = await inPage(async ({ irisDatabase, failure }) => {
      const db = await irisDatabase();
      const sql = "SELECT species FROM flowers WHERE petal_width > 1.5 LIMIT 3";
      const plan = await db.explain(sql);
      const { tree, timings } = await db.explain(sql, [], { analyze: true });
      const template = await db.sql`SELECT a FROM ${[{ a: 1 }]} WHERE a = ${1}`.explain();
      return {
        text: plan.text,
        ops: [plan.tree.op, plan.tree.children[0].op, plan.timings],
        measured: [tree.rows, typeof tree.ms, timings.total > 0],
        template: template.text.split("\n").length > 1,
        refused: (await failure(db.explain("DROP TABLE flowers"))).code,
        described: (await db.query("DESCRIBE flowers")).rows.length,
      };
    });
    assert.equal(
      found.text,
      [
        "Limit  3",
        "  Project  species",
        "    Filter  (petal_width > 1.5)",
        "      Scan  petal_width, species of 150 rows",
      ].join("\n"),
    );
    assert.deepEqual(found.ops, ["Limit", "Project", undefined]);
    assert.deepEqual(found.measured, [3, "number", true]);
    assert.equal(found.template, true);
    assert.equal(found.refused, "unsupported-syntax");
    assert.equal(found.described, 5);
  });
});

test("scripts branch and loop, each statement as often as it runs", async () => {
  const found = await inPage(async ({ mortal }) => {
    const { db, die } = mortal();
    const rows = async (sql) => (await db.exec(sql)).filter(({ numCols }) => numCols > 0).map(({ rows }) => rows);
    const skipped = await rows("IF FALSE THEN SELECT 1 AS n; END IF; SELECT 2 AS n");
    const looped = await rows(`DECLARE n INT64 DEFAULT 0;
      WHILE n < 3 DO SET n = n + 1; SELECT n; END WHILE;
      SELECT 'end' AS n`);
    const endless = await rows("LOOP SELECT 7 AS n; BREAK; END LOOP");
    await db.exec(`DECLARE n INT64 DEFAULT 0;
      CREATE TABLE squares (n INT64);
      LOOP SET n = n + 1; IF n > 4 THEN BREAK; END IF; INSERT INTO squares VALUES (n * n); END LOOP`);
    const count = "SELECT COUNT(*) AS n, SUM(n) AS sum FROM squares";
    const before = (await db.query(count)).rows;
    die();
    const after = (await db.query(count)).rows;
    return { skipped, looped, endless, before, after };
  });
  assert.deepEqual(found, {
    skipped: [[{ n: 2 }]],
    looped: [[{ n: 1 }], [{ n: 2 }], [{ n: 3 }], [{ n: "end" }]],
    endless: [[{ n: 7 }]],
    before: [{ n: 4, sum: 30 }],
    after: [{ n: 4, sum: 30 }],
  });
});

test("a statement is made again in the dialect that its whole text told", async () => {
  const found = await inPage(async ({ mortal }) => {
    const { db, die } = mortal();
    await db.registerTable("features", "/fixtures/tables/diabetes.csv");
    await db.query("CREATE TABLE models (data BYTES)");
    const model = new Uint8Array(await (await fetch("/fixtures/models/sql_edge.onnx")).arrayBuffer());
    await db.query("INSERT INTO models VALUES (?)", [model]);
    await db.exec(`CREATE TABLE halves (half FLOAT); INSERT INTO halves VALUES (7 / 2);
      SELECT p.variable1 FROM PREDICT(MODEL = (SELECT data FROM models), DATA = features AS d, RUNTIME = ONNX)
      WITH (variable1 FLOAT) AS p`);
    const look = async () => (await db.query("SELECT half FROM halves")).rows;
    const before = await look();
    die();
    return { before, after: await look() };
  });
  // Whole numbers are divided without a fraction in T-SQL alone.
  assert.deepEqual(found, { before: [{ half: 3 }], after: [{ half: 3 }] });
});

test("texts are checked and completed in the dialect that is said, with the tables that they make", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    await db.registerTable("flowers", [{ kind: "rose", petals: 5 }]);
    const text = "SELECT TOP 1 kind AS k INTO #first FROM flowers; SELECT k FROM #first; SELECT ";
    const script = `${text}LEN(k) AS n FROM #first`;
    const tsql = { dialect: "tsql" };
    const labels = async (...asked) => (await db.complete(...asked)).map(({ label }) => label);
    return {
      wrong: (await db.check(script)).diagnostics.length > 0,
      right: await db.check(script, tsql),
      offered: (await labels(`${text} FROM #first`, text.length, tsql)).slice(0, 1),
      tables: (await db.tables()).map(({ name }) => name),
      refused: (await failure(db.check(text, { dialect: "mysql" }))).code,
    };
  });
  assert.ok(found.wrong);
  assert.deepEqual(found.right.diagnostics, []);
  assert.deepEqual(
    found.right.columns.map(({ name }) => name),
    ["n"],
  );
  assert.deepEqual(found.offered, ["k"]);
  assert.deepEqual(found.tables, ["flowers"]);
  assert.equal(found.refused, "invalid-option");
});

test("what cannot be sent or is no text is refused, and the engine goes on", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    const bytes = new Uint8Array(8);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    const codes = [];
    for (const call of [
      () => db.query("SELECT ? AS v", [bytes]),
      () => db.query(undefined),
      () => db.check(null),
      () => db.prepare(1),
    ]) {
      codes.push((await failure(call())).code);
    }
    return { codes, rows: (await db.query("SELECT 1 AS n")).rows };
  });
  assert.deepEqual(found, { codes: Array(4).fill("unsupported-value"), rows: [{ n: 1 }] });
});

test("what SQL made outlives the worker that made it", async () => {
  let workers = 0;
  page.on("worker", () => workers++);
  const found = await inPage(async ({ mortal }) => {
    const { db, die } = mortal();
    await db.exec(`
      CREATE TABLE t (a INT64);
      INSERT INTO t VALUES (1), (2);
      CREATE VIEW v AS SELECT SUM(a) AS total FROM t`);
    await db.query("INSERT INTO t VALUES (?)", [4]);
    await db.sql`INSERT INTO t SELECT a FROM ${[{ a: 8 }]}`;
    await db.exec(`-- with a variable
      DECLARE n INT64 DEFAULT 16; CREATE TABLE u AS SELECT n AS n; INSERT INTO u VALUES (n * 2)`);
    await db.registerTable("source", [{ x: "first" }]);
    await db.query("CREATE TABLE copy AS SELECT x FROM source");
    await db.registerTable("source", [{ x: "second" }]);
    await db.registerFile("some.csv", new Blob(["c\n1\n"]));
    await db.query("CREATE EXTERNAL TABLE read OPTIONS (format = 'CSV', uris = ['some.csv'])");
    await db.registerFile("some.csv", new Blob(["c\n2\n"]));
    await db.registerFile("forest", await (await fetch("/fixtures/models/iris_rf.onnx")).blob());
    for (let times = 0; times < 2; times++) {
      await db.query("CREATE OR REPLACE MODEL m OPTIONS (model_type = 'ONNX', model_path = 'forest')");
    }
    await db.query("CREATE TABLE gone AS SELECT 1 AS a");
    await db.query("DROP TABLE gone");
    const look = async () => ({
      tables: (await db.tables()).map(({ name, kind }) => [name, kind]),
      models: (await db.models()).map(({ name }) => name),
      total: (await db.query("SELECT total FROM v")).rows[0].total,
      u: (await db.query("SELECT n FROM u ORDER BY n")).rows.map(({ n }) => n),
      texts: (await db.query("SELECT copy.x AS copy, source.x AS source FROM copy, source")).rows,
      read: (await db.query("SELECT c FROM read")).rows,
    });
    const before = await look();
    die();
    return { before, after: await look() };
  });
  const wanted = {
    tables: [
      ["copy", "table"],
      ["read", "table"],
      ["source", "table"],
      ["t", "table"],
      ["u", "table"],
      ["v", "view"],
    ],
    models: ["m"],
    total: 15,
    u: [16, 32],
    texts: [{ copy: "first", source: "second" }],
    read: [{ c: 1 }],
  };
  assert.deepEqual(found.before, wanted);
  assert.deepEqual(found.after, wanted);
  assert.equal(workers, 2);
});

test("memoryLimit bounds what a query holds, and the next one has all of it", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const rows = "(SELECT n, LPAD(CAST(n AS STRING), 500, 'x') AS t FROM UNNEST(GENERATE_ARRAY(1, 10000)) AS n)";
    const sorted = `SELECT MAX(r) AS c FROM (SELECT t, ROW_NUMBER() OVER (ORDER BY t) AS r FROM ${rows})`;
    const refusals = await Promise.all(
      [0, 1.5, "1 GB"].map((memoryLimit) =>
        Promise.resolve()
          .then(() => new PredictQL({ memoryLimit }).query("SELECT 1"))
          .catch((error) => error.code),
      ),
    );
    const db = new PredictQL({ memoryLimit: 1 << 20 });
    const refused = await db.query(sorted).catch(({ code, message, hint }) => ({ code, message, hint }));
    const next = (await db.query("SELECT 1 AS one")).rows;
    const whole = (await new PredictQL().query(sorted)).rows;
    return { refusals, refused, next, whole };
  });
  assert.deepEqual(found.refusals, Array(3).fill("invalid-option"));
  assert.equal(found.refused.code, "limit-exceeded");
  assert.match(found.refused.message, /OVER would hold more than 1 MiB/);
  assert.match(found.refused.hint, /memoryLimit/);
  assert.deepEqual(found.next, [{ one: 1 }]);
  assert.deepEqual(found.whole, [{ c: 10000 }]);
});
