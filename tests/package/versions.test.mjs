// Versions of models from JavaScript: traffic, comparisons, the log, news of the catalog, and results as texts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { inPage } from "./page.mjs";

const expected = (name) => JSON.parse(readFileSync(new URL(`../fixtures/expected/${name}.json`, import.meta.url)));

test("rows are divided among versions, compared and logged", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    await db.registerTable("iris", "/fixtures/tables/iris.csv");
    await db.registerModel("m", "/fixtures/models/iris_rf_strings.onnx", { version: 1, alias: "champion" });
    await db.registerModel("m", "/fixtures/models/iris_second.onnx", { version: 2, alias: "challenger" });
    const shadow = await db.query(`SELECT COUNTIF(label_champion <> label_challenger) AS apart
      FROM ML.PREDICT(MODEL m, TABLE iris, STRUCT(['champion', 'challenger'] AS compare))`);
    await db.query(
      "ALTER MODEL m SET OPTIONS (traffic_split = [('champion', 50), ('challenger', 50)], traffic_key = 'id')",
    );
    const routed =
      "SELECT model_version, COUNT(*) AS n FROM ML.PREDICT(MODEL m, (SELECT *, ROW_NUMBER() OVER () AS id FROM iris))";
    const [, , labelled] = await db.exec(`SET @@query_label = 'experiment:split'; ${routed} GROUP BY 1 ORDER BY 1;
      SELECT labels, rows_in, state, ARRAY_LENGTH(referenced_models) AS models FROM INFORMATION_SCHEMA.JOBS WHERE job_id = @@last_job_id`);
    const job = await db.query("SELECT * FROM INFORMATION_SCHEMA.JOBS WHERE query LIKE @text", {
      text: "%GROUP BY 1 ORDER%",
    });
    const secret = await db.query(
      "SELECT COUNT(*) AS n FROM INFORMATION_SCHEMA.JOBS WHERE query LIKE '%@text' AND TO_JSON_STRING(labels) LIKE '%GROUP%'",
    );
    const { rows_in, rows_out, start_time, end_time, referenced_models } = job.rows[0];
    return {
      apart: shadow.rows[0].apart,
      label: labelled.rows[0].labels[0],
      rows_in,
      rows_out,
      isOrdered: start_time <= end_time && Math.abs(end_time - Date.now()) < 60_000,
      versions: referenced_models.map(({ version, alias }) => [version, alias]),
      secret: secret.rows[0].n,
    };
  });
  assert.deepEqual(found, {
    apart: 4,
    label: { key: "experiment", value: "split" },
    rows_in: 150,
    rows_out: 2,
    isOrdered: true,
    versions: [
      [1, "champion"],
      [2, "challenger"],
    ],
    secret: 0,
  });
});

test("whoever listens hears of every change of the catalog, and of nothing else", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const heard = [];
    let count = 0;
    const stop = db.on("catalogchange", () => count++);
    const after = async (what, work) => {
      count = 0;
      await work();
      await new Promise((resolve) => setTimeout(resolve));
      heard.push([what, count > 0]);
    };
    const url = "/fixtures/models/iris_second.onnx";
    await after("table", () => db.registerTable("t", [{ x: 1 }]));
    await after("query", () => db.query("SELECT x FROM t"));
    await after("rows in a template", () => db.sql`SELECT x FROM ${[{ x: 2 }]}`);
    await after("insert", () => db.query("INSERT INTO t (x) VALUES (3)"));
    await after("model", () => db.registerModel("m", url));
    await after("version", () => db.registerModel("m", url, { version: 2 }));
    await after("alias", () => db.setModelAlias("m", "champion", 1));
    await after("dropped version", () => db.dropModel("m@2"));
    await after("dropped table", () => db.dropTable("t"));
    stop();
    await after("nobody listens", () => db.dropModel("m"));
    const refusals = [];
    for (const [event, listener] of [["change", () => {}], ["catalogchange"]]) {
      try {
        db.on(event, listener);
      } catch (error) {
        refusals.push(error.code);
      }
    }
    return { heard, refusals };
  });
  assert.deepEqual(found, {
    heard: [
      ["table", true],
      ["query", false],
      ["rows in a template", false],
      ["insert", true],
      ["model", true],
      ["version", true],
      ["alias", true],
      ["dropped version", true],
      ["dropped table", true],
      ["nobody listens", false],
    ],
    refusals: ["invalid-option", "invalid-option"],
  });
});

test("results are written as CSV and JSON that say the same", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const result = await db.query(
      `SELECT 9007199254740993 AS big, 'a "b", c' AS text, '' AS nothing, CAST(NULL AS STRING) AS missing, DATE '2024-03-01' AS day,
        TIMESTAMP '2024-03-01 12:00:00.5' AS moment, DATETIME '2024-03-01 12:00:00' AS local, [1, 2] AS list, STRUCT(1.5 AS x) AS s, b'ab' AS bytes`,
      [],
      { int64: "bigint" },
    );
    const csv = result.toCSV();
    await db.registerTable("back", new File([csv], "back.csv"));
    const back = await db.query("SELECT big, text, nothing, missing, CAST(day AS STRING) AS day FROM back", [], {
      int64: "string",
    });
    const codes = [];
    for (const options of [{ delimiter: ";;" }, { heading: true }]) {
      try {
        result.toCSV(options);
      } catch (error) {
        codes.push(error.code);
      }
    }
    const short = await db.query("SELECT 1 AS a, 'x;y' AS b");
    return {
      csv,
      json: JSON.parse(JSON.stringify(result)),
      back: back.rows[0],
      codes,
      plain: short.toCSV({ header: false, delimiter: ";" }),
    };
  });
  assert.equal(
    found.csv,
    `big,text,nothing,missing,day,moment,local,list,s,bytes
9007199254740993,"a ""b"", c","",,2024-03-01,2024-03-01T12:00:00.500Z,2024-03-01T12:00:00.000,"[1,2]","{""x"":1.5}",YWI=
`,
  );
  assert.deepEqual(found.json, [
    {
      big: "9007199254740993",
      text: 'a "b", c',
      nothing: "",
      missing: null,
      day: "2024-03-01",
      moment: "2024-03-01T12:00:00.500Z",
      local: "2024-03-01T12:00:00.000",
      list: [1, 2],
      s: { x: 1.5 },
      bytes: "YWI=",
    },
  ]);
  assert.deepEqual(found.back, {
    big: "9007199254740993",
    text: 'a "b", c',
    nothing: "",
    missing: null,
    day: "2024-03-01",
  });
  assert.deepEqual(found.codes, ["invalid-option", "unknown-option"]);
  assert.equal(found.plain, '1;"x;y"\n');
});

test("folders of MLflow are models with named columns, rows to try and words about them", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    await db.registerTable("iris", "/fixtures/tables/iris.csv");
    const zip = async (name) => (await fetch(`/fixtures/mlflow/${name}.zip`)).blob();
    await db.registerModel("flowers", await zip("onnx"), { alias: "champion" });
    const labels = await db.query("SELECT output_label FROM ML.PREDICT(MODEL flowers@champion, TABLE iris)");
    const tried = await db.query(
      "SELECT output_label, petal_width FROM ML.PREDICT(MODEL flowers, TABLE flowers_example)",
    );
    const about = await db.query(
      "SELECT description, labels FROM INFORMATION_SCHEMA.MODEL_VERSIONS WHERE model_name = 'flowers'",
    );
    const values = {};
    for (const name of ["xgboost", "lightgbm"]) {
      await db.registerModel(name, `/fixtures/mlflow/${name}.zip`);
      const result = await db.query(`SELECT * FROM ML.PREDICT(MODEL ${name}, TABLE iris)`);
      values[name] = [...result.getChild(result.columns[0]).toArray()];
    }
    const refused = await db
      .registerModel("m", await zip("sklearn"))
      .catch(({ code, message, hint }) => ({ code, message, hint }));
    const onnx = await (await fetch("/fixtures/models/iris_rf.onnx")).blob();
    const folder = (text) => [new File([text], "MLmodel"), new File([onnx], "model.onnx")];
    const mlmodel = `flavors:
  onnx: {}
  python_function:
    data: model.onnx
`;
    const codes = [];
    for (const text of [
      mlmodel,
      mlmodel.replace("{}", "\n    data: other.onnx"),
      "signature:\n  inputs: '[{'\nflavors:\n  onnx:\n    data: model.onnx\n",
    ]) {
      codes.push(
        await db.registerModel("m", folder(text)).then(
          () => "there",
          ({ code }) => code,
        ),
      );
    }
    // Inputs with the names of the columns are not packed, whatever stands around them in the file.
    const inputs = ["sepal_length", "sepal_width", "petal_length", "petal_width"].map((name) => ({
      name,
      type: "double",
    }));
    const named = `# a comment
artifact_path: model
flavors:
  onnx:
    data: model.onnx
    providers:
    - - CUDAExecutionProvider
      - device: 0
signature:
  inputs: '${JSON.stringify(inputs).replace(",{", ",\n\n    {")}'
  outputs: "a \\"quoted: text\\"
    in two lines"
metadata: null
utc_time_created: '2026-01-01 it''s late'
`;
    await db.registerModel("named", folder(named));
    const rows = await db.query("SELECT label FROM ML.PREDICT(MODEL named, TABLE iris) LIMIT 2");
    const [{ description }] = (
      await db.query("SELECT description FROM INFORMATION_SCHEMA.MODEL_VERSIONS WHERE model_name = 'named'")
    ).rows;
    return {
      labels: labels.rows.map(({ output_label }) => output_label),
      tried: tried.rows,
      about: about.rows[0].description,
      labelled: about.rows[0].labels,
      values,
      refused,
      codes,
      named: rows.rows,
      description,
    };
  });
  assert.deepEqual(found.labels, expected("iris_packed").labels);
  assert.deepEqual(found.tried, [
    { output_label: "setosa", petal_width: 0.2 },
    { output_label: "setosa", petal_width: 0.2 },
    { output_label: "setosa", petal_width: 0.2 },
  ]);
  assert.equal(found.about, "MLflow model 0123456789abcdef0123456789abcdef of 2026-11-28 00:06:53.880352");
  assert.deepEqual(found.labelled, [
    { key: "season", value: "3" },
    { key: "team", value: "garden" },
  ]);
  for (const [name, wanted] of Object.entries(expected("mlflow"))) {
    assert.equal(found.values[name].length, wanted.length);
    for (const [row, value] of wanted.entries()) {
      assert.ok(
        Math.abs(found.values[name][row] - value) < 1e-6,
        `${name}, row ${row}: ${found.values[name][row]}, not ${value}`,
      );
    }
  }
  assert.equal(found.refused.code, "unsupported-source");
  assert.match(found.refused.message, /`sklearn`/);
  assert.match(found.refused.hint, /mlflow\.onnx\.log_model/);
  assert.deepEqual(found.codes, ["unsupported-source", "no-such-file", "invalid-json"]);
  assert.deepEqual(found.named, [{ label: 0 }, { label: 0 }]);
  assert.equal(found.description, "MLflow model 2026-01-01 it's late");
});

test("a model of MLflow's that cannot predict its own example is not registered", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    const onnx = await (await fetch("/fixtures/models/iris_rf.onnx")).blob();
    const mlmodel = `flavors:
  onnx:
    data: model.onnx
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
`;
    const columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
    const folder = (columns) => [
      new File([mlmodel], "MLmodel"),
      new File([onnx], "model.onnx"),
      new File(
        [JSON.stringify({ columns, data: [[5.1, 3.5, 1.4, 0.2].slice(0, columns.length)] })],
        "input_example.json",
      ),
    ];
    const refused = await failure(db.registerModel("m", folder(columns.slice(0, 3))));
    const none = (await db.models()).length;
    await db.registerModel("m", folder(columns), { alias: "champion" });
    const second = await failure(db.registerModel("m", folder(columns.slice(1)), { version: 2 }));
    const versions = (await db.models()).map(({ version, aliases }) => [version, aliases]);
    const tables = (await db.tables()).map(({ name }) => name);
    return { refused, none, second: second.code, versions, tables };
  });
  assert.equal(found.refused.code, "self-test-failed");
  assert.match(found.refused.detail, /petal_width/);
  assert.deepEqual(
    [found.none, found.second, found.versions, found.tables],
    [0, "self-test-failed", [[1, ["champion"]]], ["m_example"]],
  );
});

test("versions of a registry of MLflow's come by its REST interface, where the page allows it", async () => {
  // What mlflow 3.17.2 has answered: tests/fixtures/makers/mlflow_registry.py.
  const { answers, artifacts } = expected("mlflow_registry");
  const registry = createServer(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    searchParams.sort();
    const key = `${pathname}?${searchParams}`;
    const file = artifacts[pathname];
    const known = key in answers || file !== undefined;
    response.writeHead(known ? 200 : 404, { "content-type": file ? "application/octet-stream" : "application/json" });
    response.end(
      file ? Buffer.from(file, "base64") : JSON.stringify(answers[key] ?? { error_code: "RESOURCE_DOES_NOT_EXIST" }),
    );
  });
  await new Promise((resolve) => registry.listen(0, "127.0.0.1", resolve));
  try {
    const origin = `http://127.0.0.1:${registry.address().port}`;
    const found = await inPage(async ({ PredictQL, failure }, origin) => {
      const db = new PredictQL();
      await db.registerTable("iris", "/fixtures/tables/iris.csv");
      await db.registerModel("flowers", `${origin}/#models:/iris@champion`);
      await db.registerModel("second", `${origin}/#models:/iris/2`);
      await db.registerModel("last", `${origin}/#models:/iris/latest`);
      await db.query(
        `CREATE MODEL in_sql OPTIONS (MODEL_PATH = 'models:/iris@champion', REGISTRY_URI = '${origin}',
          input_columns = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'])`,
      );
      const labels = async (model) =>
        (await db.query(`SELECT output_label FROM ML.PREDICT(MODEL ${model}, TABLE iris)`))
          .getChild("output_label")
          .toArray()
          .join();
      const all = [await labels("flowers"), await labels("in_sql")];
      const sha256 = Object.fromEntries((await db.models()).map((model) => [model.name, model.sha256]));
      const closed = new PredictQL({ network: "same-origin" });
      const denied = await failure(closed.registerModel("m", `${origin}/#models:/iris@champion`));
      const unknown = await failure(db.registerModel("m", `${origin}/#models:/iris@nobody`));
      const slip = await failure(db.registerModel("m", `${origin}/#models:/iris`));
      return {
        isSame: all[0] === all[1],
        count: all[0].split(",").length,
        sha256,
        codes: [denied.code, unknown.code, slip.code],
      };
    }, origin);
    assert.ok(found.isSame && found.count === 150);
    const { flowers, in_sql, second, last } = found.sha256;
    assert.deepEqual([flowers === in_sql, second === last, flowers === second], [true, true, false]);
    assert.deepEqual(found.codes, ["network-denied", "network-failed", "unsupported-source"]);
  } finally {
    registry.close();
  }
});
