import assert from "node:assert/strict";
import { test } from "node:test";
import {
  float32,
  int32,
  Type,
  tableFromArrays,
  tableFromIPC,
} from "../../../pkg-template/node_modules/@uwdata/flechette/src/index.js";
import { arrowToIPC, columnsToIPC, rowsToIPC } from "../../../pkg-template/src/rows.ts";

const read = async (ipc, options = { useDate: true }) => tableFromIPC(await ipc, options);
const typesOf = (table) => table.schema.fields.map(({ name, type }) => [name, type.typeId]);
const problemOf = (made) =>
  made.then(
    () => undefined,
    (error) => [error.code, error.message],
  );

test("every kind of value has its type, and null and undefined are NULL", async () => {
  const day = new Date("2024-02-29T12:00:00.250Z");
  const rows = [
    {
      whole: 1,
      real: 0.5,
      big: 2n ** 62n,
      yes: true,
      text: "ä",
      when: day,
      bytes: new Uint8Array([1, 2]),
      list: [1, 2],
    },
    { whole: null, real: 2, big: -1, yes: undefined, text: null, when: null, bytes: null, list: null },
  ];
  const table = await read(rowsToIPC(rows), { useDate: true, useBigInt: true });
  assert.deepEqual(typesOf(table), [
    ["whole", Type.Int],
    ["real", Type.Float],
    ["big", Type.Int],
    ["yes", Type.Bool],
    ["text", Type.Utf8],
    ["when", Type.Timestamp],
    ["bytes", Type.Binary],
    ["list", Type.List],
  ]);
  const [first, second] = table.toArray();
  assert.equal(first.whole, 1n);
  assert.equal(first.big, 2n ** 62n);
  assert.equal(first.when.getTime(), day.getTime());
  assert.deepEqual([...first.bytes], [1, 2]);
  assert.deepEqual([...first.list], [1n, 2n]);
  assert.deepEqual(second, {
    whole: null,
    real: 2,
    big: -1n,
    yes: null,
    text: null,
    when: null,
    bytes: null,
    list: null,
  });
});

test("whole numbers are FLOAT64 as soon as one value of the column is not", async () => {
  for (const values of [[1, 2.5], [1, Number.NaN], [1n, 0.5], [2 ** 53]]) {
    const table = await read(rowsToIPC(values.map((x) => ({ x }))));
    assert.equal(table.schema.fields[0].type.typeId, Type.Float);
    assert.deepEqual(
      table.toArray().map(({ x }) => x),
      values.map(Number),
    );
  }
});

test("columns are those of all rows, in the order of their first appearance", async () => {
  const table = await read(rowsToIPC([{ b: 1 }, { a: 2, b: 3 }, { c: "x" }]));
  assert.deepEqual(table.toArray(), [
    { b: 1, a: null, c: null },
    { b: 3, a: 2, c: null },
    { b: null, a: null, c: "x" },
  ]);
});

test("a name that every object inherits is a column like others", async () => {
  assert.deepEqual((await read(rowsToIPC([{ constructor: 1 }, { other: 2 }]))).toArray(), [
    { constructor: 1, other: null },
    { constructor: null, other: 2 },
  ]);
});

test("lists hold one type, empty lists and NULLs included", async () => {
  const table = await read(columnsToIPC({ x: [[], [1], [0.5, null], null, new Float32Array([1.5])] }));
  assert.deepEqual(
    [...table.getChild("x")].map((value) => value && [...value]),
    [[], [1], [0.5, null], null, [1.5]],
  );
});

test("typed arrays are columns: whole numbers INT64, others FLOAT64 whatever they hold", async () => {
  const columns = {
    a: new Uint8Array([1, 255]),
    b: new Float32Array([1, 2]),
    c: new BigInt64Array(2),
    d: new Float64Array([3, 4]),
  };
  const table = await read(columnsToIPC(columns));
  assert.deepEqual(
    typesOf(table).map(([, type]) => type),
    [Type.Int, Type.Float, Type.Int, Type.Float],
  );
  assert.deepEqual(table.toArray(), [
    { a: 1, b: 1, c: 0, d: 3 },
    { a: 255, b: 2, c: 0, d: 4 },
  ]);
});

test("a column of nothing but NULL is one of numbers", async () => {
  assert.deepEqual(typesOf(await read(rowsToIPC([{ x: null }]))), [["x", Type.Int]]);
});

test("an Arrow table of another library keeps its times and floating points", async () => {
  const when = new Date("2020-01-02T03:04:05Z");
  const types = { real: float32(), whole: int32() };
  const columns = { when: [when, null], real: [1, null], whole: [1, 2], row: [{ a: [1] }, null] };
  const table = await read(arrowToIPC(tableFromArrays(columns, { types })));
  assert.deepEqual(
    typesOf(table).map(([, type]) => type),
    [Type.Timestamp, Type.Float, Type.Int, Type.Struct],
  );
  assert.equal(table.at(0).when.getTime(), when.getTime());
  assert.deepEqual([...table.at(0).row.a], [1]);
  assert.deepEqual(table.at(1), { when: null, real: null, whole: 2, row: null });
});

test("whole numbers beyond INT64 are text, and no number is rounded beside fractions", async () => {
  const columns = {
    id: [2n ** 63n, 7n, null],
    exact: [2n ** 64n, 0.5, 1n],
    mixed: [2n ** 53n + 1n, 0.5, null],
    nested: [[2n ** 70n + 1n], [], null],
  };
  const table = await read(columnsToIPC(columns), { useBigInt: true });
  assert.deepEqual(table.toArray(), [
    { id: "9223372036854775808", exact: 2 ** 64, mixed: "9007199254740993", nested: ["1180591620717411303425"] },
    { id: "7", exact: 0.5, mixed: "0.5", nested: [] },
    { id: null, exact: 1, mixed: null, nested: null },
  ]);
  assert.deepEqual(table.schema.metadata.get("predictql.notes").split("\n"), [
    "column `id` is STRING: INT64 does not hold all of its whole numbers",
    "column `mixed` is STRING: FLOAT64 does not hold all of its whole numbers",
    "column `nested` is STRING: INT64 does not hold all of its whole numbers",
  ]);
});

test("objects are structs with the fields of all rows", async () => {
  const when = new Date("2024-02-29T12:00:00.250Z");
  const rows = [
    { x: { a: 1, when }, list: [{ k: "a" }, { v: 0.5 }, null] },
    { x: { a: null, b: { c: [true] } }, list: [] },
    { x: null },
  ];
  const table = await read(rowsToIPC(rows));
  assert.deepEqual(table.toArray(), [
    { x: { a: 1, when, b: null }, list: [{ k: "a", v: null }, { k: null, v: 0.5 }, null] },
    { x: { a: null, when: null, b: { c: [true] } }, list: [] },
    { x: null, list: null },
  ]);
});

test("rows with ever new names are refused before they take the page down", async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => ({ [`k${index}`]: 1 }));
  assert.deepEqual(await problemOf(rowsToIPC(rows)), ["too-many-columns", "the rows have more than 10000 columns"]);
});

test("many names in many rows are refused before they are filled with NULL", async () => {
  const rows = Array.from({ length: 9_000 }, (_, index) => ({ [`k${index}`]: 1 }));
  const began = performance.now();
  assert.deepEqual(await problemOf(rowsToIPC(rows)), ["too-many-columns", "the rows have 9000 columns in 9000 rows"]);
  assert.ok(performance.now() - began < 2_000);
});

test("rows are read in pieces: timers go on, and the work can be given up", async () => {
  const rows = Array.from({ length: 300_000 }, (_, index) => ({ a: index, b: `text ${index}`, c: index / 3 }));
  const given = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => given.abort(reason), 30);
  await assert.rejects(rowsToIPC(rows, given.signal), reason);
});

test("what does not fit is named with its column and rows", async () => {
  const failures = [
    [
      [{ x: 1 }, { x: 2.5 }, { x: "3" }],
      ["mixed-types", "column `x` holds FLOAT64 in row 2 and STRING in row 3"],
    ],
    [
      [{ x: null }, { x: true }, { x: 1 }],
      ["mixed-types", "column `x` holds BOOL in row 2 and INT64 in row 3"],
    ],
    [
      [{ x: [1] }, { x: ["a"] }],
      ["mixed-types", "column `x` holds ARRAY<INT64> in row 1 and ARRAY<STRING> in row 2"],
    ],
    [[{ x: [1, "a"] }], ["unsupported-value", "column `x` holds an array of INT64 and STRING in row 1"]],
    [[{ x: [[1], [1, 2]] }], ["unsupported-value", "row 1 of column `x` holds lists of 1 and of 2"]],
    [[{ x: [[1], 2] }], ["unsupported-value", "row 1 of column `x` holds 2 where a list of 1 belongs"]],
    [
      [{ x: 1 }, { x: {} }],
      ["mixed-types", "column `x` holds INT64 in row 1 and STRUCT<> in row 2"],
    ],
    [[{ x: new Date(Number.NaN) }], ["unsupported-value", "column `x` holds an invalid date in row 1"]],
    [[{ x: new Map() }], ["unsupported-value", "column `x` holds an object of class `Map` in row 1"]],
    [[{ x: { y: [[1]] } }], ["unsupported-value", "column `x` holds an array of arrays in row 1"]],
    [
      [{ x: { y: 1 } }, { x: { y: "a" } }],
      ["mixed-types", "column `x` holds STRUCT<y INT64> in row 1 and STRUCT<y STRING> in row 2"],
    ],
    [[{}], ["no-columns", "a table needs at least one column"]],
  ];
  for (const [rows, expected] of failures) {
    assert.deepEqual(await problemOf(rowsToIPC(rows)), expected);
  }
  assert.deepEqual(await problemOf(columnsToIPC({ a: [1, 2], b: [1] })), [
    "uneven-columns",
    "column `b` has 1 values and `a` has 2",
  ]);
});
