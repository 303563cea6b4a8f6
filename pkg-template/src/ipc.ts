// The messages of Arrow IPC: where they lie, and whether their values are compressed.
// Source: https://arrow.apache.org/docs/format/Columnar.html and its Message.fbs; flatbuffers keep tables of offsets.

/** A message of a stream, or of a file, which holds a stream. */
export interface Message {
  /** Where the prefix, the message itself and its body begin, and where the body ends. */
  start: number;
  metadata: number;
  body: number;
  end: number;
  /** The place of the table that describes the batch; none in a schema. */
  batch: number | undefined;
}

const kinds = { dictionary: 2, batch: 3 };

export class Ipc {
  readonly view: DataView;
  /** Where the first message begins: a file has eight bytes in front. */
  readonly #start: number;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = bytes[0] === 0x41 ? 8 : 0;
  }

  /** The messages up to the end marker; damaged bytes end them too, for the engine to say. */
  *messages(): Generator<Message> {
    const { view } = this;
    let start = this.#start;
    while (start + 8 <= view.byteLength && view.getUint32(start, true) === 0xffffffff) {
      const metadata = start + 8;
      const body = metadata + view.getInt32(start + 4, true);
      if (body <= metadata || body > view.byteLength) return;
      const message = this.table(metadata);
      const length = this.field(message, 3);
      const end = body + (length ? Number(view.getBigInt64(length, true)) : 0);
      if (end < body || end > view.byteLength) return;
      yield { start, metadata, body, end, batch: this.#batch(message) };
      start = end;
    }
  }

  /** The table that the offset at `place` leads to. */
  table(place: number): number {
    return place + this.view.getUint32(place, true);
  }

  /** The place of a table's field; `undefined` where it has its default. */
  field(table: number, index: number): number | undefined {
    const entry = this.entry(table, index);
    const offset = entry === undefined ? 0 : this.view.getUint16(entry, true);
    return offset === 0 ? undefined : table + offset;
  }

  /** Where it is noted at which offset a table has a field. */
  entry(table: number, index: number): number | undefined {
    const { view } = this;
    const fields = table - view.getInt32(table, true);
    const at = 4 + 2 * index;
    return at < view.getUint16(fields, true) ? fields + at : undefined;
  }

  /** The description of how a batch is compressed. */
  compression(batch: number): number | undefined {
    const place = this.field(batch, 3);
    return place === undefined ? undefined : this.table(place);
  }

  #batch(message: number): number | undefined {
    const [kind, header] = [this.field(message, 1), this.field(message, 2)];
    if (kind === undefined || header === undefined) return undefined;
    const table = this.table(header);
    const type = this.view.getUint8(kind);
    if (type === kinds.batch) return table;
    const data = type === kinds.dictionary ? this.field(table, 1) : undefined;
    return data === undefined ? undefined : this.table(data);
  }
}

/** Whether some batch of a file or stream is compressed. Damaged bytes are not: the engine says what is wrong. */
export function isCompressed(bytes: Uint8Array): boolean {
  const ipc = new Ipc(bytes);
  try {
    for (const { batch } of ipc.messages())
      if (batch !== undefined && ipc.compression(batch) !== undefined) return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return false;
}
