// The page is static: this only adds the headers that a real host would send, and the sizes of what the page may download.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { defineConfig, type Plugin } from "vite";

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

/** The service worker, told of the files that it keeps: all that the page itself is made of. */
const serviceWorker: Plugin = {
  name: "service-worker",
  generateBundle: {
    order: "post",
    handler(_options, bundle) {
      const names = Object.keys(bundle).filter((name) => /\.(html|css|js)$/.test(name));
      const hash = createHash("sha256");
      for (const name of names.sort()) {
        const file = bundle[name];
        hash.update(name).update(file?.type === "chunk" ? file.code : (file?.source ?? ""));
      }
      const files = names.map((name) => (name === "index.html" ? "./" : `./${name}`));
      const given = `const VERSION = "${hash.digest("hex").slice(0, 16)}";\nconst FILES = ${JSON.stringify(files)};\n`;
      const source = given + readFileSync(new URL("service-worker.js", import.meta.url), "utf8");
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  },
};

const pages = new URL("../site/dist/", import.meta.url);
const hasPages = existsSync(pages);
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** The documents, where `cargo xtask docs` has made pages of them, beside the page; these have scripts inside. */
const documents: Plugin = {
  name: "documents",
  configurePreviewServer({ middlewares }) {
    middlewares.use("/docs", (request, response, next) => {
      const path = new URL(request.url ?? "/", "http://localhost").pathname.slice(1) || "index.html";
      const file = new URL(path, pages);
      if (!file.href.startsWith(pages.href) || !existsSync(file)) return next();
      response.setHeader("Content-Security-Policy", policy.replace("script-src", "script-src 'unsafe-inline'"));
      response.setHeader("Content-Type", types[extname(path)] ?? "application/octet-stream");
      response.end(readFileSync(file));
    });
  },
};

export default defineConfig({
  plugins: [serviceWorker, documents],
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0 },
  define: { __DEMO_BYTES__: JSON.stringify(demoBytes), __HAS_DOCS__: JSON.stringify(hasPages) },
  // The package lies beside the page and not in its node_modules; the libraries that it takes from its users are there.
  resolve: { preserveSymlinks: true },
  server: { headers: isolation, fs: { allow: [".."] } },
  preview: { headers: { ...isolation, "Content-Security-Policy": policy } },
});
