SELECT
  IEEE_DIVIDE(SUM(IF(l = {pos}, t, 0)), SUM(IF(l = {pos}, pp, 0))) AS precision,
  IEEE_DIVIDE(SUM(IF(l = {pos}, t, 0)), SUM(IF(l = {pos}, ap, 0))) AS recall,
  SUM(t) / SUM(ap) AS accuracy,
  IF(COUNT(*) = 0, NULL, IFNULL(SAFE_DIVIDE(2 * SUM(IF(l = {pos}, t, 0)), SUM(IF(l = {pos}, pp + ap, 0))), 0)) AS f1_score
