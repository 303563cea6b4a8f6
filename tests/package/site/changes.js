// The engine for tables gives way to the full one: what has to be the same wherever they run. Each answers plain data.

const predict = (model) => `SELECT label FROM ML.PREDICT(MODEL ${model}, TABLE flowers)`;
/** What only the full engine answers: the rows of a model with an operator that the other one lacks. */
const sumOf = "SELECT y FROM PREDICT(MODEL = @model, DATA = numbers AS d) WITH (y FLOAT) AS p";

/** The code or the message of what a promise rejects with; its value if it does not. */
async function outcome(promise) {
  try {
    return await promise;
  } catch (error) {
    return error.code ?? error.message;
  }
}

const numbers = [{ x: 3.5 }];

async function withIris({ open, fixture }, options) {
  const db = open(options);
  await db.registerModel("iris", fixture("models/iris_rf.onnx"));
  await db.registerTable("flowers", fixture("tables/iris.csv"));
  await db.registerTable("numbers", numbers);
  return db;
}

/** The engines that were fetched: their first files. */
const engineRequests = async (db) =>
  (await db.stats()).requests
    .filter(({ reason, url }) => reason === "engine" && !url.endsWith(".rest.wasm"))
    .map(({ url }) => (url.endsWith("/tables.wasm") ? "tables" : "full"));

const labelsOf = (result) => [...result.getChild("label").toArray()].join();
const sum = async (db, model) => (await db.query(sumOf, { model })).rows[0].y;

/** What is there before the change is there after it, and the change comes by itself, once. */
export async function comesByItself(host) {
  const db = await withIris(host);
  const model = await host.bytes("models/einsum.onnx");
  const before = (await db.ready).engine;
  const statement = await db.prepare(predict("iris"));
  await db.exec("CREATE TABLE made AS SELECT 7 AS x; CREATE VIEW seen AS SELECT x + 1 AS y FROM made");
  const labels = [labelsOf(await statement.query())];
  const bars = [];
  const onProgress = ({ stage, loaded, total }) => stage === "engine" && bars.push(loaded <= total);
  const sums = await Promise.all([
    db.query(sumOf, { model }, { onProgress }).then(({ rows }) => rows[0].y),
    sum(db, model),
    db.registerModel("einsum", new Blob([model])).then(({ outputs }) => outputs[0].name),
  ]);
  labels.push(labelsOf(await statement.query()), labelsOf(await db.query(predict("iris"))));
  const { engine, why } = await db.ready;
  const found = {
    engines: [before, engine],
    why,
    // An engine that is there at once says nothing of itself.
    bars: bars.every(Boolean),
    sums,
    same: new Set(labels).size,
    seen: (await db.query("SELECT y FROM seen")).rows[0].y,
    names: [...(await db.tables()), ...(await db.models())].map(({ name }) => name).sort(),
    requests: await engineRequests(db),
  };
  await db.close();
  return found;
}

/** Who says which engine is wanted has no other one. */
export async function isChosen(host) {
  const model = await host.bytes("models/einsum.onnx");
  const [full, tables, hint] = [host.open({ engine: "full" }), host.open({ engine: "tables" }), host.open()];
  for (const db of [full, tables]) await db.registerTable("numbers", numbers);
  const refused = await tables.query(sumOf, { model }).catch(({ code, hint }) => ({ code, hint }));
  await hint.registerModel("m", host.fixture("models/iris_rf.onnx"), { engine: "full" });
  const found = {
    refused,
    works: (await tables.query("SELECT 1 AS one")).rows,
    sum: await sum(full, model),
    engines: [],
    requests: [],
  };
  for (const db of [full, tables, hint]) {
    found.engines.push((await db.ready).engine);
    found.requests.push(await engineRequests(db));
    await db.close();
  }
  return found;
}

/** Statements before the one that needs the full engine are done once, and their results come once. */
export async function amidScripts(host) {
  const db = await withIris(host);
  const model = await host.bytes("models/einsum.onnx");
  await db.registerFile("einsum.onnx", new Blob([model]));
  const make = "CREATE OR REPLACE MODEL einsum OPTIONS (model_type = 'ONNX', model_path = 'einsum.onnx')";
  const sum = "SELECT y FROM ML.PREDICT(MODEL einsum, TABLE numbers)";
  const shape = (results) => results.map(({ rows }) => rows[0] ?? null);
  await db.query("CREATE TABLE log AS SELECT 0 AS n");
  const plain = shape(
    await db.exec(`INSERT INTO log (n) VALUES (1); SELECT COUNT(*) AS n FROM log; ${make}; ${sum};
      INSERT INTO log (n) VALUES (2); SELECT COUNT(*) AS n FROM log`),
  );
  const other = await withIris(host);
  await other.registerFile("einsum.onnx", new Blob([model]));
  await other.query("CREATE TABLE log AS SELECT 0 AS n");
  const together = shape(
    await other.exec(`DECLARE step INT64 DEFAULT 1; INSERT INTO log (n) VALUES (step); SET step = step + 1;
      SELECT step AS n; ${make}; ${sum}; INSERT INTO log (n) VALUES (step); SELECT COUNT(*) AS n FROM log`),
  );
  const sums = [];
  for (const one of [db, other]) {
    sums.push(
      (await one.query("SELECT STRING_AGG(CAST(n AS STRING), ' ' ORDER BY n) AS all_n FROM log")).rows[0].all_n,
    );
    await one.close();
  }
  return { plain, together, sums };
}

/** A stream that is half read goes on; calls that are given up or cut off end so. */
export async function amidOthers(host) {
  const db = await withIris(host);
  const model = await host.bytes("models/einsum.onnx");
  const whole = labelsOf(await db.query(predict("iris")));
  const stream = db.stream(predict("iris"), [], { batchSize: 16 });
  const read = [labelsOf((await stream.next()).value)];
  const controller = new AbortController();
  const aborted = outcome(db.query(sumOf, { model }, { signal: controller.signal }));
  await db.query("SELECT 1");
  controller.abort(new Error("enough"));
  const first = await aborted;
  // What it began goes on for others.
  const after = await sum(db, model);
  for await (const batch of stream) read.push(labelsOf(batch));
  const cut = await withIris(host);
  const running = outcome(cut.query(sumOf, { model }));
  await cut.query("SELECT 1");
  await cut.close();
  const found = { first, after, same: read.join() === whole, requests: await engineRequests(db), cut: await running };
  await db.close();
  return found;
}

/** Mulberry32. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Work of all kinds goes on while the engine changes at a random moment of it. Answers what was lost or done twice. */
export async function atAnyMoment(host, { seed, rounds }) {
  const random = generator(seed);
  const model = await host.bytes("models/einsum.onnx");
  const wrong = [];
  for (let round = 0; round < rounds; round++) {
    const db = await withIris(host);
    const expect = (what, found, wanted) => found === wanted || wrong.push([round, what, found, wanted]);
    await db.query("CREATE TABLE log AS SELECT '' AS who, 0 AS n");
    const labels = labelsOf(await db.query(predict("iris")));
    const statement = await db.prepare(predict("iris"));
    let isOver = false;
    const kinds = {
      insert: (who, n) => db.query("INSERT INTO log (who, n) VALUES (?, ?)", [who, n]),
      async script(who, n) {
        const results = await db.exec(
          `DECLARE me STRING DEFAULT '${who}'; INSERT INTO log (who, n) VALUES (me, ${n}); SELECT me AS who`,
        );
        expect("script", results.map(({ rows }) => rows[0]?.who).join(), `,,${who}`);
      },
      async table(who, n) {
        await db.registerTable(`t_${who}`, [{ n }]);
        await kinds.insert(who, n);
        expect("table", (await db.query(`SELECT n FROM t_${who}`)).rows[0]?.n, n);
      },
      async order(who, n) {
        const name = `o_${who}`;
        await Promise.all([0, n].map((n) => db.registerTable(name, [{ n }])));
        expect("order", (await db.query(`SELECT n FROM ${name}`)).rows[0]?.n, n);
        await kinds.insert(who, n);
      },
      async model(who, n) {
        const name = `m_${who}`;
        await db.registerModel(name, host.fixture("models/iris_rf.onnx"));
        await kinds.insert(who, n);
        expect("model", labelsOf(await db.query(predict(name))), labels);
      },
      async prepared(who, n) {
        expect("prepared", labelsOf(await statement.query()), labels);
        await kinds.insert(who, n);
      },
      async stream(who, n) {
        const parts = [];
        for await (const batch of db.stream(predict("iris"), [], { batchSize: 40 })) parts.push(labelsOf(batch));
        expect("stream", parts.join(), labels);
        await kinds.insert(who, n);
      },
      async template(who, n) {
        const { rows } = await db.sql`SELECT n FROM ${[{ n }]}`;
        expect("template", rows[0]?.n, n);
        await kinds.insert(who, n);
      },
      async aborted(who, n) {
        const controller = new AbortController();
        const asked = outcome(db.query(predict("iris"), [], { signal: controller.signal }).then(labelsOf));
        setTimeout(() => controller.abort(new Error("enough")), random() * 5);
        const found = await asked;
        expect("aborted", found === labels || found === "enough", true);
        await kinds.insert(who, n);
      },
    };
    const names = Object.keys(kinds);
    const person = async (who) => {
      let n = 0;
      // Some work comes after the change too.
      for (let left = 3; left > 0; left -= isOver ? 1 : 0) {
        await kinds[names[Math.floor(random() * names.length)]](who, ++n);
        await new Promise((resolve) => setTimeout(resolve, random() * 10));
      }
      return n;
    };
    const change = async () => {
      await new Promise((resolve) => setTimeout(resolve, random() * 60));
      expect("sum", await sum(db, model), 3.5);
      isOver = true;
    };
    const people = ["a", "b", "c"];
    const done = await Promise.all([...people.map(person), change()]).catch((error) => {
      wrong.push([round, "failed", String(error), error.detail ?? error.stack]);
      return [];
    });
    for (const [place, who] of people.entries()) {
      const sql = "SELECT COUNT(*) AS n, COUNT(DISTINCT n) AS d, MAX(n) AS m FROM log WHERE who = ?";
      const { n, d, m } = (await db.query(sql, [who])).rows[0];
      expect(`log of ${who}`, [n, d, m].join(), [done[place], done[place], done[place]].join());
    }
    expect("engine", (await db.ready).engine, "full");
    expect("requests", (await engineRequests(db)).join(), "tables,full");
    await db.close();
  }
  return wrong;
}
