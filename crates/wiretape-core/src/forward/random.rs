//! Chance from a seed: `SplitMix64`.

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The generator's output function, a bijection.
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(STEP);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The next number of a generator with this state.
pub(super) fn next(state: &mut u64) -> u64 {
    let value = mix(*state);
    *state = state.wrapping_add(STEP);
    value
}
