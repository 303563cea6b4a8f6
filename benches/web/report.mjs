// What a run found, as JSON and as tables of Markdown: medians with their spread, ratios, bars, how far answers are apart.

import { median, sorted } from "./host.mjs";

const onnxruntime = "onnxruntime-web";
const itself = "the model alone";

/** Each part: its title, and whom a name's second numbers are of. */
const parts = {
  first: { title: "From the script to rows" },
  small: { title: "Small questions" },
  node: { title: "Small questions in Node" },
  tutorials: { title: "Tutorials" },
  tables: { title: "Models on tables" },
  networks: { title: "Networks" },
  litert: { title: "Keras' networks, beside LiteRT.js", beside: "the other" },
  sql: { title: "SQL", beside: "DuckDB-Wasm" },
  csv: { title: "CSV of 100 MB", beside: "DuckDB-Wasm" },
  memory: { title: "Memory" },
  judging: { title: "Judging", beside: itself },
  photos: { title: "A hundred photos to labels", beside: "onnxruntime-web, by createImageBitmap and a canvas" },
  idioms: { title: "What people write around predictions", beside: "DuckDB-Wasm" },
};
export const partNames = Object.keys(parts);

const pictured = /^(efficientnet_lite0|mobilenet_v2|squeezenet|densenet_121|resnet_50): a picture/;
const trees = /^(forest|boosting|thousand|kinds)\b.*: the model alone$/;

/** The highest ratio that is good enough; the first whose part and words fit counts. */
const bars = [
  ["small", /1 row: prepared, worker/, 2],
  ["small", /1 row: prepared, inline/, 1.2],
  ["small", /100 rows/, 1.5],
  ["node", /1 row: prepared, worker/, 2],
  ["node", /1 row: prepared, inline/, 1.2],
  ["node", /100 rows/, 1.5],
  ["networks", pictured, 0.9],
  ["networks", /^geometric mean/, 0.75],
  ["networks", /^(efficientnet_int8|minilm): a /, 1],
  ["photos", /native$/, 1],
  ["photos", /portable$/, 1.3],
  ["litert", /beside LiteRT/, 1.15],
  ["litert", /beside onnxruntime/, 0.9],
  ["tables", trees, 0.5],
  ["tables", /: the model alone$/, 1],
  ["tables", /beside its own model$/, 1.05],
  ["sql", /^/, 1.5],
  ["csv", /read$/, 1.5],
];

/** Rows of numbers for what the parts measured, each `{ ours, theirs, apart, unit }` by its name. */
export function reportOf(measuredByPart) {
  return Object.entries(measuredByPart).map(([part, { measured, disagreements, facts = [] }]) => {
    const rows = Object.entries(measured).map(([name, found]) => rowOf(part, name, found));
    if (part === "networks") rows.push(meanOf(part, rows));
    const { title, beside = onnxruntime } = parts[part];
    return { part, title, beside, rows, disagreements, facts };
  });
}

function rowOf(part, name, { ours, theirs, apart, unit = "ms" }) {
  // Of the best rounds: what other work on the machine disturbs least.
  const best = Math.min(...ours) / Math.min(...theirs);
  const ratio = median(ours) / median(theirs);
  return { name, unit, ours: spread(ours), theirs: spread(theirs), ratio, best, apart, ...judged(part, name, ratio) };
}

function meanOf(part, rows) {
  const name = "geometric mean of the five that see pictures";
  const seen = rows.filter((row) => pictured.test(row.name));
  const mean = (of) => Math.exp(seen.reduce((sum, row) => sum + Math.log(row[of]), 0) / seen.length);
  return { name, ratio: mean("ratio"), best: mean("best"), ...judged(part, name, mean("ratio")) };
}

function judged(part, name, ratio) {
  const bar = bars.find(([where, words]) => where === part && words.test(name))?.[2];
  return bar === undefined ? {} : { bar, isMissed: ratio > bar };
}

const spread = (numbers) => ({
  median: median(numbers),
  least: sorted(numbers)[0],
  most: sorted(numbers).at(-1),
  rounds: numbers.length,
});

export function markdownOf(report, about) {
  return [`${about}\n`, ...report.map(tableOf)].join("\n");
}

function tableOf({ title, beside, rows, disagreements, facts }) {
  const head = ["what", "PredictQL", beside, "ratio: medians, best", "bar", "answers apart"];
  const lines = rows.map(({ name, unit, ours, theirs, ratio, best, bar, isMissed, apart }) => [
    name,
    ours ? numbers(ours, unit) : "",
    theirs ? numbers(theirs, unit) : "",
    `${ratio.toFixed(2)}, ${best.toFixed(2)}`,
    bar === undefined ? "" : `${bar}${isMissed ? " **missed**" : ""}`,
    apart === undefined ? "" : apart.toExponential(0),
  ]);
  const agreement =
    disagreements.length === 0 ? "" : `The answers differ:\n\n${disagreements.map((it) => `- ${it}`).join("\n")}\n`;
  const table = [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `## ${title}\n\n${table}\n\n${facts.map((fact) => `${fact}\n\n`).join("")}${agreement}`;
}

function numbers({ median, least, most, rounds }, unit) {
  const write = (number) => (unit === "MiB" ? (number / 2 ** 20).toFixed(1) : number.toFixed(number < 10 ? 2 : 1));
  const words = `${write(median)}${unit === "ms" ? "" : ` ${unit}`}`;
  return rounds === 1 ? words : `${words} (${write(least)}-${write(most)})`;
}
