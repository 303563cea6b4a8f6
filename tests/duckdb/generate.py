"""Random queries of the ordinary dialect, of which GoogleSQL and DuckDB think alike.

Every query orders its rows by all of its columns, so that its answer is one list. Divisors, and what GREATEST meets, are kept from
being 0 and NULL: there the dialects differ on purpose, and `tests/suite/sql` has what ours does.
"""

TABLES = {
    "t": {"id": "INT64", "a": "INT64", "b": "INT64", "f": "FLOAT64", "g": "FLOAT64", "s": "STRING", "u": "STRING", "p": "BOOL", "d": "DATE"},
    "r": {"id": "INT64", "a": "INT64", "f": "FLOAT64", "s": "STRING", "q": "BOOL", "e": "DATE"},
    "none": {"id": "INT64", "a": "INT64", "s": "STRING"},
}
ROWS = {"t": 40, "r": 15, "none": 0}
STRINGS = ["", "a", "b", "ab", "abc", "B", "zz", "é", "a b", "10", "%", "_x"]
TYPES = ["INT64", "FLOAT64", "STRING", "BOOL", "DATE"]


class Generator:
    def __init__(self, random):
        self.random = random
        self.names = 0

    # Values

    def literal(self, kind, null=0.1):
        if self.random.random() < null:
            return f"CAST(NULL AS {kind})"
        match kind:
            case "INT64":
                return str(self.random.choice([0, 1, 2, 3, -1, -2, 5, 10, 100, -7]))
            case "FLOAT64":
                return str(self.random.choice([0.0, 1.0, -1.0, 0.5, -0.5, 2.25, 10.5, -3.75, 100.125]))
            case "STRING":
                return f"'{self.random.choice(STRINGS)}'"
            case "BOOL":
                return self.random.choice(["TRUE", "FALSE"])
            case "DATE":
                return f"DATE '{self.random.choice([2023, 2024])}-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}'"

    def setup(self):
        """The statements that make the tables."""
        for name, columns in TABLES.items():
            yield f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})"
            rows = []
            for number in range(ROWS[name]):
                values = [self.literal(kind, 0.2) for kind in list(columns.values())[1:]]
                rows.append(f"({', '.join([str(number + 1), *values])})")
            if rows:
                yield f"INSERT INTO {name} VALUES {', '.join(rows)}"

    # Expressions

    def expr(self, kind, scope, depth):
        """`scope` maps what can be named to its type."""
        fitting = [name for name, of in scope.items() if of == kind]
        if fitting and (depth <= 0 or self.random.random() < 0.3):
            return self.random.choice(fitting)
        if depth <= 0 or self.random.random() < 0.1:
            return self.literal(kind)
        return self.random.choice(FORMS["ANY"] + FORMS[kind] * 3)(self, kind, scope, depth - 1)

    def shape(self, template, scope, depth):
        """Fills `{i}`, `{f}`, `{s}`, `{b}`, `{d}`, `{n}`, `{x}` with expressions and `{int}` with a small number."""
        kinds = {"i": "INT64", "f": "FLOAT64", "s": "STRING", "b": "BOOL", "d": "DATE", "n": self.random.choice(["INT64", "FLOAT64"])}
        kinds["x"] = self.random.choice(TYPES)
        parts = template.split("{")
        text = parts[0]
        for part in parts[1:]:
            name, rest = part.split("}", 1)
            text += (str(self.random.randint(1, 3)) if name == "int" else self.expr(kinds[name], scope, depth)) + rest
        return text

    # Queries

    def name(self):
        self.names += 1
        return f"c{self.names}"

    def query(self, depth=2):
        self.names = 0
        text, columns = self.body(depth)
        order = [f"{at + 1}{self.random.choice(['', '', ' DESC', ' NULLS LAST', ' DESC NULLS FIRST'])}" for at in range(len(columns))]
        self.random.shuffle(order)
        limit = f" LIMIT {self.random.randint(0, 8)}" if self.random.random() < 0.2 else ""
        offset = f" OFFSET {self.random.randint(0, 5)}" if limit and self.random.random() < 0.4 else ""
        return f"{text} ORDER BY {', '.join(order)}{limit}{offset}"

    def body(self, depth):
        forms = [self.select] * 4 + [self.grouped] * 3 + [self.windowed] * 2
        if depth > 0:
            forms += [self.union, self.with_query]
        return self.random.choice(forms)(depth)

    def source(self, depth):
        """A FROM clause and what it brings into scope."""
        roll = self.random.random()
        if depth > 0 and roll < 0.2:
            text, columns = self.body(depth - 1)
            alias = f"q{self.name()}"
            return f"FROM ({text}) AS {alias}", {f"{alias}.{name}": kind for name, kind in columns.items()}
        if roll < 0.5:
            return self.join()
        if roll < 0.58:
            return self.unnest()
        table = self.random.choice(["t", "t", "t", "r", "none"])
        return f"FROM {table}", dict(TABLES[table])

    def join(self):
        left, right = self.random.choice(["t", "r", "t", "none"]), self.random.choice(["r", "t", "r", "none"])
        scope = {f"{alias}.{name}": kind for alias, table in (("x", left), ("y", right)) for name, kind in TABLES[table].items()}
        kind = self.random.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"])
        if kind == "CROSS JOIN":
            return f"FROM {left} AS x CROSS JOIN {right} AS y", scope
        shared = [name for name in TABLES[left] if name in TABLES[right]]
        if self.random.random() < 0.2:
            using = self.random.sample(shared, self.random.randint(1, 2))
            rest = {name: of for name, of in scope.items() if name.split(".")[1] not in using}
            return f"FROM {left} AS x {kind} {right} AS y USING ({', '.join(using)})", rest | {name: TABLES[left][name] for name in using}
        column = self.random.choice(shared)
        condition = f"x.{column} = y.{column}"
        if self.random.random() < 0.3:
            condition += " AND " + self.expr("BOOL", scope, 1)
        return f"FROM {left} AS x {kind} {right} AS y ON {condition}", scope

    def unnest(self):
        """Rows out of arrays: written out, or of each row of a table."""
        offset = " WITH OFFSET AS o" if self.random.random() < 0.5 else ""
        kind = self.random.choice(["INT64", "STRING", "FLOAT64"])
        scope = {"v": kind} | ({"o": "INT64"} if offset else {})
        if self.random.random() < 0.5:
            items = ", ".join(self.literal(kind) for _ in range(self.random.randint(1, 6)))
            return f"FROM UNNEST([{items}]) AS v{offset}", scope
        scope |= qualified("x", "r")
        items = ", ".join(self.expr(kind, qualified("x", "r"), 1) for _ in range(2))
        return f"FROM r AS x, UNNEST([{items}]) AS v{offset}", scope

    def where(self, scope, depth):
        if self.random.random() < 0.5:
            return ""
        if depth > 0 and self.random.random() < 0.2:
            kind = self.random.choice(["INT64", "STRING"])
            table = self.random.choice(list(TABLES))
            column = self.random.choice([name for name, of in TABLES[table].items() if of == kind])
            word = self.random.choice(["IN", "NOT IN"])
            inner = f"SELECT z.{column} FROM {table} AS z WHERE {self.expr('BOOL', qualified('z', table), 1)}"
            return f" WHERE {self.expr(kind, scope, 1)} {word} ({inner})"
        return f" WHERE {self.expr('BOOL', scope, 2)}"

    def select(self, depth):
        source, scope = self.source(depth)
        columns, items = {}, []
        for _ in range(self.random.randint(1, 4)):
            kind, name = self.random.choice(TYPES), self.name()
            columns[name] = kind
            items.append(f"{self.expr(kind, scope, 3)} AS {name}")
        if depth > 0 and self.random.random() < 0.15:
            name = self.name()
            columns[name] = "INT64"
            items.append(f"(SELECT {self.aggregate('INT64', qualified('z', 't'))} FROM t AS z) AS {name}")
        distinct = "DISTINCT " if self.random.random() < 0.2 else ""
        return f"SELECT {distinct}{', '.join(items)} {source}{self.where(scope, depth)}", columns

    def grouped(self, depth):
        source, scope = self.source(depth)
        where = self.where(scope, depth)
        columns, items, keys = {}, [], []
        for _ in range(self.random.randint(0, 2)):
            kind, name = self.random.choice(["INT64", "STRING", "BOOL", "DATE"]), self.name()
            columns[name] = kind
            items.append(f"{self.expr(kind, scope, 1)} AS {name}")
            keys.append(self.random.choice([name, str(len(items))]))
        for _ in range(self.random.randint(1, 3)):
            kind, name = self.random.choice(["INT64", "FLOAT64", "STRING", "BOOL"]), self.name()
            columns[name] = kind
            items.append(f"{self.aggregate(kind, scope)} AS {name}")
        text = f"SELECT {', '.join(items)} {source}{where}"
        if keys:
            text += f" GROUP BY {', '.join(keys)}"
        if self.random.random() < 0.3:
            text += f" HAVING {self.aggregate('INT64', scope)} {self.random.choice(['>', '<', '<>'])} {self.random.randint(0, 4)}"
        return text, columns

    def aggregate(self, kind, scope):
        return self.shape(self.random.choice(AGGREGATES[kind]), scope, 1)

    def windowed(self, depth):
        table = self.random.choice(["t", "r", "none"])
        scope = TABLES[table]
        columns, items = {"id": "INT64"}, ["id"]
        for _ in range(self.random.randint(1, 2)):
            kind, name = self.random.choice(["INT64", "FLOAT64", "BOOL"]), self.name()
            columns[name] = kind
            items.append(f"{self.window(kind, scope)} AS {name}")
        text = f"SELECT {', '.join(items)} FROM {table}{self.where(scope, depth)}"
        if self.random.random() < 0.3:
            text += f" QUALIFY {self.window('INT64', scope)} {self.random.choice(['>', '<='])} {self.random.randint(1, 4)}"
        return text, columns

    def window(self, kind, scope):
        function = self.shape(self.random.choice(WINDOWS[kind]), scope, 1)
        parts = []
        if self.random.random() < 0.6:
            parts.append(f"PARTITION BY {self.expr(self.random.choice(['INT64', 'STRING', 'BOOL']), scope, 1)}")
        if function in ("RANK()", "DENSE_RANK()") or self.random.random() < 0.5:
            parts.append(f"ORDER BY {self.expr(self.random.choice(TYPES), scope, 1)}{self.random.choice(['', ' DESC', ' NULLS LAST'])}")
        if function == "ROW_NUMBER()":
            parts = [part for part in parts if not part.startswith("ORDER")] + ["ORDER BY id" + self.random.choice(["", " DESC"])]
        elif "RANK" not in function and self.random.random() < 0.5:
            parts = [part for part in parts if not part.startswith("ORDER")] + [self.frame(scope)]
        return f"{function} OVER ({' '.join(parts)})"

    def frame(self, scope):
        """An order and a frame in it: of rows in the order of their numbers, or of values, which may be equal."""
        kind = self.random.choice(["ROWS", "RANGE"])
        ints = [name for name, kind in scope.items() if kind == "INT64"]
        key = "id" if kind == "ROWS" else self.random.choice(ints)
        start, end = sorted(self.random.randint(-5, 5) for _ in range(2))
        bound = lambda by: f"{abs(by)} {'PRECEDING' if by < 0 else 'FOLLOWING'}" if by else "CURRENT ROW"
        start = self.random.choice([bound(start), bound(start), "UNBOUNDED PRECEDING"])
        end = self.random.choice([bound(end), bound(end), "UNBOUNDED FOLLOWING"])
        return f"ORDER BY {key}{self.random.choice(['', ' DESC'])} {kind} BETWEEN {start} AND {end}"

    def union(self, depth):
        kinds = [self.random.choice(TYPES) for _ in range(self.random.randint(1, 3))]
        columns = {self.name(): kind for kind in kinds}
        parts = []
        for _ in range(self.random.randint(2, 3)):
            source, scope = self.source(depth - 1)
            items = [f"{self.expr(kind, scope, 2)} AS {name}" for name, kind in columns.items()]
            parts.append(f"SELECT {', '.join(items)} {source}{self.where(scope, 0)}")
        return f" UNION {self.random.choice(['ALL', 'DISTINCT'])} ".join(parts), columns

    def with_query(self, depth):
        inner, inside = self.body(depth - 1)
        name = f"w{self.name()}"
        items, columns = [], {}
        for _ in range(self.random.randint(1, 3)):
            kind, column = self.random.choice(TYPES), self.name()
            columns[column] = kind
            items.append(f"{self.expr(kind, inside, 2)} AS {column}")
        return f"WITH {name} AS ({inner}) SELECT {', '.join(items)} FROM {name}{self.where(inside, 0)}", columns


def qualified(alias, table):
    return {f"{alias}.{name}": kind for name, kind in TABLES[table].items()}


def form(template):
    return lambda generator, _kind, scope, depth: generator.shape(template, scope, depth)


def any_form(template):
    """`{k}` is an expression of the type that is asked for."""
    letters = {"INT64": "{i}", "FLOAT64": "{f}", "STRING": "{s}", "BOOL": "{b}", "DATE": "{d}"}
    return lambda generator, kind, scope, depth: generator.shape(template.replace("{k}", letters[kind]), scope, depth)


FORMS = {
    "ANY": [
        any_form(it)
        for it in (
            "CASE WHEN {b} THEN {k} ELSE {k} END",
            "CASE WHEN {b} THEN {k} WHEN {b} THEN {k} END",
            "CASE {i} WHEN {i} THEN {k} ELSE {k} END",
            "IF({b}, {k}, {k})",
            "COALESCE({k}, {k})",
            "IFNULL({k}, {k})",
            "NULLIF({k}, {k})",
        )
    ],
    "INT64": [
        form(it)
        for it in (
            "({i} + {i})",
            "({i} - {i})",
            "({i} * {int})",
            "(- {i})",
            "ABS({i})",
            "SIGN({i})",
            "MOD({i}, {int})",
            "DIV({i}, {int})",
            "LENGTH({s})",
            "STRPOS({s}, 'b')",
            "CAST({b} AS INT64)",
            "CAST(FLOOR({f}) AS INT64)",
            "EXTRACT(MONTH FROM {d})",
            "EXTRACT(YEAR FROM {d})",
            "DATE_DIFF({d}, {d}, DAY)",
            "GREATEST(IFNULL({i}, 0), IFNULL({i}, 1))",
            "LEAST(IFNULL({i}, 0), IFNULL({i}, 1))",
            "[{i}, {i}][OFFSET(1)]",
            "ARRAY_LENGTH([{s}, {s}])",
            "STRUCT({i} AS x, {s} AS y).x",
        )
    ],
    "FLOAT64": [
        form(it)
        for it in (
            "({f} + {n})",
            "({n} - {f})",
            "({f} * {int})",
            "({n} / {int})",
            "(- {f})",
            "ABS({f})",
            "ROUND({f})",
            "FLOOR({f})",
            "CEIL({f})",
            "TRUNC({f})",
            "SQRT(ABS({f}))",
            "CAST({i} AS FLOAT64)",
            "SAFE_DIVIDE({n}, {n})",
            "POW({f}, 2)",
        )
    ],
    "STRING": [
        form(it)
        for it in (
            "({s} || {s})",
            "UPPER({s})",
            "LOWER({s})",
            "TRIM({s})",
            "SUBSTR({s}, {int})",
            "SUBSTR({s}, {int}, {int})",
            "REPLACE({s}, 'a', 'xy')",
            "REVERSE({s})",
            "CAST({i} AS STRING)",
            "CAST({b} AS STRING)",
            "CAST({d} AS STRING)",
            "STRUCT({i} AS x, {s} AS y).y",
        )
    ],
    "BOOL": [
        form(it)
        for it in (
            "({b} AND {b})",
            "({b} OR {b})",
            "(NOT {b})",
            "({n} = {n})",
            "({n} < {n})",
            "({i} >= {n})",
            "({s} = {s})",
            "({s} < {s})",
            "({d} <= {d})",
            "({b} <> {b})",
            "({x} IS NULL)",
            "({x} IS NOT NULL)",
            "({b} IS TRUE)",
            "({b} IS NOT FALSE)",
            "({i} IS DISTINCT FROM {i})",
            "({s} IS NOT DISTINCT FROM {s})",
            "({n} BETWEEN {n} AND {n})",
            "({i} IN ({i}, {i}, 3))",
            "({s} NOT IN ({s}, 'a'))",
            "({i} IN UNNEST([1, 2, 3]))",
            "({s} LIKE 'a%')",
            "({s} NOT LIKE '%b_')",
            "STARTS_WITH({s}, 'a')",
            "ENDS_WITH({s}, {s})",
            "REGEXP_CONTAINS({s}, '^[ab]+$')",
            "EXISTS(SELECT 1 FROM r AS z WHERE z.a = {int})",
        )
    ],
    "DATE": [
        form(it)
        for it in (
            "DATE_ADD({d}, INTERVAL {int} DAY)",
            "DATE_SUB({d}, INTERVAL {int} MONTH)",
            "IF({b}, {d}, {d})",
        )
    ],
}

AGGREGATES = {
    "INT64": ["COUNT(*)", "COUNT({x})", "COUNT(DISTINCT {i})", "COUNTIF({b})", "SUM({i})", "MIN({i})", "MAX({i})", "SUM({i}) - COUNT(*)", "SUM(DISTINCT {i})", "MAX({i} + 1) - MIN({i})"],
    "FLOAT64": ["SUM({f})", "AVG({i})", "AVG({f})", "MIN({f})", "MAX({f})", "ROUND(STDDEV({i}), 6)", "ROUND(VAR_POP({i}), 6)", "SUM({i}) / COUNT(*)"],
    "STRING": ["MIN({s})", "MAX({s})"],
    "BOOL": ["LOGICAL_AND({b})", "LOGICAL_OR({b})", "COUNT(*) > 3", "MIN({i}) IS NULL"],
}

WINDOWS = {
    "INT64": ["ROW_NUMBER()", "RANK()", "DENSE_RANK()", "COUNT(*)", "SUM({i})", "MIN({i})", "MAX({i})", "COUNT({s})"],
    "FLOAT64": ["AVG({i})", "SUM({f})", "MIN({f})", "MAX({f})"],
    "BOOL": ["LOGICAL_AND({b})", "LOGICAL_OR({b})"],
}
