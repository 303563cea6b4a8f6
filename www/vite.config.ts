// The page is static: this only adds the headers that a real host would send, and the sizes of what the page may download.
import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig } from "vite";

const files = (folder: string, ending = "") =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ name, bytes: statSync(join(folder, name)).size }));

const demoBytes = Object.fromEntries(
  files(join(import.meta.dirname, "public/demo")).map(({ name, bytes }) => [`demo/${name}`, bytes]),
);

// A browser loads one of the variants; the largest is a promise that holds for each.
const packageFolder = dirname(createRequire(import.meta.url).resolve("predictql/package.json"));
const engineBytes = Math.max(...files(join(packageFolder, "wasm"), ".wasm").map(({ bytes }) => bytes));

// Isolation lets the engine use threads.
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

// Sent with every answer, the worker's script included: the browser itself then refuses requests to anywhere else.
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export default defineConfig({
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0 },
  define: { __DEMO_BYTES__: JSON.stringify(demoBytes), __ENGINE_BYTES__: JSON.stringify(engineBytes) },
  // The package lies beside the page, not in its node_modules.
  server: { headers: isolation, fs: { allow: [".."] } },
  preview: { headers: { ...isolation, "Content-Security-Policy": policy } },
});
