COUNT(DISTINCT v) AS `unique`, {mean_length} AS avg_length, ARRAY(
  SELECT AS STRUCT v AS value, COUNT(*) AS frequency FROM y WHERE c = {c} GROUP BY v ORDER BY COUNT(*) DESC, v LIMIT {top}
) AS top_values, STRUCT(ARRAY(
  SELECT AS STRUCT r - 1 AS low_rank, r - 1 AS high_rank, v AS label, CAST(n AS FLOAT64) AS sample_count
  FROM (SELECT v, n, ROW_NUMBER() OVER (ORDER BY n DESC, v) AS r FROM l WHERE c = {c}) ORDER BY r
) AS buckets) AS rank_histogram
FROM y WHERE c = {c}
