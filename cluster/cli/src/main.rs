//! The command `predictql`.

fn main() {}
