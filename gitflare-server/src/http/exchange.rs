//! One request from its head to its answer: inspection, route, credential of the route, handler.
//! Handlers take an [`Exchange`] apart, make one call and form a [`Reply`]; they know no sockets.

use std::{
    future::{Future, poll_fn},
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Instant,
};

use bytes::Bytes;
use gitflare_core::{
    Code, Error, RequestId, Secret,
    gateway::{Act, Gateway, Query},
    storage::Actor,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming};
use serde::Serialize;
use tokio::task::JoinHandle;

use super::{
    App, HttpSettings, auth,
    body::{self, ContentType},
    connection::Origin,
    csrf,
    form::{self, Form},
    inspect,
    json::Members,
    proxy,
    respond::{Context, Refusal},
    routes::{Access, ROUTES, Route, Verb},
    session::{self, EmbedVisit, UserVisit, Visit},
};

/// A request on its way.
#[derive(Debug)]
pub(super) struct Exchange {
    origin: Arc<Origin>,
    pub(super) route: &'static Route,
    head: Parts,
    body: Option<Incoming>,
    parameters: Vec<String>,
    pub(super) method: &'static str,
    pub(super) request_id: RequestId,
    /// The client's address, as far as it can be believed.
    pub(super) address: IpAddr,
    actor: Actor,
    visit: Visit,
}

impl Exchange {
    pub(super) fn app(&self) -> &App {
        &self.origin.app
    }

    pub(super) fn settings(&self) -> &HttpSettings {
        &self.origin.app.settings
    }

    pub(super) fn gateway(&self) -> &Gateway {
        &self.origin.app.gateway
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

    /// The query as sent.
    pub(super) fn raw_query(&self) -> Option<&str> {
        self.head.uri.query()
    }

    /// The query's pairs, decoded.
    pub(super) fn query(&self) -> Result<Query, Refusal> {
        let text = self.head.uri.query().unwrap_or_default();
        Ok(Query::new(form::pairs(text, "query")?))
    }

    /// Who acts, for the audit.
    pub(super) fn act(&self) -> Act<'_> {
        Act {
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
            Visit::Customer(_) | Visit::Anybody => Err(session::required()),
        }
    }

    /// The workspaces that a customer's browser has open.
    pub(super) fn workspaces(&self) -> &[EmbedVisit] {
        match &self.visit {
            Visit::Customer(visits) => visits,
            Visit::User(_) | Visit::Anybody => &[],
        }
    }

    /// The fields of a form that our own page has sent, by the session that the page was made for
    /// (CS-1). There is no other way to a form's fields.
    pub(super) async fn form(&mut self, max: usize) -> Result<Form, Refusal> {
        if body::content_type(&self.head.headers) != ContentType::Form {
            return Err(body::unsupported(
                "Send the form as `application/x-www-form-urlencoded`.",
            ));
        }
        if !matches!(&self.visit, Visit::User(visit) if !visit.is_cookie) {
            csrf::require_own_origin(self)?;
        }
        let bytes = Secret::new(self.body(max).await?);
        let text = std::str::from_utf8(bytes.expose())
            .map_err(|_| Error::invalid_request("The form is not UTF-8 text."))?;
        let form = Form::parse(text)?;
        match &self.visit {
            Visit::User(visit) if visit.is_cookie => csrf::require_token(self, visit, form.csrf())?,
            Visit::User(_) | Visit::Customer(_) | Visit::Anybody => {}
        }
        Ok(form)
    }

    /// The body, whole and within the limits.
    pub(super) async fn body(&mut self, max: usize) -> Result<Vec<u8>, Refusal> {
        let limits = self.origin.app.settings.limits;
        match self.body.take() {
            Some(incoming) => body::read(incoming, max, &limits).await,
            None => Ok(Vec::new()),
        }
    }

    /// The body as a JSON object.
    pub(super) async fn members(&mut self) -> Result<Members, Refusal> {
        body::require_json(&self.head.headers)?;
        let bytes = self.body(body::MAX_BODY).await?;
        Ok(Members::parse(&bytes)?)
    }
}

/// What a handler answers with.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Reply {
    /// A JSON answer.
    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Refusal> {
        // Most pages are some kilobytes; growing from nothing would copy them several times.
        let mut body = Vec::with_capacity(8 * 1024);
        serde_json::to_writer(&mut body, value)
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

    /// Adds a header.
    pub(super) fn with_header(mut self, header: (HeaderName, HeaderValue)) -> Self {
        self.headers.push(header);
        self
    }

    /// `204`.
    pub(super) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            content_type: None,
            body: Vec::new(),
            headers: Vec::new(),
        }
    }
}

/// Starts a request in a task of its own: it is finished and recorded even when the client is
/// gone, and a panic in it ends nothing else (HT-9).
pub(super) fn begin(
    origin: &Arc<Origin>,
    request: Request<Incoming>,
) -> JoinHandle<Response<Full<Bytes>>> {
    let started = Instant::now();
    let origin = Arc::clone(origin);
    tokio::spawn(async move {
        let (head, body) = request.into_parts();
        let mut context = Context::new(&origin, &head);
        let outcome = serve(&origin, head, body, &mut context).await;
        let (response, error) = context.finish(&origin.app, outcome);
        context.record(
            &origin.app,
            response.status(),
            started.elapsed(),
            error.as_ref(),
        );
        response
    })
}

async fn serve(
    origin: &Arc<Origin>,
    head: Parts,
    body: Incoming,
    context: &mut Context,
) -> Result<Reply, Refusal> {
    let mut exchange = admit(origin, head, body, context)?;
    let Some(handler) = exchange.route.handler else {
        return Err(Error::new(Code::UnsupportedEndpoint, "not built yet").into());
    };
    unwound(async {
        match auth::authorize(&exchange).await {
            Ok((actor, visit)) => (exchange.actor, exchange.visit) = (actor, visit),
            Err(refusal) => return sign_in_first(&exchange, context, refusal),
        }
        handler(exchange).await
    })
    .await
}

/// What a browser gets that arrives at a page without being signed in: the way there.
fn sign_in_first(x: &Exchange, context: &Context, refusal: Refusal) -> Result<Reply, Refusal> {
    let lacks_session = matches!(
        refusal.error().code(),
        Code::AuthRequired | Code::AuthExpired
    );
    let is_page = x.route.access == Access::UserSession && x.route.verb == Verb::Get;
    if lacks_session && is_page && context.wants_page() {
        return Reply::see_other("/app/login");
    }
    Err(refusal)
}

/// Everything that is checked before a credential is looked at.
fn admit(
    origin: &Arc<Origin>,
    head: Parts,
    body: Incoming,
    context: &mut Context,
) -> Result<Exchange, Refusal> {
    inspect::inspect(&head, &origin.entrance.hosts)?;
    let (route, parameters) = find(&origin.app, &head, context)?;
    if origin.entrance.is_internal && route.access != Access::Internal {
        return Err(no_route());
    }
    let address = proxy::client_address(
        &head.headers,
        origin.peer,
        &origin.app.settings.trusted_proxies,
    );
    Ok(Exchange {
        origin: Arc::clone(origin),
        route,
        method: context.method,
        request_id: context.request_id.clone(),
        head,
        body: Some(body),
        parameters,
        address,
        actor: Actor::Anonymous,
        visit: Visit::Anybody,
    })
}

/// The route of a request and its decoded parameters.
fn find(
    app: &App,
    head: &Parts,
    context: &mut Context,
) -> Result<(&'static Route, Vec<String>), Refusal> {
    let place = app.router.find(head.uri.path());
    if head.method == Method::OPTIONS {
        // One row answers for every path, `OPTIONS /*`; it is the table's first.
        context.route = Some(0);
        return Ok((&ROUTES[0], Vec::new()));
    }
    let place = place.ok_or_else(no_route)?;
    let Some(index) = Verb::of(&head.method).and_then(|verb| place.route(verb)) else {
        return Err(Refusal::transport(
            StatusCode::METHOD_NOT_ALLOWED,
            "This path does not have that method; `Allow` lists those it has.",
        )
        .with_header(header::ALLOW, &place.allow()));
    };
    context.route = Some(index);
    context.cors = Some(ROUTES[index].access);
    Ok((&ROUTES[index], place.parameters()?))
}

fn no_route() -> Refusal {
    Error::new(Code::ResourceNotFound, "There is no such route.").into()
}

/// Runs a future whose panic becomes `INTERNAL_ERROR`. What the panic said stays where the panic
/// hook put it: it may quote what was being handled.
async fn unwound(future: impl Future<Output = Result<Reply, Refusal>>) -> Result<Reply, Refusal> {
    let mut future = pin!(future);
    poll_fn(move |cx| {
        catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(Error::internal("a handler panicked").into())))
    })
    .await
}
