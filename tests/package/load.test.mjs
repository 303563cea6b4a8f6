// Much of everything, one after the other and at once: memory does not grow, and all answers are right. `PREDICTQL_LOAD=100000` is how many
// small queries there are, and ten times as many as pictures and models; times are told, not judged.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inPage } from "./page.mjs";

const queries = Number(process.env.PREDICTQL_LOAD ?? 2_000);
const tenth = Math.ceil(queries / 10);
/** As many as one visit of the page is given time for. */
const share = 20_000;

test("small queries, right and wrong ones, leave no memory behind", async (t) => {
  const found = { wrong: 0, memory: [], times: [] };
  for (let done = 0; done < queries; done += share) {
    const part = await inPage(
      async ({ irisDatabase }, count) => {
        const db = await irisDatabase();
        const predict = "SELECT label FROM ML.PREDICT(MODEL iris, (SELECT * FROM flowers LIMIT ?))";
        const bytes = async () => (await db.stats()).wasmBytes;
        let wrong = 0;
        const times = [];
        const memory = [];
        for (let number = 0; number < count; number++) {
          const began = performance.now();
          if (number % 4 === 0) wrong += (await db.query("SELECT ? + 1 AS y", [number])).rows[0].y !== number + 1;
          else if (number % 4 === 1) wrong += (await db.query(`SELECT ${number} AS y`)).rows[0].y !== number;
          else if (number % 4 === 2) wrong += (await db.query(predict, [3])).numRows !== 3;
          else
            wrong +=
              (await db.query(`SELECT none${number} FROM flowers`).catch(({ code }) => code)) !== "unknown-column";
          times.push(performance.now() - began);
          if (number % Math.ceil(count / 10) === 0) memory.push(await bytes());
        }
        memory.push(await bytes());
        await db.close();
        return { wrong, times, memory };
      },
      Math.min(share, queries - done),
    );
    found.wrong += part.wrong;
    found.times.push(...part.times);
    found.memory.push(part.memory);
  }
  const times = Float64Array.from(found.times).sort();
  const at = (share) => `${times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(2)} ms`;
  t.diagnostic(`${queries} queries: median ${at(0.5)}, 99 % ${at(0.99)}, 99.9 % ${at(0.999)}, longest ${at(1)}`);
  t.diagnostic(`memory: ${found.memory.map((bytes) => bytes.at(-1)).join(", ")} bytes`);
  assert.equal(found.wrong, 0);
  // Once the log has its thousand statements, it is what it was.
  for (const memory of found.memory) assert.deepEqual(new Set(memory.slice(6)).size, 1, memory.join());
});

test("a thousand calls at once each have their own answer", async () => {
  const wrong = await inPage(async ({ irisDatabase }) => {
    const db = await irisDatabase();
    const calls = Array.from({ length: 1_000 }, async (_, number) => {
      if (number % 5 === 4) {
        await db.registerTable(`t${number}`, [{ x: number }]);
        return (await db.query(`SELECT x FROM t${number}`)).rows[0].x === number;
      }
      if (number % 5 === 3) return (await db.query("SELECT nothing").catch(({ code }) => code)) === "unknown-column";
      const { rows } = await db.query("SELECT SUM(x) + ? AS s FROM UNNEST(GENERATE_ARRAY(1, 100)) AS x", [number]);
      return rows[0].s === 5050 + number;
    });
    return (await Promise.all(calls)).filter((isRight) => !isRight).length;
  });
  assert.equal(wrong, 0);
});

test("pictures, one after the other, leave no memory behind", async (t) => {
  const found = await inPage(async ({ PredictQL }, count) => {
    const db = new PredictQL();
    const kinds = ["gray.png", "baseline.jpg", "lossy.webp", "palette.gif", "rgb.bmp"];
    const blobs = await Promise.all(kinds.map(async (name) => (await fetch(`/fixtures/images/${name}`)).blob()));
    const files = Array.from(
      { length: count },
      (_, n) => new File([blobs[n % blobs.length]], `${n} ${kinds[n % kinds.length]}`),
    );
    await db.registerTable("photos", files, { format: "images" });
    const sum =
      "SELECT COUNT(*) AS n, SUM(d.values[OFFSET(0)]) AS s FROM (SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 4, 4, FALSE) AS d FROM photos LIMIT ?)";
    const each = [];
    for (let place = 0; place < 5; place++) {
      await db.registerTable("one", [files[place]], { format: "images" });
      each.push((await db.query(sum.replace("photos", "one"), [1])).rows[0].s);
    }
    await db.query(sum, [Math.ceil(count / 4)]);
    const before = (await db.stats()).wasmBytes;
    const { n, s } = (await db.query(sum, [count])).rows[0];
    return { n, s, each, before, after: (await db.stats()).wasmBytes };
  }, tenth);
  t.diagnostic(`${tenth} pictures: ${found.before} bytes after a quarter, ${found.after} after all`);
  assert.equal(found.n, tenth);
  // As much as each of the five alone, so often as it is there.
  const wanted = Array.from({ length: tenth }, (_, place) => found.each[place % 5]).reduce(
    (sum, value) => sum + value,
    0,
  );
  assert.ok(Math.abs(found.s - wanted) < 1e-6 * wanted, `${found.s} is not ${wanted}`);
  assert.equal(found.after, found.before);
});

test("models, tables and statements that come and go leave no memory behind", async (t) => {
  const found = await inPage(async ({ PredictQL }, count) => {
    const db = new PredictQL();
    const model = await (await fetch("/fixtures/models/iris_rf.onnx")).blob();
    const numbers = new Float64Array(10_000).fill(1);
    const flower = "(SELECT 5.1 AS sepal_length, 3.5 AS sepal_width, 1.4 AS petal_length, 0.2 AS petal_width)";
    const text = `SELECT label, (SELECT COUNT(*) FROM t) AS n FROM ML.PREDICT(MODEL m, ${flower})`;
    await db.registerModel("m", model);
    await db.registerTable("t", { x: numbers });
    // The log has a thousand statements from here on.
    for (let number = 0; number < 1_000; number++) await db.query(text);
    const memory = [];
    let wrong = 0;
    for (let number = 0; number < count; number++) {
      await db.registerModel("m", model);
      await db.registerTable("t", { x: numbers });
      const statement = await db.prepare(text);
      const { label, n } = (await statement.query()).rows[0];
      // scikit-learn's label of the first flower.
      wrong += label !== 0 || n !== 10_000;
      await statement.close();
      await db.dropTable("t");
      await db.dropModel("m");
      if (number % Math.ceil(count / 5) === 0) memory.push((await db.stats()).wasmBytes);
    }
    const { wasmBytes, modelBytes, tableBytes } = await db.stats();
    return { wrong, memory: [...memory, wasmBytes], modelBytes, tableBytes };
  }, tenth);
  t.diagnostic(`${tenth} models: ${found.memory.join(", ")} bytes`);
  assert.deepEqual([found.wrong, found.modelBytes, found.tableBytes], [0, 0, 0]);
  // Where blocks of memory lie differs, and a page of it may be taken late: a kilobyte left behind each time would be more.
  const [, settled = 0] = found.memory;
  assert.ok((found.memory.at(-1) ?? 0) - settled <= 2 ** 17, found.memory.join());
});

test("memory that a statement has taken and failed is given back, and nobody notices", async () => {
  const found = await inPage(async ({ irisDatabase, predictIris, failure }) => {
    const heard = [];
    const db = await irisDatabase({ log: ({ message }) => heard.push(message) });
    await db.query("CREATE TABLE made AS SELECT RAND() AS x");
    const prepared = await db.prepare("SELECT x FROM made");
    const [{ x }] = (await prepared.query()).rows;
    const before = (await db.stats()).wasmBytes;
    const reading = db.stream(predictIris, [], { batchSize: 10 });
    let rows = (await reading.next()).value.numRows;
    const large = "SELECT MAX(LENGTH(REPEAT('abcdefghij', a))) FROM UNNEST(GENERATE_ARRAY(1, 200000)) AS a";
    const error = await failure(db.query(large));
    const labels = (await db.query(predictIris)).numRows;
    for await (const batch of reading) rows += batch.numRows;
    // The next worker is made ready while this one serves.
    for (let tries = 0; tries < 200 && (await db.stats()).wasmBytes > 4 * before; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const after = (await db.stats()).wasmBytes;
    const again = (await prepared.query()).rows[0].x;
    const told = heard.filter((message) => message.includes("another worker takes over")).length;
    return { code: error.code, labels, rows, isSame: again === x, isSmall: after <= 4 * before, told };
  });
  assert.deepEqual(found, { code: "limit-exceeded", labels: 150, rows: 150, isSame: true, isSmall: true, told: 1 });
});
