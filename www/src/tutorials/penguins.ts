// A model is judged, explained and watched.

import type { Tutorial } from "./tutorial.js";

const lastSeason = "(SELECT * FROM penguins WHERE year = 2009 AND sex IS NOT NULL)";
const before = "(SELECT * FROM penguins WHERE year < 2009 AND sex IS NOT NULL)";

export const penguins: Tutorial = {
  id: "penguins",
  title: "Is this model any good?",
  about: `A random forest, trained in scikit-learn on the penguins of two seasons, tells males from females by four measures. Here it
    meets the birds of the third season, whose sex is known too: <code>ML.EVALUATE</code> says how often it is right. BigQuery runs
    these functions for models of its own only; here they are queries over any model that loads.
    <a href="demo/CREDITS.md">Credits</a>`,
  downloads: ["demo/penguins.onnx", "demo/penguins.csv"],
  tables: { penguins: "demo/penguins.csv" },
  sql: `CREATE OR REPLACE MODEL penguin_sex
  OPTIONS (MODEL_PATH = 'demo/penguins.onnx', INPUT_LABEL_COLS = ['sex']);

SELECT *
FROM ML.EVALUATE(MODEL penguin_sex,
  ${lastSeason})`,
  next: [
    {
      label: "Which mistakes does it make?",
      sql: `SELECT *
FROM ML.CONFUSION_MATRIX(MODEL penguin_sex,
  ${lastSeason})`,
    },
    {
      label: "And with another threshold?",
      sql: `SELECT *
FROM ML.ROC_CURVE(MODEL penguin_sex,
  ${lastSeason})`,
    },
    {
      label: "Why is this bird a female?",
      sql: `-- A male, light for an Adelie: held against the Adelies of the season before.
SELECT *
FROM ML.EXPLAIN_PREDICT(MODEL penguin_sex,
  (SELECT 39.7 AS bill_length_mm, 18.9 AS bill_depth_mm,
          184 AS flipper_length_mm, 3550 AS body_mass_g),
  baseline => (SELECT * FROM penguins
               WHERE species = 'Adelie' AND year = 2008 AND sex IS NOT NULL))`,
    },
    {
      label: "Is it fair to every species?",
      sql: `SELECT \`group\`, num_rows, selection_rate, accuracy, precision, recall
FROM ML.FAIRNESS(
  (SELECT label, sex, species FROM ML.PREDICT(MODEL penguin_sex,
    ${lastSeason})),
  predicted_col => 'label', actual_col => 'sex', group_col => 'species',
  positive_value => 'male')`,
    },
    {
      label: "Has the world changed?",
      sql: `SELECT *
FROM ML.VALIDATE_DATA_DRIFT(
  ${before.replace("*", "* EXCEPT (year)")},
  ${lastSeason.replace("*", "* EXCEPT (year)")})`,
    },
    {
      label: "See the seasons side by side",
      sql: `SELECT 'before' AS season, *
FROM ML.TFDV_DESCRIBE(${before})
UNION ALL
SELECT '2009', *
FROM ML.TFDV_DESCRIBE(${lastSeason})`,
    },
    {
      label: "What does it look at?",
      sql: `SELECT *
FROM ML.GLOBAL_EXPLAIN(MODEL penguin_sex,
  ${lastSeason},
  baseline => ${before})`,
    },
  ],
};
