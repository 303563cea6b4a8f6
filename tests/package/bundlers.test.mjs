// The package in the bundlers that people have: installed from its tarball, built as their guides say, opened in a browser
// under a strict policy.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import nodeResolve from "@rollup/plugin-node-resolve";
import { rspack } from "@rspack/core";
import { importMetaAssets } from "@web/rollup-plugin-import-meta-assets";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { build as vite } from "vite";
import * as vite7 from "vite-7";
import webpack from "webpack";
import { fixtures, install, pkg, right, shown, titleAt, writePage, writeProject } from "./project.mjs";
import { launch, strictPolicy } from "./site.mjs";

const here = import.meta.dirname;
const project = mkdtempSync(join(tmpdir(), "predictql-bundlers-"));
let installed;
let browser;

before(async () => {
  ({ installed } = install(project));
  writeProject(project);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  rmSync(project, { recursive: true });
});

test("Vite 8, with nothing to configure", async () => {
  const outDir = join(project, "vite");
  // The page waits for the engine at its top level.
  await vite({ root: project, logLevel: "error", build: { outDir, target: "es2022" } });
  assert.deepEqual(await shown(browser, outDir), right);
});

test("Vite 7: nothing to configure for a build, one line for development", async () => {
  const outDir = join(project, "vite-7");
  await vite7.build({ root: project, logLevel: "error", build: { outDir, target: "es2022" } });
  assert.deepEqual(await shown(browser, outDir), right);

  cpSync(join(fixtures, "models", "iris_rf.onnx"), join(project, "iris.onnx"));
  const server = await vite7.createServer({
    root: project,
    logLevel: "error",
    optimizeDeps: { exclude: ["predictql"] },
    server: { host: "127.0.0.1", port: 0 },
  });
  await server.listen();
  assert.deepEqual(await titleAt(browser, server.resolvedUrls.local[0]), right);
  await server.close();
});

/** Runs webpack, or what has its interface. */
async function pack(bundler, path) {
  const compiler = bundler({
    context: project,
    entry: "./main.js",
    mode: "production",
    output: { path, publicPath: "/" },
    performance: false,
  });
  const stats = await new Promise((resolve, reject) =>
    compiler.run((error, stats) => (error ? reject(error) : resolve(stats))),
  );
  await new Promise((resolve) => compiler.close(resolve));
  assert.deepEqual(stats.toJson({ errors: true }).errors, []);
  writePage(path, "/main.js");
  return shown(browser, path);
}

test("webpack 5, with nothing to configure", async () => {
  assert.deepEqual(await pack(webpack, join(project, "webpack")), right);
});

test("Rspack, with nothing to configure", async () => {
  assert.deepEqual(await pack(rspack, join(project, "rspack")), right);
});

test("Parcel, with nothing to configure; its import map stands in the page, so a strict policy names its hash", async () => {
  const folder = join(project, "parcel");
  const parcel = join(here, "node_modules", "parcel", "lib", "bin.js");
  const output = ["--dist-dir", folder, "--no-cache", "--no-source-maps"];
  execFileSync(process.execPath, [parcel, "build", "index.html", ...output], { cwd: project, encoding: "utf8" });
  const [, map] = /<script type="?importmap"?>(.*?)<\/script>/s.exec(readFileSync(join(folder, "index.html"), "utf8"));
  const hash = createHash("sha256").update(map).digest("base64");
  const policy = strictPolicy.replace("script-src", `script-src 'sha256-${hash}'`);
  assert.deepEqual(await shown(browser, folder, { "content-security-policy": policy }), right);
});

test("Rollup, with the plugin that finds packages and the one that copies what stands beside a module", async () => {
  const folder = join(project, "rollup");
  const bundle = await rollup({
    input: join(project, "main.js"),
    plugins: [nodeResolve({ browser: true }), importMetaAssets()],
    onwarn: (warning) => assert.fail(warning.message),
  });
  await bundle.write({ dir: folder, format: "es" });
  await bundle.close();
  writePage(folder, "/main.js");
  assert.deepEqual(await shown(browser, folder), right);
});

test("esbuild, with copies of the package's files and their addresses in the options", async () => {
  const outdir = join(project, "esbuild");
  const options = { bundle: true, splitting: true, format: "esm", target: "es2022", logLevel: "error" };
  await esbuild({ ...options, entryPoints: [join(project, "main.js")], outdir });
  for (const name of ["worker.js", "wasm"]) cpSync(join(installed, name), join(outdir, name), { recursive: true });
  writeFileSync(join(outdir, "options.js"), 'globalThis.options = { workerUrl: "/worker.js", wasmUrl: "/wasm/" };');
  writePage(outdir, "/main.js", '<script src="/options.js"></script>');
  assert.deepEqual(await shown(browser, outdir), right);
});

test("no bundler: the package's files as they are", async () => {
  const folder = join(project, "plain");
  cpSync(installed, join(folder, "predictql"), { recursive: true });
  const text = readFileSync(join(project, "main.js"), "utf8").replace('"predictql"', '"/predictql/index.js"');
  writeFileSync(join(folder, "main.js"), text);
  writePage(folder, "/main.js");
  assert.deepEqual(await shown(browser, folder), right);
});

test("every entry has types that its users' compilers find", () => {
  const attw = join(here, "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
  const args = [attw, "--pack", pkg, "--profile", "esm-only", "--format", "json"];
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
