WITH w AS (
  SELECT __g AS g, {dims}__n AS n, CAST({target} AS FLOAT64) AS t, __v AS v FROM p, UNNEST(GENERATE_ARRAY(0, {last})) AS __g, UNNEST([{columns}])
),
x AS (SELECT *, CONCAT(CAST(g AS STRING), TO_JSON_STRING(n){keys}) AS id FROM w),
z AS (SELECT id, g, {names}n, COUNT(*) AS size FROM x GROUP BY id, g, {names}n),
k AS (SELECT id, t, v FROM x WHERE t IS NOT NULL AND v IS NOT NULL),
r AS ({method})
SELECT {segment} AS segment, {shown}{name} AS target_col, n AS corr_col, correlation, size AS segment_size,
  SAFE_DIVIDE(size, (SELECT COUNT(*) FROM p)) AS segment_proportion
FROM z LEFT JOIN r ON z.id = r.id
ORDER BY segment_size DESC, corr_col, g
