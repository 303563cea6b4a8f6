// A developer of React who has the tarball and its README: what stands there is a page that works.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build, preview } from "vite";
import { fixtures, install, writePage } from "./project.mjs";
import { launch, strictPolicy } from "./site.mjs";

const project = mkdtempSync(join(tmpdir(), "predictql-newcomer-"));
let browser;
let server;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(project, { recursive: true });
});

test("the README's component shows the labels of its table", async () => {
  const { installed } = install(project);
  for (const name of ["react", "react-dom", "scheduler"]) {
    symlinkSync(join(import.meta.dirname, "node_modules", name), join(project, "node_modules", name));
  }
  const readme = readFileSync(join(installed, "README.md"), "utf8");
  const [, component] = /^```tsx\n(.*?)^```/ms.exec(readme);
  const [, element] = /^\/\/ (<PredictProvider .*)$/m.exec(component);
  writeFileSync(
    join(project, "main.tsx"),
    `import { createRoot } from "react-dom/client";
${component}
await db.registerTable("flowers", "/data/iris.csv");
createRoot(document.querySelector("main")!).render(${element});
`,
  );
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: { jsx: "react-jsx" } }));
  writePage(project, "/main.tsx", "<main></main>");
  for (const [path, file] of [
    ["models/iris.onnx", "models/iris_rf.onnx"],
    ["data/iris.csv", "tables/iris.csv"],
  ]) {
    mkdirSync(join(project, "public", path, ".."), { recursive: true });
    cpSync(join(fixtures, file), join(project, "public", path));
  }
  await build({ root: project, logLevel: "error", build: { target: "es2022" } });
  server = await preview({
    root: project,
    logLevel: "error",
    preview: { host: "127.0.0.1", port: 0, headers: { "Content-Security-Policy": strictPolicy } },
  });

  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(server.resolvedUrls.local[0]);
  await page.locator("li").first().waitFor();
  const labels = await page.locator("li").allTextContents();
  // pandas: (iris.petal_width > 1.5).sum() is 52; scikit-learn's forest knows them as its classes 1 and 2.
  assert.equal(labels.length, 52);
  assert.deepEqual(new Set(labels), new Set(["1", "2"]));
  assert.deepEqual(faults, []);
});
