//! ML.FEATURE_IMPORTANCE over rows: how much worse a model predicts when the values of one feature are shuffled among the rows (Breiman, 2001).

use super::super::Binder;
use super::super::model_input;
use super::args::Call;
use super::evaluate::visible;
use super::explain::features;
use super::label::{ACTUAL, JudgedKind, Labelled};
use super::monitor::WINDOW_ERRORS;
use super::text::{filled, quoted, string};
use crate::diag::{Invariant, Result};
use crate::plan::node::Node;

const PERMUTATION: &str = include_str!("sql/permutation.sql");

const ACCURACY: &str = "WITH {pairs} SELECT win, AVG(IF(y = p, 1, 0)) AS score FROM d GROUP BY win";

impl Binder<'_> {
    /// Accuracy of classifiers, the coefficient of determination of regression: what scikit-learn's estimators score.
    pub(super) fn permutation_importance(&mut self, call: &Call<'_>) -> Result<Node> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        let rows = call.rows.first().copied().invariant("a call with rows")?;
        let repeats = self.int(call, "num_repeats", 5, 1..=100)?;
        let seed = self.seed(call)?;
        // The query names the model: its prediction has to be its own.
        self.labelling(path)?;
        let Labelled { source, model, pairs, kind } = self.labelled(call)?;
        let columns: Vec<_> = source.scope.visible(None).collect();
        model_input::bind(&model.signature().inputs, &columns, &path.text(), rows.span)?;
        let features = features(&model, &columns);
        let pairs = pairs.replacen("SELECT ", "SELECT __win AS win, ", 1);
        let scores = match kind {
            JudgedKind::Regression => {
                let errors = filled(WINDOW_ERRORS, &[("pairs", &pairs)]);
                format!("SELECT win, r2_score AS score FROM ({errors})")
            }
            JudgedKind::Classification { .. } => filled(ACCURACY, &[("pairs", &pairs)]),
        };
        let names: Vec<_> = features.iter().map(|name| quoted(name)).collect();
        let permuted = names.iter().enumerate();
        let permuted: Vec<_> =
            permuted.map(|(f, name)| format!("IF(o.f = {f}, y.{name}, x.{name}) AS {name}")).collect();
        let listed: Vec<_> = features.iter().map(|name| string(name)).collect();
        let last = features.len().checked_sub(1).invariant("a column for the model")?;
        let sql = filled(
            PERMUTATION,
            &[
                ("seed", &seed.to_string()),
                ("repeats", &repeats.to_string()),
                ("last", &last.to_string()),
                ("actual", ACTUAL),
                ("names", &names.join(", ")),
                ("permuted", &permuted.join(", ")),
                ("model", &quoted(&path.text())),
                ("scores", &scores),
                ("features", &format!("[{}]", listed.join(", "))),
            ],
        );
        self.expanded(call, vec![("given", visible(source)?)], &sql)
    }
}
