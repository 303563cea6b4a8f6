//! A file that notes which of its functions have been called.

use anyhow::Result;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, GlobalSection, GlobalType, Instruction, RawSection,
    SectionId, ValType,
};

use super::module::Module;

/// The sections of a file in their order.
const SECTIONS: [SectionId; 11] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Table,
    SectionId::Memory,
    SectionId::Global,
    SectionId::Export,
    SectionId::Element,
    SectionId::DataCount,
    SectionId::Code,
    SectionId::Data,
];

/// The same program; its exports `called0`, `called1`, … are globals, one for each function that it defines: not 0 once that
/// has been called.
pub fn observed(wasm: &[u8]) -> Result<Vec<u8>> {
    let module = Module::read(wasm)?;
    let first = u32::try_from(module.globals.len())?;
    let mut out = wasm_encoder::Module::new();
    for section in SECTIONS {
        match section {
            SectionId::Global => out.section(&globals(&module)?),
            SectionId::Export => out.section(&exports(&module, first)?),
            SectionId::Code => out.section(&code(&module, first)?),
            _ => match module.section(section.into()) {
                Some(data) => out.section(&RawSection { id: section.into(), data }),
                None => continue,
            },
        };
    }
    Ok(out.finish())
}

fn globals(module: &Module) -> Result<GlobalSection> {
    let mut globals = GlobalSection::new();
    for global in &module.globals {
        RoundtripReencoder.parse_global(&mut globals, global.clone())?;
    }
    for _ in &module.bodies {
        let kind = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(kind, &ConstExpr::i32_const(0));
    }
    Ok(globals)
}

fn exports(module: &Module, first: u32) -> Result<ExportSection> {
    let mut exports = ExportSection::new();
    for export in &module.exports {
        RoundtripReencoder.parse_export(&mut exports, *export)?;
    }
    for (place, _) in (0..).zip(&module.bodies) {
        exports.export(&format!("called{place}"), ExportKind::Global, first + place);
    }
    Ok(exports)
}

fn code(module: &Module, first: u32) -> Result<CodeSection> {
    let mut code = CodeSection::new();
    for (global, body) in (first..).zip(&module.bodies) {
        let mut function = RoundtripReencoder.new_function_with_parsed_locals(body)?;
        function.instruction(&Instruction::I32Const(1)).instruction(&Instruction::GlobalSet(global));
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            function.instruction(&RoundtripReencoder.parse_instruction(&mut reader)?);
        }
        code.function(&function);
    }
    Ok(code)
}
