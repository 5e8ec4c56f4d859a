//! Conditional reads of files (RFC 9110, section 13): the validator of a file, and whether the client has
//! it. It is weak, because the commit may have moved while the file did not, and keyed, so that it tells
//! nothing of what it is made of.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::Gateway;
use crate::{
    Code, Error, Result, Secret, TenantId,
    filter::BlockedPaths,
    model::Content,
    provider::{Call, ContentQuery, Held, Provider, ProviderId, RepoRef},
    storage::FirewallSettings,
};

/// What the validators of this version are made of. What the firewall finds differs between releases,
/// so the release is a part of them.
const FORMAT: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));

/// Makes the validators of one read.
pub(super) struct Validators<'a> {
    key: &'a Secret<[u8; 32]>,
    tenant: &'a TenantId,
    firewall: Arc<FirewallSettings>,
    if_none_match: Option<&'a str>,
}

impl Gateway {
    /// The validators of a read. The firewall's settings are read before anything is filtered: what is
    /// filtered by newer ones is asked for again.
    pub(super) fn validators<'a>(
        &'a self,
        tenant: &'a TenantId,
        if_none_match: Option<&'a str>,
    ) -> Validators<'a> {
        Validators {
            key: &self.validator_key,
            tenant,
            firewall: self.firewall_settings(),
            if_none_match,
        }
    }

    /// Refuses a path that the firewall blocks, itself or through a folder above it, before anybody is
    /// asked whether it exists.
    ///
    /// # Errors
    /// `ACCESS_BLOCKED_BY_POLICY`.
    pub(super) fn refuse_blocked(&self, query: &ContentQuery) -> Result<()> {
        match BlockedPaths::of(Arc::clone(&self.filter)).contain(query.path.as_str()) {
            true => Err(Error::new(
                Code::AccessBlockedByPolicy,
                "The firewall blocks this path.",
            )),
            false => Ok(()),
        }
    }
}

impl Validators<'_> {
    /// Reads a file with its validator; `None` when the client has it.
    pub(super) async fn read(
        &self,
        provider: &dyn Provider,
        call: &Call,
        repo: &RepoRef,
        query: &ContentQuery,
    ) -> Result<(Option<Content>, String)> {
        let was_held = AtomicBool::new(false);
        let test = |content: &Content| {
            let is_held = self.is_held(&self.tag(provider.id(), repo, content));
            was_held.store(is_held, Ordering::Relaxed);
            is_held
        };
        let held = match self.if_none_match {
            // `*` is about any file that is there: first it has to be.
            Some(sent) if sent.trim() != "*" => Held::by(&test),
            _ => Held::default(),
        };
        let content = provider.contents(call, repo, query, held).await?;
        let tag = self.tag(provider.id(), repo, &content);
        if self.is_held(&tag) {
            Ok((None, tag))
        } else if was_held.load(Ordering::Relaxed) {
            Err(Error::internal("a file changed while it was read"))
        } else {
            Ok((Some(content), tag))
        }
    }

    /// The validator of a file, as a weak entity tag.
    fn tag(&self, provider: ProviderId, repo: &RepoRef, content: &Content) -> String {
        let digest = || {
            let bytes = content.content.as_deref().unwrap_or_default();
            hex::encode(Sha256::digest(bytes))
        };
        let known = content.sha.clone().or_else(|| content.commit_sha.clone());
        let object = known.unwrap_or_else(digest);
        let version = self.firewall.version.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose())
            .expect("HMAC takes keys of any length");
        for part in [
            FORMAT,
            self.tenant.as_str(),
            provider.as_str(),
            &repo.id,
            &content.path,
            &object,
            content.mode.as_deref().unwrap_or_default(),
            &version,
            if self.firewall.enabled { "on" } else { "off" },
            // Told beside the commit of a submodule, and kept in another file.
            content.submodule_url.as_deref().unwrap_or_default(),
        ] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let bytes = mac.finalize().into_bytes();
        format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whether the client's condition names this validator. Weak comparison (RFC 9110, section 8.8.3.2):
    /// what stands in front of the quotes does not count.
    fn is_held(&self, tag: &str) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let wanted = opaque(tag);
        self.if_none_match.is_some_and(|sent| {
            let mut tags = sent.split(',');
            sent.trim() == "*" || tags.any(|sent| opaque(sent) == wanted)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::ContentType;

    fn settings(version: u64, enabled: bool) -> Arc<FirewallSettings> {
        Arc::new(FirewallSettings {
            enabled,
            blocked_file_patterns: Vec::new(),
            version,
            updated_at: None,
            updated_by: None,
        })
    }

    fn content() -> Content {
        Content {
            sha: Some("a".repeat(40)),
            commit_sha: Some("c".repeat(40)),
            mode: Some("100644".into()),
            ..Content::new("src/a", ContentType::File)
        }
    }

    fn repo(id: &str) -> RepoRef {
        RepoRef {
            id: id.into(),
            full_name: None,
        }
    }

    #[test]
    fn a_validator_changes_with_the_file_and_the_firewall_and_with_nothing_else() {
        let (key, other_key) = (Secret::new([7; 32]), Secret::new([8; 32]));
        let tenants = ["tenant_a", "tenant_b"].map(|id| TenantId::parse(id).unwrap());
        let of = |key, tenant, firewall| Validators {
            key,
            tenant,
            firewall,
            if_none_match: None,
        };
        let plain = of(&key, &tenants[0], settings(1, true));
        let github = ProviderId::GITHUB;
        let tag = |validators: &Validators<'_>| validators.tag(github, &repo("1"), &content());
        let first = tag(&plain);
        assert!(first.starts_with("W/\"") && first.len() == 47, "{first}");
        // The commit moved, the file did not.
        let moved = Content {
            commit_sha: Some("d".repeat(40)),
            web_url: Some("https://git.example/other".into()),
            ..content()
        };
        assert_eq!(plain.tag(github, &repo("1"), &moved), first);
        let edited = |edit: fn(&mut Content)| {
            let mut content = content();
            edit(&mut content);
            plain.tag(github, &repo("1"), &content)
        };
        let others = [
            tag(&of(&other_key, &tenants[0], settings(1, true))),
            tag(&of(&key, &tenants[1], settings(1, true))),
            tag(&of(&key, &tenants[0], settings(2, true))),
            tag(&of(&key, &tenants[0], settings(1, false))),
            plain.tag(ProviderId::GITLAB, &repo("1"), &content()),
            plain.tag(github, &repo("2"), &content()),
            edited(|it| it.path = "src/b".into()),
            edited(|it| it.mode = Some("120000".into())),
            edited(|it| it.mode = None),
            edited(|it| it.sha = Some("b".repeat(40))),
            edited(|it| it.sha = None),
            edited(|it| (it.sha, it.commit_sha) = (None, None)),
            edited(|it| it.submodule_url = Some("https://git.example/other.git".into())),
        ];
        let all: BTreeSet<_> = others.iter().chain([&first]).collect();
        assert_eq!(all.len(), others.len() + 1, "{others:?}");
        assert!(others.iter().all(|tag| !tag.contains("aaaa")));
    }

    #[test]
    fn a_condition_is_a_list_of_tags_weak_or_not_or_a_star() {
        let (key, tenant) = (Secret::new([7; 32]), TenantId::parse("tenant_a").unwrap());
        let is_held = |sent: &str| {
            let validators = Validators {
                key: &key,
                tenant: &tenant,
                firewall: settings(1, true),
                if_none_match: Some(sent),
            };
            validators.is_held("W/\"abc\"")
        };
        for sent in [
            "W/\"abc\"",
            "\"abc\"",
            "*",
            " * ",
            "\"x\", W/\"abc\" ,\"y\"",
        ] {
            assert!(is_held(sent), "{sent}");
        }
        for sent in ["", "\"x\"", "abc", "W/abc", "\"abc", "\"*\"", "\"abcd\""] {
            assert!(!is_held(sent), "{sent}");
        }
    }
}
