//! The shape of every answer: common headers, the canonical error object, the log line. Whatever
//! goes wrong anywhere, panics and unparsable requests included, is written here and nowhere else.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use gitflare_core::{Code, Error, RequestId, Secret, gateway::user_of, provider::ProviderId};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts,
};
use http_body_util::Full;

use super::super::{
    app::App,
    bodies::{CanonicalBody, OauthErrorBody},
    cookie::Cookie,
    cors,
    exchange::ReadNote,
    origin::Origin,
    pages::{
        View,
        error::{Accepted, ErrorView},
        text::SafeText,
    },
    refusal::Refusal,
    reply::Reply,
    room::Held,
    route::{Access, Matched, RouteMethod},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
/// A year, as browsers want it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Facts of a request that its answer depends on.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) request_id: RequestId,
    pub(super) method: &'static str,
    /// The route, for logs and metrics.
    pub(super) route: Option<Matched>,
    /// The access of the route, for its CORS rule; `None` when no route was matched.
    pub(super) cors: Option<Access>,
    /// The client's address, as far as it can be believed; until then the peer's.
    pub(super) address: IpAddr,
    /// What a read tells for the log line.
    pub(super) note: ReadNote,
    client_request_id: Option<HeaderValue>,
    origin: Option<HeaderValue>,
    accepted: Accepted,
    /// The session of a browser that asks for a page; `None` without one.
    session: Option<Secret<String>>,
    /// Who is signed in, once somebody has looked.
    user: Option<SafeText>,
    is_internal: bool,
}

impl Context {
    /// The context of a request that has just arrived.
    pub(super) fn new(origin: &Origin, head: &Parts) -> Self {
        let accepted = Accepted::of(&head.headers);
        let session = Cookie::Session.find(&head.headers, &origin.app.settings);
        let session = session.filter(|_| accepted.wants_page(None));
        Self {
            request_id: origin.app.gateway().new_request_id(),
            method: match head.method {
                Method::HEAD => "HEAD",
                _ => RouteMethod::of(&head.method).map_or("other", RouteMethod::as_str),
            },
            route: None,
            cors: None,
            address: origin.peer,
            note: ReadNote::default(),
            client_request_id: client_request_id(&head.headers),
            origin: head.headers.get(header::ORIGIN).cloned(),
            accepted,
            session: session.map(Secret::from),
            user: None,
            is_internal: origin.entrance.is_internal,
        }
    }

    /// Looks who is signed in, for the frame of the page of a refusal: on pages of their own, and where no
    /// route is. Who cannot be found is nobody.
    pub(super) async fn meet(&mut self, app: &App, refusal: &Refusal) {
        let is_own = self.route.is_none_or(|matched| {
            matches!(
                matched.route.access,
                Access::UserSession | Access::UserOrAdmin
            )
        });
        // A storage that does not answer is not asked once more.
        let is_told = self.wants_page() && !refusal.status.is_server_error();
        let Some(session) = self.session.take().filter(|_| is_own && is_told) else {
            return;
        };
        let gateway = app.gateway();
        let found = gateway.find_session(session.expose()).await;
        if let Ok(Some(session)) = found
            && let Some(user) = user_of(&session)
            && let Ok(account) = gateway.account(user).await
        {
            self.user = Some(SafeText::person(&account.user));
        }
    }

    /// Writes the answer; the error behind it, if any, is for the log.
    pub(super) fn finish(
        &self,
        app: &App,
        outcome: Result<Reply, Refusal>,
    ) -> (Response<Full<Bytes>>, Option<Error>) {
        let mut share = None;
        let outcome = outcome.and_then(|reply| {
            if app.answer_room.counts(reply.body.len()) {
                let room = share.insert(app.answer_room.share(self.address.to_string()));
                room.grow(reply.body.len())?;
            }
            Ok(reply)
        });
        let (mut reply, closes, error) = match outcome {
            Ok(reply) => (reply, false, None),
            Err(refusal) => {
                let reply = self.refuse(&refusal);
                (reply, refusal.closes, Some(refusal.error))
            }
        };
        if !app.base_path.is_empty() {
            reply.below(&app.base_path);
        }
        let body = match share {
            Some(share) => Bytes::from_owner(Held {
                bytes: reply.body,
                _share: share,
            }),
            None => Bytes::from(reply.body),
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = reply.status;
        let headers = response.headers_mut();
        headers.reserve(12);
        if let Some(content_type) = reply.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Ok(id) = HeaderValue::from_str(self.request_id.as_str()) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(id) = &self.client_request_id {
            headers.insert(CLIENT_REQUEST_ID, id.clone());
        }
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(header::REFERRER_POLICY, NO_REFERRER);
        headers.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            SAME_ORIGIN,
        );
        if app.settings.public_url.starts_with("https:") {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
        if let Some(access) = self.cors.filter(|_| !self.is_internal) {
            cors::apply(
                headers,
                access,
                self.origin.as_ref(),
                &app.settings.panel_url,
            );
        }
        if closes || app.is_draining() {
            headers.insert(header::CONNECTION, CLOSE);
        }
        for (name, value) in reply.headers {
            // An answer varies by all that any of its makers looked at.
            if name == header::VARY || name == header::SET_COOKIE {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
            }
        }
        (response, error)
    }

    /// Whether an error is answered with a page.
    pub(super) fn wants_page(&self) -> bool {
        self.accepted
            .wants_page(self.route.map(|matched| matched.route))
    }

    /// The canonical error, in the shape that is wanted; a page for a browser.
    fn refuse(&self, refusal: &Refusal) -> Reply {
        let error = &refusal.error;
        let page = self
            .wants_page()
            .then(|| ErrorView::new(refusal.status, error, self.request_id.as_str()))
            .map(|view| view.seen_by(self.user.clone()))
            .and_then(|view| view.reply(refusal.status).ok());
        let mut reply = page.unwrap_or_else(|| Reply {
            status: refusal.status,
            content_type: Some("application/json"),
            body: error_body(error, &self.request_id, refusal.oauth_word),
            headers: Vec::new(),
        });
        let headers = &mut reply.headers;
        headers.extend(refusal.headers.iter().cloned());
        if let Some(challenge) = self.challenge(refusal) {
            headers.push((header::WWW_AUTHENTICATE, challenge));
        }
        headers.extend(refusal.retry_after());
        reply
    }

    /// The `WWW-Authenticate` header, on routes whose scheme has a name (RFC 6750, RFC 7617).
    fn challenge(&self, refusal: &Refusal) -> Option<HeaderValue> {
        let access = self.route?.route.access;
        let status = refusal.status.as_u16();
        let scheme = access.challenges_with(status)?;
        if access == Access::ToolToken {
            // Its handler has told where tokens come from as well.
            return None;
        }
        let about = match (access, status, refusal.error.code()) {
            (Access::ClientCredentials, ..) => r#"realm="gitflare""#.to_owned(),
            (_, 401, _) => r#"error="invalid_token""#.to_owned(),
            (_, _, Code::InsufficientScope) => {
                format!(r#"error="insufficient_scope", scope="{}""#, access.scope()?)
            }
            _ => r#"error="insufficient_scope""#.to_owned(),
        };
        HeaderValue::from_str(&format!("{scheme} {about}")).ok()
    }

    /// Counts the request and writes its one log line, with the error's detail beside it. Routes
    /// are named by their template: paths and queries can hold anything (LG-1).
    pub(super) fn record(
        &self,
        app: &App,
        status: StatusCode,
        elapsed: Duration,
        error: Option<&Error>,
    ) {
        let index = self.route.map(|matched| matched.index);
        app.metrics.request_finished(index, status, elapsed);
        let client_request_id = self
            .client_request_id
            .as_ref()
            .and_then(|id| id.to_str().ok());
        if let Some(error) = error
            && status.is_server_error()
            && error.code() != Code::UnsupportedEndpoint
        {
            tracing::error!(
                request_id = self.request_id.as_str(),
                code = error.code().name(),
                detail = error.detail(),
                "request failed"
            );
        }
        let read = self.note.get();
        tracing::info!(
            request_id = self.request_id.as_str(),
            client_request_id,
            method = self.method,
            route = self
                .route
                .map_or("none", |matched| matched.route.template()),
            status = status.as_u16(),
            duration_us = micros(elapsed),
            upstream_us = read.map(|read| micros(read.upstream)),
            provider = read.and_then(|read| read.provider).map(ProviderId::as_str),
            tenant = read
                .and_then(|read| read.tenant.as_ref())
                .map(AsRef::<str>::as_ref),
            client = read
                .and_then(|read| read.client.as_ref())
                .map(AsRef::<str>::as_ref),
            code = error.map(|error| error.code().name()),
            detail = error
                .filter(|_| !status.is_server_error())
                .and_then(Error::detail),
            "request"
        );
    }
}

/// Whole microseconds.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A client's own request id, when it has the form that the contract allows.
fn client_request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut sent = headers.get_all(REQUEST_ID).iter();
    let id = sent.next().filter(|_| sent.next().is_none())?;
    let is_well_formed = (1..=128).contains(&id.len())
        && id
            .as_bytes()
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
    is_well_formed.then(|| id.clone())
}

fn error_body(error: &Error, request_id: &RequestId, oauth_word: Option<&str>) -> Vec<u8> {
    let canonical = error.canonical(request_id.as_str());
    match oauth_word {
        None => serde_json::to_vec(&CanonicalBody { error: canonical }),
        Some(word) => serde_json::to_vec(&OauthErrorBody {
            error: word,
            error_description: error.message().replace(['"', '\\'], "'"),
            gitflare_error: canonical,
        }),
    }
    // Strings and numbers only: there is nothing in it that cannot be written.
    .unwrap_or_default()
}

/// The whole answer to what hyper could not parse, head included: there is no request to answer
/// in hyper's own way.
pub(super) fn unparsed(app: &App, status: StatusCode) -> Vec<u8> {
    let message = match status {
        StatusCode::REQUEST_TIMEOUT => "The request's head did not arrive in time.",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "The request's head must have at most 16384 bytes and 64 header fields."
        }
        _ => "The request is not well-formed HTTP/1.1.",
    };
    let request_id = app.gateway().new_request_id();
    let error = Error::invalid_request(message);
    let body = error_body(&error, &request_id, None);
    let mut answer = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-request-id: {request_id}\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n\
         cross-origin-resource-policy: same-origin\r\nconnection: close\r\n\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    app.metrics.request_finished(None, status, Duration::ZERO);
    tracing::info!(
        request_id = request_id.as_str(),
        route = "none",
        status = status.as_u16(),
        "request"
    );
    answer
}
