// Ways out of the page: none of them reaches a server that the option `network` does not allow, and no data becomes code or markup.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { serveFaulty } from "./faulty.mjs";
import { inPage, page, site } from "./page.mjs";

let outside;
before(async () => {
  outside = await serveFaulty();
});
beforeEach(() => {
  outside.state.asked.length = 0;
});
after(() => outside.close());

test("no address in any place, by any way of writing it, reaches a server that is not allowed", async () => {
  const { host } = new URL(outside.origin);
  const policies = ["deny", "same-origin", "never", "not there", "throws"];
  const found = await inPage(
    async ({ PredictQL }, [policies, origin, host]) => {
      const file = "/fixtures/tables/iris.csv";
      const model = "/fixtures/models/iris_rf.onnx";
      const ways = (path) => [
        `${origin}${path}`,
        `//${host}${path}`,
        `\\\\${host}${path}`,
        `https:\\\\${host}${path}`,
        ` ${origin}${path} `,
        `HTTP://${host}${path}`,
        `${origin.replace("://", ":\t//")}${path}`,
        `http://user:word@${host}${path}`,
        // What this origin leads to.
        `/leads-to?there=${encodeURIComponent(`${origin}${path}`)}`,
        `/leads-to?there=${encodeURIComponent(`/leads-to?there=${encodeURIComponent(`//${host}${path}`)}`)}`,
      ];
      const quoted = (text) => `'${text.replaceAll("\\", "\\\\").replaceAll("\t", "\\t")}'`;
      const own = await (await fetch(model)).blob();
      const outcomes = {};
      for (const name of policies) {
        const network = {
          never: () => false,
          "not there": (url) => url.origin === location.origin,
          throws: () => {
            throw new Error("no");
          },
        };
        const db = new PredictQL({ network: network[name] ?? name });
        const doors = {
          table: (at) => db.registerTable("t", at),
          address: (at) => db.registerTable("t", new URL(at, location.href)),
          stream: (at) => db.registerTable("t", at, { stream: true }),
          parquet: (at) => db.registerTable("t", at, { stream: true, format: "parquet" }),
          picture: async (at) => {
            await db.registerTable("t", at, { format: "images" });
            return db.query("SELECT uri, data FROM t");
          },
          pictures: async (at) => {
            await db.registerTable("t", [at, at], { format: "images" });
            return db.query("SELECT ML.DECODE_IMAGE(data) FROM t");
          },
          file: async (at) => {
            await db.registerFile("f.csv", at);
            return db.readFile("f.csv");
          },
          read: (at) => db.readFile(at),
          external: (at) =>
            db.query(`CREATE OR REPLACE EXTERNAL TABLE e OPTIONS (format = 'CSV', uris = [${quoted(at)}])`),
          objects: async (at) => {
            await db.query(
              `CREATE OR REPLACE EXTERNAL TABLE o OPTIONS (object_metadata = 'SIMPLE', uris = [${quoted(at)}])`,
            );
            return db.query("SELECT ML.DECODE_IMAGE(data) FROM o");
          },
          load: (at) => db.query(`LOAD DATA INTO l FROM FILES (format = 'CSV', uris = [${quoted(at)}])`),
          "template of rows": (at) => db.sql`SELECT * FROM ${new URL(at, location.href)}`,
          model: (at) => db.registerModel("m", at),
          folder: (at) => db.registerModel("m", `${at}/`),
          "path of a model": (at) => db.query(`CREATE OR REPLACE MODEL m OPTIONS (model_path = ${quoted(at)})`),
          labels: (at) => db.registerModel("m", own, { labels: new URL(at, location.href) }),
          tokenizer: (at) => db.registerModel("m", own, { tokenizer: at }),
          weights: (at) => db.registerModel("m", own, { externalData: { w: at } }),
        };
        let answered = 0;
        for (const path of [file, model]) {
          for (const door of Object.values(doors)) {
            for (const at of ways(path)) {
              await Promise.resolve()
                .then(() => door(at))
                .then(
                  () => answered++,
                  () => {},
                );
            }
          }
        }
        outcomes[name] = answered;
        const requests = (await db.stats()).requests.filter(({ url }) => !url.startsWith(location.origin));
        if (requests.length > 0) outcomes[`requests of ${name}`] = requests;
        await db.close();
      }
      return outcomes;
    },
    [policies, outside.origin, host],
  );
  assert.deepEqual(outside.state.asked, []);
  assert.deepEqual(found, Object.fromEntries(policies.map((name) => [name, 0])));
  // Where it is allowed it is reached.
  const rows = await inPage(async ({ PredictQL }, address) => {
    const db = new PredictQL({ network: (url) => url.href.endsWith("/iris.csv") });
    await db.registerTable("t", address);
    return (await db.query("SELECT * FROM t")).numRows;
  }, `${outside.origin}/fixtures/tables/iris.csv`);
  assert.equal(rows, 150);
  assert.deepEqual(outside.state.asked, ["GET /fixtures/tables/iris.csv"]);
});

test("what the page holds needs no server: data and blob addresses are read where nothing may be asked", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL({ network: "deny" });
    const blob = URL.createObjectURL(new Blob(["a\n2\n"], { type: "text/csv" }));
    await db.registerTable("d", "data:text/csv,a%0A1");
    await db.registerTable("b", blob);
    const { rows } = await db.query("SELECT d.a AS d, b.a AS b FROM d, b");
    const others = [
      "javascript:alert(1)",
      "file:///etc/passwd",
      "ftp://localhost/x",
      "about:blank",
      "ws://localhost:1/",
    ];
    const codes = [];
    for (const address of others) codes.push((await failure(db.registerTable("x", address))).code);
    const requests = (await db.stats()).requests.filter(({ reason }) => reason !== "engine");
    return { rows, codes, requests };
  });
  assert.deepEqual(found, { rows: [{ d: 1, b: 2 }], codes: Array(5).fill("unsupported-address"), requests: [] });
  assert.deepEqual(outside.state.asked, []);
});

test("texts of data are shown as texts, wherever an element, an error or a template holds them", async () => {
  const markup = `<img src="${outside.origin}/fixtures/images/gray.png" onerror="globalThis.hit = 1"><script src="${outside.origin}/pkg/index.js"></script>`;
  const found = await inPage(
    async ({ PredictQL, failure }, [markup, origin]) => {
      await import(`${origin}/pkg/element.js`);
      const db = new PredictQL();
      await db.registerTable("t", [{ [markup]: markup }]);
      const element = document.createElement("predict-ql");
      element.db = db;
      element.textContent = "SELECT * FROM t";
      document.body.append(element);
      element.run?.();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const injected = await db.sql`SELECT ${"' OR TRUE; DROP TABLE t; --"} AS x`;
      const error = await failure(db.query(`SELECT * FROM \`${markup}\``));
      return {
        pictures: (element.shadowRoot ?? element).querySelectorAll("img, script").length,
        isShown: ((element.shadowRoot ?? element).textContent ?? "").includes("onerror"),
        x: injected.rows[0].x,
        tables: (await db.tables()).length,
        code: error.code,
        hit: globalThis.hit ?? null,
      };
    },
    [markup, site.origin],
  );
  assert.deepEqual(found, {
    pictures: 0,
    isShown: true,
    x: "' OR TRUE; DROP TABLE t; --",
    tables: 1,
    code: "unknown-table",
    hit: null,
  });
  assert.deepEqual(outside.state.asked, []);
  assert.equal(page.workers().length, 1);
});
