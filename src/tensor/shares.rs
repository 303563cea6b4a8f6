//! What columns have of sums.

/// Shapley values: what each player has of each output, for rows against the mean over a background.
#[derive(Debug, Clone)]
pub(crate) struct Shares {
    /// For each row and each output of it, a value for each player.
    pub(crate) values: Vec<f64>,
    /// The mean of each output over the background.
    pub(crate) base: Vec<f64>,
}

/// Whose sums are shared among the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attributed {
    /// An output's, against the mean over a background.
    Output(usize),
    /// The scores of trees that know how many rows of their training went which way: who is left out goes all these ways.
    Paths,
    /// The same scores, where each split on a row's way has what it changes of the mean over the training's rows
    /// (<https://blog.datadive.net/interpreting-random-forests/>): less work, and dependent on the order of the splits.
    Steps,
}

/// What an operator knows of the columns of its input.
#[derive(Debug, Clone)]
pub(crate) enum Parts {
    /// The weights of the columns in each of several sums, and the number that each begins with.
    Weights { sums: Vec<(Vec<f32>, f32)> },
    /// What splits on each column are worth; columns without any may be left out at the end.
    Splits(Vec<Splits>),
}

/// Splits of trees on one column: how many they are, and the sums of their gains and covers where the file has these.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Splits {
    pub(crate) count: f64,
    pub(crate) worth: Option<(f64, f64)>,
}
