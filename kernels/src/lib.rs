//! Loops that every row goes through: over plain slices, without a type of the rest of the house.
//!
//! This crate alone of ours is compiled for speed, the others for size. A generic function belongs to the crate that
//! names its types, so what is offered here are functions and methods of concrete types that are never inlined: each
//! call does enough work for that. Vectors come from plain loops that LLVM turns into SIMD; nothing is reordered or
//! contracted on the way, so that every variant of the engine, and a row in any batch, gets the same bits.

pub mod activations;
pub mod arithmetic;
pub mod bits;
pub mod bytes;
pub mod compare;
pub mod convolve;
pub mod elementwise;
pub mod fourier;
pub mod gather;
pub mod groups;
pub mod integers;
pub mod keys;
mod lanes;
pub mod matmul;
pub mod moving;
pub mod norm;
pub mod operand;
pub mod panels;
pub mod ranking;
pub mod resample;
pub mod shapley;
pub mod softmax;
pub mod sort;
pub mod trees;
pub mod vectors;
