//! The subscription that a sandbox makes for its test app before anybody has connected it.

use gitflare_core::{
    gateway::{NewSubscription, Query, ReadCredential, ReadRequest},
    provider::Endpoint,
};

use super::{
    super::app::App,
    events::{delivered, inbox_url},
};

/// Subscribes an inbox to every event of a repository (provider and full name) with an access token that may.
///
/// # Errors
/// Those of subscribing.
pub(in crate::http) async fn subscribe_inbox(
    app: &App,
    inbox: &str,
    token: &str,
    (provider, repository): (&str, &str),
) -> gitflare_core::Result<()> {
    let request = ReadRequest {
        fault: None,

        endpoint: Endpoint::EventsSubscribe,
        credential: ReadCredential::Bearer(token.into()),
        provider: Some(provider.to_owned()),
        repository: Some(repository.to_owned()),
        item: None,
        query: Query::new(Vec::new()),
        if_none_match: None,
        method: "POST",
        path: format!("/v1/repositories/{provider}/{repository}/events/subscribe"),
        request_id: app.gateway().new_request_id(),
    };
    let wanted = NewSubscription {
        callback_url: inbox_url(app, inbox),
        events: delivered(app, provider).map(str::to_owned).collect(),
        active: None,
        secret: Some(app.inbox.secret(inbox).into()),
    };
    let callbacks = app.callbacks()?;
    let base = &app.settings.public_url;
    let gateway = app.gateway();
    let made = gateway.subscribe(request, || Ok(wanted), callbacks, base);
    made.await.map(drop)
}
