// The demo page on a cold profile: from the address to the rows of a tutorial, and the bytes on the way, with the page's own files in brotli, as
// servers keep them. `node page.mjs [rounds]`, over what `npm run build` in `www/` made of the package in `pkg/`.

import { join, normalize } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { median, serve, startBrowser, typeOf } from "./host.mjs";

const root = join(import.meta.dirname, "..", "..", "www", "dist");
const packed = new Map();
let sent = 0;

const server = await serve(
  (path) => join(root, normalize(path === "/" ? "/index.html" : path)),
  (bytes, file) => {
    const isOwn = typeOf(file) !== undefined;
    if (isOwn && !packed.has(file)) {
      packed.set(file, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }));
    }
    const body = packed.get(file) ?? bytes;
    sent += body.length;
    return { body, headers: isOwn ? { "content-encoding": "br" } : {} };
  },
);
const browser = await startBrowser();
const rounds = Number(process.argv[2] ?? 5);
for (const tutorial of ["iris", "penguins", "pictures"]) {
  const [seen, times, bytes] = [[], [], []];
  // The first round fills the server's own cache.
  for (let round = 0; round <= rounds; round++) {
    // The page's service worker would go on fetching behind the rows.
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await context.newPage();
    sent = 0;
    const start = performance.now();
    await page.goto(`${server.origin}/#${tutorial}`, { waitUntil: "commit" });
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
