//! The operators of expressions, each a name of its own where dialects give one sign several meanings.

/// An operator of an expression. What it takes and computes is declared in `function/operator`, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqlOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
    /// T-SQL's `+`: adds numbers and concatenates strings.
    TsqlAdd,
    /// T-SQL's `/`: the quotient of integers is an integer.
    TsqlDivide,
    Concat,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    BitNot,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `value BETWEEN low AND high`: three operands.
    Between,
    IsDistinctFrom,
    /// `value IN (a, b)`: the value, then the list.
    In,
    /// `value IN UNNEST(array)`.
    InUnnest,
    Like,
    /// Two operands or more.
    And,
    /// Two operands or more.
    Or,
    Not,
    IsTrue,
    IsFalse,
    IsNull,
    IsNotNull,
}

impl SqlOperator {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::IsNotNull as usize + 1;

    /// How errors, plans and the reference write it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Negate => "-x",
            Self::TsqlAdd => "+ (T-SQL)",
            Self::TsqlDivide => "/ (T-SQL)",
            Self::Concat => "||",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::BitNot => "~x",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Between => "BETWEEN",
            Self::IsDistinctFrom => "IS DISTINCT FROM",
            Self::In => "IN",
            Self::InUnnest => "IN UNNEST",
            Self::Like => "LIKE",
            Self::And => "AND",
            Self::Or => "OR",
            Self::Not => "NOT",
            Self::IsTrue => "IS TRUE",
            Self::IsFalse => "IS FALSE",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
        }
    }
}
