IF(base IS NULL OR study IS NULL, NULL, IF(EXISTS (SELECT 1 FROM UNNEST([base, study]) AS side WHERE JSON_QUERY_ARRAY(side, '$.datasets') IS NULL AND NOT REGEXP_CONTAINS(TO_JSON_STRING(side), r'^"?\{\s*\}')),
  ERROR('ML.TFDV_VALIDATE compares statistics of ML.TFDV_DESCRIBE, which have a list `datasets`'), IF(NOT (text_threshold >= 0 AND text_threshold < 1
    AND number_threshold >= 0 AND number_threshold < 1 AND NOT EXISTS (SELECT 1 FROM UNNEST(CAST(own AS ARRAY<STRUCT<column_of STRING, limit_of FLOAT64>>)) AS t WHERE NOT (t.limit_of >= 0 AND t.limit_of < 1))),
  ERROR('thresholds of ML.TFDV_VALIDATE lie from 0 to below 1'), IF(UPPER(kind) IN ('SKEW', 'DRIFT') AND UPPER(text_metric) IN ('L_INFTY', 'JENSEN_SHANNON_DIVERGENCE')
  AND UPPER(number_metric) = 'JENSEN_SHANNON_DIVERGENCE', (SELECT PARSE_JSON(CONCAT(
  '{"anomaly_info":{', IFNULL(STRING_AGG(IF(value > threshold, CONCAT(TO_JSON_STRING(name), ':', TO_JSON_STRING(STRUCT(
    STRUCT([name] AS step) AS path, 'ERROR' AS severity, CONCAT('High ', distance, ' between ', sides) AS short_description,
    CONCAT('The ', distance, ' between ', sides, ' is ', FORMAT('%.6g', value), ' (up to six significant digits), above the threshold ', CAST(threshold AS STRING), '.') AS description,
    [STRUCT(IF(metric = 'L_INFTY', 'COMPARATOR_L_INFTY_HIGH', 'COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH') AS type)] AS reason))), NULL), ',' ORDER BY i), ''),
  '},"anomaly_name_format":"SERIALIZED_PATH","drift_skew_info":[', IFNULL(STRING_AGG(CONCAT('{"path":{"step":[', TO_JSON_STRING(name), ']},"',
    LOWER(kind), '_measurements":[', TO_JSON_STRING(STRUCT(metric AS type, value, threshold)), ']}'), ',' ORDER BY i), ''), ']}'))
 FROM (
  SELECT *, IF(metric = 'L_INFTY', 'Linfty distance', 'approximate Jensen-Shannon divergence') AS distance,
    IF(UPPER(kind) = 'SKEW', 'training and serving', 'current and previous') AS sides
  FROM (
    SELECT i, name, metric, IF(metric = 'L_INFTY', d.l, d.j) AS value, IFNULL((SELECT ANY_VALUE(t.limit_of) FROM UNNEST(CAST(own AS ARRAY<STRUCT<column_of STRING, limit_of FLOAT64>>)) AS t WHERE t.column_of = name), threshold) AS threshold
    FROM (
      SELECT i, name, UPPER(IF(is_text, text_metric, number_metric)) AS metric, IF(is_text, text_threshold, number_threshold) AS threshold,
        TFDV_DISTANCE(ARRAY_CONCAT(TFDV_MASSES(0, a), TFDV_MASSES(1, b))) AS d
      FROM (
        SELECT x.i, x.name, x.f AS a, y.f AS b, JSON_QUERY(x.f, '$.string_stats') IS NOT NULL AS is_text
        FROM (SELECT i, f, IFNULL(JSON_VALUE(f, '$.name'), JSON_VALUE(f, '$.path.step[0]')) AS name FROM UNNEST(JSON_QUERY_ARRAY(base, '$.datasets[0].features')) AS f WITH OFFSET AS i) AS x
        JOIN (SELECT f, IFNULL(JSON_VALUE(f, '$.name'), JSON_VALUE(f, '$.path.step[0]')) AS name FROM UNNEST(JSON_QUERY_ARRAY(study, '$.datasets[0].features')) AS f) AS y ON x.name = y.name
        WHERE (JSON_QUERY(x.f, '$.string_stats') IS NULL) = (JSON_QUERY(y.f, '$.string_stats') IS NULL)
      )
    )
    WHERE d.whole OR metric = 'L_INFTY'
  )
 )),
  ERROR("ML.TFDV_VALIDATE takes 'SKEW' or 'DRIFT', and the metrics 'L_INFTY' or 'JENSEN_SHANNON_DIVERGENCE' of texts and 'JENSEN_SHANNON_DIVERGENCE' of numbers")))))
