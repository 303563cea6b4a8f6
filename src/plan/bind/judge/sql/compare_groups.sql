WITH d AS (SELECT {version} AS v, {outcome} AS y FROM p WHERE {known}),
g AS (SELECT v, COUNT(*) AS n, COUNTIF(y) AS y, ROW_NUMBER() OVER (ORDER BY v) AS i, COUNT(*) OVER () AS k FROM d GROUP BY v),
s AS (
  SELECT MAX(IF(k = 2, n, ERROR(CONCAT('ML.COMPARE compares two versions, found ', CAST(k AS STRING))))) AS k,
    SUM(IF(i = 1, n, 0)) AS n1, SUM(IF(i = 2, n, 0)) AS n2, SUM(IF(i = 1, y, 0)) AS y1, SUM(IF(i = 2, y, 0)) AS y2
  FROM g
),
r AS (
  SELECT n1, n2, SAFE_DIVIDE(y1, n1) AS p1, SAFE_DIVIDE(y2, n2) AS p2, SAFE_DIVIDE(y1 + y2, n1 + n2) AS p, (n1 + n2) * {share1} AS e1, (n1 + n2) * {share2} AS e2
  FROM s WHERE IFNULL(k, 1) > 0
),
t AS (
  SELECT *, SAFE_DIVIDE(p2 - p1, SQRT(p * (1 - p) * (SAFE_DIVIDE(1, n1) + SAFE_DIVIDE(1, n2)))) AS z,
    SAFE_DIVIDE(POW(n1 - e1, 2), e1) + SAFE_DIVIDE(POW(n2 - e2, 2), e2) AS x
  FROM r
)
SELECT u.* FROM t, UNNEST([
  STRUCT('num_rows_first' AS test, CAST(n1 AS FLOAT64) AS statistic, CAST(NULL AS FLOAT64) AS p_value),
  ('num_rows_second', n2, NULL),
  ('rate_first', p1, NULL),
  ('rate_second', p2, NULL),
  ('two_proportions', z, ML.P_VALUE('normal', z)),
  ('sample_ratio_mismatch', x, ML.P_VALUE('chi_square', x, 1))
]) AS u WITH OFFSET AS o ORDER BY o
