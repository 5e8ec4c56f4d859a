//! The public pages: landing, documents, API reference and security page. The reference is made of
//! the tables that the server runs on, so it cannot say anything else than they do.

use askama::Template;
use gitflare_core::{
    CODES, CodeRow, Scope,
    provider::{Endpoint, Registry, Support},
};
use serde_json::Value;

use super::{
    super::{
        describe,
        route::{Access, Route},
    },
    View,
    documents::{FIRST, Reference},
    markdown::{self, Block, Span},
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

/// A document of this server: guide, quickstart, errors, one operation.
#[derive(Clone, Debug, Template)]
#[template(path = "document.html")]
pub(crate) struct DocumentView {
    title: String,
    /// For search engines.
    about: String,
    /// Where the same text is plain.
    twin: String,
    blocks: Vec<Block>,
    /// Where the operation can be tried, in a sandbox.
    pub(crate) try_it: Option<TryIt>,
}

/// The shortest text of a cell that is given room, in bytes.
const SENTENCE: usize = 36;

/// A form that tries an operation, and what was answered.
#[derive(Clone, Debug)]
pub(crate) struct TryIt {
    /// Where the form is sent.
    pub(crate) action: String,
    /// The method of the call.
    pub(crate) method: &'static str,
    /// Whether the call changes nothing.
    pub(crate) is_read: bool,
    pub(crate) fields: Vec<TryField>,
    /// The path and query that the fields make.
    pub(crate) target: String,
    /// The JSON that is sent; `None` where nothing is.
    pub(crate) body: Option<String>,
    pub(crate) answer: Option<TriedAnswer>,
}

/// A part of the path, or a parameter of the query.
#[derive(Clone, Debug)]
pub(crate) struct TryField {
    pub(crate) field: String,
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) is_path: bool,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct TriedAnswer {
    pub(crate) status: u16,
    pub(crate) took_ms: u64,
    pub(crate) request_id: Option<String>,
    pub(crate) body: String,
}

impl DocumentView {
    /// The page of a Markdown text whose plain twin is at that path.
    pub(crate) fn new(about: &str, twin: &str, markdown: &str) -> Self {
        let (title, blocks) = markdown::read(markdown);
        Self {
            title,
            about: about.to_owned(),
            twin: twin.to_owned(),
            blocks,
            try_it: None,
        }
    }

    fn shell(&self) -> Shell {
        Shell::public()
    }

    /// Whether a cell holds a sentence, which needs room.
    fn is_long(&self, cell: &[Span]) -> bool {
        let length = |span: &Span| match span {
            Span::Text(text) | Span::Code(text) | Span::Bold(text) => text.len(),
            Span::Link { text, .. } => text.len() * 8,
        };
        cell.iter().map(length).sum::<usize>() > SENTENCE
    }

    /// Whether this is the document that lists all.
    fn is_first(&self) -> bool {
        self.twin == format!("/docs/{FIRST}.md")
    }

    /// Whether it has tables that need room: those of an operation, or of every provider.
    fn is_wide(&self) -> bool {
        let is_broad = |block: &Block| matches!(block, Block::Table { head, .. } if head.len() > 4);
        self.twin.starts_with("/docs/api/") || self.blocks.iter().any(is_broad)
    }

    /// Anchor and text of each section.
    fn sections(&self) -> Vec<(&str, &[Span])> {
        let blocks = self.blocks.iter();
        let sections = blocks.filter_map(|block| match block {
            Block::Heading {
                is_section: true,
                id,
                text,
            } => Some((id.as_str(), text.as_slice())),
            _ => None,
        });
        sections.collect()
    }
}

impl View for DocumentView {
    fn policy(&self) -> Policy {
        Policy::of(match self.try_it {
            Some(_) => Kind::Testapp,
            None => Kind::Public,
        })
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
    /// Each path with the id of its operation.
    paths: Vec<(&'static str, String)>,
    credential: &'static str,
    scope: Option<Scope>,
    filters: Vec<&'static str>,
    summary: &'static str,
}

impl EndpointRow {
    fn new(route: &'static Route, reference: Reference<'_>) -> Self {
        let filters = match route.access {
            Access::AccessToken(Some(endpoint)) => describe::query_of(endpoint),
            _ => Vec::new(),
        };
        Self {
            method: route.method.as_str(),
            paths: route
                .paths
                .iter()
                .map(|path| (*path, reference.id_of(route.method.as_str(), path)))
                .collect(),
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
            reason: support.reason().or(support.limit()).unwrap_or_default(),
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
        openapi: &Value,
    ) -> Self {
        let reference = Reference(openapi);
        let mut groups: Vec<Group> = Vec::new();
        for route in routes {
            let title = describe::group(route);
            match groups.iter_mut().find(|group| group.title == title) {
                Some(group) => group.rows.push(EndpointRow::new(route, reference)),
                None => groups.push(Group {
                    title,
                    rows: vec![EndpointRow::new(route, reference)],
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
