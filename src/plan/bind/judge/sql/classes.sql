WITH {pairs},
n AS (SELECT y, p, COUNT(*) AS n FROM d GROUP BY y, p),
k AS (
  SELECT l, SUM(t) AS t, SUM(pp) AS pp, SUM(ap) AS ap
  FROM (SELECT y AS l, IF(y = p, n, 0) AS t, 0 AS pp, n AS ap FROM n UNION ALL SELECT p, 0, n, 0 FROM n) GROUP BY l
)
