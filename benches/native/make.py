"""Ten million flowers as Parquet, in row groups as pyarrow makes them, and a million: what the native engine is measured over."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

ROWS = 10_000_000
RANGES = {
    "sepal_length": (4.3, 7.9),
    "sepal_width": (2.0, 4.4),
    "petal_length": (1.0, 6.9),
    "petal_width": (0.1, 2.5),
}


def main(folder: Path) -> None:
    """Write `flowers.parquet`, and its first tenth as `flowers-1m.parquet`."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    columns = {name: random.uniform(low, high, ROWS).round(2) for name, (low, high) in RANGES.items()}
    table = pa.table({"id": np.arange(ROWS), **columns})
    parquet.write_table(table, folder / "flowers.parquet")
    # As many row groups as the most parts that it is divided into: none is unpacked twice.
    parquet.write_table(table.slice(0, ROWS // 10), folder / "flowers-1m.parquet", row_group_size=ROWS // 10 // 160)


main(Path(sys.argv[1]))
