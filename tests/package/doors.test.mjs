// What comes in at the door of the package, and what goes out: arguments, addresses, values, and workers that vanish.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PredictQL as NodePredictQL } from "../../pkg/node.js";
import { inPage, site } from "./page.mjs";
import { serve } from "./site.mjs";

describe("arguments", () => {
  test("are named where they are wrong, with what was expected and what was meant", async () => {
    const words = await inPage(async ({ PredictQL, failure }) => {
      const db = new PredictQL();
      const calls = [
        db.query(undefined),
        db.query("SELECT 1", 5),
        db.query("SELECT 1", [], { batchsize: 4 }),
        db.query("SELECT 1", [], { batchSize: "4" }),
        db.query("SELECT 1", [], { rowMode: "arry" }),
        db.query("SELECT 1", [], { signal: {} }),
        db.exec(null),
        db.prepare(7),
        db.check({}),
        db.explain("SELECT 1", [], { analyse: true }),
        db.registerTable(undefined, [{ a: 1 }]),
        db.registerTable("t", "a\n1", { delimeter: ";" }),
        db.registerModel("m", new Uint8Array(3), { label: ["a"] }),
        db.registerModel("m", new Uint8Array(3), { inputs: { x: { colums: ["a"] } } }),
        db.dropTable(3),
        db.predict("m", [{ a: 1 }], { colour: "red" }),
        (async () => new PredictQL({ netwrok: "deny" }))(),
        (async () => new PredictQL({ network: "none" }))(),
        (async () => db.stream("SELECT 1", [], { onProgress: true }))(),
      ];
      const failures = await Promise.all(calls.map(failure));
      return failures.map((error) => [error.code, error.message, error.hint]);
    });
    assert.deepEqual(words, [
      ["unsupported-value", "query: sql must be a string, found undefined", undefined],
      ["unsupported-value", "the parameters are 5", words[1][2]],
      ["unknown-option", "query: there is no option `batchsize`", "did you mean `batchSize`?"],
      ["invalid-option", 'query: the option `batchSize` must be a whole number from 1, found "4"', undefined],
      ["invalid-option", 'query: the option `rowMode` must be "object" or "array", found "arry"', undefined],
      ["invalid-option", "query: the option `signal` must be an AbortSignal, found an object", undefined],
      ["unsupported-value", "exec: script must be a string, found null", undefined],
      ["unsupported-value", "prepare: sql must be a string, found 7", undefined],
      ["unsupported-value", "check: sql must be a string, found an object", undefined],
      ["unknown-option", "explain: there is no option `analyse`", "did you mean `analyze`?"],
      ["unsupported-value", "registerTable: name must be a string, found undefined", undefined],
      ["unknown-option", "registerTable: there is no option `delimeter`", "did you mean `delimiter`?"],
      ["unknown-option", "registerModel: there is no option `label`", "did you mean `labels`?"],
      ["unknown-option", "registerModel, input `x`: there is no option `colums`", "did you mean `columns`?"],
      ["unsupported-value", "dropTable: name must be a string, found 3", undefined],
      [
        "unknown-option",
        "predict: there is no option `colour`",
        "the options are signal, onProgress, batchSize, onError, dialect, rowMode, int64",
      ],
      ["unknown-option", "PredictQL: there is no option `netwrok`", "did you mean `network`?"],
      [
        "invalid-option",
        'PredictQL: the option `network` must be "allow", "same-origin", "deny" or a function, found "none"',
        undefined,
      ],
      ["invalid-option", "stream: the option `onProgress` must be a function, found true", undefined],
    ]);
  });

  test("that cannot be sent are refused, and the next call goes on", async () => {
    const { codes, after } = await inPage(async ({ PredictQL, failure }) => {
      const db = await PredictQL.create();
      const gone = new Uint8Array(4);
      structuredClone(gone, { transfer: [gone.buffer] });
      const circular = [];
      circular.push(circular);
      const wide = [1];
      for (let depth = 0; depth < 8; depth++) wide.splice(0, 1, Array(50).fill([...wide]));
      const failures = await Promise.all([
        failure(db.query("SELECT ? AS x", [gone])),
        failure(db.registerTable("t", gone)),
        failure(db.registerModel("m", gone.buffer)),
        failure(db.registerModel("m", new Uint8Array(3), { defaultOnNull: { x: () => 1 } })),
        failure(db.query("SELECT ? AS x", [circular])),
        failure(db.query("SELECT ? AS x", [wide])),
        failure(db.query("SELECT @x AS x", { x: document.body })),
      ]);
      return { codes: failures.map(({ code }) => code), after: (await db.query("SELECT 1 AS x")).rows };
    });
    assert.deepEqual(codes, [
      "unsupported-value",
      "unsupported-source",
      "unsupported-source",
      "invalid-option",
      "unsupported-value",
      "unsupported-value",
      "unsupported-value",
    ]);
    assert.deepEqual(after, [{ x: 1 }]);
  });

  test("are read when a call is made: what changes later changes nothing", async () => {
    const rows = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      const list = [1, new Uint8Array([65]), new Date(0)];
      const named = { x: 1 };
      const answers = [
        db.query("SELECT ? AS x, SAFE_CONVERT_BYTES_TO_STRING(?) AS s, ? AS t", list),
        db.query("SELECT @x AS x", named),
      ];
      list[0] = 2;
      list[1][0] = 66;
      list[2].setFullYear(2000);
      named.x = 2;
      return (await Promise.all(answers)).map(({ rows }) => rows);
    });
    assert.deepEqual(rows, [[{ x: 1, s: "A", t: new Date(0) }], [{ x: 1 }]]);
  });

  test("that are functions and throw do not stop the call, and are told of", async () => {
    const { rows, told, denied, worker } = await inPage(async ({ PredictQL, failure }) => {
      const told = [];
      addEventListener("error", (event) => {
        event.preventDefault();
        told.push(event.error.message);
      });
      const fail = (words) => () => {
        throw new Error(words);
      };
      const { rows } = await new PredictQL({ onProgress: fail("listener") }).query("SELECT 1 AS x");
      const denied = await failure(
        new PredictQL({ network: fail("gate") }).registerTable("t", "/fixtures/tables/iris.csv"),
      );
      const worker = await failure(new PredictQL({ worker: fail("factory") }).query("SELECT 1"));
      return { rows, told, denied, worker };
    });
    assert.deepEqual(rows, [{ x: 1 }]);
    assert.deepEqual(new Set(told), new Set(["listener"]));
    assert.deepEqual([denied.code, denied.detail], ["network-denied", "gate"]);
    assert.deepEqual([worker.code, worker.detail], ["engine-start", "factory"]);
  });

  test("a checksum is taken in base64 and in hexadecimal digits", async () => {
    const codes = await inPage(async ({ PredictQL, failure }) => {
      const bytes = new Uint8Array(await (await fetch("/fixtures/models/iris_rf.onnx")).arrayBuffer());
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
      const base64 = btoa(String.fromCharCode(...digest));
      const db = new PredictQL();
      const codes = [];
      for (const integrity of [
        `sha256-${base64}`,
        hex,
        `sha256:${hex.toUpperCase()}`,
        hex.replace(/^./, "x"),
        hex.replace(/^../, "00"),
      ]) {
        codes.push((await failure(db.registerModel("iris", bytes, { integrity })))?.code);
      }
      return codes;
    });
    assert.deepEqual(codes, [undefined, undefined, undefined, "invalid-option", "checksum-mismatch"]);
  });
});

test("of two registrations under one name the last call has the last word, however long its source takes to read", async () => {
  const rows = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const long = Array.from({ length: 200_000 }, (_, n) => ({ n, text: `text ${n}` }));
    await Promise.all([db.registerTable("t", long), db.registerTable("t", [{ n: 7 }])]);
    return (await db.query("SELECT * FROM t")).rows;
  });
  assert.deepEqual(rows, [{ n: 7 }]);
});

describe("the network gate", () => {
  test("has one code, whoever asks", async () => {
    const codes = await inPage(async ({ PredictQL, failure }) => {
      const db = new PredictQL({ network: "deny" });
      const url = "http://localhost:1/x";
      return [
        (await failure(db.registerModel("m", url))).code,
        (await failure(db.registerTable("t", url))).code,
        (await failure(db.registerFile("f", url))).code,
        (await failure(db.query(`CREATE MODEL m OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = '${url}')`))).code,
        (await failure(db.query(`CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['${url}'])`))).code,
      ];
    });
    // A file that nobody reads yet is only noted.
    assert.deepEqual(
      codes.filter((code) => code !== undefined),
      Array(codes.length).fill("network-denied"),
    );
  });

  test("does not let a redirect lead elsewhere, and shows those that it allows", async () => {
    const other = await serve();
    const there = `${other.origin}/fixtures/tables/iris.csv`;
    const { codes, message, requests } = await inPage(async ({ PredictQL, failure }, there) => {
      const path = `/leads-to?there=${encodeURIComponent(there)}`;
      const asked = [];
      const careful = new PredictQL({ network: (url) => asked.push(url.href) > 0 });
      const local = new PredictQL({ network: "same-origin" });
      const open = new PredictQL();
      const refused = [
        await failure(local.registerTable("t", path)),
        await failure(careful.registerTable("t", path)),
        await failure(local.query(`CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['${path}'])`)),
      ];
      await open.registerTable("t", path);
      const { requests } = await open.stats();
      return { codes: refused.map(({ code }) => code), message: refused[0].message, requests };
    }, there);
    assert.deepEqual(codes, Array(3).fill("network-denied"));
    assert.match(message, /leads to another address/);
    assert.deepEqual(
      requests.filter(({ reason }) => reason === "data").map(({ url, bytes }) => [url.split("?")[0], bytes > 0]),
      [
        [`${site.origin}/leads-to`, false],
        [there, true],
      ],
    );

    // Node tells where an answer leads: the gate is asked about each step.
    const steps = [];
    const here = `${site.origin}/leads-to?there=${encodeURIComponent(there)}`;
    const db = new NodePredictQL({ network: (url) => steps.push(url.href) < 2, worker: "inline" });
    await assert.rejects(db.registerTable("t", here), { code: "network-denied" });
    assert.deepEqual(steps, [here, there]);
    const all = new NodePredictQL({ network: () => true, worker: "inline" });
    assert.equal((await all.registerTable("t", here)).rows, 150);
    other.close();
  });
});

describe("rows", () => {
  test("own their properties, whatever columns and fields are called", async () => {
    const found = await inPage(async ({ PredictQL }) => {
      const db = new PredictQL();
      await db.registerTable("t", [
        JSON.parse('{"__proto__": {"isAdmin": true}, "s": {"__proto__": {"isAdmin": true}}}'),
      ]);
      const result = await db.query("SELECT *, STRUCT(2 AS `__proto__`, 3 AS b) AS u FROM t");
      const [row] = result.rows;
      const all = [
        row,
        result.at(0),
        [...result][0],
        result.toArray()[0],
        (await db.sql`SELECT * FROM ${result}`).rows[0],
      ];
      return {
        admins: all.map((row) => [row.isAdmin, row.s.isAdmin]),
        keys: all.map((row) => Object.keys(row)),
        text: JSON.stringify(row),
        columns: Object.keys(result.toColumns()),
      };
    });
    assert.deepEqual(found.admins, Array(5).fill([undefined, undefined]));
    assert.deepEqual(found.keys, Array(5).fill(["__proto__", "s", "u"]));
    assert.equal(
      found.text,
      '{"__proto__":{"isAdmin":true},"s":{"__proto__":{"isAdmin":true}},"u":{"__proto__":2,"b":3}}',
    );
    assert.deepEqual(found.columns, ["__proto__", "s", "u"]);
  });

  test("are JSON as BigQuery writes it: lists are arrays, and bytes base64", async () => {
    const text = await inPage(async ({ PredictQL }) => {
      const sql = "SELECT [1.5, NULL] AS n, [1.5, 2] AS f, [1, 2] AS i, b'hi!' AS b, [STRUCT([0.5] AS q)] AS s";
      return JSON.stringify((await new PredictQL().query(sql)).rows);
    });
    assert.equal(text, '[{"n":[1.5,null],"f":[1.5,2],"i":[1,2],"b":"aGkh","s":[{"q":[0.5]}]}]');
  });
});

describe("a worker that ends without a word", () => {
  test("is noticed while it works: its call rejects, and the next one is answered by another", async () => {
    const found = await inPage(async ({ mortal, busy, failure }) => {
      const { db, vanish } = mortal();
      await db.registerTable("t", [{ a: 1 }]);
      await db.query("SELECT 1");
      const working = failure(db.query(busy));
      await new Promise((resolve) => setTimeout(resolve, 100));
      vanish();
      const { code, detail } = await working;
      return { code, detail, after: (await db.query("SELECT a FROM t")).rows };
    });
    assert.deepEqual([found.code, found.detail], ["engine-crashed", "the worker ended without a word"]);
    assert.deepEqual(found.after, [{ a: 1 }]);
  });

  test("is replaced while it has nothing to do", async () => {
    const rows = await inPage(async ({ mortal }) => {
      const { db, vanish } = mortal();
      await db.registerTable("t", [{ a: 1 }]);
      vanish();
      await new Promise((resolve) => setTimeout(resolve, 300));
      return (await db.query("SELECT a FROM t")).rows;
    });
    assert.deepEqual(rows, [{ a: 1 }]);
  });

  test("leaves versions and aliases of models as they were, also those that SQL has made", async () => {
    const found = await inPage(async ({ mortal }) => {
      const { db, vanish } = mortal();
      const [forest, packed] = ["iris_rf", "iris_packed"].map((name) => `/fixtures/models/${name}.onnx`);
      await db.registerModel("iris", forest);
      await db.registerModel("iris", forest);
      const last = await db.registerModel("iris", packed, { alias: ["champion", "new"] });
      await db.setModelAlias("iris", "champion", 2);
      await db.registerModel("iris", forest, { version: 9 });
      await db.dropModel("iris@9");
      const remake = `CREATE OR REPLACE MODEL other OPTIONS (MODEL_PATH = '${forest}')`;
      for (const sql of [remake, remake, remake]) await db.query(sql);
      await db.exec(`ALTER MODEL other ADD VERSION OPTIONS (MODEL_PATH = '${packed}');
        ALTER MODEL other VERSION 4 SET ALIAS = champion; ALTER MODEL other VERSION 3 SET ALIAS = champion;
        ALTER MODEL other ROLLBACK ALIAS champion; ALTER MODEL other SET DEFAULT_VERSION = champion`);
      const used = (await db.registerModel("iris", forest, { version: 9 }).catch(({ code }) => code)) ?? "";
      const state = async () => ({
        models: (await db.models()).map(({ name, version, aliases, default: isDefault, source, sha256 }) => {
          return [name, version, aliases.join(), isDefault, source?.split("/").at(-1), sha256.length];
        }),
        moves: (
          await db.query("SELECT model_name, alias, version, previous_version FROM INFORMATION_SCHEMA.MODEL_ALIASES")
        ).rows,
      });
      const before = await state();
      vanish();
      await new Promise((resolve) => setTimeout(resolve, 300));
      const after = await state();
      const next = await db.registerModel("iris", forest, { alias: "champion" });
      const refused = await db.dropModel("iris@10").catch(({ code }) => code);
      return { last: [last.version, last.aliases, last.default], used, before, after, next: next.version, refused };
    });
    assert.deepEqual(found.last, [3, ["champion", "new"], false]);
    assert.equal(found.used, "already-exists");
    assert.deepEqual(found.before.models, [
      ["iris", 2, "champion", true, "iris_rf.onnx", 64],
      ["iris", 3, "new", false, "iris_packed.onnx", 64],
      ["other", 3, "", false, "iris_rf.onnx", 64],
      ["other", 4, "champion", true, "iris_packed.onnx", 64],
    ]);
    assert.equal(found.before.moves.length, 6);
    assert.deepEqual(found.after, found.before);
    assert.equal(found.next, 10);
    assert.equal(found.refused, "version-in-use");
  });
});

test("the bar of a first call has one end for the engine and the model, and reaches it", async () => {
  const events = await inPage(async ({ PredictQL }) => {
    const events = [];
    await new PredictQL().registerModel("iris", "/fixtures/models/iris_rf.onnx", { onProgress: (p) => events.push(p) });
    return events;
  });
  const known = events.filter(({ ratio }) => ratio !== null);
  // Once the end is known, it stays known.
  assert.equal(events.indexOf(known[0]) + known.length, events.length);
  assert.equal(new Set(known.map(({ total }) => total)).size, 1);
  assert.ok(events.some(({ stage }) => stage === "engine") && events.some(({ stage }) => stage === "compile"));
  assert.ok(known.slice(0, -1).every(({ ratio }) => ratio <= 0.9) && events.at(-1).ratio === 1);
});
