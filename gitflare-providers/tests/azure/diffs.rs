//! Diffs that are made here: what is fetched for them, and what is left out.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gitflare_core::{
    Code, Result, TenantId,
    filter::{BlockedPaths, ContentFilter, FilterConfig, Screened, TextKind},
    model::{Diff, FileStatus},
    provider::{Call, CommitId, Provider},
};
use gitflare_providers::conformance::{Reply, StandIn};
use serde_json::{Value, json};

use crate::azure::{PARENT, SHA, below, blob, golden::upstream, id, repo, support::call};

/// Blocks one path.
struct Blocks(&'static str);

impl ContentFilter for Blocks {
    fn blocks(&self, path: &str) -> bool {
        path == self.0
    }

    fn screen<'t>(&self, _: &TenantId, text: &'t str, _: TextKind<'_>) -> Result<Screened<'t>> {
        Ok(Screened {
            text: text.into(),
            redactions: 0,
        })
    }

    fn validate(&self, _: &FilterConfig) -> Result<()> {
        Ok(())
    }

    fn configure(&self, _: &FilterConfig) -> Result<()> {
        Ok(())
    }
}

fn changes_at(parent: Option<&str>, skip: usize) -> String {
    below(&match parent {
        Some(parent) => format!(
            "/diffs/commits?baseVersion={parent}&baseVersionType=commit&targetVersion={SHA}&targetVersionType=commit&diffCommonCommit=false&%24top=2000&%24skip={skip}"
        ),
        None => format!("/commits/{SHA}/changes?top=2000&skip={skip}"),
    })
}

fn commit(parents: &[&str]) -> (String, Reply) {
    let body = json!({"commitId": SHA, "parents": parents}).to_string();
    (
        below(&format!("/commits/{SHA}?changeCount=0")),
        Reply::ok(body),
    )
}

fn edit(path: &str, old: &str, new: &str) -> Value {
    let item = json!({"objectId": id(new), "originalObjectId": id(old), "gitObjectType": "blob", "path": path});
    json!({"item": item, "changeType": "edit"})
}

async fn read(
    answers: Vec<(String, Reply)>,
    blocked: Option<&'static str>,
) -> (StandIn, Result<Diff>) {
    let (stand_in, provider) = upstream(answers).await;
    let blocked = blocked.map(|path| BlockedPaths::of(Arc::new(Blocks(path))));
    let call = Call {
        blocked: blocked.unwrap_or_default(),
        ..call()
    };
    let commit = CommitId::parse(SHA).unwrap();
    let diff = provider.commit_diff(&call, &repo(), &commit).await;
    (stand_in, diff)
}

fn blobs(stand_in: &StandIn) -> Vec<String> {
    let asked = stand_in.asked().into_iter();
    asked.filter(|target| target.contains("/blobs/")).collect()
}

#[tokio::test]
async fn the_content_of_a_blocked_path_is_never_asked_for() {
    let mut moved = edit("/notes", "41", "42");
    moved["changeType"] = json!("edit, rename");
    moved["sourceServerItem"] = json!("/.env");
    // Moved, and not called so.
    let mut quiet = edit("/settings.txt", "41", "42");
    quiet["originalPath"] = json!("/.env");
    for rows in [
        json!([edit("/.env", "41", "42")]),
        json!([moved]),
        json!([quiet]),
    ] {
        let body = json!({"changes": rows, "allChangesIncluded": true}).to_string();
        let answers = vec![
            commit(&[PARENT]),
            (changes_at(Some(PARENT), 0), Reply::ok(body)),
        ];
        let (stand_in, diff) = read(answers, Some(".env")).await;
        let diff = diff.unwrap();
        assert_eq!(blobs(&stand_in), [""; 0]);
        // The row is there for the firewall to count and to take away.
        let file = &diff.files[0];
        assert!(file.paths().any(|path| path == ".env"));
        assert_eq!(
            (&file.patch, file.patch_truncated, file.additions),
            (&None, true, None)
        );
    }
}

#[tokio::test]
async fn a_first_commit_adds_all_that_it_has_and_unnamed_objects_are_looked_up() {
    let item = json!({"gitObjectType": "blob", "path": "/a b.txt"});
    let rows = json!([
        {"item": {"gitObjectType": "tree", "path": "/x", "isFolder": true}, "changeType": "add"},
        {"item": item, "changeType": "add"},
    ]);
    let found = format!(
        "/items?path=%2Fa+b.txt&versionDescriptor.version={SHA}&versionDescriptor.versionType=commit&%24format=json"
    );
    let answers = vec![
        commit(&[]),
        (
            changes_at(None, 0),
            Reply::ok(json!({ "changes": rows }).to_string()),
        ),
        (
            below(&found),
            Reply::ok(json!({"objectId": id("51")}).to_string()),
        ),
        (blob("51"), Reply::ok("one\ntwo\n")),
    ];
    let (_stand_in, diff) = read(answers, None).await;
    let diff = diff.unwrap();
    assert_eq!((diff.base_sha, diff.files.len()), (None, 1));
    let file = &diff.files[0];
    assert_eq!((&*file.path, file.status), ("a b.txt", FileStatus::Added));
    assert_eq!(file.patch.as_deref(), Some("@@ -0,0 +1,2 @@\n+one\n+two\n"));
}

#[tokio::test]
async fn what_is_not_to_be_had_costs_the_patch_of_its_file_alone() {
    let untold =
        |path: &str| json!({"item": {"gitObjectType": "Blob", "path": path}, "changeType": "add"});
    let told = |path: &str, object: &str| {
        let item = json!({"objectId": id(object), "gitObjectType": "blob", "path": path});
        json!({"item": item, "changeType": "add"})
    };
    let rows = json!([
        {"item": {"gitObjectType": "Tree", "path": "/x"}, "changeType": "add"},
        untold("/gone"), told("/broken", "51"), told("/asleep", "52"), told("/there", "53"),
    ]);
    let answers = vec![
        commit(&[]),
        (
            changes_at(None, 0),
            Reply::ok(json!({ "changes": rows }).to_string()),
        ),
        (blob("51"), Reply::new(500, "{}")),
        // An empty body speaks of an organization elsewhere.
        (blob("52"), Reply::new(404, "")),
        (blob("53"), Reply::ok("one\n")),
    ];
    let (stand_in, diff) = read(answers, None).await;
    let diff = diff.unwrap();
    let seen: Vec<_> = diff
        .files
        .iter()
        .map(|file| (&*file.path, file.patch.is_some(), file.patch_truncated))
        .collect();
    let expected = [
        ("gone", false, true),
        ("broken", false, true),
        ("asleep", false, true),
        ("there", true, false),
    ];
    assert_eq!(seen, expected);
    let asked = stand_in.asked();
    assert!(asked.iter().any(|target| target.contains("/items?")));
}

#[tokio::test]
async fn what_is_never_answered_costs_the_patch_of_its_file_alone() {
    let added = |path: &str, object: Option<&str>| {
        let item = json!({"objectId": object.map(id), "gitObjectType": "blob", "path": path});
        json!({"item": item, "changeType": "add"})
    };
    let items = |path: &str| {
        below(&format!(
            "/items?path=%2F{path}&versionDescriptor.version={SHA}&versionDescriptor.versionType=commit&%24format=json"
        ))
    };
    let rows = json!([
        added("/told", Some("51")),
        added("/silent", None),
        added("/stuck", Some("52")),
        added("/late", None),
        added("/there", Some("53")),
    ]);
    let answers = vec![
        commit(&[]),
        (
            changes_at(None, 0),
            Reply::ok(json!({ "changes": rows }).to_string()),
        ),
        (items("silent"), Reply::never()),
        (items("late"), Reply::never()),
        (blob("51"), Reply::ok("one\n")),
        (blob("52"), Reply::never()),
        (blob("53"), Reply::ok("three\n")),
    ];
    let (stand_in, provider) = upstream(answers).await;
    let call = Call {
        deadline: Instant::now() + Duration::from_secs(8),
        ..call()
    };
    let commit = CommitId::parse(SHA).unwrap();
    let diff = provider.commit_diff(&call, &repo(), &commit).await.unwrap();
    let seen: Vec<_> = diff
        .files
        .iter()
        .map(|file| (&*file.path, file.patch.is_some(), file.patch_truncated))
        .collect();
    let expected = [
        ("told", true, false),
        ("silent", false, true),
        ("stuck", false, true),
        ("late", false, true),
        ("there", true, false),
    ];
    assert_eq!(seen, expected);
    assert_eq!((diff.stats.files, diff.truncated), (Some(5), false));
    assert_eq!(blobs(&stand_in).len(), 3, "the look-ups have left time");
}

#[tokio::test]
async fn a_short_page_of_changes_that_is_not_the_last_goes_on() {
    let page = |rows: Value, is_all: bool| {
        Reply::ok(json!({"changes": rows, "allChangesIncluded": is_all}).to_string())
    };
    let answers = vec![
        commit(&[PARENT]),
        (
            changes_at(Some(PARENT), 0),
            page(json!([edit("/a", "61", "62")]), false),
        ),
        (
            changes_at(Some(PARENT), 1),
            page(json!([edit("/b", "61", "62")]), true),
        ),
        (blob("61"), Reply::ok("a\n")),
        (blob("62"), Reply::ok("b\n")),
    ];
    let (_stand_in, diff) = read(answers, None).await;
    let diff = diff.unwrap();
    assert_eq!((diff.files.len(), diff.truncated), (2, false));
}

#[tokio::test]
async fn a_first_commit_is_read_until_there_are_as_many_changes_as_were_counted() {
    let page = |path: &str, counts: Value| {
        let row = json!({"item": {"objectId": id("51"), "gitObjectType": "blob", "path": path}, "changeType": "add"});
        Reply::ok(json!({"changeCounts": counts, "changes": [row]}).to_string())
    };
    for (counts, files) in [
        (json!({"Add": 2}), 2),
        (json!({}), 1),
        (json!({"Add": null}), 1),
    ] {
        let answers = vec![
            commit(&[]),
            (changes_at(None, 0), page("/a", counts.clone())),
            (changes_at(None, 1), page("/b", counts.clone())),
            (blob("51"), Reply::ok("one\n")),
        ];
        let (_stand_in, diff) = read(answers, None).await;
        let diff = diff.unwrap();
        assert_eq!(
            (diff.files.len(), diff.truncated),
            (files, false),
            "{counts}"
        );
    }
}

#[tokio::test]
async fn a_pull_request_without_iterations_is_compared_with_what_both_have_in_common() {
    let target = "7654321076543210765432107654321076543210";
    let pull = json!({
        "pullRequestId": 4, "lastMergeTargetCommit": {"commitId": target}, "lastMergeSourceCommit": {"commitId": SHA},
    });
    let changes = format!(
        "/diffs/commits?baseVersion={target}&baseVersionType=commit&targetVersion={SHA}&targetVersionType=commit&diffCommonCommit=true&%24top=2000&%24skip=0"
    );
    // Which object the older side is, is asked for at that commit.
    let item = json!({"objectId": id("72"), "gitObjectType": "blob", "path": "/a"});
    let found = format!(
        "/items?path=%2Fa&versionDescriptor.version={PARENT}&versionDescriptor.versionType=commit&%24format=json"
    );
    let answers = vec![
        (
            below("/pullRequests/4/iterations"),
            Reply::ok(r#"{"count": 0, "value": []}"#),
        ),
        (below("/pullrequests/4"), Reply::ok(pull.to_string())),
        (
            below(&changes),
            Reply::ok(
                json!({"changes": [{"item": item, "changeType": "edit"}], "commonCommit": PARENT, "allChangesIncluded": true})
                    .to_string(),
            ),
        ),
        (
            below(&found),
            Reply::ok(json!({"objectId": id("71")}).to_string()),
        ),
        (blob("71"), Reply::ok("a\n")),
        (blob("72"), Reply::ok("b\n")),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let diff = provider.pull_request_diff(&call(), &repo(), 4).await;
    let diff = diff.unwrap();
    assert_eq!(diff.base_sha.as_deref(), Some(PARENT));
    assert_eq!(diff.head_sha.as_deref(), Some(SHA));
    assert!(diff.files[0].patch.is_some());
}

#[tokio::test]
async fn changes_are_read_to_the_last_page_and_too_large_contents_cost_patches_only() {
    let folders =
        vec![json!({"item": {"gitObjectType": "tree", "path": "/d"}, "changeType": "edit"}); 1998];
    let mut first = folders;
    first.extend([edit("/large", "61", "62"), edit("/gone", "63", "64")]);
    let second = vec![edit("/twin", "65", "66"), edit("/twin too", "65", "66")];
    let answers = vec![
        commit(&[PARENT, SHA]),
        (
            changes_at(Some(PARENT), 0),
            Reply::ok(json!({ "changes": first }).to_string()),
        ),
        (
            changes_at(Some(PARENT), 2000),
            Reply::ok(json!({ "changes": second }).to_string()),
        ),
        (blob("61"), Reply::ok("x".repeat(1024 * 1024 + 1))),
        (blob("62"), Reply::ok("y")),
        (blob("65"), Reply::ok("a\n")),
        (blob("66"), Reply::ok("b\n")),
    ];
    let (stand_in, diff) = read(answers, None).await;
    let diff = diff.unwrap();
    let seen: Vec<_> = diff
        .files
        .iter()
        .map(|file| (&*file.path, file.patch_truncated, file.additions))
        .collect();
    let expected = [
        ("large", true, None),
        ("gone", true, None),
        ("twin", false, Some(1)),
        ("twin too", false, Some(1)),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        (diff.stats.files, diff.stats.additions, diff.truncated),
        (Some(4), None, false)
    );
    assert_eq!(blobs(&stand_in).len(), 6, "each content is fetched once");
}

#[tokio::test]
async fn no_more_is_fetched_than_a_diff_may_cost() {
    let rows: Vec<_> = (0..400)
        .map(|n| {
            let item = json!({"objectId": format!("{:040x}", n + 1), "gitObjectType": "blob", "path": format!("/f{n}")});
            json!({"item": item, "changeType": "add"})
        })
        .collect();
    let changes = json!({"changes": rows, "allChangesIncluded": true}).to_string();
    let text = ("x".repeat(9_999) + "\n").repeat(100);
    let stand_in = StandIn::answering(move |_, target, _| {
        if target.contains("/blobs/") {
            Reply::ok(text.clone())
        } else if target.contains("/diffs/") {
            Reply::ok(changes.clone())
        } else {
            commit(&[PARENT]).1
        }
    })
    .await;
    let provider = gitflare_providers::azure::Azure::new(stand_in.http(), &stand_in.url()).unwrap();
    let commit = CommitId::parse(SHA).unwrap();
    let diff = provider
        .commit_diff(&call(), &repo(), &commit)
        .await
        .unwrap();
    assert_eq!(diff.files.len(), 400, "no row is lost");
    let patched = diff
        .files
        .iter()
        .filter(|file| file.patch.is_some())
        .count();
    assert_eq!(patched, 8, "of 1 MB each");
    assert!(blobs(&stand_in).len() <= 16);
}

#[tokio::test]
async fn a_refusal_of_a_content_refuses_the_diff() {
    let body = json!({"changes": [edit("/a", "71", "72")], "allChangesIncluded": true}).to_string();
    let limited = Reply::new(429, "{}").with("retry-after", "60");
    let answers = vec![
        commit(&[PARENT]),
        (changes_at(Some(PARENT), 0), Reply::ok(body)),
        (blob("71"), limited.clone()),
        (blob("72"), limited),
    ];
    let (_stand_in, diff) = read(answers, None).await;
    assert_eq!(diff.unwrap_err().code(), Code::RateLimited);
}

/// What stands at a path at a commit.
fn item(path: &str, commit: &str, kind: &str, digits: &str) -> (String, Reply) {
    let target = below(&format!(
        "/items?path=%2F{path}&versionDescriptor.version={commit}&versionDescriptor.versionType=commit&%24format=json"
    ));
    let body = json!({"objectId": id(digits), "gitObjectType": kind});
    (target, Reply::ok(body.to_string()))
}

#[tokio::test]
async fn a_submodule_is_known_where_the_list_says_no_kinds() {
    let untyped = |path: &str, old: &str, new: &str| {
        let item = json!({"objectId": id(new), "originalObjectId": id(old), "path": path});
        json!({"item": item, "changeType": "edit"})
    };
    let rows = json!([
        untyped("/lib", "41", "42"),
        untyped("/was", "43", "44"),
        untyped("/gone", "45", "46"),
    ]);
    let missing = || Reply::new(404, r#"{"typeKey": "x"}"#);
    let answers = vec![
        commit(&[PARENT]),
        (
            changes_at(Some(PARENT), 0),
            Reply::ok(json!({"changes": rows, "allChangesIncluded": true}).to_string()),
        ),
        (blob("41"), missing()),
        (blob("42"), missing()),
        item("lib", PARENT, "commit", "41"),
        item("lib", SHA, "Commit", "42"),
        // A submodule once, and a file since.
        (blob("43"), missing()),
        item("was", PARENT, "commit", "43"),
        (blob("44"), Reply::ok("one\n")),
    ];
    let (stand_in, diff) = read(answers, None).await;
    let files = diff.unwrap().files;
    let seen: Vec<_> = files
        .iter()
        .map(|file| (&*file.path, file.status, file.patch.as_deref()))
        .collect();
    let moved = format!(
        "@@ -1 +1 @@\n-Subproject commit {}\n+Subproject commit {}\n",
        id("41"),
        id("42")
    );
    let retyped = format!("@@ -1 +1 @@\n-Subproject commit {}\n+one\n", id("43"));
    let expected = [
        ("lib", FileStatus::Modified, Some(&*moved)),
        ("was", FileStatus::TypeChanged, Some(&*retyped)),
        ("gone", FileStatus::Modified, None),
    ];
    assert_eq!(seen, expected);
    // Nothing is asked for again.
    assert_eq!(blobs(&stand_in).len(), 6);
}
