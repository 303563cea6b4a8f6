// The engine's own Arrow IPC as a table. Flechette reads every Arrow there is; of the engine's stream the schema is read
// by it once, and the batches here, which for a few rows takes a fraction of the time.

import { type Batch, batchType, Column, type DataType, Table, tableFromIPC } from "@uwdata/flechette";

interface ReadOptions {
  useDate: boolean;
  useBigInt: boolean;
  useDecimalInt: boolean;
}

type Schema = Table["schema"];

/** Schemas by the bytes that they were read from: those of prepared statements come again and again. */
const schemas = new WeakMap<Uint8Array, Schema>();

/** The rows of `batches`, of which each holds messages one after the other. */
export function tableOf(schema: Uint8Array | undefined, batches: readonly Uint8Array[], options: ReadOptions): Table {
  const known = schema && schemaOf(schema);
  if (!known) return tableFromIPC(batches as Uint8Array[], options);
  const columns: Batch<unknown>[][] = known.fields.map(() => []);
  for (const bytes of batches) {
    for (let at = 0; at < bytes.byteLength; ) {
      const message = new Message(bytes, at);
      for (const [index, { type }] of known.fields.entries()) columns[index]?.push(message.batch(type, options));
      at = message.end;
    }
  }
  return new Table(
    known,
    known.fields.map(({ type }, index) => new Column(columns[index] ?? [], type)),
  );
}

function schemaOf(bytes: Uint8Array): Schema {
  let schema = schemas.get(bytes);
  if (!schema) {
    schema = tableFromIPC(bytes).schema;
    schemas.set(bytes, schema);
  }
  return schema;
}

/** A typed array's class, with what is needed of it. */
type View = new (buffer: ArrayBufferLike, offset: number, length: number) => Uint8Array;

// biome-ignore format: as the specification of Arrow lists them
const id = { int: 2, float: 3, binary: 4, utf8: 5, bool: 6, decimal: 7, date: 8, timestamp: 10, list: 12, struct: 13, largeBinary: 19, largeUtf8: 20 };

/**
 * One record batch: `0xFFFFFFFF`, the length of the metadata, the metadata as a flatbuffer, the body. Its columns have
 * to be read in order.
 */
class Message {
  /** Where the next message begins. */
  readonly end: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #body: number;
  #node: number;
  #buffer: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const metadata = at + 8;
    this.#body = metadata + this.#view.getInt32(at + 4, true);
    const message = this.#reference(metadata);
    // Fields of a Message: version, kind of header, header, length of the body. The third kind is a RecordBatch.
    if (this.#view.getUint8(this.#field(message, 1)) !== 3) throw new Error("expected a record batch");
    this.end = this.#body + this.#long(this.#field(message, 3));
    const batch = this.#reference(this.#field(message, 2));
    // Fields of a RecordBatch: length, nodes, buffers. Vectors begin with their length.
    this.#node = this.#reference(this.#field(batch, 1)) + 4;
    this.#buffer = this.#reference(this.#field(batch, 2)) + 4;
  }

  /** The next column. */
  batch(type: DataType, options: ReadOptions): Batch<unknown> {
    const { typeId, values, offsets, children } = type as DataType & {
      values?: View;
      offsets?: View;
      children?: { type: DataType }[];
    };
    const length = this.#long(this.#node);
    const nullCount = this.#long(this.#node + 8);
    this.#node += 16;
    const base = { length, nullCount, type, validity: this.#next() };
    const Class = batchType(type, options) as unknown as new (parts: object) => Batch<unknown>;
    const inner = () => (children ?? []).map((child) => this.batch(child.type, options));
    switch (typeId as number) {
      case id.int:
      case id.float:
      case id.decimal:
      case id.date:
      case id.timestamp:
      case id.bool:
        return new Class({ ...base, values: this.#next(values) });
      case id.utf8:
      case id.largeUtf8:
      case id.binary:
      case id.largeBinary:
        return new Class({ ...base, offsets: this.#next(offsets), values: this.#next() });
      case id.list:
        return new Class({ ...base, offsets: this.#next(offsets), children: inner() });
      case id.struct:
        return new Class({ ...base, children: inner() });
      default:
        throw new Error(`the engine gives no columns of the Arrow type ${typeId}`);
    }
  }

  /** The next buffer. */
  #next(Class?: View): Uint8Array {
    const offset = this.#body + this.#long(this.#buffer);
    const length = this.#long(this.#buffer + 8);
    this.#buffer += 16;
    const { buffer, byteOffset } = this.#bytes;
    if (!Class) return this.#bytes.subarray(offset, offset + length);
    const { BYTES_PER_ELEMENT } = Class as unknown as { BYTES_PER_ELEMENT: number };
    return new Class(buffer, byteOffset + offset, length / BYTES_PER_ELEMENT);
  }

  /** What the offset at this place leads to. */
  #reference(at: number): number {
    return at + this.#view.getInt32(at, true);
  }

  /** The place of a field of the flatbuffer table. */
  #field(table: number, field: number): number {
    const vtable = table - this.#view.getInt32(table, true);
    const offset = this.#view.getUint16(vtable + 4 + 2 * field, true);
    return table + offset;
  }

  /** Lengths and offsets are far below 2⁵³. */
  #long(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }
}
