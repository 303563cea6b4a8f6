// Files of models that are kept for the next visit, and when a copy of them is used.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { inPage, page } from "./page.mjs";

const fixtures = join(import.meta.dirname, "..", "fixtures", "models");
const forest = await readFile(join(fixtures, "iris_rf.onnx"));
const sha256 = createHash("sha256").update(forest).digest("hex");
const address = "/fixtures/models/iris_rf.onnx";

/** Answers for the model's address, and notes what is asked. */
async function serveModel(answer) {
  const asked = [];
  await page.route("**/iris_rf.onnx", (route) => {
    const method = route.request().method();
    asked.push(method);
    return answer(route, method);
  });
  return asked;
}

const marked =
  (headers, body = forest) =>
  (route, method) =>
    route.fulfill({
      status: 200,
      headers: { "content-length": String(body.length), ...headers },
      body: method === "HEAD" ? "" : body,
    });

/** Registers the model on a visit of its own and predicts the first flower, which is a setosa. */
const visit = async (options = {}, model = {}) => {
  await page.goto(page.url());
  return inPage(
    async ({ PredictQL, failure }, { options, model, address }) => {
      const heard = [];
      const log = ({ level, message }) => level === "warn" && heard.push(message);
      const db = await PredictQL.create({ ...options, log });
      const progress = [];
      const onProgress = ({ stage, cached }) => stage === "download" && progress.push(cached);
      const error = await failure(db.registerModel("iris", address, { ...model, onProgress }));
      if (error) return { error: error.code, heard };
      const flower = [{ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }];
      const [{ label }] = (await db.predict("iris", flower)).rows;
      const kept = await db.cache.keys();
      const { cacheBytes } = await db.stats();
      return { label, kept, cacheBytes, cached: progress.at(-1), heard };
    },
    { options, model, address },
  );
};

test("a file that is still the same is not downloaded again", async () => {
  const asked = await serveModel(marked({ etag: '"1"' }));
  const first = await visit();
  const kept = [{ url: new URL(address, page.url()).href, bytes: forest.length, sha256 }];
  assert.deepEqual(first, { label: 0, kept, cacheBytes: forest.length, cached: false, heard: [] });
  assert.deepEqual(asked.splice(0), ["GET"]);
  const second = await visit();
  assert.deepEqual(second, { ...first, cached: true });
  assert.deepEqual(asked, ["HEAD"]);
});

test("a file that has changed is, and one that a server does not mark", async () => {
  let headers = { "last-modified": "Sat, 01 Aug 2026 10:00:00 GMT" };
  let body = forest;
  const asked = await serveModel((route, method) => marked(headers, body)(route, method));
  await visit();
  headers = { "last-modified": "Sat, 01 Aug 2026 10:00:01 GMT" };
  assert.equal((await visit()).cached, false);
  assert.equal((await visit()).cached, true);
  // The same mark, and another length.
  body = Buffer.from("not a model");
  assert.equal((await visit()).error, "not-onnx");
  assert.deepEqual(asked.splice(0), ["GET", "HEAD", "GET", "HEAD", "HEAD", "GET"]);
  [headers, body] = [{}, forest];
  await visit();
  await visit();
  assert.deepEqual(asked, ["HEAD", "GET", "HEAD", "GET"]);
});

test("where nobody answers, the copy serves", async () => {
  await serveModel(marked({ etag: '"1"' }));
  await visit();
  await page.unroute("**/iris_rf.onnx");
  await serveModel((route) => route.abort());
  const offline = await visit();
  assert.equal(offline.label, 0);
  assert.match(offline.heard[0], /iris_rf\.onnx` cannot be asked for news: its copy is used/);
  const denied = await visit({ network: "deny" });
  assert.equal(denied.label, 0);
  await page.unroute("**/iris_rf.onnx");
  await serveModel((route) => route.fulfill({ status: 404, body: "gone" }));
  assert.equal((await visit()).error, "network-failed");
});

test("a checksum, or the page's word, is enough", async () => {
  const asked = await serveModel(marked({ etag: '"1"' }));
  await visit();
  asked.length = 0;
  assert.equal((await visit({}, { integrity: sha256 })).cached, true);
  assert.equal((await visit({}, { revalidate: false })).cached, true);
  assert.deepEqual(asked, []);
  // Another file is wanted: the copy is none of it, and neither is what the server has.
  assert.equal((await visit({}, { integrity: "0".repeat(64) })).error, "checksum-mismatch");
});

test("a page chooses where files are kept", async () => {
  const asked = await serveModel(marked({ etag: '"1"' }));
  const found = await inPage(async ({ PredictQL }, address) => {
    const twice = async (cache) => {
      const db = new PredictQL({ cache });
      for (const name of ["a", "b"]) await db.registerModel(name, address);
      const keys = (await db.cache.keys()).map(({ url }) => new URL(url).pathname);
      const isGone = await db.cache.delete(address);
      return { keys, isGone, left: (await db.cache.keys()).length, models: (await db.models()).length };
    };
    const files = new Map();
    const own = {
      match: async (url) => files.get(url)?.clone(),
      put: async (url, response) => void files.set(url, response),
    };
    const broken = { match: () => Promise.reject(new Error("full")), put: () => Promise.reject(new Error("full")) };
    const results = {};
    for (const [name, cache] of Object.entries({ none: false, memory: "memory", own, broken }))
      results[name] = await twice(cache);
    return { ...results, files: [...files.keys()].map((url) => new URL(url).pathname) };
  }, address);
  assert.deepEqual(found.none, { keys: [], isGone: false, left: 0, models: 2 });
  assert.deepEqual(found.memory, { keys: [address], isGone: true, left: 0, models: 2 });
  // Without `keys` and `delete` it cannot be listed or cleared.
  assert.deepEqual(found.own, { keys: [], isGone: false, left: 0, models: 2 });
  assert.deepEqual(found.files, [address]);
  assert.deepEqual(found.broken.models, 2);
  assert.deepEqual(asked, ["GET", "GET", "GET", "HEAD", "GET", "HEAD", "GET", "GET"]);
});
