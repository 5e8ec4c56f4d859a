//! One provider's REST API as adapters use it: build a request ([`Get`]), send it on behalf of a
//! call, get the answer or the error of the product. Retries reads where the upstream says when;
//! what a refusal means in a provider's own words is its [`Dialect`]'s business.

use std::{borrow::Cow, sync::Arc, time::Duration};

use gitflare_core::{
    Backoff, Code, ConnectionId, Error, Result, SystemRandom,
    provider::{Call, ProviderId, RateLimit},
};
use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use tokio::time::Instant;
use url::Url;

pub(crate) use crate::dialect::{Dialect, RETRIES, RateLimitHeaders, bearer};
use crate::{
    http::{
        Base, Expected, Failure, Http, Reply, Rows, Submission, retry_after, seconds_until_reset,
    },
    moved::Moved,
    quotas::Seen,
    request::Get,
    upstream_answer::Answer,
    upstream_error::{Refusal, recode, unanswered},
};

/// What a retry waits beyond what the upstream asked for.
const BEYOND_ASKED: Backoff = Backoff {
    first: Duration::from_millis(125),
    longest: Duration::from_secs(1),
    jitter: 1.0,
};
/// A longer wait is the client's to do, not one of a request that holds a connection.
const MAX_RETRY_WAIT: Duration = Duration::from_secs(5);
/// A renewal that lies further ahead is not believed.
const MAX_WINDOW_SECONDS: u32 = 3600;
/// What a retry needs of the time that is left, to be worth the wait.
const RETRY_ROOM: Duration = Duration::from_millis(500);

/// The value of a header that names us in another way than [`AGENT`](crate::request::AGENT).
///
/// # Errors
/// `INVALID_REQUEST` for what is no line of visible ASCII.
pub(crate) fn user_agent(name: &str) -> Result<HeaderValue> {
    let is_visible = !name.is_empty() && name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let value = HeaderValue::from_str(name).ok().filter(|_| is_visible);
    value.ok_or_else(|| Error::invalid_request("A user agent is one line of visible ASCII."))
}

/// A provider's REST API.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    http: Http,
    base: Base,
    dialect: &'static Dialect,
    /// Where this API is, for the base URL that is configured or that a connection names.
    place: fn(&str) -> &str,
    /// The dialect's headers, or what took the place of one.
    headers: HeaderMap,
    moved: Arc<Moved>,
}

impl Upstream {
    /// The API at this base URL.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the URL is not one that the gateway may call.
    pub(crate) fn new(http: Http, api_url: &str, dialect: &'static Dialect) -> Result<Self> {
        Self::beside(http, api_url, dialect, |url| url)
    }

    /// The API at the place that goes with this base URL, which may be another host.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn beside(
        http: Http,
        api_url: &str,
        dialect: &'static Dialect,
        place: fn(&str) -> &str,
    ) -> Result<Self> {
        let pairs = dialect.headers.iter();
        let pairs = pairs.map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        Ok(Self {
            base: http.base(place(api_url))?,
            http,
            dialect,
            place,
            headers: pairs.collect(),
            moved: Arc::default(),
        })
    }

    /// The names that have changed there.
    pub(crate) fn moved(&self) -> &Moved {
        &self.moved
    }

    /// Sends another value in a header of every request, or the header not at all.
    pub(crate) fn set_header(&mut self, name: &'static str, value: Option<HeaderValue>) {
        match value {
            Some(value) => drop(self.headers.insert(name, value)),
            None => drop(self.headers.remove(name)),
        }
    }

    /// Whose API it is.
    pub(crate) fn provider(&self) -> ProviderId {
        self.dialect.provider
    }

    /// Sends a GET, and sends it again when the upstream names a wait that fits. A connection that
    /// was told to wait sends nothing before, whichever of its calls was told.
    ///
    /// # Errors
    /// `RATE_LIMITED` without a call while the connection is blocked for longer than a call waits;
    /// `UNSUPPORTED_ENDPOINT` for an object that is larger than the gateway reads; else what the answer,
    /// or its absence, means.
    pub(crate) async fn get(&self, call: &Call, get: &Get<'_>) -> Result<Answer> {
        self.fetch(call, get, None).await
    }

    /// The same for a list, whose rows are handed on as they arrive.
    ///
    /// # Errors
    /// As [`Self::get`]; `INVALID_LIMIT` when the page, or a row, is larger than the gateway reads.
    pub(crate) async fn rows(
        &self,
        call: &Call,
        get: &Get<'_>,
        mut rows: Rows<'_>,
    ) -> Result<Answer> {
        self.fetch(call, get, Some(&mut rows)).await
    }

    async fn fetch(
        &self,
        call: &Call,
        get: &Get<'_>,
        mut rows: Option<&mut Rows<'_>>,
    ) -> Result<Answer> {
        let base = self.base(call)?;
        let mut headers = self.headers(call)?;
        if let Some(form) = get.accept {
            headers.insert(ACCEPT, HeaderValue::from_static(form));
        }
        let url = self.url(call, &base, get);
        let deadline = Instant::from_std(call.deadline);
        let follows = self.dialect.refuses.is_none();
        let mut attempt = 0;
        loop {
            let mut passes = false;
            let expected = match rows.as_deref_mut() {
                Some(rows) => Expected::Rows(rows),
                None if get.is_head => Expected::Head,
                None => get.text.map_or(Expected::Json, Expected::Text),
            };
            let answered = async {
                self.check_quota(call)?;
                let url = url.clone();
                let sent = match follows {
                    true => {
                        let sent = self.http.get(&base, url, &headers, expected, deadline);
                        sent.await
                    }
                    false => {
                        let sent = self.http.get_once(&base, url, &headers, expected, deadline);
                        sent.await
                    }
                };
                let answer = self.answer(call, sent)?;
                let status = answer.status();
                if (matches!(status, 200 | 203) || get.also.contains(&status))
                    && !self.is_refusal(&answer)
                {
                    return match get.text.is_some() && !get.may_be_page && answer.is_page() {
                        // A filter in front, or the way to a sign-in, answers with 200.
                        true => Err(answer.unusable("a page in place of a text")),
                        false => Ok(answer),
                    };
                }
                passes = attempt == 0 && self.passes(&answer.reply);
                Err(self.refused(call, &answer.reply))
            };
            let error = match answered.await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let left = self.dialect.retries.saturating_sub(attempt);
            let at_once = passes.then_some(0);
            let wait = retry_wait(&error, at_once, attempt, deadline);
            let Some(wait) = wait.filter(|_| left > 0) else {
                return Err(error);
            };
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// The account behind the token.
    ///
    /// # Errors
    /// `INVALID_CREDENTIALS` when the upstream does not accept the token; else as [`Self::get`].
    pub(crate) async fn viewer(&self, call: &Call, get: &Get<'_>) -> Result<Answer> {
        self.get(call, get)
            .await
            .map_err(|error| match error.code() {
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

    /// Asks a GraphQL query, whose endpoint stands beside the version in the REST base: the answer
    /// of whatever status, or `None` when there is none that is JSON. Its quota is another one than
    /// that of REST and is not noted.
    ///
    /// # Errors
    /// `RATE_LIMITED` while the connection is blocked; what the absence of an answer means.
    pub(crate) async fn query(&self, call: &Call, body: String) -> Result<Option<Answer>> {
        self.check_quota(call)?;
        let base = self.base(call)?;
        let mut headers = self.headers(call)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let submission = Submission {
            method: Method::POST,
            url: base.beside_version("graphql"),
            headers,
            body,
        };
        let deadline = Instant::from_std(call.deadline);
        match self.http.submit(&base, submission, deadline).await {
            Ok(reply) => Ok(Some(Answer {
                reply,
                dialect: self.dialect,
            })),
            // A proxy may let nothing but the plain reads through: they tell what is wrong.
            Err(
                Failure::Unusable(_)
                | Failure::TooLarge
                | Failure::RowTooLarge
                | Failure::ObjectTooLarge
                | Failure::Unreachable(_),
            ) => Ok(None),
            Err(failure) => Err(unanswered(self.dialect.provider, failure)),
        }
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
        let base = self.base(call)?;
        let mut headers = self.headers(call)?;
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let submission = Submission {
            method,
            url: self.url(call, &base, &Get::new(segments)?),
            headers,
            body,
        };
        let deadline = Instant::from_std(call.deadline);
        let sent = self.http.submit(&base, submission, deadline);
        let answer = self.answer(call, sent.await)?;
        match answer.status() {
            200..=299 if !self.is_refusal(&answer) => Ok(answer),
            _ => Err(self.refused(call, &answer.reply)),
        }
    }

    fn url(&self, call: &Call, base: &Base, get: &Get<'_>) -> Url {
        let moved = self.moved.follow(&call.connection_id, &get.path);
        let mut url = base.join(moved.as_ref().unwrap_or(&get.path));
        let own = get.query.iter().map(|(key, value)| (*key, &**value));
        let shared = self.dialect.query.iter().copied();
        let is_own = |key| get.query.iter().any(|(known, _)| *known == key);
        let mut query = own
            .chain(shared.filter(|(key, _)| !is_own(*key)))
            .peekable();
        if query.peek().is_some() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Whether an answer refuses in spite of its status.
    fn is_refusal(&self, answer: &Answer) -> bool {
        self.dialect
            .refuses
            .is_some_and(|refuses| refuses(&answer.reply))
    }

    /// Whether a refusal passes by itself, by the upstream's own words.
    fn passes(&self, reply: &Reply) -> bool {
        let words = self.dialect.passing;
        let refusal = Refusal::new(self.dialect.provider, reply, self.dialect.request_id);
        !words.is_empty() && refusal.says(words)
    }

    fn base(&self, call: &Call) -> Result<Cow<'_, Base>> {
        Ok(match &call.api_base_url {
            Some(text) => Cow::Owned(self.http.base((self.place)(text))?),
            None => Cow::Borrowed(&self.base),
        })
    }

    fn check_quota(&self, call: &Call) -> Result<()> {
        let quotas = self.http.quotas();
        let deadline = Instant::from_std(call.deadline);
        let provider = self.dialect.provider;
        quotas.check(&call.connection_id, provider, deadline, Instant::now())
    }

    /// What came back, whatever it means, its word on the quota noted.
    fn answer(&self, call: &Call, sent: Result<Reply, Failure>) -> Result<Answer> {
        let dialect = self.dialect;
        let reply = sent.map_err(|failure| unanswered(dialect.provider, failure))?;
        self.note_quota(call, &reply);
        Ok(Answer { reply, dialect })
    }

    /// What a refused query means for the connection; `None` when it says no more than that the
    /// host does not answer this query.
    pub(crate) fn query_refused(&self, call: &Call, answer: &Answer) -> Option<Error> {
        let is_told_to_wait = answer.header("retry-after").is_some();
        match answer.status() {
            401 => Some(self.refused(call, &answer.reply)),
            403 | 429 if is_told_to_wait => Some(self.refused(call, &answer.reply)),
            _ => None,
        }
    }

    /// What a refusal means. One that asks for a wait blocks the connection until then.
    fn refused(&self, call: &Call, reply: &Reply) -> Error {
        let refusal = Refusal::new(self.dialect.provider, reply, self.dialect.request_id);
        let refusal = refusal.of(&call.access_token);
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

    fn note_quota(&self, call: &Call, reply: &Reply) {
        let headers = &reply.headers;
        // An answer that asks for a wait all the same, as Azure DevOps does before it refuses.
        if reply.status == 200
            && let Some(seconds @ 1..) = retry_after(headers)
        {
            let seconds = seconds.min(MAX_WINDOW_SECONDS);
            let (quotas, deadline) = (self.http.quotas(), Instant::from_std(call.deadline));
            quotas.slow(&call.connection_id, seconds, deadline, Instant::now());
        }
        let names = self.dialect.rate_limit;
        // Bitbucket adds the window to the number, as in `60, 60;w=3600`.
        let number = |name| {
            let text = headers.get(name)?.to_str().ok()?;
            text.split(',').next()?.trim().parse::<u64>().ok()
        };
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
        self.http.quotas().note(&call.connection_id, seen);
        if names.is_end && remaining == 0 && seconds > 1 {
            self.http.quotas().block(&call.connection_id, seconds, now);
        }
    }

    fn headers(&self, call: &Call) -> Result<HeaderMap> {
        let mut headers = self.headers.clone();
        let token = call.access_token.expose();
        if !token.is_empty() {
            let text = match self.dialect.pasted.filter(|_| !call.is_oauth) {
                Some(pasted) => pasted(token),
                None => (self.dialect.authorization)(token),
            };
            let mut value = HeaderValue::try_from(text).map_err(|_| {
                Error::new(
                    Code::InvalidCredentials,
                    "The access token has characters that no token has.",
                )
                .with_provider(self.dialect.provider)
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(headers)
    }
}

/// How long to wait before the next attempt: the seconds that the upstream asked for, else `otherwise`,
/// and a little more. `None` when there is nothing to wait for.
fn retry_wait(
    error: &Error,
    otherwise: Option<u32>,
    attempt: u32,
    deadline: Instant,
) -> Option<Duration> {
    let passing = matches!(error.code(), Code::RateLimited | Code::UpstreamUnavailable);
    if !passing {
        return None;
    }
    let asked = error.retry_after_seconds().or(otherwise)?;
    let asked = Duration::from_secs(asked.into());
    let wait = asked + BEYOND_ASKED.wait(attempt + 1, &SystemRandom);
    let left = deadline.saturating_duration_since(Instant::now());
    (asked <= MAX_RETRY_WAIT && wait + RETRY_ROOM < left).then_some(wait)
}
