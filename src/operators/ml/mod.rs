//! `ai.onnx.ml`: what scikit-learn's and the boosting libraries' exporters write.

mod array_feature_extractor;
mod elementwise;
mod feature_vectorizer;
mod features;
mod label_encoder;
mod labels;
mod linear;
mod lookup;
mod normalizer;
mod one_hot_encoder;
mod svm;
mod transform;
mod tree_ensemble;
mod values;

use super::{Entry, Maker, Operator, Shape, own, rows};
use array_feature_extractor::ArrayFeatureExtractor;
use elementwise::{Binarizer, Imputer, Scaler};
use feature_vectorizer::FeatureVectorizer;
use label_encoder::{LabelEncoder, category_mapper};
use linear::{LinearClassifier, LinearRegressor};
use normalizer::Normalizer;
use one_hot_encoder::OneHotEncoder;
use svm::{SvmClassifier, SvmRegressor};
use tree_ensemble::{TreeEnsembleClassifier, TreeEnsembleRegressor, tree_ensemble};

pub(super) const OPERATORS: &[Entry] = &[
    ("ArrayFeatureExtractor", own::<ArrayFeatureExtractor>()),
    ("Binarizer", own::<Binarizer>()),
    ("CategoryMapper", Maker::Own(category_mapper)),
    ("FeatureVectorizer", own::<FeatureVectorizer>()),
    ("Imputer", own::<Imputer>()),
    ("LabelEncoder", own::<LabelEncoder>()),
    ("LinearClassifier", own::<LinearClassifier>()),
    ("LinearRegressor", own::<LinearRegressor>()),
    ("Normalizer", own::<Normalizer>()),
    ("OneHotEncoder", own::<OneHotEncoder>()),
    ("SVMClassifier", own::<SvmClassifier>()),
    ("SVMRegressor", own::<SvmRegressor>()),
    ("Scaler", own::<Scaler>()),
    ("TreeEnsemble", Maker::Own(tree_ensemble)),
    ("TreeEnsembleClassifier", own::<TreeEnsembleClassifier>()),
    ("TreeEnsembleRegressor", own::<TreeEnsembleRegressor>()),
];
