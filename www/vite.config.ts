// The page is static: this only adds the headers that a real host would send, and the sizes of what the page may download.
import { readdirSync, statSync } from "node:fs";
import { defineConfig } from "vite";

const demo = new URL("public/demo/", import.meta.url);
const demoBytes = Object.fromEntries(
  readdirSync(demo).map((name) => [`demo/${name}`, statSync(new URL(name, demo)).size]),
);

// An isolated page has precise clocks, and could have threads.
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
  define: { __DEMO_BYTES__: JSON.stringify(demoBytes) },
  // The package lies beside the page and not in its node_modules; the libraries that it takes from its users are there.
  resolve: { preserveSymlinks: true },
  server: { headers: isolation, fs: { allow: [".."] } },
  preview: { headers: { ...isolation, "Content-Security-Policy": policy } },
});
