, {brier} AS brier_score,
  IF(COUNT(*) = 0, NULL, IFNULL(SAFE_DIVIDE(
    SUM(t) * SUM(ap) - SUM(pp * ap),
    SQRT(CAST(SUM(ap) * SUM(ap) - SUM(pp * pp) AS FLOAT64) * (SUM(ap) * SUM(ap) - SUM(ap * ap)))), 0)) AS matthews_corrcoef,
  AVG(SAFE_DIVIDE(t, ap)) AS balanced_accuracy,
  {precision} AS average_precision,
  {top} AS top_5_accuracy
