// Several threads of the full engine: the same bits as one, when they start and end, and what becomes of a page that has none.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { inPage, page } from "./page.mjs";
import { serve } from "./site.mjs";

// Node 20 has relaxed SIMD behind this.
setFlagsFromString("--experimental-wasm-relaxed-simd");
const { PredictQL } = await import("../../pkg/node.js");

const fixture = (path) => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));

/** What onnxruntime says of the rows of a fixture. */
function told(model, output) {
  const { inputs, onnxruntime } = JSON.parse(readFileSync(fixture(`expected/${model}.json`), "utf8"));
  const [{ shape, data }] = Object.values(inputs);
  const rows = Array.from({ length: shape[0] }, (_, row) => data.slice(row * shape[1], (row + 1) * shape[1]));
  return { input: Object.keys(inputs)[0], rows, expected: onnxruntime[output].data.map(Number) };
}

/** A CNN, a network for rows, and a forest: each with rows enough for several threads. */
const models = [
  { model: "threads_picture", output: "shares", times: 1 },
  { model: "threads_rows", output: "values", times: 100 },
  { model: "forest_100_trees", output: "probabilities", times: 100 },
].map((it) => ({ ...it, ...told(it.model, it.output) }));

/** The predictions of each model, as often as asked, as one list of numbers. */
async function predictions(db, address, models, rounds) {
  const found = [];
  for (const { model, input, output, rows, times } of models) {
    await db.registerModel(model, address(`models/${model}.onnx`));
    const all = Array.from({ length: times }, () => rows).flat();
    for (let round = 0; round < rounds; round++) {
      const result = await db.predict(model, { [input]: all });
      const column = result.getChild(output);
      found.push(Array.from({ length: result.numRows }, (_, row) => [...column.at(row)]).flat());
    }
  }
  return found;
}

/** Each round gave the same bits as one thread, and what onnxruntime gives. */
function assertSame(found, alone, rounds) {
  found.forEach((numbers, nth) => {
    const { model, expected } = models[Math.floor(nth / rounds)];
    assert.deepEqual(numbers, alone[Math.floor(nth / rounds)], model);
    numbers.forEach((number, at) => {
      const wanted = expected[at % expected.length];
      assert.ok(Math.abs(number - wanted) <= 1e-5 + 1e-4 * Math.abs(wanted), `${model}: ${number}, not ${wanted}`);
    });
  });
}

describe("in a page that is isolated", () => {
  let isolated;
  before(async () => {
    isolated = await serve(true);
  });
  after(() => isolated?.close());
  beforeEach(() => page.goto(isolated.origin));

  /** Runs in the page, with the models above and what counts workers. */
  const inIsolation = (work, argument) =>
    inPage(
      async (harness, [work, predictions, models, argument]) => {
        const made = (source) => Function(`return ${source}`)();
        const held = async () => {
          const { held } = await navigator.locks.query();
          return held.filter(({ name }) => name.startsWith("counted ")).length;
        };
        const counted = () => new Worker("/site/counted.js", { type: "module" });
        /** How many workers there are, once it is so many, or after a while. */
        const workers = async (count) => {
          for (let tries = 0; tries < 100 && (await held()) !== count; tries++) {
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          return held();
        };
        const predict = (db, rounds = 1) => made(predictions)(db, (path) => `/fixtures/${path}`, models, rounds);
        return made(work)({ ...harness, counted, workers, predict }, argument);
      },
      [work.toString(), predictions.toString(), models, argument],
    );

  test("a network, rows and a forest have the same bits on one thread and on several, and those of onnxruntime", async () => {
    const { alone, several, info } = await inIsolation(async ({ PredictQL, predict, workers, counted }) => {
      const one = new PredictQL({ wasmUrl: "/pkg/wasm/threads.wasm", threads: 1, worker: counted });
      const alone = await predict(one);
      const info = [await one.ready];
      await one.close();
      const several = [];
      for (const threads of [2, 4]) {
        const db = new PredictQL({ engine: "full", threads, worker: counted });
        await predict(db);
        await workers(threads);
        several.push(await predict(db, 3));
        info.push(await db.ready);
        await db.close();
      }
      return { alone, several, info };
    });
    assert.deepEqual(
      info.map(({ build, threads, crossOriginIsolated }) => [build, threads, crossOriginIsolated]),
      [
        ["custom", 1, true],
        ["threads", 2, true],
        ["threads", 4, true],
      ],
    );
    for (const found of several) assertSame(found, alone, 3);
  });

  test("threads start with the first work that is worth it, as many as the option says, and end with the database", async () => {
    const counts = await inIsolation(async ({ PredictQL, predict, workers, counted }) => {
      const db = new PredictQL({ engine: "full", threads: 3, worker: counted });
      await db.query("SELECT 1");
      await db.registerModel("iris", "/fixtures/models/iris_rf.onnx");
      const small = await workers(1);
      await predict(db);
      const large = await workers(3);
      await db.close();
      return [small, large, await workers(0)];
    });
    assert.deepEqual(counts, [1, 3, 0]);
  });

  test("by itself there are as many threads as cores, once the full engine runs", async () => {
    const [first, then, cores] = await inIsolation(async ({ PredictQL, predict }) => {
      const db = new PredictQL();
      const first = await db.ready;
      await predict(db);
      return [first, await db.ready, navigator.hardwareConcurrency];
    });
    assert.deepEqual([first.engine, first.threads], ["tables", 1]);
    assert.deepEqual([then.engine, then.threads], ["full", Math.min(cores, 8)]);
  });

  test("a query that is given up amid its work takes its threads along, and the next worker has its own", async () => {
    const found = await inIsolation(async ({ PredictQL, predict, workers, counted }) => {
      const db = new PredictQL({ engine: "full", threads: 2, worker: counted });
      const [before] = await predict(db);
      await workers(2);
      const sql = `SELECT SUM(shares[OFFSET(0)]) FROM ML.PREDICT(MODEL threads_picture,
        (SELECT [n, 1, 1] AS colour FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS n))`;
      const outcomes = [];
      for (let round = 0; round < 3; round++) {
        const running = db.query(sql, [], { signal: AbortSignal.timeout(500) });
        outcomes.push(await running.catch((error) => error.name));
        const again = await predict(db);
        outcomes.push(
          again[0].every((number, at) => number === before[at]),
          await workers(2),
        );
      }
      await db.close();
      return [outcomes, await workers(0)];
    });
    const round = ["TimeoutError", true, 2];
    assert.deepEqual(found, [[...round, ...round, ...round], 0]);
  });

  test("threads that cannot start are missed by nobody", async () => {
    const found = await inIsolation(async ({ PredictQL, predict }) => {
      const worker = () => new Worker("/site/lonely.js", { type: "module" });
      const lonely = new PredictQL({ engine: "full", threads: 4, worker });
      const other = new PredictQL({ engine: "full", threads: 2 });
      return [await predict(lonely, 2), await predict(other, 2)];
    });
    assert.deepEqual(found[0], found[1]);
  });

  test("a thread that stops amid its work ends the engine's worker, and the next one has all that it held", async () => {
    const { error, found, expected } = await inIsolation(async ({ PredictQL, predict, failure, counted }) => {
      const scripts = ["/site/stopping.js"];
      const worker = () => (scripts.length ? new Worker(scripts.shift(), { type: "module" }) : counted());
      const db = new PredictQL({ engine: "full", threads: 2, worker });
      let error;
      // The first rounds may be over before there are others.
      for (let round = 0; round < 50 && !error; round++) error = await failure(predict(db));
      const other = new PredictQL({ engine: "full", threads: 2 });
      return { error, found: await predict(db, 2), expected: await predict(other, 2) };
    });
    assert.equal(error.code, "engine-crashed");
    assert.match(error.detail, /a thread that helps has stopped/);
    assert.deepEqual(found, expected);
  });
});

test("in a page that is not isolated, one thread computes, and `ready` says why", async () => {
  const info = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL({ engine: "full", threads: 4 });
    return db.ready;
  });
  assert.notEqual(info.build, "threads");
  assert.deepEqual([info.threads, info.crossOriginIsolated], [1, false]);
  assert.match(info.why, /one thread: the page is not isolated from other origins$/);
});

test("the option `threads` is judged", () => {
  for (const threads of [0, 1.5, 65, "all"]) {
    assert.throws(() => new PredictQL({ threads }), { code: "invalid-option", message: /`threads`/ });
  }
});

/** Threads of this process. */
function threadsOfProcess() {
  if (process.platform === "linux") return readdirSync("/proc/self/task").length;
  const lines = execFileSync("ps", ["-M", String(process.pid)], { encoding: "utf8" })
    .trim()
    .split("\n");
  return lines.length - 1;
}

/** How many there are once their number stays the same for a second. */
async function settledThreads() {
  let count = threadsOfProcess();
  for (let same = 0; same < 10; same++) {
    await pause(100);
    if (threadsOfProcess() !== count) {
      count = threadsOfProcess();
      same = 0;
    }
  }
  return count;
}

async function threadsBecome(count) {
  for (let tries = 0; tries < 100 && threadsOfProcess() !== count; tries++) await pause(100);
  return threadsOfProcess();
}

test("in Node threads have the same bits, and end with the database", async () => {
  const one = new PredictQL({ wasmUrl: new URL("../../pkg/wasm/threads.wasm", import.meta.url), threads: 1 });
  const alone = await predictions(one, fixture, models, 1);
  await one.close();
  const few = await settledThreads();
  const db = new PredictQL({ engine: "full", threads: 3 });
  const { build, threads: several } = await db.ready;
  assert.deepEqual([build, several], ["threads", 3]);
  assert.equal(await threadsBecome(few + 1), few + 1);
  await predictions(db, fixture, models, 1);
  assert.equal(await threadsBecome(few + 3), few + 3);
  assertSame(await predictions(db, fixture, models, 3), alone, 3);
  await db.close();
  assert.equal(await threadsBecome(few), few);
});

test("one thread is enough where the option says so, and on the calling thread", async () => {
  for (const [options, reason] of [
    [{ threads: 1 }, "the option `threads` says so"],
    [{ worker: "inline" }, "the calling thread waits for no other"],
  ]) {
    const db = new PredictQL({ engine: "full", threads: 2, ...options });
    const { build, threads, why } = await db.ready;
    assert.notEqual(build, "threads");
    assert.deepEqual([threads, why.split("; one thread: ")[1]], [1, reason]);
    await db.close();
  }
});
