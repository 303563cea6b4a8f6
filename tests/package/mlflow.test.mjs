// MLflow itself: its server's registry, as pages read it, and its library, as it opens what pages export.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { inPage } from "./page.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const python = process.env.PREDICTQL_MLFLOW ?? join(root, "target/python/tests-package-mlflow/bin/python");

let server;
let lines;
let origin;

before(async () => {
  assert.ok(existsSync(python), "MLflow is not installed: `cargo xtask test` does that");
  server = spawn(python, [fileURLToPath(new URL("mlflow/server.py", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  origin = (await lines.next()).value;
  assert.match(origin ?? "", /^http:/);
});
after(async () => {
  server?.stdin.end();
  await new Promise((resolve) => server?.on("exit", resolve) ?? resolve());
});

test("versions come from a registry by their names, where the page allows it", async () => {
  const found = await inPage(async ({ PredictQL, failure }, origin) => {
    const db = new PredictQL();
    await db.registerTable("iris", "/fixtures/tables/iris.csv");
    await db.query(
      `CREATE MODEL in_sql OPTIONS (MODEL_PATH = 'models:/iris@champion', REGISTRY_URI = '${origin}',
        input_columns = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'])`,
    );
    await db.registerModel("flowers", `${origin}/#models:/iris@champion`);
    await db.registerModel("second", `${origin}/#models:/iris/2`);
    await db.registerModel("last", `${origin}/#models:/iris/latest`);
    const labels = async (model) =>
      (await db.query(`SELECT output_label FROM ML.PREDICT(MODEL ${model}, TABLE iris)`))
        .getChild("output_label")
        .toArray();
    const tried = await db.query("SELECT COUNT(*) AS n FROM ML.PREDICT(MODEL flowers, TABLE flowers_example)");
    const sha256 = Object.fromEntries((await db.models()).map((model) => [model.name, model.sha256]));
    const closed = new PredictQL({ network: "same-origin" });
    const denied = await failure(closed.registerModel("m", `${origin}/#models:/iris@champion`));
    const unknown = await failure(db.registerModel("m", `${origin}/#models:/iris@nobody`));
    return {
      labels: [[...(await labels("in_sql"))], [...(await labels("flowers"))]],
      tried: tried.rows[0].n,
      sha256,
      codes: [denied.code, unknown.code],
    };
  }, origin);
  const { labels } = JSON.parse(readFileSync(new URL("../fixtures/expected/iris_packed.json", import.meta.url)));
  assert.deepEqual(found.labels, [labels, labels]);
  assert.equal(found.tried, 3);
  const { in_sql, flowers, second, last } = found.sha256;
  assert.deepEqual([in_sql === flowers, second === last, flowers === second], [true, true, false]);
  assert.deepEqual(found.codes, ["network-denied", "network-failed"]);
});

test("what a page exports is a model to MLflow", async () => {
  const zips = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    await db.registerModel("flowers", "/fixtures/mlflow/onnx.zip", { alias: "champion" });
    await db.query("ALTER MODEL flowers SET OPTIONS (description = 'the first line\\nand the second')");
    // Files of the same bytes, over columns of other names.
    await db.registerModel("other", "/fixtures/mlflow/onnx.zip");
    await db.query("ALTER MODEL other SET OPTIONS (input_columns = ['a', 'b', 'c', 'd'])");
    const bytes = async (name) => [...new Uint8Array(await (await db.exportModel(name)).arrayBuffer())];
    return [await bytes("flowers@champion"), await bytes("other")];
  });
  const told = [];
  for (const zip of zips) {
    const folder = await mkdtemp(join(tmpdir(), "mlflow-"));
    await writeFile(join(folder, "model.zip"), Buffer.from(zip));
    execFileSync(python, ["-m", "zipfile", "-e", join(folder, "model.zip"), folder]);
    server.stdin.write(`${folder}\n`);
    told.push(JSON.parse((await lines.next()).value));
  }
  const [flowers, other] = told;
  assert.deepEqual(flowers.flavors, ["onnx", "python_function"]);
  assert.deepEqual(flowers.inputs, ["sepal_length", "sepal_width", "petal_length", "petal_width"]);
  assert.deepEqual(other.inputs, ["a", "b", "c", "d"]);
  assert.equal(flowers.metadata.predictql_model, "flowers");
  assert.equal(flowers.metadata.team, "garden");
  assert.equal(flowers.metadata.description, "the first line\nand the second");
});
