//! `ai.onnx.ml`: what scikit-learn's and the boosting libraries' exporters write.

mod feature_vectorizer;
mod label_encoder;
mod labels;
mod linear_classifier;
mod scaler;
mod transform;
mod tree_ensemble;

use super::{Entry, Maker, Operator, Shape, own, rows};
use feature_vectorizer::FeatureVectorizer;
use label_encoder::LabelEncoder;
use linear_classifier::LinearClassifier;
use scaler::Scaler;
use tree_ensemble::{TreeEnsembleClassifier, TreeEnsembleRegressor};

pub(super) const OPERATORS: &[Entry] = &[
    ("ArrayFeatureExtractor", Maker::Tract),
    ("CategoryMapper", Maker::Tract),
    ("FeatureVectorizer", own::<FeatureVectorizer>()),
    ("LabelEncoder", own::<LabelEncoder>()),
    ("LinearClassifier", own::<LinearClassifier>()),
    ("LinearRegressor", Maker::Tract),
    ("Normalizer", Maker::Tract),
    ("Scaler", own::<Scaler>()),
    ("TreeEnsembleClassifier", own::<TreeEnsembleClassifier>()),
    ("TreeEnsembleRegressor", own::<TreeEnsembleRegressor>()),
];
