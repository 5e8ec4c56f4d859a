//! A developer's view of their customers: who approved, what is shared, the end of it, and the link
//! that brings a customer back.

use std::sync::Arc;

use gitflare_core::{
    AuthorizationId, ClientId, Clock, ConnectionId, EventId, SubscriptionId, TenantId,
    model::{EventName, Subscription},
    provider::ProviderId,
    storage::{
        Actor, AuditAction, Capacity, DeliveryAttempt, NewDelivery, Settlement, Storage,
        StoredSubscription,
    },
};
use serde_json::{Value, json};

use crate::contract::{
    apps,
    platform_admin::audit,
    support::{
        ServerOptions, block_on,
        consent::{ConsentFixture, READS, body, location},
        parameter, text,
    },
};

/// An app with a customer who has approved one repository; `None` where there is no Git.
pub(super) fn approved() -> Option<(ConsentFixture, Value)> {
    let fixture = ConsentFixture::start();
    let (page, _) = fixture.customer("42", &[]);
    let repository = page.repositories().into_iter().next()?;
    let callback = location(&page.approve(READS, &[&repository]));
    let token = fixture.token(&json!({"code": parameter(&callback, "code")}));
    Some((fixture, token.json()))
}

fn base(fixture: &ConsentFixture) -> String {
    format!("/v1/developer/apps/{}/authorizations", fixture.client_id())
}

#[test]
fn a_developer_sees_who_approved_and_what() {
    let Some((fixture, _)) = approved() else {
        return;
    };
    let base = base(&fixture);
    let list = fixture.developer.get(&base).ok();
    let row = &list["data"][0];
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["page_info"]["has_more"], false);
    assert_eq!(row["customer"]["customerRef"], "42");
    assert_eq!(
        (&row["status"], &row["needsReconnect"]),
        (&json!("active"), &json!(false))
    );
    assert_eq!(row["permissions"], json!(READS));
    assert_eq!(row["connections"].as_array().unwrap().len(), 1);
    let id = text(&row["id"]);
    let one = fixture.developer.get(&format!("{base}/{id}")).ok();
    assert_eq!(one["authorization"], *row);
    assert_eq!(
        one["grants"][0]["repositories"].as_array().unwrap().len(),
        1
    );
    assert!(!one.to_string().contains("sealed"), "{one}");
}

#[test]
fn the_list_has_pages() {
    let Some((fixture, _)) = approved() else {
        return;
    };
    fixture.customer("43", &[]);
    let (page, _) = fixture.customer("44", &[]);
    page.approve(READS, &[&page.repositories()[0]]);
    let base = base(&fixture);
    let all = fixture.developer.get(&base).ok();
    let count = all["data"].as_array().unwrap().len();
    assert!(count >= 2, "{all}");
    let first = fixture.developer.get(&format!("{base}?limit=1")).ok();
    let cursor = text(&first["page_info"]["next_cursor"]);
    let second = fixture
        .developer
        .get(&format!("{base}?limit=1&cursor={cursor}"))
        .ok();
    assert_eq!(first["data"][0], all["data"][0]);
    assert_eq!(second["data"][0], all["data"][1]);
    let refused = fixture.developer.get(&format!("{base}?page=2"));
    assert_eq!(refused.refusal(), (400, "PAGINATION_NOT_SUPPORTED".into()));
}

#[test]
fn a_customer_is_found_by_name_or_id() {
    let Some((fixture, _)) = approved() else {
        return;
    };
    fixture.customer("43", &[]);
    let (page, _) = fixture.customer("acme-44", &[]);
    page.approve(READS, &[&page.repositories()[0]]);
    let base = base(&fixture);
    let refs = |search: &str| {
        let found = fixture
            .developer
            .get(&format!("{base}?search={search}"))
            .ok();
        let rows = found["data"].as_array().unwrap().iter();
        rows.map(|row| text(&row["customer"]["customerRef"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(refs("acme"), ["acme-44"]);
    assert_eq!(refs("%2042%20"), ["42"]);
    assert!(refs("").len() >= 2);
    assert!(refs("cme-44").is_empty() && refs("42%25").is_empty());
    let all = fixture.developer.get(&base).ok();
    let tenant = text(&all["data"][0]["customer"]["tenantId"]);
    assert_eq!(refs(&tenant).len(), 1);
    for wrong in ["a%01", &"a".repeat(201)] {
        let refused = fixture.developer.get(&format!("{base}?search={wrong}"));
        assert_eq!(refused.refusal(), (400, "INVALID_REQUEST".into()));
    }
    // A cursor goes on with the search that it was made for.
    let first = fixture.developer.get(&format!("{base}?limit=1")).ok();
    let cursor = text(&first["page_info"]["next_cursor"]);
    let other = format!("{base}?limit=1&search=4&cursor={cursor}");
    assert_eq!(
        fixture.developer.get(&other).refusal(),
        (400, "INVALID_CURSOR".into())
    );

    let path = format!("/app/developer/apps/{}/customers", fixture.client_id());
    let page = |query: &str| body(&fixture.developer.get(&format!("{path}?{query}")));
    let found = page("search=acme");
    assert!(
        found.contains("<code>acme-44</code>") && !found.contains("<code>42</code>"),
        "{found}"
    );
    assert!(page("search=nobody").contains("begins with “nobody”"));
    let wrong = page(&format!("search={}", "a".repeat(201)));
    assert!(
        wrong.contains("id=\"search-problem\"") && wrong.contains(&"a".repeat(201)),
        "{wrong}"
    );
}

#[test]
fn an_approval_of_another_app_or_person_is_not_there() {
    let Some((fixture, _)) = approved() else {
        return;
    };
    let list = fixture.developer.get(&base(&fixture)).ok();
    let id = text(&list["data"][0]["id"]);
    let other = apps::create(&fixture.developer, &json!({"name": "Other"}));
    let other = format!(
        "/v1/developer/apps/{}/authorizations/{id}",
        text(&other["client"]["id"])
    );
    let stranger = crate::contract::accounts::developer(&fixture.server, "eve@mail.example");
    let own = format!("{}/{id}", base(&fixture));
    for (who, path) in [(&fixture.developer, &other), (&stranger, &own)] {
        let link = format!("{path}/reconnect-link");
        let answers = [who.get(path), who.delete(path), who.post(&link, &json!({}))];
        for answer in answers {
            assert_eq!(
                answer.refusal(),
                (404, "RESOURCE_NOT_FOUND".into()),
                "{path}"
            );
        }
    }
    assert_eq!(stranger.get(&base(&fixture)).status, 404);
}

#[test]
fn ending_an_approval_ends_its_token_and_can_be_repeated() {
    let Some((fixture, token)) = approved() else {
        return;
    };
    let base = base(&fixture);
    let id = text(&fixture.developer.get(&base).ok()["data"][0]["id"]);
    let path = format!("{base}/{id}");
    for _ in 0..2 {
        let ended = fixture.developer.delete(&path);
        assert_eq!(ended.status, 204);
    }
    let app = fixture
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    let refused = app.get("/v1/repositories");
    assert_eq!(refused.refusal(), (401, "AUTH_EXPIRED".into()));
    let one = fixture.developer.get(&path).ok();
    assert_eq!(one["authorization"]["status"], "revoked");
    assert_eq!(one["grants"], json!([]));
    let link = fixture
        .developer
        .post(&format!("{path}/reconnect-link"), &json!({}));
    assert_eq!(link.refusal(), (400, "INVALID_REQUEST".into()));
}

#[test]
fn a_reconnect_link_works_for_a_week_and_shows_nothing() {
    // sec: TN-4
    let Some((fixture, _)) = approved() else {
        return;
    };
    let base = base(&fixture);
    let id = text(&fixture.developer.get(&base).ok()["data"][0]["id"]);
    let count = |row: &str| {
        let rows = crate::contract::platform_admin::audit(&fixture.server);
        rows.iter().filter(|line| line.ends_with(row)).count()
    };
    let made = fixture
        .developer
        .post(&format!("{base}/{id}/reconnect-link"), &json!({}));
    assert_eq!(made.status, 201);
    assert_eq!(count("link.sign ok"), 1);
    let before = count("workspace.open ok");
    let url = text(&made.json()["url"]);
    let address = fixture.server.address.to_string();
    let target = url.split_once(&address).unwrap().1;
    // A mail scanner, then the customer, then a reload, another browser days later: all of them see the
    // same page, and none sees what is there.
    let browser = fixture.server.client();
    for (visitor, days) in [
        (&fixture.server.client(), 0),
        (&browser, 0),
        (&browser, 0),
        (&fixture.server.client(), 6),
    ] {
        fixture.clock.advance_millis(days * 24 * 3_600_000);
        let led = visitor.get(target);
        assert_eq!(led.status, 303, "{}", String::from_utf8_lossy(&led.body));
        let page = visitor.get(led.header("location").unwrap());
        let html = String::from_utf8(page.body.clone()).unwrap();
        assert_eq!(page.status, 200, "{html}");
        assert!(
            html.contains("Connect one of your accounts again"),
            "{html}"
        );
        assert!(!html.contains("name=\"repositories\"") && !html.contains("solo"));
    }
    assert_eq!(count("workspace.open ok"), before, "nothing was opened");
    let refused = |target: &str| {
        let answer = fixture.server.client().get(target);
        assert_eq!(answer.header("set-cookie"), None, "{target}");
        answer.status
    };
    assert_eq!(
        refused(&target.replace("reconnect_sig=", "reconnect_sig=0")),
        403
    );
    let other = target.replace("customer_ref=", "customer_ref=x");
    assert_eq!(refused(&other), 403, "another customer's");
    let consent = target
        .replace("/reconnect?", "?")
        .replace("reconnect_exp", "customer_exp")
        .replace("reconnect_sig", "customer_sig");
    assert_eq!(
        refused(&format!("{consent}&customer_nonce=n")),
        403,
        "it signs nothing else"
    );
    fixture.clock.advance_millis(24 * 3_600_000);
    assert_eq!(refused(target), 403, "after a week");
}

/// Keeps every mail instead of sending it; takes none for one address.
#[derive(Debug, Default)]
struct Postbox(std::sync::Mutex<Vec<(String, String)>>);

#[async_trait::async_trait]
impl gitflare_server::Mailer for Postbox {
    async fn send(&self, mail: gitflare_server::Mail) -> Result<(), &'static str> {
        if mail.to.starts_with("full@") {
            return Err("the mail server has refused it");
        }
        let kept = (mail.to, mail.text.expose().clone());
        self.0.lock().unwrap().push(kept);
        Ok(())
    }
}

#[test]
fn a_reconnect_link_is_mailed_where_the_server_can() {
    let postbox = Arc::new(Postbox::default());
    let fixture = ConsentFixture::at(ServerOptions {
        mailer: Some(Arc::clone(&postbox) as _),
        ..ServerOptions::default()
    });
    let (page, _) = fixture.customer("42", &[]);
    let Some(repository) = page.repositories().into_iter().next() else {
        return;
    };
    location(&page.approve(READS, &[&repository]));
    let id = text(&fixture.developer.get(&base(&fixture)).ok()["data"][0]["id"]);
    let path = format!(
        "/app/developer/apps/{}/customers/{id}/reconnect-link",
        fixture.client_id()
    );
    let mail = |to: &str| {
        let fields = format!("email={}", to.replace('@', "%40"));
        let answer = fixture
            .developer
            .request("POST", &path)
            .form(&fields)
            .send();
        (answer.status, body(&answer))
    };
    let (status, html) = mail("it@northwind.example");
    assert_eq!(status, 201, "{html}");
    assert!(
        html.contains("on its way to it@northwind.example"),
        "{html}"
    );
    let kept = postbox.0.lock().unwrap().clone();
    let [(to, said)] = kept.as_slice() else {
        panic!("{kept:?}");
    };
    assert_eq!(to, "it@northwind.example");
    let link = said
        .split_whitespace()
        .find(|word| word.contains("reconnect_sig="));
    let target = link
        .unwrap()
        .split_once(&fixture.server.address.to_string());
    assert_eq!(fixture.server.client().get(target.unwrap().1).status, 303);
    for (to, status) in [
        ("nobody", 400),
        ("a@b c", 400),
        ("full@northwind.example", 503),
    ] {
        let (answered, html) = mail(to);
        assert_eq!(answered, status, "{to}: {html}");
        let kept = to.replace('@', "%40");
        assert!(
            html.contains(to) || html.contains(&kept),
            "the form keeps {to}"
        );
    }
    for _ in 0..8 {
        let _ = mail("it@northwind.example");
    }
    assert_eq!(mail("it@northwind.example").0, 429, "no mailbox is filled");
}

#[test]
fn the_dashboard_shows_customers_and_makes_the_same_link() {
    let Some((fixture, _)) = approved() else {
        return;
    };
    let id = text(&fixture.developer.get(&base(&fixture)).ok()["data"][0]["id"]);
    let list = format!("/app/developer/apps/{}/customers", fixture.client_id());
    let html = |path: &str| {
        let page = fixture.developer.get(path);
        assert_eq!(page.status, 200, "{path}");
        String::from_utf8(page.body).unwrap()
    };
    let one = format!("{list}/{id}");
    assert!(html(&list).contains(&format!("href=\"{one}\"")));
    let page = html(&one);
    for part in [
        "<li>solo</li>",
        "read:commits",
        "Make a reconnect link",
        "End the approval",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let form = |path: String| fixture.developer.request("POST", &path).form("").send();
    let made = form(format!("{one}/reconnect-link"));
    assert_eq!(made.status, 201);
    assert!(
        String::from_utf8(made.body)
            .unwrap()
            .contains("reconnect_sig=")
    );
    let ended = form(format!("{one}/end"));
    assert_eq!(ended.status, 303);
    assert!(html(&one).contains("revoked"));
}

/// A subscription of the app for its customer, as if the app had made it, and three events: one that
/// was delivered, one that was given up, one that waits.
async fn subscribed(storage: &dyn Storage, approval: &Value, now: gitflare_core::Timestamp) {
    let id = |value: &Value| text(value);
    let stored = StoredSubscription {
        subscription: Subscription {
            id: SubscriptionId::parse("sub_0001").unwrap(),
            provider: ProviderId::LOCAL,
            repository_id: "octo/hello".to_owned(),
            events: vec![EventName::Push],
            callback_url: "https://app.example/<hooks>".to_owned(),
            active: true,
            created_at: now,
        },
        tenant_id: TenantId::parse(&id(&approval["customer"]["tenantId"])).unwrap(),
        client_id: ClientId::parse(&id(&approval["clientId"])).unwrap(),
        authorization_id: AuthorizationId::parse(&id(&approval["id"])).unwrap(),
        connection_id: ConnectionId::parse(&id(&approval["connections"][0]["id"])).unwrap(),
        hook_id: None,
        sealed_hook_secret: None,
        sealed_secret: vec![1],
    };
    let entry = gitflare_core::storage::AuditEntry {
        id: gitflare_core::AuditId::parse("audit_events").unwrap(),
        at: now,
        actor: Actor::System,
        action: AuditAction::SubscriptionCreate,
        object: String::new(),
        outcome: gitflare_core::storage::Outcome::Ok,
        request_id: gitflare_core::RequestId::parse("gf_req_1").unwrap(),
    };
    let subscription = stored.subscription.id.clone();
    storage.subscriptions().insert(stored, entry).await.unwrap();
    let queue = storage.deliveries();
    for number in 1..=3 {
        let delivery = NewDelivery {
            id: EventId::parse(&format!("evt_{number:04}")).unwrap(),
            subscription_id: subscription.clone(),
            source: number.to_string(),
            event: EventName::Push,
            payload: "{}".to_owned(),
            firewall: 1,
            created_at: now,
        };
        assert!(queue.enqueue(delivery).await.unwrap());
    }
    let ends = [
        (Settlement::Delivered, Some(204)),
        (Settlement::GivenUp, None),
    ];
    for (settlement, status) in ends {
        attempted(storage, now, settlement, status).await;
    }
}

/// One attempt at what is due, as it ended.
async fn attempted(
    storage: &dyn Storage,
    now: gitflare_core::Timestamp,
    settlement: Settlement,
    status: Option<u16>,
) {
    let queue = storage.deliveries();
    let capacity = Capacity {
        total: 1,
        per_client: 1,
        saturated_clients: &[],
    };
    let begun = queue.begin(now, now, capacity).await.unwrap();
    let attempt = DeliveryAttempt {
        at: now,
        status,
        duration_ms: 87,
    };
    let settled = queue.settle(&begun[0].0.id, Some(attempt), settlement);
    settled.await.unwrap();
}

#[test]
fn the_dashboard_shows_deliveries_with_their_attempts_and_sends_them_again() {
    let Some((fixture, token)) = approved() else {
        return;
    };
    let approval = fixture.developer.get(&base(&fixture)).ok()["data"][0].clone();
    let storage = Arc::clone(&fixture.server.storage);
    block_on(subscribed(&*storage, &approval, fixture.clock.now()));
    let customer = format!(
        "/app/developer/apps/{}/customers/{}",
        fixture.client_id(),
        text(&approval["id"])
    );
    let html = |path: &str| {
        let page = fixture.developer.get(path);
        assert_eq!(page.status, 200, "{path}");
        String::from_utf8(page.body).unwrap()
    };
    let (list, one) = (
        format!("{customer}/events"),
        format!("{customer}/events/sub_0001"),
    );
    assert!(html(&customer).contains(&format!("href=\"{list}\"")));
    let listed = html(&list);
    assert!(listed.contains(&format!("href=\"{one}\"")), "{listed}");
    assert!(!listed.contains("<hooks>") && listed.contains("octo/hello"));
    let page = html(&one);
    for part in [
        "delivered",
        "204, 87 ms",
        "failed",
        "no answer, 87 ms",
        "pending",
        "none yet",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // By pages, the newest first.
    let first = html(&format!("{one}?limit=2"));
    let place = |event: &str| first.find(&format!("<code>{event}</code>"));
    assert!(place("evt_0003") < place("evt_0002"), "{first}");
    assert!(place("evt_0003").is_some() && place("evt_0001").is_none());
    let (_, next) = first.split_once(&format!("href=\"{one}?cursor=")).unwrap();
    let cursor = next.split('"').next().unwrap();
    let last = html(&format!("{one}?cursor={cursor}"));
    assert!(
        last.contains("evt_0001") && !last.contains("evt_0002"),
        "{last}"
    );

    let rows = audit(&fixture.server);
    let again = |event: &str| {
        let path = format!("{one}/deliveries/{event}/replay");
        fixture.developer.request("POST", &path).form("").send()
    };
    let replayed = again("evt_0002");
    assert_eq!(replayed.status, 303);
    let to = replayed.header("location").unwrap();
    assert_eq!(to, format!("{one}?done=queued"));
    let page = html(to);
    assert!(
        page.contains("queued again") && !page.contains("failed"),
        "{page}"
    );
    // An app that refuses again and again is left alone for a while, and its developer is told.
    assert!(!page.contains("paused"), "{page}");
    let now = fixture.clock.now();
    // The event that was given up was the first of five refusals.
    for _ in 0..4 {
        let later = Settlement::Retry {
            at: now,
            holds_until: now,
        };
        block_on(attempted(&*storage, now, later, Some(500)));
    }
    let page = html(&one);
    assert!(page.contains("paused</span> The app has refused"), "{page}");
    fixture.clock.advance_millis(301_000);
    assert!(!html(&one).contains("paused"), "what was over is not told");

    assert_eq!(again("evt_0009").status, 404);
    assert_eq!(audit(&fixture.server), rows, "nobody's rights have changed");

    // Nobody else's: another developer, another app, another approval, the app by its own token.
    let stranger = crate::contract::accounts::developer(&fixture.server, "eve@mail.example");
    let other = apps::create(&fixture.developer, &json!({}));
    let elsewhere = one.replace(&fixture.client_id(), &text(&other["client"]["id"]));
    for (client, path) in [
        (&stranger, &one),
        (&stranger, &list),
        (&fixture.developer, &elsewhere),
        (&fixture.developer, &one.replace("sub_0001", "sub_0002")),
    ] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    let app = fixture
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    assert_ne!(app.get(&one).status, 200);
}
