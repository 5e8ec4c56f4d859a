//! What the consent page and the management page share: the app that asks, the accounts that are
//! connected and those that can be, what the firewall hides, and what has just happened.

use std::sync::Arc;

use gitflare_core::{
    Scope, Scopes,
    provider::{Provider, ProviderId, ProviderKind, Registry},
};

use super::{
    marks,
    purpose::Purpose,
    text::{Link, SafeText},
};

/// The app that asks.
#[derive(Clone, Debug)]
pub(crate) struct AppCard {
    /// Name of the app.
    pub(crate) name: SafeText,
    /// Name of the developer; `None` when there is none.
    pub(crate) developer: Option<SafeText>,
    /// Description by the developer.
    pub(crate) description: Option<SafeText>,
    /// The host that the browser goes back to; `None` where nothing leads back.
    pub(crate) returns_to: Option<SafeText>,
    /// What is known of an app that nobody has registered here.
    pub(crate) stranger: Option<Stranger>,
    /// Where its logo is served.
    pub(crate) logo: Option<String>,
    pub(crate) website: Option<Link>,
    pub(crate) privacy: Option<Link>,
}

/// What an app says of itself that nobody has registered here.
#[derive(Clone, Debug)]
pub(crate) struct Stranger {
    /// The address of the document that describes it; `None` when it has registered itself.
    pub(crate) described_at: Option<SafeText>,
    /// A name, which anybody can choose.
    pub(crate) calls_itself: Option<SafeText>,
    /// Whether what it gets goes to this computer.
    pub(crate) is_this_computer: bool,
}

/// The code host that an account is of, as people know it.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// Id of the kind of code host, whose mark is shown.
    pub(crate) mark: String,
    /// The instance's name.
    pub(crate) name: SafeText,
}

impl Host {
    /// The path of the mark's drawing.
    pub(super) fn drawing(&self) -> &'static str {
        marks::drawing(&self.mark)
    }

    /// The instance of that id; one that is not configured any more is known by its id alone.
    pub(crate) fn of(providers: &Registry, id: ProviderId) -> Self {
        match providers.find(id) {
            Some(provider) => Self {
                mark: provider.kind().as_str().to_owned(),
                name: SafeText::new(provider.name()),
            },
            None => Self {
                mark: id.as_str().to_owned(),
                name: SafeText::new(id.name()),
            },
        }
    }
}

/// A provider that an account can be connected of.
#[derive(Clone, Debug)]
pub(crate) struct ConnectOption {
    /// The instance's id.
    pub(crate) provider: ProviderId,
    /// Kind of code host, whose mark is shown.
    pub(crate) kind: ProviderKind,
    /// The instance's name.
    pub(crate) name: SafeText,
    /// What it is asked for beyond reading, in words; `None` when nothing is.
    pub(crate) beyond_reading: Option<SafeText>,
    /// Own path that starts linking in the same window.
    pub(crate) start: Link,
    /// Own path that starts linking in a new window, which ends in the hand-over page.
    pub(crate) start_in_popup: Link,
}

impl ConnectOption {
    /// The path of the mark's drawing.
    pub(super) fn drawing(&self) -> &'static str {
        marks::drawing(self.kind.as_str())
    }

    /// The providers of this server that accounts can be connected of by signing in, for the
    /// signed-in person.
    pub(crate) fn of_person(providers: &Registry, return_to: &str) -> Vec<Self> {
        let option = |provider: &Arc<dyn Provider>| {
            let id = provider.id();
            provider.oauth()?;
            let start = format!("/v1/auth/{id}/start?web=1&returnTo={return_to}");
            Some(Self {
                provider: id,
                kind: provider.kind(),
                name: SafeText::new(provider.name()),
                beyond_reading: None,
                start_in_popup: Link::new(&format!("{start}&popup=1"))?,
                start: Link::new(&start)?,
            })
        };
        providers.iter().filter_map(option).collect()
    }
}

/// Whether one of these is asked for more than reading.
pub(super) fn ask_beyond_reading(options: &[ConnectOption]) -> bool {
    options.iter().any(|option| option.beyond_reading.is_some())
}

/// A connected account.
#[derive(Clone, Debug)]
pub(crate) struct ConnectedAccount {
    /// The connection's id.
    pub(crate) id: String,
    /// The code host.
    pub(crate) host: Host,
    /// The account's login, or what is known of it.
    pub(crate) login: SafeText,
    /// Way to reconnect; `None` while the provider accepts the tokens.
    pub(crate) reconnect: Option<ConnectOption>,
    /// Reason why its repositories cannot be listed now.
    pub(crate) problem: Option<SafeText>,
    /// Time of the last read by an app, as text.
    pub(crate) last_used: Option<String>,
}

/// A permission that can be given.
#[derive(Clone, Debug)]
pub(crate) struct PermissionChoice {
    /// Scope with its explanation.
    pub(crate) purpose: Purpose,
    /// Whether its box is ticked.
    pub(crate) is_chosen: bool,
    /// Why the app asks for it, in its own words.
    pub(crate) because: Option<SafeText>,
}

impl PermissionChoice {
    /// How many boxes are ticked.
    pub(super) fn ticked(choices: &[Self]) -> usize {
        choices.iter().filter(|choice| choice.is_chosen).count()
    }

    /// Everything that is asked for, with the boxes of `chosen` ticked.
    pub(crate) fn among(
        asked: Scopes,
        chosen: Scopes,
        because: impl Fn(Scope) -> Option<SafeText>,
    ) -> Vec<Self> {
        asked
            .iter()
            .map(|scope: Scope| Self {
                purpose: Purpose::of(scope),
                is_chosen: chosen.contains(scope),
                because: because(scope),
            })
            .collect()
    }
}

/// Number of files and formats that the firewall keeps from every app.
#[derive(Clone, Debug)]
pub(crate) struct FirewallNote {
    /// `true` when the firewall is on.
    pub(crate) is_enabled: bool,
    /// The file patterns that it blocks.
    pub(crate) blocked: Vec<SafeText>,
}

impl FirewallNote {
    /// The patterns that are named at once; the others can be opened.
    pub(super) fn first(&self) -> &[SafeText] {
        &self.blocked[..self.blocked.len().min(6)]
    }

    /// The other patterns.
    pub(super) fn others(&self) -> &[SafeText] {
        &self.blocked[self.blocked.len().min(6)..]
    }
}

/// Message above a form: result of the last action, or a fault.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// `true` for a fault.
    pub(crate) is_problem: bool,
    /// One or two sentences.
    pub(crate) text: SafeText,
    /// The part of the page where it can be put right, by its anchor.
    pub(crate) at: Option<&'static str>,
}

impl Notice {
    /// Something that went as wanted.
    pub(crate) fn done(text: impl Into<SafeText>) -> Self {
        Self {
            is_problem: false,
            text: text.into(),
            at: None,
        }
    }

    /// Something that has to be put right.
    pub(crate) fn problem(text: impl Into<SafeText>) -> Self {
        Self {
            is_problem: true,
            text: text.into(),
            at: None,
        }
    }

    /// Whether it is about this part of the page.
    pub(super) fn is_at(&self, anchor: &str) -> bool {
        self.at == Some(anchor)
    }

    /// The same, said at this part of the page too.
    pub(crate) fn at(mut self, anchor: &'static str) -> Self {
        self.at = Some(anchor);
        self
    }
}
