//! One repository under every spelling of its id: GUIDs in capitals, and in the braces that Bitbucket has
//! around them. Grants, reads, cursors and subscriptions mean the same one.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forges::{
    events::{emit, eventually, stand},
    stand::{Answer, Stand},
};

const PERMISSIONS: [&str; 3] = ["read:repositories", "read:branches", "events:subscribe"];

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Ways to write the GUIDs of an id.
fn spellings(provider: &str, id: &str) -> Vec<String> {
    match provider {
        // The name of the organization in front is the account's own.
        "azure" => {
            let (organization, guids) = id.split_once('~').unwrap();
            vec![format!("{organization}~{}", guids.to_ascii_uppercase())]
        }
        "bitbucket" => vec![
            id.to_ascii_uppercase(),
            format!("%7B{id}%7D"),
            format!("%7B{}%7D", id.to_ascii_uppercase()),
        ],
        _ => vec![id.to_ascii_uppercase()],
    }
}

/// A token of an app whose customer has approved the repository of that name or id, and no other.
async fn token(stand: &Stand, provider: &str, repository: &str) -> String {
    let tenant = stand.tenant("company").await;
    let secret = stand.forge(provider).personal_token("anna-berg").unwrap();
    let credential = json!({"provider": provider, "tenantId": tenant, "accessToken": secret});
    let made = async |path: &str, body: &Value| {
        let made = stand.admin(Method::POST, path, Some(body)).await;
        assert_eq!(made.status, 201, "{path}: {}", made.body);
        made.body
    };
    let connection = made("/v1/connections/manual", &credential).await;
    let owner = stand.tenant("developer").await;
    let app = json!({"tenantId": owner, "name": "App", "allowedRedirectUris": [], "defaultPermissions": PERMISSIONS});
    let app = made("/v1/platform/clients", &app).await;
    let grant = json!({
        "tenantId": tenant, "clientId": app["client"]["id"], "connectionId": connection["connection"]["id"],
        "permissions": PERMISSIONS, "repositories": [repository],
    });
    made("/v1/platform/grants", &grant).await;
    let asked = json!({
        "grant_type": "client_credentials", "client_id": app["client"]["id"], "client_secret": app["clientSecret"],
    });
    let bought = stand.bare(Method::POST, "/oauth/token", None, Some(&asked));
    text(&bought.await.body["accessToken"])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_of_an_id_names_the_same_repository() {
    let (stand, receiver) = stand().await;
    for provider in ["bitbucket", "azure", "gitflic"] {
        let found = stand.read(provider, "").await;
        let (id, name) = (
            text(&found.body["data"]["id"]),
            &found.body["data"]["fullName"],
        );
        let decoded = |spelt: &str| spelt.replace("%7B", "{").replace("%7D", "}");
        for spelt in spellings(provider, &id) {
            assert_ne!(spelt, id, "{provider}: nothing to spell otherwise");
            // GitFlic finds a project by its name alone.
            let approved = match provider {
                "gitflic" => text(name),
                _ => decoded(&spelt),
            };
            let token = token(&stand, provider, &approved).await;
            let ask = async |below: &str| -> Answer {
                let path = format!("/v1/repositories/{provider}/{spelt}{below}");
                stand.bare(Method::GET, &path, Some(&token), None).await
            };
            let read = ask("").await;
            assert_eq!(read.status, 200, "{spelt}: {}", read.body);
            assert_eq!(read.body["data"]["id"], json!(id), "{spelt}");
            // A cursor goes on under another spelling.
            let page = ask("/branches?limit=1").await;
            assert_eq!(page.rows().len(), 1, "{spelt}");
            let cursor = text(&page.body["page_info"]["next_cursor"]);
            let path = format!("/v1/repositories/{provider}/{id}/branches?cursor={cursor}");
            let next = stand.bare(Method::GET, &path, Some(&token), None).await;
            assert_eq!(next.rows().len(), 1, "{spelt}");

            let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
            let path = format!("/v1/repositories/{provider}/{spelt}/events/subscribe");
            let made = stand
                .bare(Method::POST, &path, Some(&token), Some(&wish))
                .await;
            assert_eq!(made.status, 201, "{spelt}: {}", made.body);
            assert_eq!(made.body["data"]["repositoryId"], json!(id), "{spelt}");
            let subscription = text(&made.body["data"]["id"]);
            emit(&stand, provider, "push").await;
            eventually("the push is told", async || {
                let mut told = receiver.received().into_iter();
                told.find(|it| it.json()["subscriptionId"] == json!(subscription))
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commit_ids_of_a_pull_request_are_ids_to_read_by() {
    let stand = Stand::start(&[]).await;
    for provider in crate::forges::stand::HOSTS {
        let listed = stand
            .read(provider, "/pull-requests?state=all&limit=100")
            .await;
        let whole = stand.read(provider, "/pull-requests/1").await;
        let rows = listed.rows().iter().chain([&whole.body["data"]]);
        let ids =
            rows.flat_map(|row| ["headSha", "baseSha", "mergeCommitSha"].map(|name| &row[name]));
        let ids: std::collections::BTreeSet<String> = ids
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        assert!(ids.len() > 2, "{provider}: {ids:?}");
        for id in ids {
            let commit = stand.read(provider, &format!("/commits/{id}")).await;
            let sha = text(&commit.body["data"]["sha"]);
            assert!(sha.starts_with(&id), "{provider} {id}: {}", commit.body);
            let diff = stand.read(provider, &format!("/commits/{id}/diff")).await;
            assert_eq!(
                diff.body["data"]["headSha"],
                json!(sha),
                "{provider} {id}: {}",
                diff.body
            );
        }
    }
    for (id, code) in [
        ("0123456", "RESOURCE_NOT_FOUND"),
        ("012345", "INVALID_REQUEST"),
        ("main", "INVALID_REQUEST"),
    ] {
        let diff = stand
            .read("bitbucket", &format!("/commits/{id}/diff"))
            .await;
        assert_eq!(diff.code(), code, "{id}: {}", diff.body);
    }
}
