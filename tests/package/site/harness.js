// What the tests do in the page again and again, through the public surface only.

import { PredictError, PredictQL } from "/pkg/index.js";

export { PredictError, PredictQL };

export const predictIris = "SELECT * FROM ML.PREDICT(MODEL iris, (SELECT * FROM flowers))";

export const predictMany = "SELECT label FROM ML.PREDICT(MODEL iris, TABLE many)";
/** One value that takes the engine seconds on any machine, and that it cannot stop: 200 states for each of a million letters. */
export const busy = "SELECT REGEXP_CONTAINS(REPEAT('a', 1000000), r'a{200}b') AS found";

/** Rows of a column that stop behind the hundred that registration takes; `asked` resolves when a statement asks for more. */
export function stalled(column) {
  const { promise: asked, resolve } = Promise.withResolvers();
  async function* source() {
    yield Array.from({ length: 100 }, (_, value) => ({ [column]: value }));
    resolve();
    await new Promise(() => {});
  }
  return { asked, rows: source() };
}

/** A database with the flowers and the forest that tells them apart. */
export async function irisDatabase(options) {
  const db = await PredictQL.create(options);
  await db.registerTable("flowers", "/fixtures/tables/iris.csv");
  await db.registerModel("iris", "/fixtures/models/iris_rf.onnx");
  return db;
}

/** A database, and a way to end its worker as if its script had failed. */
export function mortal(options) {
  let last;
  const worker = () => {
    last = new Worker("/pkg/worker.js", { type: "module" });
    return last;
  };
  const die = () => last.dispatchEvent(new ErrorEvent("error", { message: "it died", cancelable: true }));
  /** As a browser ends a worker that has too much memory, or another script of the page does: nobody is told. */
  const vanish = () => last.terminate();
  return { db: new PredictQL({ ...options, worker }), die, vanish };
}

/** A database, and what its worker is asked: the kinds of the messages. */
export function listened(options) {
  const asked = [];
  const worker = () => {
    const worker = new Worker("/pkg/worker.js", { type: "module" });
    const post = worker.postMessage.bind(worker);
    worker.postMessage = (request, transfer) => {
      asked.push(request.kind);
      post(request, transfer);
    };
    return worker;
  };
  return { db: new PredictQL({ ...options, worker }), asked };
}

/** What a promise rejects with, as plain data. */
export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    const { name, code, message, hint, position, frame, detail } = error;
    const cause = error.cause?.code;
    return { name, code, message, hint, position, frame, detail, cause, isPredictError: error instanceof PredictError };
  }
  return undefined;
}

/** The first measurements of iris, over and over. */
export function manyFlowers(count) {
  const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
  return Object.fromEntries(Object.entries(flower).map(([name, value]) => [name, new Float64Array(count).fill(value)]));
}

/** Numbers from 0 to 1 in no order, the same ones each time. */
export function moments() {
  let seed = 18;
  return () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
}

/** Takes the first change of a named database away, as a disk does that has lost a part. */
export async function damage(name) {
  const opening = indexedDB.open(`predictql/${name}`);
  await new Promise((resolve) => {
    opening.onsuccess = resolve;
  });
  const transaction = opening.result.transaction("journal", "readwrite");
  transaction.objectStore("journal").openCursor().onsuccess = ({ target }) => target.result.delete();
  await new Promise((resolve) => {
    transaction.oncomplete = resolve;
  });
  opening.result.close();
}

/** A session that changes everything a database holds, until it `isOver`; `told` has what was acknowledged. */
export async function work(db, told) {
  await db.registerTable("t", [{ x: 0 }]);
  await db.registerModel("m", "/fixtures/models/decision_tree.onnx");
  for (let n = 1; !told.isOver; n++) {
    await db.query("INSERT INTO t (x) VALUES (?)", [n]);
    told.rows = n;
    if (n % 3 === 0) {
      await db.query(`ALTER MODEL m VERSION 1 SET ALIAS = a${n}`);
      told.alias = `a${n}`;
    }
    if (n % 5 === 0) {
      await db.exec(`CREATE OR REPLACE TABLE sums AS SELECT SUM(x) AS s FROM t; INSERT INTO sums (s) VALUES (${-n})`);
      told.sums = n;
    }
  }
}

/** What a database lacks of a session of which so much was acknowledged, and what it has that no session made. */
export async function lost(db, { rows, alias, sums }) {
  const found = [];
  try {
    const names = (await db.tables()).map((table) => table.name);
    const of = async (sql) => (await db.query(sql)).rows[0];
    if (rows !== undefined || names.includes("t")) {
      const { most, count } = await of("SELECT MAX(x) AS most, COUNT(*) AS count FROM t");
      // Each row once, and none of those that were told of missing.
      if (most < (rows ?? 0) || count !== most + 1) found.push(["rows", rows, most, count]);
    }
    const [model] = await db.models();
    if (alias !== undefined && !model?.aliases.includes(alias)) found.push(["alias", alias]);
    if (sums !== undefined) {
      const { s, last } = await of("SELECT MAX(s) AS s, -MIN(s) AS last FROM sums");
      // Of 1 to n, and of nothing between two statements. Who was slow to hear of the last one asks for one before it.
      const n = (Math.sqrt(8 * s + 1) - 1) / 2;
      const isWhole = n > sums ? n % 5 === 0 : n === sums && last === sums;
      if (!isWhole) found.push(["sums", sums, s, last]);
    }
  } catch (error) {
    found.push(String(error));
  }
  return found;
}
