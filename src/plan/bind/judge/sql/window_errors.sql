WITH {pairs}, e AS (SELECT win, y, p, y - p AS e FROM d)
SELECT win, AVG(ABS(e)) AS mean_absolute_error, AVG(e * e) AS mean_squared_error,
  CASE WHEN COUNT(*) = 1 THEN CAST('NaN' AS FLOAT64)
    WHEN VAR_POP(y) = 0 THEN IF(SUM(e * e) = 0, 1.0, 0.0)
    ELSE 1 - SUM(e * e) / (VAR_POP(y) * COUNT(*)) END AS r2_score,
  IF(VAR_POP(y) = 0, IF(VAR_POP(e) = 0, 1.0, 0.0), 1 - VAR_POP(e) / VAR_POP(y)) AS explained_variance
FROM e GROUP BY win
