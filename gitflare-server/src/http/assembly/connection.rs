//! One connection from its first byte to its last: hyper speaks HTTP/1.1 on it, every request
//! becomes an exchange, and what hyper refuses to parse is refused in the canonical shape. HTTP/2
//! and TLS are a proxy's business.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::timeout,
};

use super::{
    super::{body::RequestBody, origin::Origin},
    dispatch, respond,
    service::ResponseFuture,
    timed_socket::{ConnectionState, TimedSocket},
};

/// The most that a request's head may hold, request line included (HT-2).
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// How long, and for how many bytes, a closing connection is read on, so that an answer to a
/// request that was not read whole is not lost to a reset.
const LINGER: Duration = Duration::from_millis(500);
const LINGER_BYTES: usize = 256 * 1024;

/// Serves a connection until either side closes it.
pub(super) async fn serve(socket: TcpStream, origin: Origin, mut draining: watch::Receiver<bool>) {
    // Answers are written whole; waiting to fill a segment only delays them.
    let _ = socket.set_nodelay(true);
    let limits = origin.app.settings.limits;
    let state = Arc::new(ConnectionState::default());
    let socket = TimedSocket::new(
        socket,
        Arc::clone(&state),
        limits.head_timeout,
        limits.write_timeout,
    );
    let service = Requests {
        origin: Arc::new(origin),
        state: Arc::clone(&state),
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_timeout)
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        // A client may close its sending side and still wait for the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(socket), service);

    let mut is_draining = false;
    let outcome = loop {
        tokio::select! {
            biased;
            outcome = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break outcome,
            _ = draining.wait_for(|&draining| draining), if !is_draining => {
                is_draining = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    let parts = connection.into_parts();
    let mut socket = parts.io.into_inner().into_inner();
    if let Err(error) = outcome {
        let is_half_sent = error.is_timeout() || is_timed_out(&error);
        let status = if error.is_parse_too_large() {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        } else if error.is_parse() {
            StatusCode::BAD_REQUEST
        } else if is_half_sent && !parts.read_buf.is_empty() {
            StatusCode::REQUEST_TIMEOUT
        } else {
            return;
        };
        let app = &parts.service.origin.app;
        let answer = respond::unparsed(app, status);
        let _ = timeout(limits.write_timeout, socket.write_all(&answer)).await;
    }
    linger(socket).await;
}

/// Whether a timer of the socket ended the connection.
fn is_timed_out(error: &hyper::Error) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut)
}

async fn linger(mut socket: TcpStream) {
    if socket.shutdown().await.is_err() {
        return;
    }
    let _ = timeout(LINGER, async {
        let mut rest = [0u8; 4096];
        let mut read = 0;
        while read < LINGER_BYTES {
            match socket.read(&mut rest).await {
                Ok(0) | Err(_) => break,
                Ok(count) => read += count,
            }
        }
    })
    .await;
}

/// Hands each request of a connection to an exchange.
struct Requests {
    origin: Arc<Origin>,
    state: Arc<ConnectionState>,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        self.state.is_head_read.store(true, Ordering::Relaxed);
        self.state.is_serving.store(true, Ordering::Relaxed);
        Answer {
            response: ResponseFuture(dispatch::begin(&self.origin, request.map(RequestBody::new))),
            state: Arc::clone(&self.state),
        }
    }
}

/// A response in the making, which tells the socket's timers when it is handed over.
struct Answer {
    response: ResponseFuture,
    state: Arc<ConnectionState>,
}

impl Future for Answer {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.response).poll(cx).map(|outcome| {
            self.state.is_serving.store(false, Ordering::Relaxed);
            self.state.is_answering.store(true, Ordering::Relaxed);
            outcome
        })
    }
}
