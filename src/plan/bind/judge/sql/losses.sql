, (SELECT IF(b.foreign_label, NULL, (
    SELECT IF(LOGICAL_OR(q < -1e-6 OR q > 1 + 1e-6), NULL, -AVG(LN(LEAST(GREATEST(q, 2.220446049250313e-16), 1 - 2.220446049250313e-16))))
    FROM (SELECT s[SAFE_OFFSET(i)] AS q FROM i))) FROM b) AS log_loss,
  (SELECT IF(b.foreign_label, NULL, (SELECT IF(LOGICAL_OR(auc IS NULL) AND NOT IS_NAN(AVG(auc)), NULL, AVG(auc)) FROM u)) FROM b) AS roc_auc
