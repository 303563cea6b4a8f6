// What is measured of SQL alone: 1,000,000 rows of 10 columns, in a database of its own and in DuckDB-Wasm.

import * as duckdb from "./duckdb/duckdb-browser.mjs";
import { PredictQL } from "./pkg/index.js";

const rows = 1_000_000;
const groups = 1000;
const name = "sql: 1,000,000 rows, against DuckDB-Wasm";
const sql = `
  SELECT g, COUNT(*) AS n, SUM(x0 * 2 + x1) AS total, AVG(x2) AS mean, MAX(x3) AS top
  FROM wide WHERE x4 < 0.5 AND s <> 'c' GROUP BY g ORDER BY total DESC LIMIT 100`;

/** Both hold the same table. */
export async function openSql() {
  const db = await PredictQL.create();
  await db.registerTable("wide", columns());

  const worker = new Worker(new URL("./duckdb/duckdb-browser-eh.worker.js", location.href));
  const theirs = new duckdb.AsyncDuckDB(new duckdb.VoidLogger(), worker);
  await theirs.instantiate(new URL("./duckdb/duckdb-eh.wasm", location.href).href);
  const connection = await theirs.connect();
  const ipc = (await db.query("SELECT * FROM wide")).toIPC();
  await connection.insertArrowFromIPCStream(ipc, { name: "wide", create: true });
  return { db, connection };
}

/** One round: times by what was measured, and where the two disagree. */
export async function measureSql({ db, connection }) {
  let start = performance.now();
  const ours = await db.query(sql);
  const times = { [name]: [performance.now() - start] };
  start = performance.now();
  const theirs = (await connection.query(sql)).toArray();
  times[name].push(performance.now() - start);

  const disagreements = ours.numRows === 100 && theirs.length === 100 ? [] : ["sql: not 100 rows"];
  for (const [row, value] of ours.rows.entries()) {
    for (const [column, found] of Object.entries(value)) {
      const wanted = Number(theirs[row]?.[column]);
      // Sums are taken in another order.
      if (Math.abs(found - wanted) <= 1e-9 * Math.abs(wanted)) continue;
      disagreements.push(`sql, row ${row}, ${column}: ${found} against ${wanted}`);
    }
  }
  return { times, disagreements };
}

/** Bytes of the table, and of the memory that its database took for everything. */
export async function memoryOfSql({ db }) {
  const { tableBytes, wasmBytes } = await db.stats();
  return { tableBytes, wasmBytes };
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
