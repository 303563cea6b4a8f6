"""What people write in Python for the same: Parquet in batches by pyarrow, pandas, onnxruntime on all cores, counts by label."""

import sys

import onnxruntime
import pandas as pd
import pyarrow.parquet as parquet

BATCH = 65_536
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def main(rows: str, model: str) -> None:
    """Print the counts of each label, as CSV."""
    session = onnxruntime.InferenceSession(model)
    inputs = session.get_inputs()
    labels = session.get_outputs()[0].name
    counts = pd.Series(dtype="int64")
    for batch in parquet.ParquetFile(rows).iter_batches(BATCH, columns=COLUMNS):
        frame = batch.to_pandas().astype("float32")
        if len(inputs) == 1:
            feed = {inputs[0].name: frame.to_numpy()}
        else:
            feed = {it.name: frame[[it.name]].to_numpy() for it in inputs}
        (found,) = session.run([labels], feed)
        counts = counts.add(pd.Series(found.ravel()).value_counts(), fill_value=0)
    print("label,n")
    for label, count in counts.astype("int64").sort_index().items():
        print(f"{label},{count}")


main(*sys.argv[1:])
