// Runs one statement of an open script: asks for step after step, and brings what the engine needs in between.

import { abortable, type Connection, Failed } from "./connection.js";
import { decode } from "./decode.js";
import { toUtf8 } from "./encoding.js";
import { fromFailure, PredictError } from "./errors.js";
import type { Files } from "./files.js";
import type { Resource, Step } from "./glue/predictql.js";
import type { Report } from "./progress.js";
import type { Supply } from "./worker/protocol.js";

/** What a running statement yields: the pieces of its result. */
export type Piece = Extract<Step, { kind: "schema" | "batch" | "done" }>;

export interface StatementContext {
  sql: string;
  signal: AbortSignal | undefined;
  report: Report;
  files: Files;
  /** Files of models and tables by the name that SQL has for them: those at hand, and in the end also those that were read. */
  kept: Map<string, Blob>;
}

export async function* runStatement(
  connection: Connection,
  script: number,
  context: StatementContext,
): AsyncGenerator<Piece, void> {
  const { signal, report } = context;
  const query = await abortable(connection.call({ kind: "next", script }, signal), signal);
  let refusal: PredictError | undefined;
  for (;;) {
    let steps: Step[];
    try {
      const stepping = connection.call({ kind: "step", script }, signal);
      // Rows can be given up at any moment. What changes the catalog is done or not done: its answer must be known.
      steps = await (query?.columns ? abortable(stepping, signal) : stepping);
    } catch (error) {
      // The engine knows the place of what was refused, the refusal knows the reason.
      throw error instanceof Failed && refusal ? fromFailure(error.failure, context.sql, refusal) : error;
    }
    for (const step of steps) {
      switch (step.kind) {
        case "need":
          refusal = await supplyAll(connection, script, step.resources, context);
          break;
        case "progress":
          report(step.progress);
          break;
        case "done":
          yield step;
          return;
        default:
          yield step;
      }
    }
  }
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
  { signal, report, files, kept }: StatementContext,
): Promise<{ answer: Supply; refusal?: PredictError }> {
  try {
    if (resource.kind === "objects") return { answer: { objects: await files.list(resource.uris, signal) } };
    const { uri, kind } = resource;
    const blob = kept.get(uri) ?? (await files.read(uri, kind === "model" ? "model" : "data", { signal, report }));
    if (kind !== "object") kept.set(uri, blob);
    return { answer: { bytes: await bytesOf(blob, resource) } };
  } catch (error) {
    if (!(error instanceof PredictError)) throw error;
    return { answer: { refusal: error.message }, refusal: error };
  }
}

/** What the engine reads: JSON and Parquet come to it as Arrow, Arrow without compression, text in encodings it knows. */
async function bytesOf(blob: Blob, resource: Exclude<Resource, { kind: "objects" }>): Promise<Uint8Array<ArrayBuffer>> {
  if (resource.kind === "table" && resource.format !== "csv") {
    return (await decode(blob, resource.format, resource.uri)) as Uint8Array<ArrayBuffer>;
  }
  const encoding = resource.kind === "table" ? resource.encoding : undefined;
  const text = encoding === undefined ? blob : await toUtf8(blob, encoding, resource.uri);
  return new Uint8Array(await text.arrayBuffer());
}
