//! The registration of tract's kernels. The only file with `unsafe` in it.

/// Puts the kernels that this binary was built with into tract's tables. On wasm nothing else runs the
/// constructors that do so; natively the loader has run them before `main`.
///
/// Call it once, before anything else: where it is called, the linker does not run the constructors on every call
/// from outside, as it otherwise would.
#[expect(unsafe_code, reason = "the linker provides the function, and gives no safe way to call it")]
pub(crate) fn register() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: constructors take nothing, are idempotent, and nothing of this instance has run before.
    unsafe { __wasm_call_ctors() }
}
