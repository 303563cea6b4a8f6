// Azure SQL Edge's tutorial for models, in its own dialect. Its table is no longer given away: diabetes has the same form.

import type { Tutorial } from "./tutorial.js";

const model = `DECLARE @model VARBINARY(max) = (
  SELECT DATA FROM dbo.models WHERE id = 1);
`;

const predict = `PREDICT(MODEL = @model, DATA = dbo.features AS d, RUNTIME = ONNX)
  WITH (variable1 FLOAT) AS p`;

export const tsql: Tutorial = {
  id: "tsql",
  title: "PREDICT in T-SQL",
  about: `The statement of Azure SQL Edge's tutorial, as it stands there. <code>dbo.models</code> is a table with a model in one of its cells;
    <code>PREDICT</code> asks it about 442 patients, and a linear regression of scikit-learn says how far their diabetes
    will have come in a year. <a href="demo/CREDITS.md">Credits</a>`,
  downloads: ["demo/diabetes.onnx", "demo/diabetes.csv"],
  tables: { "dbo.features": "demo/diabetes.csv", "dbo.models": "demo/diabetes.onnx" },
  sql: `${model}
WITH predict_input AS (
  SELECT TOP (1000) [id], age, sex, bmi, bp, s1, s2, s3, s4, s5, s6
  FROM dbo.features)
SELECT predict_input.id, p.variable1 AS progression
FROM PREDICT(MODEL = @model, DATA = predict_input, RUNTIME = ONNX)
  WITH (variable1 FLOAT) AS p;`,
  next: [
    {
      label: "The oldest five, and whoever is as old",
      sql: `${model}
SELECT TOP (5) WITH TIES d.age, d.id, d.bmi, p.variable1 AS progression
FROM ${predict}
ORDER BY d.age DESC;`,
    },
    {
      label: "The two highest of either sex",
      sql: `${model}
SELECT d.id, d.sex, d.age, p.variable1 AS progression INTO #predicted
FROM ${predict};

SELECT s.sex, t.id, t.age, t.progression
FROM (SELECT DISTINCT sex FROM #predicted) AS s
CROSS APPLY (
  SELECT TOP (2) x.id, x.age, x.progression
  FROM #predicted AS x
  WHERE x.sex = s.sex
  ORDER BY x.progression DESC) AS t
ORDER BY s.sex, t.progression DESC;`,
    },
    {
      label: "By body mass",
      sql: `${model}
SELECT b.band, COUNT(*) AS patients, AVG(p.variable1) AS progression
FROM ${predict}
CROSS APPLY (SELECT CASE
  WHEN d.bmi < 25 THEN 'under 25'
  WHEN d.bmi < 30 THEN '25 to 30'
  ELSE '30 and more' END AS band) AS b
GROUP BY b.band
ORDER BY progression;`,
    },
    {
      label: "A script: lower the bar until ten are above it",
      sql: `${model}
DECLARE @bar float = 300, @found int = 0;
WHILE @found < 10
BEGIN
  SET @bar -= 10;
  SET @found = (
    SELECT COUNT(*)
    FROM ${predict.replace("\n", "\n    ")}
    WHERE p.variable1 > @bar);
END;

IF @found > 20
  PRINT CONCAT('Too many: ', @found);
ELSE
  SELECT @bar AS bar, @found AS patients;`,
    },
    {
      label: "Break it: call the output otherwise",
      sql: `${model}
SELECT d.id, p.variable1 AS progression
FROM ${predict.replace("variable1 FLOAT", "progression FLOAT")};`,
    },
  ],
};
