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
        route::{Access, Route},
    },
    View,
    policy::{Kind, Policy},
    shell::Shell,
    text::SafeText,
};

/// The landing page.
#[derive(Clone, Debug, Template)]
#[template(path = "landing.html")]
pub(crate) struct LandingView {
    pub(crate) public_url: String,
    pub(crate) panel_url: String,
    /// The enabled providers, by name.
    pub(crate) providers: Vec<SafeText>,
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
pub(crate) struct GuideView {
    pub(crate) public_url: String,
    pub(crate) panel_url: String,
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
pub(crate) struct ZeroTrustView {
    /// Whether the firewall is on.
    pub(crate) is_enabled: bool,
    /// The file patterns that it blocks.
    pub(crate) blocked: Vec<SafeText>,
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
            Access::AccessToken(Some(endpoint)) => describe::query_of(endpoint),
            _ => Vec::new(),
        };
        Self {
            method: route.method.as_str(),
            paths: route.paths,
            credential: describe::credential(route.access).name,
            scope: route.access.scope(),
            filters,
            summary: describe::summary(route).unwrap_or_default(),
        }
    }
}

/// Routes that belong together.
#[derive(Clone, Debug)]
struct Group {
    title: &'static str,
    rows: Vec<EndpointRow>,
}

/// Support of one operation by each provider.
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
        Self {
            is_supported: support.is_served(),
            filters: support.filters(),
            reason: support.reason().unwrap_or_default(),
        }
    }
}

/// The API reference.
#[derive(Clone, Debug, Template)]
#[template(path = "reference.html")]
pub(crate) struct ReferenceView {
    public_url: String,
    credentials: Vec<(&'static str, &'static str)>,
    groups: Vec<Group>,
    providers: Vec<SafeText>,
    capabilities: Vec<CapabilityRow>,
    /// What each provider's adapter was checked against, in the order of the providers.
    evidence: Vec<String>,
    scopes: &'static [Scope],
    codes: &'static [CodeRow],
}

impl ReferenceView {
    /// The reference of a server with these routes and providers.
    pub(crate) fn new(
        public_url: &str,
        routes: impl Iterator<Item = &'static Route>,
        providers: &Registry,
    ) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for route in routes {
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
            providers: providers
                .iter()
                .map(|it| SafeText::new(it.name()))
                .collect(),
            capabilities: Endpoint::ALL.iter().map(row).collect(),
            evidence: providers
                .iter()
                .map(|provider| {
                    let labels = provider.evidence().iter().map(|it| it.label());
                    labels.collect::<Vec<_>>().join(", ")
                })
                .collect(),
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
