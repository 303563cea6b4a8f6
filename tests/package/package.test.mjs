// The package as a stranger installs it: packed, unpacked, type-checked, imported where there is no browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const here = import.meta.dirname;
const pkg = join(here, "..", "..", "pkg");
const consumer = mkdtempSync(join(tmpdir(), "predictql-consumer-"));
const installed = join(consumer, "node_modules", "predictql");
after(() => rmSync(consumer, { recursive: true }));

const packed = JSON.parse(
  execFileSync("npm", ["pack", pkg, "--json", "--pack-destination", consumer], { encoding: "utf8" }),
);
const [{ filename, files }] = Array.isArray(packed) ? packed : Object.values(packed);
mkdirSync(installed, { recursive: true });
execFileSync("tar", ["-xzf", join(consumer, filename), "-C", installed, "--strip-components", "1"]);
cpSync(join(here, "consumer"), consumer, { recursive: true });
// What a project with React has.
for (const name of ["react", "@types/react", "csstype"]) {
  cpSync(join(here, "node_modules", name), join(consumer, "node_modules", name), { recursive: true });
}
writeFileSync(join(consumer, "package.json"), JSON.stringify({ type: "module" }));

// Whoever runs tests here does not know of the tests around them.
const { NODE_TEST_CONTEXT, ...env } = process.env;
const run = (...args) => execFileSync(process.execPath, args, { cwd: consumer, encoding: "utf8", env });

test("the tarball holds what it says, and nothing of its making", () => {
  const names = files.map(({ path }) => path);
  for (const name of [
    "index.js",
    "index.d.ts",
    "node.js",
    "inline.js",
    "worker.js",
    "worker-node.js",
    "cache.js",
    "decode.js",
    "frames.js",
    "parquet.js",
    "compressed.js",
    "mlflow.js",
    "models.js",
    "plan.js",
    "saved.js",
    "warmup.js",
    "store.js",
    "react.js",
    "react.d.ts",
    "docs/errors.md",
    "wasm/manifest.json",
    "README.md",
    "package.json",
  ]) {
    assert.ok(names.includes(name), name);
  }
  assert.deepEqual(
    names.filter((name) => /\.(ts|mjs)$/.test(name) && !name.endsWith(".d.ts")),
    [],
  );
  const { dependencies, devDependencies, scripts } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  assert.deepEqual(
    { dependencies, devDependencies, scripts },
    { dependencies: undefined, devDependencies: undefined, scripts: undefined },
  );
});

test("the manifest tells the truth about the wasm files", () => {
  const { files: variants } = JSON.parse(readFileSync(join(installed, "wasm", "manifest.json"), "utf8"));
  for (const { file, bytes } of Object.values(variants)) {
    assert.equal(readFileSync(join(installed, "wasm", file)).length, bytes);
  }
});

for (const resolution of ["bundler", "node16"]) {
  test(`a strict consumer compiles with moduleResolution ${resolution}`, () => {
    const tsc = join(here, "node_modules", "typescript", "bin", "tsc");
    try {
      run(tsc, "--project", `tsconfig.${resolution}.json`);
    } catch (error) {
      assert.fail(error.stdout);
    }
  });
}

test("publint has nothing to say", async () => {
  const { messages, pkg: manifest } = await publint({ pkgDir: pkg, strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, manifest, { color: false })),
    [],
  );
});

test("importing does nothing, and a call where there are no workers says what is missing", () => {
  const script = (entry) => `
    const before = Object.getOwnPropertyNames(globalThis).join();
    const { PredictQL, PredictError } = await import("${entry}");
    const db = new PredictQL();
    const after = Object.getOwnPropertyNames(globalThis).join();
    const answer = await db.query("SELECT 1 AS one").then(({ rows }) => rows, (error) => [error.code, error.hint]);
    console.log(JSON.stringify([before === after, answer]));
  `;
  const [untouched, [code, hint]] = JSON.parse(
    run("--input-type=module", "--eval", script("./node_modules/predictql/index.js")),
  );
  assert.deepEqual([untouched, code], [true, "no-worker"]);
  assert.match(hint, /worker: "inline"/);
  assert.deepEqual(JSON.parse(run("--input-type=module", "--eval", script("predictql"))), [true, [{ one: 1 }]]);
});

test("a user's own tests run in Node: files by their paths, and no process that waits for the engine", () => {
  cpSync(join(here, "..", "fixtures", "models", "iris_rf.onnx"), join(consumer, "iris.onnx"));
  cpSync(join(here, "..", "fixtures", "tables", "iris.csv"), join(consumer, "iris.csv"));
  const output = run("--test", "--test-reporter=tap", "flowers.test.mjs");
  assert.match(output, /# pass 4/);
});

test("the entry is small", () => {
  const bytes = gzipSync(readFileSync(join(pkg, "index.js")), { level: 9 }).length;
  // 24.5 kB of its own, with Observable's contract and the events of the catalog, and 7.5 kB of flechette, which reads Arrow. What writes it, for rows, JSON and Parquet, is not in it, nor
  // what runs on the page's own thread.
  assert.ok(bytes <= 35_000, `index.js has ${bytes} bytes after gzip`);
});

test("the hooks hold no copy of React nor of the package", () => {
  const bytes = gzipSync(readFileSync(join(pkg, "react.js")), { level: 9 }).length;
  assert.ok(bytes <= 1_000, `react.js has ${bytes} bytes after gzip`);
});

test("source maps lead from every file to the text that it was made of", () => {
  for (const name of files.map(({ path }) => path).filter((path) => path.endsWith(".js"))) {
    const text = readFileSync(join(installed, name), "utf8");
    assert.match(text, new RegExp(`//# sourceMappingURL=${name}\\.map\\s*$`), name);
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(installed, `${name}.map`), "utf8"));
    assert.ok(sourcesContent.length === sources.length && sourcesContent.every((content) => content.length > 0), name);
  }
});

test("what the comparison claims is what tests of these names show", () => {
  const folders = [here, join(here, "..", "e2e")];
  const tests = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.(test\.mjs|spec\.ts)$/.test(name))
      .map((name) => readFileSync(join(folder, name), "utf8")),
  );
  const rows = readFileSync(join(here, "..", "..", "docs", "COMPARISON.md"), "utf8").matchAll(/^\| (.*) \|$/gm);
  let claims = 0;
  for (const [, row] of rows) {
    const [feature, own = "", ...rest] = row.split(" | ");
    if (!own.startsWith("Y")) continue;
    const name = /"(.*)"/.exec(rest.at(-1))?.[1];
    assert.ok(name && tests.some((text) => text.includes(`"${name}"`)), `${feature}: ${name}`);
    claims++;
  }
  assert.ok(claims > 20);
});

test("papers are there", () => {
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md", "THIRD-PARTY-NOTICES.md"]) {
    assert.ok(existsSync(join(installed, name)), name);
  }
});
