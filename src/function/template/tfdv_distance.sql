(SELECT STRUCT(
    LEAST(SUM(IF(p > 0, p * LN(2 * p / (p + q)), 0) + IF(q > 0, q * LN(2 * q / (p + q)), 0)) / (2 * LN(2)), 1) AS j,
    MAX(ABS(p - q)) AS l, SUM(p) > 0 AND SUM(q) > 0 AS whole)
  FROM (
    SELECT IFNULL(SAFE_DIVIDE(p, SUM(p) OVER ()), 0) AS p, IFNULL(SAFE_DIVIDE(q, SUM(q) OVER ()), 0) AS q FROM (
      SELECT SUM(IF(s = 0, n, 0)) AS p, SUM(IF(s = 1, n, 0)) AS q
      FROM (
        SELECT s, i.lo, n * ((i.hi - i.lo) / (k.hi - k.lo)) AS n
        FROM (
          SELECT t AS lo, LEAD(t) OVER (ORDER BY t) AS hi
          FROM (SELECT DISTINCT t FROM UNNEST(masses), UNNEST([lo, hi]) AS t WHERE lo < hi AND NOT IS_INF(lo) AND NOT IS_INF(hi))
        ) AS i
        JOIN (SELECT * FROM UNNEST(masses) WHERE NOT IS_INF(lo) AND NOT IS_INF(hi)) AS k ON k.lo < k.hi AND k.lo <= i.lo AND i.hi <= k.hi
      ) GROUP BY lo
      UNION ALL SELECT SUM(IF(s = 0, n, 0)), SUM(IF(s = 1, n, 0)) FROM UNNEST(masses) WHERE lo = hi AND NOT IS_INF(lo) GROUP BY lo, label
      UNION ALL SELECT SUM(IF(s = 0, n, 0)), SUM(IF(s = 1, n, 0)) FROM UNNEST(masses) WHERE IS_NAN(lo) OR IS_INF(lo) OR IS_INF(hi) GROUP BY s, IS_NAN(lo)
    )
  )
)
