//! A query in fragments, which other threads, processes or machines run: each binds the same text over the same catalog, and
//! takes the fragments that it is told to take. Nothing of a plan ever travels.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::query::{Query, Setting};
use super::written;
use crate::data::{Batch, Schema};
use crate::diag::{Invariant, Result};
use crate::limits::DIGESTED_ROWS;
use crate::model::hexadecimal;
use crate::plan::{Arrival, Cut, Exchange, Node, NodeKind, Piece, explained};
use crate::table::{Part, Table};

/// The fragments of a query. The rows of the last one, its parts in the order of their numbers, are those of the query, in
/// their order.
///
/// ```
/// use predictql::table::{CsvOptions, Part};
/// use predictql::{Arrival, Engine, Step};
///
/// let engine = Engine::default();
/// engine.register_csv("t", b"x\n1\n2\n3\n", &CsvOptions::default())?;
/// let mut script = engine.session().script("SELECT x * x AS y FROM t", Default::default())?;
/// let query = script.next().unwrap()?;
/// let fragments = query.fragments(Arrival::InOrder)?.expect("rows of a table can be divided");
/// let mut rows = Vec::new();
/// for number in 0..2 {
///     let mut part = fragments.query(0, Part { number, of: 2 })?;
///     loop {
///         match part.step()? {
///             Step::Batch(batch) => rows.push(batch.rows()),
///             Step::Done(_) => break,
///             _ => {}
///         }
///     }
/// }
/// assert_eq!(rows, [2, 1]);
/// # Ok::<(), predictql::diag::Error>(())
/// ```
#[derive(Clone)]
pub struct Fragments {
    inner: Arc<Inner>,
}

struct Inner {
    setting: Setting,
    pieces: Vec<Piece>,
    fragments: Vec<Fragment>,
}

/// Operators of a query that run without the rows of other parts.
#[derive(Debug, Clone)]
pub struct Fragment {
    /// The columns of its rows, with those that say in what order they are and where they go.
    pub schema: Schema,
    /// What it reads of the fragments before it.
    pub inputs: Vec<Exchange>,
    /// Whether it runs once for each part of its rows, however many its host makes of them; else it runs once, as
    /// [`Part::WHOLE`].
    pub is_divided: bool,
    /// The INT64 column by whose values the rows go to the parts of the fragment that reads them, where that is by
    /// [`Distribution::Hash`](crate::Distribution::Hash).
    pub key: Option<usize>,
    /// How many of the first rows of its parts, in the order of these, are wanted, where not all are.
    pub most: Option<usize>,
    /// About how many batches there are in the tables that it divides: more parts than these are of no use. `None` where it divides
    /// none, or the host divides them.
    pub batches: Option<usize>,
    /// The tables that its host divides, by name.
    pub tables: Vec<String>,
}

impl Query {
    /// The fragments of a query that has not been stepped, or of the query whose rows a statement takes, which [`Query::source`] takes away
    /// from it. `None` where it has to run in one piece: another statement without rows, one over no table, with random
    /// numbers, over the log of statements, or in a session where rows that fail are NULL.
    ///
    /// Where a fragment fails, the query is to be run in one piece: that says which row is at fault, and a query that never
    /// comes to that row does not fail.
    ///
    /// # Errors
    /// `internal` for a plan that is not whole.
    pub fn fragments(&self, arrival: Arrival) -> Result<Option<Fragments>> {
        let Some(plan) = self.plan() else { return Ok(None) };
        let Some(Cut { pieces }) = Cut::of(plan.clone(), arrival)? else { return Ok(None) };
        let setting = self.setting();
        let limits = setting.limits();
        let fragments = pieces.iter().map(|piece| Fragment {
            schema: piece.plan.root.schema.clone(),
            inputs: piece.inputs.clone(),
            is_divided: piece.is_divided,
            key: piece.key,
            most: piece.most,
            batches: piece.batches(limits),
            tables: piece.tables(),
        });
        let fragments = fragments.collect();
        let inner = Inner { setting, pieces, fragments };
        Ok(Some(Fragments { inner: Arc::new(inner) }))
    }
}

impl Fragments {
    /// The fragments. Each reads only those before it, and the last gives the result.
    pub fn all(&self) -> &[Fragment] {
        &self.inner.fragments
    }

    /// What two programs compare that run fragments of the same query: a hash of their version, of the plan, and of what the
    /// plan reads. Programs with other hashes must not exchange rows.
    ///
    /// # Errors
    /// `internal` for a table that cannot be written.
    pub fn digest(&self) -> Result<String> {
        digest(&self.inner.pieces)
    }

    /// A fragment over a part of its rows, to be stepped as any query. It asks for the rows of others by
    /// [`Resource::Fragment`](crate::Resource::Fragment).
    ///
    /// # Errors
    /// `internal` where there is no such fragment.
    pub fn query(&self, fragment: usize, part: Part) -> Result<Query> {
        let piece = self.inner.pieces.get(fragment).invariant("a fragment of another query")?;
        Ok(self.inner.setting.part(piece.plan(part)))
    }
}

/// The hash by which programs know that they mean the same plan over the same tables and models.
fn digest(pieces: &[Piece]) -> Result<String> {
    let mut text = format!("predictql {}\n", env!("CARGO_PKG_VERSION"));
    let mut hash = Sha256::new();
    for piece in pieces {
        text.push_str(&format!("{:?} {} {:?}\n", piece.inputs, piece.is_divided, piece.key));
        let plan = &piece.plan;
        let roots = plan.subplans.iter().map(|it| &it.root).chain(plan.queries.iter().map(|it| &it.root));
        for root in roots.chain([&plan.root]) {
            text.push_str(&explained(root));
            sources(root, &mut text, &mut hash)?;
        }
    }
    hash.update(text.as_bytes());
    Ok(hexadecimal(hash.finalize().into()))
}

/// The first rows of a table, in one batch: who has made the same table may have other batches.
fn first_rows(table: &Table) -> Result<Table> {
    let mut left = DIGESTED_ROWS;
    let batches = table.batches.iter().map(|batch| {
        let first = batch.slice(0, left);
        left -= first.rows();
        first
    });
    let batches: Vec<_> = batches.filter(|batch| batch.rows() > 0).collect();
    let first = Batch::concat(&table.schema, &batches)?;
    Ok(Table { schema: table.schema.clone(), batches: vec![first], notes: Vec::new() })
}

/// What a plan reads: models by the hashes of their files and their options, tables by their columns, how many rows they have, and the first of
/// these.
fn sources(node: &Node, text: &mut String, hash: &mut Sha256) -> Result<()> {
    text.push_str(&format!("{:?}\n", node.schema));
    match &node.kind {
        NodeKind::Predict { model, .. } | NodeKind::Shares { model, .. } => {
            text.push_str(&format!("{} {:?}\n", model.sha256(), model.options()));
        }
        NodeKind::Scan { table, .. } => {
            text.push_str(&format!("{:?} {}\n", table.schema, table.rows()));
            hash.update(written(&first_rows(table)?)?);
        }
        NodeKind::Objects { objects, .. } => {
            text.push_str(&format!("{objects:?}\n"));
        }
        NodeKind::Stream { stream, .. } => {
            text.push_str(&format!("{:?} {}\n", stream.schema, stream.bytes));
        }
        _ => {}
    }
    node.inputs().into_iter().try_for_each(|input| sources(input, text, hash))
}
