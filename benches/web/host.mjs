// What the benches stand on: a server of files for an isolated page, and the system's browser.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { chromium } from "playwright-core";

const types = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** The type of what a page is made of; none for models and other data. */
export const typeOf = (file) => types[extname(file)];

/**
 * Serves the file that `find` makes of a path; a folder, a file that is not there and an error of `find` are 404. `answer` makes the body that is
 * sent and headers of its own from a file's bytes and its path.
 */
export async function serve(find, answer) {
  const server = createServer(async (request, response) => {
    try {
      const file = find(new URL(request.url, "http://localhost").pathname);
      const { body, headers } = answer(await readFile(file), file);
      response.writeHead(200, {
        // An isolated page has a clock of five microseconds instead of a hundred.
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "content-type": typeOf(file) ?? "application/octet-stream",
        ...headers,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

export const startBrowser = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"],
  });

export const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
export const median = (numbers) => sorted(numbers)[Math.floor(numbers.length / 2)];
