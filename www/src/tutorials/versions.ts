// A second version of a model comes into service.

import type { Tutorial } from "./tutorial.js";

const both = "ML.PREDICT(MODEL flower, TABLE iris, STRUCT(['champion', 'challenger'] AS compare))";

export const versions: Tutorial = {
  id: "versions",
  title: "Ship version 2 without fear",
  about: `A forest names flowers for everybody: it is <code>flower@champion</code>. A logistic regression is to take its place. Registered as
    version 2, it moves nobody: in the shadow both name the same flowers in one pass, and the query shows where they disagree. Then a tenth of the
    visitors get it, then all of them, and one statement takes it back.`,
  downloads: ["demo/flowers-1.onnx", "demo/flowers-2.onnx", "demo/iris.csv"],
  tables: { iris: "demo/iris.csv" },
  sql: `DROP MODEL IF EXISTS flower;
CREATE MODEL flower
  OPTIONS (MODEL_PATH = 'demo/flowers-1.onnx', INPUT_LABEL_COLS = ['species']);
ALTER MODEL flower VERSION 1 SET ALIAS = champion;
ALTER MODEL flower ADD VERSION
  OPTIONS (MODEL_PATH = 'demo/flowers-2.onnx', DESCRIPTION = 'logistic regression');
ALTER MODEL flower VERSION 2 SET ALIAS = challenger;

SELECT species, label_champion, label_challenger, petal_length, petal_width
FROM ${both}
WHERE label_champion <> label_challenger`,
  next: [
    {
      label: "Could that be chance?",
      sql: `-- A large p-value: chance would do as much, so nothing speaks against the new one.
SELECT *
FROM ML.COMPARE((SELECT * FROM ${both}),
  predicted_cols => ['label_champion', 'label_challenger'], actual_col => 'species')`,
    },
    {
      label: "Give it to a tenth of the visitors",
      sql: `-- A visitor gets the same version at every visit.
ALTER MODEL flower SET OPTIONS (
  traffic_split = [('champion', 90), ('challenger', 10)], traffic_key = 'visitor');

SELECT model_version, COUNT(*) AS visitors, COUNTIF(label = species) AS correct
FROM ML.PREDICT(MODEL flower,
  (SELECT *, ROW_NUMBER() OVER () AS visitor FROM iris))
GROUP BY model_version
ORDER BY model_version`,
    },
    {
      label: "Promote it",
      sql: `ALTER MODEL flower SET OPTIONS (traffic_split = NULL);
ALTER MODEL flower VERSION 2 SET ALIAS = champion;
ALTER MODEL flower SET DEFAULT_VERSION = champion;

SELECT version, aliases, is_default, description
FROM INFORMATION_SCHEMA.MODEL_VERSIONS
WHERE model_name = 'flower'
ORDER BY version`,
    },
    {
      label: "Take it back",
      sql: `ALTER MODEL flower ROLLBACK ALIAS champion;
ALTER MODEL flower SET DEFAULT_VERSION = champion;

SELECT alias, version, previous_version, moved, is_current
FROM INFORMATION_SCHEMA.MODEL_ALIASES
WHERE model_name = 'flower'
ORDER BY moved DESC`,
    },
    {
      label: "What ran, and with which version?",
      sql: `SELECT end_time, statement_type,
  ARRAY(SELECT FORMAT('%s@%d', model_name, version) FROM UNNEST(referenced_models)) AS models, rows_in, rows_out, total_slot_ms
FROM INFORMATION_SCHEMA.JOBS
WHERE ARRAY_LENGTH(referenced_models) > 0
ORDER BY end_time DESC`,
    },
  ],
};
