// Runtimes beside Node: Deno and Bun, each with the package as its tarball is installed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fixtures, install } from "./project.mjs";

const project = mkdtempSync(join(tmpdir(), "predictql-runtimes-"));

/** Files by their paths, a prediction, what the engine's first file lacks, an error, and an end that nobody waits for. */
const script = `
import { PredictError, PredictQL } from "predictql";
for (const worker of [undefined, "inline"]) {
  const db = new PredictQL({ worker });
  await db.registerModel("iris", "iris.onnx");
  await db.registerTable("flowers", "iris.csv");
  const { rows } = await db.query("SELECT label, COUNT(*) AS n FROM ML.PREDICT(MODEL iris, TABLE flowers) WHERE species = ? GROUP BY label", ["setosa"]);
  const rare = await db.query("SELECT RIGHT(TO_HEX(SHA512('abc')), 8) AS x");
  const error = await db.query("SELECT * FROM flwers").catch((error) => error);
  console.log(JSON.stringify([rows, rare.rows[0].x, error instanceof PredictError, error.code]));
}
`;

before(() => {
  install(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(project, "script.js"), script);
  cpSync(join(fixtures, "models", "iris_rf.onnx"), join(project, "iris.onnx"));
  cpSync(join(fixtures, "tables", "iris.csv"), join(project, "iris.csv"));
});

after(() => rmSync(project, { recursive: true }));

const runtimes = {
  "Deno: in a worker and on the calling thread": [
    "deno",
    "run",
    "--allow-read",
    "--node-modules-dir=manual",
    "script.js",
  ],
  "Bun: in a worker and on the calling thread": ["bun", "run", "script.js"],
};

for (const [name, [program, ...args]] of Object.entries(runtimes)) {
  test(name, () => {
    const path = join(import.meta.dirname, "node_modules", ".bin", program);
    const output = execFileSync(path, args, { cwd: project, encoding: "utf8", timeout: 60_000 });
    const answer = [[{ label: 0, n: 50 }], "a54ca49f", true, "unknown-table"];
    assert.deepEqual(
      output
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
      [answer, answer],
    );
  });
}
