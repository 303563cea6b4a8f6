// What is measured of SQL alone: 1,000,000 rows of 10 columns, in a database of its own and in DuckDB-Wasm.

import { openDuckdb } from "./duckdb.js";
import { PredictQL } from "./pkg/index.js";

const rows = 1_000_000;
const groups = 1000;
const name = "1,000,000 rows: filter, group, order, limit";
const sql = `
  SELECT g, COUNT(*) AS n, SUM(x0 * 2 + x1) AS total, AVG(x2) AS mean, MAX(x3) AS top
  FROM wide WHERE x4 < 0.5 AND s <> 'c' GROUP BY g ORDER BY total DESC LIMIT 100`;

/** Both hold the same table. */
export async function openSql() {
  const db = await PredictQL.create();
  await db.registerTable("wide", columns());

  const { connection } = await openDuckdb();
  const ipc = (await db.query("SELECT * FROM wide")).toIPC();
  await connection.insertArrowFromIPCStream(ipc, { name: "wide", create: true });
  return { db, connection };
}

globalThis.sql = async (rounds) => {
  const { db, connection } = await openSql();
  const times = { ours: [], theirs: [] };
  const disagreements = [];
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    let start = performance.now();
    const ours = await db.query(sql);
    const spent = performance.now() - start;
    start = performance.now();
    const theirs = (await connection.query(sql)).toArray();
    const after = performance.now() - start;
    if (round === 0) disagreements.push(...differences(ours, theirs));
    else {
      times.ours.push(spent);
      times.theirs.push(after);
    }
  }
  const { tableBytes, wasmBytes } = await db.stats();
  await db.close();
  const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const facts = [`the table has ${megabytes(tableBytes)}, the engine's memory afterwards ${megabytes(wasmBytes)}`];
  return { measured: { [name]: times }, disagreements, facts };
};

function differences(ours, theirs) {
  const found = ours.numRows === 100 && theirs.length === 100 ? [] : ["sql: not 100 rows"];
  for (const [row, value] of ours.rows.entries()) {
    for (const [column, number] of Object.entries(value)) {
      const wanted = Number(theirs[row]?.[column]);
      // Sums are taken in another order.
      if (Math.abs(number - wanted) <= 1e-9 * Math.abs(wanted)) continue;
      found.push(`sql, row ${row}, ${column}: ${number} against ${wanted}`);
    }
  }
  return found;
}

function columns() {
  let state = 1;
  const random = () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return (state >>> 0) / 2 ** 32;
  };
  const numbers = Array.from({ length: 8 }, (_, at) => [`x${at}`, Float64Array.from({ length: rows }, random)]);
  return {
    g: Int32Array.from({ length: rows }, () => Math.floor(random() * groups)),
    s: Array.from({ length: rows }, () => "abcdefgh"[Math.floor(random() * 8)]),
    ...Object.fromEntries(numbers),
  };
}
