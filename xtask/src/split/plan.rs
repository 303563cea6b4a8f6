//! Which part has which function, and where it lies in the table.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::{Context, Result};

use super::module::Module;

/// How many short functions may stand between one that was called and one that comes along.
const ROUNDS: usize = 3;
/// Bytes of a body for which a stub, of about a dozen bytes, saves next to nothing.
const TINY: usize = 64;

/// What hosts of threads call, in no session.
const HELP: [&str; 3] = ["crew_help", "crew_failed", "crew_is_wanted"];

/// Functions have the numbers of the whole file. Behind the functions of its table come `added`, then what the stubs stand for.
pub struct Plan {
    /// What the first part has.
    pub first: Vec<u32>,
    /// What the rest has.
    pub rest: Vec<u32>,
    /// The functions of the rest that can be reached from the first part, which has stubs for them; those of one type follow one another.
    pub stubs: Vec<u32>,
    /// The functions of the first part that the rest calls, and their places in the table.
    pub called: BTreeMap<u32, u32>,
    /// Those of them that the table of the whole file lacks.
    pub added: Vec<u32>,
    pub stubs_start: u32,
    pub table_end: u32,
    /// A fingerprint of the file that both are parts of: those of two files do not fit.
    pub origin: u64,
}

impl Plan {
    /// `first` are places among the functions that the file defines.
    pub fn new(module: &Module, first: &BTreeSet<u32>, short: usize) -> Result<Self> {
        let imported = module.imported();
        let is_first =
            |function: &u32| function.checked_sub(imported).is_none_or(|place| first.contains(&place));
        let mut first = with_short(module, module.defined().filter(is_first).collect(), short)?;
        for function in module.defined() {
            if module.reads_data(function)? {
                first.insert(function);
            }
        }
        // A thread that helps would have to wait for the rest before it did.
        for name in HELP {
            first.extend(with_called(module, module.exported_as(name))?);
        }
        let is_first = |function: &u32| *function < imported || first.contains(function);
        let (first, rest): (Vec<_>, Vec<_>) = module.defined().partition(is_first);

        let mut reached: BTreeSet<u32> = module.exported().chain(module.table.iter().copied()).collect();
        for function in &first {
            reached.extend(module.named_by(*function)?);
        }
        let mut stubs: Vec<_> = rest.iter().copied().filter(|function| reached.contains(function)).collect();
        stubs.sort_by_key(|function| module.functions.get(*function as usize));

        let mut called = BTreeSet::new();
        for function in &rest {
            called.extend(module.named_by(*function)?.into_iter().filter(is_first));
        }
        let mut places: BTreeMap<_, _> = module.table.iter().copied().zip(module.table_start..).collect();
        let added: Vec<_> = called.iter().copied().filter(|it| !places.contains_key(it)).collect();
        let added_start = module.table_start + u32::try_from(module.table.len())?;
        places.extend(added.iter().copied().zip(added_start..));
        let placed = |function| Ok((function, *places.get(&function).context("a function has no place")?));
        let stubs_start = added_start + u32::try_from(added.len())?;
        let table_end = stubs_start + u32::try_from(stubs.len())?;
        let mut hasher = DefaultHasher::new();
        module.bytes.hash(&mut hasher);
        let called = called.into_iter().map(placed).collect::<Result<_>>()?;
        Ok(Self { first, rest, stubs, called, added, stubs_start, table_end, origin: hasher.finish() })
    }
}

/// A function, and what it and these call directly.
fn with_called(module: &Module, function: Option<u32>) -> Result<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    let mut left: Vec<_> = function.into_iter().collect();
    while let Some(function) = left.pop() {
        if function >= module.imported() && found.insert(function) {
            left.extend(module.named_by(function)?);
        }
    }
    Ok(found)
}

/// The functions, the tiny ones of the table, and the short ones that all of them call: what is called when a table has to
/// grow, or two values meet in one place of it, comes along.
fn with_short(module: &Module, mut functions: BTreeSet<u32>, short: usize) -> Result<BTreeSet<u32>> {
    let is_below = |function: u32, most| {
        Ok::<_, anyhow::Error>(
            function >= module.imported() && module.body(function)?.as_bytes().len() <= most,
        )
    };
    for function in &module.table {
        if is_below(*function, TINY)? {
            functions.insert(*function);
        }
    }
    for _ in 0..ROUNDS {
        for function in functions.clone() {
            for called in module.named_by(function)? {
                if is_below(called, short)? {
                    functions.insert(called);
                }
            }
        }
    }
    Ok(functions)
}
