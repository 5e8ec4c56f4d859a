//! A request as handlers see it: route, parameters, headers, body, who acts, and the gateway to call.
//! Handlers take it apart, make one call and form a [`super::reply::Reply`]; they know no sockets.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use gitflare_core::{
    Error, RequestId, Secret,
    gateway::{AuditContext, Gateway, Query, ReadFacts},
    storage::Actor,
};
use http::{HeaderMap, request::Parts};
use serde::de::DeserializeOwned;

use super::{
    app::App,
    body::{self, ContentType, RequestBody},
    form, json,
    origin::Origin,
    refusal::Refusal,
    room::Share,
    route::Route,
    settings::ServiceSettings,
    typed,
    visit::{self, EmbedVisit, UserVisit, Visit},
};

/// What the read of a request has told, for the request's log line; empty where it was none.
pub(super) type ReadNote = Arc<OnceLock<ReadFacts>>;

/// One request, as handlers see it.
#[derive(Debug)]
pub(super) struct Exchange {
    origin: Arc<Origin>,
    gateway: Arc<Gateway>,
    pub(super) route: &'static Route,
    head: Parts,
    body: Option<RequestBody>,
    parameters: Vec<String>,
    pub(super) method: &'static str,
    pub(super) request_id: RequestId,
    /// The client's address, as far as it can be believed.
    pub(super) address: IpAddr,
    actor: Actor,
    visit: Visit,
    note: ReadNote,
}

/// Facts of a request before its credential is checked.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) origin: Arc<Origin>,
    pub(super) route: &'static Route,
    pub(super) method: &'static str,
    pub(super) request_id: RequestId,
    pub(super) head: Parts,
    pub(super) body: RequestBody,
    /// The path's parameters, decoded, in the order of the route's template.
    pub(super) parameters: Vec<String>,
    pub(super) address: IpAddr,
    pub(super) note: ReadNote,
}

impl Exchange {
    /// A request of an unknown caller.
    pub(super) fn new(received: Received) -> Self {
        Self {
            gateway: received.origin.app.gateway(),
            origin: received.origin,
            route: received.route,
            head: received.head,
            body: Some(received.body),
            parameters: received.parameters,
            method: received.method,
            request_id: received.request_id,
            address: received.address,
            actor: Actor::Anonymous,
            visit: Visit::Anybody,
            note: received.note,
        }
    }

    /// Sets who acts and whose session the request carries, once its credential was checked.
    pub(super) fn identify(&mut self, actor: Actor, visit: Visit) {
        (self.actor, self.visit) = (actor, visit);
    }

    pub(super) fn app(&self) -> &App {
        &self.origin.app
    }

    /// The app, for what outlives the request.
    #[cfg(feature = "mcp")]
    pub(super) fn shared_app(&self) -> Arc<App> {
        Arc::clone(&self.origin.app)
    }

    /// Where a read notes what the request's log line tells of it.
    pub(super) const fn note(&self) -> &ReadNote {
        &self.note
    }

    pub(super) fn settings(&self) -> &ServiceSettings {
        &self.origin.app.settings
    }

    pub(super) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub(super) fn is_internal(&self) -> bool {
        self.origin.entrance.is_internal
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The path as sent, without query.
    pub(super) fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// Takes a path parameter out, decoded; `None` when the route has none of that name.
    pub(super) fn parameter(&mut self, name: &str) -> Option<String> {
        let mut names = self
            .route
            .template()
            .split('/')
            .filter_map(|segment| segment.strip_prefix(':'));
        let at = names.position(|parameter| parameter == name)?;
        self.parameters.get_mut(at).map(std::mem::take)
    }

    /// The query string as sent, without `?`; `None` without one.
    pub(super) fn raw_query(&self) -> Option<&str> {
        self.head.uri.query()
    }

    /// The query's pairs, decoded.
    pub(super) fn query(&self) -> Result<Query, Refusal> {
        let text = self.head.uri.query().unwrap_or_default();
        Ok(Query::new(form::pairs(text, "query")?))
    }

    /// Actor and request for audit entries.
    pub(super) fn act(&self) -> AuditContext<'_> {
        AuditContext {
            actor: &self.actor,
            request_id: &self.request_id,
        }
    }

    /// The signed-in person; on routes where that is optional there may be none.
    ///
    /// # Errors
    /// `AUTH_REQUIRED`.
    pub(super) fn user(&self) -> Result<&UserVisit, Refusal> {
        match &self.visit {
            Visit::User(visit) => Ok(visit),
            Visit::Customer(_) | Visit::Anybody => Err(visit::required()),
        }
    }

    /// The session that the request carries.
    pub(super) fn visit(&self) -> &Visit {
        &self.visit
    }

    /// The workspaces that a customer's browser has open.
    pub(super) fn workspaces(&self) -> &[EmbedVisit] {
        match &self.visit {
            Visit::Customer(visits) => visits,
            Visit::User(_) | Visit::Anybody => &[],
        }
    }

    /// The body, whole and within the limits.
    pub(super) async fn body(&mut self, max: usize) -> Result<Vec<u8>, Refusal> {
        let limits = self.origin.app.settings.limits;
        match self.body.take() {
            Some(incoming) => body::read(incoming, max, &limits).await,
            None => Ok(Vec::new()),
        }
    }

    /// The body, kept in a share of the room for hooks.
    pub(super) async fn hook_body(
        &mut self,
        max: usize,
        share: &mut Share,
    ) -> Result<Vec<u8>, Refusal> {
        let limits = self.origin.app.settings.limits;
        match self.body.take() {
            Some(incoming) => body::read_within(incoming, max, &limits, Some(share)).await,
            None => Ok(Vec::new()),
        }
    }

    /// The body as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Refusal> {
        self.json_up_to(body::MAX_BODY).await
    }

    /// The body as JSON of at most `max` bytes; its text is wiped afterwards.
    pub(super) async fn json_up_to<T: DeserializeOwned>(
        &mut self,
        max: usize,
    ) -> Result<T, Refusal> {
        body::require_json(&self.head.headers)?;
        let bytes = Secret::new(self.body(max).await?);
        Ok(json::read(bytes.expose())?)
    }

    /// The members of a body of either kind, JSON or a form; its text is wiped afterwards.
    pub(super) async fn fields<T: DeserializeOwned>(&mut self) -> Result<T, Refusal> {
        match body::content_type(&self.head.headers) {
            ContentType::Form => {
                let bytes = Secret::new(self.body(body::MAX_CREDENTIALS).await?);
                let text = std::str::from_utf8(bytes.expose())
                    .map_err(|_| Error::invalid_request("The form is not UTF-8 text."))?;
                Ok(typed::from_form(form::pairs(text, "form")?)?)
            }
            ContentType::Json => self.json_up_to(body::MAX_CREDENTIALS).await,
            ContentType::Other => Err(body::unsupported(
                "Send the body as `application/json` or `application/x-www-form-urlencoded`.",
            )),
        }
    }
}
