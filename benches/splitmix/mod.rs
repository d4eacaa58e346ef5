//! Columns of a splitmix64 sequence: the same in every run.
#![allow(dead_code, reason = "each benchmark takes what it needs")]

pub(crate) fn column<T>(rows: usize, seed: u64, value: impl Fn(u64) -> T) -> Vec<T> {
    let mut state = seed;
    (0..rows)
        .map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            value((mixed ^ (mixed >> 31)) >> 32)
        })
        .collect()
}

/// Numbers of a splitmix64 sequence in (0, 1): the same columns in every run.
pub(crate) fn uniform(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((mixed ^ (mixed >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    })
}
