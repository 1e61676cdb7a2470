//! Measures cvmd.
fn main() {}
