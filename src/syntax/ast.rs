//! The tree of a SQL text. Every node carries its span; names are as written.

use std::sync::Arc;

use crate::data::Scalar;
use crate::diag::Span;
use crate::syntax::{Handler, SqlOperator};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) kind: StatementKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StatementKind {
    Query(Box<Query>),
    CreateTable(CreateTable),
    CreateView(CreateView),
    CreateModel(CreateModel),
    CreateExternalTable(CreateExternalTable),
    Export(Export),
    AlterModel(AlterModel),
    AlterTable(AlterTable),
    Insert(Insert),
    /// UPDATE, DELETE, TRUNCATE and MERGE.
    Change(Box<Change>),
    CreateFunction(CreateFunction),
    CreateProcedure(Arc<CreateProcedure>),
    Call(Call),
    /// A statement that has no effect here; in words.
    Ignored(&'static str),
    Branch(Branch),
    /// Go on with the statement of this number; with none where it is beyond the last.
    Jump(usize),
    Execute(Execute),
    /// T-SQL's PRINT.
    Print(Expr),
    Drop(Drop),
    Declare(Declare),
    Set(SetVariables),
    Explain(Explain),
    Describe(Describe),
    /// `SHOW MODELS`, `SHOW TABLES`.
    Show(ObjectKind),
    /// `SHOW VERSIONS IN MODEL name`.
    ShowVersions(Path),
}

impl StatementKind {
    /// Whether tables, views or models may be others afterwards.
    pub(crate) fn changes_catalog(&self) -> bool {
        !matches!(
            self,
            Self::Query(_)
                | Self::Export(_)
                | Self::Declare(_)
                | Self::Set(_)
                | Self::Explain(_)
                | Self::Describe(_)
                | Self::Show(_)
                | Self::ShowVersions(_)
                | Self::Ignored(_)
                | Self::Branch(_)
                | Self::Jump(_)
                | Self::Print(_)
        )
    }

    /// Whether the log has it; what only steers a script is left out.
    pub(crate) fn is_job(&self) -> bool {
        !matches!(
            self,
            Self::Declare(_)
                | Self::Set(_)
                | Self::Ignored(_)
                | Self::Branch(_)
                | Self::Jump(_)
                | Self::Call(_)
                | Self::Execute(_)
                | Self::Print(_)
        )
    }

    /// The keywords that name the statement, `AS SELECT` included where it makes its object out of rows.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Query(_) => "SELECT",
            Self::CreateTable(create) => match (create.on_existing, &create.query) {
                (OnExisting::Replace, None) => "CREATE OR REPLACE TABLE",
                (OnExisting::Replace, Some(_)) => "CREATE OR REPLACE TABLE AS SELECT",
                (_, None) => "CREATE TABLE",
                (_, Some(_)) => "CREATE TABLE AS SELECT",
            },
            Self::CreateView(create) => match create.on_existing {
                OnExisting::Replace => "CREATE OR REPLACE VIEW",
                OnExisting::Fail | OnExisting::Keep => "CREATE VIEW",
            },
            Self::CreateModel(create) => match (create.on_existing, &create.query) {
                (OnExisting::Replace, None) => "CREATE OR REPLACE MODEL",
                (OnExisting::Replace, Some(_)) => "CREATE OR REPLACE MODEL AS SELECT",
                (_, None) => "CREATE MODEL",
                (_, Some(_)) => "CREATE MODEL AS SELECT",
            },
            Self::CreateExternalTable(create) => match create.on_existing {
                OnExisting::Replace => "CREATE OR REPLACE EXTERNAL TABLE",
                OnExisting::Fail | OnExisting::Keep => "CREATE EXTERNAL TABLE",
            },
            Self::Export(_) => "EXPORT DATA",
            Self::AlterModel(_) => "ALTER MODEL",
            Self::AlterTable(_) => "ALTER TABLE",
            Self::Insert(_) => "INSERT",
            Self::Change(change) => change.verb,
            Self::CreateFunction(_) => "CREATE FUNCTION",
            Self::CreateProcedure(_) => "CREATE PROCEDURE",
            Self::Call(_) => "CALL",
            Self::Ignored(verb) => verb,
            Self::Branch(branch) => branch.verb,
            Self::Jump(_) => "GOTO",
            Self::Execute(_) => "EXECUTE IMMEDIATE",
            Self::Print(_) => "PRINT",
            Self::Drop(drop) => match drop.kind {
                ObjectKind::Model => "DROP MODEL",
                ObjectKind::Table => "DROP TABLE",
                ObjectKind::ExternalTable => "DROP EXTERNAL TABLE",
                ObjectKind::View => "DROP VIEW",
                ObjectKind::Function => "DROP FUNCTION",
                ObjectKind::Procedure => "DROP PROCEDURE",
            },
            Self::Declare(_) => "DECLARE",
            Self::Set(_) => "SET",
            Self::Explain(_) => "EXPLAIN",
            Self::Describe(_) => "DESCRIBE",
            Self::Show(_) | Self::ShowVersions(_) => "SHOW",
        }
    }
}

/// One part of a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ident {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// A table's, model's or function's name: parts with dots between them, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub(crate) parts: Vec<Ident>,
    pub(crate) span: Span,
}

impl Path {
    /// The parts with dots between them.
    pub(crate) fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".")
    }

    /// The last part.
    pub(crate) fn last(&self) -> Option<&Ident> {
        self.parts.last()
    }
}

/// What to do when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnExisting {
    Fail,
    Replace,
    Keep,
}

/// `EXPORT DATA OPTIONS (…) AS query`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Export {
    pub(crate) options: Options,
    pub(crate) query: Box<Query>,
}

/// `CREATE TABLE`: columns, or a query, or both.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateTable {
    pub(crate) name: Path,
    pub(crate) on_existing: OnExisting,
    pub(crate) columns: Vec<ColumnDef>,
    pub(crate) query: Option<Box<Query>>,
    /// Clauses that change no result: PARTITION BY, CLUSTER BY, OPTIONS.
    pub(crate) ignored: Vec<(&'static str, Span)>,
    /// The columns that they name.
    pub(crate) named: Vec<Ident>,
}

/// A column of a table that is created, or of T-SQL's `PREDICT … WITH`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnDef {
    pub(crate) name: Ident,
    pub(crate) data_type: TypeName,
    pub(crate) not_null: bool,
    /// T-SQL's `IDENTITY(first, step)`.
    pub(crate) identity: Option<(i64, i64)>,
    /// `DEFAULT value`: what rows get that are inserted without a value.
    pub(crate) default: Option<Expr>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateView {
    pub(crate) name: Path,
    pub(crate) on_existing: OnExisting,
    /// New names for the query's columns; empty for its own.
    pub(crate) columns: Vec<Ident>,
    pub(crate) query: Box<Query>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateModel {
    pub(crate) name: Path,
    /// `VERSION n`.
    pub(crate) version: Option<Ident>,
    pub(crate) on_existing: OnExisting,
    /// `INPUT (…)` and `OUTPUT (…)`, which XGBoost models may declare.
    pub(crate) inputs: Vec<ColumnDef>,
    pub(crate) outputs: Vec<ColumnDef>,
    /// `TRANSFORM (…)`.
    pub(crate) transform: Option<Transform>,
    pub(crate) options: Options,
    pub(crate) query: Option<Box<Query>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transform {
    pub(crate) items: Vec<SelectItem>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlterModel {
    /// The model, perhaps with a version.
    pub(crate) name: Path,
    pub(crate) if_exists: bool,
    pub(crate) action: ModelAction,
}

/// What changes about a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ModelAction {
    SetOptions(Options),
    /// `SET BASELINE FROM rows`.
    SetBaseline(TableExpr),
    DropBaseline,
    /// `ADD VERSION [n] …`: what follows is that of CREATE MODEL.
    AddVersion(Box<CreateModel>),
    /// `SET ALIAS = alias`.
    SetAlias(Ident),
    /// `UNSET ALIAS [alias]`: without one that which names the version.
    UnsetAlias(Option<Ident>),
    /// `ROLLBACK ALIAS alias`.
    RollBack(Ident),
    /// `SET DEFAULT_VERSION = version`.
    SetDefault(Ident),
    /// `DROP VERSION version`.
    DropVersion(Ident),
    /// `RENAME TO name`.
    Rename(Path),
}

/// `ALTER TABLE [IF EXISTS] name action, …`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlterTable {
    pub(crate) name: Path,
    pub(crate) if_exists: bool,
    pub(crate) actions: Vec<TableAction>,
}

/// What changes about a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TableAction {
    /// `ADD COLUMN [IF NOT EXISTS] column`.
    Add { column: Box<ColumnDef>, if_missing: bool },
    /// `DROP COLUMN [IF EXISTS] name`.
    Drop { name: Ident, if_exists: bool },
    /// `RENAME COLUMN [IF EXISTS] name TO new_name`.
    Rename { name: Ident, to: Ident, if_exists: bool },
    /// `RENAME TO name`.
    RenameTable(Path),
    /// `ALTER COLUMN name SET DEFAULT value`, `DROP DEFAULT`.
    Default(Ident, Option<Box<Expr>>),
    /// `ALTER COLUMN name SET DATA TYPE type`.
    Retype(Ident, TypeName),
    /// `ALTER COLUMN name DROP NOT NULL`.
    Nullable(Ident),
    /// `SET OPTIONS (…)`, of the table or of a column, which changes no result.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateExternalTable {
    pub(crate) name: Path,
    pub(crate) on_existing: OnExisting,
    pub(crate) columns: Vec<ColumnDef>,
    pub(crate) options: Options,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Insert {
    pub(crate) table: Path,
    /// Empty for all columns in order.
    pub(crate) columns: Vec<Ident>,
    pub(crate) source: InsertSource,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InsertSource {
    Values(Vec<Vec<Expr>>),
    /// T-SQL's `DEFAULT VALUES`: one row without values.
    Defaults,
    Query(Box<Query>),
}

/// Rows of a table that are changed, deleted or added.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The keyword that it begins with.
    pub(crate) verb: &'static str,
    pub(crate) table: Path,
    pub(crate) alias: Option<Ident>,
    /// `USING` of MERGE, `FROM` of UPDATE.
    pub(crate) source: Option<TableExpr>,
    /// Which rows belong together; of UPDATE and DELETE which rows are meant. All where there is none.
    pub(crate) on: Option<Expr>,
    pub(crate) branches: Vec<ChangeBranch>,
}

/// `WHEN [NOT] MATCHED [AND condition] THEN action`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChangeBranch {
    pub(crate) on: ChangeRows,
    pub(crate) condition: Option<Expr>,
    pub(crate) action: ChangeAction,
    pub(crate) span: Span,
}

/// Which rows a branch is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeRows {
    Matched,
    /// Rows of the source alone.
    NotMatched,
    /// Rows of the table alone.
    NotMatchedBySource,
}

/// What the numbers of a table's rows are called while it is changed; nobody can write it.
pub(crate) const ROW: &str = "$row";

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ChangeAction {
    /// Columns, or fields of them behind dots, and their values.
    Update(Vec<(Path, Expr)>),
    Delete,
    Insert {
        /// Empty for all columns in order.
        columns: Vec<Ident>,
        /// Empty for `INSERT ROW`: the source's columns.
        values: Vec<Expr>,
    },
}

/// `CREATE FUNCTION name(a INT64, b ANY TYPE) [RETURNS type] AS (expression)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateFunction {
    pub(crate) name: Path,
    pub(crate) on_existing: OnExisting,
    pub(crate) params: Vec<(Ident, Option<TypeName>)>,
    pub(crate) returns: Option<TypeName>,
    pub(crate) body: Expr,
}

/// `CREATE PROCEDURE name(OUT a INT64) BEGIN … END`; T-SQL's `CREATE PROCEDURE name @a int OUTPUT AS …`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateProcedure {
    pub(crate) name: Path,
    pub(crate) on_existing: OnExisting,
    pub(crate) params: Vec<ProcedureParam>,
    /// Whether its statements are checked before it is called: not with `strict_mode = FALSE`.
    pub(crate) is_strict: bool,
    pub(crate) body: ProcedureBody,
}

/// The statements of a procedure; jumps and handlers count from its first one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProcedureBody {
    pub(crate) statements: Vec<Arc<Statement>>,
    pub(crate) handlers: Arc<[Handler]>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProcedureParam {
    pub(crate) mode: ParamMode,
    pub(crate) name: Ident,
    /// `None` for ANY TYPE.
    pub(crate) data_type: Option<TypeName>,
    /// What it is where a call leaves it out, which only T-SQL allows.
    pub(crate) default: Option<Expr>,
}

/// Which way the value of a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParamMode {
    In,
    Out,
    InOut,
}

/// `CALL name(a, b)`; T-SQL's `EXEC name @x = a`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: Path,
    /// Values, and in T-SQL the names of the parameters that get them.
    pub(crate) args: Vec<(Expr, Option<Ident>)>,
}

impl Call {
    /// The value for the parameter of this number.
    pub(crate) fn argument(&self, number: usize, param: &ProcedureParam) -> Option<&Expr> {
        let named = |name: &Ident| name.text.eq_ignore_ascii_case(&param.name.text);
        let given = self.args.iter().find(|(_, name)| name.as_ref().is_some_and(named));
        let placed = self.args.get(number).filter(|(_, name)| name.is_none());
        given.or(placed).map(|(value, _)| value)
    }
}

/// `DECLARE a, b INT64 DEFAULT 1`; T-SQL's `DECLARE @a INT = 1` names its variables without the sign.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declare {
    pub(crate) names: Vec<Ident>,
    pub(crate) data_type: Option<TypeName>,
    pub(crate) value: Option<Expr>,
    /// Whether it may stand for a variable that there is already: in a loop it comes again and again.
    pub(crate) again: bool,
    /// The numbers of the block's statements that see the variable; `None` for all that follow.
    pub(crate) block: Option<std::ops::Range<usize>>,
}

/// Goes on with the next statement where the condition is TRUE, else with that of the number `otherwise`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    /// The keyword that it belongs to.
    pub(crate) verb: &'static str,
    pub(crate) condition: Expr,
    pub(crate) otherwise: usize,
}

/// `EXECUTE IMMEDIATE text [INTO a, b] [USING x, y AS name]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Execute {
    pub(crate) text: Expr,
    pub(crate) into: Vec<Ident>,
    /// Values, and the names of the parameters that get them.
    pub(crate) using: Vec<(Expr, Option<Ident>)>,
}

/// `SET a = 1`, `SET (a, b) = (1, 2)`, T-SQL's `SELECT @a = x, @b = y FROM …`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SetVariables {
    pub(crate) names: Vec<Ident>,
    pub(crate) value: SetValue,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SetValue {
    Expr(Expr),
    /// A column for each variable: its value in the last row. Without rows variables keep their values.
    LastRow(Box<Query>),
    /// A column for each variable, of one row at most; NULL without a row.
    OnlyRow(Box<Query>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Explain {
    pub(crate) analyze: bool,
    pub(crate) statement: Box<Statement>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Describe {
    /// `None` where neither MODEL nor TABLE is written: tables go first.
    pub(crate) kind: Option<ObjectKind>,
    pub(crate) name: Path,
}

/// `OPTIONS(…)`; the span is that of the statement's name where the clause is missing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    pub(crate) items: Vec<NamedExpr>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Model,
    Table,
    ExternalTable,
    View,
    Function,
    Procedure,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drop {
    pub(crate) kind: ObjectKind,
    pub(crate) name: Path,
    pub(crate) if_exists: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) with: Vec<Cte>,
    pub(crate) body: QueryBody,
    pub(crate) order_by: Vec<OrderItem>,
    /// `LIMIT`, and T-SQL's `TOP`.
    pub(crate) limit: Option<Limit>,
    pub(crate) span: Span,
}

impl Query {
    /// The query without any clause around its body.
    pub(crate) fn of(body: QueryBody, span: Span) -> Self {
        Self { with: Vec::new(), body, order_by: Vec::new(), limit: None, span }
    }

    /// One SELECT alone.
    pub(crate) fn of_select(select: Select) -> Self {
        let span = select.span;
        Self::of(QueryBody::Select(Box::new(select)), span)
    }
}

/// `name AS (query)` of a WITH clause.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cte {
    pub(crate) name: Ident,
    /// Whether it may read itself: WITH RECURSIVE, and in T-SQL any.
    pub(crate) recursive: bool,
    pub(crate) query: Query,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum QueryBody {
    Select(Box<Select>),
    /// A query in parentheses.
    Nested(Box<Query>),
    /// Two or more parts.
    Union {
        parts: Vec<QueryBody>,
        distinct: bool,
    },
    /// Two or more parts: rows of the first that are in all others (INTERSECT DISTINCT), or in none (EXCEPT DISTINCT).
    Matching {
        parts: Vec<QueryBody>,
        in_others: bool,
    },
    /// A set operation that matches columns by name.
    ByName(Box<ByName>),
}

/// A set operation whose parts are matched by the names of their columns, and not by their places.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ByName {
    /// A union, or what keeps matching rows.
    pub(crate) body: QueryBody,
    pub(crate) matching: NameMatching,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NameMatching {
    pub(crate) kept: KeptColumns,
    /// `ON (…)`, `BY (…)`: these columns alone.
    pub(crate) columns: Option<Vec<Ident>>,
    pub(crate) span: Span,
}

/// Which columns a set operation by names keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeptColumns {
    /// Every part has to have all.
    Same,
    /// Those that every part has.
    Common,
    /// Those of the first part.
    First,
    /// Those of any part.
    All,
}

/// What the rows of a SELECT are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowForm {
    Columns,
    /// `SELECT AS STRUCT`: where one value stands for a row, a struct of the columns.
    Struct,
    /// `SELECT AS VALUE`: the fields of the only column, where a row has columns.
    Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Select {
    pub(crate) form: RowForm,
    /// Whether it is row by row: pipe syntax's SELECT and EXTEND take no aggregates.
    pub(crate) by_row: bool,
    pub(crate) distinct: bool,
    pub(crate) items: Vec<SelectItem>,
    pub(crate) from: Option<TableExpr>,
    pub(crate) filter: Option<Expr>,
    pub(crate) group_by: Option<GroupBy>,
    pub(crate) having: Option<Expr>,
    pub(crate) qualify: Option<Expr>,
    /// `WINDOW name AS (…)`.
    pub(crate) windows: Vec<(Ident, Window)>,
    pub(crate) span: Span,
}

impl Select {
    /// `SELECT * FROM from`.
    pub(crate) fn all(from: TableExpr, span: Span) -> Self {
        Self { from: Some(from), ..Self::list(vec![SelectItem::Star(Star::all(span))], span) }
    }

    /// `SELECT items` without any clause.
    pub(crate) fn list(items: Vec<SelectItem>, span: Span) -> Self {
        Self {
            form: RowForm::Columns,
            by_row: false,
            distinct: false,
            items,
            from: None,
            filter: None,
            group_by: None,
            having: None,
            qualify: None,
            windows: Vec::new(),
            span,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum GroupBy {
    /// `GROUP BY ALL`: by every item of the list without an aggregate.
    All,
    Items(Vec<Expr>),
    /// `GROUPING SETS`, `ROLLUP` and `CUBE` written out as sets: the groups of each, one after the other.
    Sets(Vec<Vec<Expr>>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SelectItem {
    Star(Star),
    Expr { expr: Expr, alias: Option<Ident> },
}

/// `*` or `t.*`, with the columns to leave out or to replace.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Star {
    /// `t` of `t.*`, or any value with fields.
    pub(crate) of: Option<Expr>,
    pub(crate) except: Vec<Ident>,
    /// `REPLACE (value AS name, …)`.
    pub(crate) replace: Vec<(Expr, Ident)>,
    /// Pipe syntax's `RENAME name AS new_name`.
    pub(crate) rename: Vec<(Ident, Ident)>,
    pub(crate) span: Span,
}

impl Star {
    /// `*` alone.
    pub(crate) fn all(span: Span) -> Self {
        Self { of: None, except: Vec::new(), replace: Vec::new(), rename: Vec::new(), span }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TableExpr {
    pub(crate) kind: TableExprKind,
    pub(crate) alias: Option<Ident>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TableExprKind {
    /// A table, where a last part with a `*` names all tables that fit; or an array of a table before it, which can have
    /// a WITH OFFSET.
    Name {
        path: Path,
        offset: Option<Offset>,
    },
    Subquery(Box<Query>),
    Function {
        name: Path,
        args: Vec<TableArg>,
    },
    /// `UNNEST(array) [AS alias] [WITH OFFSET [AS offset]]`.
    Unnest {
        array: Expr,
        offset: Option<Offset>,
        /// Whether the fields of elements that are structs are columns: a function of elements sees the element alone.
        fields: bool,
    },
    Join(Box<Join>),
    Pivot(Box<Pivot>),
    Unpivot(Box<Unpivot>),
    /// T-SQL's `PREDICT(…) WITH (…)`.
    Predict(Box<Predict>),
}

/// `table PIVOT (aggregate [AS name], … FOR column IN (value [AS name], …))`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pivot {
    pub(crate) input: TableExpr,
    pub(crate) aggregates: Vec<(Expr, Option<Ident>)>,
    pub(crate) column: Expr,
    pub(crate) values: Vec<(Expr, Option<Ident>)>,
}

/// `table UNPIVOT [INCLUDE NULLS] (value FOR name IN (column [AS text], …))`; several values and columns in parentheses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unpivot {
    pub(crate) input: TableExpr,
    pub(crate) with_nulls: bool,
    pub(crate) values: Vec<Ident>,
    pub(crate) name: Ident,
    pub(crate) columns: Vec<(Vec<Ident>, Option<Expr>)>,
}

/// `WITH OFFSET [AS name]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offset {
    /// `offset` where none is written.
    pub(crate) name: Ident,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Join {
    pub(crate) left: TableExpr,
    pub(crate) right: TableExpr,
    pub(crate) kind: JoinKind,
    pub(crate) on: Option<JoinOn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    /// `CROSS JOIN` and the comma.
    Cross,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum JoinOn {
    Condition(Expr),
    Using(Vec<Ident>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Predict {
    /// A variable, a bytes literal or a scalar subquery.
    pub(crate) model: Expr,
    pub(crate) data: TableExpr,
    /// `WITH (name type, …)`: the columns that the model is declared to return.
    pub(crate) columns: Vec<ColumnDef>,
    /// The span of the WITH clause.
    pub(crate) columns_span: Span,
}

/// An argument of a table function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TableArg {
    /// `MODEL name`.
    Model(Path),
    /// `TABLE name`, or a query in parentheses or without.
    Rows(TableExpr),
    Expr(Expr),
    /// `name => value`.
    Named(Ident, Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OrderItem {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    pub(crate) nulls_first: Option<bool>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    pub(crate) count: Expr,
    pub(crate) offset: Option<Expr>,
}

/// `name = value` of options, `value AS name` of structs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NamedExpr {
    pub(crate) name: Ident,
    pub(crate) value: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Literal(Scalar),
    /// A number with a point or an exponent: a FLOAT64, or where one is wanted the NUMERIC that its digits write.
    Float {
        value: f64,
        digits: String,
    },
    /// A column, or the first part of `t.column` or `column.field`.
    Name(Ident),
    /// `base.field`.
    Field(Box<Expr>, Ident),
    Parameter(Parameter),
    /// `*` as the argument of COUNT.
    Star,
    /// `DEFAULT` in place of a value for a column.
    Default,
    Call(Box<FunctionCall>),
    /// Negated forms such as `NOT IN` are under [`SqlOperator::Not`].
    Operator {
        operator: SqlOperator,
        args: Vec<Expr>,
    },
    /// `array[OFFSET(index)]` and its siblings.
    Element {
        array: Box<Expr>,
        index: Box<Expr>,
        access: Access,
    },
    Cast {
        value: Box<Expr>,
        to: TypeName,
        safe: bool,
        /// T-SQL cuts the fraction off where GoogleSQL rounds.
        truncate: bool,
        /// `FORMAT text [AT TIME ZONE zone]`.
        format: [Option<Box<Expr>>; 2],
    },
    /// `[a, b]`, `ARRAY<INT64>[a, b]`.
    Array {
        element: Option<TypeName>,
        items: Vec<Expr>,
    },
    /// `STRUCT(a, b AS name)`, `STRUCT<x INT64, STRING>(a, b)`, `(a, b)`.
    Struct {
        data_type: Option<TypeName>,
        fields: Vec<(Expr, Option<Ident>)>,
    },
    /// `INTERVAL value unit`.
    Interval(Box<Expr>, Ident),
    /// `EXTRACT(part FROM value [AT TIME ZONE zone])`.
    Extract {
        part: Ident,
        value: Box<Expr>,
        zone: Option<Box<Expr>>,
    },
    /// `CASE [operand] WHEN … THEN … [ELSE …] END`.
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Subquery(SubqueryKind, Box<Query>),
}

impl Expr {
    /// The name of the variable that it is, if it can be one: T-SQL's have a sign in front of them.
    pub(crate) fn variable(&self) -> Option<Ident> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.clone()),
            ExprKind::Parameter(Parameter::Named(name)) => {
                Some(Ident { text: name.clone(), span: self.span })
            }
            _ => None,
        }
    }
}

/// What a subquery in an expression returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubqueryKind {
    /// The one value of its one row; NULL without a row.
    Scalar,
    /// `EXISTS (…)`: whether there are rows.
    Exists,
    /// `ARRAY (…)` and `IN (SELECT …)`: the values of its one column.
    Array,
}

/// A function call with all its clauses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FunctionCall {
    pub(crate) name: Path,
    pub(crate) args: Vec<Expr>,
    pub(crate) distinct: bool,
    /// `IGNORE NULLS` is true, `RESPECT NULLS` false.
    pub(crate) ignore_nulls: Option<bool>,
    /// `HAVING MAX value` is true, `HAVING MIN value` false.
    pub(crate) having: Option<(bool, Expr)>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<Expr>,
    pub(crate) over: Option<Over>,
}

impl FunctionCall {
    /// A call with arguments alone.
    pub(crate) fn plain(name: Path, args: Vec<Expr>) -> Self {
        Self {
            name,
            args,
            distinct: false,
            ignore_nulls: None,
            having: None,
            order_by: Vec::new(),
            limit: None,
            over: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Over {
    /// `OVER name`.
    Named(Ident),
    /// `OVER (…)`.
    Window(Box<Window>),
}

/// `([name] [PARTITION BY …] [ORDER BY …] [frame])`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    pub(crate) base: Option<Ident>,
    pub(crate) partition_by: Vec<Expr>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) frame: Option<Frame>,
    pub(crate) span: Span,
}

/// `ROWS start`, `RANGE BETWEEN start AND end`; without an end it is the current row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    /// RANGE counts in values of the order, ROWS in rows.
    pub(crate) range: bool,
    pub(crate) start: FrameBound,
    pub(crate) end: FrameBound,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FrameBound {
    UnboundedPreceding,
    Preceding(Expr),
    CurrentRow,
    Following(Expr),
    UnboundedFollowing,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parameter {
    Named(String),
    /// Placeholders count from 0.
    Position(usize),
}

/// How an array's index is counted, and whether a missing element is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    /// 0 for OFFSET, 1 for ORDINAL.
    pub(crate) base: i64,
    pub(crate) safe: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypeName {
    pub(crate) kind: TypeNameKind,
    /// The numbers behind the name, none for `max`; `None` where there are no parentheses.
    pub(crate) parameters: Option<Vec<i64>>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TypeNameKind {
    /// A name, with parameters as in `STRING(10)`.
    Simple(String),
    Array(Box<TypeName>),
    Struct(Vec<(Option<Ident>, TypeName)>),
}

/// The INTERVAL of a text such as `0-0 1 0:0:0`.
pub(crate) fn interval_value(text: &str, span: Span) -> Expr {
    let value = Box::new(Expr { kind: ExprKind::Literal(Scalar::String(text.into())), span });
    let kind = TypeNameKind::Simple("INTERVAL".into());
    let to = TypeName { kind, parameters: None, span };
    let kind = ExprKind::Cast { value, to, safe: false, truncate: false, format: [None, None] };
    Expr { kind, span }
}
