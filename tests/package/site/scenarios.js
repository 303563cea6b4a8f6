// What has to be the same wherever the engine runs: in a page's worker, on the page's own thread, and in Node. Each
// answers plain data. `open(options)` makes a database, `fixture(name)` is the address of a file.

const flower = "SELECT ? AS sepal_length, ? AS sepal_width, ? AS petal_length, ? AS petal_width";
const labelOf = `SELECT label, probabilities FROM ML.PREDICT(MODEL iris, (${flower}))`;

async function withIris({ open, fixture }) {
  const db = open();
  await db.registerModel("iris", fixture("models/iris_rf.onnx"));
  await db.registerTable("flowers", fixture("tables/iris.csv"));
  return db;
}

/** The code or the message of what a promise rejects with; its value if it does not. */
async function outcome(promise) {
  try {
    return await promise;
  } catch (error) {
    return error.code ?? error.message;
  }
}

const plain = (rows) => rows.map((row) => ({ ...row, probabilities: [...row.probabilities] }));

export async function predictions(host, flowers) {
  const db = await withIris(host);
  const statement = await db.prepare(labelOf);
  const rows = [];
  for (const values of flowers) rows.push(...plain((await statement.query(values)).rows));
  const asked = await db.query(labelOf, flowers[0]);
  const found = {
    rows,
    query: plain(asked.rows),
    columns: statement.columns.map(({ name, type }) => [name, type]),
    fields: (await statement.query(flowers[0])).schema.fields.map(({ name }) => name),
    params: statement.params.map(({ name }) => name),
    ipc: (await statement.query(flowers[0])).toIPC().length === asked.toIPC().length,
    timings: asked.timings.infer >= 0 && asked.timings.total >= asked.timings.infer && asked.timings.queue >= 0,
  };
  await db.close();
  return found;
}

export async function types({ open }) {
  const db = open();
  const rows = `SELECT 1 AS i, 1.5 AS f, TRUE AS b, 'ä' AS s, b'x' AS y, DATE '2026-01-31' AS d,
      TIMESTAMP '2026-01-31 12:00:00+00' AS t, [1.5, NULL] AS l, STRUCT(1 AS a, ['u'] AS b) AS st
    UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`;
  const statement = await db.prepare(rows);
  const json = (result) =>
    JSON.stringify([...result.rows, ...Object.values(result.toColumns())], (_, value) =>
      ArrayBuffer.isView(value) ? [...value] : typeof value === "bigint" ? String(value) : value,
    );
  const found = [];
  for (const int64 of ["number", "bigint", "string"]) {
    const results = [await db.query(rows, [], { int64 }), await statement.query([], { int64 })];
    found.push(...results.map(json));
    found.push(json(await statement.query([], { int64 })));
  }
  const empty = await statement.query();
  const none = await (await db.prepare(`SELECT i, s FROM (${rows}) WHERE i > ?`)).query([5]);
  await db.close();
  return { found, size: [empty.numRows, empty.numCols], none: [none.numRows, none.columns, none.rows] };
}

export async function catalogChanges({ open }) {
  const db = open();
  const put = (rows) => db.registerTable("t", rows);
  await put([{ x: 1 }, { x: 2 }]);
  const statement = await db.prepare("SELECT SUM(x) AS s FROM t WHERE x > ?");
  const sum = () => outcome(statement.query([0]).then(({ rows }) => rows[0].s));
  const insert = await db.prepare("INSERT INTO t (x) VALUES (?)");
  const found = [await sum()];
  await put([{ x: 5 }]);
  found.push(await sum());
  await insert.query([7]);
  await insert.query([8]);
  found.push(await sum());
  await db.dropTable("t");
  found.push(await sum(), await outcome(insert.query([1])));
  await put([{ x: 1.5 }]);
  found.push(await sum(), statement.columns[0].databaseType);
  found.push(await outcome(db.prepare("SELECT x FROM nothing")), await outcome(db.prepare("SELECT 1; SELECT 2")));
  found.push(await outcome(db.prepare("-- nothing")), await outcome(db.prepare("SELECT FROM")));
  await statement.close();
  await statement.close();
  found.push(await sum());
  await db.close();
  found.push(await outcome(insert.query([1])), await outcome(db.prepare("SELECT 1")));
  return found;
}

export async function oddValues({ open }) {
  const db = open();
  const statement = await db.prepare("SELECT ? AS x");
  const shown = (x) =>
    x instanceof Date ? x.toISOString() : ArrayBuffer.isView(x) ? [...x] : Object.is(x, -0) ? "-0" : x;
  const of = async (value) => {
    const asked = (run) => outcome(run.then(({ rows }) => shown(rows[0].x)));
    const [prepared, query] = [await asked(statement.query([value])), await asked(db.query("SELECT ? AS x", [value]))];
    return JSON.stringify(prepared) === JSON.stringify(query) ? String(prepared) : `${prepared} is not ${query}`;
  };
  const cyclic = [];
  cyclic.push(cyclic);
  const found = {
    undefined: await of(undefined),
    nan: await of(Number.NaN),
    infinity: await of(-Infinity),
    zero: await of(-0),
    large: await of(2 ** 53),
    bigint: await of(-5n),
    huge: await of(2n ** 70n),
    text: await of("a\0b 💐"),
    date: await of(new Date(0)),
    noDate: await of(new Date("x")),
    bytes: await of(new Uint8Array([1, 2])),
    buffer: await of(new Uint8Array([3]).buffer),
    blob: await of(new Blob(["a"])),
    list: await of([1, 2.5]),
    mixed: await of([1, "a"]),
    nested: await of([[1]]),
    symbol: await of(Symbol("s")),
    function: await of(() => 1),
    object: await of({ a: 1 }),
    cyclic: await of(cyclic),
    none: await outcome(statement.query()),
    null: await outcome(statement.query(null)),
    word: await outcome(statement.query("word")),
    named: await outcome(statement.query({ x: 1 })),
    more: await outcome(statement.query([1, 2]).then(({ rows }) => rows[0].x)),
    dialect: await outcome(statement.query([1], { dialect: "tsql" })),
    after: await of(1),
  };
  await db.close();
  return found;
}

/** Aborts at many moments: whatever happens is an answer or the reason, and the database goes on. */
export async function aborts(host) {
  const db = await withIris(host);
  const statement = await db.prepare(labelOf);
  const values = [5.1, 3.5, 1.4, 0.2];
  const reason = new Error("enough");
  const counts = { answered: 0, aborted: 0, other: [] };
  for (let round = 0; round < 60; round++) {
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const asked = round % 2 === 0 ? statement.query(values, options) : db.query(labelOf, values, options);
    const abort = () => controller.abort(reason);
    if (round % 3 === 0) abort();
    else if (round % 3 === 1) Promise.resolve().then(abort);
    else setTimeout(abort, round / 10);
    await asked.then(
      ({ rows }) => (rows[0].label === 0 ? counts.answered++ : counts.other.push(rows)),
      (error) => (error === reason ? counts.aborted++ : counts.other.push(String(error))),
    );
  }
  const preparing = new AbortController();
  const prepared = outcome(db.prepare(labelOf, { signal: preparing.signal }));
  preparing.abort(reason);
  const stream = statement.stream(values);
  await stream.next();
  await stream.return();
  const after = await statement.query(values);
  const running = outcome(statement.query(values));
  await db.close();
  const found = {
    ...counts,
    sum: counts.answered + counts.aborted,
    prepared: await prepared,
    after: after.rows[0].label,
  };
  return { ...found, closed: await running, later: await outcome(statement.query(values)) };
}

export async function many({ open }) {
  const db = open();
  const statements = [];
  for (let number = 0; number < 1000; number++) statements.push(await db.prepare(`SELECT ? + ${number} AS x`));
  const all = await Promise.all(statements.map((statement) => statement.query([0.5])));
  const sum = all.reduce((sum, { rows }) => sum + rows[0].x, 0);
  for (const statement of statements.slice(1)) await statement.close();
  const last = await statements[0].query([1]);
  const rows = await db.query("SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS x");
  let streamed = 0;
  for await (const batch of db.stream("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS x"))
    streamed += batch.numRows;
  await db.close();
  return { sum, last: last.rows[0].x, count: rows.rows[0].n, streamed };
}

/** Long work leaves room for other things, wherever it runs. */
export async function leavesRoom(host) {
  const db = await withIris(host);
  const flowers = Object.fromEntries(
    ["sepal_length", "sepal_width", "petal_length", "petal_width"].map((name) => [
      name,
      new Float64Array(100_000).fill(1),
    ]),
  );
  await db.registerTable("many", flowers);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const sql = "SELECT label FROM ML.PREDICT(MODEL iris, TABLE many)";
  const result = await db.query(sql, [], { batchSize: 2000 });
  clearInterval(timer);
  const aborted = await outcome(db.query(sql, [], { batchSize: 2000, signal: AbortSignal.timeout(5) }));
  await db.close();
  return { rows: result.numRows, hasTicked: ticks > 3, aborted };
}
