ARRAY_CONCAT(
  ARRAY(
    SELECT AS STRUCT side AS s, lo, hi, CAST(NULL AS STRING) AS label, n FROM (
      SELECT IFNULL(CAST(JSON_VALUE(b, '$.low_value') AS FLOAT64), 0.0) AS lo, IFNULL(CAST(JSON_VALUE(b, '$.high_value') AS FLOAT64), 0.0) AS hi,
        IFNULL(CAST(JSON_VALUE(b, '$.sample_count') AS FLOAT64), 0.0) AS n
      FROM UNNEST(JSON_QUERY_ARRAY(feature, '$.num_stats.histograms')) AS h, UNNEST(JSON_QUERY_ARRAY(h, '$.buckets')) AS b
      WHERE IFNULL(JSON_VALUE(h, '$.type'), 'STANDARD') = 'STANDARD'
    )
  ),
  ARRAY(
    SELECT AS STRUCT side AS s, CAST('nan' AS FLOAT64) AS lo, CAST('nan' AS FLOAT64) AS hi, CAST(NULL AS STRING) AS label,
      CAST(JSON_VALUE(h, '$.num_nan') AS FLOAT64) AS n
    FROM UNNEST(JSON_QUERY_ARRAY(feature, '$.num_stats.histograms')) AS h
    WHERE IFNULL(JSON_VALUE(h, '$.type'), 'STANDARD') = 'STANDARD' AND JSON_VALUE(h, '$.num_nan') IS NOT NULL
  ),
  ARRAY(
    SELECT AS STRUCT side AS s, 0.0 AS lo, 0.0 AS hi, IFNULL(JSON_VALUE(b, '$.label'), '') AS label,
      IFNULL(CAST(JSON_VALUE(b, '$.sample_count') AS FLOAT64), 0.0) AS n
    FROM UNNEST(JSON_QUERY_ARRAY(feature, '$.string_stats.rank_histogram.buckets')) AS b
  )
)
