//! GitFlic as the gateway reads it: the code that comes by a POST while the browser comes back without
//! it, reads that equal Git's own, filters in front of the service, events without an id.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forges::{
    events::{emit, eventually, stand, subscribe},
    person::{Person, location, sign_in},
    stand::{HOSTS, Stand},
};

fn column(rows: &[Value], name: &str) -> Vec<Value> {
    let mut column: Vec<_> = rows.iter().map(|row| row[name].clone()).collect();
    if name != "sha" {
        column.sort_by_key(Value::to_string);
    }
    column
}

/// Patches as GitFlic's lines can tell them: without what Git adds to the lines in front of hunks, and
/// without its word on the last newline.
fn told(files: &Value) -> Value {
    let mut files = files.clone();
    for file in files.as_array_mut().unwrap() {
        let Some(patch) = file["patch"].as_str() else {
            continue;
        };
        let lines = patch.lines().filter(|line| !line.starts_with('\\'));
        let lines = lines.map(|line| match line.strip_prefix("@@ ") {
            Some(rest) => format!("@@ {} @@", rest.split(" @@").next().unwrap()),
            None => line.to_owned(),
        });
        file["patch"] = json!(lines.collect::<Vec<_>>());
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_those_of_git_and_the_rest_is_refused() {
    let stand = Stand::start(&[]).await;
    for below in [
        "",
        "/pull-requests?state=all",
        "/pull-requests?state=merged",
        "/pull-requests/1/diff",
        "/releases",
        "/checks",
        "/checks?branch=main",
        "/file-tree?path=src&recursive=true",
    ] {
        let answer = stand.read("gitflic", below).await;
        assert_eq!(answer.status, 200, "{below}: {}", answer.body);
        let empty = answer.body["data"].as_array().is_some_and(Vec::is_empty);
        assert!(!empty, "{below}");
        assert!(
            answer.headers.get("ratelimit").is_none(),
            "GitFlic tells no limit"
        );
    }
    for (below, code) in [
        ("/contributors", "UNSUPPORTED_ENDPOINT"),
        ("/deployments", "UNSUPPORTED_ENDPOINT"),
        ("/commits?branch=gone", "RESOURCE_NOT_FOUND"),
        ("/checks?branch=gone", "RESOURCE_NOT_FOUND"),
        ("/file-tree?ref=gone", "INVALID_REQUEST"),
        ("/pull-requests/999/diff", "RESOURCE_NOT_FOUND"),
    ] {
        assert_eq!(stand.read("gitflic", below).await.code(), code, "{below}");
    }
    let commit = &stand.sample.leaky_commit;
    let of_commit = format!("/file-tree?ref={commit}&limit=3");
    for (below, compared) in [
        ("/commits?limit=7", "sha"),
        ("/commits?branch=feature%2Fsearch&limit=100", "sha"),
        ("/tags?limit=1", "name"),
        ("/branches?limit=1", "name"),
        ("/file-tree?limit=2", "path"),
        ("/file-tree?recursive=true&limit=9", "path"),
        (of_commit.as_str(), "path"),
    ] {
        let theirs = stand.walk("gitflic", below).await;
        let mut ours = stand.walk("local", below).await;
        // The list of all files has no folders.
        ours.retain(|row| !below.contains("recursive") || row["type"] != "directory");
        assert!(theirs.len() > 1, "{below}");
        assert_eq!(
            column(&theirs, compared),
            column(&ours, compared),
            "{below}"
        );
    }
    let diff = format!("/commits/{commit}/diff");
    let (theirs, ours) = (
        stand.read("gitflic", &diff).await,
        stand.read("local", &diff).await,
    );
    let (theirs, ours) = (&theirs.body["data"], &ours.body["data"]);
    assert_eq!(told(&theirs["files"]), told(&ours["files"]));
    assert_eq!(theirs["firewall"], ours["firewall"]);
    assert_eq!(theirs["baseSha"], ours["baseSha"]);
    for secret in stand.sample.planted.all() {
        assert!(!theirs.to_string().contains(secret), "{secret}");
    }
    let listed = stand
        .get("/v1/repositories?provider=gitflic&limit=100")
        .await;
    assert_eq!(listed.rows().len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_additions_are_answered_where_they_exist() {
    let stand = Stand::start(&[]).await;
    for provider in HOSTS.into_iter().chain(["local"]) {
        for (list, have, expected) in [
            (
                "forks",
                &HOSTS[..],
                json!([
                    1,
                    "fullName",
                    match provider {
                        // A fork stays in its organization.
                        "azure" => "acme/Web Shop/storefront.boris-lind",
                        _ => "boris-lind/storefront",
                    }
                ]),
            ),
            (
                "labels",
                &["github", "gitlab", "gitflic"],
                json!([2, "color", null]),
            ),
            (
                "stargazers",
                &["github", "gitlab", "gitflic"],
                json!([3, "login", "anna-berg"]),
            ),
            (
                "watchers",
                &["github", "bitbucket", "gitflic"],
                json!([3, "login", "anna-berg"]),
            ),
            (
                "assignees",
                &["github", "gitlab", "gitflic"],
                json!([3, "login", "anna-berg"]),
            ),
        ] {
            let below = format!("/{list}?limit=1");
            if !have.contains(&provider) {
                let refused = stand.read(provider, &below).await;
                assert_eq!(refused.code(), "UNSUPPORTED_ENDPOINT", "{provider} {list}");
                continue;
            }
            let rows = stand.walk(provider, &below).await;
            assert_eq!(json!(rows.len()), expected[0], "{provider} {list}");
            let value = &rows[0][expected[1].as_str().unwrap()];
            match list {
                "labels" => assert_eq!(value.as_str().unwrap().len(), 6, "{provider}"),
                _ => assert_eq!(value, &expected[2], "{provider} {list}"),
            }
            let is_fork = list != "forks" || rows[0]["fork"] == true;
            assert!(is_fork, "{provider}: {}", rows[0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_project_is_empty() {
    let stand = Stand::start(&[]).await;
    for below in [
        "branches",
        "commits",
        "file-tree",
        "file-tree?recursive=true",
    ] {
        let path = format!("/v1/repositories/gitflic/acme%2Fempty/{below}");
        let answer = stand.get(&path).await;
        assert_eq!(answer.rows().len(), 0, "{below}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_posted_code_links_the_account_of_the_browser_that_asked() {
    // sec: PC-1 PC-3
    let stand = Stand::start(&[]).await;
    let mut grace = Person::sign_up(&stand).await;
    let started = grace.get("/v1/auth/gitflic/start?web=1").await;
    assert_eq!(started.status(), 303);
    let asked = location(&started);
    assert_eq!(grace.get(&asked).await.status(), 200);
    let back = sign_in(&stand, "gitflic", &asked).await;
    assert!(back.ends_with("/v1/auth/gitflic/callback"), "bare: {back}");
    let returned = grace.get("/v1/auth/gitflic/callback").await;
    assert_eq!(
        (returned.status().as_u16(), location(&returned)),
        (303, "/app/dashboard".to_owned())
    );
    let listed: Value = grace
        .get("/v1/account/connections")
        .await
        .json()
        .await
        .unwrap();
    let rows = listed["data"].as_array().unwrap();
    assert_eq!(
        (&rows[0]["provider"], &rows[0]["login"], &rows[0]["status"]),
        (&json!("gitflic"), &json!("anna-berg"), &json!("active"))
    );
    // Once.
    assert_eq!(grace.get("/v1/auth/gitflic/callback").await.status(), 400);
    let listed: Value = grace
        .get("/v1/account/connections")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_starts_a_flow_gets_no_account_that_another_browser_approved() {
    // sec: PC-1 PC-3
    let stand = Stand::start(&[]).await;
    let refused = stand.bare(Method::GET, "/v1/auth/gitflic/start", None, None);
    let refused = refused.await;
    assert_eq!(refused.code(), "INVALID_REQUEST", "{}", refused.body);
    let mut mallory = Person::sign_up(&stand).await;
    let mut victim = mallory.elsewhere();
    let asked = location(&mallory.get("/v1/auth/gitflic/start?web=1").await);
    // The address is sent to somebody who approves it; their browser comes back here.
    let back = sign_in(&stand, "gitflic", &asked).await;
    let (took, came) = tokio::join!(mallory.get("/v1/auth/gitflic/callback"), victim.get(&back));
    assert_eq!(came.status(), 400);
    assert_eq!(location(&took), "/app/dashboard?link_error=INVALID_REQUEST");
    let listed = mallory.get("/v1/account/connections").await;
    let listed: Value = listed.json().await.unwrap();
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_may_be_here_before_the_code() {
    let stand = Stand::start(&[]).await;
    let mut grace = Person::sign_up(&stand).await;
    let asked = location(&grace.get("/v1/auth/gitflic/start?web=1").await);
    let early = grace.get("/v1/auth/gitflic/callback");
    let posted = sign_in(&stand, "gitflic", &asked);
    let (returned, _) = tokio::join!(early, posted);
    assert_eq!(location(&returned), "/app/dashboard");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_no_good_tells_the_browser_and_not_who_posts() {
    let stand = Stand::start(&[]).await;
    let mut grace = Person::sign_up(&stand).await;
    let asked = location(&grace.get("/v1/auth/gitflic/start?web=1").await);
    let url = url::Url::parse(&asked).unwrap();
    let (_, state) = url.query_pairs().find(|(key, _)| key == "state").unwrap();
    for (state, status) in [("unknown", 200), (&*state, 200), (&*state, 200)] {
        let body = json!({"code": "made-up", "state": state});
        let answer = stand
            .bare(Method::POST, "/v1/auth/gitflic/callback", None, Some(&body))
            .await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.body, json!({}));
    }
    let returned = grace.get("/v1/auth/gitflic/callback").await;
    assert_eq!(
        location(&returned),
        "/app/dashboard?link_error=INVALID_CREDENTIALS"
    );
    // A form says the same.
    let asked = location(&grace.get("/v1/auth/gitflic/start?web=1").await);
    let url = url::Url::parse(&asked).unwrap();
    let (_, state) = url.query_pairs().find(|(key, _)| key == "state").unwrap();
    let posted = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", "made-up")
        .append_pair("state", &state)
        .finish();
    let answer = stand.form("/v1/auth/gitflic/callback", &posted).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, json!({})));
    let returned = grace.get("/v1/auth/gitflic/callback").await;
    assert_eq!(
        location(&returned),
        "/app/dashboard?link_error=INVALID_CREDENTIALS"
    );
    // Elsewhere nobody posts codes.
    let body = json!({"code": "x", "state": "y"});
    let answer = stand
        .bare(Method::POST, "/v1/auth/github/callback", None, Some(&body))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (404, "RESOURCE_NOT_FOUND")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_of_a_hook_is_told_twice() {
    let (stand, receiver) = stand().await;
    let wish = json!({"callbackUrl": receiver.url(), "events": ["push", "tag.created"]});
    subscribe(&stand, "gitflic", &wish).await;
    for _ in 0..2 {
        emit(&stand, "gitflic", "push").await;
    }
    let told = eventually("both are told", async || {
        let received = receiver.received();
        (received.len() == 2).then_some(received)
    })
    .await;
    for received in told {
        let body = received.json();
        assert_eq!(
            (&body["type"], &body["provider"]),
            (&json!("push"), &json!("gitflic"))
        );
        assert_eq!(body["data"]["ref"], "refs/heads/main");
    }
    let refused = json!({"callbackUrl": receiver.url(), "events": ["release"]});
    let path = "/v1/repositories/gitflic/acme%2Fstorefront/events/subscribe";
    let refused = stand.call(Method::POST, path, Some(&refused)).await;
    assert_eq!(refused.code(), "INVALID_REQUEST");
}
