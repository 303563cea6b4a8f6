, (SELECT IF(b.foreign_label, NULL, (
    SELECT IF(LOGICAL_OR(q < -1e-6 OR q > 1 + 1e-6), NULL, -AVG(LN(LEAST(GREATEST(q, 2.220446049250313e-16), 1 - 2.220446049250313e-16))))
    FROM (SELECT s[SAFE_OFFSET(i)] AS q FROM i))) FROM b) AS log_loss,
  (SELECT CASE WHEN b.foreign_label THEN NULL WHEN b.broken THEN CAST('NaN' AS FLOAT64) ELSE (
    SELECT IF(MIN(np) = 0 OR MIN(nn) = 0, NULL, AVG(SAFE_DIVIDE(r / 2 - np * (np + 1) / 2, CAST(np AS FLOAT64) * nn)))
    FROM u) END FROM b) AS roc_auc
