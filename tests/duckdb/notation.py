"""Values in the notation of the SQL test files, which is that of `tests/it/host.rs`."""

import datetime
import decimal
import math

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def text(value):
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case float():
            return number(value)
        case decimal.Decimal():
            return number(float(value))
        case "":
            return "(empty)"
        case bytes():
            return "0x" + "".join(escape(byte) for byte in value)
        case datetime.datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
            return f"{(aware - EPOCH) // datetime.timedelta(microseconds=1)} us"
        case datetime.date():
            return f"day {(value - EPOCH.date()).days}"
        case list():
            return "[" + ", ".join(map(text, value)) + "]"
        case tuple():
            return "(" + ", ".join(map(text, value)) + ")"
        case dict():
            return "(" + ", ".join(map(text, value.values())) + ")"
        case _:
            return str(value)


def number(value):
    """The shortest digits that read back as the same number, never with an exponent."""
    if not math.isfinite(value):
        return {math.inf: "inf", -math.inf: "-inf"}.get(value, "NaN")
    digits = format(decimal.Decimal(repr(value)), "f")
    return digits.removesuffix(".0")


def escape(byte):
    special = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}
    return special.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")


def row(values):
    """A line of an expected block: columns with one space between, runs of blanks as one."""
    return " ".join(" ".join(map(text, values)).split())
