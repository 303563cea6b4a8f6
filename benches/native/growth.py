"""How the cost of a cluster in one process grows with rows, parts and executors: Ballista's overhead, and what it moves.

Each row of the table changes one thing of the one before it that it names. Prints a table in Markdown.
"""

import statistics
import sys
from pathlib import Path

from timing import timed

PREDICTED = "SELECT label, COUNT(*) AS n FROM ML.PREDICT(MODEL forest, TABLE flowers) GROUP BY label ORDER BY label"
COUNTED = "SELECT MOD(id, 1000) AS bucket, COUNT(*) AS n FROM flowers GROUP BY bucket ORDER BY bucket LIMIT 3"
# Every row meets those of its bucket, with two numbers of eight bytes that say where it belongs.
MOVED = "SELECT MOD(id, 1000) AS bucket, AVG(petal_length) AS l FROM flowers GROUP BY bucket ORDER BY bucket LIMIT 3"


def main(programs_folder: str, folder: str, model: str, rounds: str = "3") -> None:
    """Measure, and print a table in Markdown."""
    command = str(Path(programs_folder) / "predictql-cluster")

    def seconds(sql: str, rows: str, parts: int, executors: int) -> float:
        found = []
        for _ in range(int(rounds)):
            table = f"flowers={Path(folder) / rows}.parquet"
            arguments = ["run", "--executors", str(executors), "--parts", str(parts), "--format", "csv"]
            took, _, _ = timed([command, *arguments, sql, "--model", f"forest={model}", "--table", table])
            found.append(took)
        return statistics.median(found)

    small, large = "flowers-1m", "flowers"
    cases = [
        ("nothing but the cluster", "SELECT COUNT(*) FROM flowers WHERE id < 0", small, 1, 2),
        ("predictions", PREDICTED, small, 10, 2),
        ("ten times the rows", PREDICTED, large, 10, 2),
        ("one executor", PREDICTED, large, 10, 1),
        ("four executors", PREDICTED, large, 10, 4),
        ("groups that are counted", COUNTED, small, 10, 2),
        ("ten times the rows", COUNTED, large, 10, 2),
        ("rows that meet", MOVED, small, 10, 2),
        ("ten times the rows", MOVED, large, 10, 2),
        ("rows that meet in 20 parts", MOVED, small, 20, 2),
        ("in 40", MOVED, small, 40, 2),
        ("in 80", MOVED, small, 80, 2),
        ("in 160", MOVED, small, 160, 2),
    ]
    print("| what | million rows | parts | executors | seconds |\n|---|---|---|---|---|")
    for name, sql, rows, parts, executors in cases:
        millions = 10 if rows == large else 1
        print(f"| {name} | {millions} | {parts} | {executors} | {seconds(sql, rows, parts, executors):.2f} |")


main(*sys.argv[1:])
