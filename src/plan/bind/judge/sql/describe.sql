SELECT {name} AS name, (SELECT COUNT(*) FROM p) AS num_rows, (SELECT COUNTIF({value} IS NULL) FROM p) AS num_nulls,
  {zeros} AS num_zeros, {min} AS min, {max} AS max, {mean} AS mean, {stddev} AS stddev, {median} AS median,
  {quantiles} AS quantiles, {unique} AS `unique`, {length} AS avg_string_length, COUNT(*) AS num_values, {top} AS top_values,
  {shortest} AS min_array_length, {longest} AS max_array_length, {average} AS avg_array_length, {total} AS total_array_length,
  {lengths} AS array_length_quantiles, {dimension} AS dimension
FROM ({values})
