//! The firewall's place in the core: [`ContentFilter`] is what a firewall can do, [`Filterable`]
//! says which fields of a resource it reads, and [`Filtered`] is the proof that it has read them.
//! Unified replies accept nothing but `Filtered`, so leaving the firewall out does not compile.

mod binary;
#[cfg(feature = "conformance")]
pub mod conformance;
mod screen;

use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use screen::identifiers_only;
pub use screen::{Filterable, Filtered, Screen, is_web_address};

use crate::{Error, Result, Secret, TenantId};

/// Decides what may leave. Implemented by the firewall crate; it must be fast and linear-time.
pub trait ContentFilter: Send + Sync {
    /// Whether a repository path must not leave the gateway. One that ends in a slash is a folder;
    /// folders are asked for without it too.
    fn blocks(&self, path: &str) -> bool;

    /// Replaces the secrets in `text` by hashes that are comparable within `tenant`.
    ///
    /// # Errors
    /// Any error withholds the whole payload (SR-11).
    fn screen<'t>(
        &self,
        tenant: &TenantId,
        text: &'t str,
        kind: TextKind<'_>,
    ) -> Result<Screened<'t>>;

    /// The same for one of several texts of an answer: what `known` holds is replaced wherever it
    /// stands, and what is found here is added to it. Without an override, mentions stay.
    ///
    /// # Errors
    /// Any error withholds the whole payload (SR-11).
    fn screen_part<'t>(
        &self,
        tenant: &TenantId,
        text: &'t str,
        kind: TextKind<'_>,
        known: &mut KnownSecrets,
    ) -> Result<Screened<'t>> {
        let _ = known;
        self.screen(tenant, text, kind)
    }

    /// Replaces only the mentions of known secrets, in a text that was screened before. Without an
    /// override, mentions stay.
    ///
    /// # Errors
    /// Any error withholds the whole payload (SR-11).
    fn screen_mentions<'t>(
        &self,
        tenant: &TenantId,
        text: &'t str,
        known: &KnownSecrets,
    ) -> Result<Screened<'t>> {
        let (_, _) = (tenant, known);
        Ok(Screened {
            text: Cow::Borrowed(text),
            redactions: 0,
        })
    }

    /// Whether anything is filtered at all. Without an override, it is.
    fn is_enabled(&self) -> bool {
        true
    }

    /// Judges a configuration without using it.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming what is wrong (IN-7).
    fn validate(&self, config: &FilterConfig) -> Result<()>;

    /// Replaces the configuration, whole and at once: a request sees the old one or the new one.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming what is wrong; the configuration in force stays (IN-7).
    fn configure(&self, config: &FilterConfig) -> Result<()>;
}

/// Which paths a filter blocks, for whoever would fetch their contents one by one. The default
/// blocks none.
#[derive(Clone, Default)]
pub struct BlockedPaths(Option<Arc<dyn ContentFilter>>);

impl BlockedPaths {
    /// Those that a filter blocks.
    #[must_use]
    pub fn of(filter: Arc<dyn ContentFilter>) -> Self {
        Self(Some(filter))
    }

    /// Whether the content at this path must not leave, and so need not be fetched. A filter that
    /// panics blocks.
    #[must_use]
    pub fn contain(&self, path: &str) -> bool {
        let blocks = |filter: &Arc<dyn ContentFilter>| {
            catch_unwind(AssertUnwindSafe(|| filter.blocks(path))).unwrap_or(true)
        };
        self.0.as_ref().is_some_and(blocks)
    }
}

impl std::fmt::Debug for BlockedPaths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlockedPaths")
    }
}

/// The rules of a firewall, from which a gateway makes it.
pub trait FilterRules: Send {
    /// The configuration in force while none has been stored.
    fn config(&self) -> FilterConfig;

    /// Makes the filter. `key` is derived from the primary master key; hashes are comparable while
    /// it stays.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the rule that is not valid.
    fn filter(&self, key: &Secret<[u8; 32]>) -> Result<Arc<dyn ContentFilter>>;
}

/// Lets everything leave as it is. It cannot be switched on, so that no configuration promises what
/// it does not do.
pub(crate) struct NoFilter;

impl FilterRules for NoFilter {
    fn config(&self) -> FilterConfig {
        FilterConfig {
            enabled: false,
            blocked_file_patterns: Vec::new(),
        }
    }

    fn filter(&self, _: &Secret<[u8; 32]>) -> Result<Arc<dyn ContentFilter>> {
        Ok(Arc::new(Self))
    }
}

impl ContentFilter for NoFilter {
    fn blocks(&self, _: &str) -> bool {
        false
    }

    fn screen<'t>(&self, _: &TenantId, text: &'t str, _: TextKind<'_>) -> Result<Screened<'t>> {
        Ok(Screened {
            text: text.into(),
            redactions: 0,
        })
    }

    fn is_enabled(&self) -> bool {
        false
    }

    fn validate(&self, config: &FilterConfig) -> Result<()> {
        if config.enabled {
            return Err(Error::invalid_request(
                "This gateway was made without a firewall: it cannot be enabled.",
            ));
        }
        Ok(())
    }

    fn configure(&self, config: &FilterConfig) -> Result<()> {
        self.validate(config)
    }
}

/// The part of the firewall's configuration that an operator can change at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterConfig {
    /// Whether anything is filtered at all.
    pub enabled: bool,
    /// Glob patterns of paths that are stripped from every answer.
    pub blocked_file_patterns: Vec<String>,
}

/// The kind of a text, which decides how it is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind<'p> {
    /// Something that people wrote.
    Prose,
    /// The hunks of one file from the first `@@` on, without file headers.
    Patch {
        /// The file's path.
        path: &'p str,
    },
    /// A whole file.
    File {
        /// The file's path.
        path: &'p str,
    },
}

/// A text after the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screened<'t> {
    /// The text that may leave, the same slice when nothing was found.
    pub text: Cow<'t, str>,
    /// Number of secrets replaced by their hash.
    pub redactions: u64,
}

/// Secrets that were recognised in an answer, so that further mentions of them go as well. Holds
/// at most [`Self::MOST`] values of [`Self::LONGEST`] bytes; wiped when dropped.
#[derive(Default)]
pub struct KnownSecrets(Vec<Zeroizing<Vec<u8>>>);

impl KnownSecrets {
    /// The most values that are kept; later ones are not added.
    pub const MOST: usize = 64;
    /// The longest value that is kept, in bytes; longer ones are not added.
    pub const LONGEST: usize = 512;

    /// Adds a value, unless it is there already or a bound is reached.
    pub fn add(&mut self, secret: &[u8]) {
        let fits = self.0.len() < Self::MOST && (1..=Self::LONGEST).contains(&secret.len());
        if fits && !self.iter().any(|known| known == secret) {
            self.0.push(Zeroizing::new(secret.to_vec()));
        }
    }

    /// The values, in the order in which they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.iter().map(|secret| secret.as_slice())
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KnownSecrets([{} hidden])", self.0.len())
    }
}

/// Report of the firewall's work on a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FirewallReport {
    /// Files and tree entries that were stripped.
    pub blocked_files: u64,
    /// Secrets that were hashed.
    pub redacted_secrets: u64,
}

impl FirewallReport {
    /// What was done after `before`.
    #[must_use]
    pub(crate) const fn since(self, before: Self) -> Self {
        Self {
            blocked_files: self.blocked_files - before.blocked_files,
            redacted_secrets: self.redacted_secrets - before.redacted_secrets,
        }
    }
}

impl std::ops::AddAssign for FirewallReport {
    fn add_assign(&mut self, more: Self) {
        self.blocked_files += more.blocked_files;
        self.redacted_secrets += more.redacted_secrets;
    }
}

#[cfg(test)]
mod tests;
