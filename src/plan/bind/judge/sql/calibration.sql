WITH {pairs},
q AS (
  SELECT s[OFFSET({k})] AS q, IF(y = {pos}, 1, 0) AS hit,
    LEAST(GREATEST(CAST(CEIL(s[OFFSET({k})] * {n}) AS INT64) - 1, 0), {n} - 1) AS b
  FROM d WHERE NOT IS_NAN(s[OFFSET({k})])
)
SELECT b / {n} AS bucket_low, (b + 1) / {n} AS bucket_high, COUNT(*) AS num_rows, AVG(q) AS mean_predicted,
  AVG(hit) AS fraction_of_positives
FROM q GROUP BY b ORDER BY b
