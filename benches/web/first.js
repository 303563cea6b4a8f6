// One engine from nothing to the first rows, in a page that has nothing else: its script, its WebAssembly, the model,
// one query. Bytes of model and data are at hand before, as they would be the same for both.

import { pixels } from "./pixels.js";

const features = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
const size = 224;

async function fetched(name) {
  return new Uint8Array(await (await fetch(`./demo/${name}`)).arrayBuffer());
}

const ours = {
  async iris({ model, table }) {
    const { PredictQL } = await import("./pkg/index.js");
    const db = new PredictQL();
    await db.registerModel("iris", model);
    await db.registerTable("flowers", new Blob([table], { type: "text/csv" }));
    const { rows } = await db.query("SELECT label FROM ML.PREDICT(MODEL iris, TABLE flowers)");
    return rows.map(({ label }) => label);
  },
  async picture({ model, file }) {
    const { PredictQL } = await import("./pkg/index.js");
    // Whoever knows that pictures come asks for their engine at once.
    const db = new PredictQL({ engine: "full", threads: 1 });
    await db.registerModel("classifier", model);
    await db.registerTable("photos", [file], { format: "images" });
    const { rows } = await db.query(`SELECT label FROM ML.PREDICT(MODEL classifier, (SELECT
      ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), ${size}, ${size}, FALSE) AS input FROM photos))`);
    return rows.map(({ label }) => label);
  },
};

const theirs = {
  async iris({ model, table }) {
    const { ort, session } = await sessionOf(model);
    const [header, ...lines] = table.trim().split(/\r?\n/);
    const places = features.map((name) => header.split(",").indexOf(name));
    const cells = lines.map((line) => line.split(","));
    const feeds = features.map((name, at) => {
      const values = Float32Array.from(cells, (row) => Number(row[places[at]]));
      return [name, new ort.Tensor("float32", values, [cells.length, 1])];
    });
    const { label } = await session.run(Object.fromEntries(feeds), ["label"]);
    return Array.from(label.data, Number);
  },
  async picture({ model, file }) {
    const { ort, session } = await sessionOf(model);
    const values = await pixels(file, size);
    const { label } = await session.run({ input: new ort.Tensor("float32", values, [1, size, size, 3]) });
    return Array.from(label.data);
  },
};

async function sessionOf(model) {
  const ort = await import("./ort/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  return { ort, session: await ort.InferenceSession.create(model, { executionProviders: ["wasm"] }) };
}

/** Milliseconds, and the labels. */
globalThis.first = async (who, what) => {
  const given =
    what === "iris"
      ? { model: await fetched("iris.onnx"), table: new TextDecoder().decode(await fetched("iris.csv")) }
      : {
          model: await fetched("efficientnet-lite0.onnx"),
          file: new File([await fetched("coffee.png")], "coffee.png"),
        };
  const begun = performance.now();
  const labels = await { ours, theirs }[who][what](given);
  return { time: performance.now() - begun, labels };
};
