// The queries that were run, on this device only.

import { recall, remember } from "./memory.js";

const most = 100;

function all(): string[] {
  try {
    const kept: unknown = JSON.parse(recall("history") ?? "[]");
    return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
  } catch {
    return [];
  }
}

let place = -1;

/** The newest comes first; one that was run before moves there. */
export function note(sql: string): void {
  place = -1;
  const kept = [sql, ...all().filter((other) => other !== sql)].slice(0, most);
  remember("history", JSON.stringify(kept));
}

/** The query that was run before the one that is shown, or after it. */
export function step(direction: -1 | 1, current: string): string | undefined {
  const kept = all();
  if (kept[place] !== current) place = kept.indexOf(current);
  const next = place - direction;
  if (next < 0 || next >= kept.length) return undefined;
  place = next;
  return kept[next];
}

export { all as pastQueries };
