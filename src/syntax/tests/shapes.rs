//! The trees that texts become.

use super::accepted;
use crate::data::Scalar;
use crate::syntax::Dialect;
use crate::syntax::ast::{
    Expr, ExprKind, FunctionCall, GroupBy, JoinKind, JoinOn, OrderItem, Over, Parameter, Query, QueryBody,
    Select, SelectItem, StatementKind, SubqueryKind, TableArg, TableExpr, TableExprKind, TypeName,
    TypeNameKind, Window,
};

/// An expression with parentheses around all that groups.
pub(super) fn show(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(value) => value.to_string(),
        ExprKind::Float { value, .. } => Scalar::Float64(*value).to_string(),
        ExprKind::Name(name) => name.text.clone(),
        ExprKind::Field(base, field) => format!("{}.{}", show(base), field.text),
        ExprKind::Parameter(Parameter::Named(name)) => format!("@{name}"),
        ExprKind::Parameter(Parameter::Position(position)) => format!("${position}"),
        ExprKind::Star => "*".into(),
        ExprKind::Default => "default".into(),
        ExprKind::Call(call) => show_call(call),
        ExprKind::Operator { operator, args } if args.len() == 2 => {
            format!("({} {} {})", show(&args[0]), operator.as_str(), show(&args[1]))
        }
        ExprKind::Operator { operator, args } => format!("({}: {})", operator.as_str(), list(args)),
        ExprKind::Element { array, index, access } => {
            format!(
                "{}[{}+{}{}]",
                show(array),
                show(index),
                access.base,
                if access.safe { " safe" } else { "" }
            )
        }
        ExprKind::Cast { value, to, safe, truncate, .. } => {
            let flags = [(*safe, " safe"), (*truncate, " truncate")];
            let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
            format!("cast({} to {}{flags})", show(value), show_type(to))
        }
        ExprKind::Array { element, items } => {
            format!("{}[{}]", element.as_ref().map(show_type).unwrap_or_default(), list(items))
        }
        ExprKind::Struct { data_type, fields } => {
            let fields = fields.iter().map(|(value, name)| match name {
                Some(name) => format!("{} as {}", show(value), name.text),
                None => show(value),
            });
            let data_type = data_type.as_ref().map(show_type).unwrap_or_default();
            format!("{data_type}{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Interval(value, unit) => format!("interval({} {})", show(value), unit.text),
        ExprKind::Extract { part, value, zone } => {
            let zone = zone.as_ref().map(|zone| format!(" in {}", show(zone))).unwrap_or_default();
            format!("extract({} {}{zone})", part.text, show(value))
        }
        ExprKind::Case { operand, branches, otherwise } => {
            let branches = branches.iter().map(|(when, then)| format!(" {}->{}", show(when), show(then)));
            let operand = operand.as_ref().map(|it| show(it)).unwrap_or_default();
            let otherwise = otherwise.as_ref().map(|it| format!(" else {}", show(it))).unwrap_or_default();
            format!("case {operand}{}{otherwise}", branches.collect::<String>())
        }
        ExprKind::Subquery(kind, query) => {
            let kind = match kind {
                SubqueryKind::Scalar => "scalar",
                SubqueryKind::Exists => "exists",
                SubqueryKind::Array => "array",
            };
            format!("{kind}<{}>", show_query(query))
        }
    }
}

fn list(exprs: &[Expr]) -> String {
    exprs.iter().map(show).collect::<Vec<_>>().join(", ")
}

pub(super) fn show_type(name: &TypeName) -> String {
    match &name.kind {
        TypeNameKind::Simple(name) => name.clone(),
        TypeNameKind::Array(element) => format!("array<{}>", show_type(element)),
        TypeNameKind::Struct(fields) => {
            let field = |(name, data_type): &(Option<crate::syntax::ast::Ident>, TypeName)| {
                let name = name.as_ref().map(|it| format!("{} ", it.text)).unwrap_or_default();
                name + &show_type(data_type)
            };
            format!("struct<{}>", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}

fn show_order(items: &[OrderItem]) -> String {
    let item = |item: &OrderItem| {
        let nulls = match item.nulls_first {
            Some(true) => " nulls first",
            Some(false) => " nulls last",
            None => "",
        };
        format!("{}{}{nulls}", show(&item.expr), if item.descending { " desc" } else { "" })
    };
    match items.is_empty() {
        true => String::new(),
        false => format!(" order[{}]", items.iter().map(item).collect::<Vec<_>>().join(", ")),
    }
}

fn show_window(window: &Window) -> String {
    let base = window.base.as_ref().map(|it| it.text.clone()).unwrap_or_default();
    let partition = list(&window.partition_by);
    format!("({base} by[{partition}]{})", show_order(&window.order_by))
}

fn show_call(call: &FunctionCall) -> String {
    let distinct = if call.distinct { "distinct " } else { "" };
    let nulls = match call.ignore_nulls {
        Some(true) => " ignore",
        Some(false) => " respect",
        None => "",
    };
    let having = call
        .having
        .as_ref()
        .map(|(max, it)| format!(" having {} {}", if *max { "max" } else { "min" }, show(it)));
    let having = having.unwrap_or_default();
    let limit = call.limit.as_ref().map(|it| format!(" limit {}", show(it))).unwrap_or_default();
    let over = match &call.over {
        Some(Over::Named(name)) => format!(" over {}", name.text),
        Some(Over::Window(window)) => format!(" over {}", show_window(window)),
        None => String::new(),
    };
    let order = show_order(&call.order_by);
    format!("{}({distinct}{}{nulls}{having}{order}{limit}){over}", call.name.text(), list(&call.args))
}

pub(super) fn show_query(query: &Query) -> String {
    let with = query.with.iter().map(|cte| format!("with {}<{}> ", cte.name.text, show_query(&cte.query)));
    let limit = query.limit.as_ref().map(|it| {
        let offset = it.offset.as_ref().map(|it| format!("+{}", show(it))).unwrap_or_default();
        format!(" limit {}{offset}", show(&it.count))
    });
    let order = show_order(&query.order_by);
    format!("{}{}{order}{}", with.collect::<String>(), show_body(&query.body), limit.unwrap_or_default())
}

fn show_body(body: &QueryBody) -> String {
    match body {
        QueryBody::Select(select) => show_select(select),
        QueryBody::Nested(query) => format!("<{}>", show_query(query)),
        QueryBody::ByName(by_name) => format!("{} by name", show_body(&by_name.body)),
        QueryBody::Union { parts, distinct } => {
            let parts: Vec<_> = parts.iter().map(show_body).collect();
            parts.join(if *distinct { " union distinct " } else { " union " })
        }
        QueryBody::Matching { parts, in_others } => {
            let parts: Vec<_> = parts.iter().map(show_body).collect();
            parts.join(if *in_others { " intersect " } else { " except " })
        }
    }
}

pub(super) fn show_items(items: &[SelectItem]) -> String {
    let items = items.iter().map(|item| match item {
        SelectItem::Star(star) => {
            let except: Vec<_> = star.except.iter().map(|it| it.text.as_str()).collect();
            let replace: Vec<_> =
                star.replace.iter().map(|(it, name)| format!("{}={}", name.text, show(it))).collect();
            let of = star.of.as_ref().map(|it| show(it) + ".").unwrap_or_default();
            format!("{of}*-{}+{}", except.join("-"), replace.join("+"))
        }
        SelectItem::Expr { expr, alias: Some(alias) } => format!("{} as {}", show(expr), alias.text),
        SelectItem::Expr { expr, alias: None } => show(expr),
    });
    items.collect::<Vec<_>>().join(", ")
}

fn show_select(select: &Select) -> String {
    let distinct = if select.distinct { "distinct " } else { "" };
    let mut text = format!("select {distinct}{}", show_items(&select.items));
    let clauses = [("where", &select.filter), ("having", &select.having), ("qualify", &select.qualify)];
    text += &select.from.as_ref().map(|it| format!(" from {}", show_table(it))).unwrap_or_default();
    text += &match &select.group_by {
        None => String::new(),
        Some(GroupBy::All) => " group all".into(),
        Some(GroupBy::Items(items)) => format!(" group {}", list(items)),
        Some(GroupBy::Sets(sets)) => {
            let sets = sets.iter().map(|set| format!("({})", list(set)));
            format!(" sets {}", sets.collect::<Vec<_>>().join(", "))
        }
    };
    for (name, clause) in clauses {
        text += &clause.as_ref().map(|it| format!(" {name} {}", show(it))).unwrap_or_default();
    }
    for (name, window) in &select.windows {
        text += &format!(" window {}{}", name.text, show_window(window));
    }
    text
}

fn show_table(table: &TableExpr) -> String {
    let kind = match &table.kind {
        TableExprKind::Name { path, .. } => {
            path.parts.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join("/")
        }
        TableExprKind::Subquery(query) => format!("<{}>", show_query(query)),
        TableExprKind::Function { name, args } => {
            let args = args.iter().map(|arg| match arg {
                TableArg::Model(path) => format!("model {}", path.text()),
                TableArg::Rows(rows) => show_table(rows),
                TableArg::Expr(expr) => show(expr),
                TableArg::Named(name, value) => format!("{}=>{}", name.text, show(value)),
            });
            format!("{}({})", name.text(), args.collect::<Vec<_>>().join(", "))
        }
        TableExprKind::Pivot(pivot) => {
            let aggregates: Vec<_> = pivot.aggregates.iter().map(|(it, _)| show(it)).collect();
            let values: Vec<_> = pivot.values.iter().map(|(it, _)| show(it)).collect();
            let (aggregates, values) = (aggregates.join(", "), values.join(", "));
            format!("{} pivot {aggregates} for {} in {values}", show_table(&pivot.input), show(&pivot.column))
        }
        TableExprKind::Unpivot(unpivot) => {
            let columns: Vec<_> =
                unpivot.columns.iter().flat_map(|(group, _)| group).map(|it| it.text.as_str()).collect();
            let values: Vec<_> = unpivot.values.iter().map(|it| it.text.as_str()).collect();
            let names = format!("{} {}", values.join(" "), unpivot.name.text);
            format!("{} unpivot {names} in {}", show_table(&unpivot.input), columns.join(", "))
        }
        TableExprKind::Unnest { array, offset, .. } => {
            let offset = offset.as_ref().map(|it| format!(" offset {}", it.name.text)).unwrap_or_default();
            format!("unnest({}{offset})", show(array))
        }
        TableExprKind::Join(join) => {
            let kind = match join.kind {
                JoinKind::Inner => "inner",
                JoinKind::Left => "left",
                JoinKind::Right => "right",
                JoinKind::Full => "full",
                JoinKind::Cross => "cross",
            };
            let on = match &join.on {
                None => String::new(),
                Some(JoinOn::Condition(condition)) => format!(" on {}", show(condition)),
                Some(JoinOn::Using(names)) => {
                    format!(
                        " using {}",
                        names.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(", ")
                    )
                }
            };
            format!("({} {kind} {}{on})", show_table(&join.left), show_table(&join.right))
        }
        TableExprKind::Predict(predict) => {
            let columns = predict.columns.iter().map(|it| {
                let not_null = if it.not_null { " not null" } else { "" };
                format!("{} {}{not_null}", it.name.text, show_type(&it.data_type))
            });
            let columns = columns.collect::<Vec<_>>().join(", ");
            format!("predict({}, {})[{columns}]", show(&predict.model), show_table(&predict.data))
        }
    };
    kind + &table.alias.as_ref().map(|it| format!(" as {}", it.text)).unwrap_or_default()
}

fn query(text: &str, dialect: Dialect) -> String {
    let statement = accepted(text, Some(dialect)).pop().map(|it| it.kind);
    let Some(StatementKind::Query(query)) = statement else { panic!("{statement:?}") };
    show_query(&query)
}

/// Each text beside its tree, `SELECT` left out of both.
fn check(dialect: Dialect, cases: &[(&str, &str)]) {
    for (text, tree) in cases {
        assert_eq!(query(&format!("SELECT {text}"), dialect), format!("select {tree}"), "{text}");
    }
}

#[test]
fn operators_bind_as_in_googlesql() {
    check(
        Dialect::BigQuery,
        &[
            ("1 + 2 * 3 - 4", "((1 + (2 * 3)) - 4)"),
            ("NOT a = 1 OR b AND c", "((NOT: (a = 1)) OR (b AND c))"),
            ("a + 1 IS NOT NULL AND b", "((IS NOT NULL: (a + 1)) AND b)"),
            ("-a * b", "((-x: a) * b)"),
            ("- 9223372036854775808", "-9223372036854775808"),
            ("a || b = c", "((a || b) = c)"),
            ("a OR b OR c AND d AND e OR f", "(OR: a, b, (AND: c, d, e), f)"),
            ("(a OR b) OR c", "((a OR b) OR c)"),
            ("a <> b", "(a != b)"),
            ("a BETWEEN 1 + 1 AND 2 AND b", "((BETWEEN: a, (1 + 1), 2) AND b)"),
            ("a NOT BETWEEN 1 AND 2", "(NOT: (BETWEEN: a, 1, 2))"),
            ("a NOT LIKE 'x' || 'y'", "(NOT: (a LIKE (\"x\" || \"y\")))"),
            ("a IN (1)", "(a IN 1)"),
            ("a IN (1, 2, b + 1)", "(IN: a, 1, 2, (b + 1))"),
            ("a NOT IN UNNEST(b)", "(NOT: (a IN UNNEST b))"),
            ("a IN (SELECT 1)", "(a IN UNNEST array<select 1>)"),
            ("a IN ((SELECT 1))", "(a IN UNNEST array<select 1>)"),
            ("a IN ((SELECT 1), 2)", "(IN: a, scalar<select 1>, 2)"),
            ("a IS NOT TRUE", "(NOT: (IS TRUE: a))"),
            ("a IS FALSE", "(IS FALSE: a)"),
            ("a IS NOT DISTINCT FROM b + 1", "(NOT: (a IS DISTINCT FROM (b + 1)))"),
        ],
    );
}

#[test]
fn literals_are_read() {
    check(
        Dialect::BigQuery,
        &[
            (r"'it\'s'", r#""it's""#),
            (r"r'\d+'", r#""\\d+""#),
            ("\"\"\"a \"b\"\nc\"\"\"", "\"a \\\"b\\\"\\nc\""),
            (r"'\u00e9\x41\101'", "\"éAA\""),
            (r"b'\xff'", r#"b"\xff""#),
            ("0x1F, .5, 1e3", "31, 0.5, 1000"),
            ("DATE '2024-01-31'", "cast(\"2024-01-31\" to DATE)"),
            ("NUMERIC '1.5'", "NUMERIC \"1.5\""),
            ("?, @a, ?, $2", "$0, @a, $1, $1"),
            ("INTERVAL -1 DAY", "interval(-1 DAY)"),
            ("CURRENT_DATE, CURRENT_DATE()", "CURRENT_DATE(), CURRENT_DATE()"),
        ],
    );
}

#[test]
fn expressions_have_the_shapes_of_the_tree() {
    check(
        Dialect::BigQuery,
        &[
            ("a.b.c[OFFSET(1)][SAFE_ORDINAL(2)].d", "a.b.c[1+0][2+1 safe].d"),
            (
                "CAST(a AS STRING(3)), SAFE_CAST(b AS ARRAY<STRUCT<x INT64, STRING>>)",
                "cast(a to STRING), cast(b to array<struct<x INT64, STRING>> safe)",
            ),
            ("ARRAY<STRUCT<a INT64>>[(1)]", "struct<a INT64>[1]"),
            (
                "STRUCT(1, 2 AS b), (1, 2), STRUCT<INT64, b STRING>(1, 'x')",
                "{1, 2 as b}, {1, 2}, struct<INT64, b STRING>{1, \"x\"}",
            ),
            ("CASE a WHEN 1 THEN b ELSE c END", "case a 1->b else c"),
            ("CASE WHEN a THEN b WHEN c THEN d END", "case  a->b c->d"),
            ("EXTRACT(YEAR FROM a)", "extract(YEAR a)"),
            ("EXTRACT(WEEK(MONDAY) FROM a)", "extract(WEEK(MONDAY) a)"),
            ("COUNT(*), COUNT(DISTINCT a)", "COUNT(*), COUNT(distinct a)"),
            (
                "ARRAY_AGG(a IGNORE NULLS ORDER BY b DESC NULLS LAST LIMIT 3)",
                "ARRAY_AGG(a ignore order[b desc nulls last] limit 3)",
            ),
            ("SAFE.LN(a), ML.F(b) OVER ()", "SAFE.LN(a), ML.F(b) over ( by[])"),
            (
                "SUM(a) OVER (w PARTITION BY b ORDER BY c), RANK() OVER w",
                "SUM(a) over (w by[b] order[c]), RANK() over w",
            ),
            (
                "(SELECT 1), EXISTS(SELECT 1), ARRAY(SELECT 1)",
                "scalar<select 1>, exists<select 1>, array<select 1>",
            ),
            (
                "((SELECT 1) + 2), ((SELECT 1) UNION ALL SELECT 2)",
                "(scalar<select 1> + 2), scalar<<select 1> union select 2>",
            ),
        ],
    );
}

#[test]
fn queries_have_the_shapes_of_the_tree() {
    check(
        Dialect::BigQuery,
        &[
            (
                "DISTINCT a AS x, * EXCEPT (b, c) REPLACE (1 AS d), t.*, f(a).*",
                "distinct a as x, *-b-c+d=1, t.*-+, f(a).*-+",
            ),
            (
                "a FROM t WHERE b GROUP BY c, 1 HAVING d QUALIFY e WINDOW w AS (v ORDER BY f), v AS u ORDER BY g LIMIT 1 OFFSET @o",
                "a from t group c, 1 where b having d qualify e window w(v by[] order[f]) window v(u by[]) order[g] limit 1+@o",
            ),
            ("a FROM t GROUP BY ALL", "a from t group all"),
            (
                "1 UNION ALL SELECT 2 UNION ALL (SELECT 3 LIMIT 1) ORDER BY 1",
                "1 union select 2 union <select 3 limit 1> order[1]",
            ),
            ("1 UNION DISTINCT SELECT 2", "1 union distinct select 2"),
            ("1 FROM `p-q.d.t*`, my-project.d.t AS x", "1 from (p-q/d/t* cross my-project/d/t as x)"),
            (
                "1 FROM a JOIN b ON c LEFT JOIN d USING (e, f), g",
                "1 from (((a inner b on c) left d using e, f) cross g)",
            ),
            (
                "1 FROM a JOIN (b FULL JOIN c USING (d)) ON TRUE",
                "1 from (a inner (b full c using d) on TRUE)",
            ),
            (
                "1 FROM UNNEST([1]) AS x WITH OFFSET AS y, UNNEST(z) WITH OFFSET",
                "1 from (unnest([1] offset y) as x cross unnest(z offset offset))",
            ),
            ("1 FROM t LEFT JOIN UNNEST(a) u", "1 from (t left unnest(a) as u on TRUE)"),
            ("1 FROM ((SELECT 1) UNION ALL SELECT 2) AS u", "1 from <<select 1> union select 2> as u"),
            (
                "1 FROM ML.PREDICT(MODEL `a.b`, SELECT 1 FROM t, STRUCT(2 AS c)) p",
                "1 from ML.PREDICT(model a.b, <select 1 from t>, {2 as c}) as p",
            ),
            (
                "1 FROM VECTOR_SEARCH(TABLE d.t, 'c', (SELECT 1), top_k => 2)",
                "1 from VECTOR_SEARCH(d/t, \"c\", <select 1>, top_k=>2)",
            ),
        ],
    );
    assert_eq!(
        query("WITH a AS (SELECT 1), b AS (SELECT 2) (SELECT 3) LIMIT 4", Dialect::BigQuery),
        "with a<select 1> with b<select 2> <select 3> limit 4"
    );
    assert_eq!(query("((SELECT 1))", Dialect::BigQuery), "select 1");
}

#[test]
fn tsql_becomes_the_same_tree() {
    check(
        Dialect::TSql,
        &[
            ("TOP (5) a FROM [dbo].[t b] ORDER BY a", "a from dbo/t b order[a] limit 5"),
            ("x = a + 1, [y z] = 'it''s', N'é' AS 'n'", "(a + (T-SQL) 1) as x, \"it's\" as y z, \"é\" as n"),
            (
                "a / 2 % 3, LEN(a), ISNULL(a, 0), GETDATE(), DATALENGTH(a)",
                "MOD((a / (T-SQL) 2), 3), LEN(a), ISNULL(a, 0), GETDATE(), DATALENGTH(a)",
            ),
            (
                "a FROM t WHERE a NOT LIKE 'x%' ESCAPE '!' ORDER BY a OFFSET 1 ROW",
                "a from t where (NOT: LIKE(a, \"x%\", \"!\")) order[a] limit 4294967295+1",
            ),
            (
                "CHOOSE(a, 'x', 'y'), CONVERT(char(8), a, 112)",
                "case cast(a to int truncate) 1->\"x\" 2->\"y\", cast(CONVERT(a, 112) to char truncate)",
            ),
            (
                "TOP (5) PERCENT WITH TIES a FROM t ORDER BY 1",
                "a from t qualify (RANK() over ( by[] order[a]) <= CEIL(((COUNT(*) over ( by[]) * 5) / 100))) order[1]",
            ),
            (
                "CAST(a AS int), TRY_CAST(a AS varchar(10)), CONVERT([real], a), TRY_CONVERT(varbinary(max), a)",
                "cast(a to int truncate), cast(a to varchar safe truncate), cast(a to real truncate), \
              cast(a to varbinary safe truncate)",
            ),
            ("@a, 0x0aFF, \"q\", [a.b]", "@a, b\"\\n\\xff\", q, a.b"),
            (
                "d.id FROM PREDICT(MODEL = @m, DATA = dbo.t AS d, RUNTIME = ONNX) WITH (s float NOT NULL, [l] nvarchar(9)) AS p",
                "d.id from predict(@m, dbo/t as d)[s float not null, l nvarchar] as p",
            ),
            (
                "1 FROM PREDICT(MODEL = (SELECT 1), DATA = t) WITH (s real) p",
                "1 from predict(scalar<select 1>, t)[s real] as p",
            ),
        ],
    );
    assert_eq!(
        query("SELECT TOP 1 a FROM t UNION SELECT TOP (2) b FROM u", Dialect::TSql),
        "<select a from t limit 1> union distinct <select b from u limit 2>"
    );
}
