import assert from "node:assert/strict";
import { test } from "node:test";
import { joined } from "../../../pkg-template/src/progress.ts";

const part = (stage, label, loaded, total, unit) => ({ stage, label, loaded, total, unit, ratio: null, cached: false });
const download = (label, loaded, total) => part("download", label, loaded, total, "bytes");
const rows = (stage, loaded, total) => part(stage, "rows", loaded, total, "rows");

/** What a listener hears of these reports. */
function heard(reports, options = {}) {
  const events = [];
  let time = 0;
  const now = () => (time += 20);
  const bar = joined([(progress) => events.push(progress)], { now, ...options });
  for (const progress of reports) bar.report(progress);
  bar.end();
  return events.map((event) => ({ ...event, ratio: event.ratio && Number(event.ratio.toFixed(6)) }));
}

test("downloads at the same time add up", () => {
  const events = heard([download("a", 10, 100), download("b", 50, 300), download("a", 60, 100)]);
  assert.deepEqual(
    events.map(({ loaded, total, ratio }) => [loaded, total, ratio]),
    [
      [10, 100, 0.09],
      [60, 400, 0.135],
      [110, 400, 0.2475],
      [400, 400, 1],
    ],
  );
});

test("a bar never goes backwards when another download begins", () => {
  const ratios = heard([download("a", 90, 100), download("b", 0, 900), download("b", 900, 900)]).map((e) => e.ratio);
  assert.deepEqual(ratios, [0.81, 0.81, 0.891, 1]);
});

test("a length that counted compressed bytes makes the end unknown, not more than all of it", () => {
  const events = heard([download("a", 50, 100), download("a", 300, 100), download("a", 350, 100)]);
  assert.deepEqual(
    events.map(({ loaded, total, ratio }) => [loaded, total, ratio]),
    [
      [50, 100, 0.45],
      [300, null, null],
      [350, null, null],
      [350, 350, 1],
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
    { rowsFollow: true },
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
  const ratios = heard([rows("infer", 1, 4), rows("infer", 4, 4)], { rowsFollow: true }).map(({ ratio }) => ratio);
  assert.deepEqual(ratios, [0.25, 1]);
});

test("one end for the engine and the model: it is unknown until both have begun, and compiling does not move it", () => {
  const events = heard(
    [
      part("engine", "tables.wasm", 30, 300, "bytes"),
      download("m.onnx", 0, 100),
      part("engine", "tables.wasm", 300, 300, "bytes"),
      download("m.onnx", 100, 100),
      { ...part("compile", "m", 0, null, "bytes") },
    ],
    { expected: 2 },
  );
  assert.deepEqual(
    events.map(({ stage, loaded, total, ratio }) => [stage, loaded, total, ratio]),
    [
      ["engine", 30, null, null],
      ["download", 30, 400, 0.0675],
      ["engine", 300, 400, 0.675],
      ["download", 400, 400, 0.9],
      ["compile", 400, 400, 0.9],
      ["compile", 400, 400, 1],
    ],
  );
});

test("no more reports than frames, but the ends of stages are all told", () => {
  let time = 0;
  const reports = Array.from({ length: 1000 }, (_, index) => download("a", index + 1, 1000));
  const events = heard(reports, { now: () => (time += 1) });
  assert.ok(events.length < 140, String(events.length));
  assert.deepEqual(
    events.slice(-2).map(({ loaded, ratio }) => [loaded, ratio]),
    [
      [1000, 0.9],
      [1000, 1],
    ],
  );
});

test("a listener that throws stops neither the work nor the other listeners", () => {
  const told = [];
  const { error } = console;
  console.error = (words) => told.push(words);
  const heard = [];
  const fault = new Error("listener");
  const sinks = [
    () => {
      throw fault;
    },
    ({ loaded }) => heard.push(loaded),
  ];
  joined(sinks).report(download("a", 1, 2));
  console.error = error;
  assert.deepEqual([told, heard], [[fault], [1]]);
});
