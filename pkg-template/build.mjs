// Builds the package into `../pkg` around a wasm build. PREDICTQL_WASM_DIR names the folder that has wasm-bindgen's
// `predictql.js` and `predictql.d.ts`, `threads.js` where a variant has threads, and `<variant>.wasm` and `<variant>.rest.wasm` of each variant. `--glue` only fetches the
// glue, which is all that a type check needs; `--session` leaves the scripts alone in the folder that PREDICTQL_SESSION_DIR names.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { crateNotices } from "./notices.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src");
const root = dirname(here);
const pkg = join(root, "pkg");
const wasmDir = process.env.PREDICTQL_WASM_DIR && resolve(process.env.PREDICTQL_WASM_DIR);
const { devDependencies, scripts, ...manifest } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

function copyGlue() {
  const glue = join(source, "glue");
  if (wasmDir) {
    mkdirSync(glue, { recursive: true });
    rmSync(join(glue, "threads.js"), { force: true });
    for (const file of ["predictql.js", "predictql.d.ts", "threads.js"])
      if (existsSync(join(wasmDir, file))) cpSync(join(wasmDir, file), join(glue, file));
  } else if (!existsSync(join(glue, "predictql.d.ts"))) {
    throw new Error("no wasm build: set PREDICTQL_WASM_DIR, or run `cargo xtask build`, which does");
  }
}

/**
 * The glue keeps its instance in a variable of its module: as the body of a function there can be more than one. `imports` is what
 * an instance may import beside what the glue gives it. Memory that threads share has glue of its own.
 */
async function makeInstances() {
  const glue = join(source, "glue");
  const alone = await glueOf("predictql.js", "alone");
  const shared = existsSync(join(glue, "threads.js"))
    ? await glueOf("threads.js", "shared")
    : "const shared = alone;\n";
  writeFileSync(
    join(glue, "instance.js"),
    `${alone}${shared}export const makeGlue = (imports, isShared) => (isShared ? shared : alone)(imports);\n`,
  );
  writeFileSync(
    join(glue, "instance.d.ts"),
    `import type * as glue from "./predictql.js";
/** The bindings for one more instance, which may import \`imports\` too, and whose memory may be one that threads share. */
export function makeGlue(imports: WebAssembly.Imports, isShared: boolean): typeof glue;
`,
  );
}

/** Glue as a function called `name`. */
async function glueOf(file, name) {
  const glue = join(source, "glue");
  const text = readFileSync(join(glue, file), "utf8");
  const given = '"./predictql_bg.js": import0,';
  if (text.split(given).length !== 2) throw new Error("wasm-bindgen writes the list of imports in another way");
  const { outputFiles } = await build({
    stdin: { contents: text.replace(given, `${given} ...imports,`), resolveDir: glue },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "glue",
    target: "es2022",
    // It would look for its wasm file beside itself, but is always given the module.
    define: { "import.meta.url": '""' },
  });
  return `function ${name}(imports) {\n${outputFiles[0].text}return glue;\n}\n`;
}

/** Copies the wasm files; answers what is known of each. */
function copyWasm() {
  const names = readdirSync(wasmDir).filter((name) => name.endsWith(".wasm"));
  if (names.length === 0) throw new Error(`no wasm file in ${wasmDir}`);
  mkdirSync(join(pkg, "wasm"), { recursive: true });
  const files = Object.fromEntries(
    names.map((name) => {
      const bytes = readFileSync(join(wasmDir, name));
      writeFileSync(join(pkg, "wasm", name), bytes);
      const entry = { file: name, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
      return [name.replace(/\.wasm$/, ""), entry];
    }),
  );
  writeFileSync(
    join(pkg, "wasm", "manifest.json"),
    `${JSON.stringify({ version: manifest.version, files }, null, 2)}\n`,
  );
  return files;
}

async function bundle(wasm, folder) {
  const banner = { js: `/*! predictql ${manifest.version} | ${manifest.license} */` };
  const common = {
    bundle: true,
    minify: true,
    target: "es2022",
    logLevel: "warning",
    legalComments: "none",
    banner,
    sourcemap: true,
  };
  const file = (entry, name, options) =>
    build({ ...common, format: "esm", entryPoints: [join(source, entry)], outfile: join(folder, name), ...options });
  const entry = {
    external: [
      "./cache.js",
      "./decode.js",
      "./exports.js",
      "./frames.js",
      "./inline.js",
      "./mlflow.js",
      "./mlflow-write.js",
      "./models.js",
      "./plan.js",
      "./registry.js",
      "./saved.js",
      "./streams.js",
      "./warmup.js",
      "node:*",
    ],
    // Code for a variant that this build lacks goes away, and with it the file name that a bundler would look for.
    define: {
      "WASM_BYTES.tables": String(wasm.tables?.bytes),
      "WASM_BYTES.relaxed": String(wasm.relaxed?.bytes),
      "WASM_BYTES.simd": String(wasm.simd?.bytes),
      "WASM_BYTES.threads": String(wasm.threads?.bytes),
      VERSION: JSON.stringify(manifest.version),
    },
  };
  await Promise.all([
    file("index.ts", "index.js", entry),
    file("node.ts", "node.js", entry),
    file("cache.ts", "cache.js"),
    file("decode.ts", "decode.js", { external: ["./parquet.js", "./compressed.js"] }),
    file("exports.ts", "exports.js", { external: ["./parquet-write.js"] }),
    file("frames.ts", "frames.js"),
    file("parquet.ts", "parquet.js"),
    file("parquet-write.ts", "parquet-write.js"),
    file("compressed.ts", "compressed.js"),
    file("mlflow.ts", "mlflow.js"),
    file("mlflow-write.ts", "mlflow-write.js"),
    file("models.ts", "models.js", { define: { CONVERTER: JSON.stringify(String(wasm.formats?.sha256)) } }),
    file("inline.ts", "inline.js"),
    file("plan.ts", "plan.js"),
    file("registry.ts", "registry.js", { external: ["./mlflow.js"] }),
    file("saved.ts", "saved.js"),
    file("streams.ts", "streams.js", { external: ["./decode.js"] }),
    file("warmup.ts", "warmup.js"),
    file("store.ts", "store.js"),
    file("element.ts", "element.js", { external: ["./index.js"] }),
    file("codemirror.ts", "codemirror.js", { external: ["@codemirror/*", "@lezer/*"] }),
    file("react.ts", "react.js", { external: ["react", "./store.js"] }),
    file("worker/server.ts", "worker.js", { format: "iife" }),
    file("worker/node.ts", "worker-node.js", { external: ["node:*"] }),
  ]);
}

/** Emits the declarations, and of them those that the entry leads to. */
function declare() {
  const out = mkdtempSync(join(tmpdir(), "predictql-types-"));
  const tsc = join(here, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "--declaration", "--emitDeclarationOnly", "--outDir", out], {
    cwd: here,
    stdio: "inherit",
  });
  mkdirSync(join(out, "glue"), { recursive: true });
  cpSync(join(source, "glue", "predictql.d.ts"), join(out, "glue", "predictql.d.ts"));
  const reached = new Set(["index.d.ts", "react.d.ts", "codemirror.d.ts", "element.d.ts"]);
  for (const file of reached) {
    const text = readFileSync(join(out, file), "utf8");
    for (const [, path] of text.matchAll(/from "(\.[^"]+)\.js"/g)) reached.add(join(dirname(file), `${path}.d.ts`));
    mkdirSync(dirname(join(pkg, file)), { recursive: true });
    writeFileSync(join(pkg, file), text);
  }
  // The scripts of workers are loaded, not imported: they export nothing.
  writeFileSync(
    join(pkg, "worker.d.ts"),
    "/** The script of the engine's worker, for `new Worker(…)`. */\nexport {};\n",
  );
  rmSync(out, { recursive: true });
}

/** Libraries that became part of a file of the package. */
const bundled = {
  "@uwdata/flechette": "index.js`, `node.js` and `decode.js",
  hyparquet: "parquet.js` and `parquet-write.js",
  "hyparquet-writer": "parquet-write.js",
  "hyparquet-compressors": "parquet.js",
  fzstd: "compressed.js",
};

/** Everything else that a package has. */
function copyPapers() {
  writeFileSync(join(pkg, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  cpSync(join(here, "README.md"), join(pkg, "README.md"));
  for (const paper of ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"]) {
    if (existsSync(join(root, paper))) cpSync(join(root, paper), join(pkg, paper));
  }
  mkdirSync(join(pkg, "docs"), { recursive: true });
  cpSync(join(root, "docs", "reference", "errors.md"), join(pkg, "docs", "errors.md"));
  const notices = Object.entries(bundled).map(([name, file]) => {
    const folder = join(here, "node_modules", name);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const licence = readFileSync(join(folder, "LICENSE"), "utf8");
    return `\`${file}\` contains ${name} ${version}:\n\n\`\`\`text\n${licence.trim()}\n\`\`\`\n`;
  });
  const all = [...notices, crateNotices(root)];
  writeFileSync(join(pkg, "THIRD-PARTY-NOTICES.md"), `# Third-party notices\n\n${all.join("\n")}`);
}

function printSizes() {
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(12);
  const scripts = readdirSync(pkg).filter((name) => name.endsWith(".js"));
  const modules = readdirSync(join(pkg, "wasm")).filter((name) => name.endsWith(".wasm"));
  for (const file of [...scripts, ...modules.map((name) => join("wasm", name))]) {
    const bytes = readFileSync(join(pkg, file));
    console.log(`${file.padEnd(20)}${kib(bytes.length)} raw${kib(gzipSync(bytes, { level: 9 }).length)} gzip`);
  }
}

copyGlue();
await makeInstances();
if (process.argv.includes("--session")) await bundle({}, process.env.PREDICTQL_SESSION_DIR);
else if (!process.argv.includes("--glue")) {
  if (!wasmDir) throw new Error("set PREDICTQL_WASM_DIR, or run `cargo xtask build`, which does");
  rmSync(pkg, { recursive: true, force: true });
  await bundle(copyWasm(), pkg);
  declare();
  copyPapers();
  printSizes();
}
