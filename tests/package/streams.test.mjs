// Tables whose rows come while a query runs: rows over time, and files that no memory has to hold.

import assert from "node:assert/strict";
import { open, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inPage, page } from "./page.mjs";

test("rows of a stream come out as they come in, and no more are taken than are wanted", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    let made = 0;
    let next;
    const gate = () => new Promise((resolve) => (next = resolve));
    async function* ticks() {
      for (;;) {
        yield { n: ++made, half: made / 2 };
        if (made % 3 === 0) await gate();
      }
    }
    const info = await db.registerTable("ticks", ticks());
    const seen = [];
    for await (const { rows } of db.stream("SELECT n, half * 2 AS twice FROM ticks WHERE n <> 2", [], {
      batchSize: 2,
    })) {
      seen.push(...rows.map(({ n }) => n));
      // The fourth row is made when somebody waits for it.
      if (seen.length === 2) setTimeout(next, 20);
      if (seen.length >= 4) break;
    }
    const after = made;
    setTimeout(next, 20);
    // Another query goes on where that one has ended; each is a window of so many rows.
    const timer = setInterval(() => next?.(), 5);
    const window = async () =>
      (await db.query("SELECT MIN(n) AS first, COUNT(*) AS n FROM (SELECT n FROM ticks LIMIT 10)")).rows[0];
    const windows = [await window(), await window()];
    clearInterval(timer);
    const refusal = await failure(db.query("SELECT AVG(n) AS mean FROM ticks"));
    const sorted = await failure(db.query("SELECT n FROM ticks ORDER BY n LIMIT 1"));
    return { info, seen, after, windows, refusal, sorted: sorted.code };
  });
  const { kind, rows, columns } = found.info;
  assert.deepEqual(
    [kind, rows, columns.map(({ databaseType }) => databaseType)],
    ["stream", null, ["INT64", "FLOAT64"]],
  );
  assert.deepEqual(found.seen.slice(0, 4), [1, 3, 4, 5]);
  // The engine asks for two rows at a time, and one may be on its way.
  assert.ok(found.after <= 8, `${found.after} rows were made for 5`);
  const [first, second] = found.windows;
  assert.deepEqual([first.n, second.n, second.first - first.first], [10, 10, 10]);
  assert.equal(found.refusal.code, "unsupported-syntax");
  assert.match(found.refusal.hint, /\(SELECT \* FROM ticks LIMIT 1000\)/);
  assert.match(found.refusal.frame, /FROM ticks\n.*\^/);
  assert.equal(found.sorted, "unsupported-syntax");
});

test("a query over a stream ends with an error where its table is dropped or replaced, and a source's failure stays one", async () => {
  const found = await inPage(async ({ PredictQL, failure, stalled }) => {
    const db = new PredictQL();
    const soon = () => new Promise((resolve) => setTimeout(resolve, 20));
    const ended = [];
    for (const end of [() => db.dropTable("quiet"), () => db.registerTable("quiet", [{ i: 7 }])]) {
      const { rows, asked } = stalled("i");
      await db.registerTable("quiet", rows);
      const waiting = failure(db.query("SELECT i FROM quiet"));
      await asked;
      await end();
      const { code, message } = await waiting;
      ended.push([code, message]);
    }
    const { promise: isHalf, resolve } = Promise.withResolvers();
    async function* endless() {
      for (let i = 0; ; i++) {
        yield { i };
        if (i % 100 === 0) await soon();
        if (i === 200) resolve();
      }
    }
    await db.registerTable("slow", endless());
    const half = failure(db.query("CREATE TABLE half AS SELECT i FROM slow"));
    await isHalf;
    await db.registerTable("slow", [{ i: 5 }]);
    ended.push([(await half).code, (await failure(db.query("SELECT * FROM half"))).code]);
    async function* broken() {
      yield { i: 1 };
      await soon();
      throw new Error("the sensor is gone");
    }
    await db.registerTable("broken", broken());
    const twice = [];
    for (let time = 0; time < 2; time++) twice.push((await failure(db.query("SELECT i FROM broken"))).message);
    return { ended, twice, after: (await db.query("SELECT i FROM slow")).rows };
  });
  const gone = ["resource-unavailable", "the table was dropped or replaced while its rows came"];
  assert.deepEqual(found.ended, [gone, gone, ["resource-unavailable", "unknown-table"]]);
  assert.deepEqual(found.twice, ["the sensor is gone", "the sensor is gone"]);
  assert.deepEqual(found.after, [{ i: 5 }]);
});

test("streams are scored by models, and are rows, lists of rows, Arrow tables, or bytes of a file", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    await db.registerModel("iris", "/fixtures/models/iris_rf.onnx");
    await db.registerTable("flowers", "/fixtures/tables/iris.csv");
    const { rows } = await db.query("SELECT * FROM flowers");
    const labels = async (table) =>
      (await db.query(`SELECT label FROM ML.PREDICT(MODEL iris, TABLE ${table})`)).rows
        .map(({ label }) => label)
        .join();
    const wanted = await labels("flowers");
    const lists = () =>
      new ReadableStream({
        pull(controller) {
          const piece = rows.splice(0, 40);
          if (piece.length > 0) controller.enqueue(piece);
          else controller.close();
        },
      });
    await db.registerTable("lists", lists());
    const fromLists = await labels("lists");
    async function* batches() {
      // Results are Arrow tables; a filter in between counts rows from 1.
      yield await db.query(
        "SELECT * EXCEPT (nth) FROM (SELECT *, ROW_NUMBER() OVER () AS nth FROM flowers) WHERE nth <= 70",
      );
      yield await db.query(
        "SELECT * EXCEPT (nth) FROM (SELECT *, ROW_NUMBER() OVER () AS nth FROM flowers) WHERE nth > 70",
      );
    }
    await db.registerTable("batches", batches());
    const fromBatches = await labels("batches");
    const body = async () => (await fetch("/fixtures/tables/iris.csv")).body;
    await db.registerTable("bytes", await body());
    const fromBytes = await labels("bytes");
    const again = await failure(db.query("SELECT * FROM bytes"));
    // Its end is known to come: everything can be asked of it.
    await db.registerTable("counted", await body());
    const counted = (await db.query("SELECT COUNT(*) AS n FROM counted")).rows[0].n;
    const rest = new ReadableStream({
      start(controller) {
        for (let x = 0; x < 9; x++) controller.enqueue({ x });
      },
    });
    const whole = (await db.sql`SELECT COUNT(*) AS n FROM (SELECT * FROM ${rest} LIMIT 5)`).rows[0].n;
    async function* empty() {}
    const none = await failure(db.registerTable("none", empty()));
    await db.registerTable("typed", empty(), { schema: { x: "FLOAT64" } });
    const typed = await db.query("SELECT x FROM typed");
    async function* changing() {
      yield [{ x: 1 }];
      await new Promise((resolve) => setTimeout(resolve, 50));
      yield [{ x: 1, y: 2 }];
    }
    await db.registerTable("changing", changing());
    const changed = await failure(db.query("SELECT x FROM changing"));
    async function* broken() {
      yield { x: 1 };
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw new Error("the sensor is gone");
    }
    await db.registerTable("broken", broken());
    const gone = await db.query("SELECT x FROM broken").catch(({ message }) => message);
    await db.registerTable(
      "odd",
      (async function* () {
        yield { x: 1 };
      })(),
      { stream: false },
    );
    return {
      same: [fromLists, fromBatches, fromBytes].map((labels) => labels === wanted),
      again: again.cause,
      counted,
      whole,
      none: none.code,
      typed: [typed.numRows, typed.columns],
      changed: [changed.code, changed.hint],
      gone,
      read: (await db.query("SELECT SUM(x) AS s FROM odd")).rows[0].s,
    };
  });
  assert.deepEqual(found.same, [true, true, true]);
  assert.deepEqual([found.again, found.counted, found.whole], ["unsupported-source", 150, 5]);
  assert.deepEqual([found.none, found.typed, found.read], ["no-columns", [0, ["x"]], 1]);
  assert.equal(found.changed[0], "column-count");
  assert.match(found.changed[1], /schema/);
  assert.match(found.gone, /the sensor is gone/);
});

test("what a statement made of a stream is there again with another worker, and with another visit", async () => {
  const fill = async ({ mortal }) => {
    const { db, vanish } = mortal({ name: "streamed" });
    let n = 0;
    await db.registerTable(
      "ticks",
      (async function* () {
        for (;;) yield { n: ++n };
      })(),
    );
    await db.query("CREATE TABLE first AS SELECT n FROM ticks LIMIT 5");
    await db.query("CREATE TABLE second AS SELECT n FROM ticks LIMIT 5");
    vanish();
    const sums = async () =>
      (await db.query("SELECT (SELECT SUM(n) FROM first) AS a, (SELECT SUM(n) FROM second) AS b")).rows[0];
    return sums();
  };
  // 1 to 5, 6 to 10.
  assert.deepEqual(await inPage(fill), { a: 15, b: 40 });
  await page.reload();
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL({ name: "streamed" });
    const sums = (await db.query("SELECT (SELECT SUM(n) FROM first) AS a, (SELECT SUM(n) FROM second) AS b")).rows[0];
    return { sums, gone: await failure(db.query("SELECT n FROM ticks LIMIT 1")) };
  });
  assert.deepEqual(found.sums, { a: 15, b: 40 });
  assert.equal(found.gone.cause, "no-such-file");
  assert.match(found.gone.hint, /registerTable\("ticks"/);
});

/** The size of the large file: `PREDICTQL_STREAMED_MB=1024` for the one that the documents speak of. */
const megabytes = Number(process.env.PREDICTQL_STREAMED_MB ?? 96);

/** What the engine and the decoder may take beside what they take without any file, whatever its size. */
const mostGrowth = 64e6;

test("a file of any size is scored in memory that does not grow with it", async () => {
  const path = join(tmpdir(), `predictql-${process.pid}.csv`);
  // Lines of 30 bytes: id, three measurements that repeat after 1000 lines, and a text in quotes with a line end in it.
  const lines = Math.floor((megabytes * 1e6) / 30);
  const file = await open(path, "w");
  try {
    await file.write("id,a,b,c,note\n");
    const block = 50_000;
    for (let from = 0; from < lines; from += block) {
      const part = [];
      for (let id = from; id < Math.min(lines, from + block); id++) {
        const k = id % 1000;
        part.push(`${String(id).padStart(9, "1")},${k},${(k / 8).toFixed(3).padStart(7)},${k % 7},"x\n,"`);
      }
      await file.write(`${part.join("\n")}\n`);
    }
    const { size } = await file.stat();
    await page.setContent("<input type=file>");
    await page.setInputFiles("input", path);
    const found = await inPage(async ({ PredictQL, failure }, lines) => {
      const [file] = document.querySelector("input").files;
      const db = new PredictQL();
      await db.registerModel("iris", "/fixtures/models/iris_rf.onnx");
      await db.query("SELECT 1");
      const before = (await db.stats()).wasmBytes;
      const info = await db.registerTable("big", file, { stream: true });
      const told = [];
      const began = performance.now();
      const { rows } = await db.query(
        `SELECT COUNT(*) AS n, SUM(a) AS a, SUM(b) AS b, MAX(c) AS c, COUNT(note) AS notes, COUNTIF(label = 0) AS zeros
         FROM ML.PREDICT(MODEL iris, (SELECT a / 100 AS sepal_length, b / 10 AS sepal_width, c * 1.0 AS petal_length, c / 3 AS petal_width, a, b, c, note FROM big))`,
        [],
        { onProgress: (progress) => told.push(progress) },
      );
      const seconds = (performance.now() - began) / 1000;
      const stop = new AbortController();
      const furthest = [];
      const cancelled = await failure(
        db.query("SELECT COUNT(*) FROM big", [], {
          signal: stop.signal,
          onProgress: ({ ratio }) => {
            furthest.push(ratio);
            stop.abort();
          },
        }),
      );
      const growth = (await db.stats()).wasmBytes - before;
      const ratios = told.filter(({ rows }) => rows !== undefined).map(({ ratio }) => ratio);
      const last = told.findLast(({ rows }) => rows !== undefined);
      return {
        info: [info.kind, info.rows, info.bytes],
        row: rows[0],
        growth,
        seconds,
        rising: ratios.every((ratio, at) => ratio > 0 && ratio <= 1 && (at === 0 || ratio >= ratios[at - 1])),
        reports: ratios.length,
        last: last && [last.unit, last.rows <= lines, last.rowsPerSecond > 0, last.label],
        cancelled: cancelled?.name,
        furthest: furthest.at(-1),
      };
    }, lines);
    const perThousand = (sum) => (lines / 1000) * sum;
    assert.deepEqual(found.info, ["stream", null, size]);
    assert.equal(found.row.n, lines);
    assert.equal(found.row.notes, lines);
    const whole = Math.floor(lines / 1000);
    const rest = lines % 1000;
    const a = whole * 499_500 + (rest * (rest - 1)) / 2;
    assert.equal(found.row.a, a);
    assert.equal(found.row.b, a / 8);
    assert.equal(found.row.c, 6);
    assert.ok(perThousand(1) > 0 && found.row.zeros > 0 && found.row.zeros < lines);
    assert.ok(found.growth < mostGrowth, `the engine grew by ${found.growth} bytes`);
    assert.ok(found.rising && found.reports > 3, `${found.reports} reports`);
    assert.deepEqual(found.last, ["bytes", true, true, "big"]);
    assert.equal(found.cancelled, "AbortError");
    assert.ok(found.furthest < 1, `it went on to ${found.furthest} of the file`);
    console.log(
      `${Math.round(size / 1e6)} MB: ${found.seconds.toFixed(1)} s, ${Math.round(lines / found.seconds)} rows/s, ${Math.round(found.growth / 1e6)} MB more memory`,
    );
  } finally {
    await file.close();
    await rm(path);
  }
});

test("files of every format give the same rows in pieces as in memory", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    const rows = 100_000;
    await db.query(`CREATE TABLE made AS SELECT n, n / 4 AS x, CONCAT('text ', CAST(MOD(n, 100) AS STRING)) AS t,
      IF(MOD(n, 5) = 0, NULL, DATE_ADD(DATE '2020-01-01', INTERVAL MOD(n, 900) DAY)) AS day
      FROM UNNEST(GENERATE_ARRAY(1, ${rows})) AS n`);
    const sums =
      "COUNT(*) AS n, SUM(n) AS whole, SUM(x) AS fractions, COUNT(DISTINCT t) AS texts, COUNT(day) AS days, MAX(day) AS last";
    const answers = {};
    const only = {};
    for (const [format, extension] of [
      ["CSV", "csv"],
      ["JSON", "ndjson"],
      ["PARQUET", "parquet"],
      ["ARROW", "arrow"],
    ]) {
      const name = `made.${extension}`;
      await db.query(
        `EXPORT DATA OPTIONS (uri = '${name}', format = '${format}'${format === "CSV" ? ", header = TRUE" : ""}) AS SELECT * FROM made`,
      );
      const file = new File([await db.readFile(name)], name);
      const schema = format === "JSON" ? { schema: { day: "DATE" } } : {};
      const info = await db.registerTable("pieces", file, { stream: true, ...schema });
      const { rows } = await db.query(`SELECT ${sums} FROM pieces`);
      answers[extension] = [
        info.kind,
        ...Object.values(rows[0]).map((value) => (value instanceof Date ? value.toISOString() : value)),
      ];
      only[extension] = (await db.query("SELECT t FROM pieces WHERE t = 'text 99'")).numRows;
    }
    // Two readers of a file begin at its start each.
    const twice = await db.query("SELECT COUNT(*) AS n FROM pieces AS a JOIN pieces AS b ON a.n = b.n");
    const list = await failure(db.registerTable("list", new File(['[{"x": 1}]'], "list.json"), { stream: true }));
    const cut = new File([(await db.readFile("made.arrow")).slice(0, 900_000)], "made.arrow");
    await db.registerTable("cut", cut, { stream: true });
    const damaged = await failure(db.query("SELECT COUNT(*) FROM cut"));
    const late = new File([`${`{"x": "${"-".repeat(200)}"}\n`.repeat(45_000)}{"x": "", "y": 2}\n`], "late.ndjson");
    await db.registerTable("late", late, { stream: true });
    const unknown = await failure(db.query("SELECT COUNT(x) FROM late"));
    await db.registerTable("late", late, { stream: true, schema: { y: "INT64" } });
    const known = (await db.query("SELECT SUM(y) AS y FROM late")).rows[0].y;
    return {
      answers,
      only,
      twice: twice.rows[0].n,
      list: list.code,
      damaged: damaged.code,
      unknown: unknown.cause,
      known,
    };
  });
  // Of 1 to n: n (n + 1) / 2.
  const whole = (100_000 * 100_001) / 2;
  const wanted = ["stream", 100_000, whole, whole / 4, 100, 80_000, "2022-06-18T00:00:00.000Z"];
  assert.deepEqual(found.answers, { csv: wanted, ndjson: wanted, parquet: wanted, arrow: wanted });
  assert.deepEqual(found.only, { csv: 1000, ndjson: 1000, parquet: 1000, arrow: 1000 });
  assert.equal(found.twice, 100_000);
  assert.deepEqual(
    [found.list, found.damaged, found.unknown, found.known],
    ["unsupported-format", "invalid-arrow", "invalid-json", 2],
  );
});

test("a file of a server is read in pieces, in parts where its format asks for them", async () => {
  const asked = [];
  const bytes = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    await db.query("CREATE TABLE made AS SELECT n, n * 2 AS m FROM UNNEST(GENERATE_ARRAY(1, 20000)) AS n");
    const files = {};
    for (const format of ["CSV", "PARQUET"]) {
      await db.query(
        `EXPORT DATA OPTIONS (uri = 'made', format = '${format}', overwrite = TRUE${format === "CSV" ? ", header = TRUE" : ""}) AS SELECT * FROM made`,
      );
      files[format] = [...new Uint8Array(await (await db.readFile("made")).arrayBuffer())];
    }
    return files;
  });
  const server = createServer((request, response) => {
    const body = Buffer.from(request.url === "/made.csv" ? bytes.CSV : bytes.PARQUET);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    asked.push([request.method, request.url, from === undefined ? null : Number(to) - Number(from) + 1]);
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "range");
    if (request.method === "OPTIONS") return response.end();
    const part = from === undefined ? body : body.subarray(Number(from), Number(to) + 1);
    response.writeHead(from === undefined ? 200 : 206, { "content-length": part.length });
    response.end(request.method === "HEAD" ? undefined : part);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const origin = `http://127.0.0.1:${server.address().port}`;
    const found = await inPage(async ({ PredictQL, failure }, origin) => {
      const db = new PredictQL();
      const sums = [];
      for (const name of ["made.csv", "made.parquet"]) {
        await db.registerTable("remote", `${origin}/${name}`, { stream: true });
        sums.push((await db.query("SELECT SUM(m) AS m FROM remote")).rows[0].m);
      }
      const closed = new PredictQL({ network: "same-origin" });
      const denied = await failure(closed.registerTable("remote", `${origin}/made.csv`, { stream: true }));
      return { sums, denied: denied.code };
    }, origin);
    assert.deepEqual(found, { sums: [20_000 * 20_001, 20_000 * 20_001], denied: "network-denied" });
    // Of the Parquet file no request brought all of it.
    const parts = asked.filter(([method, url]) => method === "GET" && url === "/made.parquet");
    // The format is found by the first bytes of an answer that is given up.
    assert.ok(parts.filter(([, , size]) => size !== null).length > 1, JSON.stringify(parts));
  } finally {
    server.close();
  }
});
