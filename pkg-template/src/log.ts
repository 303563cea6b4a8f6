// What happens inside, told to who listens, and drawn where the browser draws time.

import { tell } from "./errors.js";
import type { Timings } from "./glue/predictql.js";
import type { LogEvent, PredictOptions } from "./interface.js";

export class Log {
  readonly #listener: PredictOptions["log"];
  readonly #isProfiled: boolean;

  constructor({ log, profile = false }: PredictOptions) {
    this.#listener = log;
    this.#isProfiled = profile;
  }

  say(level: LogEvent["level"], message: string, data?: unknown): void {
    try {
      this.#listener?.(data === undefined ? { level, message } : { level, message, data });
    } catch (error) {
      tell(error);
    }
  }

  /** A statement that has ended just now, and where its time went. */
  statement(sql: string, timings: Timings): void {
    this.say("debug", "a statement was run", { sql, timings });
    if (!this.#isProfiled) return;
    const end = performance.now();
    const label = sql.replace(/\s+/g, " ").slice(0, 100);
    measure(label, "Statements", end - timings.total, end, { sql });
    let at = end - timings.total;
    for (const stage of ["queue", "parse", "bind", "decode", "preprocess", "infer", "project"] as const) {
      if (timings[stage] > 0) measure(stage, "Stages", at, at + timings[stage]);
      at += timings[stage];
    }
  }
}

/** An entry of a track in Chrome's performance panel; elsewhere a measure like others. */
function measure(
  name: string,
  track: string,
  start: number,
  end: number,
  properties: Record<string, string> = {},
): void {
  const devtools = { dataType: "track-entry", trackGroup: "PredictQL", track, properties: Object.entries(properties) };
  performance.measure(name, { start: Math.max(0, start), end, detail: { devtools } });
}
