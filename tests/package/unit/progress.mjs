import assert from "node:assert/strict";
import { test } from "node:test";
import { joined } from "../../../pkg-template/src/progress.ts";

const part = (stage, label, loaded, total, unit) => ({ stage, label, loaded, total, unit, ratio: null, cached: false });
const download = (label, loaded, total) => part("download", label, loaded, total, "bytes");
const rows = (stage, loaded, total) => part(stage, "rows", loaded, total, "rows");

/** What a listener hears of these reports. */
function heard(reports, rowsFollow = false) {
  const events = [];
  const report = joined([(progress) => events.push(progress)], rowsFollow);
  for (const progress of reports) report(progress);
  return events;
}

test("downloads at the same time add up", () => {
  const events = heard([download("a", 10, 100), download("b", 50, 300), download("a", 60, 100)]);
  assert.deepEqual(
    events.map(({ loaded, total, ratio }) => [loaded, total, ratio]),
    [
      [10, 100, 0.1],
      [60, 400, 0.15],
      [110, 400, 0.275],
    ],
  );
});

test("a bar never goes backwards when another download begins", () => {
  const ratios = heard([download("a", 90, 100), download("b", 0, 900), download("b", 900, 900)]).map((e) => e.ratio);
  assert.deepEqual(ratios, [0.9, 0.9, 0.99]);
});

test("a length that counted compressed bytes makes the end unknown, not more than all of it", () => {
  const events = heard([download("a", 50, 100), download("a", 300, 100), download("a", 350, 100)]);
  assert.deepEqual(
    events.map(({ loaded, total, ratio }) => [loaded, total, ratio]),
    [
      [50, 100, 0.5],
      [300, null, null],
      [350, null, null],
    ],
  );
});

test("rows follow downloads on the second half of the bar, and late downloads are not shown", () => {
  const events = heard(
    [
      download("model", 100, 100),
      rows("infer", 0, 4),
      download("picture", 1, 10),
      rows("infer", 1, 4),
      rows("decode", 4, 4),
      rows("infer", 4, 4),
    ],
    true,
  );
  assert.deepEqual(
    events.map(({ unit, loaded, ratio }) => [unit, loaded, ratio]),
    [
      ["bytes", 100, 0.5],
      ["rows", 0, 0.5],
      ["rows", 1, 0.625],
      ["rows", 4, 1],
    ],
  );
});

test("rows alone fill the whole bar", () => {
  const ratios = heard([rows("infer", 1, 4), rows("infer", 4, 4)], true).map(({ ratio }) => ratio);
  assert.deepEqual(ratios, [0.25, 1]);
});
