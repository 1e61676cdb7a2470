//! The program `cvmd`.
fn main() {}
