// Next.js with Turbopack: a page that the server renders, whose component asks a model in the browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { install, shown } from "./project.mjs";
import { launch, strictPolicy } from "./site.mjs";

const here = import.meta.dirname;
// Beside the packages that it uses: Turbopack follows no link that leads out of its root.
const project = mkdtempSync(join(here, ".next-"));
let browser;

before(async () => {
  cpSync(join(here, "next"), project, { recursive: true });
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true }));
  install(project);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  rmSync(project, { recursive: true });
});

test("Next 16 with Turbopack: rendered by the server, answered in the browser, nothing to configure", async () => {
  const next = join(here, "node_modules", "next", "dist", "bin", "next");
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };
  execFileSync(process.execPath, [next, "build"], { cwd: project, encoding: "utf8", env });
  // Its pages have scripts inside, as its own guide on policies says.
  const policy = strictPolicy.replace("script-src", "script-src 'unsafe-inline'");
  const found = await shown(browser, join(project, "out"), { "content-security-policy": policy });
  assert.deepEqual(found, { title: "label 0", faults: [] });
});
