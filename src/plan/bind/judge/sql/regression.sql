WITH {pairs}, e AS (SELECT y, p, y - p AS e FROM d)
SELECT
  AVG(ABS(e)) AS mean_absolute_error,
  AVG(e * e) AS mean_squared_error,
  IF(LOGICAL_OR(y <= -1 OR p <= -1), NULL, AVG(IF(y <= -1 OR p <= -1, NULL, POW(LN(1 + y) - LN(1 + p), 2)))) AS mean_squared_log_error,
  IF(LOGICAL_OR(e <> e), CAST('NaN' AS FLOAT64), (SELECT PERCENTILE_CONT(ABS(e), 0.5) OVER () FROM e LIMIT 1)) AS median_absolute_error,
  CASE WHEN COUNT(*) = 1 THEN CAST('NaN' AS FLOAT64)
    WHEN VAR_POP(y) = 0 THEN IF(SUM(e * e) = 0, 1.0, 0.0)
    ELSE 1 - SUM(e * e) / (VAR_POP(y) * COUNT(*)) END AS r2_score,
  IF(VAR_POP(y) = 0, IF(VAR_POP(e) = 0, 1.0, 0.0), 1 - VAR_POP(e) / VAR_POP(y)) AS explained_variance{more}
FROM e
