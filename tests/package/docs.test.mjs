// What the documents show: their code is compiled against the package as it is, and their reference is what its declarations say.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { declarations } from "./declarations.mjs";
import { install } from "./project.mjs";

const here = import.meta.dirname;
const root = join(here, "..", "..");
const project = mkdtempSync(join(tmpdir(), "predictql-docs-"));
after(() => rmSync(project, { recursive: true }));

/** The documents with code in them. */
const documents = [
  "README.md",
  "pkg-template/README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** The code of a document, each piece with its line: scripts as they are, and those inside of pages. */
function* pieces(text) {
  for (const { 1: language, 2: body, index } of text.matchAll(/^```(js|ts|tsx|html)\n(.*?)^```/gms)) {
    const line = text.slice(0, index).split("\n").length;
    if (language !== "html") yield { language, body, line };
    else
      for (const [, script] of body.matchAll(/<script[^>]*>(.+?)<\/script>/gs)) yield { language, body: script, line };
  }
}

/** A module of a piece: imports stay at its top, the rest is one function, for pieces say the same names. */
function moduleOf(body) {
  const imports = body.match(/^\s*import .*$/gm) ?? [];
  const rest = imports.reduce((text, line) => text.replace(line, ""), body);
  const own = imports.map((line) => line.replace(/"\.\/(?:pkg|predictql)\/index\.js"/, '"predictql"'));
  return `${own.join("\n")}\nexport async function piece() {\n${rest}\n}\n`;
}

/** What the documents take for granted: a database and the things of a page. */
const given = `
import type * as package from "predictql";
declare global {
  const PredictQL: typeof package.PredictQL;
  const db: package.PredictQL;
  const [file, blob]: [File, Blob];
  const input: HTMLInputElement & { files: FileList };
  const slider: HTMLInputElement;
  const bar: HTMLProgressElement;
  const [output, pre]: [HTMLElement, HTMLElement];
  const [canvas, image, video]: [HTMLCanvasElement, HTMLImageElement, HTMLVideoElement];
  function append(rows: readonly unknown[]): void;
  function render(...what: unknown[]): void;
  function showDirectoryPicker(): Promise<FileSystemDirectoryHandle>;
}
`;

test("the code in the documents compiles against the package", () => {
  install(project);
  for (const name of ["react", "@types", "csstype", "@codemirror", "@lezer", "@marijn", "style-mod", "undici-types"]) {
    cpSync(join(here, "node_modules", name), join(project, "node_modules", name), { recursive: true });
  }
  // The package that gathers CodeMirror's parts.
  const gathered = join(project, "node_modules", "codemirror");
  mkdirSync(gathered);
  writeFileSync(join(gathered, "package.json"), JSON.stringify({ name: "codemirror", types: "index.d.ts" }));
  const parts =
    'export { EditorView } from "@codemirror/view";\nexport declare const basicSetup: import("@codemirror/state").Extension;\n';
  writeFileSync(join(gathered, "index.d.ts"), parts);
  let count = 0;
  const names = new Map();
  for (const document of documents) {
    for (const { language, body, line } of pieces(readFileSync(join(root, document), "utf8"))) {
      const name = `piece-${++count}.${language === "tsx" ? "tsx" : "ts"}`;
      names.set(name, `${document}, the code in line ${line}`);
      writeFileSync(join(project, name), moduleOf(body));
    }
  }
  writeFileSync(join(project, "given.ts"), given.replaceAll("package", "predictql"));
  const compilerOptions = {
    ...{
      target: "es2022",
      module: "preserve",
      moduleResolution: "bundler",
      jsx: "react-jsx",
      noEmit: true,
      strict: true,
    },
    ...{
      lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable", "esnext.disposable"],
      types: ["node"],
      skipLibCheck: true,
    },
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts", "*.tsx"] }));
  const tsc = join(here, "node_modules", "typescript", "bin", "tsc");
  try {
    execFileSync(process.execPath, [tsc, "--project", project], { cwd: project, encoding: "utf8" });
  } catch (error) {
    assert.fail(error.stdout.replace(/^piece-\d+\.tsx?/gm, (name) => `${names.get(name)} (${name})`));
  }
  assert.ok(count >= 15, `${count} pieces`);
});

test("the reference of JavaScript is what the declarations say", () => {
  const kept = join(root, "docs", "reference", "javascript.md");
  const now = declarations();
  if (process.env.PREDICTQL_REFERENCE === "write") {
    mkdirSync(join(root, "docs", "reference"), { recursive: true });
    writeFileSync(kept, now);
  }
  const said = readFileSync(kept, "utf8");
  assert.ok(said === now, "the public surface has changed: `npm run reference` in tests/package writes the page anew");
});
