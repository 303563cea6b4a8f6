// The one error class of the package, and the few ways to make one.

import type { PackageErrorCode } from "./error-codes.js";
import { frame } from "./frame.js";
import type { Diagnostic, EngineFailure } from "./glue/predictql.js";

/**
 * What a `PredictError` is made of.
 * @internal
 */
export interface ErrorParts {
  /** At least one; the first one gives the error its message, code and position. */
  diagnostics: Diagnostic[];
  /** The SQL text that the diagnostics point into, where they do. */
  sql?: string | undefined;
  detail?: string | undefined;
  cause?: unknown;
}

/**
 * Every failure, save an abort, which rejects with the signal's own reason.
 *
 * @example
 * try {
 *   await db.query("SELECT * FROM ML.PREDICT(MODEL irsi, TABLE flowers)");
 * } catch (error) {
 *   if (!(error instanceof PredictError)) throw error;
 *   pre.textContent = [error.message, error.frame, error.hint].filter(Boolean).join("\n");
 * }
 */
export class PredictError extends Error {
  override readonly name = "PredictError";
  /** Stable: programs may match on it. */
  readonly code: string;
  /** Everything that was found; `from` and `to` fit the markers of CodeMirror and Monaco. */
  readonly diagnostics: Diagnostic[];
  /** The SQL text, where the error is about a place in one. */
  readonly sql: string | undefined;
  /** Where in `sql` it is, in UTF-16 units. */
  readonly position: number | undefined;
  /** What to do about it. */
  readonly hint: string | undefined;
  /** What lies behind: the words of the decoder, the model runtime or the browser. */
  readonly detail: string | undefined;

  /** @internal */
  constructor({ diagnostics, sql, detail, cause }: ErrorParts) {
    const [first] = diagnostics;
    super(first?.message, cause === undefined ? undefined : { cause });
    this.code = first?.code ?? "unknown";
    this.diagnostics = diagnostics;
    this.sql = sql;
    this.position = sql === undefined ? undefined : first?.from;
    this.hint = first?.hint;
    this.detail = detail;
  }

  /** What its code means, with an example: a section of a page that the package brings. */
  get docs(): string {
    return `predictql/docs/errors.md#${this.code}`;
  }

  /** The lines of the SQL text around the error, numbered, with carets under it: ready to print below the message. */
  get frame(): string | undefined {
    const [first] = this.diagnostics;
    return this.sql === undefined || !first ? undefined : frame(this.sql, first);
  }
}

/**
 * An error of the package itself: about a source, the network or the engine, never about a place in SQL.
 * @internal
 */
export function problem(
  code: PackageErrorCode,
  message: string,
  more: { hint?: string; detail?: string; cause?: unknown } = {},
): PredictError {
  const { hint, ...rest } = more;
  const diagnostic: Diagnostic = { severity: "error", code, message, from: 0, to: 0, line: 1, column: 1 };
  return new PredictError({ diagnostics: [hint === undefined ? diagnostic : { ...diagnostic, hint }], ...rest });
}

const ownCodes =
  /^(network-denied|not-written|invalid-option|checksum-mismatch|external-data-missing|unsupported-operator|.*-model(-type)?)$/;

/**
 * What the engine threw. Where the host refused it a resource, the engine knows the place and the host the reason:
 * `refusal` lends its hint.
 * @internal
 */
export function fromFailure(failure: EngineFailure, sql?: string, refusal?: PredictError): PredictError {
  const [first, ...others] = failure.diagnostics;
  const hint = first?.hint ?? refusal?.hint;
  // What the option `network` forbids, and what is wrong with a model's files, has one code, whoever asked for it.
  const code = refusal && ownCodes.test(refusal.code) ? refusal.code : first?.code;
  const told = first && code !== undefined && { ...first, code, ...(hint === undefined ? {} : { hint }) };
  return new PredictError({
    diagnostics: told ? [told, ...others] : failure.diagnostics,
    sql: failure.located ? sql : undefined,
    detail: failure.detail ?? refusal?.detail,
    cause: refusal,
  });
}

/**
 * A part of the package that is loaded when it is needed is not there.
 * @internal
 */
export function notLoaded(what: string, file: string, error: unknown): never {
  throw problem("network-failed", `the reader of ${what} cannot be loaded`, {
    hint: `publish \`${file}\` of the package beside its \`index.js\``,
    detail: wordsOf(error),
    cause: error,
  });
}

/**
 * Tells of an error that was thrown where no call waits for it: in a function that only listens.
 * @internal
 */
export function tell(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}

/**
 * The words of whatever was thrown.
 * @internal
 */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
