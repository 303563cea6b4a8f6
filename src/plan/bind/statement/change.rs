//! UPDATE, DELETE, TRUNCATE and MERGE: the table's rows beside those of the source, each with what becomes of it.

use super::insert::{numbered, unknown_target, within_rules};
use crate::catalog::Rules;
use crate::data::{DataType, Field, Scalar, Schema, StructField};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::plan::bind::call::operator_call;
use crate::plan::bind::from::{Source, equalities};
use crate::plan::bind::scope::{Names, Scope};
use crate::plan::bind::{Binder, Bound};
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{JoinKind, Node, NodeKind, Plan};
use crate::syntax::ast::{self, ChangeAction, ChangeRows, ROW};
use crate::syntax::{SqlOperator, written};

/// Change a table. The rows of the plan have its columns as they are to be, then the number of what is done with the row,
/// 0 for nothing, then the number of the row that it comes from, from 1; NULL for a new one.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) name: String,
    pub(crate) verb: &'static str,
    pub(crate) plan: Plan,
    /// The table's columns.
    pub(crate) schema: Schema,
    /// For each number from 1 whether such rows are deleted.
    pub(crate) deletes: Vec<bool>,
    pub(crate) span: Span,
}

/// The rows that a change is computed from.
struct Sides {
    node: Node,
    scope: Scope,
    /// The columns of the rows' numbers; the source has none where there is no source.
    target: Expr,
    source: Option<Expr>,
    /// The source's columns alone, and the table's.
    source_columns: Scope,
    target_columns: Scope,
}

impl Sides {
    /// The columns that a branch sees: where one side has no row, those of the other one alone.
    fn scope_of(&self, rows: ChangeRows) -> &Scope {
        match rows {
            ChangeRows::NotMatched => &self.source_columns,
            ChangeRows::NotMatchedBySource => &self.target_columns,
            ChangeRows::Matched => &self.scope,
        }
    }
}

impl Binder<'_> {
    pub(super) fn change(&mut self, change: &ast::Change, span: Span) -> Result<Bound> {
        let (name, table) = self.own_rows(&change.table, "change a table that CREATE TABLE has made")?;
        let schema = table.schema.clone();
        let target = self.target(change)?;
        let sides = self.sides(change, target, &schema)?;
        let action = self.action(change, &sides)?;
        // What becomes of each row is computed once; the columns follow from it.
        let mut columns: Vec<_> = super::super::collation::columns_of(&sides.node.schema);
        let number = Expr::column(columns.len(), DataType::Int64, span);
        columns.push(action);
        let mut wide = sides.node.schema.clone();
        wide.fields.push(Field::new("", DataType::Int64));
        let mut change = change.clone();
        let own = change.alias.clone().or_else(|| change.table.last().cloned());
        for branch in &mut change.branches {
            if let ChangeAction::Update(assignments) = &mut branch.action {
                assignments.iter_mut().for_each(|(target, _)| without_table(target, own.as_ref(), &schema));
            }
            check_columns(branch, &schema)?;
        }
        let change = &change;
        let rules = self.context.catalog.rules(&name);
        let mut exprs = Vec::with_capacity(schema.fields.len() + 2);
        for index in 0..schema.fields.len() {
            exprs.push(self.changed_column(change, &rules, &schema, index, &sides, &number)?);
        }
        exprs.push(number);
        exprs.push(sides.target.clone());
        let input =
            Node { kind: NodeKind::Project { input: Box::new(sides.node), exprs: columns }, schema: wide };
        let mut fields = schema.fields.clone();
        fields.extend([Field::new("", DataType::Int64), Field::new("", DataType::Int64)]);
        let root =
            Node { kind: NodeKind::Project { input: Box::new(input), exprs }, schema: Schema { fields } };
        let deletes = change.branches.iter().map(|branch| branch.action == ChangeAction::Delete).collect();
        let plan = self.plan(root)?;
        Ok(Bound::Change(Change { name, verb: change.verb, plan, schema, deletes, span }))
    }

    /// The table's rows with their numbers behind them.
    fn target(&mut self, change: &ast::Change) -> Result<Source> {
        let path = change.table.clone();
        let kind = ast::TableExprKind::Name { path, offset: None };
        let source =
            self.table(&ast::TableExpr { kind, alias: change.alias.clone(), span: change.table.span })?;
        let (node, mut scope) = (numbered(source.node), source.scope);
        let number = Expr::column(node.schema.fields.len() - 1, DataType::Int64, change.table.span);
        let name = change.alias.as_ref().or(change.table.last()).map(|name| name.text.as_str());
        scope.push_hidden(name, ROW, number);
        Ok(Source { node, scope })
    }

    /// The table's rows beside those of the source that belong to them.
    fn sides(&mut self, change: &ast::Change, target: Source, schema: &Schema) -> Result<Sides> {
        let of_target = Expr::column(schema.fields.len(), DataType::Int64, change.table.span);
        let Some(tree) = &change.source else {
            let (node, scope) = (target.node, target.scope);
            return Ok(Sides {
                node,
                scope,
                target: of_target,
                source: None,
                source_columns: Scope::default(),
                target_columns: Scope::default(),
            });
        };
        let source = self.table(tree)?;
        let split = target.node.schema.fields.len();
        let right = numbered(source.node);
        let of_source = Expr::column(split + right.schema.fields.len() - 1, DataType::Int64, tree.span);
        let mut source_columns = source.scope.clone();
        source_columns.shift(split);
        let target_columns = target.scope.clone();
        let scope = target.scope.join(source.scope, split);
        let on =
            change.on.as_ref().map(|on| self.inside("ON", |binder| binder.condition(on, Names::of(&scope))));
        let (keys, condition) = match on.transpose()? {
            Some(on) => equalities(on, split)?,
            None => (Vec::new(), None),
        };
        let adds = change.branches.iter().any(|branch| branch.on == ChangeRows::NotMatched);
        let kind = if adds { JoinKind::Full } else { JoinKind::Left };
        let fields = [target.node.schema.fields.clone(), right.schema.fields.clone()].concat();
        let (left, right) = (Box::new(target.node), Box::new(right));
        let kind = NodeKind::Join { left, right, kind, keys, condition };
        let node = Node { kind, schema: Schema { fields } };
        Ok(Sides { node, scope, target: of_target, source: Some(of_source), source_columns, target_columns })
    }

    /// The number of the first branch that a row is in; 0 for none.
    fn action(&mut self, change: &ast::Change, sides: &Sides) -> Result<Expr> {
        let mut branches = Vec::with_capacity(change.branches.len());
        for (number, branch) in (1..).zip(&change.branches) {
            let is_null = |expr: &Expr, null: bool| {
                let operator = if null { SqlOperator::IsNull } else { SqlOperator::IsNotNull };
                operator_call(operator, vec![expr.clone()], DataType::Bool, branch.span)
            };
            let mut conditions = match (branch.on, &sides.source) {
                (ChangeRows::Matched, Some(source)) => {
                    vec![is_null(&sides.target, false)?, is_null(source, false)?]
                }
                (ChangeRows::NotMatched, _) => vec![is_null(&sides.target, true)?],
                (ChangeRows::NotMatchedBySource, Some(source)) => vec![is_null(source, true)?],
                (_, None) => Vec::new(),
            };
            let own = if sides.source.is_none() { change.on.as_ref() } else { branch.condition.as_ref() };
            if let Some(own) = own {
                let names = Names::of(sides.scope_of(branch.on));
                conditions.push(self.inside(change.verb, |binder| binder.condition(own, names))?);
            }
            let condition = match conditions.len() {
                0 => Expr::literal(Scalar::Bool(true), DataType::Bool, branch.span),
                1 => conditions.pop().invariant("a condition")?,
                _ => operator_call(SqlOperator::And, conditions, DataType::Bool, branch.span)?,
            };
            branches.push((condition, Expr::literal(Scalar::Int64(number), DataType::Int64, branch.span)));
        }
        let span = change.table.span;
        let otherwise = Box::new(Expr::literal(Scalar::Int64(0), DataType::Int64, span));
        Ok(Expr { kind: ExprKind::Case { branches, otherwise }, data_type: DataType::Int64, span })
    }

    /// The value of the table's column number `index` after the change.
    fn changed_column(
        &mut self,
        change: &ast::Change,
        rules: &Rules,
        schema: &Schema,
        index: usize,
        sides: &Sides,
        number: &Expr,
    ) -> Result<Expr> {
        let field = schema.fields.get(index).invariant("a column of the table")?;
        let mut branches = Vec::new();
        for (branch_number, branch) in (1..).zip(&change.branches) {
            let default = rules.default_of(index);
            let Some(value) = self.changed_value(branch, schema, field, default, sides)? else { continue };
            let value = within_rules(value, rules, index)?;
            let sides = vec![
                number.clone(),
                Expr::literal(Scalar::Int64(branch_number), DataType::Int64, branch.span),
            ];
            branches.push((operator_call(SqlOperator::Equal, sides, DataType::Bool, branch.span)?, value));
        }
        let kept = Expr::column(index, field.data_type.clone(), change.table.span);
        if branches.is_empty() {
            return Ok(kept);
        }
        let (data_type, span) = (field.data_type.clone(), change.table.span);
        Ok(Expr { kind: ExprKind::Case { branches, otherwise: Box::new(kept) }, data_type, span })
    }

    /// `value` with another value for the field that `target` names from its part number `depth` on.
    fn with_field(
        &mut self,
        value: Expr,
        target: &ast::Path,
        depth: usize,
        tree: &ast::Expr,
        scope: &Scope,
    ) -> Result<Expr> {
        let Some(name) = target.parts.get(depth) else {
            if tree.kind == ast::ExprKind::Default {
                let message = "a field has no DEFAULT";
                return Err(Error::new(Code::MisplacedClause, message).at(tree.span));
            }
            let field = Field::new(target.text(), value.data_type.clone());
            let value = self.inside("a changed row", |binder| binder.typed(tree, Names::of(scope)))?;
            return self.as_column(value, &field, tree.span);
        };
        let DataType::Struct(fields) = value.data_type.clone() else {
            let message = format!("there are no fields to set in a value of type {}", value.data_type);
            return Err(Error::new(Code::UnknownField, message).at(name.span));
        };
        let is_it = |field: &StructField| field.name.eq_ignore_ascii_case(&name.text);
        if !fields.iter().any(is_it) {
            let message = format!("there is no field `{}` in a value of type {}", name.text, value.data_type);
            let names = fields.iter().map(|field| field.name.as_str());
            return Err(Error::new(Code::UnknownField, message)
                .at(name.span)
                .did_you_mean_here(&name.text, names, written));
        }
        let mut values = Vec::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            let kind = ExprKind::Field { value: Box::new(value.clone()), index };
            let kept = Expr { kind, data_type: field.data_type.clone(), span: value.span };
            values.push(if is_it(field) {
                self.with_field(kept, target, depth + 1, tree, scope)?
            } else {
                kept
            });
        }
        let (data_type, span) = (value.data_type, value.span);
        Ok(Expr { kind: ExprKind::Struct(values), data_type, span })
    }

    /// What a branch sets a column to; `None` where it leaves it as it is.
    fn changed_value(
        &mut self,
        branch: &ast::ChangeBranch,
        schema: &Schema,
        field: &Field,
        default: Option<&ast::Expr>,
        sides: &Sides,
    ) -> Result<Option<Expr>> {
        let is_it = |column: &ast::Ident| column.text.eq_ignore_ascii_case(&field.name);
        let tree = match &branch.action {
            ChangeAction::Delete => return Ok(None),
            ChangeAction::Update(assignments) => {
                let mut own =
                    assignments.iter().filter(|(target, _)| target.parts.first().is_some_and(is_it));
                match own.clone().next() {
                    Some((target, _)) if target.parts.len() > 1 => {
                        let index = schema.fields.iter().position(|other| other.name == field.name);
                        let index = index.invariant("a column of the table")?;
                        let kept = Expr::column(index, field.data_type.clone(), branch.span);
                        let value = own.try_fold(kept, |value, (target, tree)| {
                            self.with_field(value, target, 1, tree, sides.scope_of(branch.on))
                        })?;
                        return Ok(Some(value));
                    }
                    Some((_, tree)) => tree,
                    None => return Ok(None),
                }
            }
            ChangeAction::Insert { columns, values } if values.is_empty() => {
                let name = ast::Ident { text: field.name.clone(), span: branch.span };
                if !columns.is_empty() && !columns.iter().any(is_it) {
                    return self.default_or_null(default, field, branch.span).map(Some);
                }
                let value = sides.source_columns.column(None, &name)?;
                return self.as_column(value.into(), field, branch.span).map(Some);
            }
            ChangeAction::Insert { columns, values } => {
                let count = if columns.is_empty() { schema.fields.len() } else { columns.len() };
                if count != values.len() {
                    return Err(super::column_count(count, values.len(), branch.span));
                }
                let position = if columns.is_empty() {
                    schema.fields.iter().position(|other| other.name == field.name)
                } else {
                    columns.iter().position(is_it)
                };
                match position.and_then(|position| values.get(position)) {
                    Some(tree) => tree,
                    None => {
                        return self.default_or_null(default, field, branch.span).map(Some);
                    }
                }
            }
        };
        if tree.kind == ast::ExprKind::Default {
            return self.default_or_null(default, field, tree.span).map(Some);
        }
        let scope = sides.scope_of(branch.on);
        let value = self.inside("a changed row", |binder| binder.typed(tree, Names::of(scope)))?;
        self.as_column(value, field, tree.span).map(Some)
    }
}

/// The target without the name of the table, which may stand before a column.
fn without_table(target: &mut ast::Path, table: Option<&ast::Ident>, schema: &Schema) {
    let [first, _, ..] = target.parts.as_slice() else { return };
    let is_table = table.is_some_and(|table| table.text.eq_ignore_ascii_case(&first.text));
    let is_column = schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(&first.text));
    if is_table && !is_column {
        target.parts.remove(0);
    }
}

/// Whether two targets are one, or one is a field of the other.
fn overlap(a: &ast::Path, b: &ast::Path) -> bool {
    a.parts.iter().zip(&b.parts).all(|(a, b)| a.text.eq_ignore_ascii_case(&b.text))
}

/// Checks that the table has the columns to which a branch gives values, and that none is named twice.
fn check_columns(branch: &ast::ChangeBranch, schema: &Schema) -> Result<()> {
    let columns: Vec<&ast::Ident> = match &branch.action {
        ChangeAction::Update(assignments) => {
            for (number, (target, _)) in assignments.iter().enumerate() {
                let column = target.parts.first().invariant("a target has a name")?;
                if !schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(&column.text)) {
                    return Err(unknown_target(column, schema));
                }
                if assignments.iter().take(number).any(|(other, _)| overlap(other, target)) {
                    let message = format!("column `{}` gets two values", target.text());
                    return Err(Error::new(Code::AmbiguousColumn, message).at(target.span));
                }
            }
            return Ok(());
        }
        ChangeAction::Insert { columns, values } if !values.is_empty() => columns.iter().collect(),
        ChangeAction::Insert { .. } | ChangeAction::Delete => return Ok(()),
    };
    let mut seen: Vec<&str> = Vec::new();
    for column in columns {
        if !schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(&column.text)) {
            return Err(unknown_target(column, schema));
        }
        if seen.iter().any(|name| name.eq_ignore_ascii_case(&column.text)) {
            let message = format!("column `{}` gets two values", column.text);
            return Err(Error::new(Code::AmbiguousColumn, message).at(column.span));
        }
        seen.push(&column.text);
    }
    Ok(())
}
