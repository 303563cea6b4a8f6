"""Predictions of a forest over ten million rows of Parquet: the command on one thread and on all, Ballista with two executors in one
process, and Python beside them.

Interleaved rounds; each must give the same counts, but for a row in ten thousand: where two classes have as many trees,
scikit-learn gives the first, as the command does, and onnxruntime the one that its rounding favours. Prints a table, with the
memory that each process took at most.
"""

import os
import statistics
import sys
from pathlib import Path

from timing import timed

ROWS = 10_000_000
TIES = 1e-4
SQL = "SELECT label, COUNT(*) AS n FROM ML.PREDICT(MODEL forest, TABLE flowers) GROUP BY label ORDER BY label"


def main(programs_folder: str, folder: str, model: str, rounds: str = "5") -> None:
    """Measure, and print a table in Markdown."""
    rows = str(Path(folder) / "flowers.parquet")
    query = [SQL, "--model", f"forest={model}", "--table", f"flowers={rows}", "--format", "csv"]
    ours = [str(Path(programs_folder) / "predictql"), *query]
    cluster = [str(Path(programs_folder) / "predictql-cluster"), "run", "--executors", "2", "--parts", "10", *query]
    cores = os.cpu_count() or 1
    peer = [sys.executable, str(Path(__file__).with_name("peer.py")), rows, model]
    programs = {
        "PredictQL, one thread": [*ours, "--threads", "1"],
        f"PredictQL, {cores} threads": [*ours, "--threads", str(cores)],
        "PredictQL on Ballista, two executors": cluster,
        f"pandas and onnxruntime, {cores} cores": peer,
    }
    found = {name: [] for name in programs}
    counts = {}
    for _ in range(int(rounds)):
        for name, command in programs.items():
            seconds, mebibytes, printed = timed(command)
            found[name].append((seconds, mebibytes))
            counts[name] = [int(line.split(",")[1]) for line in printed.splitlines()[1:]]
    first, *others = counts.values()
    for other in others:
        if sum(abs(a - b) for a, b in zip(first, other, strict=True)) > TIES * ROWS:
            sys.exit(f"the programs disagree: {counts}")
    print("| program | seconds | million rows a second | memory, MiB |\n|---|---|---|---|")
    for name, results in found.items():
        seconds = statistics.median(second for second, _ in results)
        mebibytes = max(most for _, most in results)
        print(f"| {name} | {seconds:.2f} | {ROWS / seconds / 1e6:.2f} | {mebibytes:.0f} |")


main(*sys.argv[1:])
