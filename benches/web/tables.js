// What is measured on tables: models of scikit-learn on 1, 100 and 10,000 rows of 20 columns.
// Theirs gets the same columns and packs them into a tensor, as its users have to.

import * as ort from "./ort/ort.wasm.min.mjs";

const models = ["forest", "boosting", "logistic", "mlp"];
const sizes = [1, 100, 10_000];
const features = 20;
const names = Array.from({ length: features }, (_, at) => `x${at}`);

// A clock is too coarse for a row or two.
const repeats = { 1: 20, 100: 5, 10000: 1 };

export async function tables(db, options) {
  const rows = new Float32Array(await (await fetch("./models/rows.f32")).arrayBuffer());
  const columns = names.map((_, at) => rows.filter((_, place) => place % features === at));
  for (const size of sizes) {
    const named = names.map((name, at) => [name, columns[at].slice(0, size)]);
    await db.registerTable(`rows_${size}`, Object.fromEntries(named));
  }
  const sessions = {};
  for (const model of models) {
    const url = new URL(`./models/${model}.onnx`, location.href).href;
    const list = names.map((name) => `'${name}'`).join(", ");
    await db.query(
      `CREATE MODEL ${model} OPTIONS (model_type = 'onnx', model_path = '${url}', input_columns = [${list}])`,
    );
    sessions[model] = await ort.InferenceSession.create(
      new Uint8Array(await (await fetch(url)).arrayBuffer()),
      options,
    );
  }
  return { columns, sessions };
}

// One round: times by what was measured, and where the two disagree.
export async function measureTables(db, { columns, sessions }, checked) {
  const times = {};
  const disagreements = [];
  for (const [model, session] of Object.entries(sessions)) {
    for (const size of sizes) {
      const wanted = checked ? "label, probabilities" : "label";
      const spent = { query: 0, infer: 0, packed: 0, run: 0 };
      let seen;
      let answer;
      for (let time = 0; time < repeats[size]; time++) {
        const start = performance.now();
        seen = await db.query(`SELECT ${wanted} FROM ML.PREDICT(MODEL ${model}, TABLE rows_${size})`);
        spent.query += performance.now() - start;
        spent.infer += seen.timings.infer;

        const packing = performance.now();
        const tensor = new ort.Tensor("float32", packed(columns, size), [size, features]);
        const running = performance.now();
        answer = await session.run({ features: tensor });
        spent.run += performance.now() - running;
        spent.packed += running - packing;
      }
      const { label, probabilities } = answer;
      const name = `${model}, ${size} rows`;
      const mean = (time) => time / repeats[size];
      times[name] = [mean(spent.query), mean(spent.packed + spent.run)];
      times[`${name}: the model alone`] = [mean(spent.infer), mean(spent.run)];

      const labels = seen.getChild("label").toArray();
      for (let row = 0; row < size; row++) {
        if (Number(labels[row]) !== Number(label.data[row])) {
          disagreements.push(`${name}, row ${row}: ${labels[row]} against ${label.data[row]}`);
        }
      }
      if (checked) {
        const flat = seen.rows.flatMap((row) => Array.from(row.probabilities));
        const far = flat.findIndex((value, at) => !(Math.abs(value - probabilities.data[at]) < 1e-5));
        if (far >= 0 || flat.length !== probabilities.data.length) {
          disagreements.push(`${name}, probability ${far}: ${flat[far]} against ${probabilities.data[far]}`);
        }
      }
    }
  }
  return { times, disagreements };
}

// The columns side by side.
function packed(columns, size) {
  const values = new Float32Array(size * features);
  columns.forEach((column, at) => {
    for (let row = 0; row < size; row++) values[row * features + at] = column[row];
  });
  return values;
}
