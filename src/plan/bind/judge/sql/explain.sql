WITH x AS (SELECT *, ROW_NUMBER() OVER () AS __row FROM p),
b AS ({background}),
q AS (
  SELECT * FROM ML.PREDICT(MODEL {model}, TABLE x{threshold}) AS q {join}
),
w AS ({weights}),
c AS (
  SELECT __w.__m, x.__row, {class} AS __k, {columns}
  FROM q AS x CROSS JOIN (SELECT DISTINCT m AS __m FROM w) AS __w CROSS JOIN b
),
v AS (
  SELECT __row AS i, __k AS k, __m AS m, AVG({score}) AS v FROM ML.PREDICT(MODEL {model}, TABLE c) GROUP BY __row, __k, __m
),
u AS (
  SELECT i, k, m, {link} AS v FROM v
  WHERE (SELECT IF(COUNT(*) > 0, TRUE, ERROR('there are no rows in the background: give some by the setting `baseline`')) FROM b)
),
a AS (SELECT i, k, f, SUM(v * c) AS a FROM u JOIN w USING (m) GROUP BY i, k, f)
