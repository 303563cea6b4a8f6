d AS (SELECT *, {bucket} AS __start{grouped} FROM p WHERE {time} IS NOT NULL{is_grouped}),
windows AS (SELECT __start{group}, ROW_NUMBER() OVER (ORDER BY __start{group}) - 1 AS __win, COUNT(*) AS __rows FROM d GROUP BY __start{group}),
study AS (SELECT d.*, __win FROM d JOIN windows USING (__start{group})),
base AS ({base}),
