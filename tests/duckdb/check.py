"""Checks the SQL logic tests against DuckDB, so that expected rows come from another engine.

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python check.py                    # every file that says it is checked
    .venv/bin/python check.py --write FILE …     # fills in the rows of queries that have none yet
    .venv/bin/python check.py --try FILE …       # any file: which of its queries DuckDB answers alike

A file says in its first line that it is checked (`CHECKED` below); then DuckDB runs each of its statements and queries.
`skipif duckdb` over a record takes it out: there the dialects differ, and a comment names the source of its rows.
"""

import argparse
import sys
from pathlib import Path

import duckdb
import sqlglot

import notation
import slt
import translate

TESTS = Path(__file__).resolve().parent.parent
CHECKED = "# Rows are DuckDB's"
LETTERS = {"bigint": "I", "integer": "I", "hugeint": "I", "double": "R", "decimal": "R"}


def connect():
    connection = duckdb.connect()
    connection.execute(translate.PRELUDE)
    iris = TESTS / "fixtures/tables/iris.csv"
    connection.execute(f"CREATE TABLE iris AS SELECT * FROM read_csv('{iris}')")
    return connection


def run(connection, record):
    """What DuckDB answers to the last of the record's statements: the letters of its types, and its rows."""
    for statement in translate.statements(record.text):
        answer = connection.execute(statement)
    letters = "".join(LETTERS.get(column[1].id, "T") for column in answer.description)
    lines = [notation.row(row) for row in answer.fetchall()]
    return letters, sorted(lines) if record.sorted else lines


class Report:
    def __init__(self):
        self.agreed = self.own = self.errors = self.filled = 0
        self.failures = []

    def check(self, path, write):
        records = slt.read(path)
        connection = connect()
        for record in records:
            try:
                self.record(connection, record, write)
            except (AssertionError, duckdb.Error, sqlglot.errors.SqlglotError) as error:
                self.failures.append(f"{path.relative_to(TESTS)}:{record.line}: {record.text}\n    {error}")
        if write:
            slt.write(path, records)

    def record(self, connection, record, write):
        if record.kind == "text":
            return
        if record.kind == "error":
            self.errors += 1
        elif record.skipped:
            self.own += record.kind == "query"
        elif record.kind == "ok":
            run(connection, record)
        elif record.expected is None and write:
            letters, record.expected = run(connection, record)
            record.head[-1] = " ".join(["query", letters, *record.head[-1].split()[1:]])
            self.filled += 1
        else:
            letters, found = run(connection, record)
            expected = [" ".join(line.split()) for line in record.expected or []]
            if record.sorted:
                expected.sort()
            assert (letters, found) == (record.letters, expected), f"DuckDB: {letters} {found}\n    file:   {record.letters} {expected}"
            self.agreed += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--try", dest="all", action="store_true")
    parser.add_argument("files", nargs="*", type=lambda it: Path(it).resolve())
    options = parser.parse_args()
    report = Report()
    for path in options.files or sorted((TESTS / "suite").rglob("*.slt")):
        if options.all or path.read_text().startswith(CHECKED):
            report.check(path, options.write)
    for failure in report.failures:
        print(failure)
    print(
        f"{report.agreed} queries agree with DuckDB, {report.filled} were filled in, {len(report.failures)} differ; "
        f"{report.own} are of BigQuery's dialect alone, {report.errors} are errors"
    )
    sys.exit(bool(report.failures))


if __name__ == "__main__":
    main()
