//! What hooks of all providers have in common.

use std::collections::BTreeSet;

use gitflare_core::{
    Error, Result, Secret, Timestamp,
    model::{EventAction, EventData, EventName},
    provider::{HookCall, HookEvent},
};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

/// What a push is told as where one call tells of all refs.
pub(crate) const PUSHED: &[EventName] = &[
    EventName::Push,
    EventName::BranchCreated,
    EventName::BranchDeleted,
    EventName::TagCreated,
    EventName::TagDeleted,
];

/// What is told where there are no releases, and nobody tells of deployments.
pub(crate) const WITHOUT_RELEASES: &[EventName] = &[
    EventName::Push,
    EventName::BranchCreated,
    EventName::BranchDeleted,
    EventName::TagCreated,
    EventName::TagDeleted,
    EventName::PullRequest,
    EventName::Comment,
    EventName::Check,
    EventName::Repository,
];

/// The error of a call that is not the provider's.
pub(crate) fn invalid() -> Error {
    Error::invalid_request("This is not a payload of the provider's hooks.")
}

/// Whether the header holds `sha256=` and the hexadecimal HMAC-SHA-256 of the body under the secret,
/// as GitHub and Bitbucket send it. The comparison takes the same time wherever they differ.
pub(crate) fn is_signed(call: &HookCall<'_>, header: &str, secret: &Secret<String>) -> bool {
    let signature = call
        .header(header)
        .and_then(|value| value.strip_prefix("sha256="))
        .and_then(|digits| hex::decode(digits).ok());
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
    match (signature, mac) {
        (Some(signature), Ok(mac)) => mac.chain_update(call.body).verify_slice(&signature).is_ok(),
        _ => false,
    }
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

/// The provider's names of the wanted events, each once, in the order of the alphabet.
pub(crate) fn upstream_names(
    names: &[(EventName, &[&'static str])],
    wanted: &[EventName],
) -> Vec<&'static str> {
    let wanted = names.iter().filter(|(name, _)| wanted.contains(name));
    let names = wanted.flat_map(|(_, theirs)| theirs.iter().copied());
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What an upstream's word means by a table; a word that is not in it is a change of some kind, no
/// word is none that is told.
pub(crate) fn action(words: &[(&str, EventAction)], word: Option<&str>) -> Option<EventAction> {
    let word = word?;
    let known = words.iter().find(|(known, _)| *known == word);
    Some(known.map_or(EventAction::Updated, |(_, action)| *action))
}

/// What happened by the upstream's word for it; nothing without data.
pub(crate) fn by_word(
    name: EventName,
    data: Option<EventData>,
    words: &[(&str, EventAction)],
    word: Option<String>,
) -> Vec<HookEvent> {
    let action = action(words, word.as_deref());
    let told = data.map(|data| HookEvent::new(name, data, action).told_as(word));
    told.into_iter().collect()
}

/// What happened to what is told by its state alone, at that time where its data has none.
pub(crate) fn by_state(
    name: EventName,
    data: Option<EventData>,
    word: Option<String>,
    at: Option<Timestamp>,
) -> Vec<HookEvent> {
    let told = data.map(|data| {
        let told = HookEvent::by_state(name, data, word.as_deref() == Some("created"));
        let at = at.filter(|_| told.occurred_at.is_none());
        told.told_as(word).at(at)
    });
    told.into_iter().collect()
}

/// The name of a delivery that has none of its own: two different bodies are two deliveries.
pub(crate) fn body_hash(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}
