//! One provider's REST API as adapters use it: build a request ([`Get`]), send it on behalf of a
//! call, get the answer or the error of the product. Retries reads where the upstream says when;
//! what a refusal means in a provider's own words is its [`Dialect`]'s business.

use std::{borrow::Cow, fmt::Write, time::Duration};

use gitflare_core::{
    Code, ConnectionId, Error, Random, Result, SystemRandom,
    provider::{Call, ProviderId, RateLimit},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde::Deserialize;
use tokio::time::Instant;

use crate::{
    http::{Base, Failure, Http, MAX_BODY, MAX_DIFF_BODY, Reply, Submission},
    quotas::Seen,
    upstream_error::{Refusal, recode, request_id, seconds_until_reset, unanswered},
};

/// All of RFC 3986 but the unreserved characters.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const MAX_RETRIES: u32 = 2;
/// A longer wait is the client's to do, not one of a request that holds a connection.
const MAX_RETRY_WAIT: Duration = Duration::from_secs(5);
/// A renewal that lies further ahead is not believed.
const MAX_WINDOW_SECONDS: u32 = 3600;
/// What a retry needs of the time that is left, to be worth the wait.
const RETRY_ROOM: Duration = Duration::from_millis(500);

/// How a provider's API is spoken, as data.
#[derive(Debug)]
pub(crate) struct Dialect {
    pub(crate) provider: ProviderId,
    /// Headers of every request, beside the credential.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// The header that carries the credential, and what stands before it.
    pub(crate) credential: (&'static str, &'static str),
    /// The answer's header that names the request.
    pub(crate) request_id: &'static str,
    /// The answer's headers that tell how often the account may call.
    pub(crate) rate_limit: RateLimitHeaders,
    /// What a refusal means in the provider's own words; `None` leaves it to the status.
    pub(crate) refusal: fn(&Refusal<'_>) -> Option<Error>,
}

/// Names of headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimitHeaders {
    /// How many calls there are in a window.
    pub(crate) limit: &'static str,
    /// How many of them are left.
    pub(crate) remaining: &'static str,
    /// When they are renewed, in seconds since 1970.
    pub(crate) reset: &'static str,
}

/// A GET: a path of encoded segments, a query, and what is expected back.
#[derive(Debug)]
pub(crate) struct Get<'a> {
    path: String,
    query: Vec<(&'static str, Cow<'a, str>)>,
    also: &'static [u16],
    max_bytes: usize,
}

impl<'a> Get<'a> {
    /// A GET of these path segments, each encoded whole.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a segment that is empty, `.` or `..`: it would name another path (SR-7).
    pub(crate) fn new(segments: &[&str]) -> Result<Self> {
        let mut path = String::with_capacity(64);
        for segment in segments {
            if matches!(*segment, "" | "." | "..") {
                return Err(Error::invalid_request(
                    "A path parameter must not be empty, `.` or `..`.",
                ));
            }
            path.push('/');
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        Ok(Self {
            path,
            query: Vec::new(),
            also: &[],
            max_bytes: MAX_BODY,
        })
    }

    /// Adds a query parameter.
    pub(crate) fn query(mut self, key: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Takes these statuses for answers, beside 200.
    pub(crate) fn also(mut self, statuses: &'static [u16]) -> Self {
        self.also = statuses;
        self
    }

    /// Expects diffs, which may be larger than other answers.
    pub(crate) fn of_diffs(mut self) -> Self {
        self.max_bytes = MAX_DIFF_BODY;
        self
    }

    #[cfg(test)]
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().map(|(key, value)| (*key, &**value))
    }
}

/// A provider's REST API.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    http: Http,
    base: Base,
    dialect: &'static Dialect,
}

impl Upstream {
    /// The API at this base URL.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the URL is not one that the gateway may call.
    pub(crate) fn new(http: Http, api_url: &str, dialect: &'static Dialect) -> Result<Self> {
        Ok(Self {
            base: http.base(api_url)?,
            http,
            dialect,
        })
    }

    /// Sends a GET, and sends it again when the upstream names a wait that fits. A connection that
    /// was told to wait sends nothing before, whichever of its calls was told.
    ///
    /// # Errors
    /// `RATE_LIMITED` without a call while the connection is blocked for longer than a call waits;
    /// else what the answer, or its absence, means.
    pub(crate) async fn get(&self, call: &Call, get: &Get<'_>) -> Result<Answer> {
        let base: Cow<'_, Base> = match &call.api_base_url {
            Some(text) => Cow::Owned(self.http.base(text)?),
            None => Cow::Borrowed(&self.base),
        };
        let headers = self.headers(call)?;
        let mut url = base.join(&get.path);
        if !get.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&get.query);
        }
        let deadline = Instant::from_std(call.deadline);
        let mut attempt = 0;
        loop {
            let answered = async {
                self.check_quota(call)?;
                let sent = self
                    .http
                    .get(&base, url.clone(), &headers, get.max_bytes, deadline);
                let answer = self.answer(call, sent.await)?;
                if matches!(answer.status(), 200 | 203) || get.also.contains(&answer.status()) {
                    return Ok(answer);
                }
                Err(self.refused(call, &answer.reply))
            };
            let error = match answered.await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(wait) = retry_wait(&error, attempt, deadline) else {
                return Err(error);
            };
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// The account behind the token, where every provider has it.
    ///
    /// # Errors
    /// `INVALID_CREDENTIALS` when the upstream does not accept the token; else as [`Self::get`].
    pub(crate) async fn user(&self, call: &Call) -> Result<Answer> {
        let asked = self.get(call, &Get::new(&["user"])?).await;
        asked.map_err(|error| match error.code() {
            Code::AuthExpired => {
                let name = self.dialect.provider.name();
                let message = format!("{name} does not accept this token.");
                recode(&error, Code::InvalidCredentials, message)
            }
            _ => error,
        })
    }

    /// Makes something, out of a JSON body.
    ///
    /// # Errors
    /// What the answer, or its absence, means.
    pub(crate) async fn post(
        &self,
        call: &Call,
        segments: &[&str],
        body: String,
    ) -> Result<Answer> {
        self.change(call, Method::POST, segments, body).await
    }

    /// Deletes something.
    ///
    /// # Errors
    /// What the answer, or its absence, means.
    pub(crate) async fn delete(&self, call: &Call, segments: &[&str]) -> Result<Answer> {
        let nothing = String::new();
        self.change(call, Method::DELETE, segments, nothing).await
    }

    /// Sends what changes something, once: nobody knows what a request that was lost has done.
    async fn change(
        &self,
        call: &Call,
        method: Method,
        segments: &[&str],
        body: String,
    ) -> Result<Answer> {
        self.check_quota(call)?;
        let base: Cow<'_, Base> = match &call.api_base_url {
            Some(text) => Cow::Owned(self.http.base(text)?),
            None => Cow::Borrowed(&self.base),
        };
        let mut headers = self.headers(call)?;
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let submission = Submission {
            method,
            url: base.join(&Get::new(segments)?.path),
            headers,
            body,
        };
        let deadline = Instant::from_std(call.deadline);
        let sent = self.http.submit(&base, submission, deadline);
        let answer = self.answer(call, sent.await)?;
        match answer.status() {
            200..=299 => Ok(answer),
            _ => Err(self.refused(call, &answer.reply)),
        }
    }

    fn check_quota(&self, call: &Call) -> Result<()> {
        let quotas = self.http.quotas();
        quotas.check(&call.connection_id, self.dialect.provider, Instant::now())
    }

    /// What came back, whatever it means, its word on the quota noted.
    fn answer(&self, call: &Call, sent: Result<Reply, Failure>) -> Result<Answer> {
        let dialect = self.dialect;
        let reply = sent.map_err(|failure| unanswered(dialect.provider, failure))?;
        self.note_quota(call, &reply.headers);
        Ok(Answer { reply, dialect })
    }

    /// What a refusal means. One that asks for a wait blocks the connection until then.
    fn refused(&self, call: &Call, reply: &Reply) -> Error {
        let refusal = Refusal::new(self.dialect.provider, reply, self.dialect.request_id);
        let error = (self.dialect.refusal)(&refusal).unwrap_or_else(|| refusal.shared());
        if error.code() == Code::RateLimited
            && let Some(seconds) = error.retry_after_seconds()
        {
            let quotas = self.http.quotas();
            quotas.block(&call.connection_id, seconds, Instant::now());
        }
        error
    }

    /// What the upstream lets a connection do, as its newest answer said.
    pub(crate) fn rate_limit(&self, connection: &ConnectionId) -> Option<RateLimit> {
        self.http.quotas().seen(connection, Instant::now())
    }

    fn note_quota(&self, call: &Call, headers: &HeaderMap) {
        let names = self.dialect.rate_limit;
        let number = |name| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
        let (Some(remaining), Some(seconds)) = (
            number(names.remaining),
            seconds_until_reset(headers, names.reset),
        ) else {
            return;
        };
        let now = Instant::now();
        let seconds = seconds.min(MAX_WINDOW_SECONDS);
        let seen = Seen {
            limit: number(names.limit),
            remaining,
            resets_at: now + Duration::from_secs(seconds.into()),
        };
        self.http.quotas().note(&call.connection_id, seen, now);
        if remaining == 0 && seconds > 1 {
            self.http.quotas().block(&call.connection_id, seconds, now);
        }
    }

    fn headers(&self, call: &Call) -> Result<HeaderMap> {
        let mut headers = HeaderMap::with_capacity(self.dialect.headers.len() + 1);
        for (name, value) in self.dialect.headers {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let token = call.access_token.expose();
        if !token.is_empty() {
            let (name, prefix) = self.dialect.credential;
            let mut value = HeaderValue::try_from(format!("{prefix}{token}")).map_err(|_| {
                Error::new(
                    Code::InvalidCredentials,
                    "The access token has characters that no token has.",
                )
                .with_provider(self.dialect.provider)
            })?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }
}

/// How long to wait before the next attempt: what the upstream asked for, and a random part on top
/// so that those who wait do not come back together. `None` when there is nothing to wait for.
fn retry_wait(error: &Error, attempt: u32, deadline: Instant) -> Option<Duration> {
    let passing = matches!(error.code(), Code::RateLimited | Code::UpstreamUnavailable);
    if !passing || attempt >= MAX_RETRIES {
        return None;
    }
    let asked = Duration::from_secs(error.retry_after_seconds()?.into());
    let mut dice = [0u8; 2];
    SystemRandom.fill(&mut dice);
    let spread = Duration::from_millis(250 << attempt);
    let wait = asked + spread.mul_f64(f64::from(u16::from_be_bytes(dice)) / 65_536.0);
    let left = deadline.saturating_duration_since(Instant::now());
    (asked <= MAX_RETRY_WAIT && wait + RETRY_ROOM < left).then_some(wait)
}

/// What an upstream answered to a [`Get`].
#[derive(Debug)]
pub(crate) struct Answer {
    reply: Reply,
    dialect: &'static Dialect,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.reply.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.reply.headers
    }

    /// A header, when it is plain text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.reply.headers.get(name)?.to_str().ok()
    }

    /// The body, which may be borrowed from.
    ///
    /// # Errors
    /// `UPSTREAM_UNAVAILABLE` when it is not what was asked for.
    pub(crate) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        serde_json::from_slice(&self.reply.body).map_err(|error| {
            // The library's words may quote the body.
            let mut detail = String::from("the body cannot be read: ");
            let _ = write!(
                detail,
                "{:?} error in line {} column {}",
                error.classify(),
                error.line(),
                error.column()
            );
            self.unusable(detail)
        })
    }

    /// The error of an answer that cannot be used.
    pub(crate) fn unusable(&self, detail: impl Into<String>) -> Error {
        let provider = self.dialect.provider;
        let id = request_id(&self.reply.headers, self.dialect.request_id);
        Error::upstream(
            Code::UpstreamUnavailable,
            provider,
            format!("{} gave no usable answer.", provider.name()),
        )
        .with_upstream(self.reply.status, id.map(str::to_owned))
        .with_detail(detail)
    }

    #[cfg(test)]
    pub(crate) fn for_test(headers: &[(&'static str, &str)], body: &str) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect();
        Self {
            reply: Reply {
                status: 200,
                headers,
                body: body.as_bytes().to_vec(),
            },
            dialect: &Dialect {
                provider: ProviderId::GITHUB,
                headers: &[],
                credential: ("authorization", "Bearer "),
                request_id: "x-request-id",
                rate_limit: RateLimitHeaders {
                    limit: "x-ratelimit-limit",
                    remaining: "x-ratelimit-remaining",
                    reset: "x-ratelimit-reset",
                },
                refusal: |_| None,
            },
        }
    }
}
