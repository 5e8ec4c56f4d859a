//! The calls of a developer's apps, in the API and on their page: filters, names, pages, and whose
//! rows nobody else sees.

use serde_json::Value;

use crate::contract::{
    accounts,
    customers::approved,
    support::{Client, consent::body, text},
};

/// The rows of the log that a query lets through.
fn rows(developer: &Client, query: &str) -> Vec<Value> {
    let page = developer
        .get(&format!("/v1/account/usage/logs?{query}"))
        .ok();
    let rows = page["data"].as_array().unwrap().clone();
    assert_eq!(page["total"], rows.len(), "{page}");
    rows
}

#[test]
fn calls_are_found_by_answer_customer_and_name() {
    // sec: TN-2
    let Some((fixture, token)) = approved() else {
        return;
    };
    let app = fixture
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    let list = app.get("/v1/repositories").ok();
    let repository = &list["data"][0];
    let (id, name) = (text(&repository["id"]), text(&repository["fullName"]));
    let provider = text(&repository["provider"]);
    let commits = |id: &str| {
        let id = id.replace('/', "%2F");
        app.get(&format!("/v1/repositories/{provider}/{id}/commits"))
    };
    assert_eq!(commits(&id).status, 200);
    assert_eq!(commits("nobody/knows").status, 403);

    let developer = &fixture.developer;
    let all = rows(developer, "top=10");
    assert_eq!(all.len(), 3);
    let of_one = rows(developer, "endpointKey=commits.list&status=200");
    assert_eq!(of_one.len(), 1);
    assert_eq!(of_one[0]["repositoryName"], name.as_str());
    assert_eq!(of_one[0]["customerRef"], "42");
    assert!(of_one[0]["upstreamMs"].as_u64() > Some(0));
    let refused = rows(developer, "status=4xx");
    assert_eq!(refused.len(), 1);
    assert_eq!(
        refused[0]["repositoryName"],
        Value::Null,
        "it was never approved"
    );
    let code = text(&refused[0]["errorCode"]);
    assert_eq!(rows(developer, &format!("errorCode={code}")), refused);
    let tenant = text(&all[0]["tenantId"]);
    assert_eq!(rows(developer, &format!("tenantId={tenant}")).len(), 3);
    assert_eq!(
        rows(developer, "tenantId=tenant_nobody"),
        Vec::<Value>::new()
    );
    for (query, name) in [
        ("status=99", "status"),
        ("status=abc", "status"),
        ("errorCode=NO", "errorCode"),
    ] {
        let answer = developer.get(&format!("/v1/account/usage/logs?{query}"));
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{query}");
        assert!(answer.message().contains(name), "{query}");
    }

    let page = developer.get("/app/developer/calls?endpointKey=commits.list&clientId=&status=");
    assert_eq!(page.status, 200);
    let shown = body(&page);
    assert!(
        shown.contains(&name) && shown.contains("1 to 2 of 2"),
        "{shown}"
    );
    assert!(
        shown.contains(r#"<option value="commits.list" selected>"#),
        "{shown}"
    );
    let days = shown.matches("calls, ").count();
    assert!(days >= 31, "every day of the range is drawn: {days}");

    let wrong = developer.get("/app/developer/calls?status=wrong&endpointKey=commits.list");
    assert_eq!(wrong.status, 400);
    let shown = body(&wrong);
    assert!(
        shown.contains(r#"value="wrong""#),
        "nothing is lost: {shown}"
    );
    assert!(shown.contains(r#"id="status-problem""#), "{shown}");

    let eve = accounts::developer(&fixture.server, "eve@mail.example");
    let empty = eve.get(&format!("/v1/account/usage/logs?tenantId={tenant}"));
    assert_ne!(empty.json()["data"].as_array().map(Vec::len), Some(3));
    assert!(!body(&eve.get("/app/developer/calls")).contains(&name));
}

#[test]
fn calls_have_pages() {
    let Some((fixture, token)) = approved() else {
        return;
    };
    let app = fixture
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    for _ in 0..51 {
        app.get("/v1/repositories").ok();
    }
    let first = body(&fixture.developer.get("/app/developer/calls?status=2xx"));
    assert!(
        first.contains("1 to 50 of 51") && first.contains("Older"),
        "{first}"
    );
    assert!(!first.contains("Newer"));
    let next = "/app/developer/calls?status=2xx&amp;offset=50";
    assert!(
        first.contains(next) || first.contains(&next.replace("&amp;", "&#38;")),
        "{first}"
    );
    let second = body(&fixture.developer.get(&next.replace("&amp;", "&")));
    assert!(
        second.contains("51 to 51 of 51") && second.contains("Newer"),
        "{second}"
    );
    assert!(!second.contains("Older"));
}
