// Tensors as people have them: lists in lists, typed arrays, shapes with data, and what a query gave before. `rank4` doubles
// its input of shape [N, 2, 2, 3] and gives the mean of each row; `words` looks ids up in a table of onnxruntime's test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inPage } from "./page.mjs";

const doubled = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22];

test("a parameter or a cell is a tensor in every form, and so is what a query gave", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    await db.registerModel("m", "/fixtures/models/rank4.onnx");
    const flat = Float32Array.from({ length: 12 }, (_, index) => index);
    const at = (...place) => place.reduce((sum, index, level) => sum + index * [6, 3, 1][level], 0);
    const nested = [0, 1].map((i) => [0, 1].map((j) => [0, 1, 2].map((k) => at(i, j, k))));
    class Tensor {
      dims = [2, 2, 3];
      type = "float32";
      get data() {
        return flat;
      }
    }
    const forms = {
      nested,
      rows: [0, 1].map((i) => [0, 1].map((j) => new Int16Array([0, 1, 2].map((k) => at(i, j, k))))),
      flat,
      list: Array.from(flat),
      wide: new BigInt64Array(12).map((_, index) => BigInt(index)),
      shaped: { shape: [2, 2, 3], data: flat },
      bytes: { dimensions: [2, 2, 3], values: new Uint8Array(flat) },
      other: new Tensor(),
    };
    const answers = {};
    for (const [name, input] of Object.entries(forms)) {
      const sql = "SELECT doubled FROM ML.PREDICT(MODEL m, (SELECT @input AS input))";
      const byParameter = (await db.query(sql, { input })).at(0).doubled;
      const byRow = (await db.predict("m", [{ input }])).at(0).doubled;
      const again = (await db.query(sql, { input: byRow })).at(0).doubled;
      const byTemplate = (await db.sql`SELECT mean FROM ML.PREDICT(MODEL m, (SELECT ${byRow} AS input))`).at(0).mean;
      answers[name] = [byParameter, byRow].map(({ shape, data }) => [Array.from(shape, Number), Array.from(data)]);
      answers[name].push(Array.from(again.data), byTemplate);
    }
    return answers;
  });
  for (const [name, answers] of Object.entries(found)) {
    const once = [[2, 2, 3], doubled];
    assert.deepEqual(answers, [once, once, doubled.map((value) => 2 * value), 11], name);
  }
});

test("a large parameter is one constant, and lists of unlike lengths are refused by their place", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const picture = new Float32Array(3 * 640 * 640).fill(0.5);
    const sum = "SELECT ARRAY_LENGTH(@x) AS n, (SELECT SUM(v) FROM UNNEST(@x) AS v) AS sum";
    const [one, other] = [await db.query(sum, { x: picture }), await db.query(sum, { x: Array.from(picture) })];
    const codeOf = (x) => db.query("SELECT ?", [x]).then(String, ({ code, message }) => [code, message]);
    const itself = [];
    itself.push(itself);
    return [one.at(0), other.at(0), await codeOf([[1, 2], [3]]), (await codeOf(itself))[0], await codeOf(new Map())];
  });
  assert.deepEqual(found, [
    { n: 1228800, sum: 614400 },
    { n: 1228800, sum: 614400 },
    ["unsupported-value", "parameter 1 holds lists of 2 and of 1"],
    "unsupported-value",
    ["unsupported-value", "parameter 1 holds an object of class `Map`"],
  ]);
});

test("free dimensions are fixed by their names", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const info = await db.registerModel("m", "/fixtures/models/words.onnx", { freeDimensions: { L: 4 } });
    const slip = await db
      .registerModel("n", "/fixtures/models/words.onnx", { freeDimensions: { M: 4 } })
      .catch(({ code }) => code);
    const { mean } = (await db.predict("m", [{ ids: [1, 2, 3, 4] }])).at(0);
    return [info.inputs[0].shape, slip, mean[0]];
  });
  assert.deepEqual(found, [["N", 4], "invalid-option", 160]);
});
