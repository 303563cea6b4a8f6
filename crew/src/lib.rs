//! Work that several threads share.
//!
//! Threads are the host's: each that it lends calls `help` and stays there. Who has work calls [`each`] or [`split`], takes part, and goes on
//! when all is done. Nobody waits for a thread that has not begun: one that comes late, or never, is only missed. What is
//! shared are pieces that know nothing of each other, so that a result has the same bits with any number of threads.
//!
//! In WebAssembly without the feature `threads` there is one thread, and all of this is a loop.

#[cfg(any(not(target_family = "wasm"), feature = "threads"))]
mod shared;
#[cfg(any(not(target_family = "wasm"), feature = "threads"))]
pub use shared::{each, help, piece, split, threads};

#[cfg(not(any(not(target_family = "wasm"), feature = "threads")))]
mod alone;
#[cfg(not(any(not(target_family = "wasm"), feature = "threads")))]
pub use alone::{each, piece, split, threads};

#[cfg(all(target_family = "wasm", feature = "threads"))]
mod module;
