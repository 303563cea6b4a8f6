//! `ai.onnx.ml`: what scikit-learn's and the boosting libraries' exporters write.

mod array_feature_extractor;
mod category;
mod class_labels;
mod elementwise;
mod feature_matrix;
mod feature_vectorizer;
mod key_index;
mod label_encoder;
mod linear;
mod normalizer;
mod one_hot_encoder;
mod post_transform;
mod svm;
mod tree_ensemble;

use super::attributes::typed_list;
use super::tensors::{map_elements, only, row_length};
use super::{Additive, Columns, Context, Dim, Game, Operator, Registration, Shape, own};
use array_feature_extractor::ArrayFeatureExtractor;
use elementwise::{Binarizer, Imputer, Scaler};
use feature_vectorizer::FeatureVectorizer;
use label_encoder::{LabelEncoder, category_mapper};
use linear::{LinearClassifier, LinearRegressor};
use normalizer::Normalizer;
use one_hot_encoder::OneHotEncoder;
use svm::{SvmClassifier, SvmRegressor};
use tree_ensemble::{TreeEnsembleClassifier, TreeEnsembleRegressor, tree_ensemble};

pub(super) const OPERATORS: &[Registration] = &[
    ("ArrayFeatureExtractor", own::<ArrayFeatureExtractor>()),
    ("Binarizer", own::<Binarizer>()),
    ("CategoryMapper", category_mapper),
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
    ("TreeEnsemble", tree_ensemble),
    ("TreeEnsembleClassifier", own::<TreeEnsembleClassifier>()),
    ("TreeEnsembleRegressor", own::<TreeEnsembleRegressor>()),
];
