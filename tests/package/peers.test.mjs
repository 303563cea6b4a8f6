// Results and rows between PredictQL and the libraries that people have beside it: the libraries themselves, not stand-ins.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, test } from "node:test";
import { build } from "esbuild";
import { inPage, page } from "./page.mjs";

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, "site", "peers.js")],
  bundle: true,
  write: false,
  format: "esm",
  logLevel: "error",
});
const contentType = "text/javascript";

beforeEach(() => page.route("**/peers.js", (route) => route.fulfill({ contentType, body: outputFiles[0].text })));

const file = join(import.meta.dirname, "..", "fixtures", "expected", "iris_rf.json");
const labels = JSON.parse(readFileSync(file, "utf8")).scikit_learn.label.data;
/** How often scikit-learn says each label of the flowers. */
const counts = [0, 1, 2].map((label) => [label, labels.filter((it) => it === label).length]);

test("DuckDB-Wasm: its rows are asked a model here, and the answers are grouped there", async () => {
  const found = await inPage(async ({ irisDatabase }) => {
    const { duckdb } = await import(`${location.origin}/peers.js`);
    const dist = `${location.origin}/modules/@duckdb/duckdb-wasm/dist`;
    const worker = new Worker(`${dist}/duckdb-browser-eh.worker.js`);
    const theirs = new duckdb.AsyncDuckDB(new duckdb.VoidLogger(), worker);
    await theirs.instantiate(`${dist}/duckdb-eh.wasm`);
    const connection = await theirs.connect();
    const csv = await (await fetch("/fixtures/tables/iris.csv")).text();
    await theirs.registerFileText("iris.csv", csv);

    const db = await irisDatabase();
    // Both forms of Arrow's format: the file that `runQuery` gives, and the batches of `query`.
    const bytes = await connection.useUnsafe((bindings, handle) => bindings.runQuery(handle, "FROM 'iris.csv'"));
    const scored = await db.predict("iris", bytes);
    await connection.insertArrowFromIPCStream(scored.toIPC(), { name: "scored", create: true });
    const sql =
      "SELECT label, COUNT(*)::INT AS n, COUNT(DISTINCT species)::INT AS s FROM scored GROUP BY label ORDER BY label";
    const back = (await connection.query(sql)).toArray().map(({ label, n }) => [Number(label), n]);

    const types = `SELECT 9007199254740993 AS big, 1.5 AS x, 12.34::DECIMAL(9, 2) AS d, 'ä' AS s, NULL::INT AS nothing, DATE '2026-01-31' AS day,
      TIMESTAMPTZ '2026-01-31 12:00:00+00' AS moment, [1, 2] AS list, {'a': 1, 'b': 'u'} AS pair, TRUE AS yes`;
    await db.registerTable("types", await connection.query(types));
    const read = await db.query("SELECT * FROM types", [], { int64: "bigint" });
    await connection.insertArrowFromIPCStream(read.toIPC(), { name: "types", create: true });
    const same = `SELECT big = 9007199254740993 AND x = 1.5 AND d = 12.34 AND s = 'ä' AND nothing IS NULL AND day = DATE '2026-01-31'
      AND epoch_ms(moment) = 1769860800000 AND list = [1, 2] AND pair.b = 'u' AND yes AS same FROM types`;
    const [row] = (await connection.query(same)).toArray();
    await theirs.terminate();
    return { back, same: row.same, big: String(read.rows[0].big), day: read.rows[0].day.toISOString() };
  });
  assert.deepEqual(found, { back: counts, same: true, big: "9007199254740993", day: "2026-01-31T00:00:00.000Z" });
});

test("apache-arrow and flechette: tables in, tables out, values as they were", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const { arrow, flechette } = await import(`${location.origin}/peers.js`);
    const db = new PredictQL();
    const columns = { i: Int32Array.of(1, 2, 3), x: Float64Array.of(0.5, Number.NaN, -1), s: ["a", "b", "a"] };
    // Texts become dictionaries in both.
    await db.registerTable("theirs", arrow.tableFromArrays(columns));
    await db.registerTable("ours", flechette.tableFromArrays(Object.entries(columns)));
    const sql = (table) =>
      `SELECT s, SUM(i) AS i, MAX(x) AS x, ARRAY_AGG(i) AS l FROM ${table} WHERE x = x GROUP BY s ORDER BY s`;
    const results = [await db.query(sql("theirs")), await db.query(sql("ours"))];
    const plain = (rows) =>
      JSON.parse(JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? Number(value) : value)));
    return results.map((result) => [
      plain(
        arrow
          .tableFromIPC(result.toIPC())
          .toArray()
          .map((row) => ({ ...row.toJSON(), l: [...row.l] })),
      ),
      plain(
        flechette
          .tableFromIPC(result.toIPC())
          .toArray()
          .map((row) => ({ ...row, l: [...row.l] })),
      ),
    ]);
  });
  const rows = [{ s: "a", i: 4, x: 0.5, l: [1, 3] }];
  assert.deepEqual(found, [
    [rows, rows],
    [rows, rows],
  ]);
});

test("Arquero: a result is its table, its table is registered", async () => {
  const found = await inPage(async ({ irisDatabase }) => {
    const { aq } = await import(`${location.origin}/peers.js`);
    const db = await irisDatabase();
    const result = await db.query("SELECT label, petal_width FROM ML.PREDICT(MODEL iris, TABLE flowers)");
    const grouped = aq.fromArrow(result.toIPC()).groupby("label").count().orderby("label");
    await db.registerTable("grouped", grouped.toArrowIPC());
    await db.registerTable("listed", grouped.objects());
    const sql = (table) => `SELECT label, count AS n FROM ${table} ORDER BY label`;
    return [await db.query(sql("grouped")), await db.query(sql("listed"))].map(({ rows }) =>
      rows.map(({ label, n }) => [Number(label), Number(n)]),
    );
  });
  assert.deepEqual(found, [counts, counts]);
});

test("Observable Plot draws a result as it is", async () => {
  const found = await inPage(async ({ irisDatabase }) => {
    const { Plot } = await import(`${location.origin}/peers.js`);
    const db = await irisDatabase();
    const result = await db.query(
      "SELECT label, COUNT(*) AS n FROM ML.PREDICT(MODEL iris, TABLE flowers) GROUP BY label",
    );
    const bars = Plot.plot({ marks: [Plot.barX(result, { x: "n", y: "label" })] });
    const dots = Plot.dot(await db.query("SELECT petal_width, petal_length, species FROM flowers"), {
      ...{ x: "petal_width", y: "petal_length", fill: "species" },
    }).plot();
    document.body.append(bars, dots);
    const widths = [...bars.querySelectorAll("rect")].map((it) => Number(it.getAttribute("width")));
    const colours = new Set([...dots.querySelectorAll("circle")].map((it) => it.getAttribute("fill")));
    return { widths, dots: dots.querySelectorAll("circle").length, colours: colours.size };
  });
  const [least] = counts.map(([, n]) => n).sort((a, b) => a - b);
  const narrowest = Math.min(...found.widths);
  const drawn = found.widths.map((width) => Math.round((width / narrowest) * least)).sort();
  assert.deepEqual(drawn, counts.map(([, n]) => n).sort());
  assert.deepEqual([found.dots, found.colours], [150, 3]);
});

test("hyparquet's rows are the table that the same file is", async () => {
  const [own, theirs] = await inPage(async ({ PredictQL }) => {
    const { hyparquet, compressors } = await import(`${location.origin}/peers.js`);
    const file = await (await fetch("/fixtures/tables/types.parquet")).arrayBuffer();
    const db = new PredictQL();
    await db.registerTable("own", file);
    const columns = ["int32", "int64", "float64", "utf8", "bool"];
    await db.registerTable("theirs", await hyparquet.parquetReadObjects({ file, columns, compressors }));
    const sql = (table) => `SELECT ${columns} FROM ${table} ORDER BY int32`;
    const { rows } = await db.query(sql("own"), [], { int64: "string" });
    return [rows, (await db.query(sql("theirs"), [], { int64: "string" })).rows];
  });
  assert.ok(own.length > 1 && own.some(({ utf8 }) => utf8 !== null));
  assert.deepEqual(theirs, own);
});
