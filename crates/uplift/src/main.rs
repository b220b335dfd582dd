//! The `uplift` command. Under construction.

fn main() {}
