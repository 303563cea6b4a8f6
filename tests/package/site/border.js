// What a page may give by mistake or by malice, at random: to tables, parameters, options and every other argument. Whatever it
// is, the call ends soon, in an answer or an error with a code, and the database is as it was.

/** Numbers that a seed decides: a call that fails is made again by its number. */
export function dice(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count) => Math.floor(next() * count);
  return { below, of: (list) => list[below(list.length)] };
}

/** What the page's own getters and functions throw: whoever called hears it, or an error that has it as its cause. */
const own = new Error("the page's own");
const thrower = () => {
  throw own;
};

const words = [
  ...[
    "",
    " ",
    "x",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "then",
    "length",
    "kept",
    "KEPT",
    "`",
    "a.b",
  ],
  ...[
    "a\0b",
    "\ud800",
    "💐",
    "x".repeat(300),
    "INT64",
    "STRUCT<a INT64>",
    "ARRAY<",
    "utf-16",
    ",",
    "é",
    "\n",
    "../..",
    "*",
  ],
];

const plain = [
  ...[
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    0.5,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    1e308,
  ],
  ...[0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, 10n ** 40n],
];

/** One value of each strange kind, made anew: some are used up by being read. */
const strange = {
  symbol: () => Symbol("s"),
  function: () => () => 1,
  class: () => class {},
  date: () => new Date(1e12),
  "no date": () => new Date(Number.NaN),
  "far date": () => new Date(8.64e15),
  bytes: () => new Uint8Array([1, 2, 255]),
  buffer: () => new ArrayBuffer(3),
  detached: () => {
    const bytes = new Uint8Array(8);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  },
  "detached floats": () => {
    const floats = new Float64Array(8);
    structuredClone(floats.buffer, { transfer: [floats.buffer] });
    return floats;
  },
  view: () => new DataView(new ArrayBuffer(8)),
  floats: () => new Float64Array([1, Number.NaN]),
  halves: () => new Float32Array([1.5, -Infinity]),
  longs: () => new BigInt64Array([1n, -(2n ** 63n)]),
  unsigned: () => new BigUint64Array([2n ** 64n - 1n]),
  clamped: () => new Uint8ClampedArray([1, 2]),
  blob: () => new Blob(["a,b\n1,2\n"]),
  "empty blob": () => new Blob([]),
  json: () => new Blob(['[{"__proto__": 1, "a": {"b": [1, null]}}]'], { type: "application/json" }),
  file: () => new File(["x"], "x.csv"),
  stream: () => new Blob(["a\n1\n"]).stream(),
  "locked stream": () => {
    const stream = new Blob(["a\n1\n"]).stream();
    stream.getReader();
    return stream;
  },
  "failing stream": () => new ReadableStream({ pull: thrower }),
  response: () => new Response("a\n1\n"),
  "used response": () => {
    const response = new Response("a\n1\n");
    void response.text();
    return response;
  },
  "failed response": () => Response.error(),
  url: () => new URL("data:text/csv,a%0A1"),
  "other address": () => "javascript:alert(1)",
  map: () => new Map([["a", 1]]),
  set: () => new Set([1]),
  promise: () => Promise.resolve(1),
  "failing promise": () => {
    const promise = Promise.reject(own);
    promise.catch(() => {});
    return promise;
  },
  error: () => new Error("e"),
  pattern: () => /x/g,
  boxed: () => Object("x"),
  "boxed number": () => Object(1),
  "no prototype": () => Object.assign(Object.create(null), { a: 1 }),
  "own prototype": () => JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}'),
  instance: () =>
    new (class Point {
      x = 1;
    })(),
  // biome-ignore lint/suspicious/noThenProperty: a value that looks like a promise is what is tried
  thenable: () => Object.fromEntries([["then", (resolve) => resolve(1)]]),
  // biome-ignore lint/suspicious/noThenProperty: the same
  "failing thenable": () => Object.fromEntries([["then", thrower]]),
  getter: () => Object.defineProperty({}, "a", { get: thrower, enumerable: true }),
  proxy: () => new Proxy({}, { get: thrower, ownKeys: thrower, getPrototypeOf: thrower, has: thrower }),
  "proxy of a list": () => new Proxy([1, 2], {}),
  "no text": () => ({ toString: thrower, valueOf: thrower, toJSON: thrower, [Symbol.toPrimitive]: thrower }),
  "no class": () => ({ constructor: null }),
  "own class": () => ({ constructor: { name: Symbol("s") } }),
  cyclic: () => {
    const list = [];
    list.push(list);
    return list;
  },
  "cyclic object": () => {
    const object = {};
    object.a = object;
    return object;
  },
  deep: () => {
    let value = 1;
    for (let depth = 0; depth < 10_000; depth++) value = [value];
    return value;
  },
  "deep object": () => {
    let value = 1;
    for (let depth = 0; depth < 10_000; depth++) value = { a: value };
    return value;
  },
  holes: () => Object.assign(new Array(3), { 0: 1, 2: 3 }),
  endless: () => new Array(2 ** 32 - 1),
  "like a list": () => ({ length: 2 ** 40 }),
  tensor: () => ({ shape: [2, 2], data: new Float32Array(4) }),
  "no tensor": () => ({ shape: [2 ** 40, 2 ** 40], data: [] }),
  "other tensor": () => ({ shape: [-1, 0.5], data: "x" }),
  "struct of a tensor": () => ({ dimensions: [3], values: [1] }),
  iterable: () => ({
    *[Symbol.iterator]() {
      yield { a: 1 };
    },
  }),
  rows: () => ({
    async *[Symbol.asyncIterator]() {
      yield { a: 1 };
      yield [{ a: 2 }];
    },
  }),
  "odd rows": () => ({
    async *[Symbol.asyncIterator]() {
      yield 1;
      yield null;
      yield [[]];
    },
  }),
  "failing rows": () => ({
    async *[Symbol.asyncIterator]() {
      yield { a: 1 };
      throw own;
    },
  }),
  "no iterator": () => ({ [Symbol.asyncIterator]: 1 }),
  "iterator of nothing": () => ({ [Symbol.asyncIterator]: () => ({ next: () => 1 }) }),
  signal: () => AbortSignal.abort(own),
  "no signal": () => ({ aborted: false, addEventListener: 1 }),
  arrow: () => ({ schema: { fields: [{ name: "a" }] }, getChild: () => null, toArray: () => [] }),
  "failing arrow": () => ({ schema: { fields: [{ name: "a" }] }, getChild: thrower, toArray: thrower }),
  "other arrow": () => ({
    schema: { fields: [null, {}, { name: Symbol("s") }] },
    getChild: () => [1],
    toArray: () => [],
  }),
};

/** A value, and in few words what it is. */
export function anyValue(random, depth = 0) {
  switch (random.below(depth > 2 ? 3 : 7)) {
    case 0:
      return random.of(plain);
    case 1:
      return random.of(words);
    case 2:
    case 3:
      return strange[random.of(Object.keys(strange))]();
    case 4:
      return Array.from({ length: random.below(4) }, () => anyValue(random, depth + 1));
    default:
      return anyObject(random, depth, words);
  }
}

function anyObject(random, depth, names) {
  const object = {};
  for (let count = random.below(4); count > 0; count--) {
    const value = anyValue(random, depth + 1);
    Object.defineProperty(object, random.of(names), { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

/** Rows that are alike, but for what is in them. */
function anyRows(random) {
  const names = Array.from({ length: 1 + random.below(3) }, () => random.of(words));
  return Array.from({ length: random.below(5) }, () => {
    const row = {};
    for (const name of names) {
      Object.defineProperty(row, name, {
        value: anyValue(random, 2),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return row;
  });
}

const options = {
  table: [
    "format",
    "schema",
    "header",
    "skipLeadingRows",
    "fieldDelimiter",
    "quote",
    "escape",
    "comment",
    "encoding",
    "decimal",
  ],
  more: [
    "dateFormat",
    "nullMarkers",
    "nullMarker",
    "maxBadRecords",
    "stream",
    "signal",
    "onProgress",
    "allowJaggedRows",
    "nonsense",
  ],
  query: [
    "batchSize",
    "onError",
    "dialect",
    "rowMode",
    "int64",
    "signal",
    "onProgress",
    "analyze",
    "nonsense",
    "__proto__",
  ],
  model: [
    "version",
    "alias",
    "integrity",
    "labels",
    "tokenizer",
    "inputs",
    "signature",
    "inputLabelCols",
    "baseline",
    "softmax",
  ],
  rest: ["externalData", "task", "engine", "freeDimensions", "nullHandling", "defaultOnNull", "revalidate", "signal"],
};

/** Values that an option may have, so that not all are refused at the door. */
const likely = [
  ...[
    "csv",
    "arrow",
    "json",
    "ndjson",
    "parquet",
    "images",
    "null",
    "fail",
    "tsql",
    "array",
    "bigint",
    "string",
    "number",
  ],
  ...[
    true,
    false,
    0,
    1,
    2,
    3,
    100_000,
    2 ** 53 - 1,
    [],
    ["a"],
    ["a", "a"],
    { a: "INT64" },
    { a: "NOTHING" },
    { x: -1 },
    { x: {} },
  ],
];

function anyOptions(random, names) {
  if (random.below(8) === 0) return anyValue(random);
  const object = {};
  for (let count = random.below(3); count > 0; count--) {
    const value = random.below(2) ? random.of(likely) : anyValue(random, 1);
    Object.defineProperty(object, random.of(names), { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

const texts = [
  ...[
    "SELECT ? AS x",
    "SELECT ?, ?",
    "SELECT ? AS x",
    "SELECT @x AS x, @__proto__ AS y",
    "SELECT * FROM UNNEST(?)",
    "SELECT x FROM kept LIMIT ?",
  ],
  ...["SELECT * FROM kept WHERE x = ?", "SELECT ARRAY_LENGTH(?)", "SELECT CAST(? AS NUMERIC)", "SELECT 1; SELECT ?"],
  ...["SELECT FORMAT('%T', ?)", "SELECT DATE(?)", "SELECT ML.PREDICT", "SELECT ? AS `__proto__`, 1 AS constructor", ""],
];

/** One call of the public surface, by its words and what makes it. */
function anyCall(db, model, random) {
  const value = () => anyValue(random);
  const text = () => (random.below(8) === 0 ? value() : random.of(texts));
  const name = () =>
    random.below(3) === 0 ? value() : random.of(words.filter((word) => word.toLowerCase() !== "kept"));
  const queryOptions = () => (random.below(3) ? {} : anyOptions(random, options.query));
  /** Mostly as many values as the text has places for. */
  const asked = () => {
    const sql = text();
    const places = typeof sql === "string" ? sql.split("?").length - 1 : 0;
    const values = Array.from({ length: places }, value);
    const params = random.below(4)
      ? String(texts.includes(sql) && sql).includes("@")
        ? { x: value(), ["__proto__"]: value() }
        : values
      : value();
    return [sql, params, queryOptions()];
  };
  const kinds = {
    registerTable: () => {
      const source = random.below(2) ? anyRows(random) : value();
      const given = random.below(2) ? {} : anyOptions(random, [...options.table, ...options.more]);
      return [name(), source, given];
    },
    registerModel: () => [
      name(),
      random.below(3) ? model : value(),
      anyOptions(random, [...options.model, ...options.rest]),
    ],
    registerFile: () => [name(), value()],
    readFile: () => [name()],
    query: asked,
    queryTag: () => [["SELECT ", ""], value()],
    exec: () => [text(), queryOptions()],
    queryRow: asked,
    explain: asked,
    prepare: () => [text(), queryOptions()],
    predict: () => [random.below(2) ? "tree" : name(), random.below(2) ? anyRows(random) : value(), queryOptions()],
    check: () => [text(), queryOptions()],
    complete: () => [text(), value(), queryOptions()],
    dropTable: () => [name()],
    dropModel: () => [name()],
    setModelAlias: () => [random.below(2) ? "tree" : name(), name(), value()],
    warmup: () => [random.below(2) ? "tree" : name(), queryOptions()],
    exportModel: () => [name()],
    describeColumns: () => [{ table: value() }],
    escape: () => [value()],
    on: () => [value(), value()],
    sql: () => [
      Object.assign(["SELECT * FROM ", " WHERE ", ""], { raw: ["SELECT * FROM ", " WHERE ", ""] }),
      value(),
      value(),
    ],
  };
  const kind = random.of(Object.keys(kinds));
  return { kind, given: kinds[kind](), call: async (given) => await db[kind](...given) };
}

/** Rows are read too: what is given comes back out. */
function read(answer) {
  if (typeof answer?.toColumns === "function") return [answer.rows, answer.toColumns()];
}

const refused = (error, PredictError) =>
  error === own ||
  error?.cause === own ||
  (error instanceof PredictError && !/^(engine-crashed|internal)$/.test(error.code));

/** Makes the calls of these numbers; the words of every promise that one breaks. */
export async function tryBorder({ open, PredictError, model }, { first, calls, patience }) {
  const broken = [];
  const prototypes = [Object.prototype, Array.prototype, Function.prototype];
  const members = () => prototypes.map((prototype) => Reflect.ownKeys(prototype).length).join();
  const before = members();
  let db = open();
  const outcomes = { answered: 0, refused: 0 };
  for (let number = first; number < first + calls; number++) {
    const { kind, given, call } = anyCall(db, model, dice(number));
    let timer;
    const silence = new Promise((resolve) => {
      timer = setTimeout(() => resolve({ silent: true }), patience);
    });
    const began = performance.now();
    const running = call(given)
      .then(read)
      .then(
        () => ({}),
        (error) => ({ error }),
      );
    const outcome = await Promise.race([running, silence]);
    clearTimeout(timer);
    const took = performance.now() - began;
    if (outcome.silent || took > patience) broken.push([number, kind, `took ${Math.round(took)} ms`]);
    else if ("error" in outcome && !refused(outcome.error, PredictError)) {
      let said;
      try {
        said = `${outcome.error?.code} ${outcome.error?.stack?.slice(0, 600)} ${outcome.error?.detail ?? ""}`;
      } catch {
        said = "what cannot be written";
      }
      broken.push([number, kind, said]);
    } else outcomes["error" in outcome ? "refused" : "answered"]++;
    if (members() !== before || {}.polluted !== undefined)
      broken.push([number, kind, "a prototype has another member"]);
    if (number % 20 === 0 || broken.length > 0) {
      const { rows } = await db.query("SELECT 1 AS one").catch((error) => ({ rows: String(error) }));
      if (JSON.stringify(rows) !== '[{"one":1}]') broken.push([number, kind, "the next query is wrong"]);
    }
    if (outcome.silent) {
      await db.close();
      db = open();
    }
    if (broken.length > 30) break;
  }
  await db.close();
  return { broken, ...outcomes };
}
