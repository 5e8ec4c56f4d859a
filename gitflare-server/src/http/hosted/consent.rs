//! The consent page, filled: who asks, what can be connected and chosen, and what to do while the
//! workspace is locked. The management page shares its parts.

use gitflare_core::{
    Code, Scopes,
    gateway::{AccountListing, Consent, ConsentContext, Query},
    provider::{Provider, ProviderId},
    redirect_uri,
    storage::{Connection, ConnectionStatus},
};
use http::StatusCode;

use super::{
    super::{
        exchange::Exchange,
        linking,
        pages::{
            View,
            connect::{
                AppCard, ConnectOption, ConnectedAccount, FirewallNote, Host, Notice,
                PermissionChoice,
            },
            consent::{ConsentView, Embedding, LockedView},
            picker::{Picked, Picker, RepositoryChoice},
            text::{Link, SafeText},
        },
        refusal::Refusal,
        reply::Reply,
    },
    dashboard::minute,
    public_clients::{host, stranger},
    told,
};

/// Parts of a page beside its subject.
pub(super) struct Shape {
    /// Choice and search of a form that is shown again.
    pub(super) picked: Option<Picked>,
    pub(super) notice: Option<Notice>,
    pub(super) status: StatusCode,
}

/// The consent page of a request, or the page that is shown instead.
pub(super) async fn page(x: &Exchange, consent: &Consent, shape: Shape) -> Result<Reply, Refusal> {
    let (request, context, id) = (&consent.request, &consent.context, consent.id.expose());
    let base = format!("/oauth/authorize/connect/{{provider}}?request_id={id}");
    let connect = connect_options(x, &base, request.permissions);
    let own_query = x.raw_query().filter(|query| query.contains("client_id="));
    let address = match own_query {
        Some(query) => format!("/oauth/authorize?{query}"),
        None => format!("/oauth/authorize?request_id={id}"),
    };
    let address = link(&address);
    let app = app_card(context, Some(&request.redirect_uri));
    let embedding = Embedding {
        is_framed: is_framed(x),
        is_popup: x.query()?.value("display").ok().flatten() == Some("popup"),
        frame_ancestors: context.frame_ancestors(),
        returns_to: Some(redirect_uri::origin(&request.redirect_uri).to_owned()),
    };
    let notice = match shape.notice {
        Some(notice) => Some(notice),
        None => link_problem(&x.query()?),
    };
    if context.visible.is_locked {
        return LockedView {
            is_invited: false,
            app,
            connect,
            address,
            csrf: x.gateway().form_token(&consent.session.id),
            request_id: Some(id.clone()),
            notice,
            embedding,
        }
        .reply(shape.status);
    }
    let listings = x
        .gateway()
        .repositories_to_choose(&context.visible.connections)
        .await?;
    let chosen = match &shape.picked {
        Some(picked) => scopes(&picked.permissions),
        // Nothing is chosen for whoever is asked by a stranger.
        None if context.client.public_id.is_some() => Scopes::NONE,
        None => request.permissions,
    };
    let name = request.customer_name.as_deref().map(SafeText::new);
    let (customer, person) = match context.client.public_id {
        Some(_) => (None, name),
        None => (name, None),
    };
    ConsentView {
        app,
        customer,
        person,
        manage: link(&format!("/app/company/apps/{}", context.client.id)),
        request_id: id.clone(),
        csrf: x.gateway().form_token(&consent.session.id),
        address,
        permissions: PermissionChoice::among(request.permissions, chosen, |scope| {
            told::because(&context.profile, scope)
        }),
        accounts: accounts(x, &listings, &connect),
        // Nothing is chosen for the customer (OA-7).
        picker: picker(x, &listings, shape.picked.as_ref(), |_, _| false),
        connect,
        firewall: firewall(x),
        notice,
        embedding,
    }
    .reply(shape.status)
}

/// The app that asks, or that can read.
pub(super) fn app_card(context: &ConsentContext, redirect_uri: Option<&str>) -> AppCard {
    let client = &context.client;
    let returns_to = redirect_uri.map(|uri| SafeText::of_host(host(uri)));
    let known = AppCard {
        name: SafeText::new(&client.name),
        developer: context.developer.as_deref().map(SafeText::new),
        description: client.description.as_deref().map(SafeText::new),
        returns_to,
        stranger: None,
        logo: told::logo_path(&client.id, &context.profile),
        website: context.profile.website.as_deref().and_then(Link::new),
        privacy: context.profile.privacy_url.as_deref().and_then(Link::new),
    };
    match stranger(client, redirect_uri) {
        Some((name, stranger)) => AppCard {
            name,
            stranger: Some(stranger),
            ..known
        },
        None => known,
    }
}

/// What a provider is asked for beyond reading, as a list in words; `None` when nothing is.
fn beyond_reading(provider: &dyn Provider, permissions: Scopes) -> Option<SafeText> {
    let mut rights = provider.oauth()?.beyond_reading(permissions);
    // Two of a provider's rights may be the same to a person.
    rights.dedup();
    (!rights.is_empty()).then(|| SafeText::new(&rights.join(", ")))
}

/// The providers at which accounts can be linked for these permissions. `base` holds `{provider}`
/// where its id goes.
pub(super) fn connect_options(x: &Exchange, base: &str, permissions: Scopes) -> Vec<ConnectOption> {
    let linking = x.gateway().providers().iter();
    linking
        .filter(|provider| provider.oauth().is_some())
        .map(|provider| {
            let start = base.replace("{provider}", provider.id().as_str());
            ConnectOption {
                provider: provider.id(),
                kind: provider.kind(),
                name: SafeText::new(provider.name()),
                beyond_reading: beyond_reading(&**provider, permissions),
                start_in_popup: link(&format!("{start}&popup=1")),
                start: link(&start),
            }
        })
        .collect()
}

/// The accounts that the session sees, and what is wrong with them.
pub(super) fn accounts(
    x: &Exchange,
    listings: &[AccountListing],
    connect: &[ConnectOption],
) -> Vec<ConnectedAccount> {
    let account = |listing: &AccountListing| {
        let connection = &listing.connection;
        let problem = listing.repositories.as_ref().err();
        let is_refused = connection.status == ConnectionStatus::NeedsReconnect
            || problem.is_some_and(|error| {
                matches!(error.code(), Code::AuthExpired | Code::InvalidCredentials)
            });
        ConnectedAccount {
            id: connection.id.as_str().to_owned(),
            host: Host::of(x.gateway().providers(), connection.provider),
            login: login(connection),
            reconnect: option_of(connect, connection.provider).filter(|_| is_refused),
            problem: problem.map(|error| SafeText::new(error.message())),
            last_used: connection.last_used_at.map(minute),
        }
    };
    listings.iter().map(account).collect()
}

fn option_of(connect: &[ConnectOption], provider: ProviderId) -> Option<ConnectOption> {
    let mut options = connect.iter();
    options.find(|option| option.provider == provider).cloned()
}

fn login(connection: &Connection) -> SafeText {
    let known = connection
        .login
        .as_ref()
        .or(connection.display_name.as_ref());
    SafeText::new(known.unwrap_or(&connection.account_id))
}

/// The repositories that can be chosen; `is_shared` says which are when no form has said so.
pub(super) fn picker(
    x: &Exchange,
    listings: &[AccountListing],
    picked: Option<&Picked>,
    is_shared: impl Fn(&str, &str) -> bool,
) -> Picker {
    let mut choices = Vec::new();
    for listing in listings {
        let connection = &listing.connection;
        let host = Host::of(x.gateway().providers(), connection.provider);
        for repository in listing.repositories.iter().flatten() {
            let connection_id = connection.id.as_str();
            let value = format!("{connection_id}:{}", repository.id);
            let is_shared = is_shared(connection_id, &repository.id);
            choices.push(RepositoryChoice {
                connection_id: connection_id.to_owned(),
                id: repository.id.clone(),
                host: host.clone(),
                account: login(connection),
                full_name: SafeText::new(&repository.full_name),
                description: repository.description.as_deref().map(SafeText::new),
                is_private: repository.private,
                is_archived: repository.archived,
                is_chosen: match picked {
                    Some(picked) => picked.repositories.contains(&value),
                    None => is_shared,
                },
                is_shared,
            });
        }
    }
    let is_cut = listings.iter().any(|listing| listing.is_cut);
    let mut picker = Picker::new(choices, picked.unwrap_or(&Picked::default()), is_cut);
    let mut lists = listings.iter();
    picker.is_partial = lists.any(|listing| listing.repositories.is_err());
    picker
}

/// Note on files and secrets that the firewall keeps from every app.
pub(super) fn firewall(x: &Exchange) -> FirewallNote {
    let settings = x.gateway().firewall_settings();
    let patterns = settings.blocked_file_patterns.iter();
    FirewallNote {
        is_enabled: settings.enabled,
        blocked: patterns.map(|pattern| SafeText::new(pattern)).collect(),
    }
}

/// Scopes by their names; unknown ones are none.
pub(super) fn scopes(names: &[String]) -> Scopes {
    let known = names
        .iter()
        .filter_map(|name| gitflare_core::Scope::parse(name));
    known.collect()
}

/// Whether the page is shown inside a frame.
pub(super) fn is_framed(x: &Exchange) -> bool {
    let destination = x.headers().get("sec-fetch-dest");
    destination.is_some_and(|it| matches!(it.as_bytes(), b"iframe" | b"frame"))
}

/// Notice of a failed link flow, from the query.
pub(super) fn link_problem(query: &Query) -> Option<Notice> {
    let code = query.value("link_error").ok().flatten()?;
    Some(Notice::problem(match code {
        linking::CANCELED => "You canceled at the provider: nothing was connected.",
        "ACCESS_BLOCKED_BY_POLICY" => "The provider does not let this account be connected.",
        "INVALID_REQUEST" => {
            "The account was not connected: try again, with the account that you mean."
        }
        _ => "The provider could not be reached, or did not agree: try again.",
    }))
}

/// A path that we wrote ourselves; the start page stands in for one that a link cannot hold.
pub(super) fn link(path: &str) -> Link {
    Link::new(path).unwrap_or_else(Link::home)
}
