//! Set operations that match the columns of their parts by name: BY NAME and CORRESPONDING.

use super::coerce::literal;
use super::query::column_of;
use crate::data::{Field, Scalar, Schema};
use crate::diag::{Code, Error, Result};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::{KeptColumns, NameMatching};

/// The parts with the columns that the operation keeps, in the order of its result. What a part lacks is NULL there.
///
/// # Errors
/// `column-count` where parts that need the same columns have others, or none are left; `unknown-column` for a
/// listed one that is missing; `ambiguous-column` for two of one name.
pub(super) fn matched(parts: Vec<Node>, by_name: &NameMatching) -> Result<Vec<Node>> {
    let kept = match &by_name.columns {
        Some(_) => listed(&parts, by_name)?,
        None => common(&parts, by_name)?,
    };
    parts.into_iter().map(|part| chosen(part, &kept, by_name)).collect()
}

/// The columns of `ON (…)` and `BY (…)`.
fn listed(parts: &[Node], by_name: &NameMatching) -> Result<Vec<String>> {
    let names = by_name.columns.iter().flatten();
    let kept = names.map(|name| {
        let mut has = parts.iter().map(|part| place(&part.schema, &name.text).is_some());
        let is_there = match by_name.kept {
            KeptColumns::Same | KeptColumns::Common => has.all(|it| it),
            KeptColumns::First => has.next() == Some(true),
            KeptColumns::All => has.any(|it| it),
        };
        if is_there {
            return Ok(name.text.clone());
        }
        let message = format!("column `{}` is not in every query of the set operation", name.text);
        Err(Error::new(Code::UnknownColumn, message).at(name.span))
    });
    kept.collect()
}

/// The columns that follow from those of the parts.
fn common(parts: &[Node], by_name: &NameMatching) -> Result<Vec<String>> {
    let names = |part: &Node| part.schema.fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>();
    let mut kept = parts.first().map(names).unwrap_or_default();
    for part in parts.iter().skip(1) {
        match by_name.kept {
            KeptColumns::First => {}
            KeptColumns::Common => kept.retain(|name| place(&part.schema, name).is_some()),
            KeptColumns::All => {
                let new: Vec<_> = names(part).into_iter().filter(|name| !holds(&kept, name)).collect();
                kept.extend(new);
            }
            KeptColumns::Same => {
                let missing = kept.iter().find(|name| place(&part.schema, name).is_none()).cloned();
                let others = names(part).into_iter().find(|name| !holds(&kept, name));
                if let Some(name) = missing.or(others) {
                    let message = format!("column `{name}` is not in every query of the set operation");
                    return Err(Error::new(Code::ColumnCount, message).at(by_name.span).hint(
                        "write FULL OUTER before the set operator to fill in NULL, INNER to leave the column out",
                    ));
                }
            }
        }
    }
    if kept.is_empty() {
        let message = "the queries of the set operation have no column in common";
        return Err(Error::new(Code::ColumnCount, message).at(by_name.span));
    }
    Ok(kept)
}

fn chosen(part: Node, kept: &[String], by_name: &NameMatching) -> Result<Node> {
    let (mut exprs, mut fields) = (Vec::new(), Vec::new());
    for name in kept {
        let typed = match place(&part.schema, name) {
            Some(number) => {
                let after = part.schema.fields.iter().skip(number + 1);
                if after.clone().any(|field| field.name.eq_ignore_ascii_case(name)) {
                    let message = format!("a query of the set operation has two columns named `{name}`");
                    return Err(Error::new(Code::AmbiguousColumn, message).at(by_name.span));
                }
                column_of(&part, number, by_name.span)?
            }
            None => literal(Scalar::Null, by_name.span),
        };
        fields.push(Field::new(name.clone(), typed.expr.data_type.clone()));
        exprs.push(typed.expr);
    }
    Ok(Node { kind: NodeKind::Project { input: Box::new(part), exprs }, schema: Schema { fields } })
}

fn place(schema: &Schema, name: &str) -> Option<usize> {
    schema.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))
}

fn holds(names: &[String], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}
