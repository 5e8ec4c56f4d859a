//! Values as Azure DevOps writes them: whole names of refs, moments that are none, addresses with a user
//! in front. It reads no answer.

use gitflare_core::Timestamp;
use serde::Deserializer;
use url::Url;

use crate::wire;

/// A branch by its short name.
pub(super) fn branch(name: String) -> String {
    match name.strip_prefix("refs/heads/") {
        Some(short) => short.to_owned(),
        None => name,
    }
}

/// A moment, for `deserialize_with`; the year 1 stands for none.
pub(super) fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    /// The first millisecond of the year 2.
    const YEAR_TWO: i64 = -62_104_060_800_000;
    let moment = wire::moment(from)?;
    Ok(moment.filter(|moment| moment.as_millis() >= YEAR_TWO))
}

/// An address without the user that stands in it.
pub(super) fn without_user(address: String) -> Option<String> {
    let mut url = Url::parse(&address).ok()?;
    if url.username().is_empty() && url.password().is_none() {
        return Some(address);
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url.into())
}

/// Whom Azure names where nobody has signed in.
pub(super) const ANONYMOUS: &str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";
