//! The customer's management page of one app: what is shared, through which accounts, and how to
//! change or end it.

use askama::Template;

use super::{
    View,
    connect::{AppCard, ConnectOption, ConnectedAccount, FirewallNote, Notice, PermissionChoice},
    picker::Picker,
    policy::{Kind, Policy},
    shell::Shell,
    text::{Link, Shown},
};

/// Where the customer's approval stands.
#[derive(Clone, Debug)]
pub(in super::super) enum Standing {
    /// The app reads.
    Active {
        /// Since when, as text.
        since: String,
        /// When it last read, as text.
        last_used: Option<String>,
    },
    /// Begun and not decided.
    Pending,
    /// Never given, or ended.
    None,
}

/// The management page.
#[derive(Clone, Debug, Template)]
#[template(path = "manage.html")]
pub(in super::super) struct ManageView {
    pub(in super::super) app: AppCard,
    /// The app's id, part of every form's address.
    pub(in super::super) client_id: String,
    /// What the app calls this customer.
    pub(in super::super) customer: Option<Shown>,
    /// The app's own id of this customer, posted with every form.
    pub(in super::super) customer_ref: String,
    /// The session's token for forms.
    pub(in super::super) csrf: String,
    /// This page's own address, for a window of its own.
    pub(in super::super) address: Link,
    pub(in super::super) standing: Standing,
    /// What the app may be given.
    pub(in super::super) permissions: Vec<PermissionChoice>,
    pub(in super::super) connect: Vec<ConnectOption>,
    pub(in super::super) accounts: Vec<ConnectedAccount>,
    pub(in super::super) picker: Picker,
    pub(in super::super) firewall: FirewallNote,
    pub(in super::super) notice: Option<Notice>,
    /// Whether the page is inside a frame.
    pub(in super::super) is_framed: bool,
    /// The origins whose pages may frame it.
    pub(in super::super) frame_ancestors: Vec<String>,
}

impl ManageView {
    fn shell(&self) -> Shell {
        Shell::customer()
    }
}

impl View for ManageView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Manage).framed_by(&self.frame_ancestors)
    }
}
