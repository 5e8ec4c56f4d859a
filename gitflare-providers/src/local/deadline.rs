//! Until when a piece of work may go on. Checked inside loops, because a blocking thread cannot be
//! stopped from outside.

use std::time::Instant;

use gitflare_core::Result;

use super::errors;

/// The moment after which nobody waits for the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) const fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// `UPSTREAM_TIMEOUT` once the moment has passed.
    pub(super) fn check(self) -> Result<()> {
        if self.has_passed() {
            Err(errors::timeout())
        } else {
            Ok(())
        }
    }

    pub(super) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// The middle of the time that is left: where optional work stops, so that the rest is done.
    pub(super) fn halfway(self) -> Self {
        let now = Instant::now();
        Self(now + self.0.saturating_duration_since(now) / 2)
    }
}
