// The two tutorials and models on tables beside onnxruntime-web, and SQL beside DuckDB-Wasm, interleaved in one page of
// one browser.
// Prints medians, their ratio and the spread; fails where the two disagree on an answer.

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
  "/": import.meta.dirname,
};
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

// An isolated page has a clock of five microseconds instead of a hundred.
const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const prefix = Object.keys(folders).find((it) => pathname.startsWith(it));
  try {
    const file = join(folders[prefix], normalize(pathname.slice(prefix.length)));
    const body = await readFile(file);
    response.writeHead(200, { ...isolated, "content-type": types[extname(file)] ?? "application/octet-stream" });
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
const page = await browser.newPage();
page.on("console", (message) => message.type() === "error" && console.error(message.text()));
await page.goto(`http://127.0.0.1:${server.address().port}/page.html`);
const rounds = Number(process.argv[2] ?? 15);
const { measured, disagreements, build, memory } = await page.evaluate((rounds) => globalThis.bench(rounds), rounds);
await browser.close();
server.close();

const sorted = (times) => [...times].sort((a, b) => a - b);
const median = (times) => sorted(times)[Math.floor(times.length / 2)];
const digits = (time) => time.toFixed(time < 10 ? 2 : 1);
const range = (times) => `${digits(sorted(times)[0])}-${digits(sorted(times).at(-1))}`;
console.log(
  `predictql (${build}) against onnxruntime-web 1.30.0 and DuckDB-Wasm 1.32.0 (one thread each), ${rounds} rounds, milliseconds`,
);
for (const [name, { ours, theirs }] of Object.entries(measured)) {
  const ratio = median(ours) / median(theirs);
  console.log(
    `${name.padEnd(40)} ${digits(median(ours)).padStart(8)} ${digits(median(theirs)).padStart(8)}` +
      `  ratio ${ratio.toFixed(2)}  (${range(ours)} against ${range(theirs)})`,
  );
}
const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
console.log(`sql: a table of ${megabytes(memory.tableBytes)} in a memory of ${megabytes(memory.wasmBytes)}`);
if (disagreements.length > 0) {
  console.error(`the answers differ:\n${disagreements.join("\n")}`);
  process.exitCode = 1;
}
