// The reader of Parquet files: a module of its own, so that only pages that read such files load it.

import { parquetMetadata, parquetReadObjects, parquetSchema, type SchemaTree } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { SqlType, TypedColumn } from "./rows.js";

const text = new TextDecoder();

/** The columns of a Parquet file. Times are read to the millisecond, as JavaScript has them. */
export async function readParquet(file: ArrayBuffer): Promise<TypedColumn[]> {
  const metadata = parquetMetadata(file);
  const rows = await parquetReadObjects({
    file,
    metadata,
    compressors,
    utf8: false,
    geoparquet: false,
    parsers: { jsonFromBytes: (bytes) => bytes && text.decode(bytes) },
  });
  return parquetSchema(metadata).children.map((column) => {
    const { name } = column.element;
    return [name, rows.map((row) => row[name]), typeOf(column)];
  });
}

/** What the file says of a column; "NULL" where its values have to tell. */
function typeOf({ element, children: [child] }: SchemaTree): SqlType {
  const { type, converted_type, logical_type } = element;
  const words: readonly unknown[] = [converted_type, logical_type?.type];
  const is = (...names: string[]) => names.some((name) => words.includes(name));
  if (child) {
    const item = typeOf(child.children[0] ?? child);
    return is("LIST") && !item.startsWith("ARRAY") ? (`ARRAY<${item}>` as SqlType) : "NULL";
  }
  if (is("DECIMAL", "FLOAT16")) return "FLOAT64";
  if (is("DATE")) return "DATE";
  if (is("UTF8", "STRING", "JSON", "UUID")) return "STRING";
  if (is("TIMESTAMP", "TIMESTAMP_MILLIS", "TIMESTAMP_MICROS")) return "TIMESTAMP";
  switch (type) {
    case "BOOLEAN":
      return "BOOL";
    case "FLOAT":
    case "DOUBLE":
      return "FLOAT64";
    case "INT96":
      return "TIMESTAMP";
    case "BYTE_ARRAY":
    case "FIXED_LEN_BYTE_ARRAY":
      return "BYTES";
    default:
      return "INT64";
  }
}
