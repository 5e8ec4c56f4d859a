//! What a handler answers with. The headers that every answer has are added where it is written.

use gitflare_core::Error;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::refusal::Refusal;

/// Answer of a handler.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Reply {
    /// JSON with this status.
    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Refusal> {
        // Most pages are some kilobytes; growing from nothing would copy them several times.
        let mut body = Vec::with_capacity(8 * 1024);
        sonic_rs::to_writer(&mut body, value)
            .map_err(|error| Error::internal(format!("an answer could not be written: {error}")))?;
        Ok(Self {
            status,
            content_type: Some("application/json"),
            body,
            headers: Vec::new(),
        })
    }

    /// `200` with JSON.
    pub(super) fn ok(value: &impl Serialize) -> Result<Self, Refusal> {
        Self::json(StatusCode::OK, value)
    }

    /// `201` with JSON.
    pub(super) fn created(value: &impl Serialize) -> Result<Self, Refusal> {
        Self::json(StatusCode::CREATED, value)
    }

    /// `303` to an address of ours, or one that was verified. Answers are never stored and tell no
    /// referrer by default (OA-3).
    pub(super) fn see_other(location: &str) -> Result<Self, Refusal> {
        let location = HeaderValue::from_str(location)
            .map_err(|_| Error::internal("an address cannot be a header"))?;
        Ok(Self {
            status: StatusCode::SEE_OTHER,
            headers: vec![(header::LOCATION, location)],
            ..Self::no_content()
        })
    }

    /// Adds a header; one of the same name stays beside it.
    pub(super) fn with_header(mut self, header: (HeaderName, HeaderValue)) -> Self {
        self.headers.push(header);
        self
    }

    /// Moves what the answer links to below a path. Everything inside speaks of paths from the root;
    /// only here, on the way out, do they become those that a browser asks for.
    pub(super) fn below(&mut self, base: &str) {
        for (name, value) in &mut self.headers {
            if *name == header::LOCATION
                && let Some(path) = value.to_str().ok().filter(|text| is_path(text))
                && let Ok(moved) = HeaderValue::try_from(format!("{base}{path}"))
            {
                *value = moved;
            }
        }
        if self
            .content_type
            .is_some_and(|it| it.starts_with("text/html"))
            && let Ok(html) = std::str::from_utf8(&self.body)
        {
            self.body = links_below(html, base).into_bytes();
        }
    }

    /// `204` without a body.
    pub(super) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            content_type: None,
            body: Vec::new(),
            headers: Vec::new(),
        }
    }
}

/// Whether an address is a path of this server.
fn is_path(address: &str) -> bool {
    address.starts_with('/') && !address.starts_with("//")
}

/// A page with the paths in its links moved below `base`. Text that is shown cannot look like an
/// attribute, for its quotes are escaped.
fn links_below(html: &str, base: &str) -> String {
    const ATTRIBUTES: [&str; 4] = [" href=\"", " src=\"", " action=\"", " data-again=\""];
    let mut moved = String::with_capacity(html.len() + 64 * base.len());
    let mut rest = html;
    while let Some(quote) = rest.find("=\"") {
        let (before, after) = rest.split_at(quote + 2);
        moved.push_str(before);
        if is_path(after) && ATTRIBUTES.iter().any(|name| before.ends_with(name)) {
            moved.push_str(base);
        }
        rest = after;
    }
    moved.push_str(rest);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_our_own_paths_move() {
        let page = r##"<a href="/docs">/docs</a><img src="/a.svg"><form action="/app/x" class="/y">
<a href="https://a.example/b"></a><a href="//a.example"></a><a href="\#top"></a>
<input name="returnTo" value="/app/x">href=&#34;/docs&#34;<i data-again="/o?x=/y"></i>"##;
        let moved = r##"<a href="/git/docs">/docs</a><img src="/git/a.svg"><form action="/git/app/x" class="/y">
<a href="https://a.example/b"></a><a href="//a.example"></a><a href="\#top"></a>
<input name="returnTo" value="/app/x">href=&#34;/docs&#34;<i data-again="/git/o?x=/y"></i>"##;
        assert_eq!(links_below(page, "/git"), moved);
    }
}
