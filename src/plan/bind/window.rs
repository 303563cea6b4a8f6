//! Functions with OVER: their windows and frames.

use super::Binder;
use super::aggregates::{Windowed, has_window};
use super::call::{ResolvedCall, check_no_modifiers, misplaced_window, not_groupable};
use super::constant::constant;
use super::scope::Names;
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Result, Span};
use crate::function::{Body, Function, GROUPING, Navigation};
use crate::plan::expr::{ExprKind, Order};
use crate::plan::node::{Distance, Frame, WindowCall};
use crate::syntax::ast::{self, FrameBound, Over};

/// A window with what it takes over from the one it is based on.
#[derive(Default)]
struct Window {
    partition_by: Vec<ast::Expr>,
    order_by: Vec<ast::OrderItem>,
    frame: Option<ast::Frame>,
}

impl Binder<'_> {
    /// A function with OVER.
    pub(super) fn windowed(
        &mut self,
        function: &'static Function,
        call: &ast::FunctionCall,
        over: &Over,
        span: Span,
        names: Names<'_>,
    ) -> Result<crate::plan::expr::Expr> {
        if function.name == GROUPING {
            let message = "GROUPING is no window function";
            return Err(Error::new(Code::MisplacedFunction, message).at(span).hint("leave OVER out"));
        }
        if let Some(clause) = self.level.no_windows {
            return Err(misplaced_window(clause).at(span));
        }
        // Arguments are computed over the groups: aggregates are allowed in them.
        let before = self.level.no_windows.replace("a window function");
        let windowed = self.windowed_parts(function, call, over, span, names);
        self.level.no_windows = before;
        let windowed = windowed?;
        if let (WindowCall::Fit { args, fit, data_type, .. }, Some(transformer)) =
            (&windowed.call, &mut self.level.transformer)
        {
            return transformer.result(*fit, args.clone(), data_type.clone(), span);
        }
        let aggregate = match &windowed.call {
            WindowCall::Aggregate { aggregate, .. } => Some((aggregate.function, aggregate.args.clone())),
            _ => None,
        };
        let result = self.level.window(windowed, span);
        match aggregate {
            Some((function, args)) => self.checked_aggregate(function, &args, result),
            None => Ok(result),
        }
    }

    fn windowed_parts(
        &mut self,
        function: &'static Function,
        call: &ast::FunctionCall,
        over: &Over,
        span: Span,
        names: Names<'_>,
    ) -> Result<Windowed> {
        let window = self.window(over, self.windows.len())?;
        let partition_by = window.partition_by.iter().map(|tree| self.expr(tree, names));
        let partition_by = partition_by.collect::<Result<Vec<_>>>()?;
        if let Some(key) = partition_by.iter().find(|key| !key.data_type.is_groupable()) {
            return Err(not_groupable(key, "PARTITION BY"));
        }
        let order_by = self.order(&window.order_by, names)?;
        let body = function.signatures.first().map(|signature| signature.body);
        let call = match body {
            Some(Body::Aggregate(_)) => {
                check_windowed_aggregate(call, &window, span)?;
                let aggregate = self.aggregate_call(function, call, span, names)?;
                let frame =
                    window.frame.as_ref().map(|frame| self.frame(frame, &order_by, names)).transpose()?;
                WindowCall::Aggregate { aggregate, frame }
            }
            Some(Body::Navigation(navigation)) => {
                self.navigation(function, navigation, call, &window, &order_by, span, names)?
            }
            _ => self.numbering(function, call, &window, span, names)?,
        };
        let mut windowed = Windowed { partition_by, order_by, call };
        if let Some(inner) = windowed.exprs_mut().find(|expr| has_window(expr)) {
            return Err(misplaced_window("a window function").at(inner.span));
        }
        Ok(windowed)
    }

    /// Functions that number rows, and those that take statistics of them.
    fn numbering(
        &mut self,
        function: &'static Function,
        call: &ast::FunctionCall,
        window: &Window,
        span: Span,
        names: Names<'_>,
    ) -> Result<WindowCall> {
        check_no_modifiers(function, call, span)?;
        check_no_frame(function, window)?;
        let ResolvedCall { args, returns, body } = self.resolve_call(function, &call.args, span, names)?;
        match body {
            Body::Ranking(ranking) if window.order_by.is_empty() && ranking.needs_order() => {
                Err(needs_order(function, span))
            }
            Body::Ranking(ranking) => Ok(WindowCall::Ranking(ranking)),
            Body::Fit(_) if !window.partition_by.is_empty() || !window.order_by.is_empty() => {
                Err(Error::new(
                    Code::MisplacedClause,
                    format!("{} takes its statistics over all rows", function.name),
                )
                .at(span)
                .hint("write an empty OVER()"))
            }
            Body::Fit(fit) => Ok(WindowCall::Fit { fit, args, data_type: returns, span }),
            _ => Err(Error::internal("a scalar function was taken for a window function")),
        }
    }

    /// Functions that take the value of another row.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    fn navigation(
        &mut self,
        function: &'static Function,
        navigation: Navigation,
        call: &ast::FunctionCall,
        window: &Window,
        order_by: &[Order],
        span: Span,
        names: Names<'_>,
    ) -> Result<WindowCall> {
        let plain = ast::FunctionCall { ignore_nulls: None, ..call.clone() };
        check_no_modifiers(function, if function.modifiers.nulls { &plain } else { call }, span)?;
        if !navigation.takes_frame() {
            check_no_frame(function, window)?;
        }
        match navigation.needs_order() {
            Some(true) if order_by.is_empty() => return Err(needs_order(function, span)),
            None if !order_by.is_empty() => {
                let message = format!("{} takes no ORDER BY inside OVER", function.name);
                return Err(Error::new(Code::MisplacedClause, message)
                    .at(span)
                    .hint("write PARTITION BY alone"));
            }
            _ => {}
        }
        let ResolvedCall { mut args, returns, .. } = self.resolve_call(function, &call.args, span, names)?;
        if navigation == Navigation::Ntile
            && let Some(buckets) = args.pop()
        {
            return Ok(WindowCall::Ntile { buckets });
        }
        let end = if order_by.is_empty() { None } else { Some(Distance::Peers) };
        let frame = match &window.frame {
            Some(frame) => self.frame(frame, order_by, names)?,
            None => Frame { range: true, start: None, end },
        };
        let ignore_nulls = call.ignore_nulls.unwrap_or(navigation.ignores_nulls());
        Ok(WindowCall::Navigation { navigation, args, frame, ignore_nulls, data_type: returns, span })
    }

    /// The window of `over`, which is based on one of the first `known` named ones.
    fn window(&self, over: &Over, known: usize) -> Result<Window> {
        let (base, own) = match over {
            Over::Named(name) => (Some(name), None),
            Over::Window(window) => (window.base.as_ref(), Some(&**window)),
        };
        let mut window = Window::default();
        if let Some(name) = base {
            let mut windows = self.windows.iter().take(known).enumerate();
            let found = windows.find(|(_, (other, _))| other.text.eq_ignore_ascii_case(&name.text));
            let Some((index, (_, named))) = found else {
                let message = format!("window `{}` was not found", name.text);
                return Err(Error::new(Code::UnknownColumn, message)
                    .at(name.span)
                    .hint("define it: … WINDOW name AS (PARTITION BY …)"));
            };
            // A window can only be based on one before it.
            window = self.window(&Over::Window(Box::new(named.clone())), index)?;
        }
        if let Some(own) = own {
            let adds = !own.partition_by.is_empty() || !own.order_by.is_empty() || own.frame.is_some();
            if let (Some(frame), true) = (&window.frame, adds) {
                return Err(Error::new(
                    Code::MisplacedClause,
                    "a window with a frame cannot be changed where it is named",
                )
                .at(frame.span)
                .hint("write the frame where the window is used"));
            }
            window.partition_by.extend(own.partition_by.iter().cloned());
            window.order_by.extend(own.order_by.iter().cloned());
            window.frame = own.frame.clone().or(window.frame);
        }
        Ok(window)
    }

    fn frame(&mut self, frame: &ast::Frame, order_by: &[Order], names: Names<'_>) -> Result<Frame> {
        let counts =
            |bound: &FrameBound| matches!(bound, FrameBound::Preceding(_) | FrameBound::Following(_));
        let unit = match (frame.range, order_by) {
            (false, _) => DataType::Int64,
            (true, [key]) => key.expr.data_type.clone(),
            (true, _) if counts(&frame.start) || counts(&frame.end) => {
                let message = "RANGE with a number counts in values of one ORDER BY key";
                return Err(Error::new(Code::MisplacedClause, message)
                    .at(frame.span)
                    .hint("order by one number, or write ROWS"));
            }
            (true, _) => DataType::Int64,
        };
        let mut bound = |bound: &FrameBound| match bound {
            FrameBound::UnboundedPreceding | FrameBound::UnboundedFollowing => Ok(None),
            FrameBound::CurrentRow => Ok(Some(Distance::Peers)),
            FrameBound::Preceding(tree) => self.distance(tree, &unit, -1, names).map(Some),
            FrameBound::Following(tree) => self.distance(tree, &unit, 1, names).map(Some),
        };
        Ok(Frame { range: frame.range, start: bound(&frame.start)?, end: bound(&frame.end)? })
    }

    /// The number in front of PRECEDING (`sign` -1) or FOLLOWING (1).
    fn distance(
        &mut self,
        tree: &ast::Expr,
        unit: &DataType,
        sign: i128,
        names: Names<'_>,
    ) -> Result<Distance> {
        if !matches!(unit, DataType::Int64 | DataType::Float64 | DataType::Numeric) {
            return Err(Error::new(
                Code::TypeMismatch,
                format!("RANGE with a number needs an ORDER BY over numbers, found {unit}"),
            )
            .at(tree.span)
            .hint("order by UNIX_DATE, UNIX_SECONDS or UNIX_MICROS of a date or time"));
        }
        let expr = self.expr_of(tree, names, unit, "a distance")?;
        let value = constant(&expr, self.context.limits)?.map_or(expr.kind, ExprKind::Literal);
        match value {
            ExprKind::Literal(Scalar::Int64(rows)) if rows >= 0 => {
                Ok(Distance::Whole(i128::from(rows) * sign))
            }
            ExprKind::Literal(Scalar::Float64(by)) if by >= 0.0 => {
                Ok(Distance::Float(if sign < 0 { -by } else { by }))
            }
            ExprKind::Literal(Scalar::Numeric(units)) if units >= 0 => Ok(Distance::Whole(units * sign)),
            _ if self.context.only_checks() => Ok(Distance::Peers),
            ExprKind::Literal(_) => {
                Err(Error::new(Code::OutOfRange, "a window frame goes a distance from 0 on").at(tree.span))
            }
            _ => {
                Err(Error::new(Code::MisplacedClause, "a window frame's distance is a constant")
                    .at(tree.span))
            }
        }
    }
}

fn check_windowed_aggregate(call: &ast::FunctionCall, window: &Window, span: Span) -> Result<()> {
    if !call.order_by.is_empty() || call.limit.is_some() || call.having.is_some() {
        return Err(Error::new(
            Code::MisplacedClause,
            "HAVING, ORDER BY and LIMIT are not allowed in the arguments of a window function",
        )
        .at(span)
        .hint("write ORDER BY inside OVER"));
    }
    if call.distinct && (!window.order_by.is_empty() || window.frame.is_some()) {
        return Err(Error::new(Code::MisplacedClause, "DISTINCT is not allowed with ORDER BY inside OVER")
            .at(span)
            .hint("leave one of them out"));
    }
    Ok(())
}

fn check_no_frame(function: &Function, window: &Window) -> Result<()> {
    match &window.frame {
        Some(frame) => Err(Error::new(
            Code::MisplacedClause,
            format!("{} sees the whole partition: it takes no ROWS and no RANGE", function.name),
        )
        .at(frame.span)
        .hint("leave the frame out")),
        None => Ok(()),
    }
}

#[cold]
fn needs_order(function: &Function, span: Span) -> Error {
    Error::new(Code::MisplacedClause, format!("{} needs an ORDER BY inside OVER", function.name)).at(span)
}
