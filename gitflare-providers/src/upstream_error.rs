//! From an upstream's refusal to the one error of the product: what every provider's status and
//! headers mean alike. What a provider says in its own words is judged in its `client.rs`, before.

use gitflare_core::{Code, Error, Secret, provider::ProviderId};
use memchr::memmem;
use reqwest::header::HeaderMap;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use crate::http::{Failure, Reply, is_page, retry_after, seconds_until_reset};

/// How long a rate limit lasts when the upstream does not say.
const DEFAULT_RETRY_SECONDS: u32 = 60;

/// How much of a text for people is looked at, in bytes.
const MAX_WORDS: usize = 200;

/// Whose refusals name the person whom they refuse, by name, id or address: of their words nothing goes to
/// the log but the numbers of the errors in them.
const NAMES_PEOPLE: &[ProviderId] = &[ProviderId::AZURE];

/// An answer that is not the one that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal<'a> {
    provider: ProviderId,
    reply: &'a Reply,
    request_id: &'static [&'static str],
    token: Option<&'a Secret<String>>,
}

impl<'a> Refusal<'a> {
    /// `request_id` are the headers that may name the request.
    pub(crate) fn new(
        provider: ProviderId,
        reply: &'a Reply,
        request_id: &'static [&'static str],
    ) -> Self {
        Self {
            provider,
            reply,
            request_id,
            token: None,
        }
    }

    /// The same with the token that was refused.
    pub(crate) fn of(self, token: &'a Secret<String>) -> Self {
        Self {
            token: Some(token),
            ..self
        }
    }

    /// The token that was refused, where it is known.
    pub(crate) fn token(&self) -> Option<&'a Secret<String>> {
        self.token
    }

    pub(crate) fn provider(&self) -> ProviderId {
        self.provider
    }

    pub(crate) fn status(&self) -> u16 {
        self.reply.status
    }

    /// A header, when it is plain text.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.reply.headers.get(name)?.to_str().ok()
    }

    /// How many seconds the upstream asks to wait; `None` where it does not say so plainly.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        retry_after(&self.reply.headers)
    }

    /// Whether the upstream's own words contain one of these, without case.
    pub(crate) fn says(&self, any_of: &[&str]) -> bool {
        let words = self.words().to_ascii_lowercase();
        any_of
            .iter()
            .any(|text| words.contains(&text.to_ascii_lowercase()))
    }

    /// Whether a body that is a text for people, and no JSON, begins with words of which one is there,
    /// without case.
    pub(crate) fn writes(&self, any_of: &[&str]) -> bool {
        let begin = &self.reply.body[..self.reply.body.len().min(MAX_WORDS)];
        let words = String::from_utf8_lossy(begin).to_ascii_lowercase();
        !self.is_json() && any_of.iter().any(|text| words.contains(text))
    }

    /// Whether the upstream's words begin with one of these, letter case aside.
    pub(crate) fn begins(&self, any_of: &[&str]) -> bool {
        let words = self.words().to_ascii_lowercase();
        let words = words.trim_start();
        any_of.iter().any(|text| words.starts_with(text))
    }

    /// The texts of the list at that JSON pointer into the body; empty without one.
    pub(crate) fn texts(&self, pointer: &str) -> Vec<String> {
        let body: Value = serde_json::from_slice(&self.reply.body).unwrap_or_default();
        let list = body.pointer(pointer).and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// The text of that member of the body's object; empty when it has none.
    pub(crate) fn member(&self, name: &str) -> String {
        let body: Option<Value> = serde_json::from_slice(&self.reply.body).ok();
        let text = body.and_then(|body| body[name].as_str().map(str::to_owned));
        text.unwrap_or_default()
    }

    /// Whether the answer is a page for people.
    pub(crate) fn is_page(&self) -> bool {
        is_page(&self.reply.headers)
    }

    /// Whether the answer has no body.
    pub(crate) fn is_empty(&self) -> bool {
        self.reply.body.is_empty()
    }

    /// Whether the body's object has that member.
    pub(crate) fn has(&self, member: &str) -> bool {
        let body: Option<Value> = serde_json::from_slice(&self.reply.body).ok();
        body.is_some_and(|body| !body[member].is_null())
    }

    /// Whether one of the body's `errors` has that `code`.
    pub(crate) fn tells(&self, code: &str) -> bool {
        let body: Option<Value> = serde_json::from_slice(&self.reply.body).ok();
        body.as_ref()
            .and_then(|body| body["errors"].as_array())
            .is_some_and(|errors| errors.iter().any(|error| error["code"] == code))
    }

    /// Whether the body is JSON at all.
    pub(crate) fn is_json(&self) -> bool {
        serde_json::from_slice::<IgnoredAny>(&self.reply.body).is_ok()
    }

    /// Whether the body has that text anywhere.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        memmem::find(&self.reply.body, text.as_bytes()).is_some()
    }

    /// The body's `message`, `error` and `error_description`; empty when it is no JSON object.
    fn words(&self) -> String {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(default)]
            message: Words,
            #[serde(default)]
            error: Words,
            #[serde(default)]
            error_description: Words,
        }
        serde_json::from_slice::<Wire>(&self.reply.body)
            .map(|wire| {
                format!(
                    "{} {} {}",
                    wire.message.0, wire.error.0, wire.error_description.0
                )
            })
            .unwrap_or_default()
    }

    /// The error of that code, with the facts of the answer. The upstream's words go to the log
    /// alone: they may name what the client must not learn.
    pub(crate) fn error(&self, code: Code, message: impl Into<String>) -> Error {
        let words = self.words();
        let words: String = match NAMES_PEOPLE.contains(&self.provider) {
            true => numbers(&words).collect::<Vec<_>>().join(" "),
            false => words.trim().chars().take(300).collect(),
        };
        Error::upstream(code, self.provider, message)
            .with_upstream(self.reply.status, self.id())
            .with_detail(format!("upstream said {words:?}"))
    }

    /// The provider's id of the request: out of the headers, else of the body's `error`, as at Bitbucket, or
    /// beside it, as Entra has it.
    fn id(&self) -> Option<String> {
        let named = request_id(&self.reply.headers, self.request_id);
        named.or_else(|| {
            let body: Value = serde_json::from_slice(&self.reply.body).ok()?;
            let id = body["error"]["id"].as_str();
            shown(id.or(body["trace_id"].as_str())?.to_owned())
        })
    }

    /// `RATE_LIMITED` until `Retry-After`, else until the reset that the header of that name
    /// gives in seconds since 1970, else for a minute.
    pub(crate) fn rate_limited(&self, reset_header: &str) -> Error {
        let seconds = retry_after(&self.reply.headers)
            .or_else(|| seconds_until_reset(&self.reply.headers, reset_header))
            .unwrap_or(DEFAULT_RETRY_SECONDS);
        let message = format!(
            "{} limits how often this account may be read.",
            self.provider.name()
        );
        self.error(Code::RateLimited, message)
            .with_retry_after(seconds)
    }

    /// What the status means by itself.
    pub(crate) fn shared(&self) -> Error {
        let name = self.provider.name();
        let (code, message) = match self.reply.status {
            400 | 422 => (
                Code::InvalidRequest,
                format!("{name} does not accept these parameters."),
            ),
            401 => (
                Code::AuthExpired,
                format!("{name} no longer accepts the connection's credential."),
            ),
            403 => (
                Code::InsufficientScope,
                format!("The connection's credential does not allow this at {name}."),
            ),
            404 | 410 => (
                Code::ResourceNotFound,
                format!("{name} has no such resource, or the connection cannot see it."),
            ),
            408 | 504 => (
                Code::UpstreamTimeout,
                format!("{name} did not answer in time."),
            ),
            429 => return self.rate_limited(""),
            451 => (
                Code::AccessBlockedByPolicy,
                format!("{name} blocks this resource for legal reasons."),
            ),
            status @ 400..=499 => {
                return self
                    .error(
                        Code::InternalError,
                        format!("{name} did not understand the gateway's request."),
                    )
                    .with_detail(format!("unexpected upstream status {status}"));
            }
            _ => (
                Code::UpstreamUnavailable,
                format!("{name} is temporarily unavailable."),
            ),
        };
        let error = self.error(code, message);
        match retry_after(&self.reply.headers) {
            Some(seconds) if code == Code::UpstreamUnavailable => error.with_retry_after(seconds),
            _ => error,
        }
    }
}

/// The numbers of errors in Microsoft's words, such as `TF401019`.
fn numbers(words: &str) -> impl Iterator<Item = &str> {
    let words = words.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| {
        let digits = ["TF", "VS", "AADSTS"]
            .iter()
            .find_map(|it| word.strip_prefix(it));
        digits.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Whether a refused list of many may be none of each of its rows: a read of one tells then.
pub(crate) fn is_of_list(error: &Error) -> bool {
    let status = error.upstream_status();
    match error.code() {
        Code::AccessBlockedByPolicy
        | Code::InvalidRequest
        | Code::InsufficientScope
        | Code::InstallationNotFound
        | Code::RepositoryNotFound
        | Code::ResourceNotFound
        | Code::UnsupportedEndpoint => status.is_some(),
        // What came is no list, or too long a one.
        Code::UpstreamUnavailable | Code::InvalidLimit => status.is_some_and(|status| status < 500),
        _ => false,
    }
}

/// The same refusal with what was learned since.
pub(crate) fn recode(refusal: &Error, code: Code, message: impl Into<String>) -> Error {
    let error = match refusal.provider() {
        Some(provider) => Error::upstream(code, provider, message),
        None => Error::new(code, message),
    };
    // How long to wait belongs to the code that it was said of.
    let error = match refusal.retry_after_seconds() {
        Some(seconds) if refusal.code() == code => error.with_retry_after(seconds),
        _ => error,
    };
    match refusal.upstream_status() {
        Some(status) => {
            error.with_upstream(status, refusal.provider_request_id().map(str::to_owned))
        }
        None => error,
    }
}

/// The error of a diff, whose pages nobody chooses the size of, where one was larger than the gateway reads.
pub(crate) fn of_diff(error: Error) -> Error {
    match error.code() {
        Code::InvalidLimit => recode(
            &error,
            Code::UnsupportedEndpoint,
            "This diff is larger than the gateway reads: read its files one by one, with `/contents`.",
        ),
        _ => error,
    }
}

/// The error of a list that comes whole, whatever the limit, where it was larger than the gateway reads.
pub(crate) fn of_whole(error: Error) -> Error {
    match error.code() {
        Code::InvalidLimit => recode(
            &error,
            Code::UnsupportedEndpoint,
            "This list comes whole, and it is larger than the gateway reads: list one folder at a time, with `path`, or read repositories one by one.",
        ),
        _ => error,
    }
}

/// Says which of two compared names leads nowhere, `base` or `head`.
pub(crate) fn unknown_name(refusal: Error, end: &str) -> Error {
    match refusal.code() {
        Code::ResourceNotFound => {
            let message = format!("`{end}` names no branch, tag or commit of the repository.");
            recode(&refusal, Code::ResourceNotFound, message)
        }
        _ => refusal,
    }
}

/// A text, the `message` of an object, as at Bitbucket, or whatever else stands there, which says
/// nothing.
#[derive(Default)]
struct Words(String);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Text(String),
            Object { message: String },
            Other(IgnoredAny),
        }
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Text(text) | Wire::Object { message: text } => Self(text),
            Wire::Other(_) => Self::default(),
        })
    }
}

/// The provider's id of the request, out of the first of these headers that holds one. `None` when
/// none does, or what it holds cannot be shown: an id is printable and at most 128 characters long.
pub(crate) fn request_id(headers: &HeaderMap, names: &[&str]) -> Option<String> {
    /// `x-gitlab-meta` wraps it in JSON.
    /// <https://docs.gitlab.com/api/rest/#headers>
    #[derive(Deserialize)]
    struct Meta {
        correlation_id: String,
    }
    names.iter().find_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        let id = match serde_json::from_str::<Meta>(value) {
            Ok(meta) => meta.correlation_id,
            Err(_) => value.to_owned(),
        };
        shown(id)
    })
}

/// An id that can be shown.
fn shown(id: String) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+/=".contains(&byte);
    let can_be_shown = (1..=128).contains(&id.len()) && id.bytes().all(is_plain);
    can_be_shown.then_some(id)
}

/// The error of a call that got no usable answer.
pub(crate) fn unanswered(provider: ProviderId, failure: Failure) -> Error {
    let name = provider.name();
    let unavailable = |detail: String| {
        Error::upstream(
            Code::UpstreamUnavailable,
            provider,
            format!("{name} cannot be reached or gave no usable answer."),
        )
        .with_detail(detail)
    };
    match failure {
        Failure::Timeout => Error::upstream(
            Code::UpstreamTimeout,
            provider,
            format!("{name} did not answer in time."),
        ),
        // The same page would be as large again, and a cursor keeps its limit.
        Failure::TooLarge => Error::upstream(
            Code::InvalidLimit,
            provider,
            format!(
                "A page of {name} is larger than the gateway reads: restart the list with a smaller `limit`."
            ),
        ),
        Failure::RowTooLarge => Error::upstream(
            Code::InvalidLimit,
            provider,
            format!(
                "A row of this page of {name} is larger than the gateway reads: with a smaller `limit` the rows in front of it can be read."
            ),
        ),
        // It would be as large again.
        Failure::ObjectTooLarge => Error::upstream(
            Code::UnsupportedEndpoint,
            provider,
            format!("What {name} answers is larger than the gateway reads: read it at {name}."),
        ),
        Failure::Unreachable(detail) => unavailable(detail),
        Failure::Unusable(detail) => unavailable(detail.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Reply {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Reply {
            status,
            headers: map,
            body: body.as_bytes().to_vec(),
            has_list: false,
        }
    }

    #[test]
    fn no_wait_is_longer_than_an_hour() {
        // sec: SR-9
        let refused = reply(429, &[("retry-after", "99999")], "");
        let error = Refusal::new(ProviderId::GITHUB, &refused, &["x-id"]).shared();
        assert_eq!(error.retry_after_seconds(), Some(3600));
    }

    #[test]
    fn a_status_has_one_meaning() {
        for (status, code) in [
            (400, Code::InvalidRequest),
            (401, Code::AuthExpired),
            (403, Code::InsufficientScope),
            (404, Code::ResourceNotFound),
            (405, Code::InternalError),
            (408, Code::UpstreamTimeout),
            (410, Code::ResourceNotFound),
            (422, Code::InvalidRequest),
            (429, Code::RateLimited),
            (451, Code::AccessBlockedByPolicy),
            (500, Code::UpstreamUnavailable),
            (502, Code::UpstreamUnavailable),
            (503, Code::UpstreamUnavailable),
            (504, Code::UpstreamTimeout),
            (202, Code::UpstreamUnavailable),
            (304, Code::UpstreamUnavailable),
        ] {
            let refused = reply(status, &[("x-id", "abc-1")], "<html>");
            let error = Refusal::new(ProviderId::GITLAB, &refused, &["x-id"]).shared();
            assert_eq!(error.code(), code, "{status}");
            assert_eq!(error.upstream_status(), Some(status));
            assert_eq!(error.provider_request_id(), Some("abc-1"));
        }
    }

    #[test]
    fn nothing_of_the_upstream_is_shown_but_its_plain_request_id() {
        // sec: SR-9
        let body = r#"{"message": "organization acme forbids <script>"}"#;
        let refused = reply(403, &[("x-id", "<script>")], body);
        let error = Refusal::new(ProviderId::GITHUB, &refused, &["x-id"]).shared();
        assert!(!error.message().contains("acme"), "{error}");
        assert_eq!(error.provider_request_id(), None);
    }

    #[test]
    fn of_azures_words_the_numbers_alone_are_logged() {
        // sec: SR-9
        let body = r#"{"message": "TF401019: Ann <ann@mail.example> (f3c7a1de-0000) may not; AADSTS50020, VS800075. TF4x", "error": "Ann"}"#;
        let refused = reply(400, &[], body);
        let detail = |provider| {
            let error = Refusal::new(provider, &refused, &["x-id"]).shared();
            error.detail().unwrap_or_default().to_owned()
        };
        let logged = "upstream said \"TF401019 AADSTS50020 VS800075\"";
        assert_eq!(detail(ProviderId::AZURE), logged);
        assert!(detail(ProviderId::GITHUB).contains("Ann"));
    }

    #[test]
    fn a_request_is_named_by_its_headers_else_by_the_error() {
        let body = r#"{"type": "error", "error": {"message": "x", "id": "4f2c0d"}}"#;
        let id = |headers: &[(&'static str, &'static str)], body: &str| {
            let refused = reply(500, headers, body);
            let error = Refusal::new(ProviderId::BITBUCKET, &refused, &["x-id"]).shared();
            error.provider_request_id().map(str::to_owned)
        };
        assert_eq!(id(&[("x-id", "a1")], body).as_deref(), Some("a1"));
        assert_eq!(id(&[], body).as_deref(), Some("4f2c0d"));
        let body = r#"{"error": "invalid_grant", "trace_id": "0c5a-1"}"#;
        assert_eq!(id(&[], body).as_deref(), Some("0c5a-1"));
        assert_eq!(id(&[], r#"{"error": {"id": "a person's"}}"#), None);
        assert_eq!(id(&[], r#"{"error": "x"}"#), None);
    }
}
