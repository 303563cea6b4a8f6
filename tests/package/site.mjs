// A plain static server and a browser: what a user of the package has, and no bundler.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";
import { launchOptions } from "../e2e/browser.mjs";

const here = import.meta.dirname;
const root = join(here, "..", "..");
const folders = {
  "/pkg/": join(root, "pkg"),
  "/fixtures/": join(root, "tests", "fixtures"),
  "/site/": join(here, "site"),
  "/modules/": join(here, "node_modules"),
};
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".csv": "text/csv",
  ".wasm": "application/wasm",
};

/** The policy of a strict page, as the README recommends it. */
export const strictPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

/** What lets a page be isolated from other origins, so that its threads may share memory. */
const isolating = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/**
 * Serves the package, the fixtures and the pages, which may be isolated; like many hosts, it answers unknown paths with its start
 * page.
 */
export async function serve(isIsolated = false) {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    if (pathname === "/leads-to") {
      response.writeHead(302, { location: searchParams.get("there"), "access-control-allow-origin": "*" }).end();
      return;
    }
    const folder = Object.keys(folders).find((prefix) => pathname.startsWith(prefix));
    const file = folder
      ? join(folders[folder], normalize(pathname.slice(folder.length)))
      : join(here, "site", "index.html");
    try {
      const body = await readFile(file);
      response.writeHead(200, {
        "content-type": types[extname(file)] ?? "application/octet-stream",
        "content-length": body.length,
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        ...(isIsolated ? isolating : {}),
        ...(pathname === "/strict" || pathname.startsWith("/pkg/") ? { "content-security-policy": strictPolicy } : {}),
      });
      response.end(request.method === "HEAD" ? undefined : body);
    } catch {
      response.writeHead(404, { "content-type": "text/plain" });
      response.end("not found");
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

export function launch() {
  return chromium.launch(launchOptions);
}

/** A browser that keeps what it stores in a folder, and can be killed with all its processes. */
export async function startBrowser(folder) {
  const own = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${folder}`, "about:blank"];
  const { executablePath, args } = launchOptions;
  const browser = spawn(executablePath, [...args, ...own], { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const address = await new Promise((resolve, reject) => {
    let said = "";
    browser.stderr.on("data", (part) => {
      said += part;
      const [, found] = /DevTools listening on (ws:\S+)/.exec(said) ?? [];
      if (found) resolve(found);
    });
    browser.on("exit", () => reject(new Error(`the browser has ended: ${said}`)));
  });
  const connected = await chromium.connectOverCDP(address);
  const page = await connected.contexts()[0].newPage();
  const kill = async () => {
    const ended = once(browser, "exit");
    process.kill(-browser.pid, "SIGKILL");
    await ended;
    await connected.close().catch(() => {});
  };
  return { page, kill };
}
