"""Runs random queries in PredictQL and in DuckDB and shows where they differ.

    cargo build --example run
    .venv/bin/python fuzz.py --seed 1 --queries 10000       # prints every difference
    .venv/bin/python fuzz.py --seed 7 --record 200          # writes tests/suite/sql/random.slt with DuckDB's rows

An answer of DuckDB to an error of ours is no difference when the error is one that only BigQuery knows: a number out of range.
"""

import argparse
import math
import random
import subprocess
import sys

import duckdb

import check
import notation
import slt
import translate
from generate import Generator

RUN = check.TESTS.parent / "target/debug/examples/run"
RECORDED = check.TESTS / "suite/sql/random.slt"
ON_PURPOSE = ("[out-of-range]", "[division-by-zero]")


class Engine:
    """The example `run`: a statement a line in, its rows out, up to a line of four dashes."""

    def __init__(self, batch_rows):
        self.process = subprocess.Popen([RUN, str(batch_rows)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, sql):
        self.process.stdin.write(sql + "\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline()) != "----\n":
            if not line:
                raise SystemExit(f"PredictQL died of: {sql}")
            lines.append(" ".join(line.split()))
        return lines


def duckdb_rows(connection, sql):
    (statement,) = translate.statements(sql)
    return [notation.row(row) for row in connection.execute(statement).fetchall()]


def alike(ours, theirs):
    return len(ours) == len(theirs) and all(map(line_alike, ours, theirs))


def line_alike(ours, theirs):
    """Sums of floats depend on their order: the last digits may differ."""
    if ours == theirs:
        return True
    ours, theirs = ours.split(" "), theirs.split(" ")
    return len(ours) == len(theirs) and all(word_alike(a, b) for a, b in zip(ours, theirs))


def word_alike(ours, theirs):
    try:
        return ours == theirs or math.isclose(float(ours), float(theirs), rel_tol=1e-9, abs_tol=1e-12)
    except ValueError:
        return False


def compare(seed, count, batch_rows):
    generator = Generator(random.Random(seed))
    engine, connection = Engine(batch_rows), check.connect()
    for statement in generator.setup():
        connection.execute(translate.statements(statement)[0])
        for line in engine.run(statement):
            raise SystemExit(f"{line}: {statement}")
    tally = {"alike": 0, "on purpose": 0, "refused by both": 0, "different": 0}
    for _ in range(count):
        sql = generator.query()
        ours = engine.run(sql)
        failed = bool(ours) and ours[0].startswith("error ")
        try:
            theirs = duckdb_rows(connection, sql)
        except duckdb.Error as error:
            theirs = [f"error {error}"]
        if theirs and theirs[0].startswith("error "):
            kind = "refused by both" if failed else "different"
        elif failed and any(code in ours[0] for code in ON_PURPOSE):
            kind = "on purpose"
        else:
            kind = "alike" if alike(ours, theirs) else "different"
        tally[kind] += 1
        if kind == "different":
            print(f"{sql}\n  ours:   {ours[:12]}\n  DuckDB: {theirs[:12]}\n")
    print(f"seed {seed}: {tally}")
    return tally["different"]


def record(seed, count):
    """Queries whose answers are the same in other versions too: no floats whose last digits could differ."""
    generator = Generator(random.Random(seed))
    connection = check.connect()
    records = [slt.Record(1, [f"{check.CHECKED} (tests/duckdb/fuzz.py --seed {seed} --record {count}): random queries over small tables."])]
    for statement in generator.setup():
        connection.execute(translate.statements(statement)[0])
        records.append(slt.Record(0, ["statement ok"], [statement]))
    found = 0
    while found < count:
        entry = slt.Record(0, ["query"], [generator.query()])
        letters, entry.expected = check.run(connection, entry)
        # A cell of blanks alone cannot be told from none.
        blank = any(cell == " " for row in connection.execute(translate.statements(entry.text)[0]).fetchall() for cell in row)
        if not blank and 0 < len(entry.expected) <= 12 and len(entry.text) < 900 and not any(len(word) > 12 for row in entry.expected for word in row.split()):
            entry.head = [f"query {letters}"]
            records.append(entry)
            found += 1
    slt.write(RECORDED, records)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--record", type=int)
    parser.add_argument("--batch-rows", type=int, default=3, help="few rows a batch find what goes wrong between two of them")
    options = parser.parse_args()
    if options.record:
        record(options.seed, options.record)
    else:
        sys.exit(bool(compare(options.seed, options.queries, options.batch_rows)))


if __name__ == "__main__":
    main()
