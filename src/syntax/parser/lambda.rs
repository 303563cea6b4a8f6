//! Functions of elements, `ARRAY_FILTER(items, e -> …)`: they are the subqueries over UNNEST that they stand for.

use super::Parser;
use crate::data::Scalar;
use crate::diag::{Result, Span};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    Expr, ExprKind, Ident, Offset, OrderItem, Path, Query, Select, SelectItem, SubqueryKind, TableExpr,
    TableExprKind,
};
use crate::syntax::token::Punctuation;

/// What becomes of the elements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Filter,
    Transform,
    Includes,
}

/// `e -> body` or `(e, position) -> body`.
struct Lambda {
    element: Ident,
    position: Option<Ident>,
    body: Expr,
}

/// A position that the text does not name; no text can say this name.
const POSITION: &str = "position of the element";

impl Parser<'_> {
    /// The arguments of the function `name` behind its parenthesis, where the second one is a function of elements; else
    /// what stands there instead: its first argument, if that was read, and it goes on behind it.
    pub(super) fn function_of_elements(&mut self, name: &Path) -> Result<Option<Elements>> {
        let Some(purpose) = purpose(name) else { return Ok(None) };
        let start = self.token().span;
        let items = self.expr()?;
        if !self.at(Punctuation::Comma) {
            return Ok(Some(Elements::First(items)));
        }
        self.expect(Punctuation::Comma)?;
        if self.at(Punctuation::RightParen) {
            return Err(self.expected("an argument"));
        }
        let Some(lambda) = self.lambda()? else { return Ok(Some(Elements::First(items))) };
        let span = self.since(start);
        Ok(Some(Elements::All(over_elements(purpose, items, lambda, span))))
    }

    /// A function of elements, if one starts here.
    fn lambda(&mut self) -> Result<Option<Lambda>> {
        let (element, position) = if self.at_name() && self.arrow_at(1) {
            (self.ident("a name")?, None)
        } else if self.at(Punctuation::LeftParen)
            && self.nth_at(2, Punctuation::RightParen)
            && self.arrow_at(3)
        {
            self.bump();
            (self.ident("a name for the element")?, None)
        } else if self.at(Punctuation::LeftParen)
            && self.nth_at(4, Punctuation::RightParen)
            && self.arrow_at(5)
        {
            self.bump();
            let element = self.ident("a name for the element")?;
            self.expect(Punctuation::Comma)?;
            (element, Some(self.ident("a name for its position")?))
        } else {
            return Ok(None);
        };
        self.eat(Punctuation::RightParen);
        self.expect(Punctuation::Minus)?;
        self.expect(Punctuation::Greater)?;
        Ok(Some(Lambda { element, position, body: self.expr()? }))
    }

    /// Whether an arrow starts at the token that is so many behind this one.
    fn arrow_at(&self, n: usize) -> bool {
        self.nth_at(n, Punctuation::Minus) && self.nth_at(n + 1, Punctuation::Greater)
    }
}

/// What stands between the parentheses of a function that may have a function of elements.
pub(super) enum Elements {
    /// An ordinary argument; a comma behind it has been read.
    First(Expr),
    /// All of it.
    All(Expr),
}

fn purpose(name: &Path) -> Option<Purpose> {
    let [name] = name.parts.as_slice() else { return None };
    let of = [
        ("ARRAY_FILTER", Purpose::Filter),
        ("ARRAY_TRANSFORM", Purpose::Transform),
        ("ARRAY_INCLUDES", Purpose::Includes),
    ];
    of.into_iter().find(|(word, _)| name.text.eq_ignore_ascii_case(word)).map(|(_, purpose)| purpose)
}

/// `IF(items IS NULL, NULL, ARRAY(SELECT … FROM UNNEST(items) AS e WITH OFFSET AS position …))`.
fn over_elements(purpose: Purpose, items: Expr, lambda: Lambda, span: Span) -> Expr {
    let Lambda { element, position, body } = lambda;
    let at = |kind| Expr { kind, span };
    let position = position.unwrap_or(Ident { text: POSITION.into(), span });
    let from = TableExpr {
        kind: TableExprKind::Unnest {
            array: items.clone(),
            offset: Some(Offset { name: position.clone() }),
            fields: false,
        },
        alias: Some(element.clone()),
        span,
    };
    let (value, filter) = match purpose {
        Purpose::Transform => (body, None),
        Purpose::Filter | Purpose::Includes => (at(ExprKind::Name(element)), Some(body)),
    };
    let select = Select {
        from: Some(from),
        filter,
        ..Select::list(vec![SelectItem::Expr { expr: value, alias: None }], span)
    };
    let in_order = OrderItem { expr: at(ExprKind::Name(position)), descending: false, nulls_first: None };
    let (kind, order_by) = match purpose {
        Purpose::Includes => (SubqueryKind::Exists, Vec::new()),
        Purpose::Filter | Purpose::Transform => (SubqueryKind::Array, vec![in_order]),
    };
    let query = Query { order_by, ..Query::of_select(select) };
    let is_null = at(ExprKind::Operator { operator: SqlOperator::IsNull, args: vec![items] });
    at(ExprKind::Case {
        operand: None,
        branches: vec![(is_null, at(ExprKind::Literal(Scalar::Null)))],
        otherwise: Some(Box::new(at(ExprKind::Subquery(kind, Box::new(query))))),
    })
}
