// The writer of Parquet files: a module of its own, so that only pages that write such files load it.

import { Batch, Column, type DataType, tableFromIPC } from "@uwdata/flechette";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";

/** Bytes of rows that become one row group. */
const groupBytes = 8e6;

/** A file that is written as its rows come: streams of Arrow IPC, each with some of them. */
export class ParquetFile {
  readonly #emit: (bytes: Uint8Array) => Promise<void>;
  readonly #bytes = new ByteWriter();
  #writer: ParquetWriter | undefined;
  #streams: Uint8Array[] = [];
  #waiting = 0;

  constructor(emit: (bytes: Uint8Array) => Promise<void>) {
    this.#emit = emit;
  }

  async write(stream: Uint8Array): Promise<void> {
    this.#streams.push(stream);
    this.#waiting += stream.byteLength;
    if (this.#waiting >= groupBytes) await this.#flush();
  }

  async finish(): Promise<void> {
    await this.#flush();
    this.#writer?.finish();
    await this.#drain();
  }

  async #flush(): Promise<void> {
    if (this.#streams.length === 0) return;
    const tables = this.#streams.map((stream) => tableFromIPC(stream, { useBigInt: true, useDecimalInt: true }));
    this.#streams = [];
    this.#waiting = 0;
    const fields = tables[0]?.schema.fields ?? [];
    this.#writer ??= new ParquetWriter({
      writer: this.#bytes,
      schema: [
        { name: "root", num_children: fields.length },
        ...fields.flatMap(({ name, type }) => elementsOf(name, type)),
      ],
    });
    const columnData = fields.map(({ name }, index) => ({
      name,
      data: tables.flatMap((table) => valuesOf(table.getChildAt(index) as Column<unknown>)),
    }));
    const rows = columnData[0]?.data.length ?? 0;
    if (rows > 0) await this.#writer.write({ columnData, rowGroupSize: rows });
    await this.#drain();
  }

  async #drain(): Promise<void> {
    const bytes = this.#bytes.getBytes().slice();
    this.#bytes.index = 0;
    if (bytes.length > 0) await this.#emit(bytes);
  }
}

// biome-ignore format: as the specification of Arrow lists them
const id = { int: 2, float: 3, binary: 4, utf8: 5, bool: 6, decimal: 7, date: 8, timestamp: 10, list: 12, struct: 13, largeBinary: 19, largeUtf8: 20 };

/** The elements of the file's schema that a column is. Lists have three levels, as the format asks. */
function elementsOf(name: string, type: DataType): SchemaElement[] {
  const element = (about: Omit<SchemaElement, "name">): SchemaElement => ({
    name,
    repetition_type: "OPTIONAL",
    ...about,
  });
  const children = "children" in type ? type.children : [];
  switch (type.typeId) {
    case id.bool:
      return [element({ type: "BOOLEAN" })];
    case id.int:
      return [element({ type: "INT64" })];
    case id.float:
      return [element({ type: "precision" in type && type.precision === 1 ? "FLOAT" : "DOUBLE" })];
    case id.utf8:
    case id.largeUtf8:
      return [element({ type: "BYTE_ARRAY", converted_type: "UTF8" })];
    case id.binary:
    case id.largeBinary:
      return [element({ type: "BYTE_ARRAY" })];
    case id.date:
      return [element({ type: "INT32", converted_type: "DATE" })];
    case id.timestamp:
      return [
        "timezone" in type && type.timezone
          ? element({ type: "INT64", converted_type: "TIMESTAMP_MICROS" })
          : element({ type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "MICROS" } }),
      ];
    case id.decimal: {
      const { bitWidth, precision, scale } = type as { bitWidth: number; precision: number; scale: number };
      const type_length = bitWidth / 8;
      return [element({ type: "FIXED_LEN_BYTE_ARRAY", type_length, converted_type: "DECIMAL", precision, scale })];
    }
    case id.list: {
      const inner = children.flatMap((child) => elementsOf("element", child.type));
      const list: SchemaElement = { name: "list", repetition_type: "REPEATED", num_children: 1 };
      return [element({ converted_type: "LIST", num_children: 1 }), list, ...inner];
    }
    case id.struct: {
      const fields = children.flatMap((child) => elementsOf(child.name, child.type));
      return [element({ num_children: children.length }), ...fields];
    }
    default:
      throw new Error(`column \`${name}\` has a type that is not written`);
  }
}

/** Times by their microseconds: as numbers of milliseconds, those far away would lose some. */
class MicrosBatch extends Batch<bigint> {
  static override ArrayType = Array;
  override value(index: number): bigint {
    return this.values[index] as unknown as bigint;
  }
}

function exact(batch: Batch<unknown>): Batch<unknown> {
  batch.children?.forEach((child, index, children) => {
    children[index] = exact(child);
  });
  return batch.type.typeId === id.timestamp ? new MicrosBatch({ ...batch, values: batch.values }) : batch;
}

function valuesOf(column: Column<unknown>): unknown[] {
  const { type } = column;
  const exactly = new Column(column.data.map(exact), type);
  return Array.from(exactly, (value) => plainOf(value, type));
}

/** What the writer takes: lists as arrays, days as numbers of them. */
function plainOf(value: unknown, type: DataType): unknown {
  if (value === null || value === undefined) return null;
  const children = "children" in type ? type.children : [];
  const [child] = children;
  if (type.typeId === id.list && child)
    return Array.from(value as Iterable<unknown>, (item) => plainOf(item, child.type));
  if (type.typeId === id.struct) {
    const fields = value as Record<string, unknown>;
    return Object.fromEntries(children.map(({ name, type }) => [name, plainOf(fields[name], type)]));
  }
  // Milliseconds at midnight.
  return type.typeId === id.date ? Math.round((value as number) / 86_400_000) : value;
}
