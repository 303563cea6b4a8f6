//! Writes the two parts. Both have the types, tables and globals of the whole file under the same numbers; functions get new ones.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, RawSection,
    TableSection, TableType, TypeSection, ValType,
};

use super::module::Module;
use super::plan::Plan;

/// What the rest imports from.
const FIRST: &str = "first";
/// The function that the first part imports.
const LOAD: &str = "load";

const MEMORIES: u8 = 5;
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;

pub fn first(module: &Module, plan: &Plan, rest: &str) -> Result<Vec<u8>> {
    let load = module.imported();
    let ensure = load + 1 + u32::try_from(plan.first.len() + plan.stubs.len())?;
    let loaded = u32::try_from(module.globals.len())?;
    // Imported functions keep their numbers; the one that loads the rest comes behind them.
    let mut numbers: BTreeMap<u32, u32> = (0..load).zip(0..).collect();
    numbers.extend(plan.first.iter().chain(&plan.stubs).copied().zip(load + 1..));
    let mut encoder = Renumber(numbers);
    let (types, nothing) = types(module)?;

    let mut out = wasm_encoder::Module::new();
    out.section(&types);
    let mut imports = ImportSection::new();
    for (import, kind) in module.imports.iter().zip(&module.functions) {
        imports.import(import.module, import.name, EntityType::Function(*kind));
    }
    imports.import(rest, LOAD, EntityType::Function(nothing));
    if let Some((memory, Some(import))) = module.memory {
        imports.import(import.module, import.name, memory_type(memory, memory.initial)?);
    }
    out.section(&imports);
    let mut functions = declared(module, plan.first.iter().chain(&plan.stubs))?;
    functions.function(nothing);
    out.section(&functions);
    let mut tables = TableSection::new();
    for place in 0..module.tables.len() {
        tables.table(table(module, plan, place)?);
    }
    out.section(&tables);
    copy(module, MEMORIES, &mut out);
    out.section(&globals(module, &mut encoder)?);
    out.section(&exports(module, plan, &mut encoder)?);
    let in_table = [&module.table[..], &plan.added].concat();
    out.section(&segment(module.table_start, &encoder.all(&in_table)?));
    copy(module, DATA_COUNT, &mut out);
    let mut code = CodeSection::new();
    bodies(module, &plan.first, &mut encoder, &mut code)?;
    for (function, place) in plan.stubs.iter().zip(plan.stubs_start..) {
        code.function(&through_table(module, *function, place, Some(ensure))?);
    }
    code.function(&loading(loaded, load));
    out.section(&code);
    copy(module, DATA, &mut out);
    Ok(out.finish())
}

pub fn rest(module: &Module, plan: &Plan) -> Result<Vec<u8>> {
    let mut encoder = Renumber(plan.rest.iter().chain(plan.called.keys()).copied().zip(0..).collect());
    let mut out = wasm_encoder::Module::new();
    out.section(&types(module)?.0);
    let mut imports = ImportSection::new();
    for (name, kind, index) in shared(module, plan)? {
        imports.import(FIRST, &name, imported(module, plan, kind, index as usize)?);
    }
    out.section(&imports);
    out.section(&declared(module, plan.rest.iter().chain(plan.called.keys()))?);
    out.section(&segment(plan.stubs_start, &encoder.all(&plan.stubs)?));
    let mut code = CodeSection::new();
    bodies(module, &plan.rest, &mut encoder, &mut code)?;
    for (function, place) in &plan.called {
        code.function(&through_table(module, *function, *place, None)?);
    }
    out.section(&code);
    Ok(out.finish())
}

/// New numbers for functions.
struct Renumber(BTreeMap<u32, u32>);

impl Renumber {
    fn number(&self, function: u32) -> Result<u32> {
        self.0.get(&function).copied().with_context(|| format!("function {function} is in neither part"))
    }

    fn all(&self, functions: &[u32]) -> Result<Vec<u32>> {
        functions.iter().map(|function| self.number(*function)).collect()
    }
}

impl Reencode for Renumber {
    type Error = anyhow::Error;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Self::Error>> {
        self.number(function).map_err(Error::UserError)
    }
}

/// The types of the file, and the number of one more: that of a function which takes and gives nothing.
fn types(module: &Module) -> Result<(TypeSection, u32)> {
    let mut types = TypeSection::new();
    for kind in &module.types {
        types.ty().func_type(&kind.clone().try_into().map_err(|_| anyhow!("a type is not known"))?);
    }
    types.ty().function([], []);
    Ok((types, u32::try_from(module.types.len())?))
}

fn declared<'a>(module: &Module, functions: impl Iterator<Item = &'a u32>) -> Result<FunctionSection> {
    let mut section = FunctionSection::new();
    for function in functions {
        section.function(module.type_of(*function)?.0);
    }
    Ok(section)
}

/// A table; that of functions has room for what both parts add.
fn table(module: &Module, plan: &Plan, place: usize) -> Result<TableType> {
    let table = *module.tables.get(place).context("a table is missing")?;
    let mut table = Renumber(BTreeMap::new()).table_type(table).map_err(failed)?;
    if place == 0 {
        table.minimum = plan.table_end.into();
        table.maximum = Some(plan.table_end.into());
    }
    Ok(table)
}

/// The globals of the file, and one that tells whether the rest has been loaded.
fn globals(module: &Module, encoder: &mut Renumber) -> Result<GlobalSection> {
    let mut globals = GlobalSection::new();
    for global in &module.globals {
        encoder.parse_global(&mut globals, global.clone()).map_err(failed)?;
    }
    let flag = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(flag, &ConstExpr::i32_const(0));
    Ok(globals)
}

fn exports(module: &Module, plan: &Plan, encoder: &mut Renumber) -> Result<ExportSection> {
    let mut exports = ExportSection::new();
    for export in &module.exports {
        encoder.parse_export(&mut exports, *export).map_err(failed)?;
    }
    for (name, kind, index) in shared(module, plan)? {
        exports.export(&name, kind, index);
    }
    Ok(exports)
}

/// What both parts use, and the names by which the rest gets it. That of the memory has the fingerprint of their file.
fn shared(module: &Module, plan: &Plan) -> Result<Vec<(String, ExportKind, u32)>> {
    let memory = format!("memory of {:016x}", plan.origin);
    let tables = (0..u32::try_from(module.tables.len())?).map(|it| (format!("t{it}"), ExportKind::Table, it));
    let globals =
        (0..u32::try_from(module.globals.len())?).map(|it| (format!("g{it}"), ExportKind::Global, it));
    Ok([(memory, ExportKind::Memory, 0)].into_iter().chain(tables).chain(globals).collect())
}

fn imported(module: &Module, plan: &Plan, kind: ExportKind, place: usize) -> Result<EntityType> {
    Ok(match kind {
        ExportKind::Memory => {
            let (memory, _) = module.memory.context("there is no memory")?;
            memory_type(memory, 0)?
        }
        ExportKind::Table => EntityType::Table(table(module, plan, place)?),
        _ => {
            let global = module.globals.get(place).context("a global is missing")?;
            EntityType::Global(Renumber(BTreeMap::new()).global_type(global.ty).map_err(failed)?)
        }
    })
}

/// A memory that has at least so many pages.
fn memory_type(memory: wasmparser::MemoryType, pages: u64) -> Result<EntityType> {
    let memory = wasmparser::MemoryType { initial: pages, ..memory };
    Ok(EntityType::Memory(Renumber(BTreeMap::new()).memory_type(memory).map_err(failed)?))
}

/// Puts functions into the table, from a place on.
fn segment(start: u32, functions: &[u32]) -> ElementSection {
    let mut elements = ElementSection::new();
    elements.active(None, &ConstExpr::i32_const(start.cast_signed()), Elements::Functions(functions.into()));
    elements
}

fn bodies(module: &Module, functions: &[u32], encoder: &mut Renumber, code: &mut CodeSection) -> Result<()> {
    for function in functions {
        encoder.parse_function_body(code, module.body(*function)?.clone()).map_err(failed)?;
    }
    Ok(())
}

/// A function that calls the one at a place of the table, after `ensure`.
fn through_table(module: &Module, function: u32, place: u32, ensure: Option<u32>) -> Result<Function> {
    let (kind, ty) = module.type_of(function)?;
    let mut body = Function::new([]);
    if let Some(ensure) = ensure {
        body.instruction(&Instruction::Call(ensure));
    }
    for (local, _) in (0..).zip(ty.params()) {
        body.instruction(&Instruction::LocalGet(local));
    }
    body.instruction(&Instruction::I32Const(place.cast_signed()));
    body.instruction(&Instruction::CallIndirect { type_index: kind, table_index: 0 });
    body.instruction(&Instruction::End);
    Ok(body)
}

/// The function that has the rest loaded, once. Where that fails, the next call tries again.
fn loading(loaded: u32, load: u32) -> Function {
    let mut body = Function::new([]);
    for instruction in [
        Instruction::GlobalGet(loaded),
        Instruction::I32Eqz,
        Instruction::If(BlockType::Empty),
        Instruction::Call(load),
        Instruction::I32Const(1),
        Instruction::GlobalSet(loaded),
        Instruction::End,
        Instruction::End,
    ] {
        body.instruction(&instruction);
    }
    body
}

/// Takes a section as it is.
fn copy(module: &Module, id: u8, out: &mut wasm_encoder::Module) {
    if let Some(data) = module.section(id) {
        out.section(&RawSection { id, data });
    }
}

fn failed(error: Error<anyhow::Error>) -> anyhow::Error {
    anyhow!("{error}")
}
