// The two tutorials, models on tables and small questions beside onnxruntime-web, and SQL beside DuckDB-Wasm, interleaved
// in one page of one browser; first answers of fresh pages; small questions in Node.
// Prints medians, their ratio and the spread; fails where the two disagree on an answer.
//
// node bench.mjs [rounds] [part …]: the parts are first, small, node, tutorials, networks, judging and idioms; all of them without any.

import { execFileSync } from "node:child_process";
import { join, normalize } from "node:path";
import { median, serve, sorted, startBrowser } from "./host.mjs";

const root = join(import.meta.dirname, "..", "..");
const modules = join(import.meta.dirname, "node_modules");
const folders = {
  "/pkg/": join(root, "pkg"),
  "/demo/": join(root, "www", "public", "demo"),
  "/models/": join(root, "target", "bench"),
  "/ort/": join(modules, "onnxruntime-web", "dist"),
  "/duckdb/": join(modules, "@duckdb", "duckdb-wasm", "dist"),
  "/modules/": modules,
  "/queries/": join(root, "benches"),
  "/": import.meta.dirname,
};
const server = await serve(
  (path) => {
    const prefix = Object.keys(folders).find((it) => path.startsWith(it));
    return join(folders[prefix], normalize(path.slice(prefix.length)));
  },
  (body) => ({ body, headers: { "cache-control": "max-age=3600" } }),
);
const browser = await startBrowser();
const { origin } = server;
const [given = "15", ...chosen] = process.argv.slice(2);
const rounds = Number(given);
const isWanted = (part) => chosen.length === 0 || chosen.includes(part);
const measured = {};
const disagreements = [];
const about = {};

/** Runs a function of a page in one of its own. */
async function inPage(context, path, name, ...values) {
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && console.error(message.text()));
  await page.goto(`${origin}/${path}`);
  await page.waitForFunction((name) => name in globalThis, name);
  const answer = await page.evaluate(([name, values]) => globalThis[name](...values), [name, values]);
  await page.close();
  return answer;
}

/** From nothing, and again with what the first visit left in the browser's cache. */
async function first() {
  for (let round = 0; round < rounds; round++) {
    for (const what of ["iris", "picture"]) {
      const labels = {};
      for (const who of ["ours", "theirs"]) {
        const context = await browser.newContext();
        for (const visit of ["fresh page", "warm reload"]) {
          const { time, labels: seen } = await inPage(context, "first.html", "first", who, what);
          labels[who] = seen;
          const name = `${what}: script to rows, ${visit}`;
          measured[name] ??= { ours: [], theirs: [] };
          measured[name][who].push(time);
        }
        await context.close();
      }
      if (String(labels.ours) !== String(labels.theirs))
        disagreements.push(`${what}: ${labels.ours} against ${labels.theirs}`);
    }
  }
}

function add(found) {
  Object.assign(measured, found.measured);
  disagreements.push(...found.disagreements);
}

if (isWanted("first")) await first();
const context = await browser.newContext();
if (isWanted("small")) add(await inPage(context, "page.html", "small", rounds));
if (isWanted("tutorials")) {
  const { build, memory, ...found } = await inPage(context, "page.html", "bench", rounds);
  Object.assign(about, { build, memory });
  add(found);
}
if (isWanted("networks")) add(await inPage(context, "networks.html", "networks", rounds));
if (isWanted("judging")) add(await inPage(context, "page.html", "judging", rounds));
if (isWanted("idioms")) add(await inPage(context, "page.html", "idioms", rounds));
await browser.close();
server.close();
if (isWanted("node")) {
  const script = join(import.meta.dirname, "node.mjs");
  add(JSON.parse(execFileSync(process.execPath, [script, given], { encoding: "utf8" })));
}

const digits = (time) => time.toFixed(time < 10 ? 2 : 1);
const range = (times) => `${digits(sorted(times)[0])}-${digits(sorted(times).at(-1))}`;
console.log(
  `predictql (${about.build ?? "the package in pkg/"}) against onnxruntime-web 1.30.0 and DuckDB-Wasm 1.32.0 (one thread each), ${rounds} rounds, milliseconds`,
);
for (const [name, { ours, theirs }] of Object.entries(measured)) {
  const ratio = median(ours) / median(theirs);
  // Of the best rounds: what other work on the machine disturbs least.
  const best = Math.min(...ours) / Math.min(...theirs);
  console.log(
    `${name.padEnd(44)} ${digits(median(ours)).padStart(8)} ${digits(median(theirs)).padStart(8)}` +
      `  ratio ${ratio.toFixed(2)}, best ${best.toFixed(2)}  (${range(ours)} against ${range(theirs)})`,
  );
}
const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
if (about.memory) {
  const { tableBytes, wasmBytes } = about.memory;
  console.log(`sql: a table of ${megabytes(tableBytes)} in a memory of ${megabytes(wasmBytes)}`);
}
if (disagreements.length > 0) {
  console.error(`the answers differ:\n${disagreements.join("\n")}`);
  process.exitCode = 1;
}
