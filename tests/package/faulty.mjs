// A server of another origin that fails in every way that networks and servers have, at a byte that the test chooses.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const root = join(import.meta.dirname, "..", "..");
const folders = { pkg: join(root, "pkg"), fixtures: join(root, "tests", "fixtures") };
const types = { ".js": "text/javascript", ".wasm": "application/wasm" };
const typeOf = (path) => types[extname(path)] ?? "application/octet-stream";

/** What becomes of an answer. `at` is a place in its body, from 0 to 1. */
export const faults = {
  /** The connection ends amid the body. */
  broken: ({ response, body, headers, at }) => {
    response.writeHead(200, { ...headers, "content-length": body.length });
    response.write(body.subarray(0, Math.floor(at * body.length)), () => response.socket?.destroy());
  },
  /** The same where nobody has said how long the body is. */
  "broken in pieces": ({ response, body, headers, at }) => {
    response.writeHead(200, headers);
    response.write(body.subarray(0, Math.floor(at * body.length)), () => response.socket?.destroy());
  },
  reset: ({ response }) => response.socket?.resetAndDestroy(),
  "says too much": ({ response, body, headers }) => {
    response.writeHead(200, { ...headers, "content-length": body.length + 1000 });
    response.write(body, () => response.socket?.end());
  },
  "gone wrong": ({ response, headers }) => response.writeHead(500, headers).end("no"),
  missing: ({ response, headers }) => response.writeHead(404, headers).end("not found"),
  nothing: ({ response, headers }) => response.writeHead(204, headers).end(),
  empty: ({ response, headers }) => response.writeHead(200, headers).end(),
  page: ({ response, headers }) =>
    response.writeHead(200, { ...headers, "content-type": "text/html" }).end("<!doctype html><p>Start page"),
  forbidden: ({ response }) => response.writeHead(200).end("without the header that lets another origin read it"),
  circle: ({ request, response, headers }) => response.writeHead(302, { ...headers, location: request.url }).end(),
  nowhere: ({ response, headers }) => response.writeHead(302, { ...headers, location: "http://localhost:1/x" }).end(),
  "other scheme": ({ response, headers }) => response.writeHead(302, { ...headers, location: "data:text/csv,a" }).end(),
  "not compressed": ({ response, body, headers }) =>
    response.writeHead(200, { ...headers, "content-encoding": "gzip" }).end(body),
  /** The connection breaks off: where a server ends an answer in order that it has cut off while compressing it, no browser tells. */
  "compressed in part": ({ response, body, headers, at }) => {
    const packed = gzipSync(body);
    response.writeHead(200, { ...headers, "content-encoding": "gzip" });
    response.write(packed.subarray(0, Math.floor(at * packed.length)), () => response.socket?.destroy());
  },
  "no HTTP": ({ response }) => response.socket?.end("what is this\r\n\r\n"),
};

/** Nothing comes after this byte, and nothing ends: whoever waits gives it up. */
export const stall = ({ response, body, headers, at }) => {
  response.writeHead(200, { ...headers, "content-length": body.length });
  response.write(body.subarray(0, Math.floor(at * body.length)));
};

/** All bytes come, a few at a time. */
export const slow = async ({ response, body, headers, at }) => {
  response.writeHead(200, { ...headers, "content-length": body.length });
  const size = Math.max(1, Math.ceil((body.length * (1 + at)) / 24));
  for (let from = 0; from < body.length; from += size) {
    response.write(body.subarray(from, from + size));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  response.end();
};

/** Serves the package and the fixtures. While `fault` is set, it is what becomes of answers for paths that end with
 * the pattern `fault.path`, of those without a body only where it `isInHead`. */
export async function serveFaulty() {
  const state = { fault: undefined, hits: 0, asked: [] };
  const server = createServer(async (request, response) => {
    response.on("error", () => {});
    const { pathname } = new URL(request.url, "http://localhost");
    state.asked.push(`${request.method} ${request.url}`);
    const [, folder, ...rest] = pathname.split("/");
    const headers = {
      "access-control-allow-origin": "*",
      "access-control-allow-headers": "*",
      "access-control-expose-headers": "*",
      "cross-origin-resource-policy": "cross-origin",
      "cache-control": "no-store",
      "content-type": typeOf(pathname),
    };
    if (request.method === "OPTIONS") return response.writeHead(204, headers).end();
    let body;
    try {
      body = await readFile(join(folders[folder], normalize(rest.join("/"))));
    } catch {
      return response.writeHead(404, headers).end();
    }
    const { fault } = state;
    if (fault && new RegExp(`${fault.path}$`).test(pathname) && (request.method !== "HEAD" || fault.isInHead)) {
      state.hits++;
      return fault.make({ request, response, body, headers, at: fault.at });
    }
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const part = from === undefined ? body : body.subarray(Number(from), to === "" ? undefined : Number(to) + 1);
    const range = from === undefined ? {} : { "content-range": `bytes ${from}-${to}/${body.length}` };
    response.writeHead(from === undefined ? 200 : 206, { ...headers, ...range, "content-length": part.length });
    response.end(request.method === "HEAD" ? undefined : part);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, state, close };
}
