//! `wasm-pack.toml` and the versions in `Cargo.lock`, as this program understands them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::project;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    engines: BTreeMap<String, Engine>,
    modules: BTreeMap<String, Module>,
    variants: BTreeMap<String, Variant>,
    builds: Builds,
}

/// What the crate is built as.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Cargo's features; none are on beside them.
    pub features: Vec<String>,
    /// The most bytes that the first file of one released variant may have, and the other one.
    pub brotli: u64,
    pub rest: u64,
}

/// One wasm file: an engine compiled for some of what browsers can do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    engine: String,
    features: Vec<String>,
    /// Bytes that each of its files may have beyond what its engine's may.
    #[serde(default)]
    more: u64,
}

/// A package that is a wasm file of its own, in every build.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    /// The compiler's target features.
    features: Vec<String>,
    /// Settings of its dependencies that are no Cargo features: names for `#[cfg(…)]`.
    #[serde(default)]
    cfg: Vec<String>,
    /// The most bytes that it may have when it is released.
    brotli: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Builds {
    release: Build,
    fast: Build,
}

/// One way of building: a Cargo profile for some of the variants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    pub profile: String,
    pub variants: Vec<String>,
}

impl Config {
    pub fn read() -> Result<Self> {
        Self::parse(&String::from_utf8(project::read(&project::at("wasm-pack.toml"))?)?)
    }

    pub fn build(&self, fast: bool) -> &Build {
        if fast { &self.builds.fast } else { &self.builds.release }
    }

    /// Whether what is built with a profile is what users download.
    pub fn is_released(&self, profile: &str) -> bool {
        self.builds.release.profile == profile
    }

    /// The quick build for the demo: without a variant for several threads, whose standard library has to be built before.
    pub fn demo_build(&self) -> Build {
        self.fast_build(|variant| !self.has_threads(variant))
    }

    /// The same for the engine that is quick to build: the one for tables.
    pub fn first_build(&self) -> Build {
        self.fast_build(|variant| self.is_small(variant))
    }

    fn fast_build(&self, is_wanted: impl Fn(&str) -> bool) -> Build {
        let Build { profile, variants } = &self.builds.fast;
        let variants = variants.iter().filter(|variant| is_wanted(variant)).cloned().collect();
        Build { profile: profile.clone(), variants }
    }

    fn is_small(&self, variant: &str) -> bool {
        self.engine(variant).is_ok_and(|engine| engine.features.is_empty())
    }

    /// The packages that are wasm files of their own.
    pub fn modules(&self) -> impl Iterator<Item = &String> {
        self.modules.keys()
    }

    /// Those that a build has: an engine without features calls none.
    pub fn modules_of(&self, build: &Build) -> impl Iterator<Item = &String> {
        let calls = build.variants.iter().any(|variant| !self.is_small(variant));
        self.modules.keys().filter(move |_| calls)
    }

    /// The compiler's target features for a variant or module.
    pub fn features(&self, file: &str) -> Result<String> {
        let features = match self.modules.get(file) {
            Some(module) => &module.features,
            None => &self.variant(file)?.features,
        };
        Ok(features.join(","))
    }

    /// Whether threads share the memory of a variant; a module has one thread.
    pub fn has_threads(&self, file: &str) -> bool {
        self.variants.get(file).is_some_and(|it| it.features.iter().any(|feature| feature == "+atomics"))
    }

    /// Cargo's features for a variant.
    pub fn cargo_features(&self, variant: &str) -> Result<String> {
        let threads = self.has_threads(variant).then(|| "threads".to_owned());
        let features: Vec<_> = self.engine(variant)?.features.iter().cloned().chain(threads).collect();
        Ok(features.join(","))
    }

    /// What a module is compiled with for `#[cfg(…)]`; a variant is with nothing.
    pub fn cfg(&self, file: &str) -> &[String] {
        self.modules.get(file).map_or(&[], |module| &module.cfg)
    }

    /// The most bytes in brotli that a file of the package may have, by its name without `.wasm`.
    pub fn budget(&self, file: &str) -> Result<u64> {
        if let Some(module) = self.modules.get(file) {
            return Ok(module.brotli);
        }
        match file.strip_suffix(".rest") {
            Some(variant) => Ok(self.engine(variant)?.rest + self.variant(variant)?.more),
            None => Ok(self.engine(file)?.brotli + self.variant(file)?.more),
        }
    }

    /// The name of the engine that a variant is of.
    pub fn engine_name(&self, variant: &str) -> Result<&str> {
        Ok(&self.variant(variant)?.engine)
    }

    /// The engine that a variant is of.
    pub fn engine(&self, variant: &str) -> Result<&Engine> {
        let name = self.engine_name(variant)?;
        self.engines.get(name).with_context(|| {
            format!(
                "no engine is called `{name}`: the engines of `wasm-pack.toml` are {}",
                listed(&self.engines)
            )
        })
    }

    fn variant(&self, name: &str) -> Result<&Variant> {
        self.variants.get(name).with_context(|| {
            format!(
                "no variant is called `{name}`: the variants of `wasm-pack.toml` are {}",
                listed(&self.variants)
            )
        })
    }

    fn parse(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text).context("`wasm-pack.toml` cannot be understood")?;
        for variant in config.builds.release.variants.iter().chain(&config.builds.fast.variants) {
            config.engine(variant)?;
        }
        Ok(config)
    }
}

fn listed<T>(named: &BTreeMap<String, T>) -> String {
    named.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The version of a crate that `Cargo.lock` holds.
pub fn locked_version(name: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let text = String::from_utf8(project::read(&project::at("Cargo.lock"))?)?;
    let lock: Lock = toml::from_str(&text).context("`Cargo.lock` cannot be understood")?;
    let package = lock.package.into_iter().find(|package| package.name == name);
    Ok(package.with_context(|| format!("`Cargo.lock` holds no `{name}`"))?.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_file_is_understood() {
        let config = Config::read().unwrap();
        assert_eq!(config.features("relaxed").unwrap(), "+simd128,+relaxed-simd");
        assert_eq!(config.cargo_features("relaxed").unwrap(), "full");
        assert_eq!(config.cargo_features("threads").unwrap(), "full,threads");
        assert!(
            config.has_threads("threads") && !config.has_threads("simd") && !config.has_threads("tokens")
        );
        assert!(config.engine("tables").unwrap().features.is_empty());
        assert_eq!(config.modules().collect::<Vec<_>>(), ["formats", "pictures", "tokens"]);
        assert_eq!(config.features("pictures").unwrap(), "+simd128");
        assert!(config.budget("relaxed.rest").unwrap() > config.budget("tables.rest").unwrap());
        assert_eq!(config.build(false).variants, ["tables", "relaxed", "simd", "threads"]);
        assert_eq!(config.build(true).variants, ["tables", "simd", "threads"]);
    }

    #[test]
    fn a_build_of_an_unknown_variant_or_engine_is_refused() {
        let refusal = |engine: &str, built: &str| {
            let text = format!(
                "engines.full = {{ features = [], brotli = 1, rest = 1 }}\n\
                 modules.side = {{ features = [], brotli = 2 }}\n\
                 variants.simd = {{ engine = \"{engine}\", features = [] }}\n\
                 builds.release = {{ profile = \"release\", variants = [\"{built}\"] }}\n\
                 builds.fast = {{ profile = \"fast\", variants = [] }}"
            );
            Config::parse(&text).err().unwrap().to_string()
        };
        assert_eq!(
            refusal("full", "smid"),
            "no variant is called `smid`: the variants of `wasm-pack.toml` are `simd`"
        );
        assert_eq!(
            refusal("fool", "simd"),
            "no engine is called `fool`: the engines of `wasm-pack.toml` are `full`"
        );
    }
}
