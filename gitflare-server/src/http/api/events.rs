//! Events: subscribing to a repository's, the subscriptions of a token's client, and the hooks that
//! providers call.

use gitflare_core::{
    Code, Error,
    gateway::{CreatedSubscription, NewSubscription, ReadRequest, SubscriptionChange},
    provider::Endpoint,
    storage::{AccessToken, Actor},
};

use super::{
    super::{bodies, body, credentials, exchange::Exchange, json, refusal::Refusal, reply::Reply},
    lists::{self, ListRequest},
};

/// Limit of a provider's webhook body in bytes: a push carries its commits, and what is refused is not
/// sent again. GitHub and GitLab send up to 25 MB.
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>
const MAX_HOOK_BODY: usize = 25 * 1024 * 1024;

/// `POST /v1/repositories/:provider/:repoId/events/subscribe`
pub(crate) async fn subscribe(mut x: Exchange) -> Result<Reply, Refusal> {
    // Authorization errors come before errors of the body.
    let not_json = body::require_json(x.headers()).err();
    let bytes = x.body(body::MAX_BODY).await?;
    let query = x.query()?;
    let request = ReadRequest {
        fault: None,

        endpoint: Endpoint::EventsSubscribe,
        credential: credentials::read_credential(x.headers(), &query)?,
        provider: x.parameter("provider"),
        repository: x.parameter("repoId"),
        item: None,
        query,
        if_none_match: None,
        method: x.method,
        path: x.path().to_owned(),
        request_id: x.request_id.clone(),
    };
    let is_json = not_json.is_none();
    let body = move || {
        if !is_json {
            return Err(Error::invalid_request("The body must be JSON."));
        }
        json::read::<NewSubscription>(&bytes)
    };
    let callbacks = x.app().callbacks()?;
    let base = &x.settings().public_url;
    let made = x.gateway().subscribe(request, body, callbacks, base).await;
    let CreatedSubscription {
        subscription,
        secret,
    } = match (made, not_json) {
        (Err(error), Some(refusal)) if error.code() == Code::InvalidRequest => return Err(refusal),
        (made, _) => made?,
    };
    Reply::created(&bodies::access::CreatedSubscription {
        data: &subscription,
        secret: secret.expose(),
    })
}

/// The token of a request that may hear about events.
async fn listener(x: &Exchange) -> Result<AccessToken, Refusal> {
    let bearer = credentials::bearer(x.headers())?;
    let text = bearer.as_ref().map(|text| text.expose().as_str());
    Ok(x.gateway().subscriber(text).await?)
}

/// `GET /v1/subscriptions`
pub(crate) async fn list(x: Exchange) -> Result<Reply, Refusal> {
    let token = listener(&x).await?;
    let request = ListRequest::of(&x)?;
    let listing = x
        .gateway()
        .list_subscriptions(&token, &request.page)
        .await?;
    lists::reply(&listing)
}

/// `PATCH /v1/subscriptions/:subscriptionId`
pub(crate) async fn update(mut x: Exchange) -> Result<Reply, Refusal> {
    let token = listener(&x).await?;
    let id = x.parameter("subscriptionId").unwrap_or_default();
    body::require_json(x.headers())?;
    let bytes = x.body(body::MAX_BODY).await?;
    let change = json::read::<SubscriptionChange>(&bytes)?;
    let actor = Actor::Client(token.client_id.clone());
    let act = gitflare_core::gateway::AuditContext {
        actor: &actor,
        request_id: &x.request_id,
    };
    let (callbacks, base) = (x.app().callbacks()?, &x.settings().public_url);
    let subscription = x
        .gateway()
        .update_subscription(&token, &id, change, callbacks, base, &act)
        .await?;
    Reply::ok(&bodies::access::ChangedSubscription {
        data: &subscription,
    })
}

/// `DELETE /v1/subscriptions/:subscriptionId`
pub(crate) async fn delete(mut x: Exchange) -> Result<Reply, Refusal> {
    let token = listener(&x).await?;
    let id = x.parameter("subscriptionId").unwrap_or_default();
    let actor = Actor::Client(token.client_id.clone());
    let act = gitflare_core::gateway::AuditContext {
        actor: &actor,
        request_id: &x.request_id,
    };
    x.gateway().unsubscribe(&token, &id, &act).await?;
    Ok(Reply::no_content())
}

/// `POST /v1/hooks/:provider/:subscriptionId`: the provider calls. It hears nothing of what is done
/// with it.
pub(crate) async fn receive(mut x: Exchange) -> Result<Reply, Refusal> {
    let provider = x.parameter("provider").unwrap_or_default();
    let id = x.parameter("subscriptionId").unwrap_or_default();
    x.gateway().expect_hook(&provider, &id).await?;
    let mut share = x.app().hook_room.share(&*id);
    let bytes = x.hook_body(MAX_HOOK_BODY, &mut share).await?;
    let headers: Vec<(String, String)> = x
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let queued = x
        .gateway()
        .receive_hook(&provider, &id, &headers, &bytes)
        .await?;
    if queued > 0 {
        x.app().deliveries().notify_one();
    }
    Ok(Reply::no_content())
}

/// `GET /v1/subscriptions/:subscriptionId/deliveries`
pub(crate) async fn deliveries(mut x: Exchange) -> Result<Reply, Refusal> {
    let token = listener(&x).await?;
    let request = ListRequest::of(&x)?;
    let id = x.parameter("subscriptionId").unwrap_or_default();
    let listing = x
        .gateway()
        .list_deliveries(&token, &id, &request.page)
        .await?;
    lists::reply(&listing)
}

/// `POST /v1/subscriptions/:subscriptionId/deliveries/:deliveryId/replay`
pub(crate) async fn replay(mut x: Exchange) -> Result<Reply, Refusal> {
    let token = listener(&x).await?;
    let id = x.parameter("subscriptionId").unwrap_or_default();
    let delivery = x.parameter("deliveryId").unwrap_or_default();
    x.gateway().replay_delivery(&token, &id, &delivery).await?;
    x.app().deliveries().notify_one();
    Ok(Reply::no_content())
}
