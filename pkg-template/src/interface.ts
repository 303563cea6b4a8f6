// The shapes that users of the package meet, apart from the classes. Whatever the engine itself answers is declared
// once, beside the engine, and passed on here.

import type { Progress } from "./glue/predictql.js";

export type {
  CheckResult,
  ColumnInfo,
  Completion,
  Diagnostic,
  ModelInfo,
  Progress,
  TableInfo,
  Timings,
} from "./glue/predictql.js";

/** One row of a result: values by column name. */
// biome-ignore lint/suspicious/noExplicitAny: the columns are known when the query runs, not when it is compiled.
export type Row = Record<string, any>;

/**
 * What `?` and `@name` can stand for. Whole numbers are INT64, other numbers FLOAT64, dates TIMESTAMP, bytes BYTES, objects
 * STRUCT. A NUMERIC comes as a string: `CAST(? AS NUMERIC)`. Lists of lists are a tensor, `STRUCT<dimensions, values>`, and so
 * is `{ shape, data }`, by these names; large lists of numbers are quickest as typed arrays.
 */
export type ParamValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | ArrayBuffer
  | Blob
  | FrameSource
  | NumberArray
  | readonly ParamValue[]
  | { readonly [field: string]: ParamValue };

/** Typed arrays that are ARRAY<FLOAT64> or ARRAY<INT64>; `Uint8Array` is BYTES, but as the `data` beside a `shape`. */
export type NumberArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Pictures that the page shows or holds: their pixels, as they are now, become the bytes of a BMP. */
export type FrameSource =
  | ImageBitmap
  | ImageData
  | VideoFrame
  | HTMLImageElement
  | HTMLCanvasElement
  | HTMLVideoElement
  | OffscreenCanvas;

/** Values of `?` in their order, or values of `@name` by name. */
export type Params = readonly ParamValue[] | Record<string, ParamValue>;

/** What may stand in a `sql` template: a value, or a table where SQL expects one. */
export type SqlValue = ParamValue | TableSource;

/** What a model is read from. An ArrayBuffer or Uint8Array is copied and stays yours. */
/** A model's file; of TensorFlow Lite, too; a SavedModel of TensorFlow is a folder: its files, a zip of it, or an address that ends with a slash. */
export type ModelSource =
  | string
  | URL
  | Blob
  | ArrayBuffer
  | Uint8Array
  | Response
  | ReadableStream<Uint8Array>
  | FileList
  | readonly Blob[]
  | FileSystemDirectoryHandle;

/**
 * What a table is read from: CSV, JSON, Parquet or Arrow IPC (file or stream) by URL, File or bytes; rows as objects, also
 * from an async iterable or a stream of rows, of lists of them or of Arrow tables, whose rows come while a query runs; columns by name; an Arrow table of any library; or
 * pictures: files, those of a folder, addresses, and what the page shows or holds as pixels. They make an object table
 * (`uri`, `size`, `content_type`, `updated` and the bytes as `data`). A video that runs is a table whose rows come one after the
 * other, each when the query is ready for it, until it is paused or ends; it lives as long as the page.
 */
export type TableSource =
  | string
  | URL
  | Blob
  | ArrayBuffer
  | Uint8Array
  | FileList
  | FileSystemDirectoryHandle
  | FrameSource
  | readonly (string | URL | Blob | FrameSource)[]
  | readonly object[]
  | Record<string, ArrayLike<unknown>>
  | AsyncIterable<object | readonly object[]>
  | ReadableStream<object | readonly object[]>
  | ArrowTableLike;

/** What a table of apache-arrow, flechette or arquero has in common, whatever its version. */
export interface ArrowTableLike {
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  // biome-ignore lint/suspicious/noExplicitAny: every library types its columns differently.
  getChild(name: any): any;
  toArray(): ArrayLike<unknown>;
}

/** What every call that takes long accepts. */
export interface CallOptions {
  /** Gives up the call: its promise rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /** Hears how far the call is. `ratio` never goes backwards and is `null` while the end cannot be known. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** All but the first two are for CSV; their names are those of BigQuery's external tables where it has the option. */
export interface TableOptions extends CallOptions {
  /**
   * Whether rows stay where they are, and come piece by piece when a query reads them: of a file or an address, from its beginning
   * each time, in memory that does not grow with it; of an async iterable or a stream, each row once. Default: true for these
   * and for files of more than 256 MiB; `false` reads all rows into memory.
   */
  stream?: boolean | undefined;
  /** How the source is read; default: found by its type, its name or its first bytes. */
  format?: "csv" | "arrow" | "json" | "ndjson" | "parquet" | "images" | undefined;
  /**
   * SQL types by column name, in place of those that were found; in the order of the columns where nothing names them.
   * Parameters hold the values to them: `NUMERIC(10, 2)` rounds digits behind the point, `STRING(20)` refuses longer texts.
   */
  schema?: Record<string, string> | undefined;
  /** Whether a row names the columns; default: true, unless `skipLeadingRows` is 0. */
  header?: boolean | undefined;
  /** How many lines stand above the rows, the names included; default: title lines are found where they are clear. */
  skipLeadingRows?: number | undefined;
  /** What stands between fields; default: found among comma, semicolon, tab and pipe. */
  fieldDelimiter?: string | undefined;
  /** The same as `fieldDelimiter`. */
  delimiter?: string | undefined;
  /** One ASCII character around fields, or none: ""; default: `"`. */
  quote?: string | undefined;
  /** Takes the meaning of the next character away; default: a doubled quote, or a backslash where nothing else is possible. */
  escape?: string | undefined;
  /** Begins lines that are left out. */
  comment?: string | undefined;
  /** Whether quoted fields may go on in the next line; default: true. */
  allowQuotedNewlines?: boolean | undefined;
  /** Whether fields may be missing at the end of a row: they are NULL. */
  allowJaggedRows?: boolean | undefined;
  /** Whether fields beyond the last column are left out. */
  ignoreUnknownValues?: boolean | undefined;
  /** How many rows that cannot be read are left out; `notes` of the table tells of them. */
  maxBadRecords?: number | undefined;
  /** Whether text may hold control characters. */
  preserveAsciiControlCharacters?: boolean | undefined;
  /** A name that `TextDecoder` knows; default: by its mark, UTF-8, or Windows-1252 where nothing is UTF-8. */
  encoding?: string | undefined;
  /** What stands before the fraction of a number; default: found where it is clear. */
  decimal?: "." | "," | undefined;
  /** How dates are written, in BigQuery's format elements: "DD.MM.YYYY"; default: "YYYY-MM-DD". */
  dateFormat?: string | undefined;
  /** The same for timestamps: "DD/MM/YYYY HH24:MI:SS". */
  timestampFormat?: string | undefined;
  /** What reads as NULL when unquoted; default: the empty field, and "NA" except among codes of two capital letters. */
  nullMarkers?: readonly string[] | undefined;
  /** The same as `nullMarkers`. */
  nullValues?: readonly string[] | undefined;
  /** One of `nullMarkers`. */
  nullMarker?: string | undefined;
}

/** What is said of one input of a model. */
export interface ModelInputOptions {
  /** The columns that make it up, one after the other. */
  columns?: readonly string[] | undefined;
  /** Is taken from every value of a picture, which are between 0 and 1: a number, or one for each channel. */
  mean?: number | readonly number[] | undefined;
  /** Divides every value of a picture after that. */
  std?: number | readonly number[] | undefined;
  /** Where the model has the channels of pictures, or "as-is" for what is never turned; default: its shape tells. */
  layout?: "NHWC" | "NCHW" | "as-is" | undefined;
  /** The axis that counts rows, from 0; default: names of dimensions and operators tell. */
  batchAxis?: number | undefined;
}

/** The options of `CREATE MODEL`. */
export interface ModelOptions extends CallOptions {
  /** The number of the version that it is, from 1; versions that are there stay. */
  version?: number | undefined;
  /** Names that the version gets, and others lose: `MODEL iris@champion`. Without `version` it is the next one. */
  alias?: string | readonly string[] | undefined;
  /** "sha256-" and base64, as in Subresource Integrity: another file is refused before it is read. */
  integrity?: string | undefined;
  /** What the classes are called, in the order of the scores; or the address of a file with a label on each line. */
  labels?: readonly string[] | readonly number[] | string | URL | undefined;
  /**
   * The `tokenizer.json` of a model over texts, as Hugging Face's tokenizers write it: the model takes the column `text`, and for pairs
   * `text_pair`, in place of token ids. In a folder or zip it is found beside the model.
   */
  tokenizer?: ModelSource | undefined;
  inputs?: Record<string, ModelInputOptions> | undefined;
  /** Which signature of a SavedModel is the model; default: "serving_default". */
  signature?: string | undefined;
  /** The column that holds the truth in rows for `ML.EVALUATE` and its siblings, in a list as SQL has it; without it `label`. */
  inputLabelCols?: readonly string[] | undefined;
  /**
   * A query whose rows are kept with the model: what later rows are compared with and predictions explained against, as `ALTER MODEL …
   * SET BASELINE FROM (…)` has it. Where it fails, the model is there all the same.
   */
  baseline?: string | undefined;
  /** The files that the model keeps its weights in, by the paths that it gives them, with or without `./` in front. */
  externalData?: Record<string, ModelSource> | undefined;
  /** Whether the server is asked if a file that is kept from an earlier visit is still the same; default: true. */
  revalidate?: boolean | undefined;
  /** Adds `predicted_label` in front of the outputs, for classes with `predicted_label_probs`; labels imply classification. */
  task?: "classification" | "regression" | undefined;
  /** Whether the model is known to need the full engine: it is loaded beside the file, and `PredictOptions.engine` decides whether it may. */
  engine?: "full" | undefined;
  /** Turns the scores of an output into probabilities: of the only one that can be meant, or by its name. */
  softmax?: boolean | string | undefined;
  /** Lengths of free dimensions by the names that the file has for them: `{ sequence_length: 128 }`. */
  freeDimensions?: Record<string, number> | undefined;
  /** What becomes of rows whose inputs are NULL: an error, NULL outputs, or NaN for the model to deal with; default: what the model takes for missing, or an error. */
  nullHandling?: "error" | "null" | "nan" | undefined;
  /** What an input is where it is NULL: a value for all, or one for each by its name. */
  defaultOnNull?: number | string | boolean | Record<string, number | string | boolean> | undefined;
}

export interface QueryOptions extends CallOptions {
  /** Rows that are computed at a time: small for early results, large for speed. The engine has a good default. */
  batchSize?: number | undefined;
  /**
   * What becomes of a row that a picture or the model fails on: "fail" ends the query (default); "null" gives NULL in the
   * place of the picture or the prediction, as `SAFE.` does, and a warning of code "failed-row" that names the row.
   */
  onError?: "fail" | "null" | undefined;
  /** Which SQL the text is: default "tsql" where it holds `PREDICT(MODEL =`, else "bigquery". */
  dialect?: "bigquery" | "tsql" | undefined;
  /** Rows as objects (default) or as arrays in the order of the columns. */
  rowMode?: "object" | "array" | undefined;
  /** INT64 as `number` (default; a value beyond ±(2⁵³ - 1) is an error), `bigint` or `string`. */
  int64?: "number" | "bigint" | "string" | undefined;
}

/** How a text is read that an editor asks about. */
export interface TextOptions {
  /** As for `query`. */
  dialect?: "bigquery" | "tsql" | undefined;
}

export interface PrepareOptions extends CallOptions, TextOptions {}

export interface WarmupOptions extends CallOptions {
  /** How many rows a batch will have; default: 1. */
  batchSize?: number | undefined;
}

/** A place for the files of models that were downloaded, by their addresses: the Cache API's `Cache` is nearly one. */
export interface CacheLike {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
  delete?(url: string): Promise<boolean>;
  keys?(): Promise<string[]>;
}

/** A file of a model that is kept. */
export interface CachedModel {
  /** Where it is from. The host of what was made of a TensorFlow model is `predictql.invalid`. */
  url: string;
  bytes: number;
  /** In hexadecimal digits; empty of files beyond 256 MiB, and where the page's context has no cryptography. */
  sha256: string;
}

/** The files of models that were downloaded, or made of a TensorFlow model. */
export interface ModelCache {
  keys(): Promise<CachedModel[]>;
  /** Forgets a file. Models that were made of it stay. */
  delete(url: string): Promise<boolean>;
  clear(): Promise<void>;
  /** Asks the browser to keep what the page stores, also where space is short. */
  persist(): Promise<boolean>;
}

/** What happens inside, for a console or a collector of logs. */
export interface LogEvent {
  level: "debug" | "info" | "warn" | "error";
  message: string;
  data?: unknown;
}

export interface ExplainOptions extends CallOptions, TextOptions {
  /** Runs the query too, and says how many rows each operator gave and how long it took. */
  analyze?: boolean | undefined;
}

export interface PredictOptions {
  /**
   * The name under which the database is kept on the device: tables, models, views, functions and files are there again after
   * a reload, and in the site's other tabs, which see each other's changes. Default: it lives as long as its page.
   */
  name?: string | undefined;
  /**
   * Makes the worker that runs the package's `worker.js`, for frameworks that insist on their own way. "inline" or
   * `false` run the engine on the calling thread: for workers of your own, servers, and forms that answer at every key.
   */
  worker?: (() => Worker) | "inline" | false | undefined;
  /** Where `worker.js` is (in Node `worker-node.js`); default: beside this module. A worker of another origin is started through a blob. */
  workerUrl?: string | URL | undefined;
  /**
   * Which engine runs. "tables" is SQL and models on tables, a small download; "full" is all models.
   * Default "auto": "tables" at first, and "full" in its place with the same tables and models once something needs it.
   */
  engine?: "auto" | "tables" | "full" | undefined;
  /**
   * Where the WebAssembly is: a folder (it ends with a slash) that holds the files of the package's `wasm/`, or one file;
   * default: beside this module.
   */
  wasmUrl?: string | URL | undefined;
  /** The engine, already loaded: nothing is fetched to start. */
  wasmModule?: WebAssembly.Module | BufferSource | undefined;
  /**
   * Which requests for models and data may leave the page: "allow" (default), "same-origin", "deny", or a function
   * that decides. The engine's own files are not asked about.
   */
  network?: "allow" | "same-origin" | "deny" | ((url: URL) => boolean) | undefined;
  /** Used in place of the global `fetch` for models and data: for credentials, headers, or a cache of your own. */
  fetch?: typeof fetch | undefined;
  /**
   * Where the files of models are kept that come from addresses: "auto" in the browser's Cache API, where there is one
   * (default); "memory" for as long as the database lives; `false` nowhere. A copy is used where the server says by `ETag`
   * or `Last-Modified` that the file is the same, where `integrity` names its checksum, and where the server cannot be
   * reached.
   */
  cache?: "auto" | "memory" | false | CacheLike | undefined;
  /**
   * What decodes the JPEG files of object tables. "portable" (default) gives the same bits everywhere; "native" is the page's
   * browser, which is quicker and may differ by a few of 255. Where there is no browser, and for other formats, it is "portable".
   */
  decoder?: "portable" | "native" | undefined;
  /** Hears the progress of every call, the start of the engine included. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Hears what happens inside: engines that start, change and end, requests, statements with their times. */
  log?: ((event: LogEvent) => void) | undefined;
  /**
   * Bytes that one query may hold at once: rows that are sorted, joined and grouped, keys, collected values, results of
   * subqueries. Beyond them it ends with `limit-exceeded`, which names what would hold them, and everything else goes on.
   * Default, and at most: 2 GiB.
   */
  memoryLimit?: number | undefined;
  /**
   * How many threads compute in the full engine, which then share its memory. Default "auto": as many as the device has cores, at most
   * 8. In a page that is not isolated from other origins, on the calling thread, and without relaxed SIMD it is one.
   */
  threads?: number | "auto" | undefined;
  /** Whether statements and their stages are shown on a track of their own in the performance panel of the browser. */
  profile?: boolean | undefined;
}

/** Which engine runs, and why. */
export interface EngineInfo {
  version: string;
  engine: "tables" | "full";
  build: "threads" | "relaxed" | "simd" | "custom";
  why: string;
  /** How many threads may compute: all but one start with the first work that is worth it. */
  threads: number;
  /** Whether the page could have more than one. */
  crossOriginIsolated: boolean;
}

/** One request that was made for the engine, a model or data. */
export interface NetworkRequest {
  url: string;
  /** Bytes received so far, after decompression. */
  bytes: number;
  reason: "engine" | "model" | "data";
}

/** Bytes are of the engine's memory as a whole, of the ONNX files and of the tables; all zero before it starts. */
export interface EngineStats {
  wasmBytes: number;
  modelBytes: number;
  tableBytes: number;
  /** The files of models that are kept for the next visit. */
  cacheBytes: number;
  requests: NetworkRequest[];
}
