//! The test app's pages: its settings and connection, what its probes found, the events that it
//! heard of, and a sandbox's diff with and without the firewall.

use askama::Template;

use super::{
    View,
    connect::Notice,
    policy::{Kind, Policy},
    shell::Shell,
    text::{Link, SafeText},
};

/// State of the test app.
#[derive(Clone, Debug)]
pub(crate) enum ConnectionState {
    /// Without client credentials.
    Unconfigured,
    /// With client credentials, without a token.
    Ready {
        /// URL of the consent page.
        connect_url: Link,
    },
    /// With an access token.
    Connected,
}

/// The test app's page.
#[derive(Clone, Debug, Template)]
#[template(path = "testapp.html")]
pub(crate) struct TestappView {
    pub(crate) state: ConnectionState,
    /// Redirect URI that must be registered for the app.
    pub(crate) callback_url: String,
    pub(crate) client_id: String,
    pub(crate) customer_ref: String,
    pub(crate) csrf: String,
    pub(crate) notice: Option<Notice>,
    /// Whether everything here is a sandbox's own.
    pub(crate) is_sandbox: bool,
    /// How another app's server goes on with a code that came here.
    pub(crate) foreign: Option<String>,
    /// How the token came.
    pub(crate) exchange: Option<ExchangeCard>,
}

/// The exchange of a code for a token, as it happened.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeCard {
    /// The request as a command; the secret stands as a word.
    pub(crate) request: String,
    /// The answer, shortened.
    pub(crate) answer: String,
}

impl TestappView {
    fn shell(&self) -> Shell {
        Shell::public()
    }
}

impl View for TestappView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Testapp)
    }
}

/// Result of one probe.
#[derive(Clone, Debug)]
pub(crate) struct ProbeRow {
    pub(crate) endpoint_key: &'static str,
    pub(crate) repository: Option<SafeText>,
    pub(crate) status: u16,
    pub(crate) error_code: Option<SafeText>,
    pub(crate) request_id: Option<SafeText>,
    pub(crate) items: u64,
    pub(crate) pages: u32,
    pub(crate) took: String,
}

/// Results of the probes.
#[derive(Clone, Debug, Template)]
#[template(path = "probes.html")]
pub(crate) struct ProbeView {
    pub(crate) title: &'static str,
    pub(crate) took: String,
    pub(crate) rows: Vec<ProbeRow>,
}

impl ProbeView {
    fn shell(&self) -> Shell {
        Shell::public()
    }
}

impl View for ProbeView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Testapp)
    }
}

/// A repository whose events can be subscribed to.
#[derive(Clone, Debug)]
pub(crate) struct SubscribeRow {
    /// Whether the page hears of it already.
    pub(crate) is_subscribed: bool,
    /// What the form sends: provider and id.
    pub(crate) value: String,
    pub(crate) name: SafeText,
    pub(crate) provider: SafeText,
}

/// An event that was delivered, its signature checked.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryRow {
    pub(crate) event: SafeText,
    pub(crate) action: Option<SafeText>,
    pub(crate) repository: SafeText,
    pub(crate) provider: SafeText,
    pub(crate) at: String,
    pub(crate) id: SafeText,
    pub(crate) timestamp: SafeText,
    pub(crate) signature: SafeText,
    /// The body, indented.
    pub(crate) body: String,
}

/// How an emulated host is made to report something.
#[derive(Clone, Debug)]
pub(crate) struct EmitRow {
    /// The provider's name.
    pub(crate) name: &'static str,
    /// The command that makes it report a push.
    pub(crate) command: String,
    /// The events that may stand in the place of `push`, and `push`.
    pub(crate) events: Vec<&'static str>,
}

/// The events of the test app.
#[derive(Clone, Debug, Template)]
#[template(path = "testapp-events.html")]
pub(crate) struct EventsView {
    pub(crate) callback_url: String,
    pub(crate) csrf: String,
    pub(crate) notice: Option<Notice>,
    pub(crate) is_connected: bool,
    pub(crate) repositories: Vec<SubscribeRow>,
    pub(crate) commands: Vec<EmitRow>,
    pub(crate) deliveries: Vec<DeliveryRow>,
}

impl EventsView {
    fn shell(&self) -> Shell {
        Shell::public()
    }
}

impl View for EventsView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Testapp)
    }
}

/// One file of the diff with both sides.
#[derive(Clone, Debug)]
pub(crate) struct SideRow {
    pub(crate) path: SafeText,
    /// What the app gets; `None` when it does not learn of the file.
    pub(crate) sent: Option<String>,
    /// What it would have got.
    pub(crate) raw: String,
}

/// A commit with and without the firewall.
#[derive(Clone, Debug, Template)]
#[template(path = "testapp-diff.html")]
pub(crate) struct DiffView {
    pub(crate) repository: SafeText,
    pub(crate) commit: String,
    pub(crate) blocked: u64,
    pub(crate) redacted: u64,
    pub(crate) rows: Vec<SideRow>,
}

impl DiffView {
    fn shell(&self) -> Shell {
        Shell::public()
    }
}

impl View for DiffView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Testapp)
    }
}
