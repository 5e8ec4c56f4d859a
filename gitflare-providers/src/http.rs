//! The one outbound HTTP client of all adapters: TLS, pool, deadlines, caps, redirects and the guard
//! against private addresses. The only file that builds a `reqwest` client. It knows no provider,
//! retries nothing and judges no status.

mod address;
mod blocks;
mod body;
mod callbacks;
mod documents;
mod loopback;
mod pools;
mod rows;
mod times;

use std::{sync::Arc, time::Duration};

use gitflare_core::{Error, Result};
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    dns::Resolve,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use self::address::{PublicOnly, System, is_public};
pub(crate) use self::body::MAX_BODY;
use self::body::MAX_ROWS;
pub use self::callbacks::Callbacks;
pub use self::documents::{Documents, FoundDocument};
pub use self::loopback::{Loopback, LoopbackAnswer};
use self::pools::Pools;
pub use self::pools::use_pool;
pub(crate) use self::rows::{ListAt, Rows};
pub(crate) use self::times::{retry_after, seconds_until_reset};
use crate::quotas::Quotas;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_HEADERS: usize = 128;
const MAX_REDIRECTS: usize = 3;
/// What is read of a refusal: enough for its message.
const MAX_REFUSAL: usize = 64 * 1024;

/// How upstreams are reached.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Upstreams as `host:port` that may have private addresses and speak plain HTTP (SR-6).
    pub allowed_private: Vec<String>,
    /// Whether every port of this machine's loopback counts as one of them: for a gateway that serves
    /// this machine alone.
    pub allow_loopback: bool,
    /// How long an upstream may take to begin its answer.
    pub first_byte_timeout: Duration,
    /// Number of pools of upstream connections, among which [`use_pool`] chooses; 1 unless set.
    pub pools: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            allowed_private: Vec::new(),
            allow_loopback: false,
            first_byte_timeout: Duration::from_secs(10),
            pools: 1,
        }
    }
}

/// The outbound client. Clones share their pools and one view of the upstreams' rate limits.
#[derive(Clone, Debug)]
pub struct Http(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Dials public addresses only.
    public: Pools,
    /// Dials whatever the operator named.
    private: Pools,
    allowed_private: Vec<(Host, u16)>,
    allow_loopback: bool,
    first_byte_timeout: Duration,
    quotas: Quotas,
}

impl Http {
    /// A client of this configuration.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when an entry of `allowed_private` is not `host:port`.
    pub fn new(config: &HttpConfig) -> Result<Self> {
        Self::over(&System, config)
    }

    fn over<R: Resolve + Clone + 'static>(resolver: &R, config: &HttpConfig) -> Result<Self> {
        let tls = tls();
        let client = |builder: reqwest::ClientBuilder| {
            builder
                .tls_backend_preconfigured(tls.clone())
                .no_proxy()
                .redirect(redirect::Policy::none())
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .http1_max_headers(MAX_HEADERS)
                .build()
                .map_err(|error| Error::internal(format!("outbound client: {error}")))
        };
        let public = Pools::new(config.pools, || {
            client(Client::builder().dns_resolver(PublicOnly(resolver.clone())))
        })?;
        let private = Pools::new(config.pools, || {
            client(Client::builder().dns_resolver(resolver.clone()))
        })?;
        let allowed_private = config
            .allowed_private
            .iter()
            .map(|entry| host_and_port(entry))
            .collect::<Result<_>>()?;
        Ok(Self(Arc::new(Inner {
            public,
            private,
            allowed_private,
            allow_loopback: config.allow_loopback,
            first_byte_timeout: config.first_byte_timeout,
            quotas: Quotas::default(),
        })))
    }

    /// Judges the REST base of an upstream, path included.
    ///
    /// # Errors
    /// `INVALID_REQUEST` unless it is `https` without user, query and fragment, on a host that is
    /// not a private address; `http` and private addresses only where the operator named them.
    pub(crate) fn base(&self, text: &str) -> Result<Base> {
        let refusal = |rule: &str| Error::invalid_request(format!("The API base URL {rule}."));
        let url = Url::parse(text).map_err(|_| refusal("is not a URL"))?;
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(refusal("names no host"));
        };
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(refusal("must not have a user, a query or a fragment"));
        }
        let mut named = self.0.allowed_private.iter();
        let private = named.any(|(allowed, its)| *its == port && *allowed == host.to_owned())
            || (self.0.allow_loopback && is_loopback(&host));
        // The resolver is not asked about literals, so they are judged here (SR-3).
        let dialled = match host {
            Host::Ipv4(address) => is_public(address.into()),
            Host::Ipv6(address) => is_public(address.into()),
            Host::Domain(_) => true,
        };
        match url.scheme() {
            "https" if dialled || private => Ok(Base { url, private }),
            "http" if private => Ok(Base { url, private }),
            "https" | "http" => Err(refusal(
                "must be https on a public host, unless the operator allows this host and port",
            )),
            _ => Err(refusal("must be https")),
        }
    }

    /// Sends a GET and reads the answer, redirects within the same origin followed.
    pub(crate) async fn get(
        &self,
        base: &Base,
        mut url: Url,
        headers: &HeaderMap,
        expected: Expected<'_, '_>,
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        for _ in 0..=MAX_REDIRECTS {
            let asked = self.ask(base, expected.method(), url.clone(), headers, deadline);
            let response = asked.await?;
            let status = response.status();
            match redirect_target(status, response.headers(), response.url(), base)? {
                Some(target) => url = target,
                None => return read(response, expected, deadline).await,
            }
        }
        Err(Failure::Unusable("redirected too often"))
    }

    /// The same without following redirects, which are answers then.
    pub(crate) async fn get_once(
        &self,
        base: &Base,
        url: Url,
        headers: &HeaderMap,
        expected: Expected<'_, '_>,
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        let asked = self.ask(base, expected.method(), url, headers, deadline);
        let response = asked.await?;
        read(response, expected, deadline).await
    }

    async fn ask(
        &self,
        base: &Base,
        method: Method,
        url: Url,
        headers: &HeaderMap,
        deadline: Instant,
    ) -> Result<Response, Failure> {
        let request = self.client(base).request(method, url);
        let request = request.headers(headers.clone());
        self.send(request, deadline).await
    }

    /// Sends what changes something at the upstream, once, and reads the answer. Redirects are
    /// answers: a body with credentials goes nowhere but where it was meant to.
    pub(crate) async fn submit(
        &self,
        base: &Base,
        submission: Submission,
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        let response = self.send(submission.over(self.client(base)), deadline);
        read(response.await?, Expected::Json, deadline).await
    }

    /// The same where status and headers are all that counts: whatever the body is, nobody waits for it.
    pub(crate) async fn notify(
        &self,
        base: &Base,
        submission: Submission,
        deadline: Instant,
    ) -> Result<(u16, HeaderMap), Failure> {
        let response = self.send(submission.over(self.client(base)), deadline);
        let mut response = response.await?;
        let headers = std::mem::take(response.headers_mut());
        Ok((response.status().as_u16(), headers))
    }

    async fn send(&self, request: RequestBuilder, deadline: Instant) -> Result<Response, Failure> {
        let first_byte = deadline.min(Instant::now() + self.0.first_byte_timeout);
        let response = timeout_at(first_byte, request.send()).await??;
        if response.headers().len() > MAX_HEADERS {
            return Err(Failure::Unusable("the answer has too many headers"));
        }
        Ok(response)
    }

    fn client(&self, base: &Base) -> &Client {
        match base.private {
            true => self.0.private.here(),
            false => self.0.public.here(),
        }
    }

    /// What upstreams let each connection do.
    pub(crate) fn quotas(&self) -> &Quotas {
        &self.0.quotas
    }
}

/// An upstream's REST base that has been judged.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    url: Url,
    private: bool,
}

impl Base {
    /// Whether the operator named it.
    pub(crate) const fn is_private(&self) -> bool {
        self.private
    }

    /// A URL below the base; `path` is encoded and starts with a slash.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url
    }

    /// The URL of another API of the same host, in the place of the version that ends the path (as
    /// in `/api/v3`), or below a path without one.
    pub(crate) fn beside_version(&self, name: &str) -> Url {
        let path = self.url.path().trim_end_matches('/');
        let is_version = |last: &str| {
            let number = last.strip_prefix('v').unwrap_or_default();
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        let above = match path.rsplit_once('/') {
            Some((above, last)) if is_version(last) => above,
            _ => path,
        };
        let mut url = self.url.clone();
        url.set_path(&format!("{above}/{name}"));
        url
    }
}

/// A request that changes something.
pub(crate) struct Submission {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Submission {
    fn over(self, client: &Client) -> RequestBuilder {
        let request = client.request(self.method, self.url);
        request.headers(self.headers).body(self.body)
    }
}

/// What an answer is expected to be, which decides how its body is read.
pub(crate) enum Expected<'e, 'r> {
    /// JSON, kept whole.
    Json,
    /// JSON with a list, whose rows are handed on as they arrive.
    Rows(&'e mut Rows<'r>),
    /// A text of any kind, kept whole, and the most bytes that it may have.
    Text(usize),
    /// Headers alone.
    Head,
}

impl Expected<'_, '_> {
    const fn method(&self) -> Method {
        match self {
            Self::Head => Method::HEAD,
            Self::Json | Self::Rows(_) | Self::Text(_) => Method::GET,
        }
    }
}

/// What an upstream answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Without the rows that were handed on.
    pub(crate) body: Vec<u8>,
    /// Whether the list was there whose rows were handed on.
    pub(crate) has_list: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Not in time.
    Timeout,
    /// More rows than are read of one list, or more of a text than is kept.
    TooLarge,
    /// One row, or what stands around the rows, is more than is kept.
    RowTooLarge,
    /// An object that is more than is kept.
    ObjectTooLarge,
    /// Not reached, or the connection broke; with the library's words for the log.
    Unreachable(String),
    /// Answered in a way that cannot be used.
    Unusable(&'static str),
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        // The outer words say only that sending failed; the cause stands innermost.
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Self::Unreachable(cause.to_string())
    }
}

impl From<tokio::time::error::Elapsed> for Failure {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self::Timeout
    }
}

async fn read(
    response: Response,
    expected: Expected<'_, '_>,
    deadline: Instant,
) -> Result<Reply, Failure> {
    let status = response.status();
    let headers = response.headers().clone();
    let (body, has_list) = match (status.as_u16(), expected) {
        // A page in the place of JSON: nothing in it is looked at.
        (200..=299, Expected::Json | Expected::Rows(_)) if is_page(&headers) => (Vec::new(), false),
        // Other successes are answers without the rows that were asked for.
        (200 | 203, Expected::Rows(rows)) => {
            timeout_at(deadline, body::read(response, MAX_ROWS, Some(rows))).await??
        }
        (200..=299, Expected::Text(most)) => (
            timeout_at(deadline, body::read_text(response, most)).await??,
            false,
        ),
        (200..=299, _) => timeout_at(deadline, body::read(response, MAX_BODY, None)).await??,
        // The status speaks for itself; a broken body of a refusal must not hide it.
        _ => match timeout_at(deadline, body::read(response, MAX_REFUSAL, None)).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) | Err(_) => (Vec::new(), false),
        },
    };
    Ok(Reply {
        status: status.as_u16(),
        headers,
        body,
        has_list,
    })
}

/// Whether a body is a page for people.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    kind.get(.."text/html".len())
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html"))
}

/// Where a redirect leads, if the answer is one. Credentials go to the configured scheme, host and
/// port and nowhere else (SR-5).
fn redirect_target(
    status: StatusCode,
    headers: &HeaderMap,
    asked: &Url,
    base: &Base,
) -> Result<Option<Url>, Failure> {
    if !matches!(status.as_u16(), 301 | 302 | 307 | 308) {
        return Ok(None);
    }
    let target = headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok())
        .and_then(|location| asked.join(location).ok())
        .ok_or(Failure::Unusable("redirected to no URL"))?;
    let target = as_configured(api_of_pages(target, base), base);
    let same = target.origin() == base.url.origin()
        && target.username().is_empty()
        && target.password().is_none();
    if same {
        Ok(Some(target))
    } else {
        Err(Failure::Unusable("redirected to another host"))
    }
}

/// The same address over the scheme that was configured: what stands behind a proxy that ends TLS may
/// name its host without it.
fn as_configured(mut target: Url, base: &Base) -> Url {
    let is_behind = base.url.scheme() == "https"
        && target.scheme() == "http"
        && target.host_str() == base.url.host_str()
        && (target.port().is_none() || target.port() == base.url.port());
    // What cannot be set is refused as another origin.
    if is_behind && target.set_scheme("https").is_ok() {
        let _ = target.set_port(base.url.port());
    }
    target
}

/// The same address at the API, where the pages' host serves the API too: Bitbucket still redirects
/// to `bitbucket.org/!api/2.0/`.
fn api_of_pages(target: Url, base: &Base) -> Url {
    let is_of_pages = base.url.host_str() == Some("api.bitbucket.org")
        && target.host_str() == Some("bitbucket.org");
    let below = ["/!api/", "/api/"]
        .iter()
        .find_map(|prefix| target.path().strip_prefix(prefix));
    match below.filter(|_| is_of_pages && target.scheme() == base.url.scheme()) {
        Some(below) => {
            let mut moved = target.clone();
            moved.set_path(&format!("/{below}"));
            let _ = moved.set_host(base.url.host_str());
            moved
        }
        None => target,
    }
}

/// Whether a host is this machine by its loopback, written as an address or as `localhost`.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    }
}

fn host_and_port(entry: &str) -> Result<(Host, u16)> {
    let refusal = || {
        Error::invalid_request(format!(
            "`{entry}` is not `host:port` of a private upstream."
        ))
    };
    let (_, port) = entry.rsplit_once(':').ok_or_else(refusal)?;
    let port: u16 = port.parse().map_err(|_| refusal())?;
    let url = Url::parse(&format!("http://{entry}/")).map_err(|_| refusal())?;
    let plain = url.path() == "/" && url.username().is_empty() && url.query().is_none();
    match url.host() {
        Some(host) if plain => Ok((host.to_owned(), port)),
        _ => Err(refusal()),
    }
}

/// TLS 1.2 and 1.3 against the host's own certificate authorities. A host that has none serves
/// plain local upstreams still; every TLS handshake fails there.
#[must_use]
pub fn tls() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3")
    };
    let mut config = match builder().with_platform_verifier() {
        Ok(verified) => verified.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no certificate authorities found: https upstreams will fail");
            builder()
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

#[cfg(test)]
mod tests;
