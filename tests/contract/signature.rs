//! Tells whether a delivery comes from the gateway, and is no old one. With the crates base64, hmac
//! and sha2; it opens no socket and remembers no id.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `header` finds a header of the delivery by name; `now` is in Unix seconds.
pub(crate) fn is_ours<'h>(
    secret: &str,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: i64,
) -> bool {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let [Some(id), Some(at), Some(sent)] = names.map(header) else {
        return false;
    };
    let is_recent = at.parse().is_ok_and(|at: i64| now.abs_diff(at) <= 300);
    let key = STANDARD.decode(secret.trim_start_matches("whsec_"));
    let Some(mac) = key
        .ok()
        .and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok())
    else {
        return false;
    };
    let mac = mac.chain_update(format!("{id}.{at}.")).chain_update(body);
    is_recent
        && sent.split(' ').any(|one| {
            let given = one
                .strip_prefix("v1,")
                .and_then(|text| STANDARD.decode(text).ok());
            given.is_some_and(|given| mac.clone().verify_slice(&given).is_ok())
        })
}
