// What a query answers: Arrow columns that read like rows.

import { Batch, Column, type DataType, type Table, tableFromColumns } from "@uwdata/flechette";
import { checkOptions, takes } from "./arguments.js";
import { tableOf } from "./engine-table.js";
import { problem } from "./errors.js";
import type { ColumnInfo, Diagnostic, Timings } from "./glue/predictql.js";
import type { QueryOptions, Row } from "./interface.js";
import type { Piece } from "./statement.js";
import { type CsvTextOptions, csvOf, jsonOf } from "./texts.js";

/** One column of a result: a flechette `Column`, which reads like one of apache-arrow. */
export interface ResultColumn extends Iterable<unknown> {
  readonly length: number;
  readonly nullCount: number;
  /** The Arrow type. */
  readonly type: unknown;
  at(index: number): unknown;
  get(index: number): unknown;
  /** Typed where the column has no NULL; then it may be a view of the result's own memory. */
  toArray(): ArrayLike<unknown>;
}

/**
 * How values are read.
 * @internal
 */
export type ResultFormat = Pick<QueryOptions, "rowMode" | "int64">;

type SchemaPiece = Extract<Piece, { kind: "schema" }>;

/** What is known of a statement at its end. */
interface Outcome {
  timings: Timings;
  warnings: Diagnostic[];
  message: string | undefined;
}

/** @internal */
export const noTime: Timings = {
  total: 0,
  parse: 0,
  bind: 0,
  decode: 0,
  preprocess: 0,
  infer: 0,
  project: 0,
  queue: 0,
};

const unfinished: Outcome = {
  timings: noTime,
  warnings: [],
  message: undefined,
};

/** Ends an Arrow stream. */
const endOfStream = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]);

/**
 * Rows of a query. It iterates rows, and whoever takes an Arrow table takes it too (Observable Plot, Arquero).
 *
 * @example
 * const result = await db.query("SELECT label, petal_width FROM flowers");
 * for (const { label } of result) console.log(label);
 * result.getChild("petal_width")?.toArray(); // Float64Array
 */
export class Result<T = Row> implements Iterable<T> {
  /** Names and types; empty after a statement without rows. */
  readonly schema: { readonly fields: readonly ColumnInfo[] };
  readonly #table: Table;
  /** The piece of the stream with the schema; none after a statement without rows. */
  readonly #head: Uint8Array | undefined;
  readonly #batches: readonly Uint8Array[];
  readonly #asArray: boolean;
  readonly #outcome: Outcome;
  /** Whether a column has a name that no plain assignment makes a property of. */
  readonly #isOdd: boolean;
  #rows: T[] | undefined;

  /** @internal */
  constructor(schema: SchemaPiece | undefined, batches: readonly Uint8Array[], format: ResultFormat, outcome: Outcome) {
    this.schema = { fields: schema?.columns ?? [] };
    this.#head = schema?.ipc;
    this.#batches = batches;
    this.#asArray = format.rowMode === "array";
    this.#outcome = outcome;
    const useBigInt = format.int64 === "bigint";
    const table = tableOf(this.#head, batches, { useDate: true, useBigInt, useDecimalInt: true });
    if (format.int64 === undefined || format.int64 === "number") checkNumbers(table);
    this.#isOdd = this.columns.includes(odd);
    this.#table = converted(table, (type) => {
      if (isTensor(type)) return TensorBatch;
      if (isOddStruct(type)) return OwnBatch;
      if (isBinary(type) || isNumbers(type)) return ArrayBatch;
      return isDecimal(type) || (format.int64 === "string" && isInt64(type)) ? TextBatch : undefined;
    });
  }

  get numRows(): number {
    return this.#table.numRows;
  }

  get numCols(): number {
    return this.schema.fields.length;
  }

  /** The names of the columns. */
  get columns(): string[] {
    return this.schema.fields.map(({ name }) => name);
  }

  /** All rows, made at the first use and kept. */
  get rows(): T[] {
    this.#rows ??= this.toArray();
    return this.#rows;
  }

  /** One row; a negative index counts from the end. */
  at(index: number): T | undefined {
    const place = index < 0 ? this.numRows + index : index;
    return place < 0 || place >= this.numRows ? undefined : this.#row(place);
  }

  /** All rows, made anew. */
  toArray(): T[] {
    return this.#asArray || this.#isOdd
      ? Array.from({ length: this.numRows }, (_, index) => this.#row(index))
      : (this.#table.toArray() as T[]);
  }

  /** All values by column. */
  toColumns(): Record<string, ArrayLike<unknown>> {
    if (!this.#isOdd) return this.#table.toColumns();
    return this.#ownObject((column) => column.toArray()) as Record<string, ArrayLike<unknown>>;
  }

  /** One column. */
  getChild(name: string): ResultColumn | null {
    return (this.#table.getChild(name) as ResultColumn | undefined) ?? null;
  }

  /** The result as an Arrow IPC stream, for DuckDB, Arquero, Polars or a file. */
  toIPC(): Uint8Array {
    const pieces = [...(this.#head ? [this.#head] : []), ...this.#batches, endOfStream];
    const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.byteLength, 0));
    let offset = 0;
    for (const piece of pieces) {
      bytes.set(piece, offset);
      offset += piece.byteLength;
    }
    return bytes;
  }

  /**
   * The result as CSV: a line of names, then the rows. NULL is an empty field, an empty text `""`; BYTES are base64, lists
   * and structs JSON.
   *
   * @example
   * const file = new File([result.toCSV()], "scores.csv", { type: "text/csv" });
   */
  toCSV(options: CsvTextOptions = {}): string {
    checkOptions("toCSV", options, takes.csv);
    return csvOf(this.#written(), options);
  }

  /**
   * The rows as JSON has them, which `JSON.stringify(result)` writes: days and times as texts, whole numbers as numbers
   * where these hold them and else as texts.
   */
  toJSON(): Record<string, unknown>[] {
    return jsonOf(this.#written());
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = 0; index < this.numRows; index++) yield this.#row(index);
  }

  /** Where the time went, in milliseconds. For a batch of a stream: all zero until the stream has ended. */
  get timings(): Timings {
    return this.#outcome.timings;
  }

  /** What the engine wants to be known, without being an error. For a batch of a stream: none until it has ended. */
  get warnings(): Diagnostic[] {
    return this.#outcome.warnings;
  }

  /** What a statement without rows did, in words. */
  get message(): string | undefined {
    return this.#outcome.message;
  }

  #row(index: number): T {
    if (this.#asArray) return this.#table.children.map((column) => column.at(index)) as T;
    return (this.#isOdd ? this.#ownObject((column) => column.at(index)) : this.#table.at(index)) as T;
  }

  #written() {
    const { numRows } = this;
    const { children } = this.#table;
    const values = function* () {
      for (let index = 0; index < numRows; index++) yield children.map((column) => column.at(index));
    };
    return { schema: this.schema, values };
  }

  /** Properties of its own, whatever the columns are called. */
  #ownObject(read: (column: Column<unknown>) => unknown): object {
    return Object.fromEntries(
      this.columns.map((name, index) => [name, read(this.#table.children[index] as Column<unknown>)]),
    );
  }
}

/**
 * One result for each statement.
 * @internal
 */
export async function resultsOf<T>(pieces: AsyncIterable<Piece>, format: ResultFormat): Promise<Result<T>[]> {
  const results: Result<T>[] = [];
  let schema: SchemaPiece | undefined;
  let batches: Uint8Array[] = [];
  for await (const piece of pieces) {
    if (piece.kind === "schema") schema = piece;
    else if (piece.kind === "batch") batches.push(piece.ipc);
    else {
      results.push(new Result<T>(schema, batches, format, outcomeOf(piece)));
      schema = undefined;
      batches = [];
    }
  }
  return results;
}

/**
 * One result for each batch of rows.
 * @internal
 */
export async function* batchesOf<T>(
  pieces: AsyncIterable<Piece>,
  format: ResultFormat,
): AsyncGenerator<Result<T>, void> {
  const outcome = { ...unfinished };
  let schema: SchemaPiece | undefined;
  for await (const piece of pieces) {
    if (piece.kind === "schema") schema = piece;
    else if (piece.kind === "done") Object.assign(outcome, outcomeOf(piece));
    else if (schema) yield new Result<T>(schema, [piece.ipc], format, outcome);
  }
}

/**
 * The columns, as soon as they are known, and the batches of rows behind them.
 * @internal
 */
export async function streamOf<T>(pieces: AsyncGenerator<Piece>, format: ResultFormat) {
  const first = await pieces.next();
  const schema = !first.done && first.value.kind === "schema" ? first.value.columns : [];
  const all = async function* () {
    if (!first.done) yield first.value;
    yield* pieces;
  };
  return { schema, batches: batchesOf<T>(all(), format) };
}

/** @internal */
export function outcomeOf({ timings, warnings, message }: Extract<Piece, { kind: "done" }>): Outcome {
  return { timings, warnings, message };
}

const isDecimal = ({ typeId }: DataType) => typeId === 7;

const isInt64 = ({ typeId, ...type }: DataType) => typeId === 2 && "bitWidth" in type && type.bitWidth === 64;

/** A number that is not the one in the table would be worse than an error. */
function checkNumbers(table: Table): void {
  for (const [index, { name }] of table.schema.fields.entries()) {
    for (const batch of table.children[index]?.data ?? []) {
      const value = firstUnsafe(batch);
      if (value === undefined) continue;
      throw problem(
        "int64-overflow",
        `column \`${name}\` holds ${value}, which a JavaScript number cannot hold exactly`,
        {
          hint: 'pass the option `int64: "bigint"` or `int64: "string"`',
        },
      );
    }
  }
}

function firstUnsafe(batch: Batch<unknown>): bigint | undefined {
  if (isInt64(batch.type)) {
    const values = batch.values as unknown as BigInt64Array;
    for (let index = 0; index < batch.length; index++) {
      const value = values[index] as bigint;
      if (Number.isSafeInteger(Number(value)) || (batch.nullCount > 0 && !batch.isValid(index))) continue;
      return value;
    }
  }
  for (const child of batch.children ?? []) {
    const value = firstUnsafe(child);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** A batch whose values are made of those of another one. */
abstract class ChangedBatch<T> extends Batch<T> {
  static override ArrayType = Array;
  protected readonly source: Batch<unknown>;

  constructor(source: Batch<unknown>) {
    super({ ...source, values: source.values });
    this.source = source;
  }
}

/** INT64, NUMERIC and BIGNUMERIC in decimal. */
class TextBatch extends ChangedBatch<string> {
  override value(index: number): string {
    const scale = scaleOf(this.type);
    return scale === 0 ? String(this.values[index]) : decimalText(this.source.value(index) as bigint, scale);
  }
}

/** The digits of a number of 10^-scale, without zeros at their end. */
function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const fraction = digits.slice(-scale).replace(/0+$/, "");
  return (units < 0n ? "-" : "") + digits.slice(0, -scale) + (fraction && `.${fraction}`);
}

const scaleOf = (type: DataType) => ("scale" in type ? type.scale : 0);

/** A tensor, which the engine calls `STRUCT<dimensions, values>`. */
const isTensor = (type: DataType) =>
  "children" in type && type.children.map(({ name }) => name).join() === "dimensions,values";

/** Names that the parts of tensors have beside their own, as in SQL. They are not listed among a tensor's properties. */
const aliases = {
  shape: {
    get(this: { dimensions: unknown }) {
      return this.dimensions;
    },
  },
  data: {
    get(this: { values: unknown }) {
      return this.values;
    },
  },
};

/** What an assignment of this name sets is no property, but where an object inherits from. */
const odd = "__proto__";

const isOddStruct = (type: DataType) =>
  "children" in type && type.typeId === 13 && type.children.some(({ name }) => name === odd);

/** Structs whose fields are properties of their own, whatever they are called. */
class OwnBatch extends Batch<object> {
  static override ArrayType = Array;

  override value(index: number): object {
    const { children, type } = this;
    const fields = "children" in type ? type.children : [];
    return Object.fromEntries(fields.map(({ name }, place) => [name, children?.[place]?.at(index)]));
  }
}

const isBinary = ({ typeId }: DataType) => typeId === 4 || typeId === 19;

const isNumbers = (type: DataType) => "children" in type && type.typeId === 12 && type.children[0]?.type.typeId === 3;

/** JSON has no typed arrays: lists of numbers become its arrays, and BYTES text in base64, as in BigQuery's JSON. */
function toJSON(this: Uint8Array | Float64Array): unknown {
  return this instanceof Uint8Array
    ? btoa(Array.from(this, (byte) => String.fromCharCode(byte)).join(""))
    : Array.from(this);
}

class ArrayBatch extends ChangedBatch<object> {
  override value(index: number): object {
    const value = this.source.value(index) as object;
    return ArrayBuffer.isView(value) ? Object.defineProperty(value, "toJSON", { value: toJSON }) : value;
  }
}

class TensorBatch extends ChangedBatch<object> {
  override value(index: number): object {
    return Object.defineProperties(this.source.value(index) as object, aliases);
  }
}

type Reader = new (source: Batch<unknown>) => Batch<unknown>;

/** The table with the values of some types read by a batch of ours. */
function converted(table: Table, reader: (type: DataType) => Reader | undefined): Table {
  const isConverted = (type: DataType): boolean =>
    reader(type) !== undefined || ("children" in type && type.children.some((child) => isConverted(child.type)));
  if (!table.schema.fields.some(({ type }) => isConverted(type))) return table;
  const convert = (batch: Batch<unknown>): Batch<unknown> => {
    // In place: a batch of structs holds on to this very array.
    batch.children?.forEach((child, index, children) => {
      children[index] = convert(child);
    });
    const Reader = reader(batch.type);
    return Reader ? new Reader(batch) : batch;
  };
  const columns = table.children.map((column) => new Column(column.data.map(convert), column.type));
  return tableFromColumns(table.schema.fields.map(({ name }, index) => [name, columns[index] as Column<unknown>]));
}
