, r AS (
  SELECT g IS NULL AS total, AVG(IF(p, 1, 0)) AS s, IF(COUNT(y) = 0, NULL, IFNULL(SAFE_DIVIDE(COUNTIF(y AND p), COUNTIF(y)), 0)) AS t,
    IF(COUNT(y) = 0, NULL, IFNULL(SAFE_DIVIDE(COUNTIF(NOT y AND p), COUNTIF(NOT y)), 0)) AS f
  FROM d GROUP BY ROLLUP(g)
),
q AS (SELECT r.s, r.t, r.f, o.s AS xs, o.t AS xt, o.f AS xf FROM r CROSS JOIN r AS o WHERE NOT r.total AND o.total),
m AS (SELECT {s} AS sd, {sr} AS sr, {t} AS td, {tr} AS tr, {f} AS fd, {fr} AS fr FROM q)
SELECT sd AS demographic_parity_difference, sr AS demographic_parity_ratio, td AS equal_opportunity_difference,
  tr AS equal_opportunity_ratio, GREATEST(td, fd) AS equalized_odds_difference, LEAST(tr, fr) AS equalized_odds_ratio
FROM m
