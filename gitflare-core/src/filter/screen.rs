//! One payload's way through a filter, and the proof that it has gone it.

use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{ContentFilter, FirewallReport, KnownSecrets, TextKind, binary};
use crate::{Error, Result, TenantId};

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
