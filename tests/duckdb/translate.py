"""GoogleSQL as DuckDB reads it.

sqlglot knows most of the way: names of types and functions, quoting, where NULLs sort, `[OFFSET(i)]`, `QUALIFY`.
The rest stands here, since equal words would mean something else:

- An integer literal is INT64 and `1.5` is FLOAT64; DuckDB would take INTEGER and DECIMAL.
- `UNNEST` names its element, counts from 0, and spreads a struct into columns.
- A date plus days is a date.
- `ARRAY_AGG(… LIMIT n)` and the functions of `PRELUDE`.
"""

import sqlglot
from sqlglot import exp

PRELUDE = """
SET TimeZone = 'UTC';
SET integer_division = false;
CREATE MACRO ieee_divide(a, b) AS CAST(a AS DOUBLE) / CAST(b AS DOUBLE);
CREATE MACRO generate_array(a, b, step := 1) AS generate_series(a, b, step);
"""

# Places where a number is part of the syntax and no value.
SYNTAX = (exp.Limit, exp.Offset, exp.Group, exp.Ordered, exp.Bracket, exp.DataTypeParam, exp.Interval, exp.Window)


def statements(sql):
    return [translated(tree) for tree in sqlglot.parse(sql, read="bigquery") if tree]


def translated(tree):
    for rule in (number_literals, element, unnest, array_agg_limit, count_if, date_arithmetic):
        tree = tree.transform(rule)
    return tree.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)


def number_literals(node):
    if isinstance(node.parent, SYNTAX) or "decimals" in (node.arg_key, node.parent and node.parent.arg_key):
        return node
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        return number(f"-{node.this.this}")
    return number(node.this) if isinstance(node, exp.Literal) and not node.is_string else node


def number(digits):
    """The literal with its type said, and in quotes so that it has none before."""
    return exp.cast(exp.Literal.string(digits), "BIGINT" if digits.lstrip("-").isdigit() else "DOUBLE")


def element(node):
    """DuckDB counts from 1. sqlglot shifts literals only."""
    if isinstance(node, exp.Bracket) and node.args.get("offset") == 0 and not isinstance(node.expressions[0], exp.Literal):
        node = node.copy()
        node.set("expressions", [exp.Add(this=exp.paren(node.expressions[0]), expression=exp.Literal.number(1))])
        node.set("offset", 1)
    return node


def unnest(node):
    if not isinstance(node, exp.Unnest) or not isinstance(node.parent, (exp.From, exp.Join)):
        return node
    array = node.expressions[0].sql(dialect="duckdb")
    alias, columns, offset = node.args.get("alias"), [], node.args.get("offset")
    name = next((it.name for it in (alias.columns if alias else [])), None) or (alias.name if alias else "")
    structs = any(isinstance(it, exp.Struct) for it in node.expressions[0].expressions[:1])
    if structs:
        columns.append(f"unnest({array}, max_depth := 2)")
    else:
        columns.append(f'unnest({array}) AS "{name}"' if name else f"unnest({array})")
    if offset:
        columns.append(f'generate_subscripts({array}, 1) - 1 AS "{getattr(offset, "name", "") or "offset"}"')
    query = sqlglot.parse_one(f"SELECT {', '.join(columns)}", read="duckdb")
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(name)) if name and structs else None)


def array_agg_limit(node):
    if isinstance(node, exp.ArrayAgg) and isinstance(node.this, exp.Limit):
        limit = node.this
        node = node.copy()
        node.set("this", limit.this.copy())
        return exp.func("list_slice", node, exp.Literal.number(1), limit.expression.copy())
    return node


def count_if(node):
    """Without rows it is 0, and not NULL."""
    if isinstance(node, exp.CountIf):
        return exp.Count(this=exp.Case().when(node.this.copy(), exp.Literal.number(1)))
    return node


def date_arithmetic(node):
    if isinstance(node, (exp.DateAdd, exp.DateSub)):
        return exp.Cast(this=node.copy(), to=exp.DataType.build("DATE"))
    return node
