//! The versions of a model: numbers that are never given twice, and aliases that move from one to another.
//!
//! A reference names a model or one of its versions: `m`, `m@3`, `m@champion`, `m@latest`. Every change is checked in
//! full before anything is changed.

use litemap::LiteMap;
use std::sync::Arc;

use super::{Traffic, suggest};
use crate::diag::{Code, Error, Result};
use crate::limits::{ALIAS_LETTERS, ALIAS_MOVES};
use crate::model::Model;
use crate::table::Table;

/// The name of the version with the highest number.
const LATEST: &str = "latest";

/// The name of the version that is meant where none is named.
const DEFAULT: &str = "default";

/// What is said of a version of a model when it is made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Registration {
    /// Whether the versions that are there stay; else the new one takes their place, and only the numbers go on.
    pub keep: bool,
    /// Its number, from 1; without one the next.
    pub number: Option<u32>,
    /// The names that it gets. Versions that had them lose them.
    pub aliases: Vec<String>,
    /// Where its file comes from, as users named it.
    pub source: Option<String>,
    /// When it was made, in milliseconds since 1970-01-01 UTC, where that is not now.
    pub created: Option<f64>,
    /// SHA-256 of its file, where the host has computed it: it is believed.
    pub sha256: Option<[u8; 32]>,
    /// In the user's words.
    pub description: Option<String>,
    /// Keys with values, in place of those that it has.
    pub labels: Option<Vec<(String, String)>>,
    /// Vertex AI's id: models of one id count their versions together, and an alias is given to one of them.
    pub registry_id: Option<String>,
    /// How the rows of predictions are divided among the versions of its model from now on.
    pub traffic: Option<Traffic>,
}

/// A version of a model, as [`Engine::model_versions`](crate::Engine::model_versions) lists it.
#[derive(Debug, Clone)]
pub struct ModelVersion {
    /// The name of the model.
    pub name: String,
    /// The number of the version.
    pub number: u32,
    /// The names that it has beside its number, in their order.
    pub aliases: Vec<String>,
    /// Whether it is meant where no version is named.
    pub is_default: bool,
    /// The model itself.
    pub model: Arc<Model>,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created: f64,
    /// Where its file comes from.
    pub source: Option<String>,
    /// In the user's words.
    pub description: Option<String>,
}

/// A change of what the versions of a model are called, or of which there are.
#[derive(Debug, Clone)]
pub(crate) enum VersionChange {
    SetAlias(String, u32),
    UnsetAlias(String),
    /// Back to the version that had the alias before.
    RollBack(String),
    SetDefault(u32),
    Drop(u32),
    DropBaseline(u32),
}

/// A step of an alias.
#[derive(Debug, Clone)]
pub(crate) struct AliasMove {
    pub(crate) alias: String,
    /// None where it was taken away.
    pub(crate) version: Option<u32>,
    pub(crate) previous: Option<u32>,
    /// In milliseconds since 1970-01-01 UTC.
    pub(crate) moved: f64,
    /// Whether it went back.
    is_back: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) model: Arc<Model>,
    /// Rows that were kept with it.
    pub(crate) baseline: Option<Arc<Table>>,
    pub(crate) created: f64,
    pub(crate) source: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) labels: Vec<(String, String)>,
}

/// All versions of a model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Versions {
    /// In the order of their numbers, at least one.
    versions: Vec<Version>,
    default: u32,
    /// Numbers up to this one were given to versions that others have taken the place of.
    replaced: u32,
    /// The numbers of versions that were dropped.
    dropped: Vec<u32>,
    aliases: LiteMap<String, u32>,
    moves: Vec<AliasMove>,
    pub(super) registry_id: Option<String>,
    pub(crate) traffic: Traffic,
}

/// The model and the version that a reference names.
pub(crate) fn parts(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (reference, None),
    }
}

/// MLflow's rules for aliases, and one more: a number is a version.
///
/// # Errors
/// `invalid-option`.
pub(crate) fn check_alias(alias: &str) -> Result<()> {
    let why = if alias.is_empty() || alias.chars().count() > ALIAS_LETTERS {
        format!("it has 1 to {ALIAS_LETTERS} letters")
    } else if !alias.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        "it has letters, digits, `_` and `-` only".into()
    } else if is_reserved(alias) {
        format!("`{LATEST}`, `{DEFAULT}` and numbers such as 3 and v3 name versions already")
    } else {
        return Ok(());
    };
    Err(Error::new(Code::InvalidOption, format!("`{alias}` cannot be an alias")).hint(why))
}

fn is_reserved(alias: &str) -> bool {
    let digits = alias.strip_prefix(['v', 'V']).unwrap_or(alias);
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number || [LATEST, DEFAULT].iter().any(|word| word.eq_ignore_ascii_case(alias))
}

impl Versions {
    /// The versions after one is added to them, and its number. `counted` is the highest number that counts besides.
    ///
    /// # Errors
    /// `already-exists` for a number that was given before, `invalid-option` for an alias that cannot be one.
    pub(super) fn with(
        mut self,
        name: &str,
        model: Arc<Model>,
        new: Registration,
        counted: u32,
        now: f64,
    ) -> Result<(Self, u32)> {
        if !new.keep {
            self = Self { replaced: self.highest(), ..Self::default() };
        }
        let number = self.number(name, new.number, counted)?;
        let place = self.versions.partition_point(|version| version.number < number);
        if self.versions.is_empty() {
            self.default = number;
        }
        if !new.keep {
            // A number that is skipped when all is replaced is not given later.
            self.replaced = number;
        }
        let Registration { source, description, labels, .. } = new;
        // Default: a new version has none.
        let labels = labels.unwrap_or_default();
        let version = Version { number, model, baseline: None, created: now, source, description, labels };
        self.versions.insert(place, version);
        for alias in new.aliases {
            self.change(name, &VersionChange::SetAlias(alias, number), now)?;
        }
        self.registry_id = new.registry_id.or(self.registry_id);
        self.set_traffic(name, new.traffic)?;
        Ok((self, number))
    }

    /// Divides the rows of predictions as `traffic` says.
    ///
    /// # Errors
    /// As [`Traffic::check`].
    pub(super) fn set_traffic(&mut self, name: &str, traffic: Option<Traffic>) -> Result<()> {
        let Some(traffic) = traffic else { return Ok(()) };
        self.traffic.change(traffic);
        self.traffic.check(name, self)
    }

    /// The number of a new version.
    pub(super) fn number(&self, name: &str, wanted: Option<u32>, counted: u32) -> Result<u32> {
        let next = self.highest().max(counted).checked_add(1);
        let Some(number) = wanted else {
            let message = format!("model `{name}` has no number left for a version");
            return next.ok_or_else(|| Error::new(Code::LimitExceeded, message));
        };
        if number == 0 {
            return Err(Error::new(Code::InvalidOption, "versions are numbered from 1"));
        }
        let is_there = self.versions.iter().any(|version| version.number == number);
        if !is_there && number > self.replaced && !self.dropped.contains(&number) {
            return Ok(number);
        }
        let what =
            if is_there { "exists already" } else { "was there before, and numbers are not given twice" };
        let message = format!("version {number} of model `{name}` {what}");
        let error = Error::new(Code::AlreadyExists, message);
        Err(error.hint_opt(next.map(|next| format!("leave the number out: the next one is {next}"))))
    }

    /// The highest number that was given.
    pub(super) fn highest(&self) -> u32 {
        let last = self.versions.last().map_or(0, |version| version.number);
        self.dropped.iter().copied().fold(last.max(self.replaced), u32::max)
    }

    /// In the order of their numbers.
    pub(crate) fn all(&self) -> &[Version] {
        &self.versions
    }

    pub(super) fn all_mut(&mut self) -> &mut [Version] {
        &mut self.versions
    }

    /// How the aliases have moved, the latest last.
    pub(crate) fn moves(&self) -> &[AliasMove] {
        &self.moves
    }

    pub(crate) fn is_default(&self, version: &Version) -> bool {
        version.number == self.default
    }

    pub(crate) fn aliases_of(&self, number: u32) -> impl Iterator<Item = &str> {
        self.aliases.iter().filter(move |(_, version)| **version == number).map(|(alias, _)| alias.as_str())
    }

    /// All aliases, with the versions that they name.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = (&str, u32)> {
        self.aliases.iter().map(|(alias, version)| (alias.as_str(), *version))
    }

    /// The version that a number or an alias names; without one the default. `name` is the model's.
    ///
    /// # Errors
    /// `unknown-version`, with those that there are.
    pub(crate) fn version(&self, name: &str, word: Option<&str>) -> Result<&Version> {
        let number = match word {
            None => Some(self.default),
            Some(word) if word.eq_ignore_ascii_case(DEFAULT) => Some(self.default),
            Some(word) if word.eq_ignore_ascii_case(LATEST) => self.versions.last().map(|last| last.number),
            Some(word) => word.parse().ok().or_else(|| self.aliases.get(word).copied()),
        };
        let found = self.versions.iter().find(|version| Some(version.number) == number);
        found.ok_or_else(|| self.unknown(name, word.unwrap_or(DEFAULT)))
    }

    /// The version of this number.
    ///
    /// # Errors
    /// As [`Versions::version`].
    pub(crate) fn numbered(&self, name: &str, number: u32) -> Result<&Version> {
        let found = self.versions.iter().find(|version| version.number == number);
        found.ok_or_else(|| self.unknown(name, &number.to_string()))
    }

    #[cold]
    fn unknown(&self, name: &str, word: &str) -> Error {
        // A number is no slip of a name.
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let hint = match suggest(word, self.aliases.keys()).filter(|_| !is_number) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let numbers = self.versions.iter().map(|version| version.number.to_string());
                let aliases = self.aliases.iter().map(|(alias, version)| format!("`{alias}` ({version})"));
                format!("it has {}", numbers.chain(aliases).collect::<Vec<_>>().join(", "))
            }
        };
        Error::new(Code::UnknownVersion, format!("model `{name}` has no version `{word}`")).hint(hint)
    }

    /// # Errors
    /// `unknown-version`; `invalid-option` for an alias that cannot be one; `version-in-use` where a version that is to
    /// be dropped is the default or has aliases.
    pub(crate) fn change(&mut self, name: &str, change: &VersionChange, now: f64) -> Result<()> {
        match change {
            VersionChange::SetAlias(alias, number) => {
                check_alias(alias)?;
                self.numbered(name, *number)?;
                self.move_alias(alias, Some(*number), false, now);
            }
            VersionChange::UnsetAlias(alias) => {
                if !self.aliases.contains_key(alias.as_str()) {
                    return Err(self.unknown(name, alias));
                }
                self.check_share(name, alias, &format!("alias `{alias}`"))?;
                self.move_alias(alias, None, false, now);
            }
            VersionChange::RollBack(alias) => {
                let back = self.before(name, alias)?;
                self.move_alias(alias, Some(back), true, now);
            }
            VersionChange::SetDefault(number) => {
                self.default = self.numbered(name, *number)?.number;
            }
            VersionChange::Drop(number) => self.drop(name, *number)?,
            VersionChange::DropBaseline(number) => {
                let number = self.numbered(name, *number)?.number;
                let of_it = self.versions.iter_mut().filter(|version| version.number == number);
                of_it.for_each(|version| version.baseline = None);
            }
        }
        Ok(())
    }

    fn move_alias(&mut self, alias: &str, version: Option<u32>, is_back: bool, now: f64) {
        let previous = match version {
            Some(version) => self.aliases.insert(alias.into(), version),
            None => self.aliases.remove(alias),
        };
        if previous == version {
            return;
        }
        if self.moves.len() >= ALIAS_MOVES {
            self.moves.remove(0);
        }
        self.moves.push(AliasMove { alias: alias.into(), version, previous, moved: now, is_back });
    }

    /// The version that had an alias before the one that has it now, or that has lost it.
    fn before(&self, name: &str, alias: &str) -> Result<u32> {
        if !self.moves.iter().any(|step| step.alias == alias) {
            return Err(self.unknown(name, alias));
        }
        let mut trail: Vec<u32> = Vec::new();
        let mut is_set = false;
        for step in self.moves.iter().filter(|step| step.alias == alias) {
            if trail.is_empty() {
                trail.extend(step.previous);
            }
            if step.is_back && is_set {
                trail.pop();
            }
            if !step.is_back {
                trail.extend(step.version.filter(|version| trail.last() != Some(version)));
            }
            is_set = step.version.is_some();
        }
        if is_set {
            trail.pop();
        }
        let why = match trail.pop() {
            Some(back) if self.numbered(name, back).is_ok() => return Ok(back),
            Some(back) => format!("named version {back} before, which was dropped"),
            None => "had no other version before".into(),
        };
        Err(Error::new(Code::UnknownVersion, format!("alias `{alias}` of model `{name}` {why}"))
            .hint(format!("ALTER MODEL {name} VERSION … SET ALIAS = {alias} moves it anywhere")))
    }

    /// # Errors
    /// `version-in-use` where the number or alias `word` has a share of the traffic; `what` it is in words.
    fn check_share(&self, name: &str, word: &str, what: &str) -> Result<()> {
        let number: Option<u32> = word.parse().ok();
        let is_it = |shared: &String| shared == word || number.is_some() && shared.parse().ok() == number;
        if !self.traffic.shares().iter().any(|(shared, _)| is_it(shared)) {
            return Ok(());
        }
        let message = format!("{what} of model `{name}` has a share of the traffic");
        Err(Error::new(Code::VersionInUse, message).hint(format!(
            "divide the rows among others first: ALTER MODEL {name} SET OPTIONS (traffic_split = …)"
        )))
    }

    fn drop(&mut self, name: &str, number: u32) -> Result<()> {
        self.numbered(name, number)?;
        let aliases: Vec<_> = self.aliases_of(number).map(|alias| format!("`{alias}`")).collect();
        let is_default = self.default == number;
        self.check_share(name, &number.to_string(), &format!("version {number}"))?;
        if !is_default && aliases.is_empty() {
            self.versions.retain(|version| version.number != number);
            self.dropped.push(number);
            return Ok(());
        }
        let default = is_default.then(|| "is the default".to_owned());
        let named = (!aliases.is_empty()).then(|| format!("has the alias {}", aliases.join(", ")));
        let why: Vec<_> = default.into_iter().chain(named).collect();
        let message = format!("version {number} of model `{name}` {}", why.join(" and "));
        Err(Error::new(Code::VersionInUse, message).hint(if self.versions.len() == 1 {
            format!("it is the only one: write DROP MODEL {name}")
        } else if is_default {
            format!("let another one take its place first: ALTER MODEL {name} SET DEFAULT_VERSION = …")
        } else {
            format!("move its aliases first: ALTER MODEL {name} VERSION … SET ALIAS = …")
        }))
    }
}
