// The demo page on a cold profile: from the address to the rows of a tutorial, and the bytes on the way, with the page's own files in brotli, as
// servers keep them. `node page.mjs [rounds]`, over what `npm run build` in `www/` made of the package in `pkg/`.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { chromium } from "playwright-core";

const root = join(import.meta.dirname, "..", "..", "www", "dist");
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
const kept = new Map();
const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } });
let sent = 0;

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const file = join(root, normalize(pathname === "/" ? "/index.html" : pathname));
  try {
    const type = types[extname(file)];
    const bytes = kept.get(file) ?? (type ? brotli(await readFile(file)) : await readFile(file));
    kept.set(file, bytes);
    sent += bytes.length;
    response.writeHead(200, {
      ...(type && { "content-encoding": "br" }),
      "content-type": type ?? "application/octet-stream",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(bytes);
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
const rounds = Number(process.argv[2] ?? 5);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
for (const tutorial of ["iris", "penguins", "pictures"]) {
  const [seen, times, bytes] = [[], [], []];
  // The first round fills the server's own cache.
  for (let round = 0; round <= rounds; round++) {
    // The page's service worker would go on fetching behind the rows.
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await context.newPage();
    sent = 0;
    const start = performance.now();
    await page.goto(`http://127.0.0.1:${server.address().port}/#${tutorial}`, { waitUntil: "commit" });
    await page.locator("#result[aria-busy=false][data-state=rows]").waitFor({ timeout: 120_000 });
    const time = performance.now() - start;
    const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    if (round > 0) {
      times.push(time);
      bytes.push(sent);
      seen.push(painted);
    }
    await context.close();
  }
  const [first, rows, all] = [seen, times, bytes].map(median);
  console.log(
    `${tutorial.padEnd(10)} painted after ${first.toFixed(0)} ms, rows after ${rows.toFixed(0)} ms, ${all.toLocaleString("en")} bytes`,
  );
}
await browser.close();
server.close();
