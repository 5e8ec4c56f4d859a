//! The vector half of the scanner, and the only place in the crate where `unsafe` is lifted: two
//! unaligned loads with their bounds beside them. It names the same candidates as the portable
//! loop because both end in the same bitmap; the tests compare the two.

#![expect(
    unsafe_code,
    reason = "vector loads, and the call of a function that needs AVX2"
)]

use super::{Candidates, plan::Plan};

/// Windows that are judged at once.
pub(super) const BLOCK: usize = 32;

/// Whether this machine can run [`candidates`].
pub(super) fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Collects the windows of `from..to` that pass filter and bitmap; answers where it stopped, which
/// is before `to` only when `out` is full. Every window must lie within `text`.
#[cfg(target_arch = "x86_64")]
pub(super) fn candidates(
    plan: &Plan,
    bitmap: &[u64; 1024],
    text: &[u8],
    from: usize,
    to: usize,
    out: &mut Candidates,
) -> usize {
    assert!(available() && to + super::WINDOW <= text.len() + 1);
    // SAFETY: AVX2 is there, as just asserted.
    unsafe { avx2::candidates(plan, bitmap, text, from, to, out) }
}

/// Never called: [`available`] is false here.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn candidates(
    _: &Plan,
    _: &[u64; 1024],
    _: &[u8],
    _: usize,
    to: usize,
    _: &mut Candidates,
) -> usize {
    to
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
        _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
        _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
    };

    use super::{
        super::{Candidates, WINDOW, passes, plan::Plan, window},
        BLOCK,
    };

    /// Bytes that a block of windows reads.
    const READ: usize = BLOCK + WINDOW - 1;

    #[target_feature(enable = "avx2")]
    pub(super) fn candidates(
        plan: &Plan,
        bitmap: &[u64; 1024],
        text: &[u8],
        from: usize,
        to: usize,
        out: &mut Candidates,
    ) -> usize {
        let tables = Tables::new(plan);
        let mut at = from;
        while at + BLOCK <= to && !out.is_full() {
            // `at + BLOCK <= to` and `to + WINDOW <= len + 1` make the slice exist.
            let block: &[u8; READ] = match text[at..].first_chunk() {
                Some(block) => block,
                None => break,
            };
            let mut mask = tables.judge(block);
            while mask != 0 {
                let place = at + mask.trailing_zeros() as usize;
                mask &= mask - 1;
                if passes(bitmap, window(text, place)) {
                    out.push(place);
                }
            }
            at += BLOCK;
        }
        if at < to && to - at < BLOCK && !out.is_full() {
            let mut block = [0u8; READ];
            let rest = &text[at..to + WINDOW - 1];
            block[..rest.len()].copy_from_slice(rest);
            let mut mask = tables.judge(&block) & ((1u32 << (to - at)) - 1);
            while mask != 0 {
                let place = at + mask.trailing_zeros() as usize;
                mask &= mask - 1;
                if passes(bitmap, window(text, place)) {
                    out.push(place);
                }
            }
            at = to;
        }
        at
    }

    struct Tables {
        low: [[__m256i; WINDOW]; 2],
        high: [[__m256i; WINDOW]; 2],
    }

    impl Tables {
        #[target_feature(enable = "avx2")]
        fn new(plan: &Plan) -> Self {
            let zero = _mm256_setzero_si256();
            let mut tables = Self {
                low: [[zero; WINDOW]; 2],
                high: [[zero; WINDOW]; 2],
            };
            for group in 0..2 {
                for index in 0..WINDOW {
                    tables.low[group][index] = table(&plan.low[group][index]);
                    tables.high[group][index] = table(&plan.high[group][index]);
                }
            }
            tables
        }

        /// One bit per window of the block: set when some bucket accepts all its bytes.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn judge(&self, block: &[u8; READ]) -> u32 {
            let nibble = _mm256_set1_epi8(0x0f);
            let mut first = _mm256_set1_epi8(-1);
            let mut second = first;
            for index in 0..WINDOW {
                let bytes = load(block, index);
                let low = _mm256_and_si256(bytes, nibble);
                let high = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble);
                first = _mm256_and_si256(
                    first,
                    _mm256_and_si256(
                        _mm256_shuffle_epi8(self.low[0][index], low),
                        _mm256_shuffle_epi8(self.high[0][index], high),
                    ),
                );
                second = _mm256_and_si256(
                    second,
                    _mm256_and_si256(
                        _mm256_shuffle_epi8(self.low[1][index], low),
                        _mm256_shuffle_epi8(self.high[1][index], high),
                    ),
                );
            }
            let none = _mm256_cmpeq_epi8(_mm256_or_si256(first, second), _mm256_setzero_si256());
            !(_mm256_movemask_epi8(none) as u32)
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(block: &[u8; READ], index: usize) -> __m256i {
        assert!(index < WINDOW);
        // SAFETY: `index + 32 <= READ`, so all bytes lie within the array; no alignment is needed.
        unsafe { _mm256_loadu_si256(block.as_ptr().add(index).cast()) }
    }

    #[target_feature(enable = "avx2")]
    fn table(nibbles: &[u8; 16]) -> __m256i {
        // SAFETY: sixteen bytes are read of a sixteen-byte array; no alignment is needed.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(nibbles.as_ptr().cast()) })
    }
}
