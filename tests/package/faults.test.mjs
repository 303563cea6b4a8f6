// Networks and servers that fail, amid everything that a page fetches. `PREDICTQL_FAULTS=1000` tries as many faults as one likes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { faults, serveFaulty, slow, stall } from "./faulty.mjs";
import { inPage, page } from "./page.mjs";
import { dice } from "./site/border.js";
import { needs } from "./site/faulty.js";

const trials = Number(process.env.PREDICTQL_FAULTS ?? 20);
/** An empty script of a worker is noticed after 15 seconds. */
const patience = 40_000;

let server;
before(async () => {
  server = await serveFaulty();
});
after(() => server.close());

/** Asks for one thing while the server fails, and once it does no longer. */
async function tried(need, make, at, isInHead) {
  server.state.fault = make && { path: needs[need].path, make, at, isInHead };
  server.state.hits = 0;
  // What was imported before is not fetched again.
  await page.goto(page.url());
  const found = await inPage(
    async (_, options) => (await import(`${location.origin}/site/faulty.js`)).tryFault(options),
    { need, origin: server.origin, patience },
  );
  return { ...found, hits: server.state.hits };
}

test("whatever the network does, a call ends in the right answer or an error with a code, and the next one finds all mended", async () => {
  const unhandled = [];
  page.on("pageerror", (error) => unhandled.push(String(error)));
  await page.exposeFunction("mend", () => {
    server.state.fault = undefined;
  });
  const broken = [];
  const codes = new Map();
  for (let number = 1; number <= trials; number++) {
    const random = dice(number);
    const need = random.of(Object.keys(needs));
    const fault = random.of(Object.keys(faults));
    const at = random.below(1000) / 1000;
    const found = await tried(need, faults[fault], at, random.below(2) === 0);
    if (found.hits === 0) broken.push([number, need, fault, "the fault met nobody"]);
    if (found.isKept) found.broken.push(...(await tried(need)).broken);
    broken.push(...found.broken.map((words) => [number, need, fault, at, words]));
    codes.set(found.code, (codes.get(found.code) ?? 0) + 1);
  }
  assert.deepEqual(broken, []);
  assert.deepEqual(unhandled, []);
  assert.ok(codes.has("network-failed"), JSON.stringify([...codes]));
});

test("a server that is slow is waited for, to the last byte", async () => {
  await page.exposeFunction("mend", () => {
    server.state.fault = undefined;
  });
  for (const need of ["csv", "csv in pieces", "model", "engine", "decoder"]) {
    const found = await tried(need, slow, 0.5, false);
    assert.deepEqual(found, { broken: [], code: undefined, hits: found.hits }, need);
    assert.ok(found.hits > 0, need);
  }
});

test("a server that falls silent is waited for until its caller gives up, and nobody else waits for it", async () => {
  const { origin } = server;
  server.state.fault = { path: "iris.csv", make: stall, at: 0.5 };
  const found = await inPage(async ({ PredictQL }, origin) => {
    const db = new PredictQL();
    await db.registerTable("one", [{ x: 1 }]);
    const address = `${origin}/fixtures/tables/iris.csv`;
    const reason = new Error("enough");
    const given = async (call) => {
      const controller = new AbortController();
      const running = call({ signal: controller.signal }).then(
        () => "an answer",
        (error) => (error === reason ? "given up" : String(error)),
      );
      const [{ x }] = (await db.query("SELECT x FROM one")).rows;
      controller.abort(reason);
      return [await running, x];
    };
    const external = `CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['${address}'])`;
    return [
      await given((options) => db.registerTable("t", address, options)),
      await given((options) => db.registerTable("t", address, { ...options, stream: true })),
      await given((options) => db.query(external, [], options)),
      await given((options) => db.registerModel("m", address, options)),
      (await db.tables()).map(({ name }) => name),
    ];
  }, origin);
  server.state.fault = undefined;
  assert.deepEqual(found, [...Array(4).fill(["given up", 1]), ["one"]]);
});
