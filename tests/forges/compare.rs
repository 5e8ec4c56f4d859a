//! Two names compared over every host, held against `local`, whose answers are those of Git.

use serde_json::{Value, json};

use crate::forges::stand::Stand;

const HOSTS: [&str; 4] = ["github", "gitlab", "bitbucket", "azure"];

fn compare(base: &str, head: &str) -> String {
    let encoded =
        |name: &str| url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>();
    format!("/compare?base={}&head={}", encoded(base), encoded(head))
}

/// Paths and patches in the order of the paths.
fn files(data: &Value) -> Vec<(String, Value)> {
    let files = data["files"].as_array().unwrap().iter();
    let mut files: Vec<_> = files
        .map(|file| {
            (
                file["path"].as_str().unwrap().to_owned(),
                file["status"].clone(),
            )
        })
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

fn shas(data: &Value) -> Vec<Value> {
    let commits = data["commits"].as_array().into_iter().flatten();
    commits.map(|commit| commit["sha"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_host_compares_from_the_merge_base_on() {
    let stand = Stand::start(&[]).await;
    let history = stand.walk("local", "/commits?limit=100").await;
    let sha = |at: usize| history[at]["sha"].as_str().unwrap().to_owned();
    let pairs = [
        ("main".to_owned(), "feature/search".to_owned()),
        ("feature/search".to_owned(), "main".to_owned()),
        (sha(4), sha(0)),
        (sha(0), sha(4)),
        ("main".to_owned(), "main".to_owned()),
    ];
    let mut statuses = Vec::new();
    for (base, head) in &pairs {
        let ours = stand.read("local", &compare(base, head)).await;
        assert_eq!(ours.status, 200, "{base} {head}: {}", ours.body);
        let ours = &ours.body["data"];
        statuses.push(ours["status"].clone());
        for host in HOSTS {
            let theirs = stand.read(host, &compare(base, head)).await;
            assert_eq!(theirs.status, 200, "{host} {base} {head}: {}", theirs.body);
            let theirs = &theirs.body["data"];
            for member in ["baseSha", "headSha", "baseTipSha", "status"] {
                assert_eq!(
                    theirs[member], ours[member],
                    "{host} {base} {head} {member}"
                );
            }
            // The messages of the commits are a part of the answer where they are told.
            if host != "azure" {
                assert_eq!(theirs["firewall"], ours["firewall"], "{host} {base} {head}");
            }
            for member in ["aheadBy", "behindBy"] {
                let is_told = !theirs[member].is_null();
                assert!(
                    !is_told || theirs[member] == ours[member],
                    "{host} {member}"
                );
            }
            assert_eq!(files(theirs), files(ours), "{host} {base} {head}");
            if host == "azure" {
                assert_eq!(theirs["commits"], Value::Null);
            } else {
                assert_eq!(shas(theirs), shas(ours), "{host} {base} {head}");
            }
            let text = theirs.to_string();
            for secret in stand.sample.planted.all() {
                assert!(!text.contains(secret), "{host}: {secret}");
            }
        }
    }
    for status in ["ahead", "behind", "identical"] {
        assert!(statuses.contains(&json!(status)), "{statuses:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_revision_syntax_passes_and_an_unknown_name_is_not_found() {
    let stand = Stand::start(&[]).await;
    for host in HOSTS.into_iter().chain(["local"]) {
        for name in [
            "main..feature/search",
            "main^",
            "main~1",
            "main@{1}",
            "-main",
            "acme:main",
            "main\u{7}",
        ] {
            for pair in [compare(name, "main"), compare("main", name)] {
                let answer = stand.read(host, &pair).await;
                assert_eq!(answer.code(), "INVALID_REQUEST", "{host} {pair}");
            }
        }
        let answer = stand.read(host, "/compare?base=main").await;
        assert_eq!(answer.code(), "INVALID_REQUEST", "{host}");
        assert!(
            answer.body.to_string().contains("`head`"),
            "{}",
            answer.body
        );
        for pair in [compare("gone", "main"), compare("main", "gone")] {
            let answer = stand.read(host, &pair).await;
            assert_eq!(answer.code(), "RESOURCE_NOT_FOUND", "{host} {pair}");
        }
    }
    let refused = stand.read("gitflic", &compare("main", "main")).await;
    assert_eq!(refused.code(), "UNSUPPORTED_ENDPOINT");
}
