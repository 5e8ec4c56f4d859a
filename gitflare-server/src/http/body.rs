//! Reading request bodies within limits of size and time (HT-1, HT-2), and what type they have.
//! hyper has no body timeout of its own.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use gitflare_core::Error;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::body::Body;
use tokio::time::{Duration, Instant, timeout_at};

use super::{refusal::Refusal, room::Share, settings::Limits};

/// The most that a body may hold where nothing else is said.
pub(super) const MAX_BODY: usize = 64 * 1024;
/// The most that a form with credentials may hold.
pub(super) const MAX_CREDENTIALS: usize = 8 * 1024;

/// The most that a form may hold that chooses repositories.
pub(super) const MAX_CHOICES: usize = 256 * 1024;

/// The slowest that a body may arrive, beyond its grace.
const BYTES_PER_SECOND: u64 = 1000;

/// Failure to receive a body.
pub(super) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A request's body that is not read yet, whichever server has received it.
// The mutex is never locked: it makes a body that one thread at a time may use part of a request
// that several may look at.
pub(super) struct RequestBody(Mutex<UnsyncBoxBody<Bytes, BodyError>>);

impl RequestBody {
    pub(super) fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        Self(Mutex::new(body.map_err(Into::into).boxed_unsync()))
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestBody")
    }
}

/// The body of at most `max` bytes.
pub(super) async fn read(
    body: RequestBody,
    max: usize,
    limits: &Limits,
) -> Result<Vec<u8>, Refusal> {
    read_within(body, max, limits, None).await
}

/// The body of at most `max` bytes, kept in a share of a room that many bodies have together.
pub(super) async fn read_within(
    body: RequestBody,
    max: usize,
    limits: &Limits,
    mut share: Option<&mut Share>,
) -> Result<Vec<u8>, Refusal> {
    let mut body = body.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let too_large = || {
        Refusal::transport(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("The body must have at most {max} bytes."),
        )
    };
    let announced = body.size_hint().lower();
    if announced > max as u64 {
        return Err(too_large());
    }
    let started = Instant::now();
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    loop {
        let paid_for = Duration::from_millis(bytes.len() as u64 * 1000 / BYTES_PER_SECOND);
        let allowed = limits.body_timeout.min(limits.body_grace + paid_for);
        let frame = match timeout_at(started + allowed, body.frame()).await {
            Err(_) => {
                return Err(Refusal::transport(
                    StatusCode::REQUEST_TIMEOUT,
                    "The body did not arrive in time.",
                ));
            }
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(_))) => {
                let error = Error::invalid_request("The body is not framed as HTTP/1.1 demands.");
                return Err(Refusal::from(error).closing());
            }
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers carry nothing that is read here.
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > max {
                return Err(too_large());
            }
            if let Some(share) = &mut share {
                let grown = share.grow(bytes.len() + data.len());
                grown.map_err(|full| Refusal::from(full).closing())?;
            }
            bytes.extend_from_slice(&data);
        }
    }
}

/// The media types that bodies are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentType {
    Json,
    Form,
    Other,
}

/// The type of a body, parameters (such as a charset) aside.
pub(super) fn content_type(headers: &HeaderMap) -> ContentType {
    let sent = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        ContentType::Json
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        ContentType::Form
    } else {
        ContentType::Other
    }
}

/// Refuses a body that is not JSON.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    match content_type(headers) {
        ContentType::Json => Ok(()),
        ContentType::Form | ContentType::Other => Err(unsupported(
            "Send the body as `Content-Type: application/json`.",
        )),
    }
}

/// The refusal of a body of another type.
pub(super) fn unsupported(message: &str) -> Refusal {
    Refusal::transport(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_read_without_its_parameters() {
        for (sent, expected) in [
            ("application/json", ContentType::Json),
            ("Application/JSON; charset=utf-8", ContentType::Json),
            (
                "application/x-www-form-urlencoded;charset=UTF-8",
                ContentType::Form,
            ),
            ("text/plain", ContentType::Other),
            ("application/jsonp", ContentType::Other),
            ("", ContentType::Other),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, sent.parse().unwrap());
            assert_eq!(content_type(&headers), expected, "{sent}");
        }
        assert_eq!(content_type(&HeaderMap::new()), ContentType::Other);
    }
}
