//! The consent page, and the page that stands in its place while a workspace is locked.

use askama::Template;

use super::{
    View,
    connect::{AppCard, ConnectOption, ConnectedAccount, FirewallNote, Notice, PermissionChoice},
    picker::Picker,
    policy::{Kind, Policy},
    shell::Shell,
    text::{Link, SafeText},
};

/// Request that a hosted page belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Embedding {
    /// Whether the page is inside a frame (`Sec-Fetch-Dest: iframe`).
    pub(crate) is_framed: bool,
    /// Whether the app opened it as a popup and listens to it (`display=popup`).
    pub(crate) is_popup: bool,
    /// The origins whose pages may frame it.
    pub(crate) frame_ancestors: Vec<String>,
    /// The origin of the request's verified `redirect_uri`.
    pub(crate) returns_to: Option<String>,
}

impl Embedding {
    fn policy(&self) -> Policy {
        let kind = if self.is_popup {
            Kind::ConsentPopup
        } else {
            Kind::Consent
        };
        let policy = Policy::of(kind).framed_by(&self.frame_ancestors);
        match &self.returns_to {
            Some(origin) => policy.returning_to(origin),
            None => policy,
        }
    }
}

/// The consent page: who asks, for what, of which repositories.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentView {
    pub(crate) app: AppCard,
    /// Name of the customer, given by the app.
    pub(crate) customer: Option<SafeText>,
    /// Who is signed in, where the workspace is a person's own.
    pub(crate) person: Option<SafeText>,
    /// Where a person changes and ends what they approve.
    pub(crate) manage: Link,
    /// The pending request.
    pub(crate) request_id: String,
    /// The session's token for forms.
    pub(crate) csrf: String,
    /// This page's own address, for a window of its own.
    pub(crate) address: Link,
    /// Requested permissions.
    pub(crate) permissions: Vec<PermissionChoice>,
    /// Providers that can be connected.
    pub(crate) connect: Vec<ConnectOption>,
    /// Connected accounts.
    pub(crate) accounts: Vec<ConnectedAccount>,
    /// The repositories of the connected accounts.
    pub(crate) picker: Picker,
    pub(crate) firewall: FirewallNote,
    pub(crate) notice: Option<Notice>,
    pub(crate) embedding: Embedding,
}

impl ConsentView {
    fn ticked(&self) -> usize {
        PermissionChoice::ticked(&self.permissions)
    }

    fn shell(&self) -> Shell {
        Shell::customer()
    }
}

impl View for ConsentView {
    fn policy(&self) -> Policy {
        self.embedding.policy()
    }
}

/// What a browser sees that has no proof that the workspace is its own: only connecting again.
#[derive(Clone, Debug, Template)]
#[template(path = "locked.html")]
pub(crate) struct LockedView {
    pub(crate) app: AppCard,
    /// Whether the app has sent a link for it.
    pub(crate) is_invited: bool,
    /// Providers that can be connected again.
    pub(crate) connect: Vec<ConnectOption>,
    /// This page's own address, for a window of its own.
    pub(crate) address: Link,
    /// The session's token, for what was linked in another window.
    pub(crate) csrf: String,
    /// The pending request, which can be denied; `None` on the management page.
    pub(crate) request_id: Option<String>,
    pub(crate) notice: Option<Notice>,
    pub(crate) embedding: Embedding,
}

impl LockedView {
    fn shell(&self) -> Shell {
        Shell::customer()
    }

    /// This page once more, without what the app has put into its link.
    fn again(&self) -> String {
        match &self.request_id {
            Some(id) => format!("/oauth/authorize?request_id={id}"),
            None => self.address.to_string(),
        }
    }
}

impl View for LockedView {
    fn policy(&self) -> Policy {
        self.embedding.policy()
    }
}
