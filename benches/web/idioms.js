// What people write around predictions, the queries of `../idioms.sql`, beside DuckDB-Wasm over the same rows.

import { openDuckdb } from "./duckdb.js";
import { PredictQL } from "./pkg/index.js";

globalThis.idioms = async (rounds) => {
  const lines = (await (await fetch("./queries/idioms.sql")).text()).trim().split("\n");
  const queries = lines.filter((line) => !line.startsWith("--")).map((line) => line.split(" ## "));
  const db = await PredictQL.create();
  const { connection, close } = await openDuckdb();
  for (const [name, columns] of Object.entries(tables())) {
    await db.registerTable(name, columns);
    const ipc = (await db.query(`SELECT * FROM ${name}`)).toIPC();
    await connection.insertArrowFromIPCStream(ipc, { name, create: true });
  }
  const measured = {};
  const disagreements = [];
  const time = async (run) => {
    const start = performance.now();
    const answer = await run();
    return [performance.now() - start, answer.numRows];
  };
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    for (const [sql, words = sql] of queries) {
      if (!sql.startsWith("SELECT")) {
        await db.query("CREATE OR REPLACE TABLE m AS SELECT * FROM m0");
        await connection.query("CREATE OR REPLACE TABLE m AS SELECT * FROM m0");
      }
      const [ours, rows] = await time(() => db.query(sql));
      const [other, otherRows] = await time(() => connection.query(words));
      if (round === 0) {
        if (sql.startsWith("SELECT") && rows !== otherRows)
          disagreements.push(`${sql}: ${rows} rows, ${otherRows} there`);
        continue;
      }
      measured[sql] ??= { ours: [], theirs: [] };
      measured[sql].ours.push(ours);
      measured[sql].theirs.push(other);
    }
  }
  await db.close();
  close();
  return { measured, disagreements };
};

/** The tables of `../idioms.rs`, of other random numbers. */
function tables() {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
  const floats = (rows) => Float64Array.from({ length: rows }, random);
  const whole = (rows, of) => BigInt64Array.from({ length: rows }, () => BigInt(Math.floor(random() * of)));
  const texts = (rows, of) => Array.from({ length: rows }, () => `kind number ${Math.floor(random() * of)}`);
  const keys = (first) => BigInt64Array.from({ length: 100_000 }, (_, at) => BigInt(first + ((at * 7_919) % 100_000)));
  const pairs = (first) => ({ k: keys(first), v: floats(100_000), s: texts(100_000, 1_000) });
  const rows = 1_000_000;
  const arrays = Array.from({ length: 100_000 }, () => Array.from({ length: 10 }, random));
  return {
    t: {
      i1: whole(rows, 1_000_000),
      i2: whole(rows, 1_000_000_007),
      g1: whole(rows, 1_000),
      g2: whole(rows, 100),
      s2: texts(rows, 20),
      f1: floats(rows),
      f2: floats(rows),
      f3: floats(rows),
    },
    a: {
      id: BigInt64Array.from({ length: arrays.length }, (_, at) => BigInt(at)),
      arr: arrays,
      probs: arrays.map((probs) => probs.map((prob, at) => ({ label: `label ${at}`, prob }))),
    },
    m0: pairs(0),
    n: pairs(50_000),
  };
}
