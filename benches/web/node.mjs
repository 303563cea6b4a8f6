// Small questions in Node, beside onnxruntime-web's build for it. Prints times by what was measured.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import { PredictQL } from "../../pkg/node.js";
import { measureSmall, openSmall } from "./small.js";

const rounds = Number(process.argv[2] ?? 15);
ort.env.wasm.numThreads = 1;
const folder = join(import.meta.dirname, "..", "..", "target", "bench");
const opened = await openSmall(PredictQL, ort, (name) => readFile(join(folder, name)));
const measured = {};
const disagreements = [];
// The first round warms both up.
for (let round = 0; round <= rounds; round++) {
  const { times, disagreements: more } = await measureSmall(opened);
  disagreements.push(...more);
  if (round === 0) continue;
  for (const [name, [ours, theirs]] of Object.entries(times)) {
    measured[`Node: ${name}`] ??= { ours: [], theirs: [] };
    measured[`Node: ${name}`].ours.push(ours);
    measured[`Node: ${name}`].theirs.push(theirs);
  }
}
await opened.close();
console.log(JSON.stringify({ measured, disagreements }));
