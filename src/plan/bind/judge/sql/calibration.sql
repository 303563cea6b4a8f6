WITH {pairs},
r AS (
  SELECT IF(s[OFFSET({k})] BETWEEN -1e-6 AND 1 + 1e-6, s[OFFSET({k})], ERROR(CONCAT('calibration needs probabilities, found the score ', CAST(s[OFFSET({k})] AS STRING), '; softmax = TRUE makes some of scores'))) AS q,
    IF(y = {pos}, 1, 0) AS hit
  FROM d WHERE NOT IS_NAN(s[OFFSET({k})])
),
q AS (
  SELECT q, hit, LEAST(GREATEST(c - IF(q <= c * (1 / {n}), 1, 0) + IF(q > (c + 1) * (1 / {n}), 1, 0), 0), {n} - 1) AS b
  FROM (SELECT q, hit, CAST(CEIL(q * {n}) AS INT64) - 1 AS c FROM r)
)
SELECT b / {n} AS bucket_low, (b + 1) / {n} AS bucket_high, COUNT(*) AS num_rows, AVG(q) AS mean_predicted,
  AVG(hit) AS fraction_of_positives
FROM q GROUP BY b ORDER BY b
