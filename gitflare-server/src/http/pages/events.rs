//! The pages of a customer's events, for the app's developer: what the app subscribed to, and what
//! became of the deliveries of one subscription.

use askama::Template;

use super::{
    View,
    connect::Notice,
    policy::{Kind, Policy},
    shell::{Shell, Tab},
    text::SafeText,
};

/// A subscription in short.
#[derive(Clone, Debug)]
pub(crate) struct SubscriptionRow {
    pub(crate) id: String,
    pub(crate) provider: SafeText,
    pub(crate) repository: SafeText,
    pub(crate) callback_url: SafeText,
    pub(crate) events: Vec<&'static str>,
    pub(crate) is_active: bool,
    pub(crate) since: String,
}

/// What an app subscribed to for one customer.
#[derive(Clone, Debug, Template)]
#[template(path = "subscriptions.html")]
pub(crate) struct SubscriptionsView {
    pub(crate) user: SafeText,
    /// The path of the customer's page.
    pub(crate) customer: String,
    pub(crate) rows: Vec<SubscriptionRow>,
    /// The path of the next page.
    pub(crate) next: Option<String>,
}

impl SubscriptionsView {
    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone()).at(Tab::Apps)
    }
}

impl View for SubscriptionsView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}

/// One attempt, as it ended.
#[derive(Clone, Debug)]
pub(crate) struct AttemptRow {
    pub(crate) at: String,
    /// The status of the answer; `None` when there was none.
    pub(crate) status: Option<u16>,
    pub(crate) duration_ms: u64,
}

/// One delivery with its attempts.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryRow {
    pub(crate) id: String,
    pub(crate) sequence: u64,
    pub(crate) event: &'static str,
    pub(crate) status: &'static str,
    /// Whether later ones no longer wait for it.
    pub(crate) is_overtaken: bool,
    pub(crate) arrived: String,
    /// When it is tried next; `None` when it is over.
    pub(crate) next_attempt: Option<String>,
    pub(crate) attempts: Vec<AttemptRow>,
}

/// The deliveries of one subscription.
#[derive(Clone, Debug, Template)]
#[template(path = "deliveries.html")]
pub(crate) struct DeliveriesView {
    pub(crate) user: SafeText,
    pub(crate) csrf: String,
    pub(crate) notice: Option<Notice>,
    /// The path of the list of subscriptions; this one's is below it.
    pub(crate) base: String,
    pub(crate) subscription: SubscriptionRow,
    /// Until when deliveries to the app pause, because it refuses them; `None` when they go out.
    pub(crate) paused_until: Option<String>,
    pub(crate) rows: Vec<DeliveryRow>,
    /// The path of the next page.
    pub(crate) next: Option<String>,
}

impl DeliveriesView {
    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone()).at(Tab::Apps)
    }
}

impl View for DeliveriesView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
