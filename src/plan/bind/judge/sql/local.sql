, t AS (
  SELECT i, k, ARRAY_AGG(STRUCT({features}[OFFSET(f)] AS feature, a AS attribution) ORDER BY ABS(a) DESC, f LIMIT {top}) AS t FROM a GROUP BY i, k
),
e AS (SELECT i, k, ANY_VALUE(IF(m = 0, v, NULL)) AS base, ANY_VALUE(IF(m = {full}, v, NULL)) AS value FROM u GROUP BY i, k)
SELECT {front} t.t AS top_feature_attributions, e.base AS baseline_prediction_value, e.value AS prediction_value,
  0.0 AS approximation_error, {evaluations} AS num_evaluations, {passed}
FROM q AS __q JOIN e ON __q.__row = e.i JOIN t ON __q.__row = t.i ORDER BY __q.__row
