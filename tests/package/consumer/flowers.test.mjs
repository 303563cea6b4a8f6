// The tests of somebody who uses the package: nothing here closes the database.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { PredictError, PredictQL } from "predictql";

const sql = "SELECT label FROM ML.PREDICT(MODEL iris, TABLE flowers) WHERE species = ? LIMIT 1";

for (const worker of [undefined, "inline"]) {
  test(`predictions from files, worker: ${worker}`, async () => {
    const db = new PredictQL({ worker, network: "same-origin" });
    await db.registerModel("iris", "iris.onnx");
    await db.registerTable("flowers", pathToFileURL("iris.csv"));
    assert.deepEqual((await db.query(sql, ["virginica"])).rows, [{ label: 2 }]);
    await db.exec("CREATE OR REPLACE MODEL iris OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'iris.onnx')");
    assert.deepEqual((await (await db.prepare(sql)).query(["setosa"])).rows, [{ label: 0 }]);
    const requests = (await db.stats()).requests.map(({ reason }) => reason);
    // In Node an engine is read whole: both its files.
    assert.deepEqual(requests.toSorted(), ["data", "engine", "engine", "model", "model"]);
    await db.registerTable("photos", ["iris.csv"], { format: "images" });
    assert.deepEqual((await db.query("SELECT content_type, size FROM photos")).rows, [
      { content_type: "text/csv", size: (await readFile("iris.csv")).length },
    ]);
  });

  test(`sources of Node and refusals, worker: ${worker}`, async () => {
    const db = new PredictQL({ worker });
    await db.registerModel("iris", await readFile("iris.onnx"));
    await db.registerTable("flowers", new File([await readFile("iris.csv")], "iris.csv"));
    assert.equal((await db.query("SELECT COUNT(*) AS n FROM flowers")).rows[0].n, 150);
    const code = (promise) => promise.then(assert.fail, (error) => error instanceof PredictError && error.code);
    assert.equal(await code(db.registerModel("m", "none.onnx")), "network-failed");
    assert.equal(await code(db.registerModel("m", ".")), "network-failed");
    const shut = new PredictQL({ worker, network: "deny" });
    assert.equal(await code(shut.registerModel("m", "iris.onnx")), "network-denied");
  });
}
