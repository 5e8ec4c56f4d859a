//! The one error type of the product: a code of the contract, a message for the client, a detail
//! for the log, and the facts of the upstream answer. It knows no HTTP beyond the code's status.

mod catalogue;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

pub use catalogue::{CODES, Code, CodeRow};

use crate::provider::{ProviderId, RateLimit};

/// A result whose failure is an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where a failure lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Source {
    /// The gateway refused or failed.
    Gitflare,
    /// The provider refused or failed.
    Provider,
}

/// A failure that ends a request.
///
/// The message reaches the client and never holds a secret, a path of the host or an upstream
/// body; the detail reaches the log only.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: String,
    detail: Option<String>,
    source: Source,
    provider: Option<ProviderId>,
    upstream_status: Option<u16>,
    provider_request_id: Option<String>,
    retry_after_seconds: Option<u32>,
    rate_limits: Vec<(ProviderId, RateLimit)>,
}

impl Error {
    /// A refusal or failure of the gateway itself.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            detail: None,
            source: Source::Gitflare,
            provider: None,
            upstream_status: None,
            provider_request_id: None,
            retry_after_seconds: None,
            rate_limits: Vec::new(),
        }))
    }

    /// A failure that `provider` reported, or that reaching it ended in.
    pub fn upstream(code: Code, provider: ProviderId, message: impl Into<String>) -> Self {
        let mut error = Self::new(code, message).with_provider(provider);
        error.0.source = Source::Provider;
        error
    }

    /// `INVALID_REQUEST`; the message names the parameter and the rule.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, message)
    }

    /// `INVALID_CURSOR`, with the same words whatever was wrong with it: the difference between
    /// altered and foreign is nobody's business. The reason goes to the log.
    pub fn invalid_cursor(detail: impl Into<String>) -> Self {
        Self::new(
            Code::InvalidCursor,
            "The provided pagination cursor is invalid.",
        )
        .with_detail(detail)
    }

    /// `RESOURCE_NOT_FOUND` for an object of ours, equal for foreign and for missing ids (TN-2).
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::ResourceNotFound, format!("There is no such {what}."))
    }

    /// `UNSUPPORTED_PROVIDER`, with the same words for an unknown and for a disabled one.
    #[must_use]
    pub fn unknown_provider() -> Self {
        Self::new(
            Code::UnsupportedProvider,
            "This provider is unknown or disabled.",
        )
    }

    /// `UNSUPPORTED_ENDPOINT`: `provider` has no such operation.
    #[must_use]
    pub fn unsupported(provider: ProviderId, endpoint: crate::provider::Endpoint) -> Self {
        Self::new(
            Code::UnsupportedEndpoint,
            format!("The provider `{provider}` does not serve `{endpoint}`."),
        )
        .with_provider(provider)
    }

    /// `INTERNAL_ERROR`; the client learns nothing but the request id.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(
            Code::InternalError,
            "An unexpected error occurred. Quote the request id when you report it.",
        )
        .with_detail(detail)
    }

    /// Adds what the operator should read in the log.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Says it in other words.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Names the provider that is involved.
    #[must_use]
    pub fn with_provider(mut self, provider: ProviderId) -> Self {
        self.0.provider = Some(provider);
        self
    }

    /// Adds the facts of the upstream's answer.
    #[must_use]
    pub fn with_upstream(mut self, status: u16, request_id: Option<String>) -> Self {
        self.0.upstream_status = Some(status);
        self.0.provider_request_id = request_id;
        self
    }

    /// Says when a retry may succeed, clamped to 1..=3,600 seconds (SR-9).
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds.clamp(1, 3600));
        self
    }

    /// Adds how often the upstreams that were asked let these accounts call.
    #[must_use]
    pub fn with_rate_limits(mut self, rate_limits: Vec<(ProviderId, RateLimit)>) -> Self {
        self.0.rate_limits = rate_limits;
        self
    }

    /// How often the upstreams that were asked let these accounts call, where they were asked.
    #[must_use]
    pub fn rate_limits(&self) -> &[(ProviderId, RateLimit)] {
        &self.0.rate_limits
    }

    /// The code of the contract.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What the client reads.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the log holds beside the message.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// Where the failure lies.
    #[must_use]
    pub fn source(&self) -> Source {
        self.0.source
    }

    /// The provider that is involved.
    #[must_use]
    pub fn provider(&self) -> Option<ProviderId> {
        self.0.provider
    }

    /// The HTTP status that the provider answered with.
    #[must_use]
    pub fn upstream_status(&self) -> Option<u16> {
        self.0.upstream_status
    }

    /// The provider's own id of the request.
    #[must_use]
    pub fn provider_request_id(&self) -> Option<&str> {
        self.0.provider_request_id.as_deref()
    }

    /// Seconds after which a retry may succeed.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after_seconds
    }

    /// The canonical object that stands under `error` in a reply.
    #[must_use]
    pub fn canonical<'a>(&'a self, request_id: &'a str) -> Canonical<'a> {
        let row = self.0.code.row();
        Canonical {
            code: row.name,
            message: &self.0.message,
            source: self.0.source,
            provider: self.0.provider,
            retryable: row.retryable,
            user_action_required: row.user_action_required,
            suggested_action: row.suggested_action,
            upstream_status: self.0.upstream_status,
            request_id,
            provider_request_id: self.0.provider_request_id.as_deref(),
            retry_after_seconds: self.0.retry_after_seconds,
        }
    }
}

/// The canonical error object, in the contract's spelling and order.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(rename = "ErrorDetail"))]
pub struct Canonical<'a> {
    #[cfg_attr(feature = "schemars", schemars(with = "Code"))]
    code: &'static str,
    /// What failed, for people. The wording may change.
    message: &'a str,
    /// Whether the gateway or the provider refused or failed.
    source: Source,
    /// The id of the provider that is involved; `None` when none is.
    provider: Option<ProviderId>,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// Whether somebody has to do something before the same request can succeed.
    user_action_required: bool,
    /// The one thing to do about the error.
    #[cfg_attr(
        feature = "schemars",
        schemars(schema_with = "catalogue::suggested_action")
    )]
    suggested_action: &'static str,
    /// The HTTP status of the provider's answer; `None` when there was none.
    upstream_status: Option<u16>,
    /// The id of the request, also in the header `x-request-id`.
    request_id: &'a str,
    /// The provider's own id of its answer; `None` when it sent none.
    provider_request_id: Option<&'a str>,
    /// The seconds to wait before another try, also in the header `Retry-After`; `None` when
    /// waiting does not help or how long is not known.
    retry_after_seconds: Option<u32>,
}

/// The canonical object as a gateway elsewhere has written it. The request's id becomes the detail.
impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Received {
            code: String,
            message: String,
            source: Source,
            provider: Option<ProviderId>,
            upstream_status: Option<u16>,
            request_id: String,
            provider_request_id: Option<String>,
            retry_after_seconds: Option<u32>,
        }
        let received = Received::deserialize(deserializer)?;
        let code = Code::parse(&received.code)
            .ok_or_else(|| serde::de::Error::custom("not an error code of the contract"))?;
        Ok(Self(Box::new(Inner {
            code,
            message: received.message,
            detail: Some(format!("request {}", received.request_id)),
            source: received.source,
            provider: received.provider,
            upstream_status: received.upstream_status,
            provider_request_id: received.provider_request_id,
            retry_after_seconds: received.retry_after_seconds,
            rate_limits: Vec::new(),
        })))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.name(), self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        if let Some(detail) = &self.0.detail {
            write!(f, " [{detail}]")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_object_has_the_contract_shape() {
        let json =
            serde_json::to_value(Error::invalid_cursor("bad tag").canonical("gf_req_123")).unwrap();
        let read: Error = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(read.detail(), Some("request gf_req_123"));
        assert_eq!(
            serde_json::to_value(read.canonical("gf_req_123")).unwrap(),
            json
        );
        assert_eq!(
            json,
            serde_json::json!({
                "code": "INVALID_CURSOR",
                "message": "The provided pagination cursor is invalid.",
                "source": "gitflare",
                "provider": null,
                "retryable": false,
                "user_action_required": true,
                "suggested_action": "restart_pagination",
                "upstream_status": null,
                "request_id": "gf_req_123",
                "provider_request_id": null,
                "retry_after_seconds": null
            })
        );
    }

    #[test]
    fn retry_after_is_clamped() {
        // sec: SR-9
        let error = Error::new(Code::RateLimited, "slow down");
        assert_eq!(
            error.clone().with_retry_after(0).retry_after_seconds(),
            Some(1)
        );
        assert_eq!(
            error.with_retry_after(90_000).retry_after_seconds(),
            Some(3600)
        );
    }
}
