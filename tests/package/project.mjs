// A project of somebody who has installed the package from its tarball, and what a browser makes of what was built of it.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { strictPolicy } from "./site.mjs";

const here = import.meta.dirname;
export const fixtures = join(here, "..", "fixtures");
export const pkg = join(here, "..", "..", "pkg");

/** Packs the package, and unpacks it where a package manager would put it. Answers that folder, and the names of its files. */
export function install(project) {
  const installed = join(project, "node_modules", "predictql");
  const packed = JSON.parse(
    execFileSync("npm", ["pack", pkg, "--json", "--pack-destination", project], { encoding: "utf8" }),
  );
  const [{ filename, files }] = Array.isArray(packed) ? packed : Object.values(packed);
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(project, filename), "-C", installed, "--strip-components", "1"]);
  return { installed, names: files.map(({ path }) => path) };
}

/** Rows, a model, a plan and what an engine's first file lacks: what is loaded later is found too. */
const script = `import { PredictQL } from "predictql";
const db = new PredictQL(globalThis.options ?? {});
await db.registerModel("iris", "/iris.onnx");
const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const { rows } = await db.predict("iris", [flower]);
const { text } = await db.explain("SELECT 1 AS x");
const rare = await db.query("SELECT RIGHT(TO_HEX(SHA512('abc')), 8) AS x");
document.title = \`\${rows[0].label} \${text.includes("Project")} \${rare.rows[0].x}\`;
`;

/** What the page of the project shows: the label of scikit-learn, and the end of SHA-512's own example. */
export const right = { title: "0 true a54ca49f", faults: [] };

/** Writes a project of one page. */
export function writeProject(project) {
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(project, "main.js"), script);
  writePage(project, "./main.js");
}

export function writePage(folder, script, before = "") {
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html><title>?</title>${before}<script type="module" src="${script}"></script>`,
  );
}

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

/** What the page of a folder shows that is served as a static host does, with the policy of the README if not with another one. */
export async function shown(browser, folder, headers = {}) {
  cpSync(join(fixtures, "models", "iris_rf.onnx"), join(folder, "iris.onnx"));
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const file = path === "/" ? "/index.html" : path;
    try {
      const body = readFileSync(join(folder, file));
      response.writeHead(200, {
        "content-type": types[extname(file) || ".html"] ?? "application/octet-stream",
        "content-security-policy": strictPolicy,
        ...headers,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const found = await titleAt(browser, `http://127.0.0.1:${server.address().port}/`);
  server.closeAllConnections();
  server.close();
  return found;
}

/** The title of a page once it has one, and what went wrong in it. */
export async function titleAt(browser, address) {
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(address);
  await page.waitForFunction(() => document.title !== "?", undefined, { timeout: 20_000 }).catch(() => {});
  const title = await page.title();
  await page.close();
  return { title, faults };
}
