// The two tutorials, models on tables and small questions beside onnxruntime-web, and SQL beside DuckDB-Wasm, interleaved
// in one page of one browser; first answers of fresh pages; small questions in Node.
// Prints medians, their ratio and the spread; fails where the two disagree on an answer.
//
// node bench.mjs [rounds] [part …]: the parts are first, small, node, tutorials, networks, judging and idioms; all of them without any.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

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
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

// An isolated page has a clock of five microseconds instead of a hundred.
const headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cache-control": "max-age=3600",
};

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const prefix = Object.keys(folders).find((it) => pathname.startsWith(it));
  try {
    const file = join(folders[prefix], normalize(pathname.slice(prefix.length)));
    const body = await readFile(file);
    response.writeHead(200, { ...headers, "content-type": types[extname(file)] ?? "application/octet-stream" });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"],
});
const origin = `http://127.0.0.1:${server.address().port}`;
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

const sorted = (times) => [...times].sort((a, b) => a - b);
const median = (times) => sorted(times)[Math.floor(times.length / 2)];
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
