//! What a wasm file has, as far as splitting it needs to know.

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use wasmparser::{
    ElementItems, ElementKind, ElementSectionReader, Export, ExternalKind, FuncType, FunctionBody, Global,
    Import, MemoryType, Operator, Parser, Payload, TableType, TypeRef,
};

pub struct Module<'a> {
    pub bytes: &'a [u8],
    pub types: Vec<FuncType>,
    /// The functions that are imported.
    pub imports: Vec<Import<'a>>,
    /// The memory: its import, where the host brings it.
    pub memory: Option<(MemoryType, Option<Import<'a>>)>,
    /// The number of the type of every function, imported ones first.
    pub functions: Vec<u32>,
    pub tables: Vec<TableType>,
    pub globals: Vec<Global<'a>>,
    pub exports: Vec<Export<'a>>,
    /// The functions that lie in the table, from place `table_start` on.
    pub table: Vec<u32>,
    pub table_start: u32,
    pub bodies: Vec<FunctionBody<'a>>,
    /// Sections that a part takes as they are, by their numbers.
    sections: Vec<(u8, Range<usize>)>,
}

impl<'a> Module<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut module = Self {
            bytes,
            types: Vec::new(),
            imports: Vec::new(),
            memory: None,
            functions: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            exports: Vec::new(),
            table: Vec::new(),
            table_start: 0,
            bodies: Vec::new(),
            sections: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section() {
                module.sections.push((id, usize::try_from(range.start)?..usize::try_from(range.end)?));
            }
            module.take(payload)?;
        }
        Ok(module)
    }

    fn take(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section.into_iter_err_on_gc_types() {
                    self.types.push(group?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(kind) => {
                            self.functions.push(kind);
                            self.imports.push(import);
                        }
                        TypeRef::Memory(memory) => self.memory = Some((memory, Some(import))),
                        _ => bail!("the file imports `{}`, which is no function and no memory", import.name),
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for kind in section {
                    self.functions.push(kind?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory = Some((memory?, None));
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    self.globals.push(global?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.exports.push(export?);
                }
            }
            Payload::ElementSection(section) => self.fill_table(section)?,
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::StartSection { .. } | Payload::TagSection(_) => {
                bail!("a file with a start function or tags cannot be split")
            }
            _ => {}
        }
        Ok(())
    }

    fn fill_table(&mut self, section: ElementSectionReader<'a>) -> Result<()> {
        ensure!(section.count() == 1, "a file with one segment of functions can be split");
        for element in section {
            let element = element?;
            let ElementKind::Active { table_index: None | Some(0), offset_expr } = element.kind else {
                bail!("the functions of the table are put there in a way that is not known")
            };
            let ElementItems::Functions(functions) = element.items else {
                bail!("the table holds something else than functions")
            };
            let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
                bail!("the place of the functions of the table is no number")
            };
            self.table_start = u32::try_from(value)?;
            self.table = functions.into_iter().collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// How many functions are imported: they come first in every count.
    pub fn imported(&self) -> u32 {
        self.imports.len() as u32
    }

    /// The functions that the file itself has.
    pub fn defined(&self) -> Range<u32> {
        self.imported()..self.functions.len() as u32
    }

    pub fn body(&self, function: u32) -> Result<&FunctionBody<'a>> {
        let place = function.checked_sub(self.imported()).context("an imported function has no body")?;
        self.bodies.get(place as usize).context("a function has no body")
    }

    pub fn type_of(&self, function: u32) -> Result<(u32, &FuncType)> {
        let kind = *self.functions.get(function as usize).context("a function has no type")?;
        Ok((kind, self.types.get(kind as usize).context("a type is missing")?))
    }

    /// The functions that one names.
    pub fn named_by(&self, function: u32) -> Result<Vec<u32>> {
        let mut named = Vec::new();
        for operator in self.body(function)?.get_operators_reader()? {
            match operator? {
                Operator::Call { function_index }
                | Operator::RefFunc { function_index }
                | Operator::ReturnCall { function_index } => named.push(function_index),
                _ => {}
            }
        }
        Ok(named)
    }

    /// Whether a function reads segments of data that are not yet in memory: these are in the first part alone.
    pub fn reads_data(&self, function: u32) -> Result<bool> {
        for operator in self.body(function)?.get_operators_reader()? {
            if matches!(operator?, Operator::MemoryInit { .. } | Operator::DataDrop { .. }) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The functions that the file exports.
    pub fn exported(&self) -> impl Iterator<Item = u32> {
        self.exports.iter().filter(|export| export.kind == ExternalKind::Func).map(|export| export.index)
    }

    /// The function that is exported under a name.
    pub fn exported_as(&self, name: &str) -> Option<u32> {
        let is_it = |export: &&Export| export.kind == ExternalKind::Func && export.name == name;
        self.exports.iter().find(is_it).map(|export| export.index)
    }

    /// A section as it is.
    pub fn section(&self, id: u8) -> Option<&'a [u8]> {
        let (_, range) = self.sections.iter().find(|(other, _)| *other == id)?;
        self.bytes.get(range.clone())
    }
}
