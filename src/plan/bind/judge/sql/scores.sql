, i AS (
  SELECT d.s, c.i FROM d LEFT JOIN (SELECT l, i FROM UNNEST({classes}) AS l WITH OFFSET AS i) AS c ON d.y = c.l
),
x AS (SELECT c, v, c = i AS hit FROM i, UNNEST(s) AS v WITH OFFSET AS c {one}),
u AS (SELECT ML.ROC_AUC(v, hit) AS auc, ML.AVERAGE_PRECISION(v, hit) AS ap FROM x GROUP BY c),
b AS (
  SELECT IF(LOGICAL_AND(i IS NULL), ERROR({foreign}), IFNULL(LOGICAL_OR(i IS NULL), FALSE)) AS foreign_label FROM i
)
