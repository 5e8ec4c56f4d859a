//! From a request's head to its answer: inspection, route, credential of the route, handler, each
//! in that order and in a task of its own. It parses no body and writes no header.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Instant,
};

use bytes::Bytes;
use gitflare_core::{Code, Error};
use http::{Method, Request, Response, StatusCode, Uri, header, request::Parts};
use http_body_util::Full;
use tokio::task::JoinHandle;

use super::{
    super::{
        app::App,
        body::RequestBody,
        exchange::{Exchange, Received},
        inspect,
        origin::Origin,
        proxy,
        refusal::Refusal,
        reply::Reply,
        route::{Access, Matched, RouteMethod},
    },
    auth,
    respond::Context,
    routes::{HANDLERS, Handler},
};

/// Starts a request in a task of its own: it is finished and recorded even when the client is
/// gone, and a panic in it ends nothing else (HT-9).
pub(super) fn begin(
    origin: &Arc<Origin>,
    request: Request<RequestBody>,
) -> JoinHandle<Response<Full<Bytes>>> {
    let started = Instant::now();
    let origin = Arc::clone(origin);
    tokio::spawn(async move {
        let (head, body) = request.into_parts();
        let mut context = Context::new(&origin, &head);
        let outcome = serve(&origin, head, body, &mut context).await;
        if let Err(refusal) = &outcome {
            context.meet(&origin.app, refusal).await;
        }
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
    body: RequestBody,
    context: &mut Context,
) -> Result<Reply, Refusal> {
    let (mut exchange, handler) = admit(origin, head, body, context)?;
    unwound(async {
        match auth::authorize(&exchange).await {
            Ok((actor, visit)) => exchange.identify(actor, visit),
            Err(refusal) => return sign_in_first(&exchange, context, refusal),
        }
        handler(exchange).await
    })
    .await
}

/// Redirects a browser that is not signed in from a page to the sign-in.
fn sign_in_first(x: &Exchange, context: &Context, refusal: Refusal) -> Result<Reply, Refusal> {
    let lacks_session = matches!(
        refusal.error().code(),
        Code::AuthRequired | Code::AuthExpired
    );
    let is_page = x.route.access == Access::UserSession && x.route.method == RouteMethod::Get;
    if lacks_session && is_page && context.wants_page() {
        return Reply::see_other("/app/login");
    }
    Err(refusal)
}

/// Everything that is checked before a credential is looked at.
fn admit(
    origin: &Arc<Origin>,
    mut head: Parts,
    body: RequestBody,
    context: &mut Context,
) -> Result<(Exchange, Handler), Refusal> {
    inspect::inspect(&head, &origin.entrance.hosts)?;
    if let Some(prefix) = &origin.app.settings.strip_prefix {
        head.uri = below(&head.uri, prefix).ok_or_else(no_route)?;
    }
    let (matched, parameters) = find(&origin.app, &head, context)?;
    if origin.entrance.is_internal && matched.route.access != Access::Internal {
        return Err(no_route());
    }
    let address = proxy::client_address(
        &head.headers,
        origin.peer,
        &origin.app.settings.trusted_proxies,
    );
    context.address = address;
    let exchange = Exchange::new(Received {
        origin: Arc::clone(origin),
        route: matched.route,
        method: context.method,
        request_id: context.request_id.clone(),
        head,
        body,
        parameters,
        address,
        note: Arc::clone(&context.note),
    });
    Ok((exchange, HANDLERS[matched.index]))
}

/// The address without the prefix of its path; `None` where it has another one.
fn below(uri: &Uri, prefix: &str) -> Option<Uri> {
    let target = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    if !target.starts_with('/') {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The route of a request and its decoded parameters.
fn find(app: &App, head: &Parts, context: &mut Context) -> Result<(Matched, Vec<String>), Refusal> {
    let place = app.router.find(head.uri.path());
    if head.method == Method::OPTIONS {
        // One row answers for every path, `OPTIONS /*`; it is the table's first.
        let matched = app.matched(0);
        context.route = Some(matched);
        return Ok((matched, Vec::new()));
    }
    let place = place.ok_or_else(no_route)?;
    let Some(index) = place.route_for(&head.method) else {
        return Err(Refusal::transport(
            StatusCode::METHOD_NOT_ALLOWED,
            "This path does not have that method; `Allow` lists those it has.",
        )
        .with_header(header::ALLOW, &place.allow()));
    };
    let matched = app.matched(index);
    context.route = Some(matched);
    context.cors = Some(matched.route.access);
    Ok((matched, place.parameters()?))
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
