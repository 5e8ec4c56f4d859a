//! Events in the test app: subscribing to a repository's, receiving them with their signature
//! checked, and the page that shows them.

use gitflare_core::SystemRandom;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    super::{
        app::App,
        exchange::Exchange,
        inbox::Received,
        pages::{
            View,
            connect::Notice,
            testapp::{DeliveryRow, EmitRow, EventsView, SubscribeRow},
            text::SafeText,
        },
        refusal::Refusal,
        reply::Reply,
    },
    caller::Caller,
    form, message,
    repository::Target,
    value,
    visit::{BrowserState, require_on},
};

/// The most of a delivery's body that is taken.
const MAX_DELIVERY: usize = 256 * 1024;
/// The repository of a sandbox in which it makes events.
const SAMPLE: &str = "acme/storefront";
/// How many repositories are offered.
const OFFERED: usize = 20;

/// Where an inbox receives. The API's address: the gateway calls itself.
pub(super) fn inbox_url(app: &App, inbox: &str) -> String {
    format!("{}/testapp/inbox/{inbox}", app.settings.public_url)
}

/// What is subscribed to: every event that a provider delivers. Empty for one that is not enabled.
pub(super) fn delivered(app: &App, provider: &str) -> impl Iterator<Item = &'static str> + use<> {
    let gateway = app.gateway();
    let found = gateway.providers().lookup(provider);
    let hooks = found.and_then(|found| found.hooks());
    let names = hooks.map_or(&[][..], |hooks| hooks.events());
    names.iter().map(|name| name.as_str())
}

/// `GET /testapp/events`
pub(crate) async fn events(x: Exchange) -> Result<Reply, Refusal> {
    require_on(&x)?;
    let mut visit = BrowserState::of(&x);
    visit.begin(&x, &SystemRandom);
    let notice = visit.take_notice();
    let repositories = match &visit.access_token {
        Some(token) => {
            let token = token.clone().into();
            let path = "/v1/repositories?limit=100";
            let caller = Caller::new(&x)?;
            let answer = caller.call(Method::GET, path, Some(&token), None).await?;
            offered(&x, &visit, &answer.body["data"])
        }
        None => Vec::new(),
    };
    let view = EventsView {
        callback_url: inbox_url(x.app(), &visit.inbox),
        csrf: visit.csrf.clone(),
        notice,
        is_connected: visit.access_token.is_some(),
        repositories,
        commands: commands(&x),
        deliveries: x.app().inbox.of(&visit.inbox).iter().map(row).collect(),
    };
    Ok(view.reply(StatusCode::OK)?.with_header(visit.cookie(&x)?))
}

/// The repositories whose provider delivers events.
fn offered(x: &Exchange, visit: &BrowserState, data: &Value) -> Vec<SubscribeRow> {
    let providers = x.gateway().providers();
    // A sandbox has subscribed its own inbox to its sample repository, wherever it makes events.
    let guided = x.app().guided().filter(|it| it.inbox == visit.inbox);
    let emitters = guided.map_or(&[][..], |it| &it.emitters);
    let is_sample = |target: &Target| {
        let mut all = emitters.iter();
        target.shown() == SAMPLE && all.any(|it| it.provider == target.provider)
    };
    Target::all_of(data)
        .filter_map(|target| {
            let mut all = providers.iter();
            let provider = all.find(|it| it.id().as_str() == target.provider)?;
            provider.hooks()?;
            let value = format!("{}:{}", target.provider, target.id);
            Some(SubscribeRow {
                is_subscribed: is_sample(&target) || visit.subscribed.contains(&value),
                value,
                name: target.shown().into(),
                provider: provider.name().into(),
            })
        })
        .take(OFFERED)
        .collect()
}

/// How to make something happen in a sandbox; none elsewhere.
fn commands(x: &Exchange) -> Vec<EmitRow> {
    let emitters = x.app().guided().map_or(&[][..], |it| &it.emitters);
    let rows = emitters.iter().map(|emitter| EmitRow {
        name: emitter.name,
        command: emitter.command.clone(),
        events: delivered(x.app(), emitter.provider).collect(),
    });
    rows.collect()
}

fn row(received: &Received) -> DeliveryRow {
    let body: Value = serde_json::from_str(&received.body).unwrap_or_default();
    let text = |value: &Value| SafeText::new(value.as_str().unwrap_or_default());
    DeliveryRow {
        event: text(&body["type"]),
        action: body["action"].as_str().map(SafeText::new),
        repository: text(&body["repository"]["fullName"]),
        provider: text(&body["provider"]),
        at: received.at.to_string(),
        id: SafeText::new(&received.id),
        timestamp: SafeText::new(&received.timestamp),
        signature: SafeText::new(&received.signature),
        body: serde_json::to_string_pretty(&body).unwrap_or_default(),
    }
}

/// `POST /testapp/events/subscribe`
pub(crate) async fn subscribe(mut x: Exchange) -> Result<Reply, Refusal> {
    require_on(&x)?;
    let (mut visit, pairs) = form(&mut x).await?;
    let named = value(&pairs, "repository").to_owned();
    let chosen = named.split_once(':');
    let (Some((provider, id)), Some(token)) = (chosen, &visit.access_token) else {
        let notice = Notice::problem("Connect the test app, then choose a repository.");
        return back(&x, visit, &notice);
    };
    let target = Target {
        provider: provider.to_owned(),
        id: id.to_owned(),
        name: None,
    };
    let request = json!({
        "callbackUrl": inbox_url(x.app(), &visit.inbox),
        "events": delivered(x.app(), provider).collect::<Vec<_>>(),
        "secret": x.app().inbox.secret(&visit.inbox),
    });
    let token = token.clone().into();
    let path = target.path("/events/subscribe");
    let answer = Caller::new(&x)?
        .call(Method::POST, &path, Some(&token), Some(&request))
        .await?;
    let notice = match answer.body["data"]["id"].as_str() {
        Some(id) => {
            if !visit.subscribed.contains(&named) {
                visit.subscribed.push(named);
            }
            Notice::done(format!("Subscribed: {}", SafeText::new(id)))
        }
        None => Notice::problem(format!("Not subscribed: {}", message(&answer.body))),
    };
    back(&x, visit, &notice)
}

fn back(x: &Exchange, mut visit: BrowserState, notice: &Notice) -> Result<Reply, Refusal> {
    visit.leave_notice(notice);
    Ok(Reply::see_other("/testapp/events")?.with_header(visit.cookie(x)?))
}

/// `POST /testapp/inbox/:inboxId`
pub(crate) async fn receive(mut x: Exchange) -> Result<Reply, Refusal> {
    require_on(&x)?;
    let inbox = x.parameter("inboxId").unwrap_or_default();
    let body = x.body(MAX_DELIVERY).await?;
    let now = x.gateway().clock().now();
    x.app().inbox.take(inbox, x.headers(), &body, now)?;
    Ok(Reply::no_content())
}
