, (SELECT loss FROM u) AS log_loss,
  (SELECT IF(LOGICAL_OR(a IS NULL) AND NOT IS_NAN(AVG(a)), NULL, AVG(a)) FROM u, UNNEST(auc) AS a) AS roc_auc