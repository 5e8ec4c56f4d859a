//! Calls this server over its own socket, so that the test app sees what every client sees. It calls
//! nothing else: where to is never taken from a request.

use std::time::{Duration, Instant};

use bytes::Bytes;
use gitflare_core::{Error, Secret};
use http::{Method, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use super::super::{exchange::Exchange, refusal::Refusal};

/// The most of an answer that is looked at.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of this server.
pub(super) struct Caller {
    address: std::net::SocketAddr,
    host: String,
}

/// The answer to one call.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) request_id: Option<String>,
    pub(super) body: Value,
    pub(super) duration: Duration,
}

impl Caller {
    pub(super) fn new(x: &Exchange) -> Result<Self, Refusal> {
        let address = x
            .app()
            .own_address()
            .ok_or_else(|| Error::internal("the listener's address is not known"))?;
        Ok(Self {
            address,
            host: x
                .settings()
                .public_url
                .split("//")
                .nth(1)
                .and_then(|rest| rest.split('/').next())
                .unwrap_or_default()
                .to_owned(),
        })
    }

    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&Secret<String>>,
        body: Option<&Value>,
    ) -> Result<Answer, Refusal> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::ACCEPT, "application/json");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request
            .body(Full::new(bytes))
            .map_err(|error| Error::internal(format!("a call could not be formed: {error}")))?;
        let started = Instant::now();
        let answer = timeout(PATIENCE, self.send(request))
            .await
            .map_err(|_| Error::internal("a call of the test app took too long"))?
            .map_err(|error| Error::internal(format!("a call of the test app failed: {error}")))?;
        Ok(Answer {
            duration: started.elapsed(),
            ..answer
        })
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let socket = TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(socket)).await?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let request_id = answer
            .headers()
            .get("x-request-id")
            .and_then(|id| id.to_str().ok())
            .map(str::to_owned);
        let body = Limited::new(answer.into_body(), MAX_ANSWER)
            .collect()
            .await?
            .to_bytes();
        connection.abort();
        Ok(Answer {
            status,
            request_id,
            // What is no JSON has no members to look at.
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            duration: Duration::ZERO,
        })
    }
}
