// Values that nobody should give, to everything that a page can call. `PREDICTQL_BORDER=100000` tries as many calls as one likes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PredictError, PredictQL } from "../../pkg/node.js";
import { inPage, page } from "./page.mjs";
import { tryBorder } from "./site/border.js";

const calls = Number(process.env.PREDICTQL_BORDER ?? 1_000);
/** As many as one page is given time for. */
const share = 3_000;
const patience = 10_000;

/** Every call by its number, in parts. */
async function everything(first, run) {
  const sum = { broken: [], answered: 0, refused: 0 };
  for (let at = first; at < first + calls; at += share) {
    const found = await run({ first: at, calls: Math.min(share, first + calls - at), patience });
    sum.broken.push(...found.broken);
    sum.answered += found.answered;
    sum.refused += found.refused;
  }
  assert.deepEqual(sum.broken, []);
  // Neither is all refused at the door, nor is everything let through.
  assert.ok(sum.answered > calls / 20 && sum.refused > calls / 20, JSON.stringify(sum));
}

test("whatever a page gives, a call ends in an answer or an error with a code, in a page", async () => {
  const unhandled = [];
  page.on("pageerror", (error) => unhandled.push(String(error)));
  await everything(1, (options) =>
    inPage(async ({ PredictQL, PredictError }, options) => {
      const { tryBorder } = await import(`${location.origin}/site/border.js`);
      const model = await (await fetch("/fixtures/models/decision_tree.onnx")).arrayBuffer();
      return tryBorder({ open: () => new PredictQL(), PredictError, model }, options);
    }, options),
  );
  assert.deepEqual(unhandled, []);
});

test("whatever a program gives, a call ends in an answer or an error with a code, in Node", async () => {
  const model = readFileSync(join(import.meta.dirname, "..", "fixtures", "models", "decision_tree.onnx"));
  const open = () => new PredictQL();
  await everything(1_000_000, (options) => tryBorder({ open, PredictError, model }, options));
});

test("what would keep the page busy for minutes, or says nothing of itself, is refused by its name", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    const endless = new Array(2 ** 32 - 1);
    const gone = new Float64Array(8);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const own = {};
    own.self = own;
    const read = new Response("x");
    await read.text();
    const calls = {
      parameters: () => db.query("SELECT 1", endless),
      parameter: () => db.query("SELECT ARRAY_LENGTH(?)", [endless]),
      rows: () => db.registerTable("t", endless),
      column: () => db.registerTable("t", { x: endless }),
      cell: () => db.registerTable("t", [{ x: endless }]),
      option: () => db.registerModel("m", "/fixtures/models/decision_tree.onnx", { labels: endless }),
      template: () => db.sql`SELECT * FROM ${endless}`,
      transferred: () => db.registerTable("t", { x: gone }),
      "transferred cell": () => db.registerTable("t", [{ x: gone }]),
      circle: () => db.registerTable("t", [own]),
      "no row": () => db.registerTable("t", [{ x: 1 }, null]),
      "no iterator": () => db.registerTable("t", { [Symbol.asyncIterator]: () => ({ next: () => 1 }) }),
      "read already": () => db.registerModel("m", read),
      offset: () => db.complete("SELECT ", 1n),
    };
    const messages = {};
    for (const [name, call] of Object.entries(calls)) {
      const error = await failure(Promise.resolve().then(call));
      messages[name] = error && `${error.code}: ${error.message}`;
    }
    const escaped = await failure(Promise.resolve().then(() => db.escape(1)));
    const many = (async function* () {
      yield Array.from({ length: 300_000 }, (_, x) => ({ x }));
    })();
    await db.registerTable("many", many);
    const rows = (await db.query("SELECT x FROM many")).numRows;
    return { messages, escape: escaped.code, rows };
  });
  const long = /unsupported-value: .*has a list of 4294967295 values: 50000000 are the most/;
  const wanted = {
    ...Object.fromEntries(
      ["parameters", "parameter", "rows", "column", "cell", "template"].map((name) => [name, long]),
    ),
    option: /invalid-option: registerModel: the option `labels` must be a list of labels or an address, found an array/,
    transferred: /unsupported-value: column `x` was transferred away/,
    "transferred cell": /unsupported-value: column `x` holds bytes that were transferred away in row 1/,
    circle: /unsupported-value: column `self` holds objects in each other without an end in row 1/,
    "no row": /unsupported-value: row 2 is null/,
    "no iterator": /unsupported-source: `next` of the table's iterator gave 1/,
    "read already": /unsupported-source: the model's stream is read by somebody else, or has been read/,
    offset: /invalid-option: complete: the option `offset` must be a number, found 1/,
  };
  for (const [name, message] of Object.entries(wanted)) assert.match(String(found.messages[name]), message, name);
  assert.equal(found.escape, "unsupported-value");
  // A list of many rows at once is no trouble.
  assert.equal(found.rows, 300_000);
});
