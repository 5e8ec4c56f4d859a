//! Lists of our own objects: pages, cursors, filters.

use crate::contract::support::{Server, client, tenant, text};

#[test]
fn lists_page_by_limit_and_cursor() {
    let server = Server::start();
    let admin = server.admin();
    let mut created: Vec<_> = (0..7).map(|_| tenant(&admin, "company")).collect();
    // Of one millisecond, any may be the first.
    created.sort_unstable();
    let mut seen = Vec::new();
    let mut target = "/v1/platform/tenants?limit=3".to_owned();
    loop {
        let page = admin.get(&target).ok();
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| text(&row["id"])),
        );
        assert_eq!(page["page_info"]["limit"], 3);
        let Some(cursor) = page["page_info"]["next_cursor"].as_str() else {
            assert_eq!(page["page_info"]["has_more"], false);
            break;
        };
        assert_eq!(page["page_info"]["has_more"], true);
        // The limit is part of the cursor.
        target = format!("/v1/platform/tenants?cursor={cursor}");
    }
    assert_eq!(seen, created);
}

#[test]
fn list_parameters_are_judged_by_name() {
    // sec: CU-2, CU-6
    let server = Server::start();
    let admin = server.admin();
    for _ in 0..3 {
        tenant(&admin, "company");
    }
    let cursor = |target: &str| text(&admin.get(target).ok()["page_info"]["next_cursor"]);
    let good = cursor("/v1/platform/tenants?limit=1");
    let mut altered = good.clone();
    let last = altered.pop().unwrap();
    altered.push(if last == 'A' { 'B' } else { 'A' });
    for (query, code) in [
        ("limit=0", "INVALID_LIMIT"),
        ("limit=101", "INVALID_LIMIT"),
        ("limit=x", "INVALID_LIMIT"),
        ("limit=-1", "INVALID_LIMIT"),
        ("limit=1.5", "INVALID_LIMIT"),
        ("limit=%31%20", "INVALID_LIMIT"),
        ("limit=", "INVALID_LIMIT"),
        ("limit", "INVALID_LIMIT"),
        ("limit=1&limit=1", "INVALID_REQUEST"),
        ("cursor=", "INVALID_CURSOR"),
        ("cursor=garbage", "INVALID_CURSOR"),
        (&format!("cursor={altered}"), "INVALID_CURSOR"),
        (&format!("cursor={good}A"), "INVALID_CURSOR"),
        (&format!("cursor={}", "A".repeat(5000)), "INVALID_CURSOR"),
        (&format!("cursor={good}&limit=2"), "INVALID_CURSOR"),
        (&format!("cursor={good}&cursor={good}"), "INVALID_REQUEST"),
    ] {
        let answer = admin.get(&format!("/v1/platform/tenants?{query}"));
        assert_eq!(answer.refusal(), (400, code.to_owned()), "{query}");
    }
    for query in [
        "unknown=1&unknown=2",
        "x",
        &format!("cursor={good}&limit=1"),
    ] {
        assert_eq!(
            admin.get(&format!("/v1/platform/tenants?{query}")).status,
            200,
            "{query}"
        );
    }
    // A cursor is bound to its list and its filters.
    for target in [
        "/v1/platform/clients",
        "/v1/platform/tokens",
        "/v1/platform/grants",
        "/v1/connections",
    ] {
        let answer = admin.get(&format!("{target}?cursor={good}"));
        assert_eq!(answer.refusal(), (400, "INVALID_CURSOR".into()), "{target}");
    }
    for _ in 0..2 {
        client(&admin);
    }
    let clients = cursor("/v1/platform/clients?limit=1");
    let filtered = format!("/v1/platform/clients?cursor={clients}&tenantId=tenant_1");
    assert_eq!(
        admin.get(&filtered).refusal(),
        (400, "INVALID_CURSOR".into())
    );
    for target in [
        "/v1/platform/clients?tenantId=nonsense",
        "/v1/platform/clients?tenantId=",
        "/v1/platform/clients?ownerUserId=tenant_1",
        "/v1/platform/grants?connectionId=x",
        "/v1/platform/tokens?clientId=client_1&clientId=client_1",
        "/v1/platform/tokens?authorizationId=grant_1",
    ] {
        assert_eq!(
            admin.get(target).refusal(),
            (400, "INVALID_REQUEST".into()),
            "{target}"
        );
    }
}
