//! What a look at a database finds, whichever kind it is. How each is looked at is its own business.

use gitflare_core::storage::KeyCheck;

/// What was seen of a database that this version can serve.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Whether an older version wrote it: the next start brings it up to date.
    pub(crate) is_older: bool,
    /// The checks of the master keys that were in use; empty while none was.
    pub(crate) key_checks: Vec<KeyCheck>,
}
