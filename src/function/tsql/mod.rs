//! Functions of T-SQL, under its names and with its rules. GoogleSQL neither has nor lists them.
//!
//! Sources: Microsoft's "String Functions (Transact-SQL)", "Mathematical functions", "Date and time data types and
//! functions" and "int, bigint, smallint, and tinyint".

mod collation;
mod date;
mod narrow;
mod pattern;
mod template;
mod text;

use super::aggregate::TSQL_AVG;
use super::{Function, Signature, Type};

pub(crate) use collation::{COLLATED, COLLATION_KEY, KEYS_OF_ARRAY, ORIGINAL};
pub(crate) use narrow::{BLANK, FLOAT_TEXT, Narrow, is_blank};
pub(crate) use template::{TEMPLATES, template};

/// What T-SQL has in place of functions of the same name, and beside them.
static TOPICS: &[&[Function]] =
    &[text::FUNCTIONS, pattern::FUNCTIONS, narrow::FUNCTIONS, date::FUNCTIONS, TSQL_AVG];

/// T-SQL's function with this name, in any case.
pub(crate) fn function(name: &str) -> Option<&'static Function> {
    TOPICS.iter().copied().flatten().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// The names of all of them, those that are called otherwise in GoogleSQL among them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let own = TOPICS.iter().copied().flatten().map(|function| function.name);
    let named = ["CONVERT", "DATENAME", "ISNULL", "OBJECT_ID", "TRY_CAST", "TRY_CONVERT"].into_iter();
    own.chain(RENAMED.iter().map(|(name, _)| *name)).chain(template::names()).chain(named)
}

/// Names of T-SQL for functions that GoogleSQL has under another one.
const RENAMED: &[(&str, &str)] = &[
    ("COUNT_BIG", "COUNT"),
    ("STDEV", "STDDEV_SAMP"),
    ("STDEVP", "STDDEV_POP"),
    ("VAR", "VAR_SAMP"),
    ("VARP", "VAR_POP"),
    ("DATALENGTH", "BYTE_LENGTH"),
    ("IIF", "IF"),
    ("GETDATE", "CURRENT_TIMESTAMP"),
    ("GETUTCDATE", "CURRENT_TIMESTAMP"),
    ("SYSDATETIME", "CURRENT_TIMESTAMP"),
    ("SYSUTCDATETIME", "CURRENT_TIMESTAMP"),
    ("SYSDATETIMEOFFSET", "CURRENT_TIMESTAMP"),
    ("REPLICATE", "REPEAT"),
];

/// What GoogleSQL calls T-SQL's function `name`.
pub(crate) fn renamed(name: &str) -> &str {
    RENAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or(name, |(_, name)| name)
}

/// A function that is computed row by row. No page lists it: its documentation is for who reads this, and costs no bytes.
const fn scalar(name: &'static str, _doc: &str, signatures: &'static [Signature]) -> Function {
    Function::new(name, "", signatures)
}
