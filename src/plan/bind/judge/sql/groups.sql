SELECT g AS `group`, COUNT(*) AS num_rows, AVG(IF(p, 1, 0)) AS selection_rate, AVG(IF(y = p, 1, IF(y IS NULL, NULL, 0))) AS accuracy,
  SAFE_DIVIDE(COUNTIF(y AND p), COUNTIF(p AND y IS NOT NULL)) AS precision,
  SAFE_DIVIDE(COUNTIF(y AND p), COUNTIF(y)) AS recall,
  SAFE_DIVIDE(COUNTIF(y AND p), COUNTIF(y)) AS true_positive_rate,
  SAFE_DIVIDE(COUNTIF(NOT y AND p), COUNTIF(NOT y)) AS false_positive_rate,
  SAFE_DIVIDE(COUNTIF(y AND NOT p), COUNTIF(y)) AS false_negative_rate,
  SAFE_DIVIDE(COUNTIF(NOT y AND NOT p), COUNTIF(NOT y)) AS true_negative_rate
FROM d GROUP BY ROLLUP(g) ORDER BY GROUPING(g), g
