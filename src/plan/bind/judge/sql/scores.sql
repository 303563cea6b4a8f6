, i AS (
  SELECT d.s, c.i FROM d LEFT JOIN (SELECT l, i FROM UNNEST({classes}) AS l WITH OFFSET AS i) AS c ON d.y = c.l
),
x AS (SELECT c, v, c = i AS hit FROM i, UNNEST(s) AS v WITH OFFSET AS c {one}),
g AS (SELECT c, v, COUNTIF(hit) AS np, COUNT(*) AS n FROM x GROUP BY c, v),
u AS (
  SELECT c, SUM(np * (2 * low - n + 1)) AS r, SUM(np) AS np, SUM(n - np) AS nn, SUM(np * tp / pp) AS ap
  FROM (
    SELECT *, SUM(n) OVER (PARTITION BY c ORDER BY v) AS low,
      SUM(np) OVER (PARTITION BY c ORDER BY v DESC) AS tp, SUM(n) OVER (PARTITION BY c ORDER BY v DESC) AS pp
    FROM g
  )
  GROUP BY c
),
b AS (SELECT IFNULL(LOGICAL_OR(i IS NULL), FALSE) AS foreign_label, (SELECT LOGICAL_OR(IS_NAN(v)) FROM g) AS broken FROM i)
