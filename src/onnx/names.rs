//! Names of operators: domains, and the one text by which operators are looked up.

/// The domain of the standard operators, which files leave out.
pub(crate) const STANDARD: &str = "ai.onnx";

/// The domain of classical machine learning.
pub(crate) const ML: &str = "ai.onnx.ml";

/// The domain of onnxruntime's own operators.
pub(crate) const MICROSOFT: &str = "com.microsoft";

/// The domain of helpers that templates use and no file may name.
pub(crate) const INTERNAL: &str = "predictql";

/// The attribute of a LabelEncoder that refuses a value which is not among its keys: boosters that were translated have
/// it, the standard does not.
pub(crate) const REFUSES_UNKNOWN: &str = "predictql_refuses_unknown";

/// The attribute of a GatherBlockQuantized whose table has a type of few bits: its numbers are not packed into bytes.
#[cfg(feature = "full")]
pub(crate) const UNPACKED: &str = "predictql_unpacked";

/// The attribute of an LSTM whose hidden state is rounded to 8 bits before every step.
#[cfg(feature = "full")]
pub(crate) const ROUNDS_STATE: &str = "predictql_rounds_state";

/// Attributes of a booster's trees: how many splits its library counts on each feature, and the sums of their gains and
/// covers.
pub(crate) const SPLITS: &str = "predictql_splits";
pub(crate) const GAINS: &str = "predictql_gains";
pub(crate) const COVERS: &str = "predictql_covers";

/// The domain by which templates name an operator of the standard that has a template itself, and mean its code.
pub(crate) const UNEXPANDED: &str = "own";

/// The domain that a node names: the default domain has two names.
pub(super) fn domain(domain: &str) -> &str {
    if domain.is_empty() { STANDARD } else { domain }
}

/// What an operator is registered as: its name, with its domain where that is not the standard one.
pub(crate) fn full_name(domain: &str, name: &str) -> String {
    match domain {
        "" | STANDARD | UNEXPANDED => name.to_owned(),
        domain => format!("{domain}.{name}"),
    }
}

/// The domain and the name that a full name has.
pub(crate) fn split(full_name: &str) -> (&str, &str) {
    // Default: a name without a domain is one of the standard's.
    full_name.rsplit_once('.').unwrap_or((STANDARD, full_name))
}

/// Tells whether the operator of a full name runs.
pub(crate) type Known<'a> = &'a dyn Fn(&str) -> bool;

/// Whether a file may use operator `name` of `domain`.
pub(crate) fn runs(known: Known<'_>, domain: &str, name: &str) -> bool {
    domain != INTERNAL && domain != UNEXPANDED && !name.contains('.') && known(&full_name(domain, name))
}
