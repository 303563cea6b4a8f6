// DuckDB-Wasm in a worker of its own, as its documentation starts it.

import * as duckdb from "./duckdb/duckdb-browser.mjs";

export async function openDuckdb() {
  const worker = new Worker(new URL("./duckdb/duckdb-browser-eh.worker.js", location.href));
  const database = new duckdb.AsyncDuckDB(new duckdb.VoidLogger(), worker);
  await database.instantiate(new URL("./duckdb/duckdb-eh.wasm", location.href).href);
  const register = (name, file) =>
    database.registerFileHandle(name, file, duckdb.DuckDBDataProtocol.BROWSER_FILEREADER, true);
  return { connection: await database.connect(), register, close: () => worker.terminate() };
}
