//! What an app tells customers about itself: website, privacy policy, a logo, and why it asks for each
//! permission. Nothing of it is fetched from anywhere: a logo is a small PNG that the developer sends.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::{AuditContext, Gateway, members::display_text};
use crate::{
    ClientId, Error, Result, Scope, UserId, redirect_uri,
    storage::{AppProfile, AuditAction},
};

/// The longest address, and the longest purpose, in characters.
const MAX_URL: usize = 500;
const MAX_PURPOSE: usize = 200;
/// The largest logo, in bytes, and its largest side, in pixels.
const MAX_LOGO: usize = 32 * 1024;
const MAX_SIDE: u32 = 512;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Changes of what an app tells of itself; a member that is left out keeps its value.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ProfileChanges {
    /// Its website, an https address; an empty text removes it.
    pub website: Option<String>,
    /// Its privacy policy, an https address; an empty text removes it.
    pub privacy_url: Option<String>,
    /// Why it asks for each permission: a sentence of at most 200 characters by scope. Replaces all
    /// that were there.
    pub purposes: Option<BTreeMap<String, String>>,
    /// Its logo: a PNG of at most 32 KiB and 512 pixels a side, in base64; an empty text removes it.
    pub logo: Option<String>,
}

impl Gateway {
    /// What a person's app tells of itself.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when there is no such app of theirs.
    pub async fn own_profile(&self, user: &UserId, id: &str) -> Result<AppProfile> {
        let client = self.live_app(user, id).await?;
        self.app_profile(&client.id).await
    }

    /// What an app tells of itself; nothing where it never has.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn app_profile(&self, client: &ClientId) -> Result<AppProfile> {
        self.storage.clients().profile(client).await
    }

    /// Changes what an app tells of itself.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when there is no such app of theirs; `INVALID_REQUEST` naming the member
    /// that is wrong.
    pub async fn update_profile(
        &self,
        user: &UserId,
        id: &str,
        changes: ProfileChanges,
        act: &AuditContext<'_>,
    ) -> Result<AppProfile> {
        let client = self.live_app(user, id).await?;
        let mut profile = self.app_profile(&client.id).await?;
        if let Some(url) = &changes.website {
            profile.website = address("website", url)?;
        }
        if let Some(url) = &changes.privacy_url {
            profile.privacy_url = address("privacyUrl", url)?;
        }
        if let Some(given) = &changes.purposes {
            profile.purposes = purposes(given)?;
        }
        if let Some(text) = &changes.logo {
            profile.logo = logo(text)?;
        }
        let audit = self.audit_success(act, AuditAction::ClientUpdate, &client.id);
        let store = self.storage.clients();
        match store
            .set_profile(&client.id, profile.clone(), audit)
            .await?
        {
            true => Ok(profile),
            false => Err(Error::not_found("app")),
        }
    }
}

impl ProfileChanges {
    /// All that is wrong with them, one error a member; empty when nothing is. A form shows them together.
    #[must_use]
    pub fn faults(&self) -> Vec<Error> {
        let website = self.website.as_deref().map(|url| address("website", url));
        let privacy = self.privacy_url.as_deref();
        let privacy = privacy.map(|url| address("privacyUrl", url));
        let purposes = self.purposes.as_ref().map(purposes);
        let logo = self.logo.as_deref().map(logo);
        let addresses = [website, privacy].into_iter().flatten();
        let faults = addresses.filter_map(Result::err);
        let faults = faults.chain(purposes.and_then(Result::err));
        faults.chain(logo.and_then(Result::err)).collect()
    }
}

/// An https address that a page may link to; `None` for an empty text.
fn address(member: &str, text: &str) -> Result<Option<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let rest = text.strip_prefix("https://");
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let is_plain = text.len() <= MAX_URL
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\'));
    let is_named = host.is_some_and(|host| host.contains('.') && !host.contains('@'));
    if is_plain && is_named && redirect_uri::origin(text).len() > "https://".len() {
        return Ok(Some(text.to_owned()));
    }
    Err(Error::invalid_request(format!(
        "`{member}` must be an https address of at most {MAX_URL} characters."
    )))
}

fn purposes(given: &BTreeMap<String, String>) -> Result<BTreeMap<Scope, String>> {
    let mut purposes = BTreeMap::new();
    for (name, text) in given {
        let member = format!("purposes.{name}");
        let scope = Scope::parse(name)
            .ok_or_else(|| Error::invalid_request(format!("`{member}` is no supported scope.")))?;
        if !text.trim().is_empty() {
            purposes.insert(scope, display_text(&member, text, MAX_PURPOSE)?);
        }
    }
    Ok(purposes)
}

/// A small PNG; `None` for an empty text.
fn logo(text: &str) -> Result<Option<Vec<u8>>> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || {
        let kib = MAX_LOGO / 1024;
        Error::invalid_request(format!(
            "`logo` must be a PNG of at most {kib} KiB and {MAX_SIDE} pixels a side."
        ))
    };
    if text.len() > MAX_LOGO * 4 / 3 + 4 {
        return Err(wrong());
    }
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| Error::invalid_request("`logo` must be base64."))?;
    match is_small_png(&bytes) {
        true => Ok(Some(bytes)),
        false => Err(wrong()),
    }
}

/// Whether bytes are one whole PNG within the bounds: its header, chunks that fill it, and its end.
fn is_small_png(bytes: &[u8]) -> bool {
    let number = |at: usize| {
        let word = bytes.get(at..at + 4)?;
        Some(u32::from_be_bytes(word.try_into().ok()?))
    };
    let is_side = |side: Option<u32>| side.is_some_and(|side| (1..=MAX_SIDE).contains(&side));
    if bytes.len() > MAX_LOGO || !bytes.starts_with(PNG) || bytes.get(12..16) != Some(b"IHDR") {
        return false;
    }
    let mut at = PNG.len();
    while let Some(length) = number(at).and_then(|length| usize::try_from(length).ok()) {
        let end = at.saturating_add(length).saturating_add(12);
        if bytes.get(at + 4..at + 8) == Some(b"IEND") {
            return end == bytes.len() && is_side(number(16)) && is_side(number(20));
        }
        at = end;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_and_nothing_else() {
        for text in ["https://acme.example", "https://acme.example/privacy?x=1#y"] {
            assert_eq!(address("website", text).unwrap().as_deref(), Some(text));
        }
        assert_eq!(address("website", " ").unwrap(), None);
        for text in [
            "http://acme.example",
            "javascript:alert(1)",
            "https://",
            "https://user@acme.example",
            "https://localhost",
            "https://acme.example/\"onclick=",
            "https://acme.example/ x",
            "//acme.example",
        ] {
            assert!(address("website", text).is_err(), "{text}");
        }
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = PNG.to_vec();
        let mut chunk = |name: &[u8], data: &[u8]| {
            bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend(name);
            bytes.extend(data);
            bytes.extend([0; 4]);
        };
        let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
        chunk(b"IHDR", &[sides, vec![8, 6, 0, 0, 0]].concat());
        chunk(b"IDAT", &[0; 30]);
        chunk(b"IEND", &[]);
        bytes
    }

    #[test]
    fn a_logo_is_one_small_png() {
        let good = png(64, 64);
        assert_eq!(logo(&STANDARD.encode(&good)).unwrap(), Some(good.clone()));
        assert_eq!(logo("").unwrap(), None);
        let behind = [good.clone(), b"<script>".to_vec()].concat();
        for bytes in [
            png(513, 64),
            png(64, 0),
            behind,
            good[..good.len() - 1].to_vec(),
            b"<svg onload=alert(1)>".to_vec(),
            [good.clone(), vec![0; MAX_LOGO]].concat(),
        ] {
            assert!(logo(&STANDARD.encode(bytes)).is_err());
        }
        assert!(logo("no base64").is_err());
    }
}
