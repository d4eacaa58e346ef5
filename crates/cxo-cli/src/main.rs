//! The `cxo` command.

fn main() {}
