//! `ai.onnx`: the operators of the standard that tract lacks or gets wrong; all others are tract's.

mod functions;
mod mask_bias;

use super::body::Call;
use super::{Entry, Maker, Operator, Shape, own};
use Maker::{Tract, Written};
use mask_bias::MaskBias;

pub(super) const OPERATORS: &[Entry] = &[
    ("Attention", Written(functions::attention)),
    ("Bernoulli", Written(functions::bernoulli)),
    ("CenterCropPad", Written(functions::center_crop_pad)),
    ("LpPool", Written(functions::lp_pool)),
    ("NegativeLogLikelihoodLoss", Written(functions::negative_log_likelihood_loss)),
    ("OptionalGetElement", Written(functions::optional_get_element)),
    ("OptionalHasElement", Written(functions::optional_has_element)),
    ("SoftmaxCrossEntropyLoss", Written(functions::softmax_cross_entropy_loss)),
    // Those that tract has and another domain has as well.
    ("Gelu", Tract),
    ("RotaryEmbedding", Tract),
    ("SimplifiedLayerNormalization", Tract),
];

/// What bodies are written in beside the standard's operators.
pub(super) const INTERNAL: &[Entry] = &[("MaskBias", own::<MaskBias>())];
