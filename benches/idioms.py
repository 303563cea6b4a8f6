"""Times the queries of idioms.sql in DuckDB with one thread, over the rows that `cargo bench --bench idioms` has left.

Needs `duckdb` and `pyarrow`. Prints the processor's milliseconds of the best of three runs, until the rows are an Arrow table.
"""

import pathlib
import sys
import time

import duckdb
import pyarrow as pa

here = pathlib.Path(__file__).resolve().parent
database = duckdb.connect()
database.execute("SET threads = 1")
for name in ["t", "a", "m0", "n"]:
    with pa.ipc.open_stream(str(here.parent / f"target/idioms/{name}.arrow")) as stream:
        rows = stream.read_all()
    database.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")

for line in (here / "idioms.sql").read_text().splitlines():
    if line.startswith("--") or any(word not in line for word in sys.argv[1:]):
        continue
    ours, _, sql = line.partition(" ## ")
    best = float("inf")
    for _ in range(3):
        if not line.startswith("SELECT"):
            database.execute("CREATE OR REPLACE TABLE m AS SELECT * FROM m0")
        start = time.process_time()
        result = database.execute(sql or ours)
        count = len(result.to_arrow_table())
        best = min(best, time.process_time() - start)
    print(f"{best * 1e3:8.1f} ms {count:8} rows  {ours}", flush=True)
