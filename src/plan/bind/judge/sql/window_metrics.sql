
  UNION ALL SELECT win, {count} + o, {input}, metric, value, CAST(NULL AS FLOAT64), CAST(NULL AS BOOL)
  FROM ({judged}), UNNEST([{listed}]) WITH OFFSET AS o