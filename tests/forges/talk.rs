//! What people say about pull requests, over every emulated host that has it: single objects, commits,
//! reviews and comments, filtered like any read.

use gitflare_server::sandbox::planted_password;
use serde_json::{Value, json};

use crate::forges::stand::Stand;

const HOSTS: [&str; 5] = ["github", "gitlab", "bitbucket", "azure", "gitflic"];

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_alone_is_the_one_of_the_list_by_its_first_digits_too() {
    let stand = Stand::start(&[]).await;
    let sha = &stand.sample.leaky_commit;
    let own = stand.read("local", &format!("/commits/{sha}")).await;
    let diff = stand.read("local", &format!("/commits/{sha}/diff")).await;
    assert_eq!(own.body["data"]["stats"], diff.body["data"]["stats"]);
    for host in HOSTS {
        let alone = stand.read(host, &format!("/commits/{sha}")).await;
        let listed = stand.walk(host, "/commits?limit=100").await;
        let mut listed = listed.into_iter().find(|row| row["sha"] == **sha).unwrap();
        let commit = &alone.body["data"];
        assert_eq!(listed["stats"], Value::Null, "{host}");
        listed["stats"] = commit["stats"].clone();
        for member in ["sha", "title", "author", "committer", "webUrl"] {
            assert_eq!(commit[member], listed[member], "{host} {member}");
        }
        let short = stand.read(host, &format!("/commits/{}", &sha[..7])).await;
        // Azure wants the id whole.
        if host != "azure" {
            assert_eq!(short.body["data"]["sha"], **sha, "{host}: {}", short.body);
        }
        let absent = stand.read(host, "/commits/0000000000").await;
        assert_eq!(
            absent.code(),
            "RESOURCE_NOT_FOUND",
            "{host}: {}",
            absent.body
        );
        for name in ["main", "abcdef", "HEAD", "abcdef0~1"] {
            let refused = stand.read(host, &format!("/commits/{name}")).await;
            assert_eq!(refused.code(), "INVALID_REQUEST", "{host} {name}");
        }
    }
    let github = stand.read("github", &format!("/commits/{sha}")).await;
    assert_eq!(github.body["data"]["stats"], own.body["data"]["stats"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_alone_tells_more_than_its_row() {
    let stand = Stand::start(&[]).await;
    for host in HOSTS {
        let rows = stand.walk(host, "/pull-requests?state=all&limit=100").await;
        let merged = rows.iter().find(|row| row["state"] == "merged").unwrap();
        let number = merged["number"].as_u64().unwrap();
        let alone = stand.read(host, &format!("/pull-requests/{number}")).await;
        let pull = &alone.body["data"];
        for member in ["id", "number", "title", "state", "author"] {
            assert_eq!(pull[member], merged[member], "{host} {member}");
        }
        // Alone it tells whole ids of commits, which Bitbucket cuts.
        for member in ["headSha", "baseSha", "mergeCommitSha"] {
            let whole = pull[member].as_str().unwrap_or_default();
            let listed = merged[member].as_str().unwrap_or_default();
            let is_told = whole.len() == 40 && whole.starts_with(listed);
            assert!(is_told || pull[member].is_null(), "{host} {member}: {pull}");
        }
        assert!(pull["headSha"].is_string(), "{host}: {pull}");
        if matches!(host, "github" | "gitlab" | "bitbucket") {
            assert!(pull["mergedBy"]["login"].is_string(), "{host}: {pull}");
        }
        let absent = stand.read(host, "/pull-requests/99999").await;
        assert_eq!(
            absent.code(),
            "RESOURCE_NOT_FOUND",
            "{host}: {}",
            absent.body
        );
    }
    let github = stand.read("github", "/pull-requests/1").await;
    let diff = stand.read("github", "/pull-requests/1/diff").await;
    let (stats, of_diff) = (&github.body["data"]["stats"], &diff.body["data"]["stats"]);
    assert_eq!(stats["commits"], 1);
    for member in ["files", "additions", "deletions"] {
        assert_eq!(stats[member], of_diff[member], "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_paged_filtered_and_never_about_a_blocked_file() {
    let stand = Stand::start(&[]).await;
    let password = planted_password();
    for host in HOSTS {
        let whole = stand.read(host, "/pull-requests/1/comments").await;
        let text = whole.body.to_string();
        assert!(!text.contains(&password), "{host}: {text}");
        assert!(text.contains("gf_sha256:"), "{host}: {text}");
        let rows = stand.walk(host, "/pull-requests/1/comments?limit=2").await;
        // Five remarks, of which one is about a file that is blocked.
        assert_eq!(rows.len(), 4, "{host}: {rows:#?}");
        assert!(rows.iter().all(|row| row["path"] != ".env"), "{host}");
        let pages = stand
            .read(host, "/pull-requests/1/comments?limit=100")
            .await;
        let next = stand
            .walk(host, "/pull-requests/1/comments?limit=100")
            .await;
        assert_eq!(next, rows, "{host}: pages of another size");
        if host != "github" {
            let told = json!({"blockedFiles": 1, "redactedSecrets": 1});
            assert_eq!(pages.body["firewall"], told, "{host}");
        }
        let inline: Vec<_> = rows.iter().filter(|row| row["kind"] == "inline").collect();
        assert_eq!(inline.len(), 2, "{host}");
        for row in &inline {
            assert_eq!(row["side"], "new", "{host}: {row}");
            assert_eq!(row["line"], 2, "{host}: {row}");
        }
        if host != "gitlab" {
            assert_eq!(inline[1]["inReplyToId"], inline[0]["id"], "{host}");
        }
        assert!(
            !text.contains("<p>") && !text.contains("@@"),
            "{host}: {text}"
        );
        let absent = stand.read(host, "/pull-requests/99999/comments").await;
        assert_eq!(
            absent.code(),
            "RESOURCE_NOT_FOUND",
            "{host}: {}",
            absent.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_are_those_that_were_submitted() {
    let stand = Stand::start(&[]).await;
    for host in ["github", "gitlab", "bitbucket", "azure"] {
        let rows = stand.walk(host, "/pull-requests/1/reviews?limit=1").await;
        assert_eq!(rows.len(), 1, "{host}: {rows:#?}");
        assert_eq!(rows[0]["state"], "approved", "{host}");
        assert_eq!(rows[0]["pullRequestNumber"], 1, "{host}");
        let commits = stand.walk(host, "/pull-requests/1/commits").await;
        assert_eq!(commits.len(), 2, "{host}");
    }
    let capabilities = stand.get("/v1/platform/capabilities").await;
    let history = |host: &str| {
        let row = &capabilities.body["providers"][host]["pull-requests.reviews"];
        (row["supported"].clone(), row["history"].clone())
    };
    assert_eq!(history("github"), (json!(true), json!(true)));
    assert_eq!(history("gitlab"), (json!(true), json!(false)));
    assert_eq!(history("local"), (json!(false), json!(null)));
    for (host, below) in [
        ("gitflic", "reviews"),
        ("gitflic", "commits"),
        ("local", "reviews"),
        ("local", "comments"),
        ("local", "commits"),
    ] {
        let refused = stand.read(host, &format!("/pull-requests/1/{below}")).await;
        assert_eq!(refused.code(), "UNSUPPORTED_ENDPOINT", "{host} {below}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_belongs_to_the_pull_request_that_it_was_issued_for() {
    let stand = Stand::start(&[]).await;
    let first = stand
        .read("github", "/pull-requests/1/comments?limit=1")
        .await;
    let cursor = first.body["page_info"]["next_cursor"].as_str().unwrap();
    let next = format!("/pull-requests/1/comments?cursor={cursor}");
    assert_eq!(stand.read("github", &next).await.status, 200);
    for other in ["/pull-requests/2/comments", "/pull-requests/1/reviews"] {
        let replayed = stand
            .read("github", &format!("{other}?cursor={cursor}"))
            .await;
        assert_eq!(replayed.code(), "INVALID_CURSOR", "{other}");
    }
}
