// What is measured. Theirs is written as its documentation has it: tensors filled by hand, pictures through a canvas.

import * as ort from "./ort/ort.wasm.min.mjs";
import { pixels } from "./pixels.js";
import { PredictQL } from "./pkg/index.js";
import { measureSmall, openSmall } from "./small.js";

const features = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
const photos = ["coffee.png", "chelsea.png"];
const size = 224;

async function fetched(name) {
  return new Uint8Array(await (await fetch(`./demo/${name}`)).arrayBuffer());
}

/** Small questions alone: nothing else is in memory. */
globalThis.small = async (rounds) => {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  const read = async (name) => new Uint8Array(await (await fetch(`./models/${name}`)).arrayBuffer());
  const proxied = await import("./ort/ort.wasm.min.mjs?worker");
  proxied.env.wasm.numThreads = 1;
  proxied.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  proxied.env.wasm.proxy = true;
  const opened = await openSmall(PredictQL, ort, read, proxied);
  const measured = {};
  const disagreements = [];
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    const { times, disagreements: more } = await measureSmall(opened);
    disagreements.push(...more);
    if (round > 0) collect(measured, times);
  }
  await opened.close();
  return { measured, disagreements };
};

function collect(measured, times) {
  for (const [name, [ours, theirs]] of Object.entries(times)) {
    measured[name] ??= { ours: [], theirs: [] };
    measured[name].ours.push(ours);
    measured[name].theirs.push(theirs);
  }
}

globalThis.tutorials = async (rounds) => {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  const iris = await fetched("iris.onnx");
  const network = await fetched("efficientnet-lite0.onnx");
  const table = new TextDecoder().decode(await fetched("iris.csv"));
  const files = await Promise.all(photos.map(async (name) => new File([await fetched(name)], name)));
  const options = { executionProviders: ["wasm"] };

  const db = await PredictQL.create({ threads: 1 });
  await db.registerModel("iris", iris);
  await db.registerTable("flowers", new Blob([table], { type: "text/csv" }));
  const forest = await ort.InferenceSession.create(iris.slice(), options);
  await db.registerModel("classifier", network);
  await db.registerTable("photos", files);
  const classifier = await ort.InferenceSession.create(network.slice(), options);

  const measured = {};
  const disagreements = [];
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    const times = {};
    let start = performance.now();
    const flowers = await db.query("SELECT label FROM ML.PREDICT(MODEL iris, TABLE flowers)");
    times["iris: 150 rows"] = [performance.now() - start];
    start = performance.now();
    const labels = await runForest(forest, table);
    times["iris: 150 rows"].push(performance.now() - start);
    flowers.rows.forEach(({ label }, row) => {
      if (label !== labels[row]) disagreements.push(`iris, row ${row}: ${label} against ${labels[row]}`);
    });

    start = performance.now();
    const seen = await db.query(`SELECT uri, label FROM ML.PREDICT(MODEL classifier, (SELECT uri,
      ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), ${size}, ${size}, FALSE) AS input FROM photos))`);
    times["pictures: two files to labels"] = [performance.now() - start];
    const whole = performance.now();
    let alone = 0;
    for (const [row, file] of files.entries()) {
      const tensor = new ort.Tensor("float32", await pixels(file, size), [1, size, size, 3]);
      const begun = performance.now();
      const { label } = await classifier.run({ input: tensor });
      alone += performance.now() - begun;
      const ours = seen.rows[row].label;
      if (ours !== label.data[0]) disagreements.push(`${file.name}: ${ours} against ${label.data[0]}`);
    }
    times["pictures: two files to labels"].push(performance.now() - whole);
    times["pictures: the model alone, one"] = [seen.timings.infer / files.length, alone / files.length];

    if (round > 0) collect(measured, times);
  }
  const { build } = await db.ready;
  await db.close();
  return { measured, disagreements, build };
};

async function runForest(session, csv) {
  const [header, ...rows] = csv.trim().split(/\r?\n/);
  const names = header.split(",");
  const columns = features.map((name) => names.indexOf(name));
  const cells = rows.map((row) => row.split(","));
  const feeds = Object.fromEntries(
    features.map((name, at) => [
      name,
      new ort.Tensor(
        "float32",
        Float32Array.from(cells, (row) => Number(row[columns[at]])),
        [rows.length, 1],
      ),
    ]),
  );
  const { label } = await session.run(feeds, ["label"]);
  return Array.from(label.data, Number);
}
