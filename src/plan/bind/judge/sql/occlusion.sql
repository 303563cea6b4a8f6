WITH x AS (SELECT *, ROW_NUMBER() OVER () AS __row FROM p),
q AS (
  SELECT * FROM ML.PREDICT(MODEL {model}, TABLE x{threshold}) AS q {join}
),
s AS (SELECT __row, __k, {score} AS __s FROM (SELECT x.__row, {class} AS __k, x.{output} FROM q AS x)),
g AS (
  SELECT x.__row, x.{image}.dimensions[OFFSET(0)] AS h, x.{image}.dimensions[OFFSET(1)] AS w, LEAST({grid}, x.{image}.dimensions[OFFSET(0)]) AS m,
    LEAST({grid}, x.{image}.dimensions[OFFSET(1)]) AS n
  FROM x WHERE x.{image} IS NOT NULL
),
b AS (
  SELECT __row, m, n, i, j, DIV(i * h, m) AS top, DIV(j * w, n) AS `left`, DIV((i + 1) * h, m) AS bottom, DIV((j + 1) * w, n) AS `right`
  FROM g, UNNEST(GENERATE_ARRAY(0, m - 1)) AS i, UNNEST(GENERATE_ARRAY(0, n - 1)) AS j
),
c AS (
  SELECT s.__row, s.__k, s.__s, b.m AS __m, b.n AS __n, b.i AS __i, b.j AS __j, {others}
    ML.COVER_IMAGE(x.{image}, b.top, b.`left`, b.bottom - b.top, b.`right` - b.`left`) AS {image}
  FROM x JOIN s ON x.__row = s.__row JOIN b ON x.__row = b.__row
),
t AS (
  SELECT __row, ANY_VALUE(__m) AS m, ANY_VALUE(__n) AS n, ARRAY_AGG(__s - {score} ORDER BY __i, __j) AS v FROM ML.PREDICT(MODEL {model}, TABLE c) GROUP BY __row
)
SELECT {front} IF(t.m IS NULL, NULL, STRUCT([t.m, t.n] AS dimensions, t.v AS `values`)) AS image_attributions, s.__s AS prediction_value, {passed}
FROM q AS __q JOIN s ON __q.__row = s.__row LEFT JOIN t ON __q.__row = t.__row ORDER BY __q.__row
