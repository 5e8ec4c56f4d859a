//! The emulated GitFlic: its scheme, its pages, the code that comes by POST, rebuilt patches, hooks.

use gitflare_sandbox::{ForgeKind, sample};
use reqwest::{Method, header::LOCATION};
use serde_json::{Value, json};

use crate::support::{Form, Host, Receiver, fault};

fn path(below: &str) -> String {
    format!("/rest-api/project/{}{below}", sample::FULL_NAME)
}

/// The rows of every page of a list.
async fn walk(host: &Host, list: &str, key: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for number in 0.. {
        let separator = if list.contains('?') { '&' } else { '?' };
        let (status, page) = host.json(&format!("{list}{separator}page={number}")).await;
        assert_eq!(
            (status, &page["page"]["number"]),
            (200, &json!(number)),
            "{list}"
        );
        rows.extend(page["_embedded"][key].as_array().unwrap().clone());
        if number + 1 >= page["page"]["totalPages"].as_u64().unwrap() {
            break;
        }
    }
    rows
}

#[tokio::test]
async fn the_scheme_is_token_and_a_dead_one_is_forbidden() {
    let host = Host::start(ForgeKind::Gitflic).await;
    let (status, me) = host.json("/rest-api/user/me").await;
    assert_eq!((status, &me["username"]), (200, &json!("anna-berg")));
    let bearer = host.request(Method::GET, "/rest-api/user/me");
    let refused = bearer.bearer_auth(&host.token).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let body: Value = refused.json().await.unwrap();
    let why = body["message"].as_str().unwrap();
    assert!(why.contains("AuthenticationException"), "{why}");
}

#[tokio::test]
async fn an_account_has_five_hundred_calls_an_hour() {
    let host = Host::start(ForgeKind::Gitflic).await;
    let mut calls = 0;
    while calls < 1000 && host.get("/rest-api/user/me").await.status() == 200 {
        calls += 1;
    }
    // The hour may end in between: then they begin anew, once.
    assert!((500..1000).contains(&calls), "{calls} calls were answered");
    let refused = host.get("/rest-api/user/me").await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().get("retry-after").is_none());
}

#[tokio::test]
async fn pages_count_from_zero_under_keys_of_two_generations() {
    let host = Host::start(ForgeKind::Gitflic).await;
    let projects = walk(&host, "/rest-api/project/my?size=7", "projectList").await;
    assert_eq!(projects.len(), 40);
    assert_eq!(
        walk(&host, &path("/commits?size=10"), "commitList")
            .await
            .len(),
        32
    );
    let branch = path("/commits?branch=feature/search&size=100");
    assert!(!walk(&host, &branch, "commitList").await.is_empty());
    assert_eq!(host.json(&path("/commits/feature%2Fsearch")).await.0, 400);
    host.post("/__faults", &fault("older-shapes")).await;
    let older = walk(&host, "/rest-api/project/my?size=100", "projectModelList").await;
    assert_eq!(older, projects);
    let (status, empty) = host.json("/rest-api/project/acme/empty/branch").await;
    let why = empty["message"].as_str().unwrap();
    assert!(
        status == 404 && why.contains("BranchNotFoundException"),
        "{why}"
    );
}

#[tokio::test]
async fn a_patch_can_be_rebuilt_from_its_lines() {
    let host = Host::start(ForgeKind::Gitflic).await;
    let commits = walk(&host, &path("/commits?size=100"), "commitList").await;
    let mut checked = 0;
    for commit in &commits {
        let hash = commit["hash"].as_str().unwrap();
        let (_, files) = host.json(&path(&format!("/commit/{hash}/file"))).await;
        for file in files.as_array().unwrap() {
            let lines = file["lines"].as_array().unwrap();
            let count = |op: &str| lines.iter().filter(|line| line["op"] == op).count();
            assert_eq!(file["addedLinesCount"], count("add"), "{file}");
            assert_eq!(file["removedLinesCount"], count("remove"), "{file}");
            checked += 1;
        }
    }
    assert!(checked > 30);
    let (_, changes) = host.json(&path("/merge-request/1/changes?size=1")).await;
    assert_eq!(changes["commitBlobs"].as_array().unwrap().len(), 1);
    assert_eq!(changes["page"]["size"], 1);
}

#[tokio::test]
async fn trees_and_contents_are_read_by_commit() {
    let host = Host::start(ForgeKind::Gitflic).await;
    let root = walk(&host, &path("/files?size=100"), "apiFileInfoTupleList").await;
    let is_folder = |row: &Value| row["isTree"] == true && row["tree"] == true;
    assert!(
        root.iter()
            .any(|row| row["path"] == "src" && is_folder(row))
    );
    let head = root[0]["lastCommitHash"].as_str().unwrap();
    let (_, files) = host
        .json(&path(&format!("/blob/recursive?commitHash={head}")))
        .await;
    let files = files.as_array().unwrap();
    let readme = files
        .iter()
        .find(|row| row["filePath"] == "README.md")
        .unwrap();
    let raw = path(&format!("/blob/download?commitHash={head}&file=README.md"));
    let bytes = host.get(&raw).await.bytes().await.unwrap();
    assert_eq!(readme["size"], bytes.len());
}

#[tokio::test]
async fn the_code_comes_by_post_and_the_browser_without_it() {
    let host = Host::start(ForgeKind::Gitflic).await;
    let receiver = Receiver::new();
    let callback = receiver.url().replace("/hook", "/v1/auth/gitflic/callback");
    let page = format!(
        "/oauth/authorize?client_id={}&scope=USER_READ&state=s&redirect_url={callback}",
        host.forge.client_id()
    );
    let page = host.request(Method::GET, &page).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let taken = tokio::task::spawn_blocking(move || receiver.take());
    let form = [
        ("redirect_uri", callback.as_str()),
        ("state", "s"),
        ("login", "anna-berg"),
    ];
    let sent = host.request(Method::POST, "/__sign-in").form(&form);
    let sent = sent.send().await.unwrap();
    assert_eq!(sent.headers()[LOCATION].to_str().unwrap(), callback);
    let delivery = taken.await.unwrap();
    assert_eq!(delivery.body["state"], "s");
    let code = delivery.body["code"].as_str().unwrap();
    let exchange = format!("/oauth/api/token/access?code={code}");
    let (status, tokens) = host.json(&exchange).await;
    assert_eq!(status, 200, "{tokens}");
    assert!(!tokens["expires"].as_str().unwrap().ends_with('Z'));
    assert_eq!(host.json(&exchange).await.0, 400, "a code works once");
    let refresh = host.request(Method::POST, "/oauth/api/token/refresh");
    let refresh = refresh
        .basic_auth(host.forge.client_id(), Some(host.forge.client_secret()))
        .json(&json!({"refreshToken": tokens["refreshToken"]}));
    let renewed: Value = refresh.send().await.unwrap().json().await.unwrap();
    assert_ne!(renewed["accessToken"], tokens["accessToken"]);
}

#[tokio::test]
async fn a_hook_shows_its_secret_and_deliveries_have_no_id() {
    let host = Host::start(ForgeKind::Gitflic).await;
    for (event, name) in [("push", "BRANCH_UPDATE"), ("tag.created", "TAG_CREATE")] {
        let receiver = Receiver::new();
        let hook = json!({"url": receiver.url(), "secret": "in clear", "events": {name: true}});
        let (status, hook) = host.post(&path("/setting/webhook"), &hook).await;
        assert_eq!(status, 200, "{hook}");
        let body = json!({"repository": sample::FULL_NAME, "event": event});
        let sent = host.emitted(receiver, body).await;
        assert_eq!(sent.header("gitflic-webhook-secret"), Some("in clear"));
        assert_eq!(sent.body["action"], name);
        assert_eq!(sent.body["project"]["owner_alias"], "acme");
        let id = hook["id"].as_str().unwrap();
        let gone = path(&format!("/setting/webhook/{id}/delete"));
        assert_eq!(host.post(&gone, &json!({})).await.0, 200);
    }
    let unknown = json!({"url": "http://127.0.0.1:1/", "secret": "s", "events": {"RELEASE": true}});
    assert_eq!(host.post(&path("/setting/webhook"), &unknown).await.0, 422);
}

#[tokio::test]
async fn a_project_is_made_from_texts() {
    let host = Host::start(ForgeKind::Gitflic).await;
    let body =
        json!({"title": "An example", "isPrivate": "true", "alias": "example", "language": "java"});
    let (status, project) = host.post("/rest-api/project", &body).await;
    assert_eq!((status, &project["private"]), (200, &json!(true)));
    assert_eq!(
        (&project["language"], &project["description"]),
        (&json!("Java"), &Value::Null)
    );
    let alias = project["owner"]["alias"].as_str().unwrap();
    let (status, _) = host
        .json(&format!("/rest-api/project/{alias}/example"))
        .await;
    assert_eq!(status, 200);
}
