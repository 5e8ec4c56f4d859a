//! The unified reads over a real repository: shapes, order of checks, pages, cursors, filters, the
//! firewall, legacy mode and the usage rows behind them.

use std::time::Duration;

use gitflare_core::{Clock, gateway::GatewaySettings};
use serde_json::{Value, json};

use crate::contract::support::{
    COMMITS, Client, PLANTED_SECRET, Response, Seed, Server, ServerOptions, client, commit_of,
    fixed_clock, text,
};

const HELLO: &str = "/v1/repositories/local/octo%2Fhello";

fn reader(server: &Server, seed: &Seed) -> Client {
    server.client().with_bearer(&seed.token)
}

#[test]
fn what_local_serves_is_read_and_the_rest_is_unsupported() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    for (path, first) in [
        ("/v1/me", "local"),
        ("/v1/repositories", "octo/hello"),
        ("/v1/repositories?provider=local", "octo/hello"),
        (HELLO, "octo/hello"),
        (&format!("{HELLO}/branches"), "feature/one"),
        (&format!("{HELLO}/commits"), "Configure"),
        (&format!("{HELLO}/commits/main/diff"), ""),
        (&format!("{HELLO}/contributors"), "Ann"),
        (&format!("{HELLO}/tags"), "v1"),
        (&format!("{HELLO}/file-tree"), "README.md"),
    ] {
        let answer = reader.get(path);
        if path.ends_with("main/diff") {
            assert_eq!(answer.status, 400, "a commit is named by its sha");
            continue;
        }
        let body = answer.ok();
        assert!(body.to_string().contains(first), "{path}: {body}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    for path in [
        "pull-requests",
        "pull-requests/1/diff",
        "releases",
        "checks",
        "deployments",
    ] {
        let answer = reader.get(&format!("{HELLO}/{path}"));
        assert_eq!(
            answer.refusal(),
            (501, "UNSUPPORTED_ENDPOINT".into()),
            "{path}"
        );
        assert_eq!(answer.json()["error"]["provider"], "local");
    }
}

#[test]
fn bodies_have_the_contracts_shape() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    let me = reader.get("/v1/me").ok();
    assert_eq!(keys(&me), ["data", "errors"]);
    assert_eq!(me["errors"], json!([]));
    assert_eq!(me["data"][0]["connectionId"], json!(seed.connection));
    let all = reader.get("/v1/repositories").ok();
    assert_eq!(keys(&all), ["data", "errors", "page_info"]);
    assert_eq!(
        all["page_info"],
        json!({"limit": 25, "next_cursor": null, "has_more": false})
    );
    let names: Vec<_> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["fullName"].clone())
        .collect();
    assert_eq!(names.len(), 2, "only what is approved: {names:?}");
    assert_eq!(
        keys(&reader.get("/v1/repositories?provider=local").ok()),
        ["data", "errors", "page_info"]
    );
    assert_eq!(keys(&reader.get(HELLO).ok()), ["data"]);
    assert_eq!(
        keys(&reader.get(&format!("{HELLO}/branches")).ok()),
        ["data", "errors", "page_info"]
    );
    let tree = reader.get(&format!("{HELLO}/file-tree")).ok();
    assert_eq!(keys(&tree), ["data", "errors", "firewall", "page_info"]);
    assert_eq!(tree["errors"], json!([]));
    assert_eq!(
        tree["firewall"],
        json!({"blockedFiles": 1, "redactedSecrets": 0})
    );
    let diff = reader
        .get(&format!("{HELLO}/commits/{}/diff", commit_of("main")))
        .ok();
    assert_eq!(keys(&diff), ["data"]);
    assert_eq!(diff["data"]["firewall"]["blockedFiles"], 1);
    assert_eq!(
        diff["data"]["stats"]["files"], 3,
        "stats still count what is blocked"
    );
}

#[test]
fn page_numbers_of_other_apis_are_refused_with_the_way_out() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    let unsupported = (400, "PAGINATION_NOT_SUPPORTED".to_owned());
    for name in ["page", "per_page", "pagelen", "offset"] {
        for (client, path) in [
            (&reader, "/v1/repositories".to_owned()),
            (&reader, format!("{HELLO}/commits")),
            (&reader, "/v1/subscriptions".to_owned()),
            (&server.admin(), "/v1/platform/tenants".to_owned()),
        ] {
            let answer = client.get(&format!("{path}?{name}=2"));
            assert_eq!(answer.refusal(), unsupported, "{path} {name}");
            let message = answer.message();
            assert!(message.contains(&format!("`{name}`")), "{message}");
            assert!(message.contains("`cursor`"), "{message}");
        }
        // What is no list has no pages.
        assert_eq!(reader.get(&format!("{HELLO}?{name}=2")).status, 200);
    }
}

#[test]
fn a_connection_that_is_named_twice_is_refused_by_name() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    for path in ["/v1/me", "/v1/repositories", HELLO] {
        let answer = reader.get(&format!("{path}?connectionId=a&connectionId=b"));
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{path}");
        assert!(answer.message().contains("`connectionId`"), "{path}");
    }
}

#[test]
fn planted_secrets_and_blocked_files_do_not_leave() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    let diff = reader.get(&format!("{HELLO}/commits/{}/diff", commit_of("main")));
    let commits = reader.get(&format!("{HELLO}/commits"));
    for answer in [&diff, &commits] {
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(!text.contains(PLANTED_SECRET), "{text}");
        assert!(text.contains("gf_sha256:"), "{text}");
        assert!(!text.contains(".env"), "{text}");
    }
    let blocked = reader.get(&format!("{HELLO}/file-tree?path=.env"));
    assert_eq!(blocked.refusal(), (403, "ACCESS_BLOCKED_BY_POLICY".into()));
}

#[test]
fn a_list_is_walked_by_cursor_at_every_limit() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    for limit in [1, 7, 25, 100] {
        let mut shas = Vec::new();
        let mut target = format!("{HELLO}/commits?limit={limit}");
        loop {
            let page = reader.get(&target).ok();
            let rows = page["data"].as_array().unwrap();
            assert!(rows.len() <= limit);
            shas.extend(rows.iter().map(|row| text(&row["sha"])));
            let Some(cursor) = page["page_info"]["next_cursor"].as_str() else {
                break;
            };
            target = format!("{HELLO}/commits?cursor={cursor}");
        }
        assert_eq!(shas.len(), COMMITS + 1, "{limit}");
        for (back, sha) in shas.iter().enumerate().step_by(9) {
            assert_eq!(*sha, commit_of(&format!("main~{back}")), "{limit}");
        }
    }
}

/// A first page's cursor of a route.
fn cursor_of(reader: &Client, target: &str) -> String {
    text(&reader.get(target).ok()["page_info"]["next_cursor"])
}

#[test]
fn parameters_are_judged_by_name() {
    // sec: CU-2, CU-6
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    let good = cursor_of(&reader, &format!("{HELLO}/commits?limit=2"));
    let altered = |at: usize| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    for (query, code) in [
        ("limit=0", "INVALID_LIMIT"),
        ("limit=x", "INVALID_LIMIT"),
        ("limit=101", "INVALID_LIMIT"),
        ("limit=", "INVALID_LIMIT"),
        ("limit=+5", "INVALID_LIMIT"),
        ("limit=05000", "INVALID_LIMIT"),
        ("limit=5&limit=5", "INVALID_REQUEST"),
        ("branch=", "INVALID_REQUEST"),
        ("branch=main&branch=main", "INVALID_REQUEST"),
        ("branch=..%2F..%2Fetc", "INVALID_REQUEST"),
        ("branch=a%00b", "INVALID_REQUEST"),
        ("cursor=", "INVALID_CURSOR"),
        ("cursor=garbage", "INVALID_CURSOR"),
        ("cursor=%F0%9F%92%A9", "INVALID_CURSOR"),
        (&format!("cursor={}", altered(3)), "INVALID_CURSOR"),
        (
            &format!("cursor={}", altered(good.len() - 1)),
            "INVALID_CURSOR",
        ),
        (&format!("cursor={good}%3D"), "INVALID_CURSOR"),
        (
            &format!("cursor={}", &good[..good.len() - 1]),
            "INVALID_CURSOR",
        ),
        (&format!("cursor={good}&limit=3"), "INVALID_CURSOR"),
        (&format!("cursor={good}&branch=main"), "INVALID_CURSOR"),
        (&format!("cursor={good}&branch=old"), "INVALID_CURSOR"),
    ] {
        let answer = reader.get(&format!("{HELLO}/commits?{query}"));
        assert_eq!(answer.refusal(), (400, code.to_owned()), "{query}");
    }
    for query in [
        "unknown=&unknown=",
        &format!("cursor={good}"),
        &format!("limit=2&cursor={good}"),
    ] {
        assert_eq!(
            reader.get(&format!("{HELLO}/commits?{query}")).status,
            200,
            "{query}"
        );
    }
    for target in [
        format!("{HELLO}/tags?cursor={good}"),
        format!("{HELLO}/branches?cursor={good}"),
        format!("/v1/repositories/local/solo/commits?cursor={good}"),
        format!("/v1/repositories?provider=local&cursor={good}"),
    ] {
        assert_eq!(
            reader.get(&target).refusal(),
            (400, "INVALID_CURSOR".into()),
            "{target}"
        );
    }
    let answer = reader.get(&format!("/v1/repositories?cursor={good}"));
    assert_eq!(answer.refusal(), (400, "PAGINATION_NOT_SUPPORTED".into()));
    for (path, query) in [
        ("file-tree", "recursive=yes"),
        ("file-tree", "ref=main&branch=main"),
        ("file-tree", "path=..%2Fx"),
        ("commits/zz/diff", ""),
        ("commits/..%2F..%2Fconfig/diff", ""),
    ] {
        let answer = reader.get(&format!("{HELLO}/{path}?{query}"));
        assert_eq!(
            answer.refusal(),
            (400, "INVALID_REQUEST".into()),
            "{path}?{query}"
        );
    }
}

#[test]
fn a_cursor_of_another_client_or_customer_is_invalid() {
    // sec: CU-2
    let server = Server::start();
    let (Some(one), Some(two)) = (Seed::new(&server), Seed::new(&server)) else {
        return;
    };
    let target = format!("{HELLO}/commits?limit=2");
    let cursor = cursor_of(&reader(&server, &one), &target);
    let foreign = reader(&server, &two).get(&format!("{HELLO}/commits?cursor={cursor}"));
    assert_eq!(foreign.refusal(), (400, "INVALID_CURSOR".into()));
    assert_eq!(
        reader(&server, &one)
            .get(&format!("{HELLO}/commits?cursor={cursor}"))
            .status,
        200
    );
    // An admin's list and a read do not share cursors either.
    let admins = server
        .admin()
        .get(&format!("/v1/platform/tenants?cursor={cursor}"));
    assert_eq!(admins.refusal(), (400, "INVALID_CURSOR".into()));
}

#[test]
fn an_old_cursor_is_expired_and_an_old_token_too() {
    // sec: CU-3
    let clock = fixed_clock();
    let mut short_cursors = GatewaySettings::default();
    short_cursors.cursor_ttl = Duration::from_secs(60);
    let server = Server::with(ServerOptions {
        clock: Some(clock.clone()),
        gateway: short_cursors,
        ..ServerOptions::default()
    });
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    let cursor = cursor_of(&reader, &format!("{HELLO}/commits?limit=2"));
    let target = format!("{HELLO}/commits?cursor={cursor}");
    clock.advance_millis(59_999);
    assert_eq!(reader.get(&target).status, 200);
    clock.advance_millis(1);
    assert_eq!(
        reader.get(&target).refusal(),
        (410, "CURSOR_EXPIRED".into())
    );
    let elsewhere = format!("{HELLO}/tags?cursor={cursor}");
    assert_eq!(
        reader.get(&elsewhere).refusal(),
        (400, "INVALID_CURSOR".into())
    );
    clock.advance_millis(3_600_000);
    assert_eq!(reader.get(&target).refusal(), (401, "AUTH_EXPIRED".into()));
    assert!(clock.now().as_millis() > 0);
}

/// A request that is wrong in every way at once is refused for the first in the contract's order;
/// each step mends one.
#[test]
fn checks_run_in_the_contracts_order() {
    // sec: TK-8
    let server = Server::start();
    let Some(seed) = Seed::over(&server, &json!(["solo"]), &["read:commits"]) else {
        return;
    };
    let admin = server.admin();
    let (id, secret) = client(&admin);
    let issue = |id: &str, secret: &str| {
        let body =
            json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
        server.client().post("/oauth/token", &body).ok()
    };
    let unapproved = issue(&id, &secret);
    let dead = issue(&seed.client_id, &seed.client_secret);
    assert_eq!(
        admin
            .delete(&format!("/v1/platform/tokens/{}", text(&dead["id"])))
            .status,
        204
    );
    let bad = "limit=0&branch=&cursor=x";
    let get = |client: Client, path: &str| client.get(&format!("{path}?{bad}")).refusal();
    let with = |token: &str| server.client().with_bearer(token);
    let dead = text(&dead["accessToken"]);
    let unapproved = text(&unapproved["accessToken"]);
    let unknown_provider = "/v1/repositories/nowhere/x/commits";
    for (client, path, status, code) in [
        (server.client(), "/v1/nowhere", 404, "RESOURCE_NOT_FOUND"),
        (server.client(), unknown_provider, 401, "AUTH_REQUIRED"),
        (
            with("nonsense"),
            unknown_provider,
            401,
            "INVALID_CREDENTIALS",
        ),
        (with(&dead), unknown_provider, 401, "AUTH_EXPIRED"),
        (
            with(&unapproved),
            unknown_provider,
            400,
            "UNSUPPORTED_PROVIDER",
        ),
        (
            with(&unapproved),
            "/v1/repositories/github/x/commits",
            400,
            "UNSUPPORTED_PROVIDER",
        ),
        (
            with(&unapproved),
            "/v1/repositories/local/x/commits",
            403,
            "APPROVAL_REQUIRED",
        ),
        (
            with(&seed.token),
            "/v1/repositories/local/x/releases",
            403,
            "INSUFFICIENT_SCOPE",
        ),
        (
            with(&seed.token),
            "/v1/repositories/local/x/commits",
            403,
            "REPOSITORY_NOT_APPROVED",
        ),
        (
            with(&seed.token),
            "/v1/repositories/local/octo%2Fhello/commits",
            403,
            "REPOSITORY_NOT_APPROVED",
        ),
        (
            with(&seed.token),
            "/v1/repositories/local/..%2Fsolo/commits",
            403,
            "REPOSITORY_NOT_APPROVED",
        ),
        (
            with(&seed.token),
            "/v1/repositories/local/solo/commits",
            400,
            "INVALID_LIMIT",
        ),
    ] {
        assert_eq!(get(client, path), (status, code.to_owned()), "{path}");
    }
    let solo =
        |query: &str| with(&seed.token).get(&format!("/v1/repositories/local/solo/commits{query}"));
    assert_eq!(
        solo("?branch=&cursor=x").refusal(),
        (400, "INVALID_REQUEST".into())
    );
    assert_eq!(solo("?cursor=x").refusal(), (400, "INVALID_CURSOR".into()));
    let scoped = with(&seed.token).get("/v1/repositories/local/solo/tags");
    assert_eq!(
        scoped.header("www-authenticate"),
        Some(r#"Bearer error="insufficient_scope", scope="read:tags""#)
    );
    let unapproved = with(&unapproved).get("/v1/repositories/local/solo/commits");
    assert_eq!(
        unapproved.header("www-authenticate"),
        Some(r#"Bearer error="insufficient_scope""#)
    );
    assert_eq!(
        admin
            .delete(&format!("/v1/connections/{}", seed.connection))
            .status,
        204
    );
    assert_eq!(
        solo("").refusal(),
        (403, "PROVIDER_ACCOUNT_NOT_CONNECTED".into())
    );
}

#[test]
fn a_revoked_grant_is_felt_by_the_next_request() {
    // sec: TK-7, CU-4
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    let cursor = cursor_of(&reader, &format!("{HELLO}/commits?limit=2"));
    assert_eq!(
        server
            .admin()
            .delete(&format!("/v1/platform/grants/{}", seed.grant))
            .status,
        204
    );
    for target in [
        format!("{HELLO}/commits"),
        format!("{HELLO}/commits?cursor={cursor}"),
    ] {
        assert_eq!(reader.get(&target).status, 403, "{target}");
    }
}

#[test]
fn every_read_with_a_token_is_in_the_usage_log() {
    // sec: LG-4
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = reader(&server, &seed);
    let answers: Vec<Response> = vec![
        reader.get(&format!("{HELLO}/tags?limit=1&secret=canary")),
        reader.get(&format!("{HELLO}/tags?limit=0")),
        reader.get("/v1/repositories/local/octo%2Fother/tags"),
        reader.request("HEAD", &format!("{HELLO}/branches")).send(),
        reader.get(&format!("{HELLO}/commits/{}/diff", commit_of("main"))),
    ];
    server.client().with_bearer("nonsense").get("/v1/me");
    server.client().get("/v1/me");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (rows, total) = runtime
        .block_on(async {
            server.storage.usage().flush().await?;
            server
                .storage
                .usage()
                .list(&Default::default(), 0, 100)
                .await
        })
        .unwrap();
    assert_eq!(total, 5);
    let mut shown: Vec<_> = rows
        .iter()
        .map(|row| {
            assert_eq!(row.client_id.as_str(), seed.client_id);
            assert_eq!(row.tenant_id.as_str(), seed.company);
            assert_eq!(row.token_id.as_str(), seed.token_id);
            assert!(!row.path.contains('?'), "{}", row.path);
            let answer = answers
                .iter()
                .find(|answer| answer.header("x-request-id") == Some(row.request_id.as_str()))
                .unwrap();
            assert_eq!(row.status, answer.status);
            (
                row.endpoint_key,
                row.method,
                row.status,
                row.items,
                row.blocked_files,
                row.error_code,
            )
        })
        .collect();
    shown.sort_unstable();
    assert_eq!(
        shown,
        [
            ("branches.list", "HEAD", 200, 3, 0, None),
            ("commits.diff", "GET", 200, 2, 1, None),
            ("tags.list", "GET", 200, 1, 0, None),
            ("tags.list", "GET", 400, 0, 0, Some("INVALID_LIMIT")),
            (
                "tags.list",
                "GET",
                403,
                0,
                0,
                Some("REPOSITORY_NOT_APPROVED")
            ),
        ]
    );
}
