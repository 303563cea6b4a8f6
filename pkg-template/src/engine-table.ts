// The engine's own Arrow IPC as a table. Flechette reads every Arrow there is; of the engine's stream the schema is read
// by it once, and the batches here, which for a few rows takes a fraction of the time.

import { type Batch, batchType, Column, type DataType, Table, tableFromIPC } from "@uwdata/flechette";
import { Ipc, type Message } from "./ipc.js";

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
    const ipc = new Ipc(bytes);
    let end = 0;
    for (const message of ipc.messages()) {
      const parts = new Parts(bytes, ipc, message);
      for (const [index, { type }] of known.fields.entries()) columns[index]?.push(parts.column(type, options));
      end = message.end;
    }
    if (end !== bytes.byteLength) throw new Error("expected whole record batches");
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

/** What a record batch is made of. Its columns have to be read in order. */
class Parts {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #body: number;
  #node: number;
  #buffer: number;

  constructor(bytes: Uint8Array, ipc: Ipc, { batch, body }: Message) {
    // Fields of a RecordBatch: length, nodes, buffers. Vectors begin with their length.
    const nodes = batch === undefined ? undefined : ipc.field(batch, 1);
    const buffers = batch === undefined ? undefined : ipc.field(batch, 2);
    if (nodes === undefined || buffers === undefined) throw new Error("expected a record batch");
    this.#bytes = bytes;
    this.#view = ipc.view;
    this.#body = body;
    this.#node = ipc.table(nodes) + 4;
    this.#buffer = ipc.table(buffers) + 4;
  }

  /** The next column. */
  column(type: DataType, options: ReadOptions): Batch<unknown> {
    const { typeId, values, offsets, children } = type as DataType & {
      values?: View;
      offsets?: View;
      children?: { type: DataType }[];
    };
    const length = this.#long(this.#node);
    const nullCount = this.#long(this.#node + 8);
    this.#node += 16;
    const validity = this.#next();
    const Class = batchType(type, options) as unknown as new (parts: object) => Batch<unknown>;
    const inner = () => (children ?? []).map((child) => this.column(child.type, options));
    switch (typeId as number) {
      case id.int:
      case id.float:
      case id.decimal:
      case id.date:
      case id.timestamp:
      case id.bool:
        return new Class({ length, nullCount, type, validity, values: this.#next(values) });
      case id.utf8:
      case id.largeUtf8:
      case id.binary:
      case id.largeBinary:
        return new Class({ length, nullCount, type, validity, offsets: this.#next(offsets), values: this.#next() });
      case id.list:
        return new Class({ length, nullCount, type, validity, offsets: this.#next(offsets), children: inner() });
      case id.struct:
        return new Class({ length, nullCount, type, validity, children: inner() });
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

  /** Lengths and offsets are far below 2⁵³. */
  #long(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }
}
