// Networks that see pictures, alone: loading them, and one picture through each, with weights by chance.

import * as ort from "./ort/ort.wasm.min.mjs";
import { PredictQL } from "./pkg/index.js";

const names = ["mobilenet_v2", "squeezenet", "densenet_121", "resnet_50"];
const shape = [3, 224, 224];
const picture = Float32Array.from({ length: 3 * 224 * 224 }, (_, at) => ((at * 7919) % 1009) / 505 - 1);

globalThis.networks = async (rounds) => {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  const db = await PredictQL.create({ engine: "full" });
  const measured = {};
  const disagreements = [];
  for (const name of names) {
    const bytes = new Uint8Array(await (await fetch(`./models/${name}.onnx`)).arrayBuffer());
    const [load, run] = [`${name}: loaded`, `${name}: the model alone`];
    for (const key of [load, run]) measured[key] = { ours: [], theirs: [] };
    const [ours, theirs] = [bytes.slice(), bytes.slice()];
    let start = performance.now();
    await db.registerModel(name, ours);
    measured[load].ours.push(performance.now() - start);
    start = performance.now();
    const session = await ort.InferenceSession.create(theirs, { executionProviders: ["wasm"] });
    measured[load].theirs.push(performance.now() - start);
    // The first round warms both up.
    for (let round = 0; round <= rounds; round++) {
      const seen = await db.query(`SELECT scores FROM ML.PREDICT(MODEL ${name}, (SELECT @x AS x))`, {
        x: { shape, data: picture },
      });
      start = performance.now();
      const { scores } = await session.run({ x: new ort.Tensor("float32", picture, [1, ...shape]) });
      if (round === 0) compare(name, seen.rows[0].scores, scores.data, disagreements);
      if (round > 0) measured[run].theirs.push(performance.now() - start);
      if (round > 0) measured[run].ours.push(seen.timings.infer);
    }
    await session.release();
    await db.dropModel(name);
  }
  await db.close();
  return { measured, disagreements };
};

function compare(name, ours, theirs, disagreements) {
  const size = Math.max(...theirs.map(Math.abs));
  const apart = Math.max(...theirs.map((score, at) => Math.abs(score - ours[at])));
  if (!(apart <= 1e-4 * size)) disagreements.push(`${name}: scores of ${size} are ${apart} apart`);
}
