// Named time zones for the engine, which has no database of its own: Intl knows their rules.

/** Far enough apart to be few, and near enough that no change of an offset is taken back between two of them. */
const STEP = 4 * 86_400;
/** 0001-01-01: before it, years have an era. */
const FIRST = -62_135_596_800;

/**
 * The offsets of a zone between two seconds of UTC, both counted from 1970-01-01: the second from which on one holds, its
 * seconds east of UTC, and so on. The first holds at `from`. Undefined where there is no such zone.
 */
export function zoneOffsets(name: string, from: number, until: number): Float64Array | undefined {
  const offsetAt = offsets(name);
  if (offsetAt === undefined) return undefined;
  let current = offsetAt(from);
  const found = [from, current];
  for (let low = from; low < until; low += STEP) {
    const high = Math.min(low + STEP, until);
    let start = low;
    while (offsetAt(high) !== current) {
      let end = high;
      while (end - start > 1) {
        const middle = Math.floor((start + end) / 2);
        if (offsetAt(middle) === current) start = middle;
        else end = middle;
      }
      current = offsetAt(end);
      found.push(end, current);
      start = end;
    }
  }
  return new Float64Array(found);
}

/** How far the zone is ahead of UTC at a second, in seconds. */
function offsets(timeZone: string): ((second: number) => number) | undefined {
  let clock: Intl.DateTimeFormat;
  try {
    const numeric = {
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    } as const;
    clock = new Intl.DateTimeFormat("en-US", { ...numeric, timeZone, hourCycle: "h23" });
  } catch {
    return undefined;
  }
  return (second) => {
    const moment = Math.max(second, FIRST + 2 * 86_400);
    const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, shown = 0] = (
      clock.format(moment * 1000).match(/\d+/g) ?? []
    ).map(Number);
    const local = new Date(0);
    local.setUTCFullYear(year, month - 1, day);
    local.setUTCHours(hour, minute, shown);
    return local.getTime() / 1000 - moment;
  };
}
