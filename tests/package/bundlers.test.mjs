// The package in the bundlers that people have: installed from its tarball, built as their guides say, opened in a browser
// under a strict policy.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import webpack from "webpack";
import { launch, strictPolicy } from "./site.mjs";

const here = import.meta.dirname;
const project = mkdtempSync(join(tmpdir(), "predictql-bundlers-"));
const installed = join(project, "node_modules", "predictql");
let browser;

before(async () => {
  const options = { encoding: "utf8" };
  const packed = JSON.parse(
    execFileSync("npm", ["pack", join(here, "..", "..", "pkg"), "--json", "--pack-destination", project], options),
  );
  const [{ filename }] = Array.isArray(packed) ? packed : Object.values(packed);
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(project, filename), "-C", installed, "--strip-components", "1"]);
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  cpSync(join(here, "..", "fixtures", "models", "iris_rf.onnx"), join(project, "iris.onnx"));
  // Rows, a model, a plan and what an engine's first file lacks: what is loaded later is found too.
  writeFileSync(
    join(project, "main.js"),
    `import { PredictQL } from "predictql";
const db = new PredictQL(globalThis.options ?? {});
await db.registerModel("iris", "/iris.onnx");
const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const { rows } = await db.predict("iris", [flower]);
const { text } = await db.explain("SELECT 1 AS x");
const rare = await db.query("SELECT RIGHT(TO_HEX(SHA512('abc')), 8) AS x");
document.title = \`\${rows[0].label} \${text.includes("Project")} \${rare.rows[0].x}\`;
`,
  );
  writeFileSync(
    join(project, "index.html"),
    '<!doctype html><title>?</title><script type="module" src="/main.js"></script>',
  );
  browser = await launch();
});

after(async () => {
  await browser?.close();
  rmSync(project, { recursive: true });
});

const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** What a page of this folder shows, served as a static host does, with the policy of the README. */
async function shown(folder) {
  cpSync(join(project, "iris.onnx"), join(folder, "iris.onnx"));
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    try {
      const body = readFileSync(join(folder, path === "/" ? "index.html" : path));
      response.writeHead(200, {
        "content-type": types[extname(path === "/" ? ".html" : path) || ".html"] ?? "application/octet-stream",
        "content-security-policy": strictPolicy,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => document.title !== "?", undefined, { timeout: 20_000 }).catch(() => {});
  const title = await page.title();
  await page.close();
  server.close();
  return { title, faults };
}

const right = { title: "0 true a54ca49f", faults: [] };

function htmlFor(folder, script, before = "") {
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html><title>?</title>${before}<script type="module" src="${script}"></script>`,
  );
}

test("Vite 8, with nothing to configure", async () => {
  const outDir = join(project, "vite");
  // The page waits for the engine at its top level.
  await vite({ root: project, logLevel: "error", build: { outDir, target: "es2022" } });
  assert.deepEqual(await shown(outDir), right);
});

test("webpack 5, with nothing to configure", async () => {
  const path = join(project, "webpack");
  const compiler = webpack({
    context: project,
    entry: "./main.js",
    mode: "production",
    output: { path, publicPath: "/" },
    performance: false,
  });
  const stats = await new Promise((resolve, reject) =>
    compiler.run((error, stats) => (error ? reject(error) : resolve(stats))),
  );
  assert.deepEqual(stats.toJson({ errors: true }).errors, []);
  htmlFor(path, "/main.js");
  assert.deepEqual(await shown(path), right);
});

test("esbuild, with copies of the package's files and their addresses in the options", async () => {
  const outdir = join(project, "esbuild");
  const options = { bundle: true, splitting: true, format: "esm", target: "es2022", logLevel: "error" };
  await esbuild({ ...options, entryPoints: [join(project, "main.js")], outdir });
  for (const name of ["worker.js", "wasm"]) cpSync(join(installed, name), join(outdir, name), { recursive: true });
  writeFileSync(join(outdir, "options.js"), 'globalThis.options = { workerUrl: "/worker.js", wasmUrl: "/wasm/" };');
  htmlFor(outdir, "/main.js", '<script src="/options.js"></script>');
  assert.deepEqual(await shown(outdir), right);
});

test("no bundler: the package's files as they are", async () => {
  const folder = join(project, "plain");
  cpSync(installed, join(folder, "predictql"), { recursive: true });
  const text = readFileSync(join(project, "main.js"), "utf8").replace('"predictql"', '"/predictql/index.js"');
  writeFileSync(join(folder, "main.js"), text);
  htmlFor(folder, "/main.js");
  assert.deepEqual(await shown(folder), right);
});

test("every entry has types that its users' compilers find", () => {
  const attw = join(here, "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
  const args = [attw, "--pack", join(here, "..", "..", "pkg"), "--profile", "esm-only", "--format", "json"];
  // Files of WebAssembly have no types, in any package.
  const excluded = ["--exclude-entrypoints", "./wasm/*", "./package.json"];
  const answer = (() => {
    try {
      return execFileSync(process.execPath, [...args, ...excluded], { encoding: "utf8", maxBuffer: 1 << 26 });
    } catch (error) {
      return error.stdout;
    }
  })();
  const { analysis } = JSON.parse(answer);
  const esm = analysis.problems.filter(({ resolutionKind }) => /^(node16-esm|bundler)$/.test(resolutionKind));
  assert.deepEqual(esm, []);
  assert.ok(analysis.entrypoints["."] && analysis.entrypoints["./react"] && analysis.entrypoints["./worker"]);
});
