//! ML.EXPLAIN_PREDICT of pictures by occlusion (Zeiler and Fergus, 2014): a grid is laid over each picture, one field after the other is covered, and a
//! field's attribution is what the score loses by that.

use super::super::Binder;
use super::args::Call;
use super::evaluate::visible;
use super::explain::{By, Output, Subject};
use super::text::{filled, quoted};
use crate::data::DataType;
use crate::diag::{Code, Error, Invariant, Result};
use crate::plan::node::Node;

const OCCLUSION: &str = include_str!("sql/occlusion.sql");

/// Settings of Shapley values, which this is none of.
const OTHERS: &[&str] = &["top_k_features", "baseline", "num_samples", "seed", "link", "method", "explode"];

impl Binder<'_> {
    pub(super) fn occluded(&mut self, call: &Call<'_>) -> Result<Node> {
        let grid = self.int(call, "image_grid", 7, 1..=32)?;
        if let Some((name, given)) = OTHERS.iter().find_map(|name| Some((name, call.setting(name)?))) {
            let message = format!("`image_grid` covers parts of pictures, `{name}` is for Shapley values");
            return Err(Error::new(Code::InvalidOption, message)
                .at(given.span)
                .hint("leave one of them out"));
        }
        let path = call.models.first().copied().invariant("a call with a model")?;
        let class = self.class(call)?;
        let threshold = self.threshold_setting(call)?;
        let Subject { model, predicted, source, features, passed } = self.subject(call)?;
        let output = Output::of(&model, &predicted, call)?;
        let is_picture = |name: &&String| {
            let mut columns = source.scope.visible(None);
            columns.any(|(known, expr)| {
                known == name.as_str()
                    && matches!(expr.data_type, DataType::Picture | DataType::IntegerPicture)
            })
        };
        let (pictures, others): (Vec<_>, Vec<_>) = features.iter().partition(is_picture);
        let [image] = pictures.as_slice() else {
            let message = format!("`image_grid` is for one picture in each row, found {}", pictures.len());
            let span = call.setting("image_grid").map_or(call.span, |value| value.span);
            return Err(Error::new(Code::InvalidOption, message).at(span).hint(
                "give the model a picture: (SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) AS input FROM t)",
            ));
        };
        let (join, class) = output.join(By::of(class.as_ref(), output.classes)?);
        let predicted = self.predicted_column(call)?;
        let front = match &output.label {
            Some(label) => format!("__q.{label} AS {predicted}, s.__s AS probability,"),
            None => format!("__q.{} AS {predicted},", output.score),
        };
        let others: String = others.iter().map(|name| format!("x.{},", quoted(name))).collect();
        let sql = filled(
            OCCLUSION,
            &[
                ("model", &quoted(&path.text())),
                ("threshold", &threshold),
                ("join", &join),
                ("class", &class),
                ("score", &output.score),
                ("output", output.port()),
                ("image", &quoted(image)),
                ("grid", &grid.to_string()),
                ("others", &others),
                ("front", &front),
                ("passed", &passed),
            ],
        );
        self.expanded(call, vec![("p", visible(source)?)], &sql)
    }
}
