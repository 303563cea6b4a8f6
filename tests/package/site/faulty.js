// What a page fetches, each thing by itself, and the right answer where all of it has come.

const count = async (db, sql) => Object.values((await db.query(sql)).rows[0])[0];
const flower = "sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n";
const label = async (db, sql) =>
  (await db.query(sql ?? "SELECT label FROM ML.PREDICT(MODEL m, TABLE one)")).rows[0].label;

/** `path` is a pattern of the file that the fault is in; `ask` answers `right`: scikit-learn's iris has 150 flowers, and the first is a setosa. */
export const needs = {
  csv: {
    path: "iris.csv",
    right: 150,
    ask: async (db, origin) => {
      await db.registerTable("t", `${origin}/fixtures/tables/iris.csv`);
      return count(db, "SELECT COUNT(*) FROM t");
    },
  },
  "csv in pieces": {
    path: "iris.csv",
    right: 150,
    ask: async (db, origin) => {
      await db.registerTable("t", `${origin}/fixtures/tables/iris.csv`, { stream: true });
      return count(db, "SELECT COUNT(*) FROM t");
    },
  },
  "csv in SQL": {
    path: "iris.csv",
    right: 150,
    ask: async (db, origin) => {
      await db.query(
        `CREATE OR REPLACE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['${origin}/fixtures/tables/iris.csv'])`,
      );
      return count(db, "SELECT COUNT(*) FROM t");
    },
  },
  "the page's own answer": {
    path: "iris_rf.onnx",
    right: 0,
    ask: async (db, origin) => {
      const answer = await fetch(`${origin}/fixtures/models/iris_rf.onnx`).catch(() => undefined);
      // What cannot be reached at all is the page's to deal with.
      await db.registerModel("m", answer ?? new Blob());
      return label(db);
    },
  },
  parquet: {
    path: "types.parquet",
    right: 4,
    ask: async (db, origin) => {
      await db.registerTable("t", `${origin}/fixtures/tables/types.parquet`);
      return count(db, "SELECT COUNT(*) FROM t");
    },
  },
  "parquet in parts": {
    path: "types.parquet",
    right: 4,
    ask: async (db, origin) => {
      await db.registerTable("t", `${origin}/fixtures/tables/types.parquet`, { stream: true });
      return count(db, "SELECT COUNT(*) FROM t");
    },
  },
  arrow: {
    path: "types.arrow",
    right: 4,
    ask: async (db, origin) => {
      await db.registerTable("t", `${origin}/fixtures/tables/types.arrow`);
      return count(db, "SELECT COUNT(*) FROM t");
    },
  },
  "arrow in pieces": {
    path: "types.arrows",
    right: 4,
    ask: async (db, origin) => {
      await db.registerTable("t", `${origin}/fixtures/tables/types.arrows`, { stream: true });
      return count(db, "SELECT COUNT(*) FROM t");
    },
  },
  model: {
    path: "iris_rf.onnx",
    right: 0,
    ask: async (db, origin) => {
      await db.registerModel("m", `${origin}/fixtures/models/iris_rf.onnx`);
      return label(db);
    },
  },
  "model in SQL": {
    path: "iris_rf.onnx",
    right: 0,
    ask: async (db, origin) => {
      await db.query(
        `CREATE OR REPLACE MODEL m OPTIONS (model_type = 'ONNX', model_path = '${origin}/fixtures/models/iris_rf.onnx')`,
      );
      return label(db);
    },
  },
  labels: {
    path: "labels.txt",
    right: "espresso",
    ask: async (db, origin) => {
      const labels = `${origin}/fixtures/tables/labels.txt`;
      await db.registerModel("m", `${origin}/fixtures/models/iris_rf.onnx`, { labels });
      return (await db.query("SELECT predicted_label FROM ML.PREDICT(MODEL m, TABLE one)")).rows[0].predicted_label;
    },
  },
  picture: {
    path: "gray.png",
    right: 3,
    ask: async (db, origin) => {
      await db.registerTable("t", `${origin}/fixtures/images/gray.png`, { format: "images" });
      return count(db, "SELECT ARRAY_LENGTH(ML.DECODE_IMAGE(data).dimensions) FROM t");
    },
  },
  // What has come of a script is kept by the browser until the page is loaded again.
  "readers of rows": {
    isKept: true,
    path: "/pkg/decode.js",
    right: 2,
    ask: async (db) => {
      await db.registerTable("t", [{ x: 1 }, { x: 2 }]);
      return count(db, "SELECT COUNT(*) FROM t");
    },
  },
  "worker's script": { path: "/pkg/worker.js", right: 2, ask: (db) => count(db, "SELECT 1 + 1") },
  engine: { path: "/wasm/tables.wasm", right: 2, ask: (db) => count(db, "SELECT 1 + 1") },
  "rest of the engine": {
    path: "/wasm/tables.rest.wasm",
    right: "cf83e1",
    ask: (db) => count(db, "SELECT SUBSTR(TO_HEX(SHA512('')), 1, 6)"),
  },
  "full engine": {
    path: "/wasm/(simd|relaxed).wasm",
    right: 1,
    ask: async (db) => {
      await db.registerModel("m", "/fixtures/models/picture_nchw.onnx", { engine: "full" });
      return (await db.models()).length;
    },
  },
  decoder: {
    path: "/wasm/pictures.wasm",
    right: 3,
    ask: async (db) => {
      await db.registerTable("t", "/fixtures/images/gray.png", { format: "images" });
      return count(db, "SELECT ARRAY_LENGTH(ML.DECODE_IMAGE(data).dimensions) FROM t");
    },
  },
};

/** How a promise ends: with a value, an error, or not within so many milliseconds. */
async function outcomeOf(promise, patience) {
  let timer;
  const silence = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ silent: true }), patience);
  });
  const ended = promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  return Promise.race([ended, silence]).finally(() => clearTimeout(timer));
}

/** Asks while the server fails, and again once it is mended; the words of every promise that was broken. */
export async function tryFault({ need, origin, patience }) {
  const { ask, right, isKept } = needs[need];
  const broken = [];
  const { PredictQL, PredictError } = await import(`${origin}/pkg/index.js`);
  const db = new PredictQL();
  await db.cache.clear();
  const first = async () => {
    await db.registerTable("one", new Blob([flower]));
    return ask(db, origin);
  };
  const outcome = await outcomeOf(first(), patience);
  if (outcome.silent) broken.push("no answer came");
  else if ("value" in outcome) {
    if (outcome.value !== right) broken.push(`the answer was ${outcome.value}`);
  } else if (!(outcome.error instanceof PredictError) || outcome.error.code === "internal") {
    broken.push(`ended with ${outcome.error?.stack ?? outcome.error}`);
  }
  await globalThis.mend();
  const again = await outcomeOf(first(), 30_000);
  if (isKept && again.error?.code === "network-failed") return { broken, code: outcome.error?.code, isKept };
  if (again.silent) broken.push("no answer came once the server was mended");
  else if (again.value !== right) broken.push(`once the server was mended: ${again.value ?? again.error}`);
  const { rows } = await db.query("SELECT COUNT(*) AS n FROM one");
  if (rows[0].n !== 1) broken.push("another table has changed");
  await db.close();
  return { broken, code: outcome.error?.code };
}
