//! What the HTTP surface has to be told: its own addresses, its keys, its limits. Reading the
//! environment is the configuration's business.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use gitflare_core::{CredentialHash, Scope, Scopes, Secret, gateway::Audience, provider::Endpoint};
use http::Extensions;

use super::{network::Network, rate_limit::RateLimits};

/// Addresses, keys and switches of the HTTP surface.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceSettings {
    /// The API's base as clients see it, without a slash at its end. It is the OAuth issuer, and
    /// callback URLs begin with it.
    pub public_url: String,
    /// The hosted pages' base as browsers see it, without a slash at its end. A path in it is the
    /// prefix under which the surface is mounted: pages, redirects and scripts link below it.
    pub panel_url: String,
    /// The prefix that the service itself takes from the path of each request; requests elsewhere
    /// are answered with 404. `None` where the router in front has taken it, as axum's
    /// `nest_service` does.
    pub strip_prefix: Option<String>,
    /// Set of routes that is served.
    pub surface: Surface,
    /// Finds the client's address in a request's extensions, where the server in front has put it.
    /// Requests without one count as one address in rate limits.
    pub peer: fn(&Extensions) -> Option<IpAddr>,
    /// The limits of reads, sign-ins and wrong keys. Give the same ones to the gateway, as its
    /// admission.
    pub rate_limits: Arc<RateLimits>,
    /// Days that usage rows are kept; 0 keeps them.
    pub usage_retention_days: u32,
    /// Days that rows of the audit are kept, 30 at least.
    pub audit_retention_days: u32,
    /// The keys that open the admin API; none closes it.
    pub admin_keys: AdminKeys,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether the test app is served; shown on the health page.
    pub testapp: bool,
    /// Whether development mode is on; shown on the health page.
    pub dev: bool,
    /// Event callbacks as `host:port` that may have private addresses and speak plain http.
    pub private_callbacks: Vec<String>,
    /// Whether callbacks may go to any port of this machine's loopback: for a server that serves it alone.
    pub loopback_callbacks: bool,
    /// What sends links for new passwords; none are sent without one.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Who may make an account.
    pub sign_up: SignUpMode,
    /// Where vulnerabilities are reported, as a URI (RFC 9116); without one there is no `security.txt`.
    pub security_contact: Option<String>,
    /// Hosts of client metadata documents that are asked at this address instead, in plain http:
    /// those of a sandbox and of tests.
    pub document_hosts: Vec<(String, SocketAddr)>,
    /// Limits per client and in all.
    pub limits: Limits,
}

/// A mail to one person.
#[derive(Debug)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain text, which may hold a link that is a secret.
    pub text: Secret<String>,
}

/// Sends mail.
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync {
    /// Hands a mail on.
    ///
    /// # Errors
    /// What went wrong, in words that name neither the address nor the text: they are logged.
    async fn send(&self, mail: Mail) -> Result<(), &'static str>;
}

impl ServiceSettings {
    /// The defaults around these addresses, with the admin API closed.
    #[must_use]
    pub fn new(public_url: impl Into<String>, panel_url: impl Into<String>) -> Self {
        let (public_url, panel_url) = (public_url.into(), panel_url.into());
        Self {
            sign_up: SignUpMode::of([&public_url, &panel_url]),
            public_url,
            panel_url,
            strip_prefix: None,
            surface: Surface::Whole,
            peer: |_| None,
            rate_limits: Arc::new(RateLimits::new(6000)),
            usage_retention_days: 90,
            audit_retention_days: 400,
            admin_keys: AdminKeys::default(),
            trusted_proxies: Vec::new(),
            testapp: false,
            dev: false,
            private_callbacks: Vec::new(),
            loopback_callbacks: false,
            mailer: None,
            security_contact: None,
            document_hosts: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl ServiceSettings {
    /// The addresses that tokens can be for (RFC 8707), with what each is.
    pub(super) fn resources(&self) -> Vec<(String, Audience)> {
        let mut resources = vec![(self.public_url.clone(), Audience::Api)];
        if cfg!(feature = "mcp") && self.surface == Surface::Whole {
            resources.push((self.tools_url(), Audience::Tools));
        }
        resources
    }

    /// The most that a public client may ask for: every read.
    pub(super) fn public_scopes() -> Scopes {
        let scopes = Endpoint::ALL.iter().map(|endpoint| endpoint.scope());
        scopes
            .filter(|scope| *scope != Scope::EventsSubscribe)
            .collect()
    }

    /// The address of the tools for agents, byte for byte what people type into their client.
    pub(super) fn tools_url(&self) -> String {
        format!("{}/mcp", self.public_url)
    }
}

/// Who may make an account, beside those whom the operator has sent a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignUpMode {
    /// Everybody.
    Open,
    /// Whom somebody with the admin key invites.
    Invite,
    /// Nobody else.
    Closed,
}

impl SignUpMode {
    /// As the setting spells it.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }

    /// Open while every address of the surface is loopback, else closed: what strangers can reach
    /// must not let them ask for repositories in the operator's name.
    pub(crate) fn of(urls: [&str; 2]) -> Self {
        let is_loopback = |url: &&str| {
            let host = url::Url::parse(url).ok();
            match host.as_ref().and_then(url::Url::host) {
                Some(url::Host::Domain(name)) => {
                    name == "localhost" || name.ends_with(".localhost")
                }
                Some(url::Host::Ipv4(address)) => address.is_loopback(),
                Some(url::Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            }
        };
        match urls.iter().all(is_loopback) {
            true => Self::Open,
            false => Self::Closed,
        }
    }
}

/// Set of routes of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Surface {
    /// Every route.
    Whole,
    /// Those of access tokens (reads and subscriptions), the hooks that providers call, and what
    /// describes them: providers, capabilities, health, the OpenAPI document. No page, no admin
    /// API, no sign-in, no way to a token.
    UnifiedApi,
}

/// How much time and how many connections a client may take up (HT-1). What a request may hold is
/// fixed: see [`super::inspect`] and [`super::body`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// From the first byte of a head, or from the start of the connection, to the head's end.
    pub head_timeout: Duration,
    /// Longest idle time of a connection between requests.
    pub idle_timeout: Duration,
    /// Longest time that receiving a body may take.
    pub body_timeout: Duration,
    /// Time after which a body must arrive at a kilobyte a second.
    pub body_grace: Duration,
    /// Longest time that a client may leave an answer unread.
    pub write_timeout: Duration,
    /// Longest time that requests in flight may take to finish at shutdown.
    pub drain_timeout: Duration,
    /// Most connections, as far as the limit of open files allows.
    pub connections: usize,
    /// Most connections from one address; trusted proxies are exempt.
    pub connections_per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(15),
            body_grace: Duration::from_secs(3),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(25),
            connections: 10_000,
            connections_per_address: 4_000,
        }
    }
}

/// The keys that open the admin API, as digests; several while one replaces another (IN-4). Clones
/// share them.
#[derive(Clone, Debug, Default)]
pub struct AdminKeys(Arc<RwLock<Vec<CredentialHash>>>);

impl AdminKeys {
    /// The keys with these digests.
    #[must_use]
    pub fn new(digests: Vec<CredentialHash>) -> Self {
        Self(Arc::new(RwLock::new(digests)))
    }

    /// Opens with the keys of these digests from now on, and with no other.
    pub fn replace(&self, digests: Vec<CredentialHash>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = digests;
    }

    /// Whether a text is one of the keys. Every digest is compared, each in constant time.
    pub(super) fn open_with(&self, text: &str) -> bool {
        let presented = CredentialHash::of(text);
        let digests = self.0.read().unwrap_or_else(PoisonError::into_inner);
        digests
            .iter()
            .fold(false, |found, key| key.matches(&presented) | found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_up_is_open_on_loopback_alone() {
        for (url, expected) in [
            ("http://127.0.0.1:8080", SignUpMode::Open),
            ("http://localhost:8080", SignUpMode::Open),
            ("http://[::1]:8080/git", SignUpMode::Open),
            ("https://git.example.com", SignUpMode::Closed),
            ("http://10.0.0.7:8080", SignUpMode::Closed),
            ("http://localhost.example", SignUpMode::Closed),
        ] {
            let settings = ServiceSettings::new("http://127.0.0.1:8080", url);
            assert_eq!(settings.sign_up, expected, "{url}");
        }
    }

    #[test]
    fn every_admin_key_of_the_ring_opens() {
        // sec: IN-4
        let keys = AdminKeys::new(vec![CredentialHash::of("old"), CredentialHash::of("new")]);
        for (text, opens) in [("old", true), ("new", true), ("ol", false), ("", false)] {
            assert_eq!(keys.open_with(text), opens, "{text}");
        }
        assert!(!AdminKeys::default().open_with(""));
        keys.clone().replace(vec![CredentialHash::of("next")]);
        assert!(keys.open_with("next") && !keys.open_with("new"));
    }
}
