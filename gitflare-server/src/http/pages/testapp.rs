//! The test app's pages: its settings and connection, and what its probes found.

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
    pub(crate) duration_ms: u128,
}

/// Results of the probes.
#[derive(Clone, Debug, Template)]
#[template(path = "probes.html")]
pub(crate) struct ProbeView {
    pub(crate) title: &'static str,
    pub(crate) duration_ms: u128,
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
