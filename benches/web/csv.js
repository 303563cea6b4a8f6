// A file of 100 MB, as tools write them: numbers, words, a time, texts in quotes. From the File to a table that answers.

import { openDuckdb } from "./duckdb.js";
import { PredictQL } from "./pkg/index.js";

const bytes = 100_000_000;
const sql = `SELECT COUNT(*) AS n, SUM(id) AS ids, SUM(amount) AS amounts, AVG(share) AS shares, COUNT(score) AS scored,
  COUNT(DISTINCT city) AS cities, SUM(LENGTH(note)) AS letters, CAST(MAX(seen) AS STRING) AS latest FROM bought`;

globalThis.csv = async (rounds) => {
  const file = written();
  const db = await PredictQL.create();
  const { connection, register, close } = await openDuckdb();
  await register("bought.csv", file);
  const measured = {
    "1,200,000 rows of 9 columns, read": { ours: [], theirs: [] },
    "asked afterwards": { ours: [], theirs: [] },
  };
  const [read, asked] = Object.values(measured);
  const disagreements = [];
  const time = async (run) => {
    const start = performance.now();
    const answer = await run();
    return [performance.now() - start, answer];
  };
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    const [ours] = await time(() => db.registerTable("bought", file));
    const [found, seen] = await time(() => db.query(sql));
    const [theirs] = await time(() =>
      connection.query("CREATE OR REPLACE TABLE bought AS SELECT * FROM read_csv('bought.csv')"),
    );
    const [theirFound, answer] = await time(() => connection.query(sql));
    if (round === 0) {
      disagreements.push(...differences(seen.rows[0], answer.toArray()[0].toJSON()));
      continue;
    }
    read.ours.push(ours);
    read.theirs.push(theirs);
    asked.ours.push(found);
    asked.theirs.push(theirFound);
  }
  await db.close();
  close();
  return { measured, disagreements };
};

function differences(ours, theirs) {
  return Object.entries(ours).flatMap(([name, found]) => {
    const wanted = theirs[name];
    const isSame =
      typeof found === "string"
        ? found.slice(0, 19) === String(wanted).slice(0, 19)
        : Math.abs(Number(found) - Number(wanted)) <= 1e-9 * Math.abs(Number(wanted));
    return isSame ? [] : [`csv, ${name}: ${found} against ${wanted}`];
  });
}

/** The same file each time. */
function written() {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
  const cities = ["Amsterdam", "Bogotá", "Cairo", "Delhi", "Essen", "Fukuoka", "Geneva", "Havana"];
  const begun = Date.UTC(2024, 0, 1);
  const parts = ["id,city,seen,amount,price,share,score,note,member\n"];
  let length = 0;
  for (let id = 0; length < bytes; ) {
    const lines = [];
    for (let line = 0; line < 10_000; line++, id++) {
      const city = cities[Math.floor(random() * cities.length)];
      const seen = new Date(begun + Math.floor(random() * 3e7) * 1000).toISOString().slice(0, 19).replace("T", " ");
      const score = random() < 0.1 ? "" : (random() * 10).toFixed(1);
      const note = `"sent to ${city}, floor ${Math.floor(random() * 40)}"`;
      const numbers = [Math.floor(random() * 1000), (random() * 1000).toFixed(2), random().toFixed(6), score];
      lines.push(`${id},${city},${seen},${numbers.join(",")},${note},${random() < 0.5}\n`);
    }
    const part = new TextEncoder().encode(lines.join(""));
    length += part.length;
    parts.push(part);
  }
  return new File(parts, "bought.csv", { type: "text/csv" });
}
