// A table whose columns are not those of the model: how they are brought together, here and for one's own files.

import type { Tutorial } from "./tutorial.js";

const fed = `(SELECT *,
     sepal_long / 10 AS sepal_length, sepal_wide / 10 AS sepal_width,
     petal_long / 10 AS petal_length, petal_wide / 10 AS petal_width
   FROM diary)`;

export const own: Tutorial = {
  id: "own",
  title: "Your own table",
  about: `A model takes its inputs by their names, and a table of your own has other ones. This diary of a garden measures in millimetres; the query
    says what each input of the forest is made of. Bring a model and a CSV file of your own, and the page writes that query: it takes the columns that
    fit, and asks where several do.`,
  downloads: ["demo/iris.onnx", "demo/iris.csv"],
  tables: { iris: "demo/iris.csv" },
  sql: `CREATE OR REPLACE MODEL forest
  OPTIONS (MODEL_PATH = 'demo/iris.onnx');
CREATE OR REPLACE TABLE diary AS
SELECT ROW_NUMBER() OVER () AS flower,
  CAST(10 * sepal_length AS INT64) AS sepal_long, CAST(10 * sepal_width AS INT64) AS sepal_wide,
  CAST(10 * petal_length AS INT64) AS petal_long, CAST(10 * petal_width AS INT64) AS petal_wide
FROM iris;

SELECT flower, label, probabilities
FROM ML.PREDICT(MODEL forest,
  ${fed})
ORDER BY flower`,
  next: [
    {
      label: "Bring your own model and table",
      files: ".onnx,.tflite,.pb,.ubj,.json,.zip,.csv,.tsv,.ndjson,.jsonl,.parquet,.arrow,.feather",
    },
    { label: "What does the model take?", sql: "DESCRIBE MODEL forest" },
    {
      label: "Say it once, in a view",
      sql: `CREATE OR REPLACE VIEW measured AS
${fed.slice(1, -1).replaceAll("\n   ", "\n")};

SELECT label, COUNT(*) AS flowers
FROM ML.PREDICT(MODEL forest, TABLE measured)
GROUP BY label
ORDER BY label`,
    },
    {
      label: "Break it: give the table as it is",
      sql: `SELECT *
FROM ML.PREDICT(MODEL forest, TABLE diary)`,
    },
  ],
};
