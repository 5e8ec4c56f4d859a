//! The wall clock of the emulated hosts, read in one place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gitflare_core::{Clock, SystemClock};

/// The present time, to the millisecond.
pub(crate) fn now() -> SystemTime {
    let millis = u64::try_from(SystemClock.now().as_millis()).unwrap_or(0);
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// Seconds since 1970.
pub(crate) fn unix(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
