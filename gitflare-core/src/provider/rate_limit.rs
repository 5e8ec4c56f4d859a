//! What an upstream says about how often an account may still call it.

/// The rate limit that an upstream reported for an account with its newest answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls per window; `None` when the upstream does not say.
    pub limit: Option<u64>,
    /// Calls that are left in this window.
    pub remaining: u64,
    /// Seconds until the window ends.
    pub resets_in_seconds: u32,
}
