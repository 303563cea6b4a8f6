//! The one list of error codes. A code is a promise: it keeps its name and meaning within a major version.

use std::fmt;

/// Who must act on an error, the coarse grouping of [`Code`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The text is not SQL of this dialect.
    Syntax,
    /// A name means nothing, or too much.
    Name,
    /// Types do not fit.
    Type,
    /// Valid SQL or a valid model that PredictQL does not run.
    Unsupported,
    /// The model file is at fault.
    Model,
    /// A value is at fault: a row, a picture, a file.
    Data,
    /// A cap of [`Limits`](crate::Limits) was met.
    Limit,
    /// The host could not bring what was asked for.
    Host,
    /// A bug in PredictQL.
    Internal,
}

macro_rules! codes {
    ($($variant:ident $text:literal $kind:ident $doc:literal;)*) => {
        /// A stable name for one kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $doc] $variant,)* }

        impl Code {
            /// Every code, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that programs match on, such as `unknown-column`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// One sentence on what it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// Who must act.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }
        }
    };
}

codes! {
    SyntaxError "syntax-error" Syntax "The text does not follow the grammar.";
    UnterminatedLiteral "unterminated-literal" Syntax "A string, quoted name or comment does not end.";
    InvalidLiteral "invalid-literal" Syntax "A literal cannot be read: a number out of range, an unknown escape.";
    EmptyStatement "empty-statement" Syntax "There is no statement to run.";
    MultipleStatements "multiple-statements" Syntax "One statement was expected, several were given.";
    UnsupportedSyntax "unsupported-syntax" Unsupported "SQL that is understood and left out on purpose.";
    UnknownTable "unknown-table" Name "No table has this name.";
    UnknownColumn "unknown-column" Name "No column has this name.";
    UnknownModel "unknown-model" Name "No model has this name.";
    UnknownVersion "unknown-version" Name "The model has no version of this number or alias.";
    VersionInUse "version-in-use" Name "A version that is the default or has aliases cannot be dropped.";
    UnknownFunction "unknown-function" Name "No function has this name.";
    UnknownField "unknown-field" Name "The struct has no field of this name.";
    UnknownOption "unknown-option" Name "The statement or function has no option of this name.";
    UnknownType "unknown-type" Name "No type has this name.";
    UnknownParameter "unknown-parameter" Name "The query has a parameter that was given no value, or the other way round.";
    AmbiguousColumn "ambiguous-column" Name "Several columns have this name.";
    NotGrouped "not-grouped" Name "A column is neither grouped by nor inside an aggregate function.";
    UnknownVariable "unknown-variable" Name "No variable of this name was declared.";
    AlreadyExists "already-exists" Name "A table or model of this name exists.";
    MissingInput "missing-input" Name "The model needs an input that the table or query does not have.";
    NoEvaluationData "no-evaluation-data" Name "A function that judges a model was given no rows to do it with.";
    AmbiguousInput "ambiguous-input" Name "Several columns have the name of one model input.";
    InputTypeMismatch "input-type-mismatch" Type "A column cannot be converted to the type or shape of the model's input.";
    TypeMismatch "type-mismatch" Type "An expression has another type than its place asks for.";
    NoMatchingSignature "no-matching-signature" Type "The function or operator does not take arguments of these types.";
    InvalidCast "invalid-cast" Type "There is no conversion between these types.";
    InvalidOption "invalid-option" Type "An option has a value that it cannot have.";
    ColumnCount "column-count" Type "There are more or fewer columns than their place asks for.";
    OutputMismatch "output-mismatch" Type "The columns that a PREDICT declares are not those that its model gives.";
    ReadOnly "read-only" Name "Rows cannot be put into this kind of table.";
    MisplacedFunction "misplaced-function" Syntax "An aggregate, window or table function stands where it cannot.";
    MisplacedClause "misplaced-clause" Syntax "A clause or expression stands where it means nothing.";
    NotOnnx "not-onnx" Model "The bytes are not an ONNX model.";
    TruncatedModel "truncated-model" Model "The model file ends too early.";
    ChecksumMismatch "checksum-mismatch" Model "The file is not the one whose checksum was given.";
    ExternalDataMissing "external-data-missing" Model "The model keeps its weights in another file that was not given.";
    UnsupportedOperator "unsupported-operator" Unsupported "The model uses operators that PredictQL does not run; all are listed.";
    NeedsFullEngine "needs-full-engine" Unsupported "The engine for tables does not run this model; the full engine does.";
    UnsupportedModelType "unsupported-model-type" Unsupported "The model has an input or output of a type or shape that SQL cannot hold.";
    InvalidModel "invalid-model" Model "The file is ONNX, but the graph does not hold together.";
    ModelFailed "model-failed" Model "The model failed while it ran.";
    DivisionByZero "division-by-zero" Data "A number was divided by zero.";
    OutOfRange "out-of-range" Data "A number left the range of its type.";
    CastFailed "cast-failed" Data "A value cannot be converted to the type asked for.";
    IndexOutOfRange "index-out-of-range" Data "An array has no element at this place.";
    InvalidValue "invalid-value" Data "A function cannot take this value.";
    TooManyRows "too-many-rows" Data "A subquery that stands for one value has several rows.";
    NullInput "null-input" Data "A model input is NULL.";
    InvalidImage "invalid-image" Data "Bytes cannot be read as a picture.";
    FailedRow "failed-row" Data "A warning: a row has NULL where its picture could not be decoded, or the model failed on it.";
    OrientationIgnored "orientation-ignored" Data "A warning: a picture was not turned as its camera has noted.";
    InvalidCsv "invalid-csv" Data "Bytes cannot be read as CSV.";
    InvalidArrow "invalid-arrow" Data "Bytes cannot be read as Arrow IPC.";
    LimitExceeded "limit-exceeded" Limit "Something is larger than a limit allows.";
    ResourceUnavailable "resource-unavailable" Host "A file or URL could not be read.";
    Internal "internal" Internal "A bug in PredictQL: please report it.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
