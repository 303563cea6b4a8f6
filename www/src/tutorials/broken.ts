// Queries that fail: what an error says, where it points, and the click that mends it.

import type { Tutorial } from "./tutorial.js";

const create = (file: string) => `CREATE OR REPLACE MODEL neighbors
  OPTIONS (MODEL_PATH = 'demo/${file}.onnx');
`;

const measured = (width: string) => `SELECT label, species
FROM ML.PREDICT(MODEL neighbors,
  (SELECT * REPLACE (${width} AS petal_width)
   FROM (SELECT * REPLACE (FORMAT('%.1f cm', petal_width) AS petal_width) FROM iris)))`;

const ask = `SELECT label, COUNT(*) AS flowers
FROM ML.PREDICT(MODEL neighbors, TABLE iris)
GROUP BY label
ORDER BY label`;

export const broken: Tutorial = {
  id: "broken",
  title: "Broken on purpose",
  about: `Five nearest neighbours say which species a flower is, and this query forgets one of their four inputs. An error names
    what is missing and where, and the button below it writes a query that works. Break it in other ways, too.`,
  downloads: ["demo/neighbors.onnx", "demo/iris.csv"],
  tables: { iris: "demo/iris.csv" },
  sql: `${create("neighbors")}
-- Nothing gives the width of the petals.
SELECT label, species
FROM ML.PREDICT(MODEL neighbors,
  (SELECT sepal_length, sepal_width, petal_length, species FROM iris))`,
  next: [
    {
      label: "Misspell a name",
      sql: `SELECT label, species, sepal_lenght
FROM ML.PREDICT(MODEL neighbors, TABLE iris)`,
    },
    {
      label: "Give a text for a number",
      sql: measured("petal_width"),
      mend: { label: "Leave the unit out", sql: measured("REPLACE(petal_width, ' cm', '')") },
    },
    {
      label: "Write as in another language",
      sql: `SELECT label, species
FROM ML.PREDICT(MODEL neighbors, TABLE iris)
WHERE species == 'virginica'`,
    },
    {
      label: "Import an operator that does not run",
      sql: `-- The same neighbours, exported for onnxruntime alone: skl2onnx's optim='cdist'.
${create("neighbors-optimized")}
${ask}`,
      mend: {
        label: "Take the export of standard operators",
        sql: `${create("neighbors")}
${ask}`,
      },
    },
  ],
};
