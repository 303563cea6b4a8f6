// The package as a stranger installs it: packed, unpacked, type-checked, imported where there is no browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { install, pkg } from "./project.mjs";

const here = import.meta.dirname;
const consumer = mkdtempSync(join(tmpdir(), "predictql-consumer-"));
after(() => rmSync(consumer, { recursive: true }));

const { installed, names } = install(consumer);
cpSync(join(here, "consumer"), consumer, { recursive: true });
// What a project with React and CodeMirror has.
for (const name of ["react", "@types/react", "csstype", "@codemirror", "@lezer", "@marijn", "style-mod"]) {
  cpSync(join(here, "node_modules", name), join(consumer, "node_modules", name), { recursive: true });
}
writeFileSync(join(consumer, "package.json"), JSON.stringify({ type: "module" }));

// Whoever runs tests here does not know of the tests around them.
const { NODE_TEST_CONTEXT, ...env } = process.env;
const run = (...args) => execFileSync(process.execPath, args, { cwd: consumer, encoding: "utf8", env });

test("the tarball holds what it says, and nothing of its making", () => {
  for (const name of [
    "index.js",
    "index.d.ts",
    "node.js",
    "inline.js",
    "worker.js",
    "worker-node.js",
    "cache.js",
    "decode.js",
    "exports.js",
    "frames.js",
    "parquet.js",
    "parquet-write.js",
    "compressed.js",
    "mlflow.js",
    "mlflow-write.js",
    "models.js",
    "plan.js",
    "registry.js",
    "saved.js",
    "streams.js",
    "warmup.js",
    "store.js",
    "react.js",
    "react.d.ts",
    "codemirror.js",
    "codemirror.d.ts",
    "element.js",
    "element.d.ts",
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

for (const compiler of ["typescript", "typescript-5.4"]) {
  for (const resolution of ["bundler", "node16"]) {
    test(`a strict consumer compiles with ${compiler}, moduleResolution ${resolution}`, () => {
      const tsc = join(here, "node_modules", compiler, "bin", "tsc");
      try {
        run(tsc, "--project", `tsconfig.${resolution}.json`);
      } catch (error) {
        assert.fail(error.stdout);
      }
    });
  }
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

/** The most bytes after gzip that a file of scripts may have, by its name. */
const budgets = {
  // 29.9 kB of its own, with Observable's contract and the events of the catalog, and 7.5 kB of flechette, which reads Arrow. What writes it,
  // for rows, JSON and Parquet, is not in it, nor what runs on the page's own thread. The bytes of the engines are in it, which change.
  "index.js": 38_300,
  "node.js": 39_250,
  // Glue for one thread and for several, which are nearly the same text.
  "worker.js": 11_900,
  "worker-node.js": 11_800,
  "inline.js": 11_700,
  "cache.js": 1_500,
  "compressed.js": 5_000,
  "decode.js": 19_500,
  "exports.js": 2_600,
  "frames.js": 5_200,
  "mlflow.js": 3_400,
  "mlflow-write.js": 3_900,
  "models.js": 3_300,
  // hyparquet's codecs are most of it.
  "parquet.js": 95_000,
  // hyparquet-writer is most of it, with what it takes of hyparquet.
  "parquet-write.js": 30_000,
  "plan.js": 600,
  "registry.js": 2_200,
  "saved.js": 4_300,
  "streams.js": 7_950,
  "warmup.js": 900,
  "store.js": 700,
  "element.js": 2_600,
  // No copy of CodeMirror.
  "codemirror.js": 2_400,
  // No copy of React nor of the package.
  "react.js": 1_000,
};

test("every script is as small as it should be", () => {
  const scripts = names.filter((name) => name.endsWith(".js"));
  assert.deepEqual(scripts.sort(), Object.keys(budgets).sort());
  for (const name of scripts) {
    const bytes = gzipSync(readFileSync(join(installed, name)), { level: 9 }).length;
    assert.ok(bytes <= budgets[name], `${name} has ${bytes} bytes after gzip, more than ${budgets[name]}`);
  }
});

test("source maps lead from every file to the text that it was made of", () => {
  for (const name of names.filter((path) => path.endsWith(".js"))) {
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

test("papers are there, with the licences of all that is built in", () => {
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md", "THIRD-PARTY-NOTICES.md"]) {
    assert.ok(existsSync(join(installed, name)), name);
  }
  const notices = readFileSync(join(installed, "THIRD-PARTY-NOTICES.md"), "utf8");
  for (const name of [
    "@uwdata/flechette",
    "hyparquet",
    "fzstd",
    "arrow-array",
    "tokenizers",
    "image",
    "wasm-bindgen",
  ]) {
    assert.match(notices, new RegExp(`\\b${name.replace("@", "")} \\d+\\.\\d+`), name);
  }
  assert.match(notices, /standard library of Rust/);
});
