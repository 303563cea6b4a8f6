// Networks alone, with weights by chance: loading them, and one picture or one text through each.

import { apartOf } from "./apart.js";
import * as ort from "./ort/ort.wasm.min.mjs";
import { pixels } from "./pixels.js";
import { PredictQL } from "./pkg/index.js";

const shape = [3, 224, 224];
const picture = Float32Array.from({ length: 3 * 224 * 224 }, (_, at) => ((at * 7919) % 1009) / 505 - 1);
const seen = {
  what: "a picture",
  sql: "SELECT @x AS x",
  values: { x: { shape, data: picture } },
  tensors: { x: new ort.Tensor("float32", picture, [1, ...shape]) },
  output: "scores",
};

/** The demo's network and its quantised brother, on a photo. */
const photo = await pixels(await (await fetch("./demo/coffee.png")).blob(), 224);
const photographed = {
  what: "a picture",
  sql: "SELECT @x AS input",
  values: { x: { shape: [224, 224, 3], data: photo } },
  tensors: { input: new ort.Tensor("float32", photo, [1, 224, 224, 3]) },
  output: "probabilities",
};

function read(length) {
  const ids = Array.from({ length }, (_, at) => (at * 7919) % 30_000);
  const mask = ids.map(() => 1);
  const tensor = (values) => new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [1, length]);
  return {
    what: `a text of ${length}`,
    sql: "SELECT @ids AS ids, @mask AS mask",
    values: { ids, mask },
    tensors: { ids: tensor(ids), mask: tensor(mask) },
    output: "y",
  };
}

const networks = {
  efficientnet_lite0: [{ ...photographed, path: "./demo/efficientnet-lite0.onnx" }],
  mobilenet_v2: [seen],
  squeezenet: [seen],
  densenet_121: [seen],
  resnet_50: [seen],
  // Where a value lies between two steps of 8 bits, each may take another.
  efficientnet_int8: [{ ...photographed, allowed: 0.05 }],
  minilm: [read(16), read(128)],
};

globalThis.networks = async (rounds, threads) => {
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  const db = await PredictQL.create({ engine: "full", threads });
  // Theirs starts with its first session.
  await (await ort.InferenceSession.create("./models/logistic.onnx", { executionProviders: ["wasm"] })).release();
  const measured = {};
  const disagreements = [];
  for (const [name, asked] of Object.entries(networks)) {
    const { path = `./models/${name}.onnx` } = asked[0];
    const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
    const load = `${name}: loaded`;
    measured[load] = { ours: [], theirs: [] };
    const [ours, theirs] = [bytes.slice(), bytes.slice()];
    let start = performance.now();
    await db.registerModel(name, ours);
    measured[load].ours.push(performance.now() - start);
    start = performance.now();
    const session = await ort.InferenceSession.create(theirs, { executionProviders: ["wasm"] });
    measured[load].theirs.push(performance.now() - start);
    for (const { what, sql, values, tensors, output, allowed = 1e-4 } of asked) {
      const times = { ours: [], theirs: [] };
      measured[`${name}: ${what}, the model alone`] = times;
      // The first round warms both up.
      for (let round = 0; round <= rounds; round++) {
        const answer = await db.query(`SELECT ${output} FROM ML.PREDICT(MODEL ${name}, (${sql}))`, values);
        start = performance.now();
        const { [output]: wanted } = await session.run(tensors);
        if (round === 0) {
          times.apart = apartOf(answer.rows[0][output], wanted.data);
          if (!(times.apart <= allowed)) disagreements.push(`${name}, ${what}: scores are ${times.apart} apart`);
          continue;
        }
        times.theirs.push(performance.now() - start);
        times.ours.push(answer.timings.infer);
      }
    }
    await session.release();
    await db.dropModel(name);
  }
  await db.close();
  return { measured, disagreements };
};
