// BigQuery's own tutorial for models of scikit-learn.

import type { Tutorial } from "./tutorial.js";

const forest = "`bqml_tutorial.imported_onnx_model`";

export const iris: Tutorial = {
  id: "iris",
  title: "Iris flowers",
  about: `A random forest trained in scikit-learn, saved as ONNX, names the species of 150 flowers. <code>CREATE MODEL</code>
    imports the file; <code>ML.PREDICT</code> takes each of the model's inputs from the column of the same name and puts
    <code>label</code> and <code>probabilities</code> before the table's own columns. The tutorial is BigQuery's; only the file lies beside
    this page.`,
  downloads: ["demo/iris.onnx", "demo/iris.csv"],
  tables: { iris: "demo/iris.csv" },
  sql: `CREATE OR REPLACE MODEL ${forest}
  OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'demo/iris.onnx');

SELECT *
FROM ML.PREDICT(MODEL ${forest},
  (SELECT * FROM iris))`,
  next: [
    {
      label: "Only the flowers it doubts",
      sql: `SELECT species, label, probabilities
FROM ML.PREDICT(MODEL ${forest}, TABLE iris)
WHERE probabilities[OFFSET(1)] > 0.1
  AND probabilities[OFFSET(1)] < 0.9
ORDER BY probabilities[OFFSET(1)] DESC`,
    },
    {
      label: "Ask about a flower you invent",
      sql: `SELECT label, probabilities
FROM ML.PREDICT(MODEL ${forest},
  (SELECT 6.1 AS sepal_length, 2.9 AS sepal_width,
          4.8 AS petal_length, 1.7 AS petal_width))`,
    },
    {
      label: "Break it: leave a column out",
      sql: `SELECT label
FROM ML.PREDICT(MODEL ${forest},
  (SELECT sepal_length, sepal_width, petal_length FROM iris))`,
    },
  ],
};
