//! The documents that the server serves about itself, as Markdown: the texts of `gitflare-server/docs` with
//! this server's addresses and tables in them. Each is a page, and the same text with `.md`.
//!
//! To add one: write its text, and its row in [`DOCUMENTS`]. A test follows its links and runs its
//! programs.

mod errors;
mod reference;

use std::fmt::Write;

use gitflare_core::{
    CODES,
    provider::{Endpoint, Registry},
};
pub(crate) use reference::Reference;

/// What a document is made of.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// A text with places for addresses and tables.
    Text(&'static str),
    /// The error table.
    Errors,
}

/// A document: the last segment of its path, and what it is about.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    source: Source,
}

const fn text(name: &'static str, about: &'static str, text: &'static str) -> Document {
    let source = Source::Text(text);
    Document {
        name,
        about,
        source,
    }
}

/// Every document but the reference, in reading order.
#[rustfmt::skip]
pub(crate) const DOCUMENTS: &[Document] = &[
    text("guide", "Consent, code, token, reads, pages, errors: how it all fits together.", include_str!("../../../../docs/guide.text")),
    text("quickstart", "A whole app in JavaScript, Python, Go and Rust, and the same by curl.", include_str!("../../../../docs/quickstart.text")),
    text("sync", "Reading a large customer once, then only what changed.", include_str!("../../../../docs/sync.text")),
    text("events", "Names, body, signature, retries, replay and local testing of events.", include_str!("../../../../docs/events.text")),
    Document { name: "errors", about: "Each error code: cause, example, what the app does, what a person does.", source: Source::Errors },
    text("limits", "Rate limits, sizes, and which calls may be repeated.", include_str!("../../../../docs/limits.text")),
    text("fields", "Which members can be null, and what each provider serves.", include_str!("../../../../docs/fields.text")),
    #[cfg(feature = "mcp")]
    text("agents", "The reads as tools of the Model Context Protocol, and what an injected instruction can do.", include_str!("../../../../docs/agents.text")),
    text("records", "What a customer keeps: the log of what was read, and the signed record of an approval.", include_str!("../../../../docs/records.text")),
    text("sessions", "The session token of developers.", include_str!("../../../../docs/sessions.text")),
];

/// The document that lists the others; `/docs` shows it.
pub(crate) const FIRST: &str = "guide";

/// What the documents of one server differ by.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) public_url: &'a str,
    pub(crate) panel_url: &'a str,
    pub(crate) providers: &'a Registry,
}

/// The document of that name.
pub(crate) fn find(name: &str) -> Option<&'static Document> {
    DOCUMENTS.iter().find(|document| document.name == name)
}

impl Document {
    /// Its title, as its text begins.
    fn title(&self) -> &'static str {
        match self.source {
            Source::Errors => errors::TITLE,
            Source::Text(text) => text.lines().next().unwrap_or(self.name),
        }
        .trim_start_matches("# ")
    }

    /// Its text on this server.
    pub(crate) fn markdown(&self, facts: &Facts<'_>) -> String {
        match self.source {
            Source::Errors => errors::markdown(),
            Source::Text(text) => text
                .replace("{{public_url}}", facts.public_url)
                .replace("{{panel_url}}", facts.panel_url)
                .replace("{{documents}}", &listed())
                .replace("{{retries}}", &retries())
                .replace("{{capabilities}}", &capabilities(facts.providers)),
        }
    }
}

/// Every document but the one that lists them.
fn listed() -> String {
    let mut table = "| page | what it has |\n|---|---|\n".to_owned();
    for document in DOCUMENTS.iter().filter(|it| it.name != FIRST) {
        let (title, name, about) = (document.title(), document.name, document.about);
        let _ = writeln!(table, "| [{title}](/docs/{name}) | {about} |");
    }
    table.push_str(
        "| [API reference](/docs/api) | Every operation with what it takes and answers. |",
    );
    table
}

/// `/llms.txt`: every document and where its plain text is.
pub(crate) fn index(facts: &Facts<'_>) -> String {
    let base = facts.panel_url;
    let mut text = String::from(
        "# GitFlare\n\n> One read API over your customers' Git hosting, with their consent, and with secrets \
         taken out on the way.\n\n## Documents\n\n",
    );
    for Document { name, about, .. } in DOCUMENTS {
        let _ = writeln!(text, "- [{name}]({base}/docs/{name}.md): {about}");
    }
    let _ = writeln!(
        text,
        "- [API reference]({base}/docs/api.md): every operation, each with the address of its own text, \
         which has what it takes and answers.\n\
         - [OpenAPI]({}/openapi.json): the same for machines.\n\n## Pages\n\n\
         - [Security]({base}/zero-trust): what can be read, what is removed, what is stored, how access ends.",
        facts.public_url
    );
    text
}

/// Which codes may be retried.
fn retries() -> String {
    let mut table = "| code | HTTP | retry | suggested action |\n|---|---|---|---|\n".to_owned();
    for row in CODES {
        let retry = if row.retryable { "yes" } else { "no" };
        let (name, status, action) = (row.name, row.status, row.suggested_action);
        let _ = writeln!(
            table,
            "| [`{name}`](/docs/errors#{name}) | {status} | {retry} | `{action}` |"
        );
    }
    table
}

/// What each provider serves: an operation a row, a provider a column.
fn capabilities(providers: &Registry) -> String {
    if providers.iter().next().is_none() {
        return "No provider is enabled on this server.".to_owned();
    }
    let mut table = "| operation |".to_owned();
    for provider in providers.iter() {
        let _ = write!(table, " {} |", provider.name().replace('|', " "));
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(providers.iter().count()));
    for &endpoint in Endpoint::ALL {
        let _ = write!(table, "\n| `{}` |", endpoint.key());
        for provider in providers.iter() {
            let support = provider.support(endpoint);
            let filters: Vec<_> = support
                .filters()
                .iter()
                .map(|it| format!("`{it}`"))
                .collect();
            if let Some(reason) = support.reason() {
                let _ = write!(table, " no: {} |", reason.replace('|', " "));
                continue;
            }
            table.push_str(" yes");
            if !filters.is_empty() {
                let _ = write!(table, ", filters {}", filters.join(", "));
            }
            if let Some(limit) = support.limit() {
                let _ = write!(table, ", but: {}", limit.replace('|', " "));
            }
            table.push_str(" |");
        }
    }
    table
}
