//! The dashboard's pages of a customer's events: the subscriptions, the deliveries of one, and
//! delivering one again. Each makes the same gateway call as its API route does for the app.

use gitflare_core::{
    Timestamp,
    gateway::{ListQuery, NamedSubscription},
    model::EventName,
    storage::DeliveryRecord,
};
use http::StatusCode;

use super::{
    super::{
        body, csrf,
        exchange::Exchange,
        pages::{
            View,
            events::{AttemptRow, DeliveriesView, DeliveryRow, SubscriptionRow, SubscriptionsView},
            text::SafeText,
        },
        refusal::Refusal,
        reply::Reply,
    },
    dashboard::{day, done, minute, person},
};

/// `GET /app/developer/apps/:clientId/customers/:authorizationId/events`
pub(crate) async fn list(mut x: Exchange) -> Result<Reply, Refusal> {
    let path = Path::of(&mut x);
    let query = ListQuery::from_query(&x.query()?)?;
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    let (client, id) = (&path.client, &path.authorization);
    let listing = gateway.customer_subscriptions(user, client, id, &query);
    let listing = listing.await?;
    let view = SubscriptionsView {
        user: person(&x).await?,
        rows: listing.items.iter().map(row).collect(),
        next: next(&path.events(), listing.page_info.next_cursor),
        customer: path.customer(),
    };
    view.reply(StatusCode::OK)
}

/// `GET /app/developer/apps/:clientId/customers/:authorizationId/events/:subscriptionId`
pub(crate) async fn show(mut x: Exchange) -> Result<Reply, Refusal> {
    let path = Path::of(&mut x);
    let query = ListQuery::from_query(&x.query()?)?;
    let visit = x.user()?;
    let gateway = x.gateway();
    let found = gateway.customer_deliveries(
        &visit.user,
        &path.client,
        &path.authorization,
        &path.subscription,
        &query,
    );
    let (subscription, listing, paused_until) = found.await?;
    let base = path.events();
    let view = DeliveriesView {
        user: person(&x).await?,
        csrf: gateway.form_token(&visit.session.id),
        notice: done(&x.query()?),
        subscription: row(&subscription),
        paused_until: paused_until.map(second),
        rows: listing.items.iter().map(delivery).collect(),
        next: next(
            &format!("{base}/{}", subscription.subscription.id),
            listing.page_info.next_cursor,
        ),
        base,
    };
    view.reply(StatusCode::OK)
}

/// `POST .../events/:subscriptionId/deliveries/:deliveryId/replay`
pub(crate) async fn replay(mut x: Exchange) -> Result<Reply, Refusal> {
    let path = Path::of(&mut x);
    let delivery = x.parameter("deliveryId").unwrap_or_default();
    csrf::form(&mut x, body::MAX_BODY).await?;
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    let replayed = gateway.replay_customer_delivery(
        user,
        &path.client,
        &path.authorization,
        &path.subscription,
        &delivery,
    );
    replayed.await?;
    x.app().deliveries().notify_one();
    let page = format!("{}/{}?done=queued", path.events(), path.subscription);
    Reply::see_other(&page)
}

/// The ids of a path.
struct Path {
    client: String,
    authorization: String,
    subscription: String,
}

impl Path {
    fn of(x: &mut Exchange) -> Self {
        let mut named = |name| x.parameter(name).unwrap_or_default();
        Self {
            client: named("clientId"),
            authorization: named("authorizationId"),
            subscription: named("subscriptionId"),
        }
    }

    fn customer(&self) -> String {
        let Self {
            client,
            authorization,
            ..
        } = self;
        format!("/app/developer/apps/{client}/customers/{authorization}")
    }

    fn events(&self) -> String {
        format!("{}/events", self.customer())
    }
}

fn next(page: &str, cursor: Option<String>) -> Option<String> {
    cursor.map(|cursor| format!("{page}?cursor={cursor}"))
}

fn row(named: &NamedSubscription) -> SubscriptionRow {
    let subscription = &named.subscription;
    let repository = named.repository_name.as_ref();
    SubscriptionRow {
        id: subscription.id.as_str().to_owned(),
        provider: SafeText::new(subscription.provider.as_str()),
        repository: SafeText::new(repository.unwrap_or(&subscription.repository_id)),
        callback_url: SafeText::new(&subscription.callback_url),
        events: subscription
            .events
            .iter()
            .map(|it| EventName::as_str(*it))
            .collect(),
        is_active: subscription.active,
        since: day(subscription.created_at),
    }
}

fn delivery(record: &DeliveryRecord) -> DeliveryRow {
    DeliveryRow {
        id: record.id.as_str().to_owned(),
        sequence: record.sequence,
        event: record.event.as_str(),
        status: record.status.as_str(),
        is_overtaken: record.overtaken,
        arrived: minute(record.created_at),
        next_attempt: record.next_attempt_at.map(second),
        attempts: record
            .attempts
            .iter()
            .map(|it| AttemptRow {
                at: second(it.at),
                status: it.status,
                duration_ms: it.duration_ms,
            })
            .collect(),
    }
}

/// A moment to the second, for people; all times are UTC.
fn second(at: Timestamp) -> String {
    let text = at.to_string().replace('T', " ");
    let seconds: String = text.chars().take("YYYY-MM-DD hh:mm:ss".len()).collect();
    format!("{seconds} UTC")
}
