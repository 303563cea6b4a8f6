//! The trees of statements that are no queries.

use std::sync::Arc;

use super::accepted;
use super::shapes::{show, show_items, show_query, show_type};
use crate::syntax::Dialect;
use crate::syntax::ast::{
    ColumnDef, Ident, InsertSource, ModelAction, Options, Path, Query, SetValue, Statement, StatementKind,
};

fn names(idents: &[Ident]) -> String {
    idents.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Parts with slashes between them: dots may stand within a part.
fn path(path: &Path) -> String {
    path.parts.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join("/")
}

fn columns(columns: &[ColumnDef]) -> String {
    let column = |it: &ColumnDef| {
        let identity =
            it.identity.map(|(first, step)| format!(" from {first} by {step}")).unwrap_or_default();
        let not_null = if it.not_null { " not null" } else { "" };
        format!("{} {}{not_null}{identity}", it.name.text, show_type(&it.data_type))
    };
    format!("[{}]", columns.iter().map(column).collect::<Vec<_>>().join(", "))
}

fn options(options: &Options) -> String {
    let item = |it: &crate::syntax::ast::NamedExpr| format!("{}={}", it.name.text, show(&it.value));
    format!("({})", options.items.iter().map(item).collect::<Vec<_>>().join(", "))
}

fn query(query: Option<&Query>) -> String {
    query.map(|it| format!("<{}>", show_query(it))).unwrap_or_default()
}

fn statements(all: &[Arc<Statement>]) -> String {
    all.iter().map(|it| statement(it)).collect::<Vec<_>>().join("; ")
}

fn statement(statement: &Statement) -> String {
    match &statement.kind {
        StatementKind::Query(it) => query(Some(it)),
        StatementKind::CreateTable(it) => {
            format!(
                "table {:?} {} {}{}",
                it.on_existing,
                path(&it.name),
                columns(&it.columns),
                query(it.query.as_deref())
            )
        }
        StatementKind::CreateView(it) => {
            format!(
                "view {:?} {} [{}]{}",
                it.on_existing,
                path(&it.name),
                names(&it.columns),
                query(Some(&it.query))
            )
        }
        StatementKind::CreateModel(it) => {
            let transform = it.transform.as_ref().map(|it| show_items(&it.items)).unwrap_or_default();
            let (inputs, outputs) = (columns(&it.inputs), columns(&it.outputs));
            let rest = options(&it.options) + &query(it.query.as_deref());
            format!("model {:?} {} {transform}{inputs}{outputs}{rest}", it.on_existing, path(&it.name))
        }
        StatementKind::CreateExternalTable(it) => {
            format!(
                "external {:?} {} {}{}",
                it.on_existing,
                path(&it.name),
                columns(&it.columns),
                options(&it.options)
            )
        }
        StatementKind::AlterModel(it) => {
            let action = match &it.action {
                ModelAction::SetOptions(given) => options(given),
                ModelAction::SetBaseline(_) => " baseline".into(),
                ModelAction::DropBaseline => " drop baseline".into(),
                ModelAction::AddVersion(add) => {
                    let number = add.version.as_ref().map_or("next", |number| &number.text);
                    format!(" add {number}{}", options(&add.options))
                }
                ModelAction::SetAlias(alias) => format!(" alias {}", alias.text),
                ModelAction::UnsetAlias(alias) => {
                    format!(" unset {}", alias.as_ref().map_or("it", |alias| &alias.text))
                }
                ModelAction::RollBack(alias) => format!(" rollback {}", alias.text),
                ModelAction::SetDefault(version) => format!(" default {}", version.text),
                ModelAction::DropVersion(version) => format!(" drop {}", version.text),
                ModelAction::Rename(name) => format!(" rename {}", path(name)),
            };
            format!("alter {} {}{action}", it.if_exists, path(&it.name))
        }
        StatementKind::AlterTable(it) => {
            format!("alter table {} {} {:?}", it.if_exists, path(&it.name), it.actions.len())
        }
        StatementKind::Change(it) => format!("{} {} {:?}", it.verb, path(&it.table), it.branches.len()),
        StatementKind::CreateFunction(it) => {
            let params: Vec<_> = it.params.iter().map(|(name, _)| name.text.as_str()).collect();
            format!("function {:?} {} {}", it.on_existing, path(&it.name), params.join(", "))
        }
        StatementKind::CreateProcedure(it) => {
            let params = it.params.iter().map(|it| {
                let data_type = it.data_type.as_ref().map(show_type).unwrap_or_default();
                format!("{:?} {} {data_type}", it.mode, it.name.text)
            });
            let body = statements(&it.body.statements);
            let params = params.collect::<Vec<_>>().join(", ");
            format!("procedure {:?} {} [{params}] [{}]", it.on_existing, path(&it.name), body)
        }
        StatementKind::Call(it) => {
            let args: Vec<_> = it.args.iter().map(|(value, _)| show(value)).collect();
            format!("call {} ({})", path(&it.name), args.join(", "))
        }
        StatementKind::Branch(it) => {
            format!("branch {} {} else {}", it.verb, show(&it.condition), it.otherwise)
        }
        StatementKind::Print(value) => format!("print {}", show(value)),
        StatementKind::Execute(it) => format!("execute {} into [{}]", show(&it.text), names(&it.into)),
        StatementKind::Jump(target) => format!("jump {target}"),
        StatementKind::Ignored(verb) => (*verb).to_owned(),
        StatementKind::Insert(it) => {
            let source = match &it.source {
                InsertSource::Query(it) => query(Some(it)),
                InsertSource::Defaults => "defaults".into(),
                InsertSource::Values(rows) => {
                    let row = |row: &Vec<_>| row.iter().map(show).collect::<Vec<_>>().join(", ");
                    rows.iter().map(|it| format!("({})", row(it))).collect()
                }
            };
            format!("insert {} [{}]{source}", path(&it.table), names(&it.columns))
        }
        StatementKind::Drop(it) => format!("drop {:?} {} {}", it.kind, it.if_exists, path(&it.name)),
        StatementKind::Declare(it) => {
            let data_type = it.data_type.as_ref().map(show_type).unwrap_or_default();
            let value = it.value.as_ref().map(show).unwrap_or_default();
            format!("declare {} {data_type}={value}", names(&it.names))
        }
        StatementKind::Set(it) => {
            let value = match &it.value {
                SetValue::Expr(value) => show(value),
                SetValue::OnlyRow(query) => format!("only {}", show_query(query)),
                SetValue::LastRow(query) => format!("last {}", show_query(query)),
            };
            format!("set {} {value}", names(&it.names))
        }
        StatementKind::Explain(it) => format!("explain {} {}", it.analyze, self::statement(&it.statement)),
        StatementKind::Export(it) => format!("export {}{}", options(&it.options), query(Some(&it.query))),
        StatementKind::Describe(it) => format!("describe {:?} {}", it.kind, path(&it.name)),
        StatementKind::Show(kind) => format!("show {kind:?}"),
        StatementKind::ShowVersions(model) => format!("show versions {}", path(model)),
    }
}

fn check(dialect: Dialect, cases: &[(&str, &str)]) {
    for (text, tree) in cases {
        let statements = accepted(text, Some(dialect));
        let shown: Vec<_> = statements.iter().map(statement).collect();
        assert_eq!(shown.join("; "), *tree, "{text}");
    }
}

#[test]
fn statements_have_the_shapes_of_the_tree() {
    check(
        Dialect::BigQuery,
        &[
            (
                "CREATE TABLE d.t (a INT64 NOT NULL, b ARRAY<STRING>)",
                "table Fail d/t [a INT64 not null, b array<STRING>]",
            ),
            ("CREATE OR REPLACE TEMP TABLE t AS SELECT 1", "table Replace t []<select 1>"),
            (
                "EXPORT DATA WITH CONNECTION a.b OPTIONS (uri = 'x', overwrite = TRUE) AS SELECT 1",
                "export (uri=\"x\", overwrite=TRUE)<select 1>",
            ),
            (
                "CREATE TABLE IF NOT EXISTS `p-q.d.t` (a INT64) AS (SELECT 1)",
                "table Keep p-q/d/t [a INT64]<select 1>",
            ),
            ("CREATE OR REPLACE VIEW v (x, y) AS SELECT 1, 2", "view Replace v [x y]<select 1, 2>"),
            (
                "CREATE MODEL m TRANSFORM (a + 1 AS b, *) INPUT (x FLOAT64) OUTPUT (y FLOAT64) \
                 OPTIONS (MODEL_TYPE = 'ONNX', uris = ['a']) AS SELECT 1",
                "model Fail m (a + 1) as b, *-+[x FLOAT64][y FLOAT64](MODEL_TYPE=\"ONNX\", uris=[\"a\"])<select 1>",
            ),
            (
                "CREATE EXTERNAL TABLE IF NOT EXISTS t (a INT64) WITH CONNECTION `x.y` OPTIONS (max_staleness = INTERVAL 1 DAY)",
                "external Keep t [a INT64](max_staleness=interval(1 DAY))",
            ),
            ("ALTER MODEL m ADD VERSION 3 OPTIONS (a = 1)", "alter false m add 3(a=1)"),
            ("ALTER MODEL m ADD VERSION OPTIONS (a = 1)", "alter false m add next(a=1)"),
            ("ALTER MODEL m VERSION 3 SET ALIAS = my-champion", "alter false m@3 alias my-champion"),
            ("ALTER MODEL d.m@3 SET ALIAS champion", "alter false d/m@3 alias champion"),
            ("ALTER MODEL m VERSION champion UNSET ALIAS", "alter false m@champion unset it"),
            ("ALTER MODEL m UNSET ALIAS champion", "alter false m unset champion"),
            ("ALTER MODEL m ROLLBACK ALIAS champion", "alter false m rollback champion"),
            ("ALTER MODEL m SET DEFAULT_VERSION = '2'", "alter false m default 2"),
            ("ALTER MODEL m DROP VERSION 2", "alter false m drop 2"),
            ("ALTER MODEL IF EXISTS m RENAME TO d.n", "alter true m rename d/n"),
            ("ALTER MODEL IF EXISTS m SET OPTIONS (a = NULL)", "alter true m(a=NULL)"),
            ("INSERT INTO t (a, b) VALUES (1, 2), (3, NULL)", "insert t [a b](1, 2)(3, NULL)"),
            ("INSERT t (SELECT 1)", "insert t []<select 1>"),
            (
                "DROP EXTERNAL TABLE IF EXISTS d.t; DROP VIEW v",
                "drop ExternalTable true d/t; drop View false v",
            ),
            (
                "DECLARE a, b INT64 DEFAULT 1; DECLARE c DEFAULT 2; DECLARE d STRING(3)",
                "declare a b INT64=1; declare c =2; declare d STRING=",
            ),
            ("SET a = 1; SET (a, b) = (1, 2)", "set a 1; set a b {1, 2}"),
            (
                "EXPLAIN ANALYZE SELECT 1; EXPLAIN DROP MODEL m",
                "explain true <select 1>; explain false drop Model false m",
            ),
            (
                "DESCRIBE t; DESC MODEL a.b; DESCRIBE model",
                "describe None t; describe Some(Model) a/b; describe None model",
            ),
            ("SHOW MODELS; SHOW TABLES", "show Model; show Table"),
        ],
    );
}

#[test]
fn tsql_statements_become_the_same_tree() {
    check(
        Dialect::TSql,
        &[
            (
                "CREATE TABLE [dbo].[t] ([id] [int] IDENTITY(5,2) NOT NULL PRIMARY KEY, [a.b] [varbinary](max) NULL, \
                 CONSTRAINT pk PRIMARY KEY CLUSTERED ([id] ASC)) ON [PRIMARY]",
                "table Fail t [id int not null from 5 by 2, a.b varbinary]",
            ),
            ("CREATE OR ALTER VIEW v AS SELECT 1", "view Replace v []<select 1>"),
            (
                "DECLARE @a INT = 1, @b AS float SET @a = 2 SELECT @a INSERT INTO t VALUES (@b)",
                "declare a INT=1; declare b float=; set a 2; <select @a>; insert t [](@b)",
            ),
        ],
    );
}

/// The place of a statement is its text, whatever stands around it.
#[test]
fn statements_know_their_place() {
    let text = " /* é */ SELECT 1 ;\n  DROP TABLE t -- end";
    let places: Vec<_> = accepted(text, None).iter().map(|it| it.span.of(text)).collect();
    assert_eq!(places, ["SELECT 1", "DROP TABLE t"]);
}
