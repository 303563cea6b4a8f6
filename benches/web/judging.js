// What judging costs: evaluating beside predicting, explaining beside the model's own part of it, describing columns beside DuckDB-Wasm's
// SUMMARIZE. The attributions of a forest stand alone: shap is no library of the web (`tests/fixtures/bench.py` times it).

import { openSql } from "./sql.js";

const features = 20;
const names = Array.from({ length: features }, (_, at) => `x${at}`);

globalThis.judging = async (rounds) => {
  const { db, connection } = await openSql();
  const rows = new Float32Array(await (await fetch("./models/rows.f32")).arrayBuffer());
  const known = rows.length / features;
  const columns = (count) =>
    Object.fromEntries(
      names.map((name, at) => [
        name,
        Float32Array.from({ length: count }, (_, row) => rows[(row % known) * features + at]),
      ]),
    );
  for (const model of ["forest", "mlp"]) {
    await db.registerModel(model, new URL(`./models/${model}.onnx`, location.href).href, {
      inputs: { features: { columns: names } },
    });
  }
  await db.registerTable("asked", columns(100_000));
  await db.query(`CREATE TABLE labelled AS SELECT x.*, label AS truth FROM (SELECT *, x0 AS k FROM asked) AS x
    JOIN (SELECT k, ANY_VALUE(label) AS label FROM ML.PREDICT(MODEL forest, (SELECT *, x0 AS k FROM asked)) GROUP BY k) AS p ON x.k = p.k`);
  await db.query("ALTER MODEL forest SET OPTIONS (input_label_cols = ['truth'])");
  const measured = {};
  const time = async (run) => {
    const start = performance.now();
    const answer = await run();
    return [performance.now() - start, answer];
  };
  const add = (name, ours, theirs) => {
    measured[name] ??= { ours: [], theirs: [] };
    measured[name].ours.push(ours);
    measured[name].theirs.push(theirs);
  };
  const disagreements = [];
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    const [evaluated] = await time(() => db.query("SELECT * FROM ML.EVALUATE(MODEL forest, TABLE labelled)"));
    const [predicted] = await time(() =>
      db.query("SELECT COUNT(label), SUM(probabilities[OFFSET(0)]) FROM ML.PREDICT(MODEL forest, TABLE labelled)"),
    );
    const [described] = await time(() => db.query("SELECT * FROM ML.DESCRIBE_DATA(TABLE wide)"));
    const [summarized] = await time(() => connection.query("SUMMARIZE wide"));
    for (const model of ["forest", "mlp"]) {
      const [sampled, { timings }] = await time(() =>
        db.query(
          `SELECT * FROM ML.EXPLAIN_PREDICT(MODEL ${model}, (SELECT * FROM asked LIMIT 10), method => 'permutation', baseline => (SELECT * FROM asked LIMIT 100 OFFSET 1000))`,
        ),
      );
      if (round > 0) add(`permutation sampling of the ${model}, beside its model`, sampled, timings.infer);
    }
    const [attributed, shares] = await time(() =>
      db.query(
        "SELECT * FROM ML.EXPLAIN_PREDICT(MODEL forest, (SELECT * FROM asked LIMIT 1000), baseline => (SELECT * FROM asked LIMIT 100 OFFSET 1000))",
      ),
    );
    if (round === 0) {
      if (shares.numRows !== 1000) disagreements.push("judging: not every row is explained");
      continue;
    }
    add("EVALUATE of 100,000 rows, beside PREDICT", evaluated, predicted);
    add("DESCRIBE_DATA, beside DuckDB's SUMMARIZE", described, summarized);
    add("forest: attributions of 1,000 rows", attributed, attributed);
  }
  await db.close();
  return { measured, disagreements };
};
