// A first session with the package, as most are: what it runs is what the first file of an engine holds. Arguments: the package's
// `node.js`, a wasm file that notes which of its functions have been called, the engine's name, the folders of the fixtures and of the wasm
// files that an engine calls. Prints the places of the functions that have been called.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";

const [entry, observed, engine, fixtures, modules] = process.argv.slice(2);
// Node 20 has relaxed SIMD behind this.
setFlagsFromString("--experimental-wasm-relaxed-simd");
const { PredictQL } = await import(pathToFileURL(entry).href);

const file = (...path) => new File([readFileSync(join(fixtures, ...path))], path.at(-1));

/** The engine's instance, which the package keeps to itself. */
let instance;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...source) => {
  const made = await instantiate(...source);
  // Node has WebAssembly of its own.
  if (made.exports?.called0) instance = made;
  return made;
};

/** Statements that people begin with. */
const statements = `
SELECT * FROM iris LIMIT 5;
SELECT COUNT(*) FROM iris;
SELECT species, COUNT(*) AS n, AVG(petal_length) AS mean, MIN(petal_width), MAX(sepal_width), STDDEV(sepal_length), SUM(petal_width)
  FROM iris WHERE sepal_length > 5 AND species IN ('setosa', 'virginica') GROUP BY species HAVING COUNT(*) > 1 ORDER BY n DESC, species;
SELECT * FROM ML.PREDICT(MODEL iris, TABLE iris) LIMIT 10;
SELECT * EXCEPT (probabilities), ROUND(probabilities[OFFSET(0)], 3) AS first FROM ML.PREDICT(MODEL iris, (SELECT * FROM iris WHERE petal_width < 2));
SELECT label, COUNT(*) AS n FROM ML.PREDICT(MODEL iris, TABLE iris) GROUP BY label ORDER BY label;
SELECT species, label, COUNTIF(species = 'setosa') AS hits FROM ML.PREDICT(MODEL iris, TABLE iris) GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 3;
SELECT label FROM ML.PREDICT(MODEL iris, (SELECT 5.1 AS sepal_length, 3.5 AS sepal_width, 1.4 AS petal_length, 0.2 AS petal_width));
SELECT output_label, output_probability FROM ML.PREDICT(MODEL packed, TABLE iris) LIMIT 3;
SELECT p.label, x.label AS class, x.prob FROM ML.PREDICT(MODEL named, TABLE iris) AS p, UNNEST(p.predicted_label_probs) AS x LIMIT 9;
SELECT predicted_label, (SELECT prob FROM UNNEST(predicted_label_probs) WHERE label = 'b') AS p FROM ML.PREDICT(MODEL named, TABLE iris) LIMIT 3;
SELECT * FROM ML.PREDICT(MODEL booster, TABLE boosters) LIMIT 3;
SELECT * FROM ML.PREDICT(MODEL linear, (SELECT [sepal_length, sepal_width, petal_length, petal_width, 1, 2] AS features FROM iris)) LIMIT 3;
WITH scored AS (SELECT *, IF(petal_length > 4.5, 'long', 'short') AS size FROM ML.PREDICT(MODEL iris, TABLE iris))
  SELECT size, label, AVG(sepal_length), 100 * COUNT(*) / SUM(COUNT(*)) OVER () AS share FROM scored GROUP BY size, label;
SELECT name, moons, CASE WHEN moons > 10 THEN 'many' WHEN moons IS NULL THEN NULL ELSE 'few' END AS kind FROM planets ORDER BY moons DESC NULLS LAST;
SELECT UPPER(name), LOWER(note), CONCAT(name, ' ', CAST(moons AS STRING)), LENGTH(name), SUBSTR(name, 1, 3), TRIM(note), REPLACE(name, 'a', 'o'),
  name LIKE 'M%', COALESCE(note, '-'), IFNULL(moons, 0), SAFE_CAST('x' AS INT64), CAST(density AS INT64), ABS(density - 5), NOT ringed FROM planets;
SELECT a.name, b.moons FROM planets AS a JOIN planets AS b ON a.name = b.name WHERE b.moons BETWEEN 1 AND 100;
SELECT name, b.moons FROM planets AS a LEFT JOIN (SELECT * FROM planets WHERE ringed) AS b USING (name) ORDER BY name;
SELECT name FROM planets WHERE moons = (SELECT MAX(moons) FROM planets);
SELECT name FROM planets WHERE name IN (SELECT name FROM planets WHERE ringed);
SELECT name, ROW_NUMBER() OVER (ORDER BY moons DESC) AS place, RANK() OVER (PARTITION BY ringed ORDER BY density) FROM planets;
SELECT species, sepal_length FROM iris QUALIFY ROW_NUMBER() OVER (PARTITION BY species ORDER BY sepal_length DESC) = 1;
SELECT DISTINCT species FROM iris ORDER BY species;
SELECT 'a' AS x UNION ALL SELECT 'b';
SELECT DATE '2024-03-01' AS d, EXTRACT(YEAR FROM DATE '2024-03-01') AS y, DATE_DIFF(DATE '2024-03-01', DATE '2024-01-01', DAY) AS n;
SELECT TIMESTAMP '2024-03-01 12:00:00' AS t, SQRT(2), POW(2, 3), EXP(1.0), LN(2.0), 7 / 2, DIV(7, 2), MOD(7, 2), GREATEST(1, 2), FLOOR(1.5), CEIL(1.5);
SELECT x, x * 2 AS twice FROM UNNEST([1, 2, 3]) AS x WITH OFFSET AS place;
SELECT STRUCT(1 AS a, 'b' AS b) AS s, [1, 2] AS l, ARRAY_LENGTH([1, 2]) AS n;
CREATE OR REPLACE TABLE kept AS SELECT * FROM ML.PREDICT(MODEL iris, TABLE iris);
SELECT label, COUNT(*) FROM kept WHERE species = 'setosa' GROUP BY label;
CREATE VIEW small AS SELECT * FROM kept WHERE petal_length < 2;
SELECT COUNT(*) FROM small;
CREATE OR REPLACE MODEL forest OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'iris_rf.onnx');
SHOW TABLES;
SHOW MODELS;
DESCRIBE MODEL iris;
DESCRIBE iris;
DROP TABLE kept;
EXPLAIN SELECT label FROM ML.PREDICT(MODEL iris, TABLE iris)
`;

/** Slips that people begin with. */
const slips = [
  "SELECT * FROM ML.PREDICT(MODEL irsi, TABLE iris)",
  "SELECT * FROM ML.PREDICT(MODEL iris, (SELECT * EXCEPT (petal_width) FROM iris))",
  "SELECT specis FROM iris",
  "SELECT * FORM iris",
  "SELECT COUNT(*) FROM iris GROUP",
  "SELECT species + 1 FROM iris",
];

/** More rows than a batch holds, with gaps. */
const sales = Array.from({ length: 20_000 }, (_, row) => ({
  id: row,
  shop: `shop ${(row * 7919) % 997}`,
  amount: row % 13 === 0 ? null : ((row * 31) % 1000) / 8,
  day: `2024-0${1 + (row % 9)}-1${row % 10}`,
  paid: row % 3 !== 0,
  sepal_length: 4 + (row % 40) / 10,
  sepal_width: 2 + (row % 25) / 10,
  petal_length: 1 + (row % 60) / 10,
  petal_width: (row % 25) / 10,
}));

const largeStatements = `
SELECT shop, COUNT(*) AS n, SUM(amount) AS total, COUNT(DISTINCT day) AS days FROM sales GROUP BY shop ORDER BY total DESC LIMIT 10;
SELECT * FROM sales ORDER BY amount DESC, id LIMIT 100 OFFSET 5;
SELECT * FROM sales WHERE amount IS NOT NULL AND NOT paid AND shop LIKE '%1%' ORDER BY shop;
SELECT a.shop, COUNT(*) AS n FROM sales AS a JOIN (SELECT DISTINCT shop FROM sales WHERE paid) AS b ON a.shop = b.shop GROUP BY a.shop;
SELECT DATE_TRUNC(CAST(day AS DATE), MONTH) AS month, AVG(amount) FROM sales GROUP BY month ORDER BY month;
SELECT id, SUM(amount) OVER (PARTITION BY shop ORDER BY id) AS running, LAG(amount) OVER (ORDER BY id) AS before FROM sales;
SELECT paid, label, COUNT(*) FROM ML.PREDICT(MODEL iris, TABLE sales) GROUP BY paid, label ORDER BY paid, label;
SELECT s.id, p.label FROM sales AS s JOIN ML.PREDICT(MODEL iris, (SELECT * FROM sales)) AS p USING (id) WHERE p.label = 1 LIMIT 20
`;

/** Lends the engine a thread: what shares work is called then. It needs none of what the glue gives. */
async function lend(module) {
  const script = `const { workerData: { module, memory }, parentPort } = require("node:worker_threads");
    const imports = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module))
      (imports[from] ??= {})[name] = kind === "memory" ? memory : () => {};
    const { exports } = new WebAssembly.Instance(module, imports);
    exports.__wbindgen_start(0);
    parentPort.postMessage("here");
    exports.crew_help();`;
  const helper = new Worker(script, { eval: true, workerData: { module, memory: instance.exports.memory } });
  await new Promise((resolve, reject) => helper.on("message", resolve).on("error", reject));
  helper.unref();
}

async function tables(db) {
  const features = { columns: ["sepal_length", "sepal_width", "petal_length", "petal_width"] };
  await db.registerFile("iris_rf.onnx", file("models", "iris_rf.onnx"));
  await db.registerModel("iris", file("models", "iris_rf.onnx"));
  // A worker that takes another one's place is told the numbers of versions.
  await db.registerModel("again", file("models", "iris_rf.onnx"), { version: 2 });
  await db.registerModel("packed", file("models", "iris_packed.onnx"), { inputs: { float_input: features } });
  await db.registerModel("named", file("models", "iris_rf.onnx"), { labels: ["a", "b", "c"] });
  await db.registerModel("booster", file("models", "xgb_logistic.json"));
  await db.registerModel("linear", file("models", "linear_multi.onnx"));
  await db.registerTable("iris", file("tables", "iris.csv"));
  await db.registerTable("planets", file("tables", "planets.csv"));
  await db.registerTable("boosters", file("tables", "boosters.csv"));
  await db.registerTable("points", [{ x: 1, y: 2.5, name: "a" }, { x: 2, y: null, name: "b" }]);
  await db.registerTable("columns", { x: new Float32Array(3), y: [1, 2, 3], name: ["a", "b", null] });
  await db.registerTable("sales", sales);
  // More rows than are sorted at once.
  await db.registerTable("numbers", { x: Float64Array.from({ length: 70_000 }, (_, row) => (row * 7919) % 70_001) });
  await db.query("SELECT x FROM numbers ORDER BY x");
  for (const statement of (statements + ";\n" + largeStatements).split(/;\n/)) await db.query(statement);
  for (const slip of slips) {
    const { ok } = await db.query(slip).then(() => ({ ok: true }), () => ({ ok: false }));
    if (ok) throw new Error(`no slip: ${slip}`);
    await db.check(slip);
  }
  await db.query("SELECT * FROM iris WHERE petal_width > ? AND species = ?", [1.5, "virginica"]);
  await db.query("SELECT * FROM iris WHERE species = @kind", { kind: "setosa" });
  const prepared = await db.prepare(
    `SELECT label FROM ML.PREDICT(MODEL iris, (SELECT ? AS sepal_length, ? AS sepal_width, ? AS petal_length, ? AS petal_width))`,
  );
  for (const width of [0.2, 2.1]) await prepared.query([5.1, 3.5, 1.4, width]);
  await db.predict("iris", [{ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }]);
  for await (const batch of db.stream("SELECT * FROM ML.PREDICT(MODEL iris, TABLE iris)", [], { batchSize: 50 })) void batch.rows;
  // What an editor asks.
  const text = "SELECT petal_ FROM ML.PREDICT(MODEL iris, TABLE iris) WHERE spec";
  for (const place of [7, 13, 42, text.length]) await db.complete(text, place);
  await db.check("SELECT label FROM ML.PREDICT(MODEL iris, TABLE iris)");
  await db.explain("SELECT label FROM ML.PREDICT(MODEL iris, TABLE iris)", [], { analyze: true });
  // A tutorial's script.
  await db.registerFile("iris.csv", file("tables", "iris.csv"));
  await db.exec(`-- A model that scikit-learn made.
    CREATE OR REPLACE MODEL bqml_tutorial.imported_onnx_model OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'iris_rf.onnx');
    CREATE OR REPLACE EXTERNAL TABLE garden OPTIONS (format = 'CSV', uris = ['iris.csv']);
    SELECT * FROM ML.PREDICT(MODEL bqml_tutorial.imported_onnx_model, (SELECT * FROM garden))`, { onError: "null" });
  await Promise.all([db.stats(), db.tables(), db.models(), db.describeColumns({ table: "iris" })]);
  await db.dropModel("named");
  await db.dropTable("points");
}

/** Work that is shared. */
async function large(db) {
  await db.registerModel("large", file("models", "threads_picture.onnx"));
  await db.registerModel("wide", file("models", "threads_rows.onnx"));
  const rows = Array.from({ length: 8_000 }, (_, row) => ({ features: new Float32Array(16).fill(row / 8_000) }));
  for (let round = 0; round < 20; round++) {
    await db.predict("large", [{ colour: new Float32Array([round, 1, 2]) }]);
    await db.predict("wide", rows);
    await db.query("SELECT label, COUNT(*) FROM ML.PREDICT(MODEL iris, TABLE sales) GROUP BY label");
  }
}

/** Networks that see pictures; what other ones need is in the second file. */
async function networks(db) {
  await db.registerModel("pictures", file("models", "convolution_blocks.onnx"));
  await db.registerTable("photos", [file("images", "photo.png"), file("images", "baseline.jpg")]);
  await db.query(`SELECT uri, label, score, probabilities FROM ML.PREDICT(MODEL pictures, (
    SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 24, 24, FALSE) AS picture FROM photos))`);
  // Seven and ten places: heights of tiles that the pictures do not have.
  await db.registerModel("signals", file("models", "windows_signals.onnx"));
  await db.predict("signals", [{ x: new Float32Array(60) }]);
  // Larger and smaller than they are.
  for (const side of [16, 224])
    await db.query(`SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), ${side}, ${side}, FALSE) AS picture FROM photos`);
  await db.registerFile("blocks.onnx", file("models", "convolution_blocks.onnx"));
  await db.registerFile("pictures/a.png", file("images", "photo.png"));
  await db.registerFile("pictures/b.png", file("images", "rgb.png"));
  await db.exec(`CREATE MODEL IF NOT EXISTS classifier OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'blocks.onnx');
    CREATE EXTERNAL TABLE IF NOT EXISTS photos_there OPTIONS (object_metadata = 'SIMPLE', uris = ['pictures/*']);
    SELECT uri, label, score FROM ML.PREDICT(MODEL classifier,
      (SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 24, 24, FALSE) AS picture FROM photos_there)) ORDER BY score DESC;
    SELECT uri, content_type, size, updated FROM photos_there ORDER BY size DESC`, { onError: "null" });
}

const wasmModule = await WebAssembly.compile(readFileSync(observed));
const db = new PredictQL({
  worker: "inline",
  engine,
  wasmModule,
  wasmUrl: pathToFileURL(join(modules, "/")),
});
await tables(db);
if (engine === "full") await networks(db);
if (instance.exports.crew_help) {
  await lend(wasmModule);
  await large(db);
}
const called = Object.entries(instance.exports).filter(([name, it]) => name.startsWith("called") && it.value !== 0);
await db.close();
process.stdout.write(called.map(([name]) => name.slice("called".length)).join(" "));
