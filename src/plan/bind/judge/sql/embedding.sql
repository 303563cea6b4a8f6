SELECT
  ml_generate_embedding_result,
  IF(content IS NULL, NULL, JSON_OBJECT('token_count', __tokens, 'truncated', __is_cut)) AS ml_generate_embedding_statistics,
  IF(content IS NULL, 'INVALID_ARGUMENT: content is NULL', '') AS ml_generate_embedding_status{kept}
FROM __embedded
