// Runs one statement of an open script: asks for turn after turn, and brings what the engine needs in between.

import { abortable, type Connection, Failed } from "./connection.js";
import { onnxIn } from "./conversion.js";
import { browsersReadToo, headOf, onlyBrowsersRead } from "./drawn.js";
import { toUtf8 } from "./encoding.js";
import type { Engine } from "./engine.js";
import { fromFailure, PredictError } from "./errors.js";
import type { Exports } from "./exports.js";
import type { Files } from "./files.js";
import type {
  ColumnInfo,
  Diagnostic,
  Done,
  ExportPiece,
  Resource,
  StatementInfo,
  Timings,
  Turn,
} from "./glue/predictql.js";
import { logPrefix } from "./journal.js";
import { exporting, known, picturing, streaming } from "./parts.js";
import { platform } from "./platform.js";
import { progressOf, type Report } from "./progress.js";
import type { Lock } from "./saved.js";
import { arrowOf } from "./sources.js";
import type { Readers } from "./streams.js";
import type { Before, Moment, Opened, Supply } from "./worker/protocol.js";

/** What a running statement yields: the pieces of its result. */
export type Piece =
  | { kind: "schema"; columns: ColumnInfo[]; ipc: Uint8Array }
  | { kind: "batch"; ipc: Uint8Array }
  | End;

interface End {
  kind: "done";
  timings: Timings;
  warnings: Diagnostic[];
  /** What a statement did, in words: "Successfully created model named iris". */
  message: string | undefined;
  catalogChanged: boolean;
}

/** Where a statement stands: what its first turn gave, if it has had one. */
interface Begun {
  /** Its number among those that share what is kept. */
  number: number;
  moment: Moment | undefined;
  /** The script that it is of; undefined where it has ended. */
  script: number | undefined;
  turn: Turn | undefined;
  /** Whether it gives rows: it can be given up at any moment then. */
  hasRows: boolean;
}

export interface StatementContext {
  sql: string;
  signal: AbortSignal | undefined;
  report: Report;
  files: Files;
  engine: Engine;
  /** Whether rows are wanted batch by batch. */
  one: boolean;
  /** Files of models and tables by the name that SQL has for them: those at hand, and in the end also those that were read. */
  kept: Map<string, Blob>;
  /** When the statements that share it have run. */
  moments: Moment[];
  /** Whether it was run before: its files are written. */
  replay?: boolean;
  /** What keeps other tabs from changing the database. */
  lock?: Lock | undefined;
  /** What writes the files of this statement. */
  exports?: Exports;
  /** What reads its streams. */
  readers?: Readers;
  /** Files of object tables that are read while the engine computes, by their names. */
  ahead?: Map<string, Promise<Supply>>;
  /** Whether it is run again with those around it or not at all. */
  together?: boolean;
  /** The name of the database, where it has one. */
  database?: string | undefined;
}

async function* runStatement(
  connection: Connection,
  { number, moment, script, turn: first, hasRows }: Begun,
  context: StatementContext,
): AsyncGenerator<Piece, void> {
  const { signal, report, one, kept, moments } = context;
  context.together ||= !hasRows;
  let refusal: PredictError | undefined;
  const next = async (script: number): Promise<Turn> => {
    try {
      const stepping = connection.call({ kind: "step", script, one }, signal);
      // Rows can be given up at any moment. What changes the catalog is done or not done: its answer must be known.
      return await (hasRows ? abortable(stepping, signal) : stepping);
    } catch (error) {
      // The engine knows the place of what was refused, the refusal knows the reason.
      throw error instanceof Failed && refusal ? fromFailure(error.failure, context.sql, refusal) : error;
    }
  };
  try {
    for (let turn = first; ; turn = undefined) {
      const [columns, schema, rows, progress, need, done] = turn ?? (await next(script as number));
      if (columns && schema) yield { kind: "schema", columns, ipc: schema };
      if (progress) {
        const news = progressOf(progress);
        report(context.readers?.told(news) ?? news);
      }
      if (rows) yield { kind: "batch", ipc: rows };
      if (need) refusal = await supplyAll(connection, script as number, need, context);
      if (!done) continue;
      if (moment) moments[number] = moment;
      const log = done[4];
      if (log) kept.set(logOf(number), new Blob([log as Uint8Array<ArrayBuffer>]));
      yield endOf(done);
      return;
    }
  } finally {
    context.readers?.close();
    await context.exports?.abandon();
  }
}

/** A statement of a text, while it runs. */
interface Running {
  /** None where the first turn was all. */
  info: StatementInfo | undefined;
  kept: Map<string, Blob>;
  moments: Moment[];
  /** Have to be read to their end before the next statement can begin. */
  pieces: AsyncGenerator<Piece, void>;
}

/** Under which what a statement has read of the log is kept. */
const logOf = (number: number) => logPrefix + number;

/** What is kept of a statement that has run before, if it has. */
export async function before({ moments, kept }: KeptOfStatements, number: number): Promise<Before | undefined> {
  const moment = moments[number];
  const log = kept.get(logOf(number));
  return moment && { moment, log: log && new Uint8Array(await log.arrayBuffer()) };
}

type KeptOfStatements = Pick<StatementContext, "kept" | "moments">;

/**
 * The statements of a text, one after the other. Those that have run before run as they did then, and where they are run for
 * nothing else, the text ends behind them.
 */
export async function* statementsOf(
  connection: Connection,
  { script, turn, statements, isBound, moment }: Opened,
  contextOf: () => StatementContext,
): AsyncGenerator<Running, void> {
  const running = (info: StatementInfo | undefined, context: StatementContext, begun: Begun): Running => {
    const { kept, moments } = context;
    return { info, kept, moments, pieces: runStatement(connection, begun, context) };
  };
  if (isBound || script === undefined) {
    yield running(statements[0], contextOf(), { number: 0, moment, script, turn, hasRows: turn !== undefined });
    return;
  }
  const { replay, moments } = contextOf();
  const most = replay && moments.length;
  for (let count = 0; !most || count < most; count++) {
    const context = contextOf();
    const { signal, together } = context;
    const number = together ? count : 0;
    const next = { kind: "next", script, before: await before(context, number) } as const;
    const following = await abortable(connection.call(next, signal), signal);
    if (!following) return;
    const { info, moment, hasRows } = following;
    yield running(info, context, { number, moment, script, turn: undefined, hasRows });
  }
}

/** The end of a statement. `waited` are the milliseconds that it was not worked on. */
export function endOf([milliseconds, warnings = [], catalogChanged, message]: Done, waited = 0): End {
  const [total = 0, parse = 0, bind = 0, decode = 0, preprocess = 0, infer = 0, project = 0] = milliseconds;
  const timings = { total: total + waited, parse, bind, decode, preprocess, infer, project, queue: waited };
  return { kind: "done", timings, warnings, catalogChanged, message };
}

/** The end of a statement that had to wait too. */
export function queued(end: End, waited: number): End {
  const { total, queue } = end.timings;
  return { ...end, timings: { ...end.timings, queue: queue + waited, total: total + waited } };
}

/** Brings everything at once. Answers the first refusal. */
async function supplyAll(
  connection: Connection,
  script: number,
  resources: readonly Resource[],
  context: StatementContext,
): Promise<PredictError | undefined> {
  const { signal } = context;
  const refusals = await Promise.all(
    resources.map(async (resource) => {
      const { answer, refusal } = await find(resource, context);
      await abortable(connection.call({ kind: "supply", script, resource: resource.id, answer }, signal), signal);
      return refusal;
    }),
  );
  return refusals.find((refusal) => refusal !== undefined);
}

async function find(
  resource: Resource,
  context: StatementContext,
): Promise<{ answer: Supply; refusal?: PredictError }> {
  const { signal, report, files, kept, engine } = context;
  try {
    if (resource.kind === "decoder") return { answer: { decoder: await engine.module("pictures", report) } };
    if (resource.kind === "tokenizers") return { answer: { tokenizers: await engine.module("tokens", report) } };
    if (resource.kind === "converted") return { answer: { bytes: await convertedBytes(resource, context) } };
    if (resource.kind === "objects") return { answer: { objects: await files.list(resource.uris, signal) } };
    if (resource.kind === "rows") {
      return { answer: { bytes: await known(async () => (await streaming()).nextRows(resource, context)) } };
    }
    if (resource.kind === "export") {
      if (!context.replay) await known(() => write(resource, context));
      return { answer: { bytes: new Uint8Array() } };
    }
    if (resource.kind === "object") return { answer: await objectOf(resource, context) };
    const { uri, kind } = resource;
    const blob = kept.get(uri) ?? (await files.read(uri, kind === "model" ? "model" : "data", { signal, report }));
    kept.set(uri, blob);
    return { answer: { bytes: await bytesOf(blob, resource, signal) } };
  } catch (error) {
    if (!(error instanceof PredictError)) throw error;
    return { answer: { refusal: error.message }, refusal: error };
  }
}

/** A file of an object table. Those that follow are read, and decoded where that is the page's part, while the engine computes. */
async function objectOf({ uri, following }: ObjectResource, context: StatementContext): Promise<Supply> {
  const { files, kept, signal, report } = context;
  const read = async (uri: string): Promise<Supply> => {
    const blob = kept.get(uri) ?? (await files.read(uri, "data", { signal, report }));
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return { bytes, pixels: await pixelsOf(bytes, files.decoder) };
  };
  context.ahead ??= new Map();
  const { ahead } = context;
  const coming = ahead.get(uri) ?? read(uri);
  ahead.delete(uri);
  const answer = await coming;
  for (const next of following ?? []) {
    const reading = read(next);
    // A failure is for whoever asks for the file.
    reading.catch(() => {});
    ahead.set(next, reading);
  }
  return answer;
}

type ObjectResource = Extract<Resource, { kind: "object" }>;

/** Takes a piece of a file. */
async function write(piece: ExportPiece, context: StatementContext): Promise<void> {
  const { files, engine, lock } = context;
  context.exports ??= new (await exporting()).Exports(files, engine, platform.createFile);
  await context.exports.take(piece, lock);
}

/** The pixels of a picture that the page's browser is to decode, if it does. */
async function pixelsOf(bytes: Uint8Array, decoder: Files["decoder"]): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (typeof createImageBitmap !== "function") return undefined;
  const head = headOf(bytes);
  if (!onlyBrowsersRead.test(head) && !(decoder === "native" && browsersReadToo.test(head))) return undefined;
  return known(async () => (await picturing()).decodedByBrowser(bytes));
}

/** The ONNX file of a model of TensorFlow's. It is kept, so that it is made once. */
async function convertedBytes(
  { uri, signature }: Extract<Resource, { kind: "converted" }>,
  { signal, report, files, kept, engine }: StatementContext,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = `${uri} as ONNX`;
  const made = async () => {
    const found = await files.model(uri, kept, { signal, report });
    const onnx = found instanceof Blob ? undefined : onnxIn(found).model;
    return onnx ?? engine.convert(found instanceof Blob ? [[uri, found]] : found, signature, { signal, report });
  };
  const blob = kept.get(key) ?? (await made());
  kept.set(key, blob);
  return new Uint8Array(await blob.arrayBuffer());
}

/** What the engine reads: JSON and Parquet come to it as Arrow, Arrow without compression, text in encodings it knows. */
async function bytesOf(
  blob: Blob,
  resource: Exclude<Extract<Resource, { uri: string }>, ExportPiece | ObjectResource>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (resource.kind === "table" && resource.format !== "csv") {
    return (await arrowOf(blob, resource.format, resource.uri, {}, signal)) as Uint8Array<ArrayBuffer>;
  }
  const encoding = resource.kind === "table" ? resource.encoding : undefined;
  const text = encoding === undefined ? blob : await toUtf8(blob, encoding, resource.uri);
  return new Uint8Array(await text.arrayBuffer());
}
