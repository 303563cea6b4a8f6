// `npm run steps`: how long the engine's steps are, over the suite of SQL and over a million rows, the longest ones by name. Measured in
// Node on the calling thread, in time of the processor, so that other programs do not count. Nothing else runs between two answers of
// the worker: an answer may be several short steps, and is never less than one.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inlineWorker } from "../../pkg/inline.js";
import { PredictQL } from "../../pkg/node.js";

/** What a page can still do in time for the next frames but one or two. */
const long = 50;

const measured = [];
let sql = "";

function now() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The worker of the calling thread, whose answers are timed. */
function timedWorker() {
  const inner = inlineWorker();
  const outer = { onmessage: null, onmessageerror: null, onerror: null, terminate: () => inner.terminate() };
  let [kind, began] = ["", 0];
  outer.postMessage = (request, transfer) => {
    [kind, began] = [request.kind, now()];
    inner.postMessage(request, transfer);
  };
  inner.onmessage = (event) => {
    if (/^(run|step|next)$/.test(kind)) measured.push([now() - began, sql]);
    outer.onmessage?.(event);
  };
  return outer;
}

async function run(db, text, name) {
  sql = `${name}${text.replace(/\s+/g, " ")}`;
  await db.exec(text).catch(() => {});
}

async function suite() {
  const folder = join(import.meta.dirname, "..", "suite");
  for (const file of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".slt"))) {
    const db = new PredictQL({ worker: timedWorker });
    // What the rest of the engine takes to load is nobody's step.
    await db.query("SELECT TO_HEX(SHA512(''))");
    for (const record of readFileSync(join(folder, file), "utf8").split(/\n\n+/)) {
      const [, text] = /^(?:statement|query)[^\n]*\n([\s\S]*?)(?:\n----[\s\S]*)?$/m.exec(record.trim()) ?? [];
      if (text) await run(db, text, `${file}: `);
    }
    await db.close();
  }
}

const large = [
  "SELECT a FROM m ORDER BY b",
  "SELECT COUNT(*) FROM (SELECT t FROM m ORDER BY t)",
  "SELECT MAX(r) FROM (SELECT ROW_NUMBER() OVER (ORDER BY t) AS r FROM m)",
  "SELECT MAX(r) FROM (SELECT RANK() OVER (PARTITION BY g ORDER BY b) AS r FROM m)",
  "SELECT MAX(r) FROM (SELECT SUM(b) OVER (ORDER BY a ROWS BETWEEN 1000 PRECEDING AND CURRENT ROW) AS r FROM m)",
  "SELECT MAX(r) FROM (SELECT PERCENTILE_CONT(b, 0.5) OVER (PARTITION BY g) AS r FROM m)",
  "SELECT g, COUNT(*), AVG(b) FROM m GROUP BY g",
  "SELECT COUNT(*) FROM (SELECT t, COUNT(*) AS n FROM m GROUP BY t)",
  "SELECT COUNT(DISTINCT t) FROM m",
  "SELECT COUNT(*) FROM m AS x JOIN m AS y ON x.t = y.t",
  "SELECT COUNT(*) FROM (SELECT * FROM m LIMIT 3000) AS x JOIN (SELECT * FROM m LIMIT 3000) AS y ON x.b < y.b",
  "SELECT ARRAY_LENGTH(ARRAY_AGG(b ORDER BY b)) FROM m",
  "SELECT LENGTH(STRING_AGG(CAST(g AS STRING) ORDER BY b)) FROM m",
  "SELECT APPROX_QUANTILES(b, 100)[OFFSET(50)] FROM m",
  "SELECT APPROX_TOP_COUNT(t, 3)[OFFSET(0)].count FROM m",
  "SELECT COUNTIF(REGEXP_CONTAINS(t, r'9+1')) FROM m",
  "SELECT COUNT(*) FROM m WHERE a IN (SELECT a FROM m)",
  "SELECT COUNT(*) FROM (SELECT a FROM m UNION DISTINCT SELECT g FROM m)",
  "SELECT * FROM ML.DESCRIBE_DATA(TABLE m)",
  "SELECT COUNT(*) FROM m WHERE a IN UNNEST(GENERATE_ARRAY(1, 10000000))",
  "UPDATE m SET b = b + 1 WHERE g = 5",
  "DELETE FROM m WHERE a >= 900000",
];

async function millions() {
  const db = new PredictQL({ worker: timedWorker });
  await db.query("SELECT TO_HEX(SHA512(''))");
  await run(
    db,
    "CREATE TABLE n AS SELECT a, MOD(a * 7919, 1000003) AS p FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS a",
    "",
  );
  await run(
    db,
    "CREATE TABLE m AS SELECT a, p / 1000003 AS b, MOD(p, 1000) AS g, CONCAT('key', CAST(p AS STRING)) AS t FROM n",
    "",
  );
  for (const text of large) await run(db, text, "");
  await db.close();
}

await suite();
await millions();
measured.sort(([one], [other]) => other - one);
const over = measured.filter(([time]) => time > long);
console.log(`${measured.length} steps, of which ${over.length} take more than ${long} ms`);
const longest = new Map();
for (const [time, text] of over) if (!longest.has(text)) longest.set(text, time);
for (const [text, time] of longest) console.log(`${Math.round(time)} ms  ${text.slice(0, 160)}`);
