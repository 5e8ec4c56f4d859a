//! What the table of reads does not show: headers, and what is refused before anything is asked.

use gitflare_core::{
    Code, PageRequest,
    model::{Content, ContentType, DeploymentState, FileStatus},
    provider::{CommitId, ContentQuery, DeploymentFilter, FilePath, Held, Provider, RefSelector},
};
use gitflare_providers::conformance::Reply;

use crate::gitlab::{
    SHA, Upstream, git_ref, repo,
    support::{call, table::fixture},
};

#[tokio::test]
async fn every_request_names_its_client_and_credential() {
    let up = Upstream::of("user", "profile").await;
    up.provider.viewer(&call()).await.unwrap();
    let head = up.replay.heads().remove(0);
    for line in [
        "authorization: bearer fixture-token",
        "accept: application/json",
        "user-agent: gitflare/",
        "accept-encoding: gzip",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
}

#[test]
fn secrets_that_come_along_are_not_kept() {
    let kept = "fixture-must-not-be-kept";
    assert!(fixture("gitlab/repositories.json").contains(kept));
    assert!(!fixture("gitlab/repositories.golden.json").contains(kept));
}

#[tokio::test]
async fn a_state_that_gitlab_does_not_have_is_refused_before_anything_is_asked() {
    let up = Upstream::start(&[]).await;
    for state in [
        DeploymentState::Queued,
        DeploymentState::Error,
        DeploymentState::Inactive,
    ] {
        let filter = DeploymentFilter {
            environment: None,
            state: Some(state),
        };
        let error = up
            .provider
            .deployments(&call(), &repo(), &filter, PageRequest::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::InvalidRequest);
        assert_eq!(
            error.message(),
            "GitLab has no deployments in that `state`; it must be one of: pending, in_progress, success, failure, cancelled."
        );
    }
    assert!(up.asked().is_empty());
}

/// A file of a few bytes, asked for by a client that has something.
async fn conditional(entry: &str, has: fn(&Content) -> bool) -> (Content, Vec<String>) {
    let file = "projects/7/repository/files/notes%2Etxt";
    let head = Reply::ok("")
        .with("x-gitlab-blob-id", BLOB)
        .with("x-gitlab-size", "4")
        .with("x-gitlab-commit-id", SHA)
        .with("x-gitlab-execute-filemode", "false");
    let up = Upstream::start(&[
        (&format!("{file}?ref=main"), head),
        (&format!("{file}/raw?ref={SHA}"), Reply::ok(".env")),
        (
            &format!("projects/7/repository/tree?ref={SHA}&per_page=100&pagination=keyset"),
            Reply::ok(format!("[{entry}]")),
        ),
    ])
    .await;
    let query = ContentQuery {
        at: RefSelector::Ref(git_ref("main")),
        path: FilePath::parse("path", "notes.txt").unwrap(),
    };
    let (call, repo) = (call(), repo());
    let read = up.provider.contents(&call, &repo, &query, Held::by(&has));
    (read.await.unwrap(), up.asked())
}

const BLOB: &str = "5555555555666666666677777777778888888888";

#[tokio::test]
async fn a_small_file_that_the_client_has_costs_no_bytes() {
    let entry = |mode: &str| {
        format!(
            r#"{{"id": "{BLOB}", "name": "notes.txt", "type": "blob", "path": "notes.txt", "mode": "{mode}"}}"#
        )
    };
    let is_raw = |asked: &[String]| asked.iter().any(|target| target.contains("/raw"));
    // What it has is what stands there, a file or a link.
    let has_file = |content: &Content| content.kind == ContentType::File;
    let (file, asked) = conditional(&entry("100644"), has_file).await;
    assert_eq!(
        (file.kind, file.sha.as_deref()),
        (ContentType::File, Some(BLOB))
    );
    assert!(!is_raw(&asked), "{asked:?}");
    let has_link = |content: &Content| content.mode.as_deref() == Some("120000");
    let (link, asked) = conditional(&entry("120000"), has_link).await;
    assert_eq!(link.kind, ContentType::Symlink);
    assert!(!is_raw(&asked), "{asked:?}");
    // A file that became a link of the same text is another one, and so is the reverse.
    let (link, asked) = conditional(&entry("120000"), has_file).await;
    assert_eq!(
        (link.kind, link.target.as_deref()),
        (ContentType::Symlink, Some(".env"))
    );
    assert!(is_raw(&asked));
    let (file, asked) = conditional(&entry("100644"), has_link).await;
    assert_eq!(
        (file.kind, file.content.as_deref()),
        (ContentType::File, Some(".env"))
    );
    assert!(is_raw(&asked));
    // Who has nothing of it is not looked at twice.
    let (_, asked) = conditional(&entry("100644"), |_| false).await;
    assert!(is_raw(&asked));
}

#[tokio::test]
async fn a_comment_on_a_change_names_both_of_its_paths() {
    let note = |id: u32, position: &str| {
        format!(r#"{{"id": {id}, "type": "DiffNote", "body": "Here", "position": {position}}}"#)
    };
    let notes = [
        note(
            1,
            r#"{"old_path": ".env", "new_path": "settings.txt", "new_line": 3}"#,
        ),
        note(
            2,
            r#"{"old_path": ".env", "new_path": "settings.txt", "old_line": 3}"#,
        ),
        note(3, r#"{"old_path": "a", "new_path": "a", "new_line": 3}"#),
        note(4, r#"{"old_path": "a", "new_path": null, "new_line": 3}"#),
    ];
    let target = "projects/7/merge_requests/12/notes?sort=asc&order_by=created_at&activity_filter=only_comments&per_page=25";
    let up = Upstream::start(&[(target, Reply::ok(format!("[{}]", notes.join(","))))]).await;
    let (call, repo) = (call(), repo());
    let asked = up
        .provider
        .comments(&call, &repo, 12, PageRequest::default());
    let rows = asked.await.unwrap().items;
    let paths: Vec<_> = rows
        .iter()
        .map(|row| (row.path.as_deref(), row.other_path.as_deref()))
        .collect();
    let expected = [
        (Some("settings.txt"), Some(".env")),
        (Some(".env"), Some("settings.txt")),
        (Some("a"), None),
        (Some("a"), None),
    ];
    assert_eq!(paths, expected);
    // The other one is for the firewall alone.
    let told = serde_json::to_value(&rows[0]).unwrap();
    assert!(!told.to_string().contains(".env"), "{told}");
}

#[tokio::test]
async fn a_change_has_both_paths_and_the_type_that_its_modes_say() {
    let file = |old: &str, new: &str, modes: [&str; 2], flags: &str| {
        format!(
            r#"{{"diff": "@@ -1 +1 @@\n-a\n+b\n", "old_path": "{old}", "new_path": "{new}", "a_mode": "{}", "b_mode": "{}"{flags}}}"#,
            modes[0], modes[1]
        )
    };
    let plain = ["100644", "100644"];
    let rows = [
        file("a", "b", plain, r#", "renamed_file": true"#),
        // Whatever it is called: lines of both sides are told.
        file(".env", "settings.txt", plain, ""),
        file("c", "c", plain, ""),
        file("d", "d", ["100644", "120000"], ""),
        file("e", "e", ["120000", "160000"], ""),
        file("f", "f", ["100644", "100755"], ""),
        file("g", "g", ["0", "120000"], r#", "new_file": true"#),
        file("h", "h", ["120000", "0"], r#", "deleted_file": true"#),
    ];
    let commit = format!("projects/7/repository/commits/{SHA}");
    let up = Upstream::start(&[
        (&*commit, Reply::ok(format!(r#"{{"id": "{SHA}"}}"#))),
        (
            &format!("{commit}/diff?per_page=100"),
            Reply::ok(format!("[{}]", rows.join(","))),
        ),
    ])
    .await;
    let id = CommitId::parse(SHA).unwrap();
    let diff = up
        .provider
        .commit_diff(&call(), &repo(), &id)
        .await
        .unwrap();
    let told: Vec<_> = diff
        .files
        .iter()
        .map(|file| {
            (
                file.path.as_str(),
                file.previous_path.as_deref(),
                file.status,
            )
        })
        .collect();
    let expected = [
        ("b", Some("a"), FileStatus::Renamed),
        ("settings.txt", Some(".env"), FileStatus::Renamed),
        ("c", None, FileStatus::Modified),
        ("d", None, FileStatus::TypeChanged),
        ("e", None, FileStatus::TypeChanged),
        ("f", None, FileStatus::Modified),
        ("g", None, FileStatus::Added),
        ("h", None, FileStatus::Removed),
    ];
    assert_eq!(told, expected);
}
