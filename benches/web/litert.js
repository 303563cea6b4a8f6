// Keras' networks in three engines, one picture each: ours and onnxruntime-web's with the ONNX file, LiteRT.js with the `.tflite` of the same weights.

import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";
import { apartOf } from "./apart.js";
import * as ort from "./ort/ort.wasm.min.mjs";
import { PredictQL } from "./pkg/index.js";

const shape = [224, 224, 3];
const picture = Float32Array.from({ length: 224 * 224 * 3 }, (_, at) => ((at * 7919) % 1009) / 505 - 1);

globalThis.litert = async (rounds, threads) => {
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  await loadLiteRt(new URL("./modules/@litertjs/core/wasm/", location.href).href, { threads: threads > 1 });
  const db = await PredictQL.create({ engine: "full", threads });
  const measured = {};
  const disagreements = [];
  for (const name of ["mobilenet_v2", "resnet_50"]) {
    const model = new URL(`./litert-models/${name}`, location.href).href;
    await db.registerModel(name, `${model}.onnx`);
    const session = await ort.InferenceSession.create(`${model}.onnx`, { executionProviders: ["wasm"] });
    const compiled = await loadAndCompile(`${model}.tflite`, {
      accelerator: "wasm",
      cpuOptions: { numThreads: threads },
    });
    const lite = { ours: [], theirs: [] };
    const onnx = { ours: [], theirs: [] };
    measured[`${name}: a picture, the model alone, beside LiteRT.js`] = lite;
    measured[`${name}: a picture, the model alone, beside onnxruntime-web`] = onnx;
    // The first round warms all up.
    for (let round = 0; round <= rounds; round++) {
      const answer = await db.query(`SELECT scores FROM ML.PREDICT(MODEL ${name}, (SELECT @x AS x))`, {
        x: { shape, data: picture },
      });
      const tensor = new ort.Tensor("float32", picture, [1, ...shape]);
      const [ortTime, { scores: ortScores }] = await timed(() => session.run({ x: tensor }));
      const given = new Tensor(picture, [1, ...shape]);
      const [liteTime, [liteScores]] = await timed(() => compiled.run(given));
      if (round === 0) {
        const [{ scores }] = answer.rows;
        lite.apart = apartOf(scores, await liteScores.data());
        onnx.apart = apartOf(scores, ortScores.data);
        for (const [who, { apart }] of Object.entries({ "LiteRT.js": lite, "onnxruntime-web": onnx })) {
          if (!(apart <= 1e-4)) disagreements.push(`${name}: scores are ${apart} from those of ${who}`);
        }
      } else {
        for (const times of [lite, onnx]) times.ours.push(answer.timings.infer);
        onnx.theirs.push(ortTime);
        lite.theirs.push(liteTime);
      }
      liteScores.delete();
      given.delete();
    }
    compiled.delete();
    await session.release();
    await db.dropModel(name);
  }
  await db.close();
  return { measured, disagreements };
};

async function timed(run) {
  const start = performance.now();
  const answer = await run();
  return [performance.now() - start, answer];
}
