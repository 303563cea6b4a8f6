//! Random SQL: ordinary queries that grow from a grammar, and texts that no grammar made.

use crate::syntax::Dialect;

/// A small random generator with a fixed seed (xorshift64*).
pub(super) struct Random(u64);

#[cfg_attr(target_family = "wasm", allow(dead_code, reason = "the oracle that needs all of it is native"))]
impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end.max(1)
    }

    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn list(&mut self, depth: usize, item: fn(&mut Self, usize) -> String) -> String {
        let count = 1 + self.below(3);
        (0..count).map(|_| item(self, depth)).collect::<Vec<_>>().join(", ")
    }

    /// An optional clause.
    fn maybe(&mut self, percent: usize, clause: impl FnOnce(&mut Self) -> String) -> String {
        if self.chance(percent) { clause(self) } else { String::new() }
    }

    pub(super) fn query(&mut self, depth: usize) -> String {
        let with = self.maybe(15, |it| format!("WITH w AS ({}) ", it.plain_query(depth / 2)));
        with + &self.plain_query(depth)
    }

    fn plain_query(&mut self, depth: usize) -> String {
        let mut text = self.select(depth);
        if self.chance(15) {
            let sign = self.pick(&[" UNION ALL ", " UNION DISTINCT "]);
            for _ in 0..=self.below(2) {
                text = text + sign + &self.select(depth / 2);
            }
        }
        let order = self.maybe(30, |it| format!(" ORDER BY {}", it.list(depth, Self::order_item)));
        let limit = self.maybe(20, |it| {
            let offset = it.maybe(40, |it| format!(" OFFSET {}", it.below(9)));
            format!(" LIMIT {}{offset}", it.below(100))
        });
        text + &order + &limit
    }

    fn order_item(&mut self, depth: usize) -> String {
        self.expr(depth / 2) + self.pick(&["", " ASC", " DESC", " DESC NULLS LAST", " NULLS FIRST"])
    }

    fn select(&mut self, depth: usize) -> String {
        let items = self.list(depth, Self::item);
        let distinct = self.pick(&["", "", "", "DISTINCT "]);
        let from = format!(" FROM {}", self.tables(depth));
        let filter = self.maybe(40, |it| format!(" WHERE {}", it.expr(depth)));
        let group = self.maybe(25, |it| {
            let having = it.maybe(50, |it| format!(" HAVING {}", it.expr(depth)));
            format!(" GROUP BY {}{having}", it.list(depth / 2, Self::expr))
        });
        let qualify = self.maybe(10, |it| format!(" QUALIFY {} = 1", it.window(depth / 2)));
        format!("SELECT {distinct}{items}{from}{filter}{group}{qualify}")
    }

    fn item(&mut self, depth: usize) -> String {
        match self.below(8) {
            0 => "*".into(),
            1 => "t.*".into(),
            2 => "* EXCEPT (a, b)".into(),
            3 => format!("* REPLACE ({} AS a)", self.expr(depth / 2)),
            _ => self.expr(depth) + self.pick(&["", "", " AS x", " y", " AS `odd name`"]),
        }
    }

    fn tables(&mut self, depth: usize) -> String {
        let mut text = self.table(depth);
        for _ in 0..self.below(3) {
            let right = self.table(depth / 2);
            text += &match self.below(7) {
                0 => format!(", {right}"),
                1 => format!(" CROSS JOIN {right}"),
                2 => format!(" JOIN {right} USING (a, b)"),
                3 => format!(" LEFT JOIN {right} ON {}", self.expr(depth / 2)),
                4 => format!(" INNER JOIN {right} USING (a)"),
                5 => format!(" LEFT OUTER JOIN {right} ON TRUE"),
                _ => format!(" JOIN {right} ON t.a = u.a"),
            };
        }
        text
    }

    fn table(&mut self, depth: usize) -> String {
        let alias = self.pick(&["", " AS t", " u"]);
        match self.below(6) {
            0 if depth > 0 => format!("({}) AS s", self.plain_query(depth / 2)),
            1 => format!("UNNEST({}) AS n", self.array(depth / 2)),
            2 => "UNNEST(a) AS n WITH OFFSET AS o".into(),
            3 => format!("`my-project.d.t`{alias}"),
            4 => format!("d.t{alias}"),
            _ => format!("t{alias}"),
        }
    }

    fn window(&mut self, depth: usize) -> String {
        let function = self.pick(&["ROW_NUMBER()", "RANK()", "SUM(a)", "COUNT(*)", "MAX(t.b)"]);
        let partition = self.maybe(60, |it| format!("PARTITION BY {}", it.list(depth, Self::expr)));
        let order = self.maybe(60, |it| format!(" ORDER BY {}", it.list(depth, Self::order_item)));
        format!("{function} OVER ({})", (partition + &order).trim())
    }

    fn array(&mut self, depth: usize) -> String {
        format!("[{}]", self.list(depth, Self::expr))
    }

    fn comparison(&mut self, depth: usize) -> String {
        let left = self.sum(depth);
        let not = self.pick(&["", "NOT "]);
        match self.below(9) {
            0 => format!("{left} IS {not}NULL"),
            1 => format!("{left} IS {not}TRUE"),
            2 => format!("{left} {not}LIKE '%x_'"),
            3 => format!("{left} {not}BETWEEN {} AND {}", self.sum(depth), self.sum(depth)),
            // A list that starts with a subquery is a query to the other parser.
            4 => format!("{left} {not}IN (1, {})", self.list(depth, Self::sum)),
            5 => format!("{left} {not}IN UNNEST({})", self.array(depth)),
            6 if depth > 0 => format!("{left} {not}IN ({})", self.plain_query(depth / 3)),
            _ => left + " " + self.pick(&["=", "!=", "<>", "<", "<=", ">", ">="]) + " " + &self.sum(depth),
        }
    }

    fn sum(&mut self, depth: usize) -> String {
        if depth == 0 || self.chance(50) {
            return self.value(depth);
        }
        let sign = self.pick(&["+", "-", "*", "/", "||"]);
        self.value(depth - 1) + " " + sign + " " + &self.value(depth - 1)
    }

    pub(super) fn expr(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.value(0);
        }
        match self.below(6) {
            0 => self.comparison(depth - 1) + self.pick(&[" AND ", " OR "]) + &self.comparison(depth - 1),
            1 => self.comparison(depth - 1),
            // Nor does it read a call behind NOT.
            2 => format!("NOT ({})", self.comparison(depth - 1)),
            3 => self.window(depth - 1),
            _ => self.sum(depth),
        }
    }

    fn value(&mut self, depth: usize) -> String {
        let leaf = self.pick(&[
            "a",
            "t.b",
            "`c d`",
            "1",
            "2.5",
            "1e3",
            "'text'",
            "\"text\"",
            "NULL",
            "TRUE",
            "@p",
            "b'x'",
            "-3",
            "r'\\d'",
            "DATE '2024-02-29'",
            "TIMESTAMP '2024-02-29 12:00:00'",
            "CURRENT_DATE()",
            "s.f.g",
        ]);
        if depth == 0 || self.chance(40) {
            return leaf.into();
        }
        let next = depth - 1;
        match self.below(13) {
            0 => format!("({})", self.expr(next)),
            1 => {
                format!("CAST({} AS {})", self.expr(next), self.pick(&["INT64", "STRING", "ARRAY<FLOAT64>"]))
            }
            2 => format!("SAFE_CAST({} AS FLOAT64)", self.expr(next)),
            3 => {
                format!("CASE WHEN {} THEN {} ELSE {} END", self.expr(next), self.expr(next), self.expr(next))
            }
            4 => format!("CASE {} WHEN {} THEN {} END", self.sum(next), self.sum(next), self.expr(next)),
            5 => format!(
                "{}({})",
                self.pick(&["ABS", "CONCAT", "SAFE.LN", "ML.F", "IF"]),
                self.list(next, Self::expr)
            ),
            6 => format!("{}(DISTINCT {})", self.pick(&["COUNT", "SUM"]), self.expr(next)),
            7 => format!("ARRAY_AGG({} IGNORE NULLS ORDER BY a LIMIT 3)", self.expr(next)),
            8 => self.array(next),
            9 => format!("{}[{}]", self.array(next), self.pick(&["0", "OFFSET(1)", "SAFE_ORDINAL(2)"])),
            10 => format!("STRUCT({} AS x, {})", self.expr(next), self.expr(next)),
            11 => format!("EXTRACT(YEAR FROM {leaf})"),
            _ => format!("({})", self.plain_query(next / 2)),
        }
    }

    /// Words and signs without sense.
    pub(super) fn soup(&mut self, dialect: Dialect) -> String {
        let words: &[&str] = &[
            "SELECT",
            "FROM",
            "WHERE",
            "GROUP",
            "BY",
            "ORDER",
            "LIMIT",
            "JOIN",
            "ON",
            "USING",
            "(",
            ")",
            "(",
            ")",
            ",",
            "*",
            "AS",
            "a",
            "t",
            "1",
            "'x'",
            "[",
            "]",
            "{",
            "}",
            "@p",
            "?",
            "@{",
            "UNNEST",
            "WITH",
            "OFFSET",
            "CASE",
            "WHEN",
            "THEN",
            "END",
            "CAST",
            "STRUCT",
            "<",
            ">",
            ">>",
            "ARRAY",
            "CREATE",
            "MODEL",
            "TABLE",
            "OPTIONS",
            "=",
            "=>",
            "IN",
            "NOT",
            "NULL",
            "IS",
            "BETWEEN",
            "AND",
            "OR",
            "LIKE",
            "UNION",
            "ALL",
            "EXPLAIN",
            "DECLARE",
            "SET",
            "INSERT",
            "INTO",
            "VALUES",
            ";",
            ".",
            "+",
            "-",
            "||",
            "|>",
            "EXISTS",
            "OVER",
            "PARTITION",
            "INTERVAL",
            "DATE",
            "EXTRACT",
            "TOP",
            "PREDICT",
            "DATA",
            "RUNTIME",
            "ONNX",
            "GO",
            "ML.PREDICT",
            "EXCEPT",
            "REPLACE",
            "é",
            "'",
            "\"",
            "`",
            "/*",
            "--",
            "0x",
            "1.",
            "$1",
            "@@x",
            "\\",
            "\n",
            "IDENTITY",
            "TRANSFORM",
            "INPUT",
            "QUALIFY",
            "WINDOW",
            "SELCT",
            "!",
        ];
        let count = 1 + self.below(40);
        let glue = if dialect == Dialect::TSql { " " } else { self.pick(&[" ", "", " "]) };
        (0..count).map(|_| self.pick(words)).collect::<Vec<_>>().join(glue)
    }

    /// `text` with a few characters or words taken out, doubled or put elsewhere.
    pub(super) fn mutated(&mut self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(3) {
            let (from, len) = (self.below(chars.len()), 1 + self.below(8));
            let piece: Vec<char> = chars.iter().skip(from).take(len).copied().collect();
            match self.below(3) {
                0 => drop(chars.splice(from..(from + len).min(chars.len()), [])),
                1 => drop(chars.splice(from..from, piece)),
                _ => {
                    let to = self.below(chars.len());
                    drop(chars.splice(to..to, piece));
                }
            }
        }
        chars.into_iter().collect()
    }
}
