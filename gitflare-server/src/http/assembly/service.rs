//! The HTTP surface as a service that any hyper server can call, and by the feature `tower` any
//! tower one, such as axum. Listener, TLS, timeouts of heads and answers, and the end of the
//! process are the business of the server that calls it.

use std::{
    convert::Infallible,
    future::Future,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use gitflare_core::gateway::Gateway;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Body;
use tokio::task::JoinHandle;

use super::{
    super::{
        app::App,
        body::{BodyError, RequestBody},
        inspect::HostNames,
        openapi,
        origin::{Entrance, Origin},
        settings::ServiceSettings,
    },
    dispatch,
    routes::ROUTES,
};
use crate::background::Background;

/// The HTTP surface over a gateway. Clones share everything.
///
/// It answers requests whose `Host` is that of `public_url` or `panel_url`, and never fails: every
/// error is a response. To mount it below a path, put the path at the end of both URLs, and let the
/// router in front take it off (axum's `nest_service`) or name it in
/// [`ServiceSettings::strip_prefix`].
///
/// Nothing runs in the background until [`Service::background`] is called.
#[derive(Clone, Debug)]
pub struct Service {
    pub(super) app: Arc<App>,
    entrance: Arc<Entrance>,
}

/// Makes the service of a gateway.
pub fn service(gateway: impl Into<Arc<Gateway>>, settings: ServiceSettings) -> Service {
    let app = Arc::new(App::with_routes(
        gateway.into(),
        settings,
        ROUTES,
        openapi::of_routes,
    ));
    let entrance = Arc::new(Entrance {
        is_internal: false,
        hosts: HostNames::of_urls(&app.settings),
    });
    Service { app, entrance }
}

impl Service {
    /// The gateway behind the service.
    #[must_use]
    pub fn gateway(&self) -> Arc<Gateway> {
        self.app.gateway()
    }

    /// Serves later requests by another gateway over the same storage; background work follows.
    #[cfg(feature = "server")]
    pub(crate) fn replace_gateway(&self, gateway: Gateway) {
        self.app.replace_gateway(Arc::new(gateway));
    }

    /// Starts the work that no request waits for, on the current runtime: deliveries of events,
    /// clean-up of what was revoked, deletion of what has expired. Of several processes over one
    /// storage each may run it.
    #[must_use = "dropping the handle stops the work"]
    pub fn background(&self) -> Background {
        Background::start(&self.app)
    }

    /// Reports `degraded` on `/health` from now on, so that a load balancer sends nothing more.
    pub fn drain(&self) {
        self.app.drain();
    }

    /// Fills the test app in, for a sandbox: subscribes its inbox to every event of the sample at
    /// every emulated host, with an access token that may.
    #[cfg(feature = "sandbox")]
    pub(crate) async fn guide(
        &self,
        guided: super::super::guided::Guided,
        token: &str,
    ) -> gitflare_core::Result<()> {
        for emitter in &guided.emitters {
            let place = (emitter.provider, emitter.repository.as_str());
            super::super::testapp::subscribe_inbox(&self.app, &guided.inbox, token, place).await?;
        }
        self.app.guide(guided);
        Ok(())
    }

    fn answer<B>(&self, request: Request<B>) -> ResponseFuture
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let peer = (self.app.settings.peer)(request.extensions());
        let origin = Arc::new(Origin {
            app: Arc::clone(&self.app),
            entrance: Arc::clone(&self.entrance),
            peer: peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |ip: IpAddr| ip.to_canonical()),
            _in_flight: None,
        });
        ResponseFuture(dispatch::begin(&origin, request.map(RequestBody::new)))
    }
}

impl<B> hyper::service::Service<Request<B>> for Service
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<B>) -> ResponseFuture {
        self.answer(request)
    }
}

#[cfg(feature = "tower")]
impl<B> tower_service::Service<Request<B>> for Service
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        self.answer(request)
    }
}

/// A response in the making. The request has a task of its own: a client that goes away drops
/// this, and the work is still finished and recorded.
#[derive(Debug)]
pub struct ResponseFuture(pub(super) JoinHandle<Response<Full<Bytes>>>);

impl Future for ResponseFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|outcome| Ok(outcome.unwrap_or_else(|_| abandoned())))
    }
}

/// The answer when the runtime ends a task: panics are answered inside it, so this is a process
/// that stops before the drain is over.
fn abandoned() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
