//! ML.PREDICT with several versions of a model: rows that are divided among them, or that all of them predict.

use std::sync::Arc;

use super::Binder;
use super::from::Source;
use super::judge::{filled, quoted, string, visible};
use super::model_input;
use super::predict::predict_node;
use crate::catalog::{BUCKETS, Traffic, parts};
use crate::data::{Field, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::model::{Model, Port};
use crate::plan::expr::Expr;
use crate::plan::node::{Node, NodeKind, Subplan, SubplanKind};
use crate::syntax::ast::{Ident, Path, TableExpr};

/// A call of ML.PREDICT, without its rows.
pub(super) struct Prediction<'a> {
    pub(super) path: &'a Path,
    pub(super) safe: bool,
    /// Where the rows stand.
    pub(super) span: Span,
    /// The cut between two labels, and where it stands.
    pub(super) threshold: Option<(f64, Span)>,
    /// The inputs and the outputs that hand states from row to row, and where they stand.
    pub(super) states: [(Vec<String>, Span); 2],
}

/// The rows with the bucket that the key of each is in: what is written by hand in BigQuery. A NULL is in the first.
const BUCKETED: &str = "SELECT *, IFNULL(ABS(MOD(FARM_FINGERPRINT(CONCAT({salt}, CAST({key} AS STRING))), {buckets})), 0) AS __bucket, \
    ROW_NUMBER() OVER () AS __row FROM p";

const NAME: &str = "ML.PREDICT";

/// The column with the number of the version that predicted a row.
const VERSION: &str = "model_version";

impl<'a> Binder<'a> {
    /// How the rows of a prediction are divided: not at all where a version is named.
    pub(super) fn traffic(&self, path: &Path) -> Option<&'a Traffic> {
        let reference = path.text();
        let (name, None) = parts(&reference) else { return None };
        let traffic = &self.context.catalog.model_versions(name).ok()?.traffic;
        (!traffic.shares().is_empty()).then_some(traffic)
    }

    /// Each row's prediction by the version that its key falls to, with the number of that version, in the order of the rows.
    pub(super) fn routed(
        &mut self,
        call: &Prediction<'_>,
        rows: &TableExpr,
        traffic: &Traffic,
    ) -> Result<Node> {
        let words = traffic.shares().iter().map(|(word, share)| (ident(word, call.path.span), *share));
        let versions = words.map(|(word, share)| Ok((self.named_version(call, &word)?, share)));
        let versions = versions.collect::<Result<Vec<_>>>()?;
        let ((first, model), _) = versions.first().invariant("a split has versions")?;
        let outputs = model.signature().outputs.clone();
        for ((number, model), _) in &versions {
            same_outputs(call, (*first, &outputs), (*number, &model.signature().outputs))?;
        }
        let source = self.table(rows)?;
        let columns: Vec<_> = source.scope.visible(None).map(|(name, _)| name.to_owned()).collect();
        let shared = self.bucketed(call, source, traffic)?;
        let is_output = |name: &str| outputs.iter().any(|port| port.name.eq_ignore_ascii_case(name));
        let kept = columns.iter().filter(|name| !is_output(name) && !name.eq_ignore_ascii_case(VERSION));
        let kept: String = kept.map(|name| format!(", {}", quoted(name))).collect();
        let listed: String = outputs.iter().map(|port| format!("{}, ", quoted(&port.name))).collect();
        let (mut start, mut selects, mut names, mut parts) = (0, Vec::new(), Vec::new(), Vec::new());
        for (place, ((number, model), share)) in versions.into_iter().enumerate() {
            let end = start + share;
            let sql = format!("SELECT * FROM r WHERE __bucket >= {start} AND __bucket < {end}");
            let part = self.query_over(NAME, call.span, vec![("r", shared.clone())], &sql)?;
            let part = Source::new(part, None);
            parts.push(predict_node(part, &call.path.text(), model, call.safe, call.span)?);
            let name = format!("v{place}");
            selects.push(format!("SELECT {listed}{number} AS {VERSION}{kept}, __row FROM {name}"));
            names.push(name);
            start = end;
        }
        let sql = format!("SELECT * EXCEPT (__row) FROM ({}) ORDER BY __row", selects.join(" UNION ALL "));
        self.query_over(NAME, call.span, names.iter().map(String::as_str).zip(parts).collect(), &sql)
    }

    /// The rows, each with its bucket and its number.
    fn bucketed(&mut self, call: &Prediction<'_>, source: Source, traffic: &Traffic) -> Result<Node> {
        let key = traffic.key.as_deref().invariant("a split has a key")?;
        if !source.scope.visible(None).any(|(name, _)| name.eq_ignore_ascii_case(key)) {
            let message =
                format!("model `{}` divides rows by column `{key}`, which they lack", call.path.text());
            return Err(Error::new(Code::UnknownColumn, message)
                .at(call.span)
                .did_you_mean(key, source.scope.visible(None).map(|(name, _)| name))
                .or_hint(format!("add the column, or name a version: MODEL {}@…", call.path.text())));
        }
        let salt = string(traffic.salt.as_deref().unwrap_or_default());
        let parts = [("salt", salt.as_str()), ("key", &quoted(key)), ("buckets", &BUCKETS.to_string())];
        let root =
            self.query_over(NAME, call.span, vec![("p", visible(source)?)], &filled(BUCKETED, &parts))?;
        let schema = root.schema.clone();
        self.subplans.push(Subplan { root, kind: SubplanKind::Rows, span: call.span });
        let columns = (0..schema.fields.len()).collect();
        Ok(Node { kind: NodeKind::Shared { subplan: self.subplans.len() - 1, columns }, schema })
    }

    /// Each row with the outputs of all versions that `words` name: `<output>_<word>`.
    pub(super) fn side_by_side(
        &mut self,
        call: &Prediction<'_>,
        rows: &TableExpr,
        words: &[Ident],
    ) -> Result<Node> {
        let models = words.iter().map(|word| self.named_version(call, word).map(|(_, model)| (word, model)));
        let models = models.collect::<Result<Vec<_>>>()?;
        let mut node = visible(self.table(rows)?)?;
        let rows = node.schema.fields.clone();
        for (word, model) in &models {
            node = predicted_by(call, node, &rows, model.clone(), &word.text)?;
        }
        let fields = named_outputs(&models, rows);
        let (fields, exprs) = fields
            .into_iter()
            .map(|(field, place)| {
                let expr = Expr::column(place, field.data_type.clone(), call.span);
                (field, expr)
            })
            .unzip();
        Ok(Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema: Schema { fields } })
    }

    /// The number of the version that `word` names of the call's model, and its model at the call's threshold.
    fn named_version(&self, call: &Prediction<'_>, word: &Ident) -> Result<(u32, Arc<Model>)> {
        let mut path = call.path.clone();
        path.parts.last_mut().invariant("a name has parts")?.text.extend(["@", &word.text]);
        path.span = word.span;
        let version = self.version(&path)?;
        let model = call.settled(version.model.clone())?;
        Ok((version.number, model))
    }
}

impl Prediction<'_> {
    /// The model as the settings want it.
    pub(super) fn settled(&self, mut model: Arc<Model>) -> Result<Arc<Model>> {
        if let Some((threshold, span)) = self.threshold {
            model = Arc::new(model.at_threshold(threshold).map_err(|error| error.or_at(span))?);
        }
        let [(inputs, span), (outputs, _)] = &self.states;
        if inputs.is_empty() && outputs.is_empty() {
            return Ok(model);
        }
        model.with_states(inputs, outputs).map(Arc::new).map_err(|error| error.or_at(*span))
    }
}

/// `node` with the outputs of another version in front. `rows` are its last columns, which that predicts.
fn predicted_by(
    call: &Prediction<'_>,
    node: Node,
    rows: &[Field],
    model: Arc<Model>,
    word: &str,
) -> Result<Node> {
    let width = node.schema.fields.len();
    let first = width.checked_sub(rows.len()).invariant("the rows' columns stand behind the outputs")?;
    let exprs: Vec<_> = (first..)
        .zip(rows)
        .map(|(place, field)| Expr::column(place, field.data_type.clone(), call.span))
        .collect();
    let columns: Vec<_> = rows.iter().map(|field| field.name.as_str()).zip(&exprs).collect();
    let name = format!("{}@{word}", call.path.text());
    let inputs = model_input::bind(&model.signature().inputs, &columns, &name, call.span)?;
    let ports = &model.signature().outputs;
    let mut fields: Vec<_> =
        ports.iter().map(|port| Field::new(port.name.clone(), port.data_type.clone())).collect();
    let outputs = (0..fields.len()).collect();
    fields.extend(node.schema.fields.iter().cloned());
    let keep = (0..width).collect();
    let kind = NodeKind::Predict { input: Box::new(node), model, inputs, outputs, keep, safe: call.safe };
    Ok(Node { kind, schema: Schema { fields } })
}

/// The columns of rows that several versions have predicted, with their places: each output of all versions, then the rows'
/// own. In the places the outputs of the last version come first.
fn named_outputs(models: &[(&Ident, Arc<Model>)], rows: Vec<Field>) -> Vec<(Field, usize)> {
    let mut start = 0;
    let mut outputs = Vec::new();
    for (number, (word, model)) in models.iter().enumerate().rev() {
        let ports = &model.signature().outputs;
        outputs.extend(
            ports.iter().enumerate().map(|(place, port)| (number, place, *word, port, start + place)),
        );
        start += ports.len();
    }
    outputs.sort_by_key(|(number, place, ..)| (*number, *place));
    let mut names: Vec<String> = Vec::new();
    for (.., port, _) in &outputs {
        let name = port.name.to_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut fields: Vec<(Field, usize)> = Vec::new();
    for name in names {
        let same = outputs.iter().filter(|(.., port, _)| port.name.to_lowercase() == name);
        fields.extend(same.map(|(_, _, word, port, place)| {
            (Field::new(format!("{}_{}", port.name, word.text), port.data_type.clone()), *place)
        }));
    }
    for (place, field) in rows.into_iter().enumerate() {
        if !fields.iter().any(|(known, _)| known.name.eq_ignore_ascii_case(&field.name)) {
            fields.push((field, start + place));
        }
    }
    fields
}

/// Rows that are divided have the columns of one version as those of another.
fn same_outputs(call: &Prediction<'_>, first: (u32, &[Port]), other: (u32, &[Port])) -> Result<()> {
    let names = |ports: &[Port]| {
        let mut names: Vec<_> = ports.iter().map(|port| port.name.to_lowercase()).collect();
        names.sort();
        names
    };
    let (known, found) = (names(first.1), names(other.1));
    if known == found {
        return Ok(());
    }
    let message = format!(
        "versions {} and {} of model `{}` have other outputs, and its rows are divided among them: {} and {}",
        first.0,
        other.0,
        call.path.text(),
        known.join(", "),
        found.join(", ")
    );
    Err(Error::new(Code::ColumnCount, message)
        .at(call.path.span)
        .hint("name one version, or write STRUCT([…] AS compare) to have the outputs of both"))
}

fn ident(text: &str, span: Span) -> Ident {
    Ident { text: text.to_owned(), span }
}
