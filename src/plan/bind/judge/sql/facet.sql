, c AS (
  SELECT COUNTIF(NOT f) AS na, COUNTIF(f) AS nd, COUNTIF(y AND NOT f) AS ya, COUNTIF(y AND f) AS yd,
    COUNTIF(p AND NOT f) AS pa, COUNTIF(p AND f) AS pd, COUNTIF(y AND p AND NOT f) AS ta, COUNTIF(y AND p AND f) AS td
  FROM d
  HAVING IF(COUNTIF(f) = 0 OR COUNTIF(NOT f) = 0, ERROR(CONCAT('ML.FAIRNESS compares rows of the facet with others: ', IF(COUNTIF(f) = 0, 'none', 'every one'),
    ' of the rows is of the facet; the groups are ', IFNULL(STRING_AGG(DISTINCT CAST(g AS STRING), ', ' ORDER BY CAST(g AS STRING) LIMIT 10), 'none'))), TRUE)
),
v AS (SELECT v, COUNTIF(NOT f) AS a, COUNTIF(f) AS d FROM d GROUP BY v HAVING COUNTIF(f) > 0 AND COUNTIF(NOT f) > 0),
w AS (
  SELECT SUM(a * LN(a / d)) AS kl, SUM(a * LN(2 * a / (a + d)) + d * LN(2 * d / (a + d))) / 2 AS js, SQRT(SUM(POW(a - d, 2))) AS lp,
    SUM(ABS(a - d)) / 2 AS tvd, MAX(ABS(a - d)) AS ks
  FROM (SELECT a / na AS a, d / nd AS d FROM v CROSS JOIN c)
),
s AS (
  SELECT u, COUNT(*) AS n,
    IFNULL(SAFE_DIVIDE(COUNTIF(NOT y AND f), COUNTIF(NOT y)), 0) - IFNULL(SAFE_DIVIDE(COUNTIF(y AND f), COUNTIF(y)), 0) AS yy,
    IFNULL(SAFE_DIVIDE(COUNTIF(NOT p AND f), COUNTIF(NOT p)), 0) - IFNULL(SAFE_DIVIDE(COUNTIF(p AND f), COUNTIF(p)), 0) AS pp
  FROM d GROUP BY u
),
z AS (SELECT SUM(n * yy) / SUM(n) AS cddl, SUM(n * pp) / SUM(n) AS cddpl FROM s),
e AS (
  SELECT IF(m = 0, ERROR('generalized entropy needs a prediction that is not a false negative'), SUM(POW(b / m, 2) - 1) / (2 * COUNT(*))) AS ge
  FROM (SELECT b, AVG(b) OVER () AS m FROM (SELECT IF(p, 1, 0) - IF(y, 1, 0) + 1 AS b FROM d)) GROUP BY m
){flips}
SELECT metric, value, stage, description FROM c CROSS JOIN w CROSS JOIN z CROSS JOIN e{more}, UNNEST([{metrics}]) WITH OFFSET AS o ORDER BY o
