//! The test app's pages: its settings and connection, and what its probes found.

use askama::Template;

use super::{
    View,
    connect::Notice,
    policy::{Kind, Policy},
    shell::Shell,
    text::{Link, Shown},
};

/// How far the test app is.
#[derive(Clone, Debug)]
pub(in super::super) enum Standing {
    /// It has no app's credentials.
    Unconfigured,
    /// It can ask for consent.
    Ready {
        /// Where to.
        connect_url: Link,
    },
    /// It has a token.
    Connected,
}

/// The test app.
#[derive(Clone, Debug, Template)]
#[template(path = "testapp.html")]
pub(in super::super) struct TestappView {
    pub(in super::super) standing: Standing,
    /// What has to be among the app's redirect URIs.
    pub(in super::super) callback_url: String,
    pub(in super::super) client_id: String,
    pub(in super::super) customer_ref: String,
    pub(in super::super) csrf: String,
    pub(in super::super) notice: Option<Notice>,
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

/// What one probe came to.
#[derive(Clone, Debug)]
pub(in super::super) struct ProbeRow {
    pub(in super::super) endpoint_key: &'static str,
    pub(in super::super) repository: Option<Shown>,
    pub(in super::super) status: u16,
    pub(in super::super) error_code: Option<Shown>,
    pub(in super::super) request_id: Option<Shown>,
    pub(in super::super) items: u64,
    pub(in super::super) pages: u32,
    pub(in super::super) duration_ms: u128,
}

/// What the probes found.
#[derive(Clone, Debug, Template)]
#[template(path = "probes.html")]
pub(in super::super) struct ProbeView {
    pub(in super::super) title: &'static str,
    pub(in super::super) duration_ms: u128,
    pub(in super::super) rows: Vec<ProbeRow>,
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
