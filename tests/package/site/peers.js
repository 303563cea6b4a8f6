// The libraries that a result goes into and rows come from, as their users import them.

export * as duckdb from "@duckdb/duckdb-wasm";
export * as Plot from "@observablehq/plot";
export * as flechette from "@uwdata/flechette";
export * as arrow from "apache-arrow";
export * as aq from "arquero";
export * as hyparquet from "hyparquet";
export { compressors } from "hyparquet-compressors";
