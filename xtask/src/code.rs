//! Which crates, and which rooms of ours, the code of a wasm file comes from, by the names of its functions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// Bytes of code.
#[derive(Default)]
pub struct Code {
    pub crates: BTreeMap<String, u64>,
    pub rooms: BTreeMap<String, u64>,
}

/// Reads a file that still has the names of its functions, as it is before wasm-bindgen.
pub fn read(wasm: &Path) -> Result<Code> {
    let bytes = fs::read(wasm).with_context(|| format!("`{}` cannot be read", wasm.display()))?;
    let (mut imports, mut sizes, mut names) = (0, Vec::new(), BTreeMap::new());
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imports += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => sizes.push(body.range().end - body.range().start),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    for name in section {
                        if let Name::Function(functions) = name? {
                            for function in functions {
                                let function = function?;
                                names.insert(function.index, function.name);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let mut code = Code::default();
    for (index, size) in (imports..).zip(sizes) {
        let path = names.get(&index).map(|name| format!("{:#}", demangle(name))).unwrap_or_default();
        let mut parts = path.trim_start_matches(|letter: char| !letter.is_alphanumeric()).split("::");
        let owner = owner(parts.next().unwrap_or_default());
        if owner == "predictql" {
            let room = parts.next().map(self::owner).filter(|room| !room.is_empty());
            *code.rooms.entry(room.unwrap_or("lib").to_string()).or_default() += size;
        }
        *code.crates.entry(owner.to_string()).or_default() += size;
    }
    Ok(code)
}

/// The identifier at the start of a path's part; types without a crate, as `[u8]` and `()`, have none.
fn owner(part: &str) -> &str {
    let end = part.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(part.len());
    &part[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with one empty function for each of `names`.
    fn module(names: &[&str]) -> Vec<u8> {
        let section = |id: u8, content: Vec<u8>| [vec![id, content.len() as u8], content].concat();
        let count = names.len() as u8;
        let named: Vec<_> = (0..)
            .zip(names)
            .flat_map(|(index, name)| [&[index, name.len() as u8], name.as_bytes()].concat())
            .collect();
        let functions = section(1, [vec![count], named].concat());
        [
            b"\0asm\x01\0\0\0".to_vec(),
            section(1, vec![1, 0x60, 0, 0]),
            section(3, [vec![count], vec![0; names.len()]].concat()),
            section(10, [vec![count], [2, 0, 0x0b].repeat(names.len())].concat()),
            section(0, [b"\x04name".to_vec(), functions].concat()),
        ]
        .concat()
    }

    #[test]
    fn code_belongs_to_the_crate_and_the_room_that_its_name_starts_with() {
        let names =
            ["_ZN11arrow_array3ops3new17h0123456789abcdefE", "_ZN9predictql4exec3run17h0123456789abcdefE"];
        let file = std::env::temp_dir().join(format!("predictql-code-{}.wasm", std::process::id()));
        fs::write(&file, module(&names)).unwrap();
        let code = read(&file);
        fs::remove_file(&file).unwrap();
        let code = code.unwrap();
        let sizes =
            |sizes: &[(&str, u64)]| sizes.iter().map(|(name, size)| (name.to_string(), *size)).collect();
        assert_eq!(code.crates, sizes(&[("predictql", 2), ("arrow_array", 2)]));
        assert_eq!(code.rooms, sizes(&[("exec", 2)]));
    }
}
