import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Type, tableFromIPC } from "../../../pkg-template/node_modules/@uwdata/flechette/src/index.js";
import { decode } from "../../../pkg-template/src/decode.ts";

const fixture = (name) => readFileSync(new URL(`../fixtures/${name}`, `file://${process.cwd()}/`));
const { columns } = JSON.parse(fixture("expected/types.json"));
const rowsOf = async (text) => tableFromIPC(await decode(new Blob([text]), "json", "rows.json")).toArray();

const everyDigit = { useDate: true, useBigInt: true, useDecimalInt: true };

test("Parquet has the values that pyarrow wrote, and types that do not depend on them", async () => {
  const ipc = await decode(new Blob([fixture("tables/types.parquet")]), "parquet", "types.parquet");
  const table = tableFromIPC(ipc, everyDigit);
  const types = Object.fromEntries(table.schema.fields.map(({ name, type }) => [name, type.typeId]));
  assert.equal(table.numRows, 4);
  for (const { name, type } of table.schema.fields) {
    const said = columns[name].values.map((value) => wanted(value, type));
    assert.deepEqual([...table.getChild(name)].map(plain), said, name);
  }
  const { Int, Float, Decimal, Bool, Utf8, Binary, Date: Day, Timestamp, List } = Type;
  assert.deepEqual(types, {
    ...{ int8: Int, int16: Int, int32: Int, int64: Int, uint8: Int, uint16: Int, uint32: Int, uint64: Int },
    ...{ float16: Float, float32: Float, float64: Float, decimal: Decimal, bool: Bool },
    ...{ decimal_long: Decimal, decimal_longest: Decimal, time_ms: Type.Time, time_us: Type.Time },
    ...{ utf8: Utf8, dictionary: Utf8, binary: Binary, date32: Day },
    ...{ timestamp_ms: Timestamp, timestamp_us: Timestamp, timestamp_ns: Timestamp, timestamp_tz: Timestamp },
    ...{ list: List, struct: Type.Struct, deep: List, map: List },
  });
});

test("compressed Arrow has the values of the same table without compression", async () => {
  const read = async (name) =>
    tableFromIPC(await decode(new Blob([fixture(`tables/${name}`)]), "arrow", name), everyDigit);
  const plain = await read("types.arrow");
  for (const name of ["types_lz4.feather", "types_zstd.feather"]) {
    const table = await read(name);
    assert.deepEqual(table.schema.fields, plain.schema.fields);
    assert.deepEqual(table.toArray(), plain.toArray());
  }
  const { x } = (await read("blocks_lz4.feather")).toColumns();
  assert.deepEqual(
    Array.from(x, Number),
    Array.from({ length: 20_000 }, (_, row) => (row * row) % 1009),
  );
});

/** A value of `types.json` as the table has to have it. */
function wanted(value, { typeId, children }) {
  if (value === null) return value;
  switch (typeId) {
    case Type.Int:
      // JavaScript reads two numbers of the JSON file as one more or less than they are.
      return value === 2 ** 63 ? 2n ** 63n - 1n : value === 2 ** 53 ? 2n ** 53n + 1n : BigInt(value);
    case Type.Float:
      return Number(value);
    case Type.Decimal:
      return BigInt(value.replace(".", ""));
    case Type.Date:
    case Type.Timestamp:
      return Date.parse(value);
    case Type.Time: {
      const [hours, minutes, seconds, fraction = ""] = value.split(/[:.]/);
      return (
        ((BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds)) * 10n ** 9n + BigInt(fraction.padEnd(9, 0))
      );
    }
    case Type.List:
      return value.map((item) => wanted(item, children[0].type));
    case Type.Struct: {
      const part = (name, at) => (Array.isArray(value) ? value[at] : value[name]);
      return Object.fromEntries(children.map(({ name, type }, at) => [name, wanted(part(name, at), type)]));
    }
    default:
      return value;
  }
}

function plain(value) {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value, plain);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

test("JSON is a list of objects, one object, or one on each line", async () => {
  const rows = [
    { a: 1, b: "x" },
    { a: 2, b: null },
  ];
  assert.deepEqual(await rowsOf(JSON.stringify(rows)), rows);
  assert.deepEqual(await rowsOf('{"a": 1, "b": "x"}\r\n\n{"a": 2}\n'), rows);
  assert.deepEqual(await rowsOf(' {"a": 1.5}'), [{ a: 1.5 }]);
});

test("JSON keeps every digit of whole numbers", async () => {
  const text =
    '[{"id": 1610521604143693812, "s": "1610521604143693812, \\"9007199254740993", "n": {"x": [-9007199254740993]}}]';
  const table = tableFromIPC(await decode(new Blob([text]), "json", "rows.json"), { useBigInt: true });
  assert.deepEqual(table.toArray(), [
    {
      id: 1610521604143693812n,
      s: '1610521604143693812, "9007199254740993',
      n: { x: BigInt64Array.of(-9007199254740993n) },
    },
  ]);
  const lines = '{"a": 12345678901234567890123}\n{"a": 1}\n';
  const long = tableFromIPC(await decode(new Blob([lines]), "json", "rows.json"));
  assert.deepEqual(long.toArray(), [{ a: "12345678901234567890123" }, { a: "1" }]);
  // Not whole, or not a number: as JSON.parse reads them.
  const others = '[{"a": 0.12345678901234567, "b": 1234567890123456e5, "c": "1234567890123456"}]';
  assert.deepEqual(await rowsOf(others), JSON.parse(others));
});

test("what is no table is said, with its row or line", async () => {
  const failures = [
    ['[{"a": 1}, 2]', "invalid-json", /`rows.json` holds something else than an object in row 2/],
    ['{"a": 1}\n{"a": 2', "invalid-json", /line 2 cannot be read/],
    ["[]", "no-columns", /at least one column/],
    ['[{"a": [[1], [1, 2]]}]', "unsupported-value", /row 1 of column `a` holds lists of 1 and of 2/],
  ];
  for (const [text, code, message] of failures) await assert.rejects(rowsOf(text), { code, message });
  const broken = decode(new Blob(["PAR1....PAR1"]), "parquet", "cars.parquet");
  await assert.rejects(broken, { code: "invalid-parquet", message: /`cars.parquet` cannot be read as Parquet/ });
});
