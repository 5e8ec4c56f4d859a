//! Reads over both forges, held against the local provider over the same repositories.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forges::stand::{PROVIDERS, STOREFRONT, Stand};

fn column(rows: &[Value], name: &str) -> Vec<Value> {
    rows.iter().map(|row| row[name].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_each_adapter_was_checked_against_is_said() {
    let stand = Stand::start(&[]).await;
    let said = stand.get("/v1/platform/capabilities").await;
    assert_eq!(
        said.body["evidence"],
        json!({
            "azure": ["recorded_traffic", "published_description"],
            "bitbucket": ["recorded_traffic"],
            "gitflic": ["documentation"],
            "github": ["recorded_traffic", "published_description"],
            "gitlab": ["recorded_traffic"],
            "local": ["git"],
        })
    );
    let reference = stand.client.get(stand.url("/docs/api")).send();
    let reference = reference.await.unwrap().text().await.unwrap();
    for words in [
        "documentation only",
        "recorded traffic, published description",
        "Git itself",
    ] {
        assert!(reference.contains(words), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_of_a_file_lists_that_file() {
    let stand = Stand::start(&[]).await;
    for provider in ["github", "bitbucket", "azure", "local"] {
        let whole = stand
            .walk(provider, "/file-tree?path=src&recursive=true")
            .await;
        let file = whole.iter().find(|row| row["type"] == "file").unwrap();
        let path = file["path"].as_str().unwrap();
        let answer = stand
            .read(provider, &format!("/file-tree?path={path}"))
            .await;
        let [row] = &answer.rows()[..] else {
            panic!("{provider}: {}", answer.body);
        };
        for name in ["path", "name", "type", "sha"] {
            assert_eq!(row[name], file[name], "{provider}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_answers_and_says_what_is_left_of_the_limit() {
    let stand = Stand::start(&[]).await;
    let commit = &stand.sample.leaky_commit;
    for provider in PROVIDERS {
        for below in [
            String::new(),
            "/branches".to_owned(),
            "/commits".to_owned(),
            format!("/commits/{commit}/diff"),
            "/pull-requests?state=all".to_owned(),
            "/pull-requests?state=merged".to_owned(),
            "/pull-requests/1/diff".to_owned(),
            "/contributors".to_owned(),
            "/tags".to_owned(),
            "/releases".to_owned(),
            "/checks".to_owned(),
            "/checks?branch=main".to_owned(),
            "/deployments".to_owned(),
            "/file-tree".to_owned(),
            "/file-tree?path=src&recursive=true".to_owned(),
        ] {
            let answer = stand.read(provider, &below).await;
            assert_eq!(answer.status, 200, "{provider}{below}: {}", answer.body);
            let empty = answer.body["data"].as_array().is_some_and(Vec::is_empty);
            assert!(!empty, "{provider}{below}");
            let left = answer.headers.get("ratelimit").unwrap().to_str().unwrap();
            assert!(left.starts_with(&format!("\"{provider}\";r=")), "{left}");
        }
        let listed = stand
            .get(&format!("/v1/repositories?provider={provider}&limit=100"))
            .await;
        assert_eq!(listed.rows().len(), 40);
    }
    let me = stand.get("/v1/me").await;
    assert_eq!(
        column(me.rows(), "login"),
        [
            json!("local"),
            json!("anna-berg"),
            json!("anna-berg"),
            json!("anna-berg"),
            // A sign-in name is an address at Azure, and no login.
            json!(null),
            json!("anna-berg")
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bitbucket_answers_what_it_has_and_refuses_the_rest() {
    let stand = Stand::start(&[]).await;
    let commit = &stand.sample.leaky_commit;
    for below in [
        String::new(),
        "/pull-requests?state=all".to_owned(),
        "/pull-requests?state=merged".to_owned(),
        "/pull-requests/1/diff".to_owned(),
        "/checks".to_owned(),
        "/checks?branch=main".to_owned(),
        "/deployments".to_owned(),
        "/deployments?state=success&environment=Staging".to_owned(),
        "/file-tree?path=src&recursive=true".to_owned(),
    ] {
        let answer = stand.read("bitbucket", &below).await;
        assert_eq!(answer.status, 200, "{below}: {}", answer.body);
        let empty = answer.body["data"].as_array().is_some_and(Vec::is_empty);
        assert!(!empty, "{below}");
    }
    for (below, code) in [
        ("/contributors", "UNSUPPORTED_ENDPOINT"),
        ("/releases", "UNSUPPORTED_ENDPOINT"),
        ("/commits?branch=gone", "RESOURCE_NOT_FOUND"),
    ] {
        assert_eq!(stand.read("bitbucket", below).await.code(), code, "{below}");
    }
    // Bitbucket selects none itself: what comes back is.
    let failed = stand.walk("bitbucket", "/deployments?state=failure").await;
    assert_eq!(column(&failed, "state"), [json!("failure")]);
    let nowhere = stand.read("bitbucket", "/deployments?environment=x").await;
    assert!(nowhere.rows().is_empty());
    for (below, compared) in [
        ("/commits?limit=7", "sha"),
        ("/commits?branch=feature%2Fsearch&limit=100", "sha"),
        ("/tags?limit=1", "name"),
        ("/branches?limit=1", "name"),
        ("/file-tree?recursive=true&limit=9", "path"),
    ] {
        let pair = [
            stand.walk("bitbucket", below).await,
            stand.walk("local", below).await,
        ];
        let [mut theirs, mut ours] = pair.map(|rows| column(&rows, compared));
        if compared != "sha" {
            theirs.sort_by_key(Value::to_string);
            ours.sort_by_key(Value::to_string);
        }
        assert!(theirs.len() > 1, "{below}");
        assert_eq!(theirs, ours, "{below}");
    }
    let diff = format!("/commits/{commit}/diff");
    let pair = [
        stand.read("bitbucket", &diff).await,
        stand.read("local", &diff).await,
    ];
    let [theirs, ours] = pair.map(|diff| diff.body["data"]["files"].clone());
    assert_eq!(theirs, ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_answers_as_git_does_and_refuses_the_rest() {
    let stand = Stand::start(&[]).await;
    for below in [
        "",
        "/pull-requests?state=all",
        "/pull-requests?state=merged",
        "/pull-requests/1/diff",
        "/checks",
        "/checks?branch=main",
        "/file-tree?path=src&recursive=true",
    ] {
        let answer = stand.read("azure", below).await;
        assert_eq!(answer.status, 200, "{below}: {}", answer.body);
        let empty = answer.body["data"].as_array().is_some_and(Vec::is_empty);
        assert!(!empty, "{below}");
    }
    for (below, code) in [
        ("/contributors", "UNSUPPORTED_ENDPOINT"),
        ("/releases", "UNSUPPORTED_ENDPOINT"),
        ("/deployments", "UNSUPPORTED_ENDPOINT"),
        ("/commits?branch=gone", "RESOURCE_NOT_FOUND"),
        ("/checks?ref=gone", "RESOURCE_NOT_FOUND"),
        ("/file-tree?path=gone", "RESOURCE_NOT_FOUND"),
    ] {
        assert_eq!(stand.read("azure", below).await.code(), code, "{below}");
    }
    let listed = stand.get("/v1/repositories?provider=azure&limit=100").await;
    assert_eq!(listed.rows().len(), 40);
    for (below, compared) in [
        ("/commits?limit=7", ["sha", "message"]),
        (
            "/commits?branch=feature%2Fsearch&limit=100",
            ["sha", "title"],
        ),
        ("/tags?limit=1", ["name", "commitSha"]),
        ("/branches?limit=1", ["name", "commitSha"]),
        ("/file-tree?recursive=true&limit=9", ["path", "sha"]),
        ("/file-tree?path=src", ["path", "mode"]),
    ] {
        let pair = [
            stand.walk("azure", below).await,
            stand.walk("local", below).await,
        ];
        let [theirs, ours] = pair.map(|rows| compared.map(|name| column(&rows, name)));
        assert!(theirs[0].len() > 1, "{below}");
        assert_eq!(theirs, ours, "{below}");
    }
    // Every commit, the first one and the merges included.
    for commit in stand.walk("local", "/commits?limit=100").await {
        let diff = format!("/commits/{}/diff", commit["sha"].as_str().unwrap());
        let theirs = stand.read("azure", &diff).await.body["data"].clone();
        let ours = stand.read("local", &diff).await.body["data"].clone();
        for part in ["baseSha", "headSha", "files", "firewall", "truncated"] {
            assert_eq!(theirs[part], ours[part], "{diff}: {part}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_of_azure_asks_for_no_content_that_the_firewall_blocks() {
    let stand = Stand::start(&[]).await;
    let diff = format!("/commits/{}/diff", stand.sample.leaky_commit);
    let answer = stand.read("azure", &diff).await;
    let blocked = &answer.body["data"]["firewall"]["blockedFiles"];
    assert_eq!(*blocked, json!(2), "{}", answer.body);
    let calls = stand
        .control("azure", Method::GET, "/__calls", &Value::Null)
        .await;
    let calls = calls.as_object().unwrap().keys();
    let contents = calls.filter(|call| call.contains("/blobs/")).count();
    // Of two files the new content, of one the old one too.
    let files = answer.body["data"]["files"].as_array().unwrap().iter();
    let sides = files.map(|file| if file["status"] == "added" { 1 } else { 2 });
    assert_eq!(contents, sides.sum::<usize>());
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_trees_and_diffs_are_those_of_git() {
    let stand = Stand::start(&[]).await;
    let commit = &stand.sample.leaky_commit;
    for provider in PROVIDERS {
        for (below, compared) in [
            ("/commits?limit=7", "sha"),
            ("/commits?branch=feature%2Fsearch&limit=100", "sha"),
            ("/tags?limit=1", "commitSha"),
        ] {
            let (theirs, ours) = (
                stand.walk(provider, below).await,
                stand.walk("local", below).await,
            );
            assert!(theirs.len() > 1, "{provider}{below}");
            let mut pair = [column(&theirs, compared), column(&ours, compared)];
            if compared == "commitSha" {
                pair.iter_mut()
                    .for_each(|column| column.sort_by_key(Value::to_string));
            }
            assert_eq!(pair[0], pair[1], "{provider}{below}");
        }
        for below in ["/file-tree?recursive=true&limit=9", "/branches?limit=1"] {
            let key = if below.starts_with("/file") {
                "path"
            } else {
                "name"
            };
            let mut pair = [
                stand.walk(provider, below).await,
                stand.walk("local", below).await,
            ]
            .map(|rows| column(&rows, key));
            pair.iter_mut()
                .for_each(|column| column.sort_by_key(Value::to_string));
            assert_eq!(pair[0], pair[1], "{provider}{below}");
        }
        let diff = format!("/commits/{commit}/diff");
        let (theirs, ours) = (
            stand.read(provider, &diff).await,
            stand.read("local", &diff).await,
        );
        let patches = |diff: &Value| column(diff["data"]["files"].as_array().unwrap(), "path");
        assert_eq!(patches(&theirs.body), patches(&ours.body));
        assert_eq!(
            theirs.body["data"]["firewall"],
            ours.body["data"]["firewall"]
        );
        let text = theirs.body.to_string();
        for secret in stand.sample.planted.all() {
            assert!(!text.contains(secret), "{provider}: {secret}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_bound_to_the_repository_and_not_to_its_name() {
    // sec: OA-9
    let stand = Stand::start(&[]).await;
    for provider in PROVIDERS {
        let found = stand.read(provider, "").await.body["data"].clone();
        let id = found["id"].as_str().unwrap();
        let tenant = stand
            .admin(
                Method::POST,
                "/v1/platform/tenants",
                Some(&json!({"name": "Other"})),
            )
            .await;
        let tenant = &tenant.body["tenant"]["id"];
        let token = stand.forge(provider).personal_token("anna-berg").unwrap();
        let made = json!({"provider": provider, "accessToken": token, "tenantId": tenant});
        let connection = stand
            .admin(Method::POST, "/v1/connections/manual", Some(&made))
            .await;
        assert_eq!(connection.status, 201, "{}", connection.body);
        let owner = stand
            .admin(
                Method::POST,
                "/v1/platform/tenants",
                Some(&json!({"name": "Dev", "kind": "developer"})),
            )
            .await;
        let app = json!({"tenantId": owner.body["tenant"]["id"], "name": "App", "allowedRedirectUris": [], "defaultPermissions": ["read:repositories"]});
        let app = stand
            .admin(Method::POST, "/v1/platform/clients", Some(&app))
            .await;
        let client = &app.body["client"]["id"];
        let grant = json!({
            "tenantId": tenant, "clientId": client, "connectionId": connection.body["connection"]["id"],
            "permissions": ["read:repositories"], "repositories": [id],
        });
        let grant = stand
            .admin(Method::POST, "/v1/platform/grants", Some(&grant))
            .await;
        assert_eq!(grant.status, 201, "{}", grant.body);
        let bought = json!({"grant_type": "client_credentials", "client_id": client, "client_secret": app.body["clientSecret"]});
        let bought = stand
            .call(Method::POST, "/oauth/token", Some(&bought))
            .await;
        let token = bought.body["accessToken"].as_str().unwrap().to_owned();
        let read = async |repository: &str| {
            let url = format!(
                "http://{}/v1/repositories/{provider}/{repository}",
                stand.running.addr()
            );
            let answer = stand
                .client
                .get(url)
                .bearer_auth(&token)
                .send()
                .await
                .unwrap();
            answer.json::<Value>().await.unwrap()
        };
        assert_eq!(read(STOREFRONT).await["data"]["id"], id);
        let renamed = json!({"repository": "acme/storefront", "name": "renamed", "replace": true});
        let new = stand
            .control(provider, Method::POST, "/__rename", &renamed)
            .await;
        let new = new["id"].to_string();
        assert_eq!(read(&new).await["error"]["code"], "REPOSITORY_NOT_APPROVED");
        // The old name leads to the approved repository until its new one is seen.
        assert_eq!(read(id).await["data"]["fullName"], "acme/renamed");
        assert_eq!(
            read(STOREFRONT).await["error"]["code"],
            "REPOSITORY_NOT_APPROVED"
        );
        assert_eq!(read("acme%2Frenamed").await["data"]["id"], id);
    }
}

/// The values behind a member's path, in every entry of the lists on its way; none behind a `null`.
fn values<'a>(row: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![row];
    for name in path.split('.') {
        let inside = found.iter().flat_map(|value| match value {
            Value::Array(all) => all.iter().collect(),
            other => vec![*other],
        });
        let inside: Vec<_> = inside.filter(|value| !value.is_null()).collect();
        found = inside.iter().filter_map(|value| value.get(name)).collect();
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_is_said_never_to_tell_is_null() {
    let stand = Stand::start(&[]).await;
    let text = include_str!("../../gitflare-server/docs/fields.text");
    let (_, table) = text
        .split_once("| of | member | always `null` at |")
        .unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut seen = 0;
    for line in rows {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, of, members, providers, _] = cells[..] else {
            panic!("{line}");
        };
        let path = match of {
            "repositories" => "",
            "pull requests" => "/pull-requests?state=all",
            "file tree" => "/file-tree?recursive=true",
            "branches" => "/branches",
            "commits" => "/commits",
            "tags" => "/tags",
            "releases" => "/releases",
            "checks" => "/checks",
            "contributors" => "/contributors",
            other => panic!("{other}"),
        };
        for name in providers.split(", ") {
            let provider = match name {
                "Azure DevOps" => "azure".to_owned(),
                name => name.to_lowercase(),
            };
            let answer = stand.read(&provider, path).await;
            assert_eq!(answer.status, 200, "{provider} {path}: {}", answer.body);
            let data = &answer.body["data"];
            for member in members.split(", ").map(|it| it.trim_matches('`')) {
                let there = match data {
                    Value::Array(all) => all.iter().flat_map(|row| values(row, member)).collect(),
                    one => values(one, member),
                };
                let told: Vec<_> = there.iter().filter(|value| !value.is_null()).collect();
                assert!(told.is_empty(), "{provider} {of} {member}: {told:?}");
                seen += there.len();
            }
        }
    }
    assert!(seen > 100, "only {seen} values were looked at");
}
