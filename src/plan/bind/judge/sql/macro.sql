SELECT
  AVG(IFNULL(SAFE_DIVIDE(t, pp), 0)) AS precision,
  AVG(IFNULL(SAFE_DIVIDE(t, ap), 0)) AS recall,
  SUM(t) / SUM(ap) AS accuracy,
  AVG(2 * t / (pp + ap)) AS f1_score
