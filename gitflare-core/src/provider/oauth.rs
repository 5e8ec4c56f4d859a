//! Linking accounts at a provider: OAuth 2.0 with authorization codes and PKCE, as each adapter
//! speaks it. State, browsers, storage and the choice when to refresh are the gateway's business.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::{Error, Result, Scopes, Secret};

/// Parameters of the authorization URL.
#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// `state` (RFC 6749, section 4.1.1), which the provider returns unchanged.
    pub state: &'a Secret<String>,
    /// The S256 challenge of the verifier that the exchange will present (RFC 7636).
    pub code_challenge: &'a str,
    /// Permissions that the connection must allow; the adapter requests the smallest scopes for
    /// them.
    pub permissions: Scopes,
}

/// A code that came back, with what proves that it is ours.
#[derive(Debug)]
pub struct CodeExchange<'a> {
    /// The authorization code that the provider sent back.
    pub code: &'a Secret<String>,
    /// The verifier of the challenge.
    pub code_verifier: &'a Secret<String>,
    /// Time at which the answer is given up (monotonic clock).
    pub deadline: Instant,
}

/// A refresh token to use up.
#[derive(Debug)]
pub struct TokenRefresh<'a> {
    /// The refresh token; a provider that rotates ends it with this request.
    pub refresh_token: &'a Secret<String>,
    /// Time at which the answer is given up (monotonic clock).
    pub deadline: Instant,
}

/// Tokens that nobody is to use any more.
#[derive(Debug)]
pub struct TokenRevocation<'a> {
    /// The access token to revoke.
    pub access_token: &'a Secret<String>,
    /// The refresh token, where there is one.
    pub refresh_token: Option<&'a Secret<String>>,
    /// Time at which the answer is given up (monotonic clock).
    pub deadline: Instant,
}

/// Tokens that a provider issued.
#[derive(Clone, Debug)]
pub struct ProviderTokens {
    /// The access token that API calls carry.
    pub access_token: Secret<String>,
    /// Buys the next pair, once.
    pub refresh_token: Option<Secret<String>>,
    /// Lifetime of the access token, counted from the request; `None` when it does not expire.
    pub lifetime: Option<Duration>,
    /// The provider's scopes that were granted, which may be fewer than those that were asked.
    pub scopes: Vec<String>,
}

/// Failure of a token request.
#[derive(Debug)]
pub enum OauthRefusal {
    /// The code or refresh token is spent, expired or revoked (`invalid_grant`): asking again
    /// cannot help.
    Rejected(Error),
    /// Anything else: the provider is away, or our registration there is wrong. What was presented
    /// may still be good.
    Failed(Error),
}

impl OauthRefusal {
    /// The error, of either kind.
    #[must_use]
    pub fn into_error(self) -> Error {
        match self {
            Self::Rejected(error) | Self::Failed(error) => error,
        }
    }
}

/// How accounts are linked at a provider. The redirect URI to register there, and to send, is
/// `<public URL>/v1/auth/<provider id>/callback`. None of the calls is ever repeated by itself: each one
/// may use up what it presents.
#[async_trait]
pub trait ProviderOauth: Send + Sync {
    /// Where the browser goes to consent.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when no URL can be made of it.
    fn authorization_url(&self, request: &AuthorizationRequest<'_>) -> Result<String>;

    /// The origin of the provider's own pages. An issuer that comes back with a code must be below
    /// it (RFC 9207).
    fn issuer_origin(&self) -> &str;

    /// Where the customer chooses the repositories that an app may see; `None` where the provider
    /// has no such page.
    fn installation_url(&self) -> Option<String> {
        None
    }

    /// What the provider is asked for beyond reading, because it has nothing narrower that allows
    /// these permissions: in words for the customer, each as the end of "it asks for". Empty when
    /// only reading is asked for.
    fn beyond_reading(&self, _permissions: Scopes) -> Vec<&'static str> {
        Vec::new()
    }

    /// Whether the provider sends the code to our server by a POST of its own, and the browser
    /// comes back without it.
    fn posts_code(&self) -> bool {
        false
    }

    /// Buys tokens with a code.
    async fn exchange(&self, exchange: CodeExchange<'_>) -> Result<ProviderTokens, OauthRefusal>;

    /// Buys the next tokens with a refresh token; the ones before may end with that.
    async fn refresh(&self, refresh: TokenRefresh<'_>) -> Result<ProviderTokens, OauthRefusal>;

    /// Ends tokens. Those that have ended already are a success.
    async fn revoke(&self, revocation: TokenRevocation<'_>) -> Result<()>;
}
