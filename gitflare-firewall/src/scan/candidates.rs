//! Places that passed the filter. They are kept and sifted many at once and without a branch for
//! each, which would be guessed wrong half of the time.

/// Windows whose places are noted at once.
pub(super) const BLOCK: usize = 64;

/// Room for the places of a long text, and for those of a short one: an answer is many small texts,
/// and room costs time to clear.
pub(super) const MANY: usize = 1024;
pub(super) const FEW: usize = 2 * BLOCK;

/// Places in ascending order, relative to where the filter began; at most `N`, two blocks or more.
pub(super) struct Candidates<const N: usize> {
    at: [u32; N],
    len: usize,
}

/// Places of a block that a unit can name without a branch.
pub(super) const READY: usize = 16;
/// Places that are written at once.
const LANES: usize = 8;

impl<const N: usize> Candidates<N> {
    pub(super) const fn new() -> Self {
        Self { at: [0; N], len: 0 }
    }

    pub(super) const fn clear(&mut self) {
        self.len = 0;
    }

    /// Whether the places of a whole block might not fit any more.
    pub(super) const fn is_full(&self) -> bool {
        self.len > N - BLOCK
    }

    /// How many more places fit.
    pub(super) const fn room(&self) -> usize {
        N - self.len
    }

    /// Notes one place; ignored when there is no room.
    pub(super) fn push_one(&mut self, at: usize) {
        if let Some(place) = self.at.get_mut(self.len) {
            *place = at as u32;
            self.len += 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.at[..self.len].iter().map(|place| *place as usize)
    }

    /// Notes the places of the set bits of `mask`, counted from `at`.
    #[inline(always)]
    pub(super) fn push(&mut self, at: usize, mut mask: u64) {
        let count = mask.count_ones() as usize;
        let mut done = 0;
        // What is written beyond the count is overwritten by the next block.
        while done < count {
            let Some(places) = self.at[self.len + done..].first_chunk_mut::<LANES>() else {
                break;
            };
            for place in places {
                *place = at as u32 + mask.trailing_zeros();
                mask &= mask.wrapping_sub(1);
            }
            done += LANES;
        }
        self.len += count;
    }

    /// The same, where the first places of a block are known already: few blocks have more.
    #[inline(always)]
    pub(super) fn push_ready(&mut self, at: usize, mask: u64, ready: &[u32; READY]) {
        if let Some(places) = self.at[self.len..].first_chunk_mut() {
            *places = *ready;
        }
        let count = mask.count_ones() as usize;
        if count <= READY {
            self.len += count;
        } else {
            self.push_many(at, mask);
        }
    }

    #[cold]
    #[inline(never)]
    fn push_many(&mut self, at: usize, mask: u64) {
        self.push(at, mask);
    }

    /// Puts those places into `kept` that are worth a closer look.
    #[inline(always)]
    pub(super) fn sift(&self, kept: &mut Self, worth: impl Fn(usize) -> bool) {
        const { assert!(N.is_power_of_two(), "an index is cut to the room") };
        let mut len = 0;
        for place in &self.at[..self.len] {
            // Never more than were looked at: the cut only spares a branch.
            kept.at[len & (N - 1)] = *place;
            len += usize::from(worth(*place as usize));
        }
        kept.len = len;
    }
}
