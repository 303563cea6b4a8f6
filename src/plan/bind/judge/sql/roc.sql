WITH {pairs},
g AS (SELECT s[OFFSET({k})] AS v, COUNTIF(y = {pos}) AS np, COUNT(*) AS n FROM d GROUP BY v),
t AS (SELECT DISTINCT t FROM UNNEST({thresholds}) AS t),
m AS (SELECT v, np, n, FALSE AS cut FROM g UNION ALL SELECT t, 0, 0, TRUE FROM t),
w AS (
  SELECT v, cut, SUM(np) OVER (ORDER BY v DESC) AS tp, SUM(n) OVER (ORDER BY v DESC) AS pp,
    SUM(np) OVER () AS p, SUM(n) OVER () AS n
  FROM m
)
SELECT v AS threshold, {columns} FROM w WHERE cut ORDER BY v
