//! Why a call of the typed client has no answer: the status, what kind of body came with it, and the
//! error that the gateway would answer.

use std::fmt;

use gitflare_core::Code;

/// Why a call has no answer.
#[derive(Debug)]
pub struct Error(gitflare_core::Error);

/// What stood in a refusal, or stood in the way of an answer.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// GitFlic does not know the token, or knows it no longer (`AuthenticationException`). It says so
    /// with status 403.
    Unauthenticated,
    /// The token's account may not do this.
    Forbidden,
    /// GitFlic has no such thing, or does not show it to this account.
    NotFound,
    /// There is no such branch; the answer of a project without commits, too
    /// (`BranchNotFoundException`).
    BranchNotFound,
    /// GitFlic does not accept what was sent.
    Invalid,
    /// The account has called too often.
    RateLimited,
    /// What came is not GitFlic's own word: the page of a filter in front of it, HTML, anything that
    /// is no JSON or not the JSON that was asked for.
    NotJson,
    /// The answer is an object of more than 16 MiB, or a page of such rows.
    TooLarge,
    /// GitFlic failed, or could not be reached.
    Unavailable,
    /// GitFlic did not answer in time.
    TimedOut,
}

impl Error {
    /// The status of the answer; `None` when there was none.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.upstream_status()
    }

    /// What stood in the answer.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match (self.0.code(), self.status()) {
            (Code::AuthExpired | Code::InvalidCredentials, _) => ErrorClass::Unauthenticated,
            (Code::InsufficientScope | Code::AccessBlockedByPolicy, _) => ErrorClass::Forbidden,
            (Code::RepositoryNotFound, _) => ErrorClass::NotFound,
            (Code::ResourceNotFound, _) => ErrorClass::BranchNotFound,
            (Code::RateLimited, _) => ErrorClass::RateLimited,
            (Code::UpstreamTimeout, _) => ErrorClass::TimedOut,
            (Code::UnsupportedEndpoint, None) => ErrorClass::TooLarge,
            (Code::UpstreamUnavailable, Some(..=499)) => ErrorClass::NotJson,
            (Code::UpstreamUnavailable, _) => ErrorClass::Unavailable,
            _ => ErrorClass::Invalid,
        }
    }

    /// Seconds to wait before the next call, where GitFlic said so.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after_seconds()
    }

    /// GitFlic's id of the request, where the answer had one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.provider_request_id()
    }

    /// The error as the gateway answers it.
    #[must_use]
    pub fn into_canonical(self) -> gitflare_core::Error {
        self.0
    }
}

impl From<gitflare_core::Error> for Error {
    fn from(error: gitflare_core::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())?;
        match self.status() {
            Some(status) => write!(f, " (status {status})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
