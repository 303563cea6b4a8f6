WITH {pairs},
n AS (SELECT {by}y, p, COUNT(*) AS n FROM d GROUP BY {by}y, p),
k AS (
  SELECT {by}l, SUM(t) AS t, SUM(pp) AS pp, SUM(ap) AS ap
  FROM (SELECT {by}y AS l, IF(y = p, n, 0) AS t, 0 AS pp, n AS ap FROM n UNION ALL SELECT {by}p, 0, n, 0 FROM n) GROUP BY {by}l
)
