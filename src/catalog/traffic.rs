//! How the rows of a prediction are divided among the versions of a model.

use super::Versions;
use crate::data::{DataType, Scalar, StructField};
use crate::diag::{Code, Error, Result};

/// The parts that rows are divided into: hundredths of a percent.
pub(crate) const BUCKETS: u32 = 10_000;

/// What the options of a model say of its traffic; what they leave out stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Numbers or aliases of versions, and how many hundredths of a percent of the rows each gets; with an empty list all
    /// rows go to the default version.
    pub split: Option<Vec<(String, u32)>>,
    /// The column by whose value a row is given to a version.
    pub key: Option<String>,
    /// A text before the value: another one divides the same values otherwise.
    pub salt: Option<String>,
}

impl Traffic {
    /// Takes what `new` says.
    pub(super) fn change(&mut self, new: Self) {
        self.split = new.split.or(self.split.take());
        // No column has an empty name: it takes the option back.
        let changed = |old: &mut Option<String>, new: Option<String>| match new {
            Some(new) => Some(new).filter(|new| !new.is_empty()),
            None => old.take(),
        };
        self.key = changed(&mut self.key, new.key);
        self.salt = changed(&mut self.salt, new.salt);
    }

    /// Numbers or aliases of versions with their shares; none where all rows go to the default version.
    pub(crate) fn shares(&self) -> &[(String, u32)] {
        self.split.as_deref().unwrap_or_default()
    }

    /// The options that were given, by their names, with percents as they are written.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, Scalar)> {
        let field = |data_type| StructField { name: String::new(), data_type };
        let fields = vec![field(DataType::String), field(DataType::Float64)];
        let share = |(word, share): &(String, u32)| {
            let values = vec![Scalar::String(word.clone()), Scalar::Float64(f64::from(*share) / 100.0)];
            Scalar::Struct(fields.clone(), values)
        };
        let shares: Vec<_> = self.shares().iter().map(share).collect();
        let split = (!shares.is_empty()).then(|| Scalar::Array(DataType::Struct(fields), shares));
        let text = |text: &Option<String>| text.clone().map(Scalar::String);
        let options =
            [("traffic_split", split), ("traffic_key", text(&self.key)), ("traffic_salt", text(&self.salt))];
        options.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// # Errors
    /// `unknown-version` for a share of a version that is not there; `invalid-option` for rows that are divided without a
    /// key.
    pub(super) fn check(&self, name: &str, versions: &Versions) -> Result<()> {
        for (word, _) in self.shares() {
            versions.version(name, Some(word))?;
        }
        if self.key.is_none() && !self.shares().is_empty() {
            let message = format!("`traffic_split` of model `{name}` needs `traffic_key`");
            return Err(Error::new(Code::InvalidOption, message)
                .hint("write traffic_key = 'user_id': rows of one value go to one version"));
        }
        Ok(())
    }
}
