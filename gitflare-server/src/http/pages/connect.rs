//! What the consent page and the management page share: the app that asks, the accounts that are
//! connected and those that can be, what the firewall hides, and what has just happened.

use std::sync::Arc;

use gitflare_core::{
    Scope, Scopes,
    provider::{Provider, ProviderId, Registry},
};

use super::{
    purpose::Purpose,
    text::{Link, Shown},
};

/// The app that asks.
#[derive(Clone, Debug)]
pub(in super::super) struct AppCard {
    /// Its name.
    pub(in super::super) name: Shown,
    /// Who made it.
    pub(in super::super) developer: Option<Shown>,
    /// What it says about itself.
    pub(in super::super) description: Option<Shown>,
    /// The host that the browser goes back to; `None` where nothing leads back.
    pub(in super::super) returns_to: Option<Shown>,
}

/// A provider that an account can be connected of.
#[derive(Clone, Debug)]
pub(in super::super) struct ConnectOption {
    /// The provider.
    pub(in super::super) provider: ProviderId,
    /// Where linking starts, in the same window: a path of ours.
    pub(in super::super) start: Link,
    /// Where linking starts in a window of its own that ends in the hand-over page.
    pub(in super::super) start_in_popup: Link,
}

impl ConnectOption {
    /// The providers of this server that accounts can be connected of by signing in, for the
    /// signed-in person.
    pub(in super::super) fn of_person(providers: &Registry, return_to: &str) -> Vec<Self> {
        let option = |provider: &Arc<dyn Provider>| {
            let id = provider.id();
            provider.oauth()?;
            let start = format!("/v1/auth/{id}/start?web=1&returnTo={return_to}");
            Some(Self {
                provider: id,
                start_in_popup: Link::new(&format!("{start}&popup=1"))?,
                start: Link::new(&start)?,
            })
        };
        providers.iter().filter_map(option).collect()
    }
}

/// A connected account.
#[derive(Clone, Debug)]
pub(in super::super) struct ConnectedAccount {
    /// The connection's id.
    pub(in super::super) id: String,
    /// The provider.
    pub(in super::super) provider: ProviderId,
    /// The account's login, or what is known of it.
    pub(in super::super) login: Shown,
    /// How to connect it again, when the provider refuses it.
    pub(in super::super) reconnect: Option<ConnectOption>,
    /// Why its repositories cannot be listed now.
    pub(in super::super) problem: Option<Shown>,
    /// When an app last read through it, as text.
    pub(in super::super) last_used: Option<String>,
}

/// A permission that can be given.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct PermissionChoice {
    /// What it is.
    pub(in super::super) purpose: Purpose,
    /// Whether its box is ticked.
    pub(in super::super) is_chosen: bool,
}

impl PermissionChoice {
    /// Everything that is asked for, with the boxes of `chosen` ticked.
    pub(in super::super) fn among(asked: Scopes, chosen: Scopes) -> Vec<Self> {
        asked
            .iter()
            .map(|scope: Scope| Self {
                purpose: Purpose::of(scope),
                is_chosen: chosen.contains(scope),
            })
            .collect()
    }
}

/// What the firewall keeps from every app.
#[derive(Clone, Debug)]
pub(in super::super) struct FirewallNote {
    /// Whether it is on.
    pub(in super::super) is_enabled: bool,
    /// The file patterns that it blocks.
    pub(in super::super) blocked: Vec<Shown>,
}

impl FirewallNote {
    /// The patterns that are named at once; the others can be opened.
    pub(super) fn first(&self) -> &[Shown] {
        &self.blocked[..self.blocked.len().min(6)]
    }

    /// The other patterns.
    pub(super) fn others(&self) -> &[Shown] {
        &self.blocked[self.blocked.len().min(6)..]
    }
}

/// What has just happened, or what has to be done first.
#[derive(Clone, Debug)]
pub(in super::super) struct Notice {
    /// Whether it is a problem.
    pub(in super::super) is_problem: bool,
    /// One or two sentences.
    pub(in super::super) text: Shown,
}

impl Notice {
    /// Something that went as wanted.
    pub(in super::super) fn done(text: impl Into<Shown>) -> Self {
        Self {
            is_problem: false,
            text: text.into(),
        }
    }

    /// Something that has to be put right.
    pub(in super::super) fn problem(text: impl Into<Shown>) -> Self {
        Self {
            is_problem: true,
            text: text.into(),
        }
    }
}
