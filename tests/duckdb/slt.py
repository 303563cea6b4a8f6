"""Reads and writes the files of SQL logic tests: blocks of lines, with a blank line between two records."""

import re
from dataclasses import dataclass, field


@dataclass
class Record:
    """One block. `kind` is `query`, `ok`, `error` or `text` (comments and settings of the runner)."""

    line: int
    head: list = field(default_factory=list)  # comments, conditions, and the line `query …` or `statement …`
    sql: list = field(default_factory=list)
    expected: list | None = None

    @property
    def kind(self):
        words = self.head[-1].split() if self.head else []
        return {("query",): "query", ("statement",): words[1] if len(words) > 1 else ""}.get(tuple(words[:1]), "text")

    @property
    def skipped(self):
        """The record is of BigQuery's dialect alone."""
        return "skipif duckdb" in self.head

    @property
    def sorted(self):
        return "rowsort" in self.head[-1].split()

    @property
    def letters(self):
        """The types of the columns: I, R or T each."""
        words = self.head[-1].split()
        return words[1] if len(words) > 1 and words[1] != "rowsort" else ""

    @property
    def text(self):
        return "\n".join(self.sql)

    def lines(self):
        return self.head + self.sql + ([] if self.expected is None else ["----", *self.expected])


def read(path):
    records = []
    number = 1
    for block in re.split(r"\n\s*\n", path.read_text().rstrip("\n")):
        records.append(parse(block.split("\n"), number))
        number += block.count("\n") + 2
    return records


def parse(lines, number):
    record = Record(number)
    for line in lines:
        if record.expected is not None:
            record.expected.append(line)
        elif record.kind == "text":
            record.head.append(line)
            record.line = number
        elif line == "----":
            record.expected = []
        else:
            record.sql.append(line)
        number += 1
    return record


def write(path, records):
    path.write_text("\n\n".join("\n".join(record.lines()) for record in records) + "\n")
