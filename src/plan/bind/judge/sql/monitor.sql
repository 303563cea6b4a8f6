d AS (SELECT *, {bucket} AS __start FROM p WHERE {time} IS NOT NULL),
windows AS (SELECT __start, ROW_NUMBER() OVER (ORDER BY __start) - 1 AS __win, COUNT(*) AS __rows FROM d GROUP BY __start),
study AS (SELECT d.*, __win FROM d JOIN windows USING (__start)),
base AS ({base}),
