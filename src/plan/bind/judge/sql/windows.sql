SELECT __start AS window_start, {end} AS window_end, {group}__rows AS num_rows, input, metric, value, threshold, is_anomaly
FROM (
  SELECT DIV(r.c, {count}) AS win, t.o, input, metric, IF(metric = 'L_INFTY', l, j) AS value, threshold,
    IF(metric = 'L_INFTY', l, j) > threshold AS is_anomaly
  FROM UNNEST([{columns}]) AS t JOIN r ON MOD(r.c, {count}) = t.c WHERE metric = 'L_INFTY' OR whole
  UNION ALL SELECT __win, c, input, 'NULL_SHARE', COUNTIF(is_null) / COUNT(*), CAST(NULL AS FLOAT64), CAST(NULL AS BOOL)
  FROM study, UNNEST([{nulls}]) GROUP BY __win, c, input{metrics}
) JOIN windows ON __win = win
ORDER BY window_start, __win, o, metric
