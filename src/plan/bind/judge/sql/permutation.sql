WITH x AS (SELECT *, ROW_NUMBER() OVER () AS __row FROM given),
o AS (
  SELECT __row, r, f, ROW_NUMBER() OVER (PARTITION BY r, f ORDER BY FARM_FINGERPRINT(CONCAT('{seed}/', CAST(r AS STRING), '/', CAST(f AS STRING), '/', CAST(__row AS STRING)))) AS __other
  FROM x, UNNEST(GENERATE_ARRAY(1, {repeats})) AS r, UNNEST(GENERATE_ARRAY(0, {last})) AS f
),
c AS (
  SELECT 0 AS __win, {actual}, {names} FROM x
  UNION ALL SELECT o.f * {repeats} + o.r, x.{actual}, {permuted} FROM o JOIN x ON o.__row = x.__row JOIN x AS y ON o.__other = y.__row
),
p AS (SELECT * FROM ML.PREDICT(MODEL {model}, TABLE c)),
s AS ({scores})
SELECT {features}[OFFSET(DIV(win - 1, {repeats}))] AS feature, AVG(whole - score) AS importance_mean, STDDEV_POP(whole - score) AS importance_stddev
FROM s CROSS JOIN (SELECT score AS whole FROM s WHERE win = 0) WHERE win > 0 GROUP BY DIV(win - 1, {repeats})
ORDER BY importance_mean DESC, DIV(win - 1, {repeats})
