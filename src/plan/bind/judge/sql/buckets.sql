g AS (
  SELECT s, c, MIN(v) AS lo, IF(MAX(v) / 2 - MIN(v) / 2 > 8.9e307, ERROR(CONCAT('the numbers of column ', {inputs}[OFFSET(MOD(c, {width}))],
    ' lie too far apart for buckets: divide them, or leave the column out')), MAX(v)) AS hi
  FROM x WHERE NOT IS_NAN(v) AND NOT IS_INF(v) GROUP BY s, c
),
h AS (
  SELECT s, c, lo, hi, LEAST(b + IF(v >= lo + (b + 1) * w, 1, IF(v < lo + b * w, -1, 0)), IF(lo = hi, 0, {buckets} - 1)) AS b, COUNT(*) AS n
  FROM (
    SELECT s, c, v, lo, hi, (hi - lo) / {buckets} AS w, IF(lo = hi, 0, CAST(FLOOR((v - lo) / ((hi - lo) / {buckets})) AS INT64)) AS b
    FROM x JOIN g USING (s, c) WHERE NOT IS_NAN(v) AND NOT IS_INF(v)
  )
  GROUP BY s, c, lo, hi, b
),
