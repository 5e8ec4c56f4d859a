//! What hooks of all providers have in common.

use gitflare_core::{Error, Result};
use serde::{Deserialize, Deserializer};

/// The error of a call that is not the provider's.
pub(crate) fn invalid() -> Error {
    Error::invalid_request("This is not a payload of the provider's hooks.")
}

/// A commit; nothing but zeros stands for none.
pub(crate) fn known_sha(sha: Option<String>) -> Option<String> {
    sha.filter(|sha| !sha.bytes().all(|byte| byte == b'0'))
}

/// A ref's short name, for `deserialize_with`: some events name it whole.
pub(crate) fn short_name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    let short = name
        .strip_prefix("refs/heads/")
        .or_else(|| name.strip_prefix("refs/tags/"));
    Ok(short.map_or_else(|| name.clone(), str::to_owned))
}
