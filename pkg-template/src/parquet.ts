// The reader of Parquet files: a module of its own, so that only pages that read such files load it.

import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";

/** The rows of a Parquet file, each as an object. */
export function readParquet(file: ArrayBuffer): Promise<object[]> {
  return parquetReadObjects({ file, compressors });
}
