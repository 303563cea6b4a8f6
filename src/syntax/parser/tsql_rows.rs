//! Functions of T-SQL that give rows: STRING_SPLIT, GENERATE_SERIES and OPENJSON. They are arrays, whose elements are the rows.

use super::Parser;
use super::control::called;
use crate::data::Scalar;
use crate::diag::Result;
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    Expr, ExprKind, Ident, Offset, Query, RowForm, Select, SelectItem, SubqueryKind, TableExpr, TableExprKind,
};
use crate::syntax::token::{Punctuation, TokenKind};

const FUNCTIONS: &[&str] = &["STRING_SPLIT", "GENERATE_SERIES", "OPENJSON"];

/// A name that no text can say.
const ELEMENT: &str = "element of the array";

impl Parser<'_> {
    /// Whether the `n`th token from here begins such a call.
    pub(super) fn at_row_function(&self, n: usize) -> bool {
        self.is_tsql()
            && FUNCTIONS.iter().any(|word| self.nth_at_word(n, word))
            && self.nth_at(n + 1, Punctuation::LeftParen)
    }

    pub(super) fn row_function(&mut self) -> Result<TableExprKind> {
        let start = self.token().span;
        let word = self.eat_one_of(FUNCTIONS);
        let mut args = self.parenthesised(Self::expr)?;
        let span = self.since(start);
        let at = |kind| Expr { kind, span };
        let name = |text: &str| Ident { text: text.into(), span };
        let column = |text: &str| at(ExprKind::Name(name(text)));
        let text = |text: &str| at(ExprKind::Literal(Scalar::String(text.into())));
        let one = || at(ExprKind::Literal(Scalar::Int64(1)));
        let mut items = vec![(column(ELEMENT), name("value"))];
        let array = match word {
            Some("STRING_SPLIT") => {
                let ordinal = if args.len() == 3 { args.pop() } else { None };
                if ordinal.is_some_and(|ordinal| ordinal.kind == one().kind) {
                    let args = vec![column("ordinal"), one()];
                    let operator = SqlOperator::Add;
                    items.push((at(ExprKind::Operator { operator, args }), name("ordinal")));
                }
                called("TSQL_SPLIT", args, span)
            }
            Some("GENERATE_SERIES") => called("GENERATE_ARRAY", args, span),
            _ => {
                if args.len() == 1 {
                    args.push(text("$"));
                }
                if !self.at_word("WITH") || !self.nth_at(1, Punctuation::LeftParen) {
                    let array = called("TSQL_OPENJSON", args, span);
                    return Ok(TableExprKind::Unnest { array, offset: None, fields: true });
                }
                self.bump();
                let document = column(ELEMENT);
                items = self.parenthesised(|parser| parser.json_column(&document))?;
                called("TSQL_JSON_ROWS", args, span)
            }
        };
        let offset = (items.len() > 1).then(|| Offset { name: name("ordinal") });
        let kind = TableExprKind::Unnest { array, offset, fields: false };
        let from = Some(TableExpr { kind, alias: Some(name(ELEMENT)), span });
        let items = items.into_iter().map(|(expr, alias)| SelectItem::Expr { expr, alias: Some(alias) });
        let select = Select { form: RowForm::Struct, from, ..Select::list(items.collect(), span) };
        let query = Query::of_select(select);
        let array = at(ExprKind::Subquery(SubqueryKind::Array, Box::new(query)));
        Ok(TableExprKind::Unnest { array, offset: None, fields: true })
    }

    /// `name type ['$.path'] [AS JSON]` in OPENJSON's WITH: the part of a document and its name.
    fn json_column(&mut self, document: &Expr) -> Result<(Expr, Ident)> {
        let name = self.column_name()?;
        let to = self.type_name()?;
        let span = name.span;
        let path = match &self.token().kind {
            TokenKind::String(path) => {
                let path = path.clone();
                self.bump();
                path
            }
            _ => format!("$.{}", name.text),
        };
        let path = Expr { kind: ExprKind::Literal(Scalar::String(path)), span };
        let is_json = self.eat_words(&["AS", "JSON"]);
        let function = if is_json { "JSON_QUERY" } else { "JSON_VALUE" };
        let value = Box::new(called(function, vec![document.clone(), path], span));
        let kind = ExprKind::Cast { value, to, safe: false, truncate: true, format: [None, None] };
        Ok((Expr { kind, span }, name))
    }
}
