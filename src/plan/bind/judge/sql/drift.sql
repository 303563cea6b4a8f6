k AS (
  SELECT s, c, n, lo + b * ((hi - lo) / {buckets}) AS lo, IF(lo = hi, lo, lo + (b + 1) * ((hi - lo) / {buckets})) AS hi FROM h
),
e AS (SELECT c, t FROM k, UNNEST([lo, hi]) AS t WHERE lo < hi GROUP BY c, t),
i AS (SELECT c, t AS lo, LEAD(t) OVER (PARTITION BY c ORDER BY t) AS hi FROM e),
m AS (
  SELECT c, SUM(IF(s = 0, n, 0)) AS p, SUM(IF(s = 1, n, 0)) AS q
  FROM (SELECT i.c, s, i.lo, n * ((i.hi - i.lo) / (k.hi - k.lo)) AS n FROM i JOIN k ON i.c = k.c AND k.lo < k.hi AND k.lo <= i.lo AND i.hi <= k.hi)
  GROUP BY c, lo
  UNION ALL SELECT c, SUM(IF(s = 0, n, 0)), SUM(IF(s = 1, n, 0)) FROM k WHERE lo = hi GROUP BY c, lo
  UNION ALL SELECT c, COUNTIF(s = 0), COUNTIF(s = 1) FROM x WHERE IS_NAN(v) OR IS_INF(v) GROUP BY c, s, IS_NAN(v)
  UNION ALL SELECT c, SUM(IF(s = 0, n, 0)), SUM(IF(s = 1, n, 0)) FROM l GROUP BY c, v
),
w AS (
  SELECT c, IFNULL(SAFE_DIVIDE(p, SUM(p) OVER (PARTITION BY c)), 0) AS p, IFNULL(SAFE_DIVIDE(q, SUM(q) OVER (PARTITION BY c)), 0) AS q FROM m
),
r AS (
  SELECT c, LEAST(SUM(IF(p > 0, p * LN(2 * p / (p + q)), 0) + IF(q > 0, q * LN(2 * q / (p + q)), 0)) / (2 * LN(2)), 1) AS j,
    MAX(ABS(p - q)) AS l, SUM(p) > 0 AND SUM(q) > 0 AS whole
  FROM w GROUP BY c
)
