//! Streams that may never end: a plan that had to see all their rows before it gives one is refused, and where only so many
//! rows are wanted, no more are taken out of the stream.

use super::node::{JoinKind, Node, NodeKind, Plan, SubplanKind};
use crate::diag::{Code, Error, Result, Span};

/// The plan, if it gives rows as they come.
///
/// # Errors
/// `unsupported-syntax` at the name of a stream that would have to be read to its end first.
pub(super) fn checked(mut plan: Plan) -> Result<Plan> {
    for subplan in &mut plan.subplans {
        let found = endless(&mut subplan.root)?;
        if subplan.kind != SubplanKind::Exists {
            ended(found, "a subquery")?;
        }
    }
    for query in &mut plan.queries {
        ended(endless(&mut query.root)?, "a subquery")?;
    }
    endless(&mut plan.root)?;
    Ok(plan)
}

/// A stream in FROM, and its name.
type Found = Option<(Span, String)>;

/// The stream because of which the rows of `node` may never end.
fn endless(node: &mut Node) -> Result<Found> {
    match &mut node.kind {
        NodeKind::Stream { stream, span, .. } => {
            return Ok(stream.is_endless.then(|| (*span, stream.source.clone())));
        }
        NodeKind::Limit { input, count, offset } => {
            endless(input)?;
            want(input, count.saturating_add(*offset));
            return Ok(None);
        }
        _ => {}
    }
    let found = node.inputs_mut().into_iter().map(endless).collect::<Result<Vec<_>>>()?;
    let mut found = found.into_iter();
    let first = found.next().flatten();
    let holds = match &node.kind {
        NodeKind::Sort { .. } => "ORDER BY",
        NodeKind::Aggregate { .. } => "an aggregate function",
        NodeKind::Window { .. } => "a window function",
        NodeKind::Shares { .. } => "an explanation",
        NodeKind::VectorSearch { .. } => {
            ended(first, "the table that VECTOR_SEARCH searches")?;
            return Ok(found.next().flatten());
        }
        NodeKind::Join { kind, .. } => {
            ended(found.next().flatten(), "the right side of a JOIN")?;
            if matches!(kind, JoinKind::Right | JoinKind::Full) {
                ended(first.clone(), "a RIGHT or FULL JOIN")?;
            }
            return Ok(first);
        }
        _ => return Ok(first.or_else(|| found.flatten().next())),
    };
    ended(first, holds)?;
    Ok(None)
}

/// Tells the stream below that no more rows are wanted, where each of them is a row of `node`.
fn want(node: &mut Node, rows: usize) {
    match &mut node.kind {
        NodeKind::Stream { most, .. } => *most = Some(rows),
        NodeKind::Project { input, .. } | NodeKind::Predict { input, .. } => want(input, rows),
        _ => {}
    }
}

fn ended(found: Found, what: &str) -> Result<()> {
    let Some((span, name)) = found else { return Ok(()) };
    let message = format!("{what} needs all rows, and the stream `{name}` may have no end");
    Err(Error::new(Code::UnsupportedSyntax, message)
        .at(span)
        .hint(format!("take a window of it: `(SELECT * FROM {name} LIMIT 1000)` is the next 1000 rows")))
}
