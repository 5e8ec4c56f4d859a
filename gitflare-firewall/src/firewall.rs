//! The firewall as the gateway uses it: core's `ContentFilter` over the redactor and the blocked
//! paths, with a configuration that is replaced whole while requests run.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use gitflare_core::{
    Error, Result, Secret, TenantId,
    filter::{ContentFilter, FilterConfig, FilterRules, KnownSecrets, Screened, TextKind},
};

use crate::{
    diff,
    paths::{BlockedPaths, DEFAULT_PATTERNS},
    redact::{Redacted, Redactor},
    tag::Tagger,
};

/// Tenants whose keys are kept ready; beyond that all are derived anew.
const MOST_KEYS: usize = 1024;

/// What an operator can set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FirewallConfig {
    /// Whether anything is filtered at all.
    pub enabled: bool,
    /// Which paths are blocked, as gitignore reads them.
    pub blocked_file_patterns: Vec<String>,
}

impl Default for FirewallConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            blocked_file_patterns: DEFAULT_PATTERNS.iter().map(|&p| p.to_owned()).collect(),
        }
    }
}

impl From<&FilterConfig> for FirewallConfig {
    fn from(config: &FilterConfig) -> Self {
        Self {
            enabled: config.enabled,
            blocked_file_patterns: config.blocked_file_patterns.clone(),
        }
    }
}

impl From<FirewallConfig> for FilterConfig {
    fn from(config: FirewallConfig) -> Self {
        Self {
            enabled: config.enabled,
            blocked_file_patterns: config.blocked_file_patterns,
        }
    }
}

impl FilterRules for FirewallConfig {
    fn config(&self) -> FilterConfig {
        self.clone().into()
    }

    fn filter(&self, key: &Secret<[u8; 32]>) -> Result<Arc<dyn ContentFilter>> {
        Ok(Arc::new(Firewall::new(key, self)?))
    }
}

/// Blocks paths and hashes secrets for every tenant of a gateway. Shared behind an `Arc`; every
/// request reads the configuration once.
pub struct Firewall {
    root_key: Secret<[u8; 32]>,
    rules: RwLock<Arc<Rules>>,
    /// Whether `rules` filter at all: an answer is many small texts, and a lock for each shows.
    enabled: AtomicBool,
    /// In order, as few names are compared sooner than one is hashed.
    keys: RwLock<BTreeMap<TenantId, Redactor>>,
}

struct Rules {
    enabled: bool,
    blocked: BlockedPaths,
}

impl Rules {
    fn new(config: &FirewallConfig) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            enabled: config.enabled,
            blocked: BlockedPaths::new(&config.blocked_file_patterns)?,
        }))
    }
}

impl Firewall {
    /// A firewall whose tenant keys come from `root_key`.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the first pattern that is not valid.
    pub fn new(root_key: &Secret<[u8; 32]>, config: &FirewallConfig) -> Result<Self> {
        Ok(Self {
            root_key: root_key.clone(),
            rules: RwLock::new(Rules::new(config)?),
            enabled: AtomicBool::new(config.enabled),
            keys: RwLock::default(),
        })
    }

    /// Replaces the configuration, whole: a call in flight keeps the old one, the next has the new.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the first pattern that is not valid; the configuration in force
    /// stays.
    pub fn replace(&self, config: &FirewallConfig) -> Result<()> {
        let rules = Rules::new(config)?;
        // A poisoned lock still holds a whole configuration: it is only ever swapped.
        let mut current = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that of two calls one decides both.
        self.enabled.store(rules.enabled, Ordering::Release);
        *current = rules;
        Ok(())
    }

    /// The redactor of a tenant, for texts that do not pass through the gateway's pipeline.
    #[must_use]
    pub fn redactor(&self, tenant: &TenantId) -> Redactor {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(redactor) = keys.get(tenant) {
            return redactor.clone();
        }
        drop(keys);
        let tagger = Tagger::for_tenant(self.root_key.expose(), tenant.as_str());
        let redactor = Redactor::with_tagger(tagger);
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_KEYS {
            keys.clear();
        }
        keys.insert(tenant.clone(), redactor.clone());
        redactor
    }

    /// Filters a whole unified diff with its file headers: blocked files vanish, secrets in the
    /// others become tags.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when the text cannot be filtered; nothing of it may leave then.
    pub fn filter_diff(&self, tenant: &TenantId, text: &[u8]) -> Result<diff::FilteredDiff> {
        let rules = self.rules();
        if !rules.enabled {
            return Ok(diff::FilteredDiff::unchanged(text));
        }
        let redactor = self.redactor(tenant);
        guarded(|| diff::filter(text, &redactor, &|path| rules.blocked.blocks_written(path)))
    }

    /// Runs `redact` on a text with the tenant's redactor, unless the firewall is switched off.
    fn screened<'t>(
        &self,
        tenant: &TenantId,
        text: &'t str,
        redact: impl FnOnce(Redactor) -> Redacted<'t>,
    ) -> Result<Screened<'t>> {
        if !self.enabled.load(Ordering::Acquire) {
            return Ok(Screened {
                text: Cow::Borrowed(text),
                redactions: 0,
            });
        }
        let redactor = self.redactor(tenant);
        let redacted = guarded(|| redact(redactor))?;
        let text = match redacted.bytes {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).map_err(|error| {
                Error::internal(format!("the firewall split a character: {error}"))
            })?),
        };
        Ok(Screened {
            text,
            redactions: redacted.redactions,
        })
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ContentFilter for Firewall {
    fn blocks(&self, path: &str) -> bool {
        let rules = self.rules();
        // A panic while matching counts as a match: what cannot be decided does not leave.
        rules.enabled
            && catch_unwind(AssertUnwindSafe(|| rules.blocked.blocks(path))).unwrap_or(true)
    }

    fn screen<'t>(
        &self,
        tenant: &TenantId,
        text: &'t str,
        kind: TextKind<'_>,
    ) -> Result<Screened<'t>> {
        self.screen_part(tenant, text, kind, &mut KnownSecrets::default())
    }

    fn screen_part<'t>(
        &self,
        tenant: &TenantId,
        text: &'t str,
        kind: TextKind<'_>,
        known: &mut KnownSecrets,
    ) -> Result<Screened<'t>> {
        self.screened(tenant, text, |redactor| match kind {
            TextKind::Prose => redactor.redact_part(text.as_bytes(), known),
            TextKind::Patch { path } | TextKind::File { path } => {
                redactor.in_file(path).redact_part(text.as_bytes(), known)
            }
        })
    }

    fn screen_mentions<'t>(
        &self,
        tenant: &TenantId,
        text: &'t str,
        known: &KnownSecrets,
    ) -> Result<Screened<'t>> {
        self.screened(tenant, text, |redactor| {
            redactor.redact_mentions(text.as_bytes(), known)
        })
    }

    fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
    }

    fn validate(&self, config: &FilterConfig) -> Result<()> {
        Rules::new(&config.into()).map(drop)
    }

    fn configure(&self, config: &FilterConfig) -> Result<()> {
        self.replace(&config.into())
    }
}

impl std::fmt::Debug for Firewall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Firewall").finish_non_exhaustive()
    }
}

/// Runs a filter; a panic withholds the text (SR-11).
fn guarded<T>(filter: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(filter))
        .map_err(|_| Error::internal("the firewall panicked; the payload was withheld"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firewall() -> Firewall {
        Firewall::new(&Secret::new([7; 32]), &FirewallConfig::default()).unwrap()
    }

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(&format!("tenant_{name}")).unwrap()
    }

    fn screen(firewall: &Firewall, tenant_name: &str, text: &str) -> String {
        firewall
            .screen(&tenant(tenant_name), text, TextKind::Prose)
            .unwrap()
            .text
            .into_owned()
    }

    #[test]
    fn equal_secrets_are_equal_within_a_tenant_only() {
        let firewall = firewall();
        let text = "password = \"correct-horse-7\"";
        let a = screen(&firewall, "a", text);
        assert!(a.starts_with("password = \"gf_sha256:"), "{a}");
        assert_eq!(a, screen(&firewall, "a", text));
        assert_ne!(a, screen(&firewall, "b", text));
    }

    #[test]
    fn text_without_secrets_comes_back_borrowed() {
        let screened = firewall()
            .screen(&tenant("a"), "fn main() {}", TextKind::Prose)
            .map(|screened| matches!(screened.text, Cow::Borrowed(_)));
        assert!(screened.unwrap());
    }

    #[test]
    fn a_bad_configuration_leaves_the_last_good_one() {
        // sec: IN-7
        let firewall = firewall();
        let config = FirewallConfig {
            enabled: false,
            blocked_file_patterns: vec!["fine".into(), "[".into()],
        };
        let error = firewall.replace(&config).unwrap_err();
        assert!(error.message().contains("[1]"), "{}", error.message());
        assert!(firewall.blocks("a/.env"));
        firewall
            .replace(&FirewallConfig {
                enabled: true,
                blocked_file_patterns: vec!["fine".into()],
            })
            .unwrap();
        assert!(!firewall.blocks("a/.env"));
        assert!(firewall.blocks("a/fine/b"));
    }

    #[test]
    fn a_disabled_firewall_filters_nothing() {
        let firewall = firewall();
        let config = FirewallConfig {
            enabled: false,
            ..FirewallConfig::default()
        };
        firewall.configure(&config.into()).unwrap();
        assert!(!firewall.blocks(".env"));
        let text = "password = \"correct-horse-7\"";
        assert_eq!(screen(&firewall, "a", text), text);
    }

    #[test]
    fn many_tenants_do_not_grow_the_key_cache_for_ever() {
        let firewall = firewall();
        for index in 0..3000 {
            let _ = firewall.redactor(&tenant(&index.to_string()));
        }
        assert!(firewall.keys.read().unwrap().len() <= MOST_KEYS);
    }

    #[test]
    fn a_secret_of_one_text_goes_from_the_others_of_its_answer() {
        let (firewall, tenant) = (firewall(), tenant("a"));
        let mut known = KnownSecrets::default();
        let mut part = |text: &'static str, path| {
            let kind = TextKind::Patch { path };
            firewall
                .screen_part(&tenant, text, kind, &mut known)
                .unwrap()
                .text
        };
        let before = part("+expect(\"k3J9sX0qPz7LmN2vB8aa\")", "test.js");
        assert_eq!(before, "+expect(\"k3J9sX0qPz7LmN2vB8aa\")");
        let value = part("+token = \"k3J9sX0qPz7LmN2vB8aa\"", "a.js");
        let tag = value.strip_prefix("+token = ").unwrap();
        let after = part("+expect(\"k3J9sX0qPz7LmN2vB8aa\")", "test2.js");
        assert_eq!(after, format!("+expect({tag})"));
        let again = firewall.screen_mentions(&tenant, &before, &known).unwrap();
        assert_eq!((again.text, again.redactions), (after, 1));
    }

    #[test]
    fn a_panic_withholds_the_text() {
        // sec: SR-11
        let error = guarded(|| panic!("broken")).unwrap_err();
        assert_eq!(error.code(), gitflare_core::Code::InternalError);
    }
}
