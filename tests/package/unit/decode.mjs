import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Type, tableFromIPC } from "../../../pkg-template/node_modules/@uwdata/flechette/src/index.js";
import { decode } from "../../../pkg-template/src/decode.ts";

const fixture = (name) => readFileSync(new URL(`../fixtures/${name}`, `file://${process.cwd()}/`));
const { columns } = JSON.parse(fixture("expected/types.json"));
const rowsOf = async (text) => tableFromIPC(await decode(new Blob([text]), "json", "rows.json")).toArray();

test("Parquet has the values that pyarrow wrote, and types that do not depend on them", async () => {
  const ipc = await decode(new Blob([fixture("tables/types.parquet")]), "parquet", "types.parquet");
  const table = tableFromIPC(ipc, { useDate: true, useBigInt: true });
  const types = Object.fromEntries(table.schema.fields.map(({ name, type }) => [name, type.typeId]));
  assert.equal(table.numRows, 4);
  for (const { name } of table.schema.fields) {
    const said = columns[name].values.map((value) => wanted(value, types[name]));
    assert.deepEqual([...table.getChild(name)].map(plain), said, name);
  }
  const { Int, Float, Bool, Utf8, Binary, Date: Day, Timestamp, List } = Type;
  assert.deepEqual(types, {
    ...{ int8: Int, int16: Int, int32: Int, int64: Int, uint8: Int, uint16: Int, uint32: Int, uint64: Int },
    ...{ float16: Float, float32: Float, float64: Float, decimal: Float, bool: Bool },
    ...{ utf8: Utf8, dictionary: Utf8, binary: Binary, date32: Day },
    ...{ timestamp_ms: Timestamp, timestamp_us: Timestamp, timestamp_ns: Timestamp, timestamp_tz: Timestamp },
    list: List,
  });
});

/** A value of `types.json` as the table has to have it. */
function wanted(value, type) {
  if (value === null || type === Type.Utf8 || type === Type.Bool || type === Type.Binary) return value;
  // JavaScript reads the largest INT64 of a JSON file as one more than it is.
  if (type === Type.Int) return value === 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);
  if (type === Type.Float) return Number(value);
  return type === Type.List ? value : Date.parse(value);
}

function plain(value) {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value && typeof value === "object" ? [...value] : value;
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

test("what is no table is said, with its row or line", async () => {
  const failures = [
    ['[{"a": 1}, 2]', "invalid-json", /`rows.json` holds something else than an object in row 2/],
    ['{"a": 1}\n{"a": 2', "invalid-json", /line 2 cannot be read/],
    ["[]", "no-columns", /at least one column/],
    ['[{"a": {"b": 1}}]', "unsupported-value", /column `a` holds an object in row 1/],
  ];
  for (const [text, code, message] of failures) await assert.rejects(rowsOf(text), { code, message });
  const broken = decode(new Blob(["PAR1....PAR1"]), "parquet", "cars.parquet");
  await assert.rejects(broken, { code: "invalid-parquet", message: /`cars.parquet` cannot be read as Parquet/ });
});
