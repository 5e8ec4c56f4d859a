//! The emulated Bitbucket: its workspaces, its three families of pages, its redirects, refusals,
//! tokens and hooks.

use gitflare_sandbox::{ForgeKind, sample};
use reqwest::{Method, header::LOCATION};
use serde_json::{Value, json};

use crate::support::{Form, Host, Receiver, column, fault};

fn path(below: &str) -> String {
    format!("/2.0/repositories/{}{below}", sample::FULL_NAME)
}

/// The rows of every page of a list.
async fn walk(host: &Host, first: &str) -> Vec<Value> {
    let (mut rows, mut next) = (Vec::new(), Some(first.to_owned()));
    while let Some(url) = next {
        let (status, page) = host.json(&url).await;
        assert_eq!(status, 200, "{url}: {page}");
        rows.extend(page["values"].as_array().unwrap().clone());
        next = page["next"].as_str().map(str::to_owned);
    }
    rows
}

#[tokio::test]
async fn repositories_are_found_by_workspace_name_and_uuid() {
    let host = Host::start(ForgeKind::Bitbucket).await;
    let (_, workspaces) = host.json("/2.0/user/workspaces").await;
    assert_eq!(workspaces["values"][0]["workspace"]["slug"], "acme");
    let rows = walk(&host, "/2.0/repositories/acme?role=member&pagelen=7").await;
    assert_eq!(rows.len(), 40);
    let uuid = rows[0]["uuid"].as_str().unwrap();
    let by_uuid = uuid.replace('{', "%7B").replace('}', "%7D");
    let (status, found) = host
        .json(&format!("/2.0/repositories/%7B%7D/{by_uuid}"))
        .await;
    assert_eq!((status, &found["full_name"]), (200, &rows[0]["full_name"]));
    assert_ne!(found["owner"]["username"], found["workspace"]["slug"]);
    for gone in [
        "/2.0/workspaces",
        "/2.0/repositories",
        "/2.0/user/permissions/workspaces",
    ] {
        assert_eq!(host.json(gone).await.0, 410, "{gone}");
    }
    assert_eq!(host.json("/2.0/repositories/nobody").await.0, 404);
}

#[tokio::test]
async fn the_three_families_of_pages_differ() {
    let host = Host::start(ForgeKind::Bitbucket).await;
    let all = walk(&host, &path("/commits/main?pagelen=100")).await;
    assert_eq!(all.len(), 32);
    assert_eq!(walk(&host, &path("/commits/main?pagelen=5")).await, all);
    let (_, page) = host.json(&path("/commits/main?pagelen=5")).await;
    assert!(
        page.get("size").is_none() && page.get("page").is_none(),
        "{page}"
    );
    let (status, refused) = host.json(&path("/commits/main?page=2")).await;
    assert_eq!(
        (status, &refused["error"]["message"]),
        (400, &json!("Invalid page"))
    );
    let (_, deployments) = host.json(&path("/deployments?pagelen=4")).await;
    assert_eq!(
        (&deployments["size"], deployments.get("next")),
        (&json!(6), None)
    );
    let (_, second) = host.json(&path("/deployments?pagelen=4&page=2")).await;
    assert_eq!(second["values"].as_array().unwrap().len(), 2);
    let (status, refused) = host.json(&path("/pullrequests?pagelen=51")).await;
    assert_eq!(
        (status, &refused["error"]["message"]),
        (400, &json!("Invalid pagelen"))
    );
    let open = walk(&host, &path("/pullrequests?pagelen=1")).await;
    let states = "state=OPEN&state=MERGED&state=DECLINED&state=SUPERSEDED";
    let every = walk(&host, &path(&format!("/pullrequests?pagelen=1&{states}"))).await;
    assert_eq!((open.len(), every.len()), (2, 4));
}

#[tokio::test]
async fn names_with_a_slash_lead_nowhere_but_among_the_refs() {
    let host = Host::start(ForgeKind::Bitbucket).await;
    for name in ["feature/search", "feature%2Fsearch"] {
        assert_eq!(
            host.json(&path(&format!("/commits/{name}"))).await.0,
            404,
            "{name}"
        );
        assert_eq!(
            host.json(&path(&format!("/src/{name}/"))).await.0,
            404,
            "{name}"
        );
    }
    let (status, branch) = host.json(&path("/refs/branches/feature/search")).await;
    assert_eq!((status, &branch["name"]), (200, &json!("feature/search")));
    let sha = branch["target"]["hash"].as_str().unwrap();
    let folder = walk(&host, &path(&format!("/src/{sha}/?pagelen=3"))).await;
    let folder = Value::Array(folder);
    let paths = column(&folder, "path");
    assert!(paths.contains(&&json!("src")) && !paths.contains(&&json!("src/search.py")));
    let deep = walk(
        &host,
        &path(&format!("/src/{sha}/?pagelen=100&max_depth=10")),
    )
    .await;
    assert!(deep.iter().any(|row| row["path"] == "src/search.py"));
    let (_, meta) = host
        .json(&path(&format!("/src/{sha}/src/search.py?format=meta")))
        .await;
    assert_eq!(meta["type"], "commit_file");
    let raw = host.get(&path(&format!("/src/{sha}/src/search.py"))).await;
    let text = raw.text().await.unwrap();
    assert_eq!(meta["size"], text.len());
}

#[tokio::test]
async fn a_pull_requests_diff_is_elsewhere() {
    let host = Host::start(ForgeKind::Bitbucket).await;
    let answer = host.get(&path("/pullrequests/1/diff")).await;
    assert_eq!(answer.status(), 302);
    let to = answer.headers()[LOCATION].to_str().unwrap().to_owned();
    assert!(
        to.contains("%0D") && to.contains("from_pullrequest_id=1"),
        "{to}"
    );
    let text = host.get(&to).await.text().await.unwrap();
    assert!(
        text.starts_with("diff --git a/") && text.contains("\n@@ "),
        "{text}"
    );
    let stat = walk(&host, &to.replace("/diff/", "/diffstat/")).await;
    assert_eq!(text.matches("diff --git ").count(), stat.len());
    let stranger = host.request(Method::GET, &to).send().await.unwrap();
    assert_eq!(stranger.status(), 401);
}

#[tokio::test]
async fn refusals_are_those_of_the_service() {
    let host = Host::start(ForgeKind::Bitbucket).await;
    let limits = host.get("/2.0/user").await;
    assert_eq!(limits.headers()["x-ratelimit-limit"], "1000, 1000;w=3600");
    let reset = limits.headers()["x-ratelimit-reset"].to_str().unwrap();
    assert!(
        reset.parse::<u64>().unwrap() <= 3600,
        "seconds to go: {reset}"
    );
    host.post(
        "/__faults",
        &json!({"kind": "rate-limit", "retryAfter": "none", "count": 1}),
    )
    .await;
    let limited = host.get("/2.0/user").await;
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["content-type"], "text/plain");
    assert_eq!(
        limited.text().await.unwrap(),
        "Rate limit for this resource has been exceeded"
    );
    host.post("/__faults", &fault("missing-scope")).await;
    let (status, body) = host.json(&path("")).await;
    assert_eq!(
        (status, &body["error"]["detail"]["required"]),
        (403, &json!(["repository"]))
    );
    host.request(Method::DELETE, "/__faults")
        .send()
        .await
        .unwrap();
    // An API token goes with the account's address, by Basic.
    for (user, expected) in [("anna@acme.example", 200), ("anna-berg", 401)] {
        let request = host.request(Method::GET, "/2.0/user");
        let answer = request
            .basic_auth(user, Some(&host.token))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), expected, "{user}");
    }
}

#[tokio::test]
async fn a_consumer_gets_tokens_that_rotate_and_have_its_scopes() {
    let host = Host::start(ForgeKind::Bitbucket).await;
    let callback = "http://127.0.0.1:1/v1/auth/bitbucket/callback";
    let form = [
        ("redirect_uri", callback),
        ("state", "s"),
        ("login", "anna-berg"),
    ];
    let signed = host
        .request(Method::POST, "/__sign-in")
        .form(&form)
        .send()
        .await
        .unwrap();
    let back = signed.headers()[LOCATION].to_str().unwrap().to_owned();
    let code = back
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let (id, secret) = (host.forge.client_id(), host.forge.client_secret());
    let token = async |form: &[(&str, &str)]| {
        let request = host.request(Method::POST, "/site/oauth2/access_token");
        let answer = request
            .basic_auth(id, Some(secret))
            .form(form)
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let bought = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", callback),
    ];
    let (status, first) = token(&bought).await;
    assert_eq!(status, 200, "{first}");
    assert!(
        first["scopes"].as_str().unwrap().contains("pullrequest"),
        "{first}"
    );
    let refresh = first["refresh_token"].as_str().unwrap();
    let renewed = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let (status, second) = token(&renewed).await;
    assert_eq!(status, 200, "{second}");
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(token(&renewed).await.0, 400, "a refresh token works once");
}

#[tokio::test]
async fn a_hook_is_told_of_a_push_with_a_signature() {
    let host = Host::start(ForgeKind::Bitbucket).await;
    let receiver = Receiver::new();
    let hook = json!({"description": "t", "url": receiver.url(), "active": true, "secret": "s", "events": ["repo:push"]});
    let (status, made) = host.post(&path("/hooks"), &hook).await;
    assert_eq!((status, &made["secret_set"]), (201, &json!(true)));
    let body = json!({"repository": sample::FULL_NAME, "event": "tag.created"});
    let sent = host.emitted(receiver, body).await;
    assert_eq!(sent.header("x-event-key"), Some("repo:push"));
    assert!(sent.header("x-request-uuid").is_some());
    assert!(
        sent.header("x-hub-signature")
            .unwrap()
            .starts_with("sha256=")
    );
    let change = &sent.body["push"]["changes"][0];
    assert_eq!(
        (&change["new"]["type"], &change["old"]),
        (&json!("tag"), &Value::Null)
    );
    let bad = json!({"url": "http://127.0.0.1:1/", "events": ["release:made"]});
    let (status, refused) = host.post(&path("/hooks"), &bad).await;
    assert_eq!(
        (status, refused["error"]["fields"].get("events").is_some()),
        (400, true)
    );
}

#[tokio::test]
async fn an_answer_has_the_fields_that_are_asked_for() {
    let host = Host::start(ForgeKind::Bitbucket).await;
    let (_, repository) = host.json(&path("?fields=uuid,mainbranch.name")).await;
    let uuid = &host.json(&path("")).await.1["uuid"];
    assert_eq!(
        repository,
        json!({"uuid": uuid, "mainbranch": {"name": "main"}})
    );
    let list = path("/commits/main?pagelen=2&fields=-values.links,-values.repository");
    let (_, page) = host.json(&list).await;
    for row in page["values"].as_array().unwrap() {
        assert!(
            row["hash"].is_string() && row.get("links").is_none(),
            "{row}"
        );
        assert!(row.get("repository").is_none(), "{row}");
    }
    let list = path("/pullrequests?pagelen=1&fields=values.id,values.author.uuid,next");
    let (_, page) = host.json(&list).await;
    let row = &page["values"][0];
    assert_eq!(row.as_object().unwrap().len(), 2, "{page}");
    assert_eq!(row["author"].as_object().unwrap().len(), 1, "{page}");
    assert!(
        page.get("pagelen").is_none() && page["next"].is_string(),
        "{page}"
    );
}
