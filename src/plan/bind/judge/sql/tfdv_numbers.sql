mean, std_dev, num_zeros, min, q[SAFE_OFFSET(DIV({quantiles}, 2))] AS median, max, [
  STRUCT(num_nan, 'STANDARD' AS type, (SELECT z FROM z WHERE c = {c}) AS buckets),
  STRUCT(num_nan, 'QUANTILES' AS type, ARRAY(
    SELECT AS STRUCT q[OFFSET(i)] AS low_value, q[OFFSET(i + 1)] AS high_value, n / {quantiles} AS sample_count
    FROM UNNEST(GENERATE_ARRAY(0, {quantiles} - 1)) AS i WHERE n > 0 ORDER BY i
  ) AS buckets)] AS histograms
FROM (
  SELECT AVG(IF(IS_NAN(v), NULL, v)) AS mean, STDDEV_POP(IF(IS_NAN(v), NULL, v)) AS std_dev, COUNTIF(v = 0) AS num_zeros,
    MIN(IF(IS_NAN(v), NULL, v)) AS min, MAX(IF(IS_NAN(v), NULL, v)) AS max, COUNTIF(IS_NAN(v)) AS num_nan,
    COUNTIF(NOT IS_NAN(v)) AS n, APPROX_QUANTILES(IF(IS_NAN(v), NULL, v), {quantiles}) AS q
  FROM x WHERE c = {c}
)
