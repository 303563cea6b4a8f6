// What page and worker say to each other. The page asks one thing at a time and the worker answers it, so there are no
// numbers to match, the worker is back at its event loop after every step, and a query goes on only while it is asked.

import type {
  CheckResult,
  ColumnInfo,
  EngineFailure,
  ModelInfo,
  ModelSettings,
  ObjectEntry,
  ParamValues,
  ScriptOptions,
  StatementInfo,
  Step,
  TableFormat,
  TableInfo,
} from "../glue/predictql.js";

/** `script` is a number that "open" gave. */
export type Request =
  | { kind: "start"; module: WebAssembly.Module }
  | { kind: "catalog" }
  | { kind: "registerTable"; name: string; bytes: Uint8Array<ArrayBuffer>; format: TableFormat }
  | { kind: "registerObjects"; name: string; objects: ObjectEntry[] }
  | {
      kind: "registerModel";
      name: string;
      bytes: Uint8Array<ArrayBuffer>;
      settings: ModelSettings;
      files: Record<string, Uint8Array<ArrayBuffer>>;
    }
  | { kind: "dropTable"; name: string }
  | { kind: "dropModel"; name: string }
  | { kind: "check"; sql: string }
  | {
      kind: "open";
      sql: string;
      params: ParamValues;
      batchSize: number | undefined;
      dialect: ScriptOptions["dialect"] | undefined;
    }
  | { kind: "next"; script: number }
  | { kind: "step"; script: number }
  | { kind: "supply"; script: number; resource: number; answer: Supply }
  | { kind: "free"; script: number };

/** What a resource turned out to be. */
export type Supply = { bytes: Uint8Array<ArrayBuffer> } | { objects: ObjectEntry[] } | { refusal: string };

export interface Catalog {
  tables: TableInfo[];
  models: ModelInfo[];
  /** Bytes of the engine's memory. */
  wasmBytes: number;
}

interface Replies {
  start: undefined;
  catalog: Catalog;
  registerTable: TableInfo;
  registerObjects: TableInfo;
  registerModel: ModelInfo;
  dropTable: undefined;
  dropModel: undefined;
  check: CheckResult;
  open: { script: number; statements: StatementInfo[] };
  /** Undefined after the last statement. */
  next: { columns: ColumnInfo[] | undefined } | undefined;
  /** Progress, a piece or a need, or progress and what it led to. */
  step: Step[];
  supply: undefined;
  free: undefined;
}

export type Reply<R extends Request = Request> = Replies[R["kind"]];

/** `failed` is the user's to mend; after `crashed` the instance must not be used again. */
export type Answer = { reply: Reply } | { failed: EngineFailure } | { crashed: string };
