//! Calls this server over its own socket, so that the test app sees what every client sees. It calls
//! nothing else: where to is never taken from a request.

use std::time::{Duration, Instant};

use gitflare_core::{Error, Secret};
use gitflare_providers::Loopback;
use http::Method;
use serde_json::Value;

use super::super::{exchange::Exchange, refusal::Refusal};

/// A client of this server.
pub(super) struct Caller(Loopback);

/// The answer to one call.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) request_id: Option<String>,
    /// Null when the body is not JSON.
    pub(super) body: Value,
    pub(super) duration: Duration,
}

impl Caller {
    pub(super) fn new(x: &Exchange) -> Result<Self, Refusal> {
        Ok(Self(x.app().loopback()?.clone()))
    }

    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&Secret<String>>,
        body: Option<&Value>,
    ) -> Result<Answer, Refusal> {
        let started = Instant::now();
        let answer = self.0.call(method, path, token, body.map(Value::to_string));
        let answer = answer.await.map_err(|error| {
            Error::internal(format!(
                "a call of the test app failed: {}",
                error.message()
            ))
        })?;
        Ok(Answer {
            status: answer.status,
            request_id: answer.request_id,
            body: serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
            duration: started.elapsed(),
        })
    }
}
