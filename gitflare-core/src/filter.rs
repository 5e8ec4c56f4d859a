//! The firewall's place in the core: [`ContentFilter`] is what a firewall can do, [`Filterable`]
//! says which fields of a resource it reads, and [`Filtered`] is the proof that it has read them.
//! Unified replies accept nothing but `Filtered`, so leaving the firewall out does not compile.

mod binary;
#[cfg(feature = "conformance")]
pub mod conformance;

use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

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

/// A resource that the firewall can read.
pub trait Filterable: Sized {
    /// Passes the resource's texts through the screen; `None` when it must not leave at all.
    ///
    /// # Errors
    /// The filter's own; nothing of the payload leaves then.
    fn pass(self, screen: &mut Screen<'_>) -> Result<Option<Self>>;
}

/// One payload's way through a filter, counting what was done.
pub struct Screen<'a> {
    filter: &'a dyn ContentFilter,
    tenant: &'a TenantId,
    report: FirewallReport,
    known: KnownSecrets,
    /// Number of texts scanned.
    texts: usize,
    /// All texts were read: only mentions of what is known are left.
    again: bool,
}

impl Screen<'_> {
    /// Replaces the secrets in a text in place.
    ///
    /// # Errors
    /// The filter's own.
    pub fn text(&mut self, text: &mut String, kind: TextKind<'_>) -> Result<()> {
        let screened = if self.again {
            self.filter
                .screen_mentions(self.tenant, text, &self.known)?
        } else {
            self.texts += 1;
            self.filter
                .screen_part(self.tenant, text, kind, &mut self.known)?
        };
        self.report.redacted_secrets += screened.redactions;
        if let Cow::Owned(replaced) = screened.text {
            *text = replaced;
        }
        Ok(())
    }

    /// Whether anything is filtered at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.filter.is_enabled()
    }

    /// Whether bytes that are no text hold a secret; counts what is found. They are looked at as ASCII
    /// and as UTF-16 and UTF-32, whichever way its units are written.
    ///
    /// # Errors
    /// The filter's own.
    pub fn finds_secret(&mut self, bytes: &[u8], path: &str) -> Result<bool> {
        let before = self.report.redacted_secrets;
        let from = |start: usize| bytes.get(start..).unwrap_or_default();
        let views: [&dyn Fn() -> String; 5] = [
            &|| binary::ascii(bytes),
            &|| binary::wide::<2>(bytes),
            &|| binary::wide::<2>(from(1)),
            &|| binary::wide::<4>(bytes),
            &|| binary::wide::<4>(from(3)),
        ];
        for view in views {
            let view = view();
            let screened = self
                .filter
                .screen(self.tenant, &view, TextKind::File { path })?;
            self.report.redacted_secrets += screened.redactions;
            if self.report.redacted_secrets > before {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Replaces the secrets in what people wrote, if anything.
    ///
    /// # Errors
    /// The filter's own.
    pub fn prose(&mut self, text: &mut Option<String>) -> Result<()> {
        match text {
            Some(text) => self.text(text, TextKind::Prose),
            None => Ok(()),
        }
    }

    /// Removes an address that is not `http` or `https`, for an app may make a link of it, and a hostile
    /// upstream a script (SR-9); and one with a password in it, or with a secret beside the place that
    /// it leads to.
    pub fn url(&self, url: &mut Option<String>) {
        let passes = |url: &String| is_web_address(url) && !self.carries_secret(url);
        *url = url.take().filter(passes);
    }

    /// Whether the name before an address's host, or its query, holds a secret. What cannot be judged
    /// does.
    fn carries_secret(&self, url: &str) -> bool {
        let (_, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        let query = rest.split_once('?').map(|(_, query)| query);
        let mut parts = [user, query].into_iter().flatten();
        parts.any(|part| {
            part.len() >= SHORTEST_SECRET
                && self
                    .filter
                    .screen(self.tenant, part, TextKind::Prose)
                    .map_or(true, |screened| screened.redactions > 0)
        })
    }

    /// Whether any of a file's paths is blocked; counts it when so.
    pub fn strips<'p>(&mut self, mut paths: impl Iterator<Item = &'p str>) -> bool {
        let blocked = paths.any(|path| self.filter.blocks(path));
        self.report.blocked_files += u64::from(blocked);
        blocked
    }

    /// What was done so far.
    #[must_use]
    pub const fn report(&self) -> FirewallReport {
        self.report
    }
}

impl std::fmt::Debug for Screen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

impl<T: Filterable> Filterable for Vec<T> {
    fn pass(self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        let mut kept = Self::with_capacity(self.len());
        for item in self {
            kept.extend(item.pass(screen)?);
        }
        Ok(Some(kept))
    }
}

impl<T: Filterable> Filterable for Box<T> {
    fn pass(self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        Ok((*self).pass(screen)?.map(Self::new))
    }
}

/// A payload that a filter has passed. There is no other way to make one.
#[derive(Debug)]
pub struct Filtered<T> {
    value: T,
    report: FirewallReport,
}

impl<T: Filterable> Filtered<T> {
    /// Passes `value` through `filter` on behalf of `tenant`.
    ///
    /// # Errors
    /// The filter's own error; `INTERNAL_ERROR` when the filter panics; `ACCESS_BLOCKED_BY_POLICY`
    /// when the whole payload must not leave. Nothing of the payload leaves in any of these.
    pub fn through(filter: &dyn ContentFilter, tenant: &TenantId, value: T) -> Result<Self> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut screen = Screen {
                filter,
                tenant,
                report: FirewallReport::default(),
                known: KnownSecrets::default(),
                texts: 0,
                again: false,
            };
            let mut value = value.pass(&mut screen)?;
            // A later text may have told what an earlier one mentions.
            if screen.texts > 1 && !screen.known.is_empty() {
                screen.again = true;
                value = match value {
                    Some(value) => value.pass(&mut screen)?,
                    None => None,
                };
            }
            Ok((value, screen.report))
        }));
        match outcome {
            Ok(Ok((Some(value), report))) => Ok(Self { value, report }),
            Ok(Ok((None, _))) => Err(Error::new(
                crate::Code::AccessBlockedByPolicy,
                "The firewall does not let this resource leave.",
            )),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::internal(
                "the firewall panicked; the payload was withheld",
            )),
        }
    }
}

impl<T> Filtered<T> {
    /// The payload, read-only: what could change it would have to pass again.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The payload, given out of the filter's hands: what is done to it from here on the caller
    /// answers for.
    pub fn into_value(self) -> T {
        self.value
    }

    /// Report of the filter's work on this payload.
    #[must_use]
    pub const fn report(&self) -> FirewallReport {
        self.report
    }
}

/// The fewest bytes of a part of an address that are looked at: nothing shorter is a secret.
const SHORTEST_SECRET: usize = 8;

/// Whether a text is an `http` or `https` URL without anything that a URL cannot hold, and without a
/// password in front of its host.
#[must_use]
pub fn is_web_address(text: &str) -> bool {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let has_password = authority
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':'));
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    is_web
        && !has_password
        && !rest.is_empty()
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// Marks a resource whose every field is an identifier that clients must send back, or the name
/// of a person: nothing in it is code or prose. Its fields with addresses are named.
macro_rules! identifiers_only {
    ($name:ty) => {
        impl crate::filter::Filterable for $name {
            fn pass(self, _screen: &mut crate::filter::Screen<'_>) -> crate::Result<Option<Self>> {
                Ok(Some(self))
            }
        }
    };
    ($name:ty, $($url:ident),+) => {
        impl crate::filter::Filterable for $name {
            fn pass(
                mut self,
                screen: &mut crate::filter::Screen<'_>,
            ) -> crate::Result<Option<Self>> {
                $(screen.url(&mut self.$url);)+
                Ok(Some(self))
            }
        }
    };
}
pub(crate) use identifiers_only;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Diff, DiffFile, DiffStats, FileStatus};

    #[test]
    fn an_address_is_http_or_nothing() {
        // sec: SR-9
        for (text, expected) in [
            ("https://github.com/octo/hello", true),
            ("HTTP://git.example:8080/x?y#z", true),
            ("https://git.example/\u{e9}", true),
            ("javascript:alert(1)", false),
            ("JavaScript://x%0aalert(1)", false),
            ("data:text/html,x", false),
            ("java\nscript:alert(1)", false),
            (" https://git.example/", false),
            ("https://git.example/\n", false),
            ("https://", false),
            ("//git.example/", false),
            ("ssh://git@git.example/x", false),
            ("", false),
        ] {
            assert_eq!(is_web_address(text), expected, "{text:?}");
        }
    }

    /// Knows tokens by their first letters.
    struct Tokens;

    impl ContentFilter for Tokens {
        fn blocks(&self, _: &str) -> bool {
            false
        }

        fn screen<'t>(&self, _: &TenantId, text: &'t str, _: TextKind<'_>) -> Result<Screened<'t>> {
            match text.contains("fail") {
                true => Err(Error::internal("cannot decide")),
                false => Ok(Screened {
                    redactions: text.matches("ghp_").count() as u64,
                    text: text.into(),
                }),
            }
        }

        fn validate(&self, _: &FilterConfig) -> Result<()> {
            Ok(())
        }

        fn configure(&self, _: &FilterConfig) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_address_carries_no_secret() {
        // sec: SR-11
        struct Address(Option<String>);
        impl Filterable for Address {
            fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
                screen.url(&mut self.0);
                Ok(Some(self))
            }
        }
        for (url, passes) in [
            ("https://github.com/octo/hello?v=4", true),
            ("https://acme@dev.azure.com/acme/_git/shop", true),
            ("https://ghp_0123456789@github.com/octo/hello", false),
            (
                "https://git.example/x?private_token=ghp_0123456789#y",
                false,
            ),
            ("https://git.example/x?what=failing", false),
            ("https://git.example/ghp_0123456789/x", true),
        ] {
            let tenant = TenantId::parse("tenant_a").unwrap();
            let passed = Filtered::through(&Tokens, &tenant, Address(Some(url.to_owned())));
            assert_eq!(passed.unwrap().value().0.is_some(), passes, "{url}");
        }
    }

    struct Upper;

    impl ContentFilter for Upper {
        fn blocks(&self, path: &str) -> bool {
            path == ".env"
        }

        fn screen<'t>(&self, _: &TenantId, text: &'t str, _: TextKind<'_>) -> Result<Screened<'t>> {
            match text {
                "panic" => panic!("broken filter"),
                "fail" => Err(Error::internal("broken filter")),
                _ => Ok(Screened {
                    text: text.to_uppercase().into(),
                    redactions: 1,
                }),
            }
        }

        fn validate(&self, _: &FilterConfig) -> Result<()> {
            Ok(())
        }

        fn configure(&self, _: &FilterConfig) -> Result<()> {
            Ok(())
        }
    }

    fn file(path: &str, previous: Option<&str>, patch: &str) -> DiffFile {
        DiffFile {
            path: path.into(),
            previous_path: previous.map(Into::into),
            status: FileStatus::Modified,
            additions: Some(1),
            deletions: Some(1),
            binary: Some(false),
            patch: Some(patch.into()),
            patch_truncated: false,
        }
    }

    fn diff(files: Vec<DiffFile>) -> Diff {
        Diff {
            base_sha: None,
            head_sha: None,
            stats: DiffStats {
                files: Some(9),
                ..DiffStats::default()
            },
            truncated: false,
            files,
            firewall: FirewallReport::default(),
        }
    }

    fn through(diff: Diff) -> Result<Filtered<Diff>> {
        Filtered::through(&Upper, &TenantId::parse("tenant_a").unwrap(), diff)
    }

    #[test]
    fn a_rename_is_blocked_by_either_name() {
        let filtered = through(diff(vec![
            file("notes", Some(".env"), "a"),
            file(".env", None, "b"),
            file("c", None, "c"),
        ]))
        .unwrap();
        let expected = FirewallReport {
            blocked_files: 2,
            redacted_secrets: 1,
        };
        assert_eq!(filtered.value().firewall, expected);
        assert_eq!(filtered.report(), expected);
        assert_eq!(filtered.value().files.len(), 1);
        assert_eq!(filtered.value().files[0].patch.as_deref(), Some("C"));
        assert_eq!(
            filtered.value().stats.files,
            Some(9),
            "stats still count what is blocked"
        );
    }

    #[test]
    fn a_link_to_a_blocked_path_is_not_told_in_a_diff() {
        const NO_END: &str = "\n\\ No newline at end of file";
        for (path, patch, is_told) in [
            ("notes", format!("@@ -0,0 +1 @@\n+.env{NO_END}"), false),
            (
                "a/notes",
                format!("@@ -0,0 +1,1 @@\n+../.env{NO_END}"),
                false,
            ),
            ("notes", format!("@@ -1 +0,0 @@\n-./.env{NO_END}"), false),
            (
                "notes",
                format!("@@ -1 +1 @@\n-a{NO_END}\n+.env{NO_END}"),
                false,
            ),
            (
                "notes",
                format!("@@ -1 +1 @@\n-.env{NO_END}\n+a{NO_END}"),
                false,
            ),
            // A file that became a link.
            (
                "notes",
                format!("@@ -1,2 +1 @@\n-a\n-b\n+.env{NO_END}"),
                false,
            ),
            ("notes", format!("@@ -0,0 +1 @@\n+.envelope{NO_END}"), true),
            // A line of a file has an end, or is not alone.
            ("notes", "@@ -0,0 +1 @@\n+.env\n".to_owned(), true),
            ("notes", format!("@@ -0,0 +1,2 @@\n+a\n+.env{NO_END}"), true),
        ] {
            let filtered = through(diff(vec![file(path, None, &patch)])).unwrap();
            let row = &filtered.value().files[0];
            assert_eq!(row.patch.is_some(), is_told, "{path}: {patch}");
            assert_eq!(row.patch_truncated, !is_told, "{patch}");
            let blocked = filtered.value().firewall.blocked_files;
            assert_eq!(blocked, u64::from(!is_told), "{patch}");
        }
    }

    /// Finds `secret=` only, and mentions of what stands behind it.
    struct Mentions;

    impl ContentFilter for Mentions {
        fn blocks(&self, path: &str) -> bool {
            path == ".env"
        }

        fn screen<'t>(&self, _: &TenantId, text: &'t str, _: TextKind<'_>) -> Result<Screened<'t>> {
            Ok(Screened {
                text: text.into(),
                redactions: 0,
            })
        }

        fn screen_part<'t>(
            &self,
            tenant: &TenantId,
            text: &'t str,
            _: TextKind<'_>,
            known: &mut KnownSecrets,
        ) -> Result<Screened<'t>> {
            if let Some(secret) = text.strip_prefix("secret=") {
                known.add(secret.as_bytes());
            }
            self.screen_mentions(tenant, text, known)
        }

        fn screen_mentions<'t>(
            &self,
            _: &TenantId,
            text: &'t str,
            known: &KnownSecrets,
        ) -> Result<Screened<'t>> {
            let mut text = text.to_owned();
            let mut redactions = 0;
            for secret in known.iter() {
                let secret = std::str::from_utf8(secret).unwrap();
                redactions += text.matches(secret).count() as u64;
                text = text.replace(secret, "#");
            }
            Ok(Screened {
                text: text.into(),
                redactions,
            })
        }

        fn validate(&self, _: &FilterConfig) -> Result<()> {
            Ok(())
        }

        fn configure(&self, _: &FilterConfig) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_secret_is_replaced_in_every_text_of_an_answer() {
        let diff = diff(vec![
            file("a", None, "expects hunter22"),
            file(".env", None, "x"),
            file("b", None, "secret=hunter22"),
            file("c", None, "has hunter22"),
        ]);
        let tenant = TenantId::parse("tenant_a").unwrap();
        let filtered = Filtered::through(&Mentions, &tenant, diff).unwrap();
        let patches: Vec<_> = filtered
            .value()
            .files
            .iter()
            .map(|file| file.patch.as_deref())
            .collect();
        assert_eq!(
            patches,
            [Some("expects #"), Some("secret=#"), Some("has #")]
        );
        let expected = FirewallReport {
            blocked_files: 1,
            redacted_secrets: 3,
        };
        assert_eq!(filtered.report(), expected);
        assert_eq!(filtered.value().firewall, expected);
    }

    #[test]
    fn known_secrets_are_bounded_and_hidden() {
        let mut known = KnownSecrets::default();
        for index in 0..100 {
            known.add(format!("value-{index}").as_bytes());
            known.add(b"value-0");
        }
        known.add(&[b'x'; KnownSecrets::LONGEST + 1]);
        assert_eq!(known.len(), KnownSecrets::MOST);
        assert!(!format!("{known:?}").contains("value"));
    }

    #[test]
    fn a_filter_that_fails_withholds_the_payload() {
        // sec: SR-11
        for patch in ["fail", "panic"] {
            let error =
                through(diff(vec![file("a", None, "x"), file("b", None, patch)])).unwrap_err();
            assert_eq!(error.code(), crate::Code::InternalError, "{patch}");
        }
    }
}
