WITH d AS (SELECT CAST({first} AS FLOAT64) AS a, CAST({second} AS FLOAT64) AS b{truth} FROM p WHERE {known}),
n AS (SELECT COUNT(*) AS n, AVG(b - a) AS m FROM d),
r AS (
  SELECT AVG(ABS(a - y)) AS f, AVG(ABS(b - y)) AS s, SAFE_DIVIDE(AVG(ABS(a - y) - ABS(b - y)), STDDEV(ABS(a - y) - ABS(b - y)) / SQRT(COUNT(*))) AS t
  FROM {judged}
)
SELECT t.* FROM n CROSS JOIN r, UNNEST([
  STRUCT('num_rows' AS test, CAST(n AS FLOAT64) AS statistic, CAST(NULL AS FLOAT64) AS p_value),
  ('mean_difference', m, NULL){tests}
]) AS t WITH OFFSET AS o ORDER BY o
