//! Calls to a server of this process over its own socket, with the one outbound client: for what has
//! to see that server as every client does. It dials that address and no other.

use std::{net::SocketAddr, time::Duration};

use gitflare_core::{Error, Result, Secret};
use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue},
};
use tokio::time::Instant;

use super::{Base, Failure, Http, HttpConfig, Submission};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A client of one server of this process.
#[derive(Clone, Debug)]
pub struct Loopback {
    http: Http,
    base: Base,
    host: HeaderValue,
}

/// What the server answered.
#[derive(Debug)]
pub struct LoopbackAnswer {
    /// The status code.
    pub status: u16,
    /// `X-Request-Id`; `None` when it was not sent.
    pub request_id: Option<String>,
    /// The body, at most 16 MiB; of a refusal at most 64 KiB.
    pub body: Vec<u8>,
}

impl Loopback {
    /// A client of the server that listens at `address`, which is called `host`.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when `host` cannot be a header's value.
    pub fn new(address: SocketAddr, host: &str) -> Result<Self> {
        let http = Http::new(&HttpConfig {
            allowed_private: vec![address.to_string()],
            first_byte_timeout: TIMEOUT,
            ..HttpConfig::default()
        })?;
        Ok(Self {
            base: http.base(&format!("http://{address}/"))?,
            host: HeaderValue::from_str(host)
                .map_err(|_| Error::internal("the host cannot be sent"))?,
            http,
        })
    }

    /// Sends one request for JSON. `target` is the path with its query.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when there is no answer within 30 seconds, or none that can be read.
    pub async fn call(
        &self,
        method: Method,
        target: &str,
        token: Option<&Secret<String>>,
        json: Option<String>,
    ) -> Result<LoopbackAnswer> {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(HOST, self.host.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if json.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .map_err(|_| Error::internal("the token cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let mut url = self.base.join(path);
        url.set_query(query);
        let submission = Submission {
            method,
            url,
            headers,
            body: json.unwrap_or_default(),
        };
        let sent = self
            .http
            .submit(&self.base, submission, Instant::now() + TIMEOUT);
        let reply = sent.await.map_err(|failure| {
            Error::internal(match failure {
                Failure::Timeout => "no answer in time".to_owned(),
                Failure::TooLarge | Failure::RowTooLarge | Failure::ObjectTooLarge => {
                    "the answer is too large".to_owned()
                }
                Failure::Unreachable(error) => error,
                Failure::Unusable(error) => error.to_owned(),
            })
        })?;
        let request_id = reply.headers.get(&REQUEST_ID);
        Ok(LoopbackAnswer {
            status: reply.status,
            request_id: request_id
                .and_then(|id| id.to_str().ok())
                .map(str::to_owned),
            body: reply.body,
        })
    }
}
