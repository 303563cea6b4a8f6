, x AS (SELECT f, p, ROW_NUMBER() OVER () AS i, x FROM d),
h AS (
  SELECT d.i, d.p, a.p AS q, IF(COUNT(*) OVER (PARTITION BY d.i) > 9, 5, 1) AS k,
    ROW_NUMBER() OVER (PARTITION BY d.i ORDER BY ML.DISTANCE(d.x, a.x, 'EUCLIDEAN'), a.i) AS o
  FROM x AS d CROSS JOIN x AS a WHERE d.f AND NOT a.f
),
t AS (
  SELECT (COUNTIF(p AND NOT q) - COUNTIF(q AND NOT p)) / COUNT(*) AS ft
  FROM (SELECT i, p, COUNTIF(q) * 2 > COUNT(*) AS q FROM h WHERE o <= k GROUP BY i, p)
)
