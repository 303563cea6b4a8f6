// Tutorials, networks, models on tables and small questions beside onnxruntime-web, Keras' networks beside LiteRT.js too, SQL and CSV beside
// DuckDB-Wasm, interleaved in one page of one browser; first answers of fresh pages; memory, each engine in a browser of its own; small questions in Node.
// Prints tables of Markdown, and keeps them with all numbers in `target/bench.md` and `target/bench.json`; fails where two disagree on an answer.
//
// node bench.mjs [rounds] [part …] [--threads N]: all parts without any. So many threads have networks in all engines.

import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { serve, startBrowser } from "./host.mjs";
import { memory } from "./memory.mjs";
import { markdownOf, partNames, reportOf } from "./report.mjs";

const root = join(import.meta.dirname, "..", "..");
const modules = join(import.meta.dirname, "node_modules");
const folders = {
  "/pkg/": join(root, "pkg"),
  "/demo/": join(root, "www", "public", "demo"),
  "/models/": join(root, "target", "bench"),
  "/litert-models/": join(root, "target", "litert"),
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
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: "string", default: "1" } },
});
const [given = "15", ...chosen] = positionals;
const [rounds, threads] = [given, values.threads].map(Number);
const odd = chosen.find((part) => !partNames.includes(part));
if (odd || !(rounds > 0) || !(threads > 0)) {
  console.error(`bench.mjs takes a number of rounds and parts: ${partNames.join(", ")}`);
  process.exit(2);
}

/** Runs a function of a page in one of its own. */
async function inPage(context, path, name, ...values) {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`${origin}/${path}`);
  await page.waitForFunction((name) => name in globalThis, name);
  const answer = await page.evaluate(([name, values]) => globalThis[name](...values), [name, values]);
  await page.close();
  return answer;
}

/** From nothing, and again with what the first visit left in the browser's cache. */
async function first() {
  const measured = {};
  const disagreements = [];
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
  return { measured, disagreements };
}

function inNode() {
  const script = join(import.meta.dirname, "node.mjs");
  return JSON.parse(execFileSync(process.execPath, [script, given], { encoding: "utf8" }));
}

const context = await browser.newContext();
const measured = {};
for (const part of chosen.length > 0 ? chosen : partNames) {
  console.error(`measuring: ${part}`);
  if (part === "first") measured[part] = await first();
  else if (part === "node") measured[part] = inNode();
  else if (part === "memory") measured[part] = await memory(origin);
  else measured[part] = await inPage(context, "page.html", part, rounds, threads);
}
const versions = [`Chromium ${browser.version()}`, `Node ${process.version}`];
await browser.close();
server.close();

for (const name of ["onnxruntime-web", "@litertjs/core", "@duckdb/duckdb-wasm"]) {
  versions.push(`${name} ${JSON.parse(await readFile(join(modules, name, "package.json"), "utf8")).version}`);
}
const { version } = JSON.parse(await readFile(join(root, "pkg", "package.json"), "utf8"));
const build = measured.tutorials?.build;
const about = {
  command: ["node benches/web/bench.mjs", ...process.argv.slice(2)].join(" "),
  predictql: build ? `${version} (${build})` : version,
  versions,
  machine: `${cpus().length} x ${cpus()[0].model}, ${process.platform}`,
  threads: threads === 1 ? "one thread each" : `networks: ${threads} threads each, all else one`,
};
const report = reportOf(measured);
const words = `\`${about.command}\`: PredictQL ${about.predictql}, ${versions.join(", ")}; ${about.machine}; ${about.threads}.
Medians in milliseconds, and what the rounds lay between. Ratios are ours to theirs, of the medians and of the best rounds.`;
const markdown = markdownOf(report, words);
console.log(markdown);
await writeFile(join(root, "target", "bench.json"), JSON.stringify({ ...about, rounds, report, measured }, null, 1));
await writeFile(join(root, "target", "bench.md"), markdown);
const missed = report.flatMap(({ rows }) => rows).filter(({ isMissed }) => isMissed);
if (missed.length > 0) console.error(`${missed.length} bars are missed: ${missed.map(({ name }) => name).join("; ")}`);
if (report.some(({ disagreements }) => disagreements.length > 0)) {
  console.error("answers differ: see the end of each part");
  process.exitCode = 1;
}
