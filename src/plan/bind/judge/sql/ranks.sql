l AS (
  SELECT s, c, v, COUNT(*) AS n FROM y GROUP BY s, c, v
  QUALIFY ROW_NUMBER() OVER (PARTITION BY s, c ORDER BY COUNT(*) DESC, v) <= {ranks}
),
