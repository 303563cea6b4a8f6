//! Links the wasm with a stack of two megabytes: binding a statement as deep as `limits.rs` allows takes more than the
//! linker's one.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family.contains("wasm")) {
        println!("cargo::rustc-link-arg=-zstack-size=2097152");
    }
}
