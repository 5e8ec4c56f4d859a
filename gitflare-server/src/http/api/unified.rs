//! The unified reads. Which one is asked stands in the route's row; the order of checks, the
//! provider call and the firewall are the gateway's.

use gitflare_core::{
    Error, RequestId,
    gateway::{Payload, ReadRequest, UnifiedReply},
    provider::{ProviderId, RateLimit},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::super::{
    app::App,
    bodies::Unified,
    credentials,
    exchange::{Exchange, ReadNote},
    refusal::Refusal,
    reply::Reply,
    route::Access,
};

/// `GET /v1/me` and `GET /v1/repositories/...`
pub(crate) async fn read(mut x: Exchange) -> Result<Reply, Refusal> {
    let Access::AccessToken(Some(endpoint)) = x.route.access else {
        return Err(Error::internal("a unified route without operation").into());
    };
    let query = x.query()?;
    let item = x
        .parameter("commitId")
        .or_else(|| x.parameter("pullRequestId"));
    let request = ReadRequest {
        fault: None,

        endpoint,
        credential: credentials::read_credential(x.headers(), &query)?,
        provider: x.parameter("provider"),
        repository: x.parameter("repoId"),
        item,
        query,
        if_none_match: if_none_match(x.headers()),
        method: x.method,
        path: x.path().to_owned(),
        request_id: x.request_id.clone(),
    };
    match perform(x.app(), request, x.note()).await {
        Ok(answer) => reply(&x, &answer),
        Err(error) => {
            let headers = rate_limit_headers(error.rate_limits());
            Err(Refusal::from(error).with_headers(headers))
        }
    }
}

/// Serves a read, counts it, and notes what the request's log line tells of it.
pub(super) async fn perform(
    app: &App,
    request: ReadRequest,
    note: &ReadNote,
) -> Result<UnifiedReply, Error> {
    let endpoint = request.endpoint;
    let (result, facts) = app.gateway().read_telling(request).await;
    app.metrics.read_finished(&facts, endpoint, &result);
    // A batch of calls of tools is refused: a request reads once.
    let _ = note.set(facts);
    result
}

/// An answer that has passed the firewall.
pub(super) fn reply(x: &Exchange, reply: &UnifiedReply) -> Result<Reply, Refusal> {
    let mut answer = match reply.status() {
        304 => Reply {
            status: StatusCode::NOT_MODIFIED,
            ..Reply::no_content()
        },
        _ => Reply::ok(&body(&x.request_id, reply))?,
    };
    answer
        .headers
        .extend(rate_limit_headers(&reply.rate_limits));
    if let Some(tag) = &reply.etag {
        let tag = HeaderValue::from_str(tag)
            .map_err(|_| Error::internal("a validator cannot be a header"))?;
        // Whose the answer is, and whether it is still the same, is asked every time.
        answer.headers.extend([
            (header::ETAG, tag),
            (header::CACHE_CONTROL, PRIVATE),
            (header::VARY, BY_TOKEN),
        ]);
    }
    Ok(answer)
}

const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
const BY_TOKEN: HeaderValue = HeaderValue::from_static("authorization");

/// All validators that were sent, as one list (RFC 9110, section 5.3).
fn if_none_match(headers: &HeaderMap) -> Option<String> {
    let sent = headers.get_all(header::IF_NONE_MATCH).iter();
    let lists: Vec<&str> = sent.filter_map(|value| value.to_str().ok()).collect();
    (!lists.is_empty()).then(|| lists.join(", "))
}

/// What the upstreams say of their limits, as an item each, named after the provider
/// (draft-ietf-httpapi-ratelimit-headers). They say how much there is, not for how long.
fn rate_limit_headers(
    limits: &[(ProviderId, RateLimit)],
) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let (mut policy, mut left) = (Vec::new(), Vec::new());
    for (provider, limit) in limits {
        if let Some(quota) = limit.limit {
            policy.push(format!("\"{provider}\";q={quota}"));
        }
        let (remaining, seconds) = (limit.remaining, limit.resets_in_seconds);
        left.push(format!("\"{provider}\";r={remaining};t={seconds}"));
    }
    let header = |name, items: &[String]| {
        let value = HeaderValue::try_from(items.join(", ")).ok();
        Some((HeaderName::from_static(name), value?)).filter(|_| !items.is_empty())
    };
    [
        header("ratelimit-policy", &policy),
        header("ratelimit", &left),
    ]
    .into_iter()
    .flatten()
}

/// The body of an answer. Every collection tells what is missing from it.
pub(super) fn body<'a>(
    request_id: &'a RequestId,
    reply: &'a UnifiedReply,
) -> Unified<'a, &'a Payload> {
    let errors = reply.errors.as_deref();
    let errors = errors.or(reply.page_info.as_ref().map(|_| [].as_slice()));
    Unified {
        data: reply.data.value(),
        page_info: reply.page_info.as_ref(),
        firewall: reply.firewall,
        errors: errors.map(|errors| {
            errors
                .iter()
                .map(|error| error.canonical(request_id.as_str()))
                .collect()
        }),
    }
}
