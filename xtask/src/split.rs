//! One wasm file becomes two that share memory and table: the first has what a session usually runs, the rest comes when
//! something else is called for. Knows wasm only, neither the engine nor the package.
//!
//! The first part keeps a short stub in the place of each function that went away and can still be reached: it has the rest
//! loaded, and calls the function through the table. Functions of the rest reach those of the first part through
//! the table too, so that neither part exports functions to the other.

mod encode;
mod module;
mod plan;
mod profile;

use std::collections::BTreeSet;

use anyhow::Result;

pub use profile::observed;

use module::Module;
use plan::Plan;

/// The two files.
pub struct Parts {
    pub first: Vec<u8>,
    pub rest: Vec<u8>,
}

/// Splits a file into the functions that have been called, by their places among those that it defines, and all others.
/// The first part imports the function `load` of a module called `rest`, which it calls before anything of the rest runs; the rest imports
/// all from a module called `first`. Functions with bodies of less than `short` bytes come along with those that name them.
pub fn split(wasm: &[u8], called: &BTreeSet<u32>, rest: &str, short: usize) -> Result<Parts> {
    let module = Module::read(wasm)?;
    let plan = Plan::new(&module, called, short)?;
    Ok(Parts { first: encode::first(&module, &plan, rest)?, rest: encode::rest(&module, &plan)? })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// `warm` calls `cold`, which calls back; `pick` calls both through the table.
    const PROGRAM: &str = r#"(module
        (type $one (func (param i32) (result i32)))
        (import "host" "told" (func $told (param i32)))
        (memory (export "memory") 1)
        (global $calls (mut i32) (i32.const 0))
        (table 3 3 funcref)
        (elem (i32.const 1) func $cold $warm)
        (func $warm (export "warm") (type $one) (i32.add (call $cold (local.get 0)) (i32.const 1)))
        (func $cold (type $one)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            LONG
            (call $told (local.get 0))
            (i32.store (i32.const 8) (global.get $calls))
            (i32.mul (call $helper (local.get 0)) (i32.const 2)))
        (func $helper (type $one) (i32.add (local.get 0) (i32.const 10)))
        (func (export "pick") (param i32 i32) (result i32)
            (call_indirect (type $one) (local.get 1) (local.get 0)))
        (func (export "calls") (result i32) (i32.load (i32.const 8)))
        (data (i32.const 0) "kept"))"#;

    /// Runs both parts in Node, which says what each call gave, and when the rest was loaded.
    const HOST: &str = r#"
        const [first, rest] = process.argv.slice(1).map((hex) => new WebAssembly.Module(Buffer.from(hex, "hex")));
        const out = [];
        const load = () => { out.push("load"); new WebAssembly.Instance(rest, { first: it }); };
        const host = { told: (value) => out.push(`told ${value}`) };
        const it = new WebAssembly.Instance(first, { host, "a.rest.wasm": { load } }).exports;
        out.push(it.calls(), it.warm(1), it.warm(2), it.pick(1, 3), it.pick(2, 4), it.calls());
        out.push(Buffer.from(it.memory.buffer, 0, 4).toString());
        console.log(out.join(", "));"#;

    fn program() -> Vec<u8> {
        let long = "(global.set $calls (i32.add (global.get $calls) (i32.const 0)))".repeat(100);
        wat::parse_str(PROGRAM.replace("LONG", &long)).unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What the program says when the functions at these places are in its first part.
    fn run(first: &[u32]) -> String {
        let parts = split(&program(), &first.iter().copied().collect(), "a.rest.wasm", 400).unwrap();
        let node = Command::new("node")
            .args(["-e", HOST, "--", &hex(&parts.first), &hex(&parts.rest)])
            .output()
            .unwrap();
        assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
        String::from_utf8(node.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn two_parts_do_what_the_whole_does() {
        let answers = "told 1, told 2, told 3, told 4, 0, 23, 25, 26, 29, 4, kept";
        assert_eq!(run(&[0, 1, 2, 3, 4]), answers);
        for first in [&[0, 2, 3, 4][..], &[3], &[]] {
            assert_eq!(run(first), format!("load, {answers}"));
        }
    }

    /// `start` puts data into a memory that the host brings; `warm` calls `cold`, and threads call `crew_help`.
    const SHARED: &str = r#"(module
        (type $one (func (param i32) (result i32)))
        (import "host" "memory" (memory 1 4 shared))
        (table 2 2 funcref)
        (elem (i32.const 1) func $cold)
        (func (export "start") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 4)) (data.drop 0))
        (func (export "warm") (type $one) (call $cold (local.get 0)))
        (func $cold (type $one) LONG (i32.atomic.rmw.add (i32.const 8) (local.get 0)))
        (func (export "crew_help") (result i32) (call $help))
        (func $help (result i32) LONG (i32.atomic.load (i32.const 8)))
        (data "kept"))"#;

    #[test]
    fn threads_share_a_memory_that_the_host_brings() {
        let host = r#"
            const [first, rest] = process.argv.slice(1).map((hex) => new WebAssembly.Module(Buffer.from(hex, "hex")));
            const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
            const out = [];
            const instance = (who) => {
                const load = () => { out.push(`load ${who}`); new WebAssembly.Instance(rest, { first: it }); };
                const it = new WebAssembly.Instance(first, { host: { memory }, "a.rest.wasm": { load } }).exports;
                return it;
            };
            const [one, other] = [instance("one"), instance("other")];
            one.start();
            out.push(one.warm(2), other.crew_help(), other.warm(3), one.crew_help());
            out.push(Buffer.from(memory.buffer, 0, 4).toString());
            console.log(out.join(", "));"#;
        let program = wat::parse_str(SHARED.replace("LONG", &"(drop (i32.const 0))".repeat(200))).unwrap();
        observed(&program).unwrap();
        let parts = split(&program, &BTreeSet::from([1]), "a.rest.wasm", 400).unwrap();
        let node = Command::new("node")
            .args(["-e", host, "--", &hex(&parts.first), &hex(&parts.rest)])
            .output()
            .unwrap();
        let said = String::from_utf8(node.stdout).unwrap();
        let errors = String::from_utf8_lossy(&node.stderr);
        assert_eq!(said, "load one, load other, 0, 2, 2, 5, kept\n", "{errors}");
    }

    #[test]
    fn calls_are_seen() {
        let wasm = observed(&program()).unwrap();
        let host = r#"
            const [module] = process.argv.slice(1).map((hex) => new WebAssembly.Module(Buffer.from(hex, "hex")));
            const { exports } = new WebAssembly.Instance(module, { host: { told() {} } });
            exports.calls();
            const called = () => Object.entries(exports).filter(([, it]) => it.value).map(([name]) => name).join();
            console.log(called());
            exports.warm(1);
            console.log(called());"#;
        let node = Command::new("node").args(["-e", host, "--", &hex(&wasm)]).output().unwrap();
        let said = String::from_utf8(node.stdout).unwrap();
        assert_eq!(
            said,
            "called4\ncalled0,called1,called2,called4\n",
            "{}",
            String::from_utf8_lossy(&node.stderr)
        );
    }
}
