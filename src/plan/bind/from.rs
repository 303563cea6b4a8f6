//! FROM: tables, views, queries of WITH, joins, UNNEST, table functions.

use std::sync::Arc;

use super::Binder;
use super::call::left_out;
use super::call::operator_call;
use super::expr::{Names, Typed, coerced, unified};
use super::scope::Scope;
use crate::catalog::{Relation, View};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Result, Span};
use crate::function;
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{JoinKind, Node, NodeKind};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{self, JoinOn, TableExprKind};
use crate::table::{Table, objects};

/// A table of FROM and the names of its columns.
pub(super) struct Source {
    pub(super) node: Node,
    pub(super) scope: Scope,
}

impl Source {
    fn new(node: Node, of: Option<&str>) -> Self {
        let scope = Scope::new(&node.schema, of);
        Self { node, scope }
    }
}

impl Binder<'_> {
    /// What stands in FROM.
    pub(super) fn table(&mut self, table: &ast::TableExpr) -> Result<Source> {
        let alias = table.alias.as_ref().map(|it| it.text.as_str());
        match &table.kind {
            TableExprKind::Name(path) => {
                let of = alias.or(path.last().map(|it| it.text.as_str()));
                self.named_table(path, of)
            }
            TableExprKind::Subquery(query) => self.query(query).map(|node| Source::new(node, alias)),
            TableExprKind::Function { name, args } => {
                let node = self.table_function(name, args, name.span.to(table.span))?;
                Ok(Source::new(node, alias))
            }
            TableExprKind::Unnest { array, offset } => {
                let one = Source {
                    node: Node { kind: NodeKind::OneRow, schema: Schema::default() },
                    scope: Scope::default(),
                };
                self.unnest(one, array, offset.as_ref(), alias, false)
            }
            TableExprKind::Join(join) => self.join(join, table.span),
            TableExprKind::Predict(predict) => self.tsql_predict(predict, alias),
        }
    }

    fn named_table(&mut self, path: &ast::Path, of: Option<&str>) -> Result<Source> {
        if let [name] = path.parts.as_slice()
            && let Some(cte) = self.ctes.iter().rev().find(|it| it.name.eq_ignore_ascii_case(&name.text))
        {
            let columns = (0..cte.schema.fields.len()).collect();
            let kind = NodeKind::Shared { subplan: cte.subplan, columns };
            return Ok(Source::new(Node { kind, schema: cte.schema.clone() }, of));
        }
        if let Some(table) = self.information_schema(path)? {
            return Ok(Source::new(scan(Arc::new(table)), of));
        }
        if path.last().is_some_and(|last| last.text.ends_with('*')) {
            return self.wildcard(path, of);
        }
        match self.relation(path)?.clone() {
            Relation::Table(table) => Ok(Source::new(scan(table), of)),
            Relation::Objects(files) => {
                let mut schema = objects::schema();
                let visible = schema.fields.len();
                schema.fields.push(Field::new("data", DataType::Bytes));
                let columns = (0..schema.fields.len()).collect();
                let scope = Scope::with_hidden(&schema, of, visible);
                let kind = NodeKind::Objects { objects: files, columns };
                Ok(Source { node: Node { kind, schema }, scope })
            }
            Relation::View(view) => self.view(&view, path).map(|node| Source::new(node, of)),
        }
    }

    /// The query of a view, bound as if nothing stood around it. Its places are those of another text.
    fn view(&mut self, view: &View, path: &ast::Path) -> Result<Node> {
        if self.views.iter().any(|name| *name == path.text()) {
            return Err(
                Error::new(Code::UnknownTable, format!("view `{}` reads itself", path.text())).at(path.span)
            );
        }
        self.views.push(path.text());
        let ctes = std::mem::take(&mut self.ctes);
        let outer = std::mem::take(&mut self.outer);
        let node = self.query(&view.query);
        (self.ctes, self.outer) = (ctes, outer);
        self.views.pop();
        let mut node =
            node.map_err(|error| error.at(path.span).context(format_args!("view `{}`", path.text())))?;
        for (field, name) in node.schema.fields.iter_mut().zip(&view.columns) {
            field.name.clone_from(name);
        }
        Ok(node)
    }

    /// `` `name*` ``: the rows of all tables whose names begin so; `_TABLE_SUFFIX` is the rest of the name.
    ///
    /// The columns are those of the last table, in the order of the names; what another one lacks is NULL there.
    fn wildcard(&mut self, path: &ast::Path, of: Option<&str>) -> Result<Source> {
        let text = path.text();
        let prefix = text.strip_suffix('*').unwrap_or(&text);
        let tables: Vec<(String, Arc<Table>)> = self
            .context
            .catalog
            .relations()
            .filter_map(|(name, relation)| match relation {
                Relation::Table(table) => Some((name.strip_prefix(prefix)?.to_owned(), table.clone())),
                _ => None,
            })
            .collect();
        let Some((_, last)) = tables.last() else {
            return Err(Error::new(Code::UnknownTable, format!("no table's name begins with `{prefix}`"))
                .at(path.span));
        };
        let mut schema = last.schema.clone();
        let visible = schema.fields.len();
        schema.fields.push(Field::new("_TABLE_SUFFIX", DataType::String));
        let inputs = tables.iter().map(|(suffix, table)| {
            let node = scan(table.clone());
            let exprs = schema.fields.iter().take(visible).map(|wanted| {
                let find = |field: &&Field| field.name.eq_ignore_ascii_case(&wanted.name);
                let at = node.schema.fields.iter().position(|field| find(&field));
                let typed = match at.and_then(|at| Some((at, node.schema.fields.get(at)?))) {
                    Some((at, field)) => Typed::from(Expr::column(at, field.data_type.clone(), path.span)),
                    None => super::expr::literal(Scalar::Null, path.span),
                };
                coerced(typed, &wanted.data_type)?.ok_or_else(|| {
                    Error::new(
                        Code::TypeMismatch,
                        format!(
                            "column `{}` of `{prefix}{suffix}` is not {} as in the other tables",
                            wanted.name, wanted.data_type
                        ),
                    )
                    .at(path.span)
                })
            });
            let suffix = ExprKind::Literal(Scalar::String(suffix.clone()));
            let suffix = Expr { kind: suffix, data_type: DataType::String, span: path.span };
            let exprs = exprs.chain([Ok(suffix)]).collect::<Result<Vec<_>>>()?;
            let kind = NodeKind::Project { input: Box::new(node), exprs };
            Ok(Node { kind, schema: schema.clone() })
        });
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let scope = Scope::with_hidden(&schema, of, visible);
        Ok(Source { node: Node { kind: NodeKind::Union { inputs }, schema }, scope })
    }

    fn table_function(&mut self, name: &ast::Path, args: &[ast::TableArg], span: Span) -> Result<Node> {
        let text = name.text().to_ascii_uppercase();
        match text.as_str() {
            "ML.PREDICT" => self.predict(args, false, span),
            "SAFE.ML.PREDICT" => self.predict(args, true, span),
            "ML.TRANSFORM" => self.transform(args, span),
            "VECTOR_SEARCH" => self.vector_search(args, span),
            _ => {
                if let Some(error) = left_out(&text, name.span) {
                    return Err(error);
                }
                let error =
                    Error::new(Code::UnknownFunction, format!("table function `{text}` was not found"))
                        .at(name.span);
                let known = function::TABLE_FUNCTIONS.iter().map(|it| it.name);
                Err(match (crate::diag::nearest(&text, known.clone()), function::function(&text)) {
                    (Some(near), _) => error.hint(format!("did you mean `{near}`?")).fix(name.span, near),
                    (None, Some(function)) => error.hint(format!(
                        "{} gives a value, not rows: SELECT {}(…), or UNNEST the array it gives",
                        function.name, function.name
                    )),
                    (None, None) => error
                        .hint(format!("the table functions are {}", known.collect::<Vec<_>>().join(", "))),
                })
            }
        }
    }

    fn unnest(
        &mut self,
        input: Source,
        array: &ast::Expr,
        offset: Option<&ast::Offset>,
        alias: Option<&str>,
        outer: bool,
    ) -> Result<Source> {
        let array = self.inside("UNNEST", |binder| binder.expr(array, Names::of(&input.scope)))?;
        let DataType::Array(element) = array.data_type.clone() else {
            return Err(Error::new(
                Code::TypeMismatch,
                format!("expected an array in UNNEST, found {}", array.data_type),
            )
            .at(array.span));
        };
        let span = array.span;
        let width = input.node.schema.fields.len();
        let mut schema = input.node.schema.clone();
        schema.fields.push(Field::new(alias.unwrap_or("f0_"), (*element).clone()));
        let element = Expr::column(width, *element, span);
        let mut scope = input.scope.join(Scope::element(alias.unwrap_or("f0_"), alias.is_some(), element), 0);
        if let Some(offset) = offset {
            schema.fields.push(Field::new(offset.name.text.clone(), DataType::Int64));
            scope.push(None, &offset.name.text, Expr::column(width + 1, DataType::Int64, offset.name.span));
        }
        let kind = NodeKind::Unnest {
            input: Box::new(input.node),
            array,
            keep: (0..width).collect(),
            offset: offset.is_some(),
            outer,
        };
        Ok(Source { node: Node { kind, schema }, scope })
    }

    fn join(&mut self, join: &ast::Join, span: Span) -> Result<Source> {
        let left = self.table(&join.left)?;
        // The array of an UNNEST may be a column of what stands before it.
        if let TableExprKind::Unnest { array, offset } = &join.right.kind {
            let alias = join.right.alias.as_ref().map(|it| it.text.as_str());
            let outer = join.kind == ast::JoinKind::Left;
            let plain = match &join.on {
                None => true,
                Some(JoinOn::Condition(condition)) => {
                    outer && condition.kind == ast::ExprKind::Literal(Scalar::Bool(true))
                }
                Some(JoinOn::Using(_)) => false,
            };
            let lateral =
                matches!(join.kind, ast::JoinKind::Cross | ast::JoinKind::Inner | ast::JoinKind::Left);
            if lateral && plain {
                return self.unnest(left, array, offset.as_ref(), alias, outer);
            }
        }
        let right = self.table(&join.right)?;
        self.no_twins(&join.left, &join.right)?;
        let kind = match join.kind {
            ast::JoinKind::Inner | ast::JoinKind::Cross => JoinKind::Inner,
            ast::JoinKind::Left => JoinKind::Left,
            ast::JoinKind::Right => JoinKind::Right,
            ast::JoinKind::Full => JoinKind::Full,
        };
        let split = left.node.schema.fields.len();
        let fields = [left.node.schema.fields.clone(), right.node.schema.fields.clone()].concat();
        let (mut keys, mut condition) = (Vec::new(), None);
        let scope = match &join.on {
            Some(JoinOn::Using(names)) => {
                let merged = self.using(names, &left.scope, &right.scope, kind, split, &mut keys)?;
                let mut scope = left.scope.join(right.scope, split);
                scope.using(merged);
                scope
            }
            on => {
                let scope = left.scope.join(right.scope, split);
                if let Some(JoinOn::Condition(tree)) = on {
                    let bound = self.inside("ON", |binder| {
                        binder.expr_of(tree, Names::of(&scope), &DataType::Bool, "a condition")
                    })?;
                    (keys, condition) = equalities(bound, split)?;
                } else if join.kind != ast::JoinKind::Cross && on.is_none() {
                    return Err(Error::new(Code::SyntaxError, "a JOIN needs ON or USING")
                        .at(span)
                        .hint("write CROSS JOIN for all pairs of rows"));
                }
                scope
            }
        };
        let (left, right) = (Box::new(left.node), Box::new(right.node));
        let kind = NodeKind::Join { left, right, kind, keys, condition };
        Ok(Source { node: Node { kind, schema: Schema { fields } }, scope })
    }

    /// Two tables of one FROM cannot have one name.
    fn no_twins(&self, left: &ast::TableExpr, right: &ast::TableExpr) -> Result<()> {
        let Some(name) = table_alias(right) else { return Ok(()) };
        match has_alias(left, &name.text) {
            false => Ok(()),
            true => Err(Error::new(
                Code::AmbiguousColumn,
                format!("two tables of FROM are called `{}`", name.text),
            )
            .at(right.span)
            .hint("give one of them an alias")),
        }
    }

    /// The columns that USING makes of pairs of one name.
    fn using(
        &mut self,
        names: &[ast::Ident],
        left: &Scope,
        right: &Scope,
        kind: JoinKind,
        split: usize,
        keys: &mut Vec<(Expr, Expr)>,
    ) -> Result<Vec<(String, Expr)>> {
        let mut merged = Vec::with_capacity(names.len());
        for name in names {
            let sides = vec![left.column(None, name)?.into(), right.column(None, name)?.into()];
            let (data_type, sides) = unified(sides, None, "columns", name.span)?;
            let mut sides = sides.into_iter();
            let (Some(of_left), Some(of_right)) = (sides.next(), sides.next()) else { continue };
            keys.push((of_left.clone(), of_right.clone()));
            let mut of_right = of_right;
            of_right.visit_columns(&mut |at| *at += split);
            let value = match kind {
                JoinKind::Inner | JoinKind::Left => of_left,
                JoinKind::Right => of_right,
                JoinKind::Full => {
                    let kind = ExprKind::Coalesce(vec![of_left, of_right]);
                    Expr { kind, data_type, span: name.span }
                }
            };
            merged.push((name.text.clone(), value));
        }
        Ok(merged)
    }
}

/// The name by which a table's columns are qualified.
fn table_alias(table: &ast::TableExpr) -> Option<&ast::Ident> {
    match (&table.alias, &table.kind) {
        (Some(alias), _) => Some(alias),
        (None, TableExprKind::Name(path)) => path.last(),
        _ => None,
    }
}

fn has_alias(table: &ast::TableExpr, name: &str) -> bool {
    match &table.kind {
        TableExprKind::Join(join) => has_alias(&join.left, name) || has_alias(&join.right, name),
        _ => table_alias(table).is_some_and(|it| it.text.eq_ignore_ascii_case(name)),
    }
}

fn scan(table: Arc<Table>) -> Node {
    let schema = table.schema.clone();
    let columns = (0..schema.fields.len()).collect();
    Node { kind: NodeKind::Scan { table, columns }, schema }
}

/// Values of the left side and of the right one that are equal.
type Equalities = Vec<(Expr, Expr)>;

/// What of a condition compares one side with the other for equality, and the rest of it.
fn equalities(condition: Expr, split: usize) -> Result<(Equalities, Option<Expr>)> {
    let (mut keys, mut rest) = (Vec::new(), Vec::new());
    for part in conjuncts(condition) {
        match equality(&part, split) {
            Some(pair) => keys.push(pair),
            None => rest.push(part),
        }
    }
    if rest.len() < 2 {
        return Ok((keys, rest.pop()));
    }
    let span = rest.first().map(|it| it.span).unwrap_or_default();
    Ok((keys, Some(operator_call(SqlOperator::And, rest, DataType::Bool, span)?)))
}

/// The parts of an AND.
fn conjuncts(condition: Expr) -> Vec<Expr> {
    match condition.kind {
        ExprKind::Call { function, args, .. } if function.operator == Some(SqlOperator::And) => {
            args.into_iter().flat_map(conjuncts).collect()
        }
        kind => vec![Expr { kind, ..condition }],
    }
}

/// The sides of `left = right`, each over the columns of its own table.
fn equality(part: &Expr, split: usize) -> Option<(Expr, Expr)> {
    let ExprKind::Call { function, args, safe: false, .. } = &part.kind else { return None };
    let ([a, b], Some(SqlOperator::Equal)) = (args.as_slice(), function.operator) else { return None };
    let side = |expr: &Expr| {
        let (mut of_left, mut of_right) = (false, false);
        expr.clone().visit_columns(&mut |at| if *at < split { of_left = true } else { of_right = true });
        (of_left, of_right)
    };
    let (left, right) = match (side(a), side(b)) {
        ((true, false), (false, true)) => (a, b),
        ((false, true), (true, false)) => (b, a),
        _ => return None,
    };
    if !left.data_type.is_orderable() {
        return None;
    }
    let mut right = right.clone();
    right.visit_columns(&mut |at| *at -= split);
    Some((left.clone(), right))
}
