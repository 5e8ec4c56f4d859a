//! The typed reads of [`reader`](gitflare_core::reader) over HTTP: a server elsewhere is read by the
//! same methods as a gateway of this process. Tokens are exchanged and renewed; nothing else is
//! written, and events are not received.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> gitflare::core::Result<()> {
//! # let token = String::new();
//! let client = gitflare::client::Client::new("https://git.example.com")?;
//! let reader = client.reader(token);
//! let mut commits = reader.repository("github", "acme/storefront").commits().stream();
//! while let Some(commit) = commits.try_next().await? {
//!     println!("{} {}", commit.sha, commit.title.unwrap_or_default());
//! }
//! # Ok(())
//! # }
//! ```

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use gitflare_core::{
    Backoff, Code, Error, Result, Secret, SystemRandom,
    filter::FirewallReport,
    gateway::{PageInfo, Payload},
    provider::Endpoint,
    reader::{Asked, Reader, Told, Transport},
};
use reqwest::{
    Response, StatusCode, Url,
    header::{ETAG, IF_NONE_MATCH},
};
use serde::{Deserialize, de::DeserializeOwned};

/// How often a call is sent at most.
const ATTEMPTS: u32 = 4;
/// A call that should be repeated later than this fails instead.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long to wait where the server does not say.
const WAITS: Backoff = Backoff {
    first: Duration::from_millis(250),
    longest: Duration::from_secs(10),
    jitter: 0.25,
};
/// How long a whole answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The most bytes of an answer that are read: more than the largest file in base64.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// A GitFlare server, by its address. Clones share their connections.
///
/// Calls that failed with a retryable error are repeated, four times at most, after the seconds that
/// the server asks for; whatever else failed is not.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    /// Without a slash at its end.
    base: String,
}

/// The credentials of an app, for tokens.
#[derive(Clone, Debug)]
pub struct App {
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret.
    pub client_secret: Secret<String>,
}

/// A token that a customer's approval has bought.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// The access token.
    pub access_token: Secret<String>,
    /// Seconds until it ends.
    pub expires_in: u64,
    /// The scopes that it has, separated by spaces.
    pub scope: String,
}

/// A server, read with one access token.
#[derive(Clone, Debug)]
pub struct Remote {
    client: Client,
    token: Secret<String>,
}

impl Client {
    /// A client of the server at this base URL, without user name or password: `https`, or `http` on
    /// this machine, where no proxy is asked.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for another URL.
    pub fn new(url: &str) -> Result<Self> {
        let refused = || {
            Error::invalid_request("The server's URL must be `https`, or `http` on this machine.")
        };
        let parsed = Url::parse(url).map_err(|_| refused())?;
        let is_local = match parsed.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let has_user = !parsed.username().is_empty() || parsed.password().is_some();
        let is_plain = parsed.query().is_none() && parsed.fragment().is_none() && !has_user;
        if !(is_plain && (parsed.scheme() == "https" || parsed.scheme() == "http" && is_local)) {
            return Err(refused());
        }
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(gitflare_providers::tls())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .user_agent(concat!("gitflare-client/", env!("CARGO_PKG_VERSION")));
        if parsed.scheme() == "http" {
            // What is not encrypted stays on this machine, whatever a proxy or a resolver says.
            http = http.no_proxy();
            if let Some(url::Host::Domain(name)) = parsed.host() {
                let port = parsed.port_or_known_default().unwrap_or(80);
                let here = [
                    SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
                    SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
                ];
                http = http.resolve_to_addrs(name, &here);
            }
        }
        let http = http
            .build()
            .map_err(|error| Error::internal(format!("no client: {error}")))?;
        Ok(Self(Arc::new(Inner {
            http,
            base: parsed.as_str().trim_end_matches('/').to_owned(),
        })))
    }

    /// The ids of the providers that the server reads, whoever asks. A list over all of them has one page:
    /// ask each for its own.
    ///
    /// # Errors
    /// What the server answers; `UPSTREAM_UNAVAILABLE` when it cannot be reached.
    pub async fn providers(&self) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Provider {
            id: String,
            enabled: bool,
        }
        let url = format!("{}/v1/providers", self.0.base);
        let send = || self.0.http.get(&url);
        let answer = self.repeated(send, |error| error.code().row().retryable);
        let body: Body<Vec<Provider>> = read(answer.await?).await?;
        let enabled = body.data.into_iter().filter(|it| it.enabled);
        Ok(enabled.map(|it| it.id).collect())
    }

    /// Reads with an access token. The token is judged by each read.
    pub fn reader(&self, token: impl Into<Secret<String>>) -> Reader<Remote> {
        Reader::over(Remote {
            client: self.clone(),
            token: token.into(),
        })
    }

    /// Exchanges the code that a customer came back with, once and within its 60 seconds.
    ///
    /// # Errors
    /// What the server answers; `UPSTREAM_UNAVAILABLE` when it cannot be reached.
    pub async fn exchange(&self, app: &App, code: &str, redirect_uri: &str) -> Result<Token> {
        let members = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
        ];
        self.token(app, &members).await
    }

    /// A new token for a customer who has approved before, without the customer.
    ///
    /// # Errors
    /// `APPROVAL_REQUIRED` once the approval has ended; what else the server answers.
    pub async fn renew(&self, app: &App, customer_ref: &str) -> Result<Token> {
        let members = [
            ("grant_type", "client_credentials"),
            ("customer_ref", customer_ref),
        ];
        self.token(app, &members).await
    }

    async fn token(&self, app: &App, members: &[(&str, &str)]) -> Result<Token> {
        let own = [
            ("client_id", app.client_id.as_str()),
            ("client_secret", app.client_secret.expose().as_str()),
        ];
        let body: BTreeMap<_, _> = own.iter().chain(members).copied().collect();
        let url = format!("{}/oauth/token", self.0.base);
        let send = || self.0.http.post(&url).json(&body);
        // Whether a code was spent by an answer that never came is not known: only what was refused
        // before it did anything is repeated.
        let answer = self
            .repeated(send, |error| error.code() == Code::RateLimited)
            .await?;
        read(answer).await
    }

    /// Sends a request until it is answered, or may not be repeated.
    async fn repeated(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder + Send + Sync,
        may_repeat: impl Fn(&Error) -> bool + Send + Sync,
    ) -> Result<Response> {
        let mut attempts = 1;
        loop {
            let error = match answered(request()).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let wait = match error.retry_after_seconds() {
                Some(seconds) => Duration::from_secs(seconds.into()),
                None => WAITS.wait(attempts, &SystemRandom),
            };
            if attempts == ATTEMPTS || wait > LONGEST_WAIT || !may_repeat(&error) {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            attempts += 1;
        }
    }
}

/// A body that a read was answered with.
#[derive(Deserialize)]
struct Body<T> {
    data: T,
    page_info: Option<PageInfo>,
    firewall: Option<FirewallReport>,
    #[serde(default)]
    errors: Vec<Error>,
}

#[derive(Deserialize)]
struct Refused {
    error: Error,
}

impl Transport for Remote {
    async fn ask<T: DeserializeOwned + Send + 'static>(
        &self,
        _: Endpoint,
        asked: Asked,
        _: fn(Payload) -> Option<T>,
    ) -> Result<Told<T>> {
        let Inner { http, base } = &*self.client.0;
        let url = url_of(base, &asked)?;
        let send = || {
            let request = http.get(url.clone()).bearer_auth(self.token.expose());
            match &asked.if_none_match {
                Some(tags) => request.header(IF_NONE_MATCH, tags),
                None => request,
            }
        };
        let is_retryable = |error: &Error| error.code().row().retryable;
        let response = self.client.repeated(send, is_retryable).await?;
        let etag = response.headers().get(ETAG);
        let etag = etag.and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Told {
                value: None,
                page_info: None,
                firewall: None,
                errors: Vec::new(),
                rate_limits: Vec::new(),
                etag,
            });
        }
        let body: Body<T> = read(response).await?;
        Ok(Told {
            value: Some(body.data),
            page_info: body.page_info,
            firewall: body.firewall,
            errors: body.errors,
            rate_limits: Vec::new(),
            etag,
        })
    }
}

/// The URL of a read.
///
/// # Errors
/// `INVALID_REQUEST` for a name that URLs give another meaning (`.` and `..`).
fn url_of(base: &str, asked: &Asked) -> Result<Url> {
    let path = format!("{base}{}", asked.path);
    let mut url = Url::parse(&path)
        .ok()
        .filter(|url| url.as_str() == path)
        .ok_or_else(|| Error::invalid_request("A name in the path cannot be sent."))?;
    if !asked.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&asked.query);
    }
    Ok(url)
}

/// The answer to a request, unless it is a refusal.
async fn answered(request: reqwest::RequestBuilder) -> Result<Response> {
    let response = request.send().await.map_err(|error| unreachable(&error))?;
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    match read::<Refused>(response).await {
        Ok(refused) => Err(refused.error),
        // Of a proxy in between.
        Err(_) if matches!(status.as_u16(), 502..=504) => Err(away("a proxy answered")),
        Err(_) => Err(strange(format!("status {}", status.as_u16()))),
    }
}

async fn read<T: DeserializeOwned>(mut response: Response) -> Result<T> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unreachable(&error))?
    {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(strange("the answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    // What serde says could repeat values of the answer.
    serde_json::from_slice(&body).map_err(|error| {
        strange(format!(
            "at {}:{} of the answer",
            error.line(),
            error.column()
        ))
    })
}

fn unreachable(error: &reqwest::Error) -> Error {
    let what = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "no answer in time",
        (_, true) => "no connection",
        _ => "the connection broke",
    };
    away(what)
}

fn away(what: &str) -> Error {
    let message = "The GitFlare server cannot be reached.";
    Error::new(Code::UpstreamUnavailable, message).with_detail(what)
}

fn strange(detail: impl Into<String>) -> Error {
    let message = "The answer is none of a GitFlare server of this version.";
    Error::new(Code::InternalError, message).with_detail(detail)
}
