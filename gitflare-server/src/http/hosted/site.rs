//! The handlers of the public site: landing page, documents and their plain texts, and what machines look
//! for at fixed addresses.

use std::time::Duration;

use gitflare_core::{Code, Error};
use http::StatusCode;

use super::{
    super::{
        exchange::Exchange,
        pages::{
            View,
            docs::{DocumentView, LandingView, ReferenceView, ZeroTrustView},
            documents::{self, Document, Facts, Reference},
        },
        refusal::Refusal,
        reply::Reply,
    },
    tried,
};

/// `GET /`
pub(crate) async fn landing(x: Exchange) -> Result<Reply, Refusal> {
    if x.user().is_ok() {
        return Reply::see_other("/app/dashboard");
    }
    let settings = x.settings();
    let view = LandingView {
        public_url: settings.public_url.clone(),
        panel_url: settings.panel_url.clone(),
        providers: x
            .gateway()
            .providers()
            .iter()
            .map(|provider| provider.name().into())
            .collect(),
    };
    view.reply(StatusCode::OK)
}

/// `GET /docs`, `/docs/api`, `/zero-trust`
pub(crate) async fn document(x: Exchange) -> Result<Reply, Refusal> {
    let settings = x.settings();
    match x.path() {
        "/docs" => shown(&x, documents::FIRST),
        "/docs/api" => {
            let providers = x.gateway().providers();
            ReferenceView::new(
                &settings.public_url,
                x.app().routes(),
                providers,
                x.app().openapi(),
            )
            .reply(StatusCode::OK)
        }
        "/zero-trust" => {
            let firewall = x.gateway().firewall_settings();
            ZeroTrustView {
                is_enabled: firewall.enabled,
                blocked: firewall
                    .blocked_file_patterns
                    .iter()
                    .map(|pattern| pattern.as_str().into())
                    .collect(),
            }
            .reply(StatusCode::OK)
        }
        _ => Err(no_page()),
    }
}

fn no_page() -> Refusal {
    Error::new(Code::ResourceNotFound, "There is no such page.").into()
}

fn facts(x: &Exchange) -> Facts<'_> {
    Facts {
        public_url: &x.settings().public_url,
        panel_url: &x.settings().panel_url,
        providers: x.gateway().providers(),
    }
}

fn shown(x: &Exchange, name: &str) -> Result<Reply, Refusal> {
    let document: &Document = documents::find(name).ok_or_else(no_page)?;
    let twin = format!("/docs/{name}.md");
    DocumentView::new(document.about, &twin, &document.markdown(&facts(x))).reply(StatusCode::OK)
}

/// A plain text whose links lead where they do on the page.
fn plain(x: &Exchange, media_type: &'static str, text: &str) -> Reply {
    let base = &x.settings().panel_url;
    Reply {
        status: StatusCode::OK,
        content_type: Some(media_type),
        body: text.replace("](/", &format!("]({base}/")).into_bytes(),
        headers: Vec::new(),
    }
}

const MARKDOWN: &str = "text/markdown; charset=utf-8";

/// `GET /docs/:document`, a page, or with `.md` its text
pub(crate) async fn named(mut x: Exchange) -> Result<Reply, Refusal> {
    let name = x.parameter("document").unwrap_or_default();
    match name.strip_suffix(".md") {
        None => shown(&x, &name),
        Some("api") => Ok(plain(&x, MARKDOWN, &Reference(x.app().openapi()).index())),
        Some(name) => {
            let document = documents::find(name).ok_or_else(no_page)?;
            Ok(plain(&x, MARKDOWN, &document.markdown(&facts(&x))))
        }
    }
}

/// What the page of an operation is about.
const OPERATION: &str = "What the operation takes and answers, with the errors that can come.";

/// `GET /docs/api/:operationId`, a page, or with `.md` its text
pub(crate) async fn operation(mut x: Exchange) -> Result<Reply, Refusal> {
    let name = x.parameter("operationId").unwrap_or_default();
    let id = name.strip_suffix(".md").unwrap_or(&name);
    let text = Reference(x.app().openapi())
        .operation(id)
        .ok_or_else(no_page)?;
    if id.len() < name.len() {
        return Ok(plain(&x, MARKDOWN, &text));
    }
    let mut view = DocumentView::new(OPERATION, &format!("/docs/api/{id}.md"), &text);
    view.try_it = tried::of(&x, id).await?;
    view.reply(StatusCode::OK)
}

/// `POST /docs/api/:operationId`, what changes something, in a sandbox alone
pub(crate) async fn try_operation(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("operationId").unwrap_or_default();
    let tried = tried::run(&mut x, &id).await?.ok_or_else(no_page)?;
    let text = Reference(x.app().openapi())
        .operation(&id)
        .ok_or_else(no_page)?;
    let mut view = DocumentView::new(OPERATION, &format!("/docs/api/{id}.md"), &text);
    view.try_it = Some(tried);
    view.reply(StatusCode::OK)
}

const PLAIN: &str = "text/plain; charset=utf-8";

/// The documents alone: consent and management links belong to one person, and would stay in an index.
const ROBOTS: &str =
    "User-agent: *\nAllow: /docs\nAllow: /llms.txt\nAllow: /assets/\nDisallow: /\n";

/// How long a `security.txt` may be believed, in seconds: under a year, as RFC 9116 recommends.
const CONTACT_LIFE: u64 = 180 * 24 * 3600;

/// `GET /robots.txt` (RFC 9309)
pub(crate) async fn robots(x: Exchange) -> Result<Reply, Refusal> {
    Ok(plain(&x, PLAIN, ROBOTS))
}

/// `GET /.well-known/security.txt` (RFC 9116)
pub(crate) async fn security_contact(x: Exchange) -> Result<Reply, Refusal> {
    let settings = x.settings();
    let contact = settings.security_contact.as_deref().ok_or_else(no_page)?;
    let now = x.gateway().clock().now();
    let expires = now.after(Duration::from_secs(CONTACT_LIFE));
    let canonical = canonical([&settings.panel_url, &settings.public_url]);
    let text = format!("Contact: {contact}\nExpires: {expires}\n{canonical}");
    Ok(plain(&x, PLAIN, &text))
}

/// Every address at which `security.txt` may be found, over https alone: nobody should believe it elsewhere.
fn canonical(bases: [&str; 2]) -> String {
    let mut bases = bases.to_vec();
    bases.dedup();
    bases.retain(|base| base.starts_with("https://"));
    let lines = bases.into_iter();
    lines
        .map(|base| format!("Canonical: {base}/.well-known/security.txt\n"))
        .collect()
}

/// `GET /llms.txt`
pub(crate) async fn index(x: Exchange) -> Result<Reply, Refusal> {
    let text = documents::index(&facts(&x));
    Ok(plain(&x, PLAIN, &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_names_each_address_that_is_encrypted_once() {
        let panel = "Canonical: https://a.example/.well-known/security.txt\n";
        let public = "Canonical: https://b.example/.well-known/security.txt\n";
        for (bases, expected) in [
            (["https://a.example"; 2], panel.to_owned()),
            (
                ["https://a.example", "https://b.example"],
                panel.to_owned() + public,
            ),
            (["http://127.0.0.1:8080"; 2], String::new()),
        ] {
            assert_eq!(canonical(bases), expected);
        }
    }
}
