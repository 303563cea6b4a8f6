WITH x AS (SELECT *, ROW_NUMBER() OVER () AS __row FROM p),
b AS ({background}),
q AS (
  SELECT * FROM ML.PREDICT(MODEL {model}, TABLE x{threshold}) AS q {join}
),
s AS (SELECT * FROM ML.SHARES(MODEL {model}, ({rows}){way})),
y AS (SELECT x.{output}, x.__row, {class} AS __k, {place} AS __p, {sign} AS __s, s.__shares, s.__base FROM q AS x JOIN s ON x.__row = s.__row),
a AS (
  SELECT __row AS i, __k AS k, f, __s * __shares[OFFSET(__p * {count} + f)] AS a FROM y, UNNEST(GENERATE_ARRAY(0, {count} - 1)) AS f
),
u AS (SELECT __row AS i, __k AS k, 0 AS m, __s * __base[OFFSET(__p)] AS v FROM y UNION ALL SELECT __row, __k, 1, {whole} FROM y)
