//! What the table of reads does not show: the credential, pages that are too long for Bitbucket, diffs
//! that are too large for it, and redirects.

use gitflare_core::{
    Code, Limit, PageRequest,
    model::{DeploymentState, FileStatus, PullRequestFilter, ReviewState},
    provider::{Call, CommitId, DeploymentFilter, GitRef, Provider, RefSelector, TreeQuery},
};
use gitflare_providers::{
    Http, HttpConfig,
    bitbucket::Bitbucket,
    conformance::{Reply, StandIn},
};

use crate::bitbucket::{
    SHA, below, repo,
    support::{call, call_with, table::fixture},
};

async fn upstream(answers: Vec<(String, Reply)>) -> (StandIn, Bitbucket) {
    let stand_in = StandIn::answering(move |_, target, _| {
        let below = target.strip_prefix("/2.0/").unwrap_or(target);
        let known = answers.iter().find(|(known, _)| known == below);
        match known {
            Some((_, reply)) => reply.clone(),
            None => Reply::new(404, "{}"),
        }
    })
    .await;
    let url = format!("{}/2.0", stand_in.url());
    let provider = Bitbucket::new(stand_in.http(), &url).unwrap();
    (stand_in, provider)
}

#[tokio::test]
async fn an_api_token_with_its_address_is_a_user_and_a_password() {
    for (token, credential) in [
        ("opaque-token", "authorization: bearer opaque-token"),
        (
            "ada@mill.example:ATATT-token",
            "authorization: Basic YWRhQG1pbGwuZXhhbXBsZTpBVEFUVC10b2tlbg==",
        ),
    ] {
        let user = vec![(
            "user".to_owned(),
            Reply::ok(fixture("bitbucket/profile.json")),
        )];
        let (stand_in, provider) = upstream(user).await;
        provider.viewer(&call_with(token)).await.unwrap();
        let head = stand_in.heads().remove(0).to_ascii_lowercase();
        assert!(head.contains(&credential.to_ascii_lowercase()), "{head}");
    }
}

#[tokio::test]
async fn no_page_of_pull_requests_is_longer_than_bitbucket_takes() {
    let target = below("/pullrequests?state=OPEN&pagelen=50");
    let list = Reply::ok(fixture("bitbucket/pull_requests.json"));
    let (_stand_in, provider) = upstream(vec![(target, list)]).await;
    let page = PageRequest::first(Limit::MAX);
    let found = provider
        .pull_requests(&call(), &repo(), PullRequestFilter::Open, page)
        .await;
    assert_eq!(found.unwrap().items.len(), 2);
}

#[tokio::test]
async fn a_diff_that_bitbucket_does_not_make_costs_patches_and_no_rows() {
    let list = r#"{"values": [
        {"status": "modified", "lines_added": 3, "lines_removed": 1, "old": {"path": "a"}, "new": {"path": "a"}},
        {"status": "removed", "lines_added": 0, "lines_removed": 9, "old": {"path": "b"}, "new": null},
        {"status": "renamed", "lines_added": 0, "lines_removed": 0, "old": {"path": "c"}, "new": {"path": "d"}}]}"#;
    let answers = vec![
        (
            below(&format!("/commit/{SHA}")),
            Reply::ok(fixture("bitbucket/commit.json")),
        ),
        (
            below(&format!("/diff/{SHA}?binary=false")),
            Reply::new(555, ""),
        ),
        (
            below(&format!("/diffstat/{SHA}?pagelen=500")),
            Reply::ok(list),
        ),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let commit = CommitId::parse(SHA).unwrap();
    let diff = provider
        .commit_diff(&call(), &repo(), &commit)
        .await
        .unwrap();
    let seen: Vec<_> = diff
        .files
        .iter()
        .map(|file| {
            (
                &*file.path,
                file.previous_path.as_deref(),
                file.patch_truncated,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [("a", None, true), ("b", None, true), ("d", Some("c"), true)]
    );
    let stats = diff.stats;
    assert_eq!(
        (stats.files, stats.additions, stats.deletions),
        (Some(3), Some(3), Some(10))
    );
    assert!(!diff.truncated);
}

#[tokio::test]
async fn a_file_that_the_text_leaves_out_is_in_the_diff() {
    let list = r#"{"values": [
        {"status": "added", "lines_added": 0, "lines_removed": 0, "old": null, "new": {"path": "key.p12"}},
        {"status": "modified", "lines_added": 1, "lines_removed": 0, "old": {"path": "src/weave.rs"}, "new": {"path": "src/weave.rs"}},
        {"status": "added", "lines_added": 7, "lines_removed": 0, "old": null, "new": {"path": "left out"}}]}"#;
    let answers = vec![
        (
            below(&format!("/commit/{SHA}")),
            Reply::ok(fixture("bitbucket/commit.json")),
        ),
        (
            below(&format!("/diff/{SHA}?binary=false")),
            Reply::ok(fixture("bitbucket/diff.txt")),
        ),
        (
            below(&format!("/diffstat/{SHA}?pagelen=500")),
            Reply::ok(list),
        ),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let commit = CommitId::parse(SHA).unwrap();
    let diff = provider.commit_diff(&call(), &repo(), &commit).await;
    let diff = diff.unwrap();
    let seen: Vec<_> = diff
        .files
        .iter()
        .map(|file| (&*file.path, file.patch.is_some(), file.patch_truncated))
        .collect();
    let expected = [
        ("key.p12", false, false),
        ("src/weave.rs", true, false),
        ("left out", false, true),
        // What the text alone has is not lost.
        ("new.txt", false, false),
        ("logo.png", false, false),
    ];
    assert_eq!(seen, expected);
    assert_eq!(diff.files[0].status, FileStatus::Added);
    assert_eq!(diff.stats.files, Some(5));
}

#[tokio::test]
async fn the_list_of_a_pull_requests_files_that_goes_on_says_so() {
    // The redirect would forget the page, so that the first one came again.
    let list = r#"{"values": [
        {"status": "modified", "lines_added": 3, "lines_removed": 1, "old": {"path": "a"}, "new": {"path": "a"}}],
        "next": "https://api.bitbucket.org/2.0/x?page=2"}"#;
    let answers = vec![
        (
            below("/pullrequests/4"),
            Reply::ok(fixture("bitbucket/pull_request.json")),
        ),
        (
            below("/pullrequests/4/diff?binary=false"),
            Reply::new(555, ""),
        ),
        (
            below("/pullrequests/4/diffstat?pagelen=500"),
            Reply::ok(list),
        ),
    ];
    let (stand_in, provider) = upstream(answers).await;
    let diff = provider.pull_request_diff(&call(), &repo(), 4).await;
    let diff = diff.unwrap();
    assert_eq!((diff.files.len(), diff.truncated), (1, true));
    assert_eq!(diff.stats.additions, None);
    let asked = stand_in.asked();
    assert!(!asked.iter().any(|target| target.contains("page=2")));
}

#[tokio::test]
async fn deployments_are_filtered_by_what_bitbucket_tells_of_them() {
    let environments = |page: u32| {
        let row = format!(
            r#"{{"uuid": "{{eeeeeeee-0000-4000-8000-00000000000{page}}}", "name": "Area {page}"}}"#
        );
        Reply::ok(format!(
            r#"{{"values": [{row}], "page": {page}, "pagelen": 100, "size": 101}}"#
        ))
    };
    let answers = || {
        vec![
            (
                below("/deployments?pagelen=25"),
                Reply::ok(fixture("bitbucket/deployments.json")),
            ),
            (below("/environments?pagelen=100"), environments(1)),
            (below("/environments?pagelen=100&page=2"), environments(9)),
        ]
    };
    for (environment, state, found) in [
        (None, None, "123"),
        (Some("area 1"), None, "13"),
        (Some("AREA 9"), None, "2"),
        (Some("eeeeeeee-0000-4000-8000-000000000009"), None, "2"),
        (Some("{eeeeeeee-0000-4000-8000-000000000009}"), None, "2"),
        (Some("nowhere"), None, ""),
        (None, Some(DeploymentState::Pending), "3"),
        (Some("Area 1"), Some(DeploymentState::Success), "1"),
        (Some("Area 9"), Some(DeploymentState::Success), ""),
        (None, Some(DeploymentState::Queued), ""),
    ] {
        let (_stand_in, provider) = upstream(answers()).await;
        let filter = DeploymentFilter {
            environment: environment.map(str::to_owned),
            state,
        };
        let page = provider
            .deployments(&call(), &repo(), &filter, PageRequest::default())
            .await
            .unwrap();
        let last = |id: &String| id.chars().last().unwrap();
        let ids: String = page.items.iter().map(|one| last(&one.id)).collect();
        assert_eq!(ids, found, "{environment:?} {state:?}");
    }
}

#[tokio::test]
async fn the_moments_of_a_deployment_have_either_name() {
    for names in [
        ["started_on", "completed_on"],
        ["start_date", "completion_date"],
    ] {
        let [began, ended] = names;
        let list = format!(
            r#"{{"values": [{{"uuid": "{{d}}", "state": {{"name": "COMPLETED", "{began}": "2026-03-01T08:00:00Z", "{ended}": "2026-03-01T08:05:00Z"}}}}], "size": 1}}"#
        );
        let answers = vec![
            (below("/deployments?pagelen=25"), Reply::ok(list)),
            (
                below("/environments?pagelen=100"),
                Reply::ok(r#"{"values": []}"#),
            ),
        ];
        let (_stand_in, provider) = upstream(answers).await;
        let filter = DeploymentFilter::default();
        let page = provider
            .deployments(&call(), &repo(), &filter, PageRequest::default())
            .await
            .unwrap();
        let shown = |at: Option<gitflare_core::Timestamp>| at.map(|at| at.to_string());
        let row = &page.items[0];
        assert_eq!(
            shown(row.created_at).as_deref(),
            Some("2026-03-01T08:00:00.000Z")
        );
        assert_eq!(
            shown(row.updated_at).as_deref(),
            Some("2026-03-01T08:05:00.000Z")
        );
    }
}

#[tokio::test]
async fn a_title_is_that_of_the_summary() {
    let list = format!(
        r#"{{"values": [{{"hash": "{SHA}", "message": "one\n", "summary": {{"raw": "Uno\nmas"}}}}, {{"hash": "{SHA}", "message": "two\nmore"}}]}}"#
    );
    let target = below("/pullrequests/4/commits?pagelen=25");
    let (_stand_in, provider) = upstream(vec![(target, Reply::ok(list))]).await;
    let page = PageRequest::default();
    let found = provider
        .pull_request_commits(&call(), &repo(), 4, page)
        .await;
    let found = found.unwrap().items;
    let titles: Vec<_> = found.iter().map(|row| row.title.as_deref()).collect();
    assert_eq!(titles, [Some("Uno"), Some("two")]);
}

#[tokio::test]
async fn a_vote_counts_whoever_gave_it() {
    let body = r#"{"id": 4, "reviewers": [{"uuid": "{b}"}, {"uuid": "{c}"}], "participants": [
        {"user": null, "state": "approved"}, {"user": null, "state": null},
        {"user": {"uuid": "{b}"}, "state": "changes_requested"}, {"user": {"uuid": "{c}"}, "state": null}]}"#;
    let target = below("/pullrequests/4");
    let (_stand_in, provider) = upstream(vec![(target, Reply::ok(body))]).await;
    let page = PageRequest::default();
    let reviews = provider.reviews(&call(), &repo(), 4, page).await.unwrap();
    let seen: Vec<_> = reviews
        .items
        .iter()
        .map(|row| (row.id.as_deref(), row.author.is_some(), row.state))
        .collect();
    assert_eq!(
        seen,
        [
            (None, false, ReviewState::Approved),
            (Some("b"), true, ReviewState::ChangesRequested)
        ]
    );
    // Who has voted is no longer waited for.
    let pull = provider.pull_request(&call(), &repo(), 4).await.unwrap();
    let waited: Vec<_> = pull.requested_reviewers.unwrap();
    let waited: Vec<_> = waited.into_iter().map(|person| person.id).collect();
    assert_eq!(waited, [Some("c".to_owned())]);
}

#[test]
fn an_id_has_one_spelling() {
    let provider = Bitbucket::new(
        Http::new(&HttpConfig::default()).unwrap(),
        "https://api.bitbucket.org/2.0",
    );
    let provider = provider.unwrap();
    let own = "21fa9bf8-0000-4000-8000-00000000000a";
    for spelt in [
        "21FA9BF8-0000-4000-8000-00000000000A",
        "{21fa9bf8-0000-4000-8000-00000000000A}",
    ] {
        assert_eq!(provider.respelt(spelt).as_deref(), Some(own), "{spelt}");
    }
    for other in [own, "mill/loom", "{mill}", "{21fa9bf8}", "{}"] {
        assert_eq!(provider.respelt(other), None, "{other}");
    }
}

#[tokio::test]
async fn a_branch_that_leads_nowhere_is_told_of() {
    let list = format!(
        r#"{{"values": [{{"name": "lost", "target": null}}, {{"name": "main", "target": {{"hash": "{SHA}"}}}}]}}"#
    );
    let target = below("/refs/branches?pagelen=25");
    let (_stand_in, provider) = upstream(vec![(target, Reply::ok(list))]).await;
    let page = provider
        .branches(&call(), &repo(), PageRequest::default())
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.errors.len()), (1, 1));
}

#[tokio::test]
async fn a_connection_can_name_its_workspace() {
    let list = (
        "repositories/mill?role=member&sort=full_name&pagelen=25".to_owned(),
        Reply::ok(fixture("bitbucket/repositories.json")),
    );
    let (stand_in, provider) = upstream(vec![list]).await;
    let call = Call {
        organization: Some("mill".to_owned()),
        ..call()
    };
    let page = provider.repositories(&call, PageRequest::default()).await;
    assert!(!page.unwrap().items.is_empty());
    assert_eq!(stand_in.asked().len(), 1);
}

#[tokio::test]
async fn a_token_that_is_nobodys_is_the_workspaces() {
    let refused = ("user".to_owned(), Reply::new(403, "{}"));
    let workspace = (
        "workspaces/mill".to_owned(),
        Reply::ok(r#"{"type": "workspace", "uuid": "{w}", "slug": "mill", "name": "The Mill"}"#),
    );
    for (answers, found) in [
        (
            vec![refused.clone(), workspace],
            Some(("w", Some("mill"), Some("The Mill"))),
        ),
        (vec![refused], None),
    ] {
        let (_stand_in, provider) = upstream(answers).await;
        let call = Call {
            organization: Some("mill".to_owned()),
            ..call()
        };
        let viewer = provider.viewer(&call).await.ok();
        let seen = viewer
            .as_ref()
            .map(|it| (&*it.id, it.login.as_deref(), it.name.as_deref()));
        assert_eq!(seen, found);
    }
}

#[tokio::test]
async fn the_redirect_of_a_diff_keeps_its_credential_and_leads_nowhere_else() {
    let path = below("/diff/ada/loom:0123456789ab%0D89abcdef0123");
    let found = format!("/2.0/{path}?from_pullrequest_id=4&topic=true");
    let pull_request = || {
        (
            below("/pullrequests/4"),
            Reply::ok(fixture("bitbucket/pull_request.json")),
        )
    };
    let redirect = |to: &str| {
        let reply = Reply::new(302, "").with("location", to);
        (below("/pullrequests/4/diff?binary=false"), reply)
    };
    let answer = (
        format!("{path}?from_pullrequest_id=4&topic=true"),
        Reply::ok(fixture("bitbucket/diff.txt")),
    );
    let (stand_in, provider) = upstream(vec![pull_request(), redirect(&found), answer]).await;
    let diff = provider
        .pull_request_diff(&call(), &repo(), 4)
        .await
        .unwrap();
    assert_eq!(diff.files.len(), 3);
    for head in stand_in.heads() {
        let head = head.to_ascii_lowercase();
        assert!(
            head.contains("authorization: bearer fixture-token"),
            "{head}"
        );
    }

    let elsewhere = redirect("https://stranger.example/diff");
    let (_stand_in, provider) = upstream(vec![pull_request(), elsewhere]).await;
    let refused = provider.pull_request_diff(&call(), &repo(), 4).await;
    assert_eq!(refused.unwrap_err().code(), Code::UpstreamUnavailable);
}

#[tokio::test]
async fn a_diff_whose_list_of_files_is_refused_says_that_files_may_be_missing() {
    let commit = CommitId::parse(SHA).unwrap();
    for refusal in [500, 403, 400, 555] {
        let answers = vec![
            (
                below(&format!("/commit/{SHA}")),
                Reply::ok(fixture("bitbucket/commit.json")),
            ),
            (
                below(&format!("/diff/{SHA}?binary=false")),
                Reply::ok(fixture("bitbucket/diff.txt")),
            ),
            (
                below(&format!("/diffstat/{SHA}?pagelen=500")),
                Reply::new(refusal, "{}"),
            ),
        ];
        let (_stand_in, provider) = upstream(answers).await;
        let (call, repo) = (call(), repo());
        let diff = provider.commit_diff(&call, &repo, &commit).await.unwrap();
        assert_eq!((diff.files.len(), diff.truncated), (3, true), "{refusal}");
        assert_eq!(diff.stats.files, None, "{refusal}");
        // The counts beside a commit cost no more than themselves.
        let commit = provider.commit(&call, &repo, &commit.clone().into()).await;
        assert_eq!(commit.unwrap().stats, None, "{refusal}");
    }
    // But for what concerns the connection.
    let answers = vec![
        (
            below(&format!("/commit/{SHA}")),
            Reply::ok(fixture("bitbucket/commit.json")),
        ),
        (
            below(&format!("/diffstat/{SHA}?pagelen=500")),
            Reply::new(429, "slow down"),
        ),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let refused = provider.commit(&call(), &repo(), &commit.into()).await;
    assert_eq!(refused.unwrap_err().code(), Code::RateLimited);
}

#[tokio::test]
async fn an_older_vote_is_known_by_the_approval_and_no_participants_are_none() {
    let body = r#"{"participants": [
        {"user": {"uuid": "{a}"}, "role": "REVIEWER", "approved": true},
        {"user": {"uuid": "{b}"}, "role": "REVIEWER", "approved": false},
        {"user": {"uuid": "{c}"}, "approved": true, "state": null}]}"#;
    for (body, voters) in [(body, &["a"][..]), (r#"{"id": 4}"#, &[])] {
        let (_stand_in, provider) =
            upstream(vec![(below("/pullrequests/4"), Reply::ok(body))]).await;
        let page = PageRequest::default();
        let reviews = provider.reviews(&call(), &repo(), 4, page).await.unwrap();
        let ids = reviews.items.iter().map(|row| row.id.as_deref().unwrap());
        assert_eq!(ids.collect::<Vec<_>>(), voters);
    }
}

#[tokio::test]
async fn folders_that_were_not_opened_are_told_and_stop_no_walk() {
    let deep = "a/b/c/d/e/f/g/h/i/j";
    let page = |path: &str, next: &str| {
        Reply::ok(format!(
            r#"{{"values": [{{"type": "commit_directory", "path": "{path}"}}]{next}}}"#
        ))
    };
    let list = format!("/src/{SHA}/?max_depth=10&pagelen=25");
    let next = format!(
        r#", "next": "https://api.bitbucket.org/2.0/{}&page=x1""#,
        below(&list)
    );
    let answers = vec![
        (below(&list), page(deep, &next)),
        (below(&format!("{list}&page=x1")), page("k", "")),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let query = TreeQuery {
        at: RefSelector::Ref(GitRef::parse("ref", SHA).unwrap()),
        recursive: true,
        path: None,
    };
    let first = provider
        .file_tree(&call(), &repo(), &query, PageRequest::default())
        .await
        .unwrap();
    let [error] = &first.errors[..] else {
        panic!("{:?}", first.errors);
    };
    assert_eq!(
        (first.items.len(), error.code()),
        (1, Code::UnsupportedEndpoint)
    );
    let page = PageRequest {
        position: first.next,
        ..PageRequest::default()
    };
    let last = provider
        .file_tree(&call(), &repo(), &query, page)
        .await
        .unwrap();
    assert_eq!((last.items.len(), last.errors.len()), (1, 0));
}

#[tokio::test]
async fn a_workspace_may_be_named_by_its_uuid_on_every_page() {
    let uuid = "{9b000000-0000-4000-8000-000000000001}";
    let list = "repositories/%7B9b000000-0000-4000-8000-000000000001%7D?role=member&sort=full_name&pagelen=1";
    let mut first: serde_json::Value =
        serde_json::from_str(&fixture("bitbucket/repositories.json")).unwrap();
    first["next"] = format!("https://api.bitbucket.org/2.0/{list}&page=2").into();
    let answers = vec![
        (list.to_owned(), Reply::ok(first.to_string())),
        (format!("{list}&page=2"), Reply::ok(r#"{"values": []}"#)),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let call = Call {
        organization: Some(uuid.to_owned()),
        ..call()
    };
    let mut page = PageRequest::first(Limit::new(1).unwrap());
    let found = provider.repositories(&call, page.clone()).await.unwrap();
    page.position = found.next;
    let last = provider.repositories(&call, page).await.unwrap();
    assert!(last.items.is_empty() && last.next.is_none());
}

#[tokio::test]
async fn a_status_that_names_no_commit_is_of_the_one_that_was_asked_for() {
    let list = r#"{"values": [{"key": "a"}, {"key": "b", "commit": {"hash": "0123456"}}]}"#;
    let answers = vec![(
        below(&format!("/commit/{SHA}/statuses?pagelen=25")),
        Reply::ok(list),
    )];
    let (_stand_in, provider) = upstream(answers).await;
    let at = RefSelector::Ref(GitRef::parse("ref", SHA).unwrap());
    let found = provider
        .checks(&call(), &repo(), &at, PageRequest::default())
        .await
        .unwrap()
        .items;
    let commits: Vec<_> = found.iter().map(|it| it.commit_sha.as_deref()).collect();
    assert_eq!(commits, [Some(SHA), Some("0123456")]);
}

#[tokio::test]
async fn a_commit_that_is_not_found_by_its_beginning_keeps_it() {
    let pull = Reply::ok(fixture("bitbucket/single_pull_request.json"));
    // Another commit's id, none, none in time: each is no answer.
    let answers = vec![
        (below("/pullrequests/4"), pull),
        (
            below("/commit/0123456789ab?fields=hash"),
            Reply::ok(r#"{"hash": "ffffffffffffffffffffffffffffffffffffffff"}"#),
        ),
        (
            below("/commit/89abcdef0123?fields=hash"),
            Reply::new(500, ""),
        ),
    ];
    let (stand_in, provider) = upstream(answers).await;
    let found = provider.pull_request(&call(), &repo(), 4).await.unwrap();
    let told = [found.head_sha, found.base_sha, found.merge_commit_sha];
    let told = told.map(Option::unwrap_or_default);
    assert_eq!(told, ["0123456789ab", "89abcdef0123", "aaaabbbbcccc"]);
    assert_eq!(stand_in.asked().len(), 4);
}

#[tokio::test]
async fn a_path_that_is_no_utf_8_is_one_row() {
    let text = "diff --git \"a/caf\\351\" \"b/caf\\351\"\n--- \"a/caf\\351\"\n+++ \"b/caf\\351\"\n@@ -1 +1 @@\n-a\n+b\n";
    let side = serde_json::json!({"path": "caf\u{e9}", "escaped_path": "\"caf\\351\""});
    let row = serde_json::json!({"status": "modified", "lines_added": 1, "lines_removed": 1, "old": side, "new": side});
    let answers = vec![
        (
            below(&format!("/commit/{SHA}")),
            Reply::ok(fixture("bitbucket/commit.json")),
        ),
        (below(&format!("/diff/{SHA}?binary=false")), Reply::ok(text)),
        (
            below(&format!("/diffstat/{SHA}?pagelen=500")),
            Reply::ok(serde_json::json!({ "values": [row] }).to_string()),
        ),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let commit = CommitId::parse(SHA).unwrap();
    let diff = provider
        .commit_diff(&call(), &repo(), &commit)
        .await
        .unwrap();
    assert_eq!(diff.files.len(), 1, "{:?}", diff.files);
    assert_eq!(diff.files[0].path, "caf\u{fffd}");
    assert!(diff.files[0].patch.is_some());
}

#[tokio::test]
async fn a_place_to_go_on_at_that_is_no_text_is_no_end() {
    let list = r#"{"values": [], "next": 2, "page": "one", "pagelen": {}, "size": "few"}"#;
    for (target, page) in [
        ("/refs/tags?pagelen=25", list),
        ("/refs/tags?pagelen=25", "{}"),
    ] {
        let (_stand_in, provider) = upstream(vec![(below(target), Reply::ok(page))]).await;
        let asked = provider
            .tags(&call(), &repo(), PageRequest::default())
            .await;
        assert_eq!(asked.unwrap_err().code(), Code::UpstreamUnavailable);
    }
    // What counts pages and rows is another matter.
    let row = r#"{"uuid": "{7c1d9b52-3e0f-4f5a-9d41-0c5a5f8f1a27}"}"#;
    let list = format!(r#"{{"values": [{row}], "page": "one", "pagelen": {{}}, "size": "few"}}"#);
    let answers = vec![
        (below("/deployments?pagelen=1"), Reply::ok(list.clone())),
        (
            below("/deployments?pagelen=1&page=2"),
            Reply::ok(r#"{"values": [], "size": []}"#),
        ),
        (
            below("/environments?pagelen=100"),
            Reply::ok(r#"{"values": []}"#),
        ),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let (call, repo, filter) = (call(), repo(), DeploymentFilter::default());
    let mut page = PageRequest::first(Limit::new(1).unwrap());
    let first = provider
        .deployments(&call, &repo, &filter, page.clone())
        .await
        .unwrap();
    assert_eq!(first.items.len(), 1);
    page.position = first.next;
    assert!(page.position.is_some());
    let last = provider
        .deployments(&call, &repo, &filter, page)
        .await
        .unwrap();
    assert!(last.items.is_empty() && last.next.is_none());
}
