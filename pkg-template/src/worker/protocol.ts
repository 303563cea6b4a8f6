// What page and worker say to each other. The page asks one thing at a time and the worker answers it, so there are no
// numbers to match, the worker is back at its event loop after every turn, and a query goes on only while it is asked.
// A small query is one question and one answer: "run" does all of it in one turn.

import type {
  CheckResult,
  ColumnInfo,
  Completion,
  EngineFailure,
  ModelInfo,
  ModelSettings,
  ObjectEntry,
  ParamValues,
  ScriptOptions,
  StatementInfo,
  TableFormat,
  TableInfo,
  Turn,
  VersionSettings,
} from "../glue/predictql.js";
import type { RestRead, RestSource } from "./rest.js";

/** What "run" runs: a text, or a prepared statement with the number that the page gave it. */
export type Runnable =
  | {
      sql: string;
      dialect: ScriptOptions["dialect"] | undefined;
      /** How many of its statements the worker before this one has run. */
      skip: number;
    }
  | {
      statement: number;
      /** For a worker that was not asked to prepare it yet. */
      text: { sql: string; dialect: ScriptOptions["dialect"] | undefined } | undefined;
      /** Whether the page lacks the columns of the query before. */
      again: boolean;
    };

/** When a statement runs: milliseconds since 1970-01-01 UTC, and its luck, from 0 up to 1. At the same moment it gives the same again. */
export type Moment = readonly [now: number, luck: number];

/** What is known of a statement that has run before: when that was, and the log that it has read. */
export interface Before {
  moment: Moment;
  log: Uint8Array<ArrayBuffer> | undefined;
}

/** `script` is a number that "run" gave; `one` asks for a single batch of rows in place of all that come in one turn. */
export type Request =
  | {
      kind: "start";
      module: WebAssembly.Module;
      /** Where the functions are that the module lacks. */
      rest: RestSource | undefined;
      /** The lock to hold for as long as the worker lives, where there are locks. */
      lock?: string | undefined;
      /** Bytes that a query may hold. */
      memoryLimit?: number | undefined;
      /** How many threads may compute, where the module is for more than one. */
      threads: number;
    }
  | { kind: "catalog" }
  | { kind: "registerTable"; name: string; bytes: Uint8Array<ArrayBuffer>; format: TableFormat }
  | { kind: "registerObjects"; name: string; objects: ObjectEntry[] }
  | {
      kind: "registerStream";
      name: string;
      bytes: Uint8Array<ArrayBuffer>;
      format: TableFormat;
      isEndless: boolean;
      size: number;
    }
  | {
      kind: "registerModel";
      name: string;
      bytes: Uint8Array<ArrayBuffer>;
      settings: ModelSettings;
      files: Record<string, Uint8Array<ArrayBuffer>>;
      version: VersionSettings;
      /** What reads the tokenizer among the settings. */
      tokenizers: WebAssembly.Module | undefined;
    }
  /** `moved` is when: milliseconds since 1970-01-01 UTC. */
  | { kind: "setModelAlias"; name: string; alias: string; version: number; moved: number }
  | { kind: "dropTable"; name: string }
  | { kind: "dropModel"; name: string }
  /** The log behind the first `seen` statements that the worker has run. */
  | { kind: "jobs"; seen: number }
  /** The log of workers before. */
  | { kind: "restoreJobs"; rows: Uint8Array<ArrayBuffer> }
  | { kind: "check"; sql: string; dialect: ScriptOptions["dialect"] | undefined }
  | { kind: "complete"; sql: string; offset: number; dialect: ScriptOptions["dialect"] | undefined }
  | { kind: "prepare"; statement: number; sql: string; dialect: ScriptOptions["dialect"] | undefined }
  | { kind: "forget"; statement: number }
  | ({
      kind: "run";
      params: ParamValues;
      batchSize: number | undefined;
      onError: ScriptOptions["onError"] | undefined;
      one: boolean;
      /** Whether it was run before, by another worker: the log has none of it. */
      replay?: boolean;
      /** Of the only statement. */
      before?: Before | undefined;
    } & Runnable)
  | { kind: "next"; script: number; before?: Before | undefined }
  | { kind: "step"; script: number; one: boolean }
  | { kind: "supply"; script: number; resource: number; answer: Supply }
  | { kind: "free"; script: number }
  /** Needs no engine. The files are those of a model of TensorFlow's, by their paths. */
  | {
      kind: "convert";
      module: WebAssembly.Module;
      files: (readonly [path: string, bytes: Uint8Array<ArrayBuffer>])[];
      signature: string | undefined;
    };

/** What a worker is told that helps another one: it never answers. */
export interface Help {
  kind: "help";
  module: WebAssembly.Module;
  rest: RestSource | undefined;
  memory: WebAssembly.Memory;
}

/** What a resource turned out to be. */
export type Supply =
  /** With pixels where the page's browser has decoded what the engine does not. */
  | { bytes: Uint8Array<ArrayBuffer>; pixels?: Uint8Array<ArrayBuffer> | undefined }
  | { objects: ObjectEntry[] }
  | { decoder: WebAssembly.Module }
  | { tokenizers: WebAssembly.Module }
  | { refusal: string };

export interface Catalog {
  tables: TableInfo[];
  models: ModelInfo[];
  /** Bytes of the engine's memory. */
  wasmBytes: number;
}

/** How far "run" has come. */
export interface Opened {
  /** Where the script goes on; undefined when it has ended. */
  script: number | undefined;
  /** The statements of a text that goes on. */
  statements: StatementInfo[];
  /** The dialect that a text that goes on is read in. */
  dialect: ScriptOptions["dialect"];
  /** Whether loops or labels lead from one to another: it is not known which of them will run, and how often. */
  jumps: boolean;
  /** Whether the only statement is bound; else "next" asks for each. */
  isBound: boolean;
  /**
   * What the only statement did, if it gives rows. One that may change the catalog is bound and waits for "step": the
   * page has to know whether it was done.
   */
  turn: Turn | undefined;
  /** When that one runs. */
  moment: Moment | undefined;
  /** Milliseconds that this took. */
  spent: number;
}

/** The statement that comes next: in a loop the same one many times. */
export interface Following {
  info: StatementInfo;
  moment: Moment;
  hasRows: boolean;
}

/** What "prepare" found; no columns and parameters unless the text is one statement. */
export interface PreparedInfo {
  statements: StatementInfo[];
  columns: ColumnInfo[];
  params: ColumnInfo[];
}

interface Replies {
  /** Whether it is the full engine. */
  start: boolean;
  catalog: Catalog;
  registerTable: TableInfo;
  registerObjects: TableInfo;
  registerStream: TableInfo;
  registerModel: ModelInfo;
  dropTable: undefined;
  dropModel: undefined;
  setModelAlias: undefined;
  jobs: [seen: number, rows: Uint8Array<ArrayBuffer>];
  restoreJobs: undefined;
  check: CheckResult;
  complete: Completion[];
  prepare: PreparedInfo;
  forget: undefined;
  run: Opened;
  next: Following | undefined;
  step: Turn;
  supply: undefined;
  free: undefined;
  /** An ONNX file. */
  convert: Uint8Array<ArrayBuffer>;
}

export type Reply<R extends Request = Request> = Replies[R["kind"]];

/**
 * `failed` is the user's to mend; after `crashed`, and where the rest of the engine could not be had, the instance must not be
 * used again.
 */
export type Answer = ({ reply: Reply } | { failed: EngineFailure } | { crashed: string } | { restFailed: string }) & {
  /** What the worker has read of the engine itself. */
  rest?: RestRead;
  /** The lock that the worker holds from now on. */
  lock?: string;
  /** Whether what failed has left the memory much larger than what is in it. */
  isSwollen?: boolean;
};

/** What the page has of a worker, wherever that runs. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent<Answer>) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(request: Request, transfer: Transferable[]): void;
  terminate(): void;
}
