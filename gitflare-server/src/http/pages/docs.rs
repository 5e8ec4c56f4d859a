//! The public documents: guide, API reference and security page. The reference is made of the
//! tables that the server runs on, so it cannot say anything else than they do.

use askama::Template;
use gitflare_core::{
    CODES, CodeRow, Scope,
    provider::{Endpoint, Registry, Support},
};

use super::{
    super::{
        describe,
        routes::{Access, ROUTES, Route},
    },
    View,
    policy::{Kind, Policy},
    shell::Shell,
    text::Shown,
};

/// The landing page.
#[derive(Clone, Debug, Template)]
#[template(path = "landing.html")]
pub(in super::super) struct LandingView {
    pub(in super::super) public_url: String,
    pub(in super::super) panel_url: String,
    /// The enabled providers, by name.
    pub(in super::super) providers: Vec<&'static str>,
}

impl LandingView {
    fn shell(&self) -> Shell {
        Shell::public()
    }

    fn codes(&self) -> usize {
        CODES.len()
    }
}

impl View for LandingView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Landing)
    }
}

/// The integration guide.
#[derive(Clone, Debug, Template)]
#[template(path = "guide.html")]
pub(in super::super) struct GuideView {
    pub(in super::super) public_url: String,
    pub(in super::super) panel_url: String,
}

impl GuideView {
    fn shell(&self) -> Shell {
        Shell::public()
    }
}

impl View for GuideView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Public)
    }
}

/// The security page.
#[derive(Clone, Debug, Template)]
#[template(path = "zero-trust.html")]
pub(in super::super) struct ZeroTrustView {
    /// Whether the firewall is on.
    pub(in super::super) is_enabled: bool,
    /// The file patterns that it blocks.
    pub(in super::super) blocked: Vec<Shown>,
}

impl ZeroTrustView {
    fn shell(&self) -> Shell {
        Shell::public()
    }
}

impl View for ZeroTrustView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Public)
    }
}

/// A row of the route table, for people.
#[derive(Clone, Debug)]
struct EndpointRow {
    method: &'static str,
    paths: &'static [&'static str],
    credential: &'static str,
    scope: Option<Scope>,
    filters: Vec<&'static str>,
    summary: &'static str,
}

impl From<&'static Route> for EndpointRow {
    fn from(route: &'static Route) -> Self {
        let filters = match route.access {
            Access::AccessToken(Some(endpoint)) => query_of(endpoint),
            _ => Vec::new(),
        };
        Self {
            method: route.verb.as_str(),
            paths: route.paths,
            credential: describe::credential(route.access).name,
            scope: route.access.scope(),
            filters,
            summary: describe::summary(route).unwrap_or_default(),
        }
    }
}

/// The query parameters of an operation.
pub(in super::super) fn query_of(endpoint: Endpoint) -> Vec<&'static str> {
    let mut names = endpoint.filters().to_vec();
    if endpoint == Endpoint::Repositories {
        names.insert(0, "provider");
    }
    if endpoint.is_paged() {
        names.extend(["limit", "cursor"]);
    }
    names
}

/// Routes that belong together.
#[derive(Clone, Debug)]
struct Group {
    title: &'static str,
    rows: Vec<EndpointRow>,
}

/// What the providers say of one operation.
#[derive(Clone, Debug)]
struct CapabilityRow {
    key: &'static str,
    cells: Vec<Cell>,
}

#[derive(Clone, Debug)]
struct Cell {
    is_supported: bool,
    filters: &'static [&'static str],
    reason: &'static str,
}

impl From<Support> for Cell {
    fn from(support: Support) -> Self {
        match support {
            Support::Full { filters } => Self {
                is_supported: true,
                filters,
                reason: "",
            },
            Support::None { reason } => Self {
                is_supported: false,
                filters: &[],
                reason,
            },
        }
    }
}

/// The API reference.
#[derive(Clone, Debug, Template)]
#[template(path = "reference.html")]
pub(in super::super) struct ReferenceView {
    public_url: String,
    credentials: Vec<(&'static str, &'static str)>,
    groups: Vec<Group>,
    providers: Vec<&'static str>,
    capabilities: Vec<CapabilityRow>,
    scopes: &'static [Scope],
    codes: &'static [CodeRow],
}

impl ReferenceView {
    /// The reference of a server with these providers.
    pub(in super::super) fn new(public_url: &str, providers: &Registry) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for route in ROUTES {
            let title = describe::group(route);
            match groups.iter_mut().find(|group| group.title == title) {
                Some(group) => group.rows.push(route.into()),
                None => groups.push(Group {
                    title,
                    rows: vec![route.into()],
                }),
            }
        }
        let row = |&endpoint: &Endpoint| CapabilityRow {
            key: endpoint.key(),
            cells: providers
                .iter()
                .map(|provider| provider.support(endpoint).into())
                .collect(),
        };
        Self {
            public_url: public_url.to_owned(),
            credentials: describe::CREDENTIALS
                .iter()
                .map(|row| (row.name, row.how))
                .collect(),
            groups,
            providers: providers.iter().map(|it| it.id().name()).collect(),
            capabilities: Endpoint::ALL.iter().map(row).collect(),
            scopes: Scope::ALL,
            codes: CODES,
        }
    }

    fn shell(&self) -> Shell {
        Shell::public()
    }
}

impl View for ReferenceView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Public)
    }
}
