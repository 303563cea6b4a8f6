//! `wasm-pack.toml` and the versions in `Cargo.lock`, as this program understands them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::project;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub budget: Budget,
    variants: BTreeMap<String, Variant>,
    builds: Builds,
}

/// The most bytes that the wasm of one released variant may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    pub brotli: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    features: Vec<String>,
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

    /// The compiler's target features for a variant.
    pub fn features(&self, variant: &str) -> Result<String> {
        let known = || self.variants.keys().cloned().collect::<Vec<_>>().join("`, `");
        let variant = self.variants.get(variant);
        Ok(variant
            .with_context(|| format!("the variants of `wasm-pack.toml` are `{}`", known()))?
            .features
            .join(","))
    }

    fn parse(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text).context("`wasm-pack.toml` cannot be understood")?;
        for variant in config.builds.release.variants.iter().chain(&config.builds.fast.variants) {
            config.features(variant).with_context(|| format!("no variant is called `{variant}`"))?;
        }
        Ok(config)
    }
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
        assert_eq!(config.build(false).variants, ["relaxed", "simd"]);
        assert_eq!(config.build(true).variants, ["simd"]);
    }

    #[test]
    fn a_build_of_an_unknown_variant_is_refused() {
        let text = "budget.brotli = 1\n[variants.simd]\nfeatures = []\n[builds]\n\
                    release = { profile = \"release\", variants = [\"smid\"] }\nfast = { profile = \"fast\", variants = [] }";
        let error = Config::parse(text).err().unwrap();
        assert_eq!(
            format!("{error:#}"),
            "no variant is called `smid`: the variants of `wasm-pack.toml` are `simd`"
        );
    }
}
