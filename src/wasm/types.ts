// What crosses the border between the engine and its host. The package re-exports the shapes that its users see.
// Positions (`from`, `to`, `position`) are UTF-16 code units of the SQL text; lines and columns count from 1.

/** One finding about a SQL text, a model or data. `code` is stable: programs may match on it. */
export interface Diagnostic {
  severity: "error" | "warning" | "info";
  code: string;
  message: string;
  from: number;
  to: number;
  line: number;
  column: number;
  hint?: string;
  /** A replacement that mends the text. */
  fix?: { from: number; to: number; insert: string };
}

/** What the engine throws: at least one diagnostic. `located` is false where no place in a SQL text is meant. */
export interface EngineFailure {
  failure: "predictql";
  located: boolean;
  diagnostics: Diagnostic[];
  /** What lies behind the error, for people who look deeper: the decoder's or the model runtime's own words. */
  detail?: string;
}

/** A statement of a script: its place in the text, and the keywords that name it, in capitals. */
export interface StatementInfo {
  from: number;
  to: number;
  verb: string;
}

/** `type` uses Observable's words; `databaseType` is the SQL type. */
export interface ColumnInfo {
  name: string;
  type: "string" | "number" | "integer" | "bigint" | "boolean" | "date" | "array" | "object" | "buffer" | "other";
  databaseType: string;
  nullable: boolean;
  /** For a model's inputs and outputs: the tensor's dimensions; text where a dimension is free. */
  shape?: (number | string)[];
}

export interface TableInfo {
  name: string;
  /** Of a stream rows come while a query runs: of a file that is read in pieces, or over time. */
  kind: "table" | "view" | "images" | "stream";
  columns: ColumnInfo[];
  /** `null` for a view, which has to be run to know. */
  rows: number | null;
  bytes: number;
  /** What was decided or left out when its file was read, in words. */
  notes: string[];
}

/** A version of a model. */
export interface ModelInfo {
  name: string;
  version: number;
  /** The names that the version has beside its number. */
  aliases: string[];
  /** Whether it is meant where no version is named. */
  default: boolean;
  status: "ready";
  /** Where the file comes from: an address, or `MODEL_PATH`. */
  source?: string;
  /** The checksum of the file, in hexadecimal digits. */
  sha256: string;
  inputs: ColumnInfo[];
  outputs: ColumnInfo[];
  /** The names of its classes, in the order of its scores: those of its file, or of the option `labels`. */
  labels?: string[];
  format: "ONNX" | "TENSORFLOW" | "TENSORFLOW_LITE" | "XGBOOST" | "LIGHTGBM";
  /** Bytes of the file, and of those beside it that hold its weights. */
  bytes: number;
  /** Operator set versions by domain; the default domain is "ai.onnx". */
  opset: Record<string, number>;
  /** How many nodes there are of each operator; those outside "ai.onnx" have their domain in front. */
  operators: Record<string, number>;
  /** Always empty: a file with an operator that is missing is refused, by an error that names it. */
  unsupportedOps: string[];
  /** `producer_name`, `doc_string` and the file's own `metadata_props`. */
  metadata: Record<string, string>;
  /** Milliseconds that loading took. */
  loadTime: number;
  /** Why the latest of the predictions that failed did. */
  lastError?: string;
}

/** What is said of a version of a model when it is made. */
export interface VersionSettings {
  /** Whether the versions that are there stay. */
  keep: boolean;
  version?: number;
  alias?: string | readonly string[];
  source?: string;
  /** When it was made, in milliseconds since 1970-01-01 UTC, where that is not now. */
  created?: number;
  /** The checksum of the file, in hexadecimal digits, where the host knows it: it is not computed again. */
  sha256?: string;
}

/** Options of a model, by their names in SQL: see `CREATE MODEL`. An object has a value for each input. */
export interface ModelSettings {
  model_type?: "ONNX" | "TENSORFLOW" | "TENSORFLOW_LITE" | "XGBOOST" | "LIGHTGBM";
  input_columns?: readonly string[] | Record<string, readonly string[]>;
  input_label_cols?: readonly string[];
  /** The content of a `tokenizer.json`. */
  tokenizer?: Uint8Array;
  /** In the order of the scores; bytes are those of a file with a label on each line, or of a JSON list. */
  labels?: readonly string[] | readonly number[] | Uint8Array;
  task?: "classification" | "regression";
  image_mean?: number | readonly number[];
  image_std?: number | readonly number[];
  image_layout?: "NHWC" | "NCHW" | "as-is";
  batch_axis?: number | Record<string, number>;
  free_dimensions?: Record<string, number>;
  default_on_null?: ParamValue | Record<string, ParamValue>;
  null_handling?: "error" | "null" | "nan";
  softmax?: boolean | string;
  /** 64 hexadecimal digits. */
  sha256?: string;
}

export interface Progress {
  stage: "engine" | "download" | "verify" | "compile" | "decode" | "preprocess" | "infer";
  label: string;
  loaded: number;
  total: number | null;
  unit: "bytes" | "rows";
  ratio: number | null;
  cached: boolean;
  /** Of a query over files that are read in pieces, whose `unit` is bytes: the rows so far, and how many a second. */
  rows?: number;
  rowsPerSecond?: number;
}

/** Milliseconds. `decode`, `preprocess`, `infer` are the model's share, `project` is the rest of the SQL. */
export interface Timings {
  total: number;
  parse: number;
  bind: number;
  decode: number;
  preprocess: number;
  infer: number;
  project: number;
  queue: number;
}

export interface CheckResult {
  diagnostics: Diagnostic[];
  /** The result's columns where the text is a single query that binds. */
  columns: ColumnInfo[];
  /** Its parameters, of the types that the text makes of them: `?` by their numbers from 1, `@name` by their names. */
  params: ColumnInfo[];
}

/** A word that may stand at a place. It replaces what was begun of it there, back to a dot, a blank or a quote. */
export interface Completion {
  label: string;
  type: "keyword" | "function" | "table" | "model" | "column" | "version" | "alias";
  /** In a few words: the type of a column, how a function is called. */
  detail?: string;
  /** In a sentence. */
  info?: string;
  /** What to write, where that is not the label. */
  apply?: string;
}

/** How the bytes of a table are read. Unknown fields are errors; all but the first are for CSV, with their names in SQL. */
export interface TableFormat {
  format: "csv" | "arrow";
  /** SQL types in place of inference: by column name, or in the order of the columns where nothing names them. */
  schema?: Record<string, string>;
  header?: boolean;
  skip_leading_rows?: number;
  field_delimiter?: string;
  quote?: string;
  escape?: string;
  comment?: string;
  allow_quoted_newlines?: boolean;
  allow_jagged_rows?: boolean;
  ignore_unknown_values?: boolean;
  max_bad_records?: number;
  preserve_ascii_control_characters?: boolean;
  /** UTF-8, UTF-16, UTF-32, ISO-8859-1 or Windows-1252; text in others has to come in UTF-8, under their names. */
  encoding?: string;
  decimal?: "." | ",";
  date_format?: string;
  timestamp_format?: string;
  null_markers?: readonly string[];
}

/** One row of an object table; the bytes come later, when a query asks for them. */
export interface ObjectEntry {
  uri: string;
  size: number;
  contentType: string;
  /** Milliseconds since 1970-01-01 UTC. */
  updated: number;
  /** The MD5 hash in base64, where it is known without the bytes. */
  md5Hash?: string | undefined;
  /** Whether a server has the bytes: they are not fetched for a hash that no query names. */
  isRemote?: boolean | undefined;
  /** A source of pictures that come one after the other, asked for as `uri#1`, `uri#2`; no bytes are the end. */
  isLive?: boolean | undefined;
}

/** Bytes, or a listing, that a query waits for. Answer each with `supply`, `supplyObjects` or `refuse`. */
export type Resource =
  | { id: number; kind: "model"; uri: string }
  /** The bytes of a file. Those that follow will be wanted soon: they may be read while the engine computes. */
  | { id: number; kind: "object"; uri: string; following?: string[] }
  /** The ONNX file that a converter makes of a model of TensorFlow's: of one file, or of all that the pattern matches. */
  | { id: number; kind: "converted"; uri: string; signature?: string }
  /** What decodes pictures: answer with no bytes once `predictqlPictures` of the global scope has it. */
  | { id: number; kind: "decoder" }
  /** What reads tokenizers: answer with no bytes once `predictqlTokenizers` of the global scope has it. */
  | { id: number; kind: "tokenizers" }
  /** List what the patterns match: at most one `*` each. */
  | { id: number; kind: "objects"; uris: string[] }
  /**
   * The rows of a file of an external table: the bytes of CSV and Arrow files, Arrow IPC for the others. A CSV with an
   * encoding is wanted in UTF-8.
   */
  | { id: number; kind: "table"; uri: string; format: "csv" | "arrow" | "json" | "parquet"; encoding?: string }
  /** The next rows of a stream for one of its readers: at least these columns, about so many rows. No bytes are the end. */
  | { id: number; kind: "rows"; table: string; reader: number; columns: string[]; most: number }
  | ExportPiece;

/**
 * The next bytes of a file that EXPORT DATA writes. Answer with no bytes once they are taken; a file is there when its last
 * piece is. For Parquet the bytes are an Arrow IPC stream of some rows.
 */
export interface ExportPiece {
  id: number;
  kind: "export";
  uri: string;
  format: "csv" | "arrow" | "json" | "parquet";
  gzip: boolean;
  /** Whether the file takes the place of one that is there. */
  overwrite: boolean;
  first: boolean;
  last: boolean;
  bytes: Uint8Array;
}

/** How the text of a script is read and run. */
export interface ScriptOptions {
  /** Rows that are computed at a time. */
  batchSize?: number;
  /** Default: T-SQL where the text holds `PREDICT(MODEL =`, else BigQuery's GoogleSQL. */
  dialect?: "bigquery" | "tsql";
  /** What a row does that a picture or the model fails on: default "fail". */
  onError?: "fail" | "null";
  /** Whether the log has none of it: it was run before. */
  replay?: boolean;
}

/**
 * What a query did in one turn. It has parts by place in the stead of names, since that is what crosses the border
 * fastest. Arrow IPC comes in pieces: a stream is the `schema` of the first turn, then the `rows` of all turns. `schema`
 * and the `rows` of one turn are a stream too, but for the end marker. A statement without rows (CREATE MODEL …) has
 * neither. `columns` is null where they and the `schema` are those of the prepared statement's query before.
 */
export type Turn = [
  columns: ColumnInfo[] | null | undefined,
  schema: Uint8Array | undefined,
  rows: Uint8Array | undefined,
  progress: News | undefined,
  need: Resource[] | undefined,
  done: Done | undefined,
];

/**
 * How far a query is: what it does with its rows (0 read, 1 prepare the model, 2 decode, 3 resize, 4 predict), how many it
 * has done, and how many there are in all, NaN where that is not known.
 */
export type News = Float64Array;

/**
 * The end of a query. `timings` are those of `Timings` from `total` to `project`; the `message` says what it did; `log` are
 * the rows of INFORMATION_SCHEMA.JOBS that a statement without rows has read, to run it again.
 */
export type Done = [
  timings: Float64Array,
  warnings: Diagnostic[] | undefined,
  catalogChanged: boolean,
  message: string | undefined,
  log: Uint8Array | undefined,
];

/** A value for `?` or `@name`. Whole numbers are INT64, other numbers FLOAT64, dates TIMESTAMP, bytes BYTES, objects STRUCT. */
export type ParamValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | Float64Array
  | Float32Array
  | Int32Array
  | BigInt64Array
  | readonly ParamValue[]
  | { readonly [field: string]: ParamValue };
/** Numbers alone may come as one array: one call of the engine reads them all. */
export type ParamValues = readonly ParamValue[] | Record<string, ParamValue> | Float64Array;
