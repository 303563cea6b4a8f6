// Runs what needs neither browser nor engine: each file of `unit/`, bundled with the package's own source.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = join(import.meta.dirname, "unit");
const outdir = mkdtempSync(join(tmpdir(), "predictql-unit-"));
const entryPoints = readdirSync(folder).map((name) => join(folder, name));
await build({ entryPoints, outdir, outExtension: { ".js": ".mjs" }, bundle: true, platform: "node", format: "esm" });
for (const file of readdirSync(outdir)) await import(pathToFileURL(join(outdir, file)).href);
after(() => rmSync(outdir, { recursive: true }));
