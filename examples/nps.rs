//! NPS.
fn main() {}
