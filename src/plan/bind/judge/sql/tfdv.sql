z AS (
  SELECT c, ARRAY_AGG(STRUCT(lo AS low_value, hi AS high_value, CAST(n AS FLOAT64) AS sample_count) ORDER BY lo, hi) AS z
  FROM (
    SELECT j.c, IF(j.lo = j.hi, j.lo, j.lo + j.b * (j.hi - j.lo) / {buckets}) AS lo,
      IF(j.lo = j.hi OR j.b = {buckets} - 1, j.hi, j.lo + (j.b + 1) * (j.hi - j.lo) / {buckets}) AS hi, IFNULL(h.n, 0) AS n
    FROM (SELECT c, lo, hi, b FROM g, UNNEST(GENERATE_ARRAY(0, IF(lo = hi, 0, {buckets} - 1))) AS b) AS j
    LEFT JOIN h ON h.c = j.c AND h.b = j.b
    UNION ALL SELECT c, x.v, x.v, COUNT(*) FROM x WHERE IS_INF(x.v) GROUP BY c, x.v
  )
  GROUP BY c
)
SELECT TO_JSON(STRUCT([STRUCT((SELECT COUNT(*) FROM p) AS num_examples, features)] AS datasets)) AS dataset_feature_statistics_list
FROM (SELECT ARRAY_AGG(f ORDER BY c) AS features FROM ({features}))
