//! The customer's management page of one app: what is shared, through which accounts, and how to
//! change or end it.

use askama::Template;

use super::{
    View,
    connect::{AppCard, ConnectOption, ConnectedAccount, FirewallNote, Notice, PermissionChoice},
    picker::Picker,
    policy::{Kind, Policy},
    shell::Shell,
    text::{Link, SafeText},
};

/// State of the customer's approval.
#[derive(Clone, Debug)]
pub(crate) enum SharingState {
    /// The app has access.
    Active {
        /// Since when, as text.
        since: String,
        /// Time of the last read, as text.
        last_used: Option<String>,
        /// How many repositories are shared; `None` for all that the accounts can read.
        shared: Option<usize>,
    },
    /// Begun and not decided.
    Pending,
    /// Never given, or ended.
    None,
}

/// The management page.
#[derive(Clone, Debug, Template)]
#[template(path = "manage.html")]
pub(crate) struct ManageView {
    pub(crate) app: AppCard,
    /// The app's id, part of every form's address.
    pub(crate) client_id: String,
    /// Name of the customer, given by the app.
    pub(crate) customer: Option<SafeText>,
    /// The app's own id of this customer, posted with every form.
    pub(crate) customer_ref: String,
    /// The session's token for forms.
    pub(crate) csrf: String,
    /// This page's own address, for a window of its own.
    pub(crate) address: Link,
    pub(crate) state: SharingState,
    /// The log of what was read.
    pub(crate) reads: Link,
    /// The signed record of what is shared, or was last; `None` where nothing ever was.
    pub(crate) record: Option<Link>,
    /// Permissions that the app has been given.
    pub(crate) permissions: Vec<PermissionChoice>,
    /// Permissions that it could be given beside those.
    pub(crate) further: Vec<PermissionChoice>,
    pub(crate) connect: Vec<ConnectOption>,
    pub(crate) accounts: Vec<ConnectedAccount>,
    pub(crate) picker: Picker,
    pub(crate) firewall: FirewallNote,
    pub(crate) notice: Option<Notice>,
    /// Whether the page is inside a frame.
    pub(crate) is_framed: bool,
    /// The origins whose pages may frame it.
    pub(crate) frame_ancestors: Vec<String>,
}

impl ManageView {
    /// Whether something is shared, so that it can be changed.
    const fn is_active(&self) -> bool {
        matches!(self.state, SharingState::Active { .. })
    }

    fn ticked(&self) -> usize {
        PermissionChoice::ticked(&self.permissions) + PermissionChoice::ticked(&self.further)
    }

    fn shell(&self) -> Shell {
        Shell::customer()
    }
}

impl View for ManageView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Manage).framed_by(&self.frame_ancestors)
    }
}
