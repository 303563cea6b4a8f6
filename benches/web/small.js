// What is measured of small questions: one row whose values travel, and 100 rows of a table, by prepared statements,
// through the worker and on the calling thread. In a page and in Node; `ort` is theirs, already loaded, and `proxied`, in a page, once
// more with its own worker.

const models = ["forest", "boosting", "logistic", "mlp"];
const features = 20;
const names = Array.from({ length: features }, (_, at) => `x${at}`);

// A clock is too coarse for one.
const repeats = 20;

/** Two databases and sessions for each model: `read` answers the bytes of a file of the bench. */
export async function openSmall(PredictQL, ort, read, proxied) {
  const values = new Float32Array((await read("rows.f32")).slice().buffer);
  const databases = { worker: new PredictQL(), inline: new PredictQL({ worker: "inline" }) };
  const columns = Object.fromEntries(
    names.map((name, at) => [name, Float32Array.from({ length: 100 }, (_, row) => values[row * features + at])]),
  );
  const statements = [];
  for (const model of models) {
    const bytes = await read(`${model}.onnx`);
    const session = (theirs) => theirs.InferenceSession.create(bytes.slice(), { executionProviders: ["wasm"] });
    const here = await session(ort);
    const inWorker = proxied && (await session(proxied));
    for (const [where, db] of Object.entries(databases)) {
      await db.registerModel(model, bytes, { inputs: { features: { columns: names } } });
      await db.registerTable("rows_100", columns);
      const row = names.map((name) => `? AS ${name}`).join(", ");
      const one = await db.prepare(`SELECT label FROM ML.PREDICT(MODEL ${model}, (SELECT ${row}))`);
      const hundred = await db.prepare(`SELECT label FROM ML.PREDICT(MODEL ${model}, TABLE rows_100)`);
      for (const [size, query] of [
        [1, one],
        [100, hundred],
      ]) {
        const name = `${model}, ${size === 1 ? "1 row" : "100 rows"}: prepared, ${where}`;
        statements.push({ name, size, query, session: here });
        if (where === "worker" && inWorker) {
          statements.push({ name: `${name}, beside theirs`, size, query, session: inWorker });
        }
      }
    }
  }
  const close = () => Promise.all(Object.values(databases).map((db) => db.close()));
  return { ort, values, statements, close };
}

/** One round: times by what was measured, and where the two disagree. */
export async function measureSmall({ ort, values, statements }) {
  const times = {};
  const disagreements = [];
  for (const { name, size, query, session } of statements) {
    const spent = [0, 0];
    for (let time = 0; time < repeats; time++) {
      const row = [...values.subarray(time * features, (time + 1) * features)];
      const begun = performance.now();
      const ours = (await query.query(size === 1 ? row : [])).getChild("label").toArray();
      const between = performance.now();
      const given = size === 1 ? Float32Array.from(row) : values.slice(0, size * features);
      const tensor = new ort.Tensor("float32", given, [size, features]);
      const { label } = await session.run({ features: tensor });
      const theirs = Array.from(label.data, Number);
      const end = performance.now();
      spent[0] += between - begun;
      spent[1] += end - between;
      const odd = theirs.findIndex((label, at) => label !== Number(ours[at]));
      if (odd >= 0) disagreements.push(`${name}, row ${odd}: ${ours[odd]} against ${theirs[odd]}`);
    }
    times[name] = spent.map((time) => time / repeats);
  }
  return { times, disagreements };
}
