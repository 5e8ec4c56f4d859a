//! The security headers of pages, as one table: where forms may go, who may frame a page, what it
//! keeps of its opener, how long it may be stored. Headers of every answer are `respond`'s.

use http::{HeaderName, HeaderValue, header};

/// Kind of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The same for everybody.
    Public,
    /// The landing page, which knows whether a user is signed in.
    Landing,
    /// Sign-up, login, dashboard.
    Account,
    /// The consent page and what stands in its place.
    Consent,
    /// A consent page that its app opened as a popup and wants to hear from.
    ConsentPopup,
    /// The customer's management page.
    Manage,
    /// The end of a linking in a popup.
    Handover,
    /// An error page.
    Error,
    /// A page of the test app.
    Testapp,
}

/// Origins whose pages may frame a page (CS-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Nobody,
    /// The origins that the app has registered.
    App,
}

struct Row {
    kind: Kind,
    has_forms: bool,
    /// Whether a form's answer may lead to the request's verified `redirect_uri`: Chromium applies
    /// `form-action` to redirects too (CS-6).
    leads_back: bool,
    framing: Framing,
    opener: &'static str,
    cache: &'static str,
}

/// A page that opens a provider's window keeps hold of it; one that was opened keeps its opener.
const OPENS: &str = "same-origin-allow-popups";
const ALONE: &str = "same-origin";
const OPENED: &str = "unsafe-none";
const NO_STORE: &str = "no-store";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { kind: Kind::Public,       has_forms: false, leads_back: false, framing: Framing::Nobody, opener: ALONE,  cache: "public, max-age=300" },
    Row { kind: Kind::Landing,      has_forms: false, leads_back: false, framing: Framing::Nobody, opener: ALONE,  cache: NO_STORE },
    Row { kind: Kind::Account,      has_forms: true,  leads_back: false, framing: Framing::Nobody, opener: OPENS,  cache: NO_STORE },
    Row { kind: Kind::Consent,      has_forms: true,  leads_back: true,  framing: Framing::App,    opener: OPENS,  cache: NO_STORE },
    Row { kind: Kind::ConsentPopup, has_forms: true,  leads_back: true,  framing: Framing::App,    opener: OPENED, cache: NO_STORE },
    Row { kind: Kind::Manage,       has_forms: true,  leads_back: false, framing: Framing::App,    opener: OPENS,  cache: NO_STORE },
    Row { kind: Kind::Handover,     has_forms: false, leads_back: false, framing: Framing::Nobody, opener: OPENED, cache: NO_STORE },
    Row { kind: Kind::Error,        has_forms: false, leads_back: false, framing: Framing::Nobody, opener: ALONE,  cache: NO_STORE },
    Row { kind: Kind::Testapp,      has_forms: true,  leads_back: false, framing: Framing::Nobody, opener: ALONE,  cache: NO_STORE },
];

/// The headers of one page.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    kind: Kind,
    returns_to: Option<String>,
    frame_ancestors: Vec<String>,
}

impl Policy {
    /// The headers of a page of this kind.
    pub(crate) const fn of(kind: Kind) -> Self {
        Self {
            kind,
            returns_to: None,
            frame_ancestors: Vec::new(),
        }
    }

    /// Lets a form's answer lead to this origin, on the kinds that lead back to an app.
    pub(crate) fn returning_to(mut self, origin: &str) -> Self {
        self.returns_to = Some(origin.to_owned());
        self
    }

    /// Lets pages of these origins frame it, on the kinds that can be framed.
    pub(crate) fn framed_by(mut self, origins: &[String]) -> Self {
        self.frame_ancestors = origins.to_vec();
        self
    }

    pub(super) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let row = TABLE
            .iter()
            .find(|row| row.kind == self.kind)
            // The test below finds a row for every kind; the strictest would stand in.
            .unwrap_or(&TABLE[TABLE.len() - 2]);
        let is_framed = row.framing == Framing::App && !self.frame_ancestors.is_empty();
        let mut headers = vec![
            (header::CACHE_CONTROL, HeaderValue::from_static(row.cache)),
            (
                header::REFERRER_POLICY,
                // With `no-referrer` browsers would send `Origin: null` with a form (CS-7).
                HeaderValue::from_static(if row.has_forms {
                    "same-origin"
                } else {
                    "no-referrer"
                }),
            ),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                HeaderValue::from_static(row.opener),
            ),
            (
                HeaderName::from_static("permissions-policy"),
                HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"),
            ),
        ];
        if let Ok(value) = HeaderValue::from_str(&self.content_security_policy(row, is_framed)) {
            headers.push((header::CONTENT_SECURITY_POLICY, value));
        }
        if !is_framed {
            headers.push((header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")));
        }
        if row.cache == NO_STORE {
            headers.push((
                header::VARY,
                HeaderValue::from_static("accept, cookie, authorization"),
            ));
        }
        headers
    }

    fn content_security_policy(&self, row: &Row, is_framed: bool) -> String {
        let mut policy = String::from(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
             connect-src 'self'; base-uri 'none'; form-action ",
        );
        policy.push_str(if row.has_forms { "'self'" } else { "'none'" });
        if row.leads_back
            && let Some(origin) = self.returns_to.as_deref().filter(|it| is_origin(it))
        {
            policy.push(' ');
            policy.push_str(origin);
        }
        policy.push_str("; frame-ancestors");
        if is_framed {
            for origin in self.frame_ancestors.iter().filter(|it| is_origin(it)) {
                policy.push(' ');
                policy.push_str(origin);
            }
        } else {
            policy.push_str(" 'none'");
        }
        policy
    }
}

/// Whether a text is an origin and nothing that could end a directive: a second look at what was
/// checked when it was registered.
fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: &[Kind] = &[
        Kind::Public,
        Kind::Landing,
        Kind::Account,
        Kind::Consent,
        Kind::ConsentPopup,
        Kind::Manage,
        Kind::Handover,
        Kind::Error,
        Kind::Testapp,
    ];

    fn header(policy: &Policy, name: &str) -> Option<String> {
        let headers = policy.headers();
        let mut found = headers.iter().filter(|(key, _)| key.as_str() == name);
        let value = found.next().map(|(_, it)| it.to_str().unwrap().to_owned());
        assert!(found.next().is_none(), "{name} twice");
        value
    }

    #[test]
    fn every_kind_of_page_has_one_row_and_every_header() {
        // sec: CS-6, CS-7
        for &kind in KINDS {
            assert_eq!(TABLE.iter().filter(|row| row.kind == kind).count(), 1);
            let policy = Policy::of(kind);
            let csp = header(&policy, "content-security-policy").unwrap();
            assert!(
                csp.starts_with(
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                     connect-src 'self'; base-uri 'none'; form-action "
                ),
                "{csp}"
            );
            assert!(!csp.contains("unsafe"), "{csp}");
            for name in [
                "cache-control",
                "referrer-policy",
                "cross-origin-opener-policy",
            ] {
                assert!(header(&policy, name).is_some(), "{kind:?} {name}");
            }
        }
        assert_eq!(TABLE.len(), KINDS.len());
        assert_eq!(TABLE[TABLE.len() - 2].kind, Kind::Error);
    }

    #[test]
    fn only_embeddable_pages_can_be_framed_and_only_by_registered_origins() {
        // sec: CS-4
        let origins = ["https://app.example".to_owned()];
        for &kind in KINDS {
            let policy = Policy::of(kind).framed_by(&origins);
            let csp = header(&policy, "content-security-policy").unwrap();
            let frames = matches!(kind, Kind::Consent | Kind::ConsentPopup | Kind::Manage);
            assert_eq!(
                csp.ends_with("frame-ancestors https://app.example"),
                frames,
                "{csp}"
            );
            assert_eq!(csp.ends_with("frame-ancestors 'none'"), !frames, "{csp}");
            let expected = (!frames).then_some("DENY".to_owned());
            assert_eq!(header(&policy, "x-frame-options"), expected);
        }
        let none = Policy::of(Kind::Consent);
        assert_eq!(header(&none, "x-frame-options"), Some("DENY".to_owned()));
    }

    #[test]
    fn only_a_consent_page_lets_its_form_lead_back_to_the_app() {
        // sec: CS-6
        for &kind in KINDS {
            let policy = Policy::of(kind).returning_to("https://app.example");
            let csp = header(&policy, "content-security-policy").unwrap();
            let leads = matches!(kind, Kind::Consent | Kind::ConsentPopup);
            assert_eq!(
                csp.contains("form-action 'self' https://app.example;"),
                leads,
                "{csp}"
            );
        }
    }

    #[test]
    fn what_is_no_origin_never_reaches_a_policy() {
        for text in [
            "https://a.example; script-src *",
            "https://a.example 'unsafe-inline'",
            "javascript:alert(1)",
            "https://",
            "*",
            "https://a.example/path",
            "https://é.example",
            "https://a.example,b",
        ] {
            let origins = [text.to_owned(), "https://b.example".to_owned()];
            let policy = Policy::of(Kind::Consent)
                .returning_to(text)
                .framed_by(&origins);
            let csp = header(&policy, "content-security-policy").unwrap();
            assert!(
                csp.ends_with("form-action 'self'; frame-ancestors https://b.example"),
                "{csp}"
            );
        }
    }
}
