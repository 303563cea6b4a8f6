// What is measured on tables: models of scikit-learn and LightGBM on 1, 100 and 10,000 rows of 20 columns.
// Theirs gets the same columns and packs them into a tensor, as its users have to.

import * as ort from "./ort/ort.wasm.min.mjs";
import { PredictQL } from "./pkg/index.js";

/** Each model: what it answers, whose rows it is asked about, and a file of the same model that we read in the place of the ONNX one. */
const classifier = { outputs: ["label", "probabilities"], rows: "rows" };
const models = {
  forest: classifier,
  boosting: classifier,
  thousand: classifier,
  kinds: { ...classifier, rows: "kinds" },
  "kinds as LightGBM's file": {
    ...classifier,
    rows: "kinds",
    onnx: "kinds",
    ours: "kinds.txt",
    outputs: ["predicted_label"],
  },
  logistic: classifier,
  linear: { outputs: ["variable"], rows: "rows" },
  mlp: classifier,
  svm: classifier,
  knn: classifier,
};
const sizes = [1, 100, 10_000];
const features = 20;
const names = Array.from({ length: features }, (_, at) => `x${at}`);

// A clock is too coarse for a row or two.
const repeats = { 1: 20, 100: 5, 10000: 1 };

globalThis.tables = async (rounds) => {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  const db = await PredictQL.create();
  const columns = {};
  for (const rows of ["rows", "kinds"]) {
    const values = new Float32Array(await (await fetch(`./models/${rows}.f32`)).arrayBuffer());
    columns[rows] = names.map((_, at) => values.filter((_, place) => place % features === at));
    for (const size of sizes) {
      const named = names.map((name, at) => [name, columns[rows][at].slice(0, size)]);
      await db.registerTable(`${rows}_${size}`, Object.fromEntries(named));
    }
  }
  const sessions = {};
  for (const [model, { onnx = model, ours = `${onnx}.onnx` }] of Object.entries(models)) {
    const options = ours.endsWith(".onnx") ? { inputs: { features: { columns: names } } } : {};
    await db.registerModel(model, new URL(`./models/${ours}`, location.href).href, options);
    const url = new URL(`./models/${onnx}.onnx`, location.href).href;
    sessions[model] = await ort.InferenceSession.create(url, { executionProviders: ["wasm"] });
  }

  const measured = {};
  const disagreements = [];
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    for (const [model, session] of Object.entries(sessions)) {
      const { outputs, rows } = models[model];
      for (const size of sizes) {
        const name = `${model}, ${size} rows`;
        const { times, seen, answer } = await measure(db, model, session, outputs, rows, columns[rows], size);
        if (round === 0) disagreements.push(...outputs.flatMap((it) => differences(name, it, seen, answer)));
        else add(measured, name, size, times);
      }
    }
  }
  await db.close();
  return { measured, disagreements };
};

/** Means of some calls: of the whole query, of its model, of packing a tensor, of running theirs. */
async function measure(db, model, session, outputs, rows, columns, size) {
  const times = { query: 0, infer: 0, packed: 0, run: 0 };
  const sql = `SELECT ${outputs[0]} FROM ML.PREDICT(MODEL \`${model}\`, TABLE ${rows}_${size})`;
  let answer;
  for (let time = 0; time < repeats[size]; time++) {
    const start = performance.now();
    const { timings } = await db.query(sql);
    times.query += performance.now() - start;
    times.infer += timings.infer;

    const packing = performance.now();
    const tensor = new ort.Tensor("float32", packed(columns, size), [size, features]);
    const running = performance.now();
    answer = await session.run({ features: tensor });
    times.run += performance.now() - running;
    times.packed += running - packing;
  }
  for (const what of Object.keys(times)) times[what] /= repeats[size];
  const seen = await db.query(sql.replace(outputs[0], outputs.join(", ")));
  return { times, seen, answer };
}

function add(measured, name, size, { query, infer, packed, run }) {
  const found = { [name]: [query, packed + run], [`${name}: the model alone`]: [infer, run] };
  if (size === 10_000) found[`${name}: the query, beside its own model`] = [query, infer];
  for (const [what, [ours, theirs]] of Object.entries(found)) {
    measured[what] ??= { ours: [], theirs: [] };
    measured[what].ours.push(ours);
    measured[what].theirs.push(theirs);
  }
}

/** Labels are the same; other numbers are of 32 bits, added in another order. */
function differences(name, output, seen, answer) {
  const ours = seen.rows.flatMap((row) =>
    Array.isArray(row[output]) || ArrayBuffer.isView(row[output]) ? [...row[output]] : [row[output]],
  );
  // A booster's own output is the probability of its second class.
  const all = answer[output] ?? answer.probabilities;
  const theirs = Array.from(all.data, Number).filter((_, at) => answer[output] || at % 2 === 1);
  if (ours.length !== theirs.length) return [`${name}, ${output}: ${ours.length} numbers against ${theirs.length}`];
  const allowed = output === "label" ? 0 : 1e-5 * theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const odd = theirs.findIndex((value, at) => !(Math.abs(value - Number(ours[at])) <= allowed));
  return odd < 0 ? [] : [`${name}, ${output} ${odd}: ${ours[odd]} against ${theirs[odd]}`];
}

// The columns side by side.
function packed(columns, size) {
  const values = new Float32Array(size * features);
  columns.forEach((column, at) => {
    for (let row = 0; row < size; row++) values[row * features + at] = column[row];
  });
  return values;
}
