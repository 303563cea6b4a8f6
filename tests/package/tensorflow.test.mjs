// Models of TensorFlow's through the package: folders, zips and addresses, and what is fetched for them.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { PredictQL } from "../../pkg/node.js";
import { inPage, page } from "./page.mjs";
import { zip } from "./zip.mjs";

const fixtures = join(import.meta.dirname, "../fixtures");
const folder = join(fixtures, "tensorflow/functions");
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => [path.slice(folder.length + 1), readFileSync(path)]);

const { inputs, tensorflow } = JSON.parse(readFileSync(join(fixtures, "expected/tensorflow_functions.json"), "utf8"));
const first = inputs.x.data.slice(0, 4);
/** What TensorFlow says of the first row: the product with the weights. */
const product = tensorflow.product.data.slice(0, 3);

const ask = "SELECT product FROM ML.PREDICT(MODEL m, (SELECT @x AS x))";

function assertProduct({ rows }) {
  const found = [...rows[0].product];
  assert.equal(found.length, product.length);
  for (const [place, value] of found.entries()) assert.ok(Math.abs(value - product[place]) < 1e-5, `${found}`);
}

describe("in Node", () => {
  const sources = {
    "a list of files": files.map(([path, bytes]) => {
      const file = new File([bytes], path.split("/").at(-1));
      return Object.defineProperty(file, "webkitRelativePath", { value: `functions/${path}` });
    }),
    "a zip": zip(files),
    "an address": pathToFileURL(`${folder}/`),
  };
  for (const [what, source] of Object.entries(sources)) {
    test(`${what} is a model`, async () => {
      const db = new PredictQL();
      const { format } = await db.registerModel("m", source);
      assert.equal(format, "TENSORFLOW");
      assertProduct(await db.query(ask, { x: first }));
      await db.close();
    });
  }

  test("a signature is chosen, and one that is not there is told", async () => {
    const db = new PredictQL({ worker: "inline" });
    const { outputs } = await db.registerModel("m", sources["a zip"], { signature: "total" });
    assert.deepEqual(
      outputs.map(({ name }) => name),
      ["total"],
    );
    await assert.rejects(db.registerModel("m", sources["a zip"], { signature: "sum" }), {
      code: "invalid-option",
      message: "the model has no signature `sum`",
      hint: "write signature = one of `serving_default`, `total`",
    });
    await db.close();
  });

  test("what another converter has made is made again", async () => {
    const copies = new Map();
    const cache = {
      match: async (url) => copies.get(url)?.clone(),
      put: async (url, response) => void copies.set(url, response),
    };
    const isConverted = async () => {
      const db = new PredictQL({ cache });
      await db.registerModel("m", sources["a zip"]);
      assertProduct(await db.query(ask, { x: first }));
      const { requests } = await db.stats();
      await db.close();
      return requests.some(({ url }) => url.endsWith("formats.wasm"));
    };
    assert.deepEqual([await isConverted(), await isConverted()], [true, false]);
    for (const [url, { headers }] of copies) {
      const other = new Headers(headers);
      other.set("etag", "another converter");
      copies.set(url, new Response("no model", { headers: other }));
    }
    assert.deepEqual([await isConverted(), await isConverted()], [true, false]);
  });

  test("a zip has a checksum, a folder has none", async () => {
    const db = new PredictQL();
    const integrity = "0".repeat(64);
    await assert.rejects(db.registerModel("m", sources["a zip"], { integrity }), { code: "checksum-mismatch" });
    await assert.rejects(db.registerModel("m", sources["a list of files"], { integrity }), { code: "invalid-option" });
    await db.close();
  });

  test("a zip of something else is still told to be one", async () => {
    const db = new PredictQL();
    await assert.rejects(db.registerModel("m", zip([["weights.bin", Buffer.from("1")]])), {
      code: "not-onnx",
      message: "expected an ONNX model, the file is a zip archive",
    });
    await db.close();
  });
});

describe("TensorFlow Lite", () => {
  const read = (name) => readFileSync(join(fixtures, name));
  const { inputs, litert } = JSON.parse(read("expected/lite_mobilenet_v1.json"));
  const picture = { shape: [17, 17, 3], data: inputs.picture.data.slice(0, 17 * 17 * 3) };
  const scores = litert.output_0.data.slice(0, 4);
  const labels = ["ant", "bee", "cow", "dog"];
  const beside = Buffer.from(labels.join("\n"));
  const sources = {
    "a file": [read("lite/described.tflite"), ["cat", "dog", "bird", "fish"]],
    "a file with its labels in a list": [
      [new File([read("lite/mobilenet_v1.tflite")], "m.tflite"), new File([beside], "labels.txt")],
      labels,
    ],
    "a zip": [
      zip([
        ["m.tflite", read("lite/mobilenet_v1.tflite")],
        ["labels.txt", beside],
      ]),
      labels,
    ],
  };
  for (const [what, [source, names]] of Object.entries(sources)) {
    test(`${what} is a model with labels`, async () => {
      const db = new PredictQL();
      const { format } = await db.registerModel("m", source);
      assert.equal(format, "TENSORFLOW_LITE");
      const { rows } = await db.query("SELECT * FROM ML.PREDICT(MODEL m, (SELECT @picture AS picture))", { picture });
      assert.equal(rows[0].predicted_label, names[scores.indexOf(Math.max(...scores))]);
      for (const [place, value] of [...rows[0].output_0].entries()) assert.ok(Math.abs(value - scores[place]) < 1e-5);
      await db.close();
    });
  }

  test("BigQuery's statement names a registered file, and a custom operator is refused by name", async () => {
    const db = new PredictQL();
    await db.registerFile("gs://bucket/m.tflite", new Blob([read("lite/numbers.tflite")]));
    await db.registerFile("gs://bucket/custom.tflite", new Blob([read("lite/refused/custom.tflite")]));
    const create = (path) =>
      `CREATE MODEL m OPTIONS (MODEL_TYPE = 'TENSORFLOW_LITE', MODEL_PATH = 'gs://bucket/${path}')`;
    await db.query(create("m.tflite"));
    await assert.rejects(db.query(create("custom.tflite").replace("MODEL m", "MODEL n")), {
      code: "unsupported-operator",
      hint: "convert it with `python -m tf2onnx.convert --tflite gs://bucket/custom.tflite --output model.onnx`",
    });
    await db.close();
  });
});

for (const worker of [undefined, "inline"]) {
  test(`BigQuery's statement runs as it is written in a page (${worker ?? "its worker"})`, async () => {
    const { before, after, result, refused } = await inPage(
      async ({ PredictQL, failure }, [paths, ask, x, worker]) => {
        const db = new PredictQL({ worker });
        const fetched = async () =>
          (await db.stats()).requests.map(({ url }) => url.split("/").at(-1)).filter((name) => name === "formats.wasm");
        await db.registerModel("iris", "/fixtures/models/iris_rf.onnx");
        const before = await fetched();
        for (const path of paths) {
          await db.registerFile(`gs://bucket/functions/${path}`, `/fixtures/tensorflow/functions/${path}`);
        }
        const create = (path) =>
          `CREATE OR REPLACE MODEL m OPTIONS (MODEL_TYPE = 'TENSORFLOW', MODEL_PATH = 'gs://bucket/${path}/*')`;
        await db.query(create("functions"));
        const { rows } = await db.query(ask, { x });
        await db.registerFile("gs://bucket/half/saved_model.pb", "/fixtures/tensorflow/functions/saved_model.pb");
        const { code, message, position } = await failure(db.query(create("half")));
        const isAtPath = position === create("half").indexOf("'gs:");
        const result = { rows: rows.map(({ product }) => ({ product: [...product] })) };
        return { before, after: await fetched(), result, refused: { code, message, isAtPath } };
      },
      [files.map(([path]) => path), ask, first, worker],
    );
    assert.deepEqual([before, after], [[], ["formats.wasm"]]);
    assertProduct(result);
    assert.deepEqual(refused, {
      code: "external-data-missing",
      message: "the model's file `variables/variables.index` is missing",
      isAtPath: true,
    });
  });
}

/** Makes a page's next visit; answers whether the model was converted, what it says, and where the ONNX files that are kept are from. */
const visit = async (changes) => {
  await page.goto(page.url());
  return inPage(
    async ({ PredictQL }, { paths, ask, x, options = {}, model = {}, beside, bySql = false }) => {
      const db = new PredictQL(options);
      const read = async (path) => (await fetch(`/fixtures/tensorflow/functions/${path}`)).arrayBuffer();
      const files = await Promise.all(paths.map(async (path) => new File([await read(path)], path)));
      if (beside !== undefined) files.push(new File([beside], "labels.txt"));
      if (bySql) {
        for (const file of files) await db.registerFile(`gs://bucket/functions/${file.name}`, file);
        await db.query("CREATE MODEL m OPTIONS (MODEL_TYPE = 'TENSORFLOW', MODEL_PATH = 'gs://bucket/functions/*')");
      } else {
        for (const file of files)
          Object.defineProperty(file, "webkitRelativePath", { value: `functions/${file.name}` });
        await db.registerModel("m", files, model);
      }
      const { rows } = model.signature ? { rows: [] } : await db.query(ask, { x });
      const { requests } = await db.stats();
      return {
        isConverted: requests.some(({ url }) => url.endsWith("formats.wasm")),
        rows: rows.map(({ product }) => ({ product: [...product] })),
        kept: (await db.cache.keys()).map(({ url }) => new URL(url).host),
      };
    },
    { paths: files.map(([path]) => path), ask, x: first, ...changes },
  );
};

test("a folder is converted once, and again where something is different", async () => {
  const cases = [
    [{ options: { cache: false } }, true, 0],
    [{}, true, 1],
    [{}, false, 1],
    [{ model: { signature: "total" } }, true, 2],
    [{ model: { signature: "total" } }, false, 2],
    [{ beside: "cat" }, true, 3],
    [{ beside: "dog" }, true, 4],
    [{ beside: "cat" }, false, 4],
    [{ bySql: true }, true, 5],
    [{ bySql: true }, false, 5],
    [{ options: { cache: false } }, true, 0],
  ];
  for (const [index, [changes, isConverted, count]] of cases.entries()) {
    const { rows, ...found } = await visit(changes);
    assert.deepEqual(found, { isConverted, kept: Array(count).fill("predictql.invalid") }, `visit ${index}`);
    if (!changes.model) assertProduct({ rows });
  }
});
