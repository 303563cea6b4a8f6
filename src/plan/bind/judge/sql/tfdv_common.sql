SELECT AS STRUCT num_non_missing, num_missing, min_num_values, max_num_values, avg_num_values, tot_num_values, STRUCT(
  'QUANTILES' AS type, ARRAY(
    SELECT AS STRUCT q[OFFSET(i)] AS low_value, q[OFFSET(i + 1)] AS high_value, num_non_missing / {lengths} AS sample_count
    FROM UNNEST(GENERATE_ARRAY(0, {lengths} - 1)) AS i WHERE num_non_missing > 0 ORDER BY i
  ) AS buckets) AS num_values_histogram
FROM (
  SELECT COUNT(n) AS num_non_missing, COUNTIF(n IS NULL) AS num_missing, MIN(n) AS min_num_values, MAX(n) AS max_num_values,
    AVG(n) AS avg_num_values, SUM(n) AS tot_num_values, APPROX_QUANTILES(CAST(n AS FLOAT64), {lengths}) AS q
  FROM (SELECT IF({value} IS NULL, NULL, {length}) AS n FROM p)
)
