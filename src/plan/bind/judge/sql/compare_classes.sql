WITH d AS (SELECT {first} AS a, {second} AS b{truth} FROM p WHERE {known}),
n AS (SELECT COUNT(*) AS n, COUNTIF(a <> b) AS x FROM d),
k AS (
  SELECT SUM(CAST(f.m AS FLOAT64) * s.m) AS k
  FROM (SELECT a AS c, COUNT(*) AS m FROM d GROUP BY a) AS f JOIN (SELECT b AS c, COUNT(*) AS m FROM d GROUP BY b) AS s USING (c)
),
r AS (SELECT COUNTIF(a = y) AS f, COUNTIF(b = y) AS s, COUNTIF(a = y AND b <> y) AS b, COUNTIF(b = y AND a <> y) AS c FROM {judged})
SELECT t.* FROM n CROSS JOIN k CROSS JOIN r, UNNEST([
  STRUCT('num_rows' AS test, CAST(n AS FLOAT64) AS statistic, CAST(NULL AS FLOAT64) AS p_value),
  ('disagreement_rate', SAFE_DIVIDE(x, n), NULL),
  ('cohens_kappa', 1 - SAFE_DIVIDE(x, n - SAFE_DIVIDE(IFNULL(k, 0), n)), NULL){tests}
]) AS t WITH OFFSET AS o ORDER BY o
