// The reader of Parquet files: a module of its own, so that only pages that read such files load it.

import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadata,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { TypedColumn } from "./rows.js";
import type { SqlType } from "./types.js";

const text = new TextDecoder();

/** Turns what the library gives for a column into what the builder of columns takes. */
type Convert = (value: unknown) => unknown;

/** A column, or a part of one, as it is read. */
interface Plan {
  type: SqlType;
  convert: Convert;
}

/** A column of a type that SQL does not have. Known by its name: the page's other files have classes of their own. */
class Unsupported extends Error {
  override readonly name = "Unsupported";
  constructor(column: string, what: string) {
    super(`column \`${column}\` holds ${what}, which SQL does not have`);
  }
}

/** The columns of a Parquet file, with no digit and no microsecond lost. */
export async function readParquet(file: ArrayBuffer): Promise<TypedColumn[]> {
  const rows = new ParquetRows(file, parquetMetadata(file, { geoparquet: false }));
  return rows.read({}, rows.names);
}

/** Some of the rows of a file. */
export interface Range {
  rowStart?: number;
  rowEnd?: number;
}

/** A file of which one group of rows after the other is read, and of these some columns. */
export async function openParquet(file: AsyncBuffer): Promise<ParquetRows> {
  return new ParquetRows(file, await parquetMetadataAsync(file, { geoparquet: false }));
}

export class ParquetRows {
  readonly names: readonly string[];
  readonly groups: readonly Range[];
  readonly #file: ArrayBuffer | AsyncBuffer;
  readonly #metadata: FileMetaData;
  readonly #plans: ReadonlyMap<string, Plan>;

  constructor(file: ArrayBuffer | AsyncBuffer, metadata: FileMetaData) {
    const { children } = parquetSchema(metadata);
    this.#plans = new Map(children.map((column) => [column.element.name, planOf(column, column.element.name)]));
    this.names = [...this.#plans.keys()];
    this.#file = file;
    this.#metadata = metadata;
    let rowEnd = 0;
    this.groups = metadata.row_groups.map(({ num_rows }) => {
      const rowStart = rowEnd;
      rowEnd += Number(num_rows);
      return { rowStart, rowEnd };
    });
    unread(metadata);
  }

  /** Columns without rows. */
  get empty(): TypedColumn[] {
    return this.names.map((name) => this.#column(name, []));
  }

  /** The rows of a range, of which these columns. */
  async read(range: Range, names: readonly string[]): Promise<TypedColumn[]> {
    const chunks = await chunksOf(this.#file, this.#metadata, range, names);
    return names.map((name) => this.#column(name, chunks.get(name) ?? []));
  }

  #column(name: string, chunks: readonly ArrayLike<unknown>[]): TypedColumn {
    const { type, convert } = this.#plans.get(name) as Plan;
    return [name, chunks.flatMap((values) => Array.from(values, convert)), { ...type, exact: true }];
  }
}

/** The library would make doubles of decimals, and objects by key of maps: it is shown what lies below. */
function unread(metadata: FileMetaData): void {
  for (const element of metadata.schema) {
    if (is(element, "DECIMAL", "MAP", "MAP_KEY_VALUE", "TIME_MILLIS", "TIME_MICROS")) delete element.converted_type;
    if (element.logical_type?.type === "DECIMAL" || element.logical_type?.type === "MAP") delete element.logical_type;
  }
}

/** The values of each column, in the order of the rows. */
async function chunksOf(
  file: ArrayBuffer | AsyncBuffer,
  metadata: FileMetaData,
  range: Range,
  names: readonly string[],
): Promise<Map<string, ArrayLike<unknown>[]>> {
  const found = new Map(names.map((name) => [name, [] as { rowStart: number; values: ArrayLike<unknown> }[]]));
  await parquetRead({
    file,
    metadata,
    ...range,
    columns: [...names],
    compressors,
    utf8: false,
    geoparquet: false,
    parsers: {
      timestampFromMilliseconds: (time) => BigInt(time) * 1000n,
      timestampFromMicroseconds: (time) => BigInt(time),
      timestampFromNanoseconds: floorToMicros,
      dateFromDays: (days) => days * 86_400_000,
      jsonFromBytes: (bytes) => bytes && text.decode(bytes),
      geometryFromBytes: (bytes) => bytes,
      geographyFromBytes: (bytes) => bytes,
    },
    onChunk: ({ columnName, columnData, rowStart }) => {
      found.get(columnName)?.push({ rowStart, values: columnData });
    },
  });
  const inOrder = [...found].map(([name, chunks]) => {
    chunks.sort((one, other) => one.rowStart - other.rowStart);
    return [name, chunks.map(({ values }) => values)] as const;
  });
  return new Map(inOrder);
}

function floorToMicros(nanos: bigint): bigint {
  const micros = nanos / 1000n;
  return micros * 1000n > nanos ? micros - 1n : micros;
}

function is({ converted_type, logical_type }: SchemaElement, ...names: string[]): boolean {
  const words: readonly unknown[] = [converted_type, logical_type?.type];
  return names.some((name) => words.includes(name));
}

/** `column` is for the words of errors. */
function planOf(tree: SchemaTree, column: string): Plan {
  const { element, children } = tree;
  if (children.length === 0) {
    const leaf = leafOf(element, column);
    return element.repetition_type === "REPEATED" ? listOf(leaf, column) : leaf;
  }
  if (is(element, "VARIANT")) throw new Unsupported(column, "values of varying types (VARIANT)");
  const [child] = children;
  if (child && is(element, "LIST") && children.length === 1 && child.children.length <= 1) {
    return listOf(planOf(child.children[0] ?? { ...child, element: once(child.element) }, column), column);
  }
  if (child && is(element, "MAP", "MAP_KEY_VALUE") && children.length === 1) {
    const entries = planOf(child, column);
    const inner: Convert = (value) => (value as Record<string, unknown>)[child.element.name];
    return { type: entries.type, convert: orNull((value) => entries.convert(inner(value))) };
  }
  const fields = children.map((part) => [part.element.name, planOf(part, column)] as const);
  const row: Plan = {
    type: { kind: "STRUCT", fields: new Map(fields.map(([name, { type }]) => [name, type])) },
    convert: orNull((value) =>
      Object.fromEntries(fields.map(([name, part]) => [name, part.convert((value as Record<string, unknown>)[name])])),
    ),
  };
  return element.repetition_type === "REPEATED" ? listOf(row, column) : row;
}

function once(element: SchemaElement): SchemaElement {
  return { ...element, repetition_type: "REQUIRED" };
}

function orNull(convert: Convert): Convert {
  return (value) => (value == null ? null : convert(value));
}

function listOf({ type, convert }: Plan, column: string): Plan {
  if (type.kind === "ARRAY") throw new Unsupported(column, "lists of lists");
  return {
    type: { kind: "ARRAY", element: type },
    convert: orNull((value) => Array.from(value as ArrayLike<unknown>, convert)),
  };
}

function leafOf(element: SchemaElement, column: string): Plan {
  const { type, logical_type: logical } = element;
  const as = (kind: "STRING" | "BOOL" | "INT64" | "UINT64" | "FLOAT64" | "DATE" | "TIMESTAMP" | "TIME" | "BYTES") => ({
    type: { kind },
    convert: (value: unknown) => value ?? null,
  });
  if (is(element, "INTERVAL")) throw new Unsupported(column, "intervals");
  if (is(element, "BSON")) throw new Unsupported(column, "BSON");
  if (is(element, "DECIMAL")) return decimal(element);
  if (is(element, "FLOAT16")) return as("FLOAT64");
  if (is(element, "DATE")) return as("DATE");
  if (is(element, "UTF8", "STRING", "JSON", "UUID", "ENUM")) return as("STRING");
  if (is(element, "TIMESTAMP", "TIMESTAMP_MILLIS", "TIMESTAMP_MICROS")) return as("TIMESTAMP");
  if (is(element, "TIME", "TIME_MILLIS", "TIME_MICROS")) {
    const unit = logical?.type === "TIME" ? logical.unit : element.converted_type?.slice("TIME_".length);
    const nanos = unit === "MILLIS" ? 1_000_000n : unit === "MICROS" ? 1000n : 1n;
    return { type: { kind: "TIME" }, convert: orNull((value) => BigInt(value as number) * nanos) };
  }
  const isUnsigned = logical?.type === "INTEGER" && logical.bitWidth === 64 && !logical.isSigned;
  if (isUnsigned || is(element, "UINT_64")) return as("UINT64");
  switch (type) {
    case "BOOLEAN":
      return as("BOOL");
    case "FLOAT":
    case "DOUBLE":
      return as("FLOAT64");
    case "INT96":
      return as("TIMESTAMP");
    case "BYTE_ARRAY":
    case "FIXED_LEN_BYTE_ARRAY":
      return as("BYTES");
    default:
      return as("INT64");
  }
}

/** Whole numbers, or their bytes with the highest first. */
function decimal({ precision = 38, scale = 0 }: SchemaElement): Plan {
  const whole = (value: unknown) => {
    if (!(value instanceof Uint8Array)) return BigInt(value as number);
    return BigInt.asIntN(
      8 * value.length,
      value.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n),
    );
  };
  return { type: { kind: "DECIMAL", precision, scale }, convert: orNull(whole) };
}
