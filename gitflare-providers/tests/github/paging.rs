//! Chains of pages: GitHub's own pointer is followed, to our own path, until it ends.

use gitflare_core::{
    Code, Limit, PageRequest,
    provider::{Provider, RefSelector, TreeQuery},
};
use gitflare_providers::conformance::Reply;

use crate::github::{SHA, Upstream, git_ref, repo, support::call};

fn limit(limit: u32) -> PageRequest {
    PageRequest::first(Limit::new(limit).unwrap())
}

#[tokio::test]
async fn the_next_link_leads_on_to_the_configured_host_alone() {
    // sec: CU-5
    let row = |name: &str| {
        Reply::ok(format!(
            r#"[{{"name": "{name}", "commit": {{"sha": "{SHA}"}}}}]"#
        ))
    };
    let up = Upstream::start(&[
        (
            "repositories/7/branches?per_page=1",
            row("a").with(
                "link",
                "<http://169.254.169.254/latest?per_page=99&page=2&access_token=x>; rel=\"next\", <https://h/?page=9>; rel=\"last\"",
            ),
        ),
        (
            "repositories/7/branches?per_page=1&page=2",
            // A page may be empty and yet not the last.
            Reply::ok("[]").with("link", "<https://h/repositories/7/branches?after=Y3Vy&page=3>; rel=\"next\""),
        ),
        ("repositories/7/branches?per_page=1&after=Y3Vy&page=3", row("c")),
    ])
    .await;
    let (mut names, mut request) = (Vec::new(), limit(1));
    loop {
        let page = up
            .provider
            .branches(&call(), &repo(), request.clone())
            .await
            .unwrap();
        names.extend(page.items.into_iter().map(|branch| branch.name));
        match page.next {
            Some(next) => request.position = Some(next),
            None => break,
        }
    }
    assert_eq!(names, ["a", "c"]);
    assert_eq!(up.asked().len(), 3);
}

#[tokio::test]
async fn a_next_link_that_cannot_be_followed_is_not_the_end() {
    let up = Upstream::start(&[(
        "repositories/7/tags?per_page=25",
        Reply::ok("[]").with("link", "<https://h/x?unknown=1>; rel=\"next\""),
    )])
    .await;
    let refused = up
        .provider
        .tags(&call(), &repo(), PageRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::UpstreamUnavailable);
}

#[tokio::test]
async fn a_tree_that_github_cuts_says_so_on_every_page() {
    let entry = |name: &str| {
        format!(r#"{{"path": "{name}", "mode": "100644", "type": "blob", "sha": "{SHA}"}}"#)
    };
    let cut = format!(
        r#"{{"truncated": true, "tree": [{}, {}]}}"#,
        entry("a"),
        entry("b")
    );
    let up = Upstream::start(&[
        (
            &format!("repositories/7/commits/{SHA}?per_page=1"),
            Reply::ok(format!(r#"{{"sha": "{SHA}"}}"#)),
        ),
        (
            &format!("repositories/7/git/trees/{SHA}?recursive=1"),
            Reply::ok(cut),
        ),
    ])
    .await;
    let query = TreeQuery {
        at: RefSelector::Ref(git_ref(SHA)),
        recursive: true,
        ..TreeQuery::default()
    };
    let (call, repo) = (call(), repo());
    let mut request = PageRequest::first(Limit::new(1).unwrap());
    for name in ["a", "b"] {
        let asked = up.provider.file_tree(&call, &repo, &query, request.clone());
        let page = asked.await.unwrap();
        assert_eq!(page.items[0].path, name);
        let missing = &page.errors[0];
        assert_eq!(missing.code(), Code::UnsupportedEndpoint);
        assert!(missing.message().contains("`path`"), "{missing}");
        request.position = page.next;
    }
    assert_eq!(request.position, None);
}

#[tokio::test]
async fn an_empty_repository_has_empty_lists() {
    const CONFLICT: &str = r#"{"message": "Git Repository is empty."}"#;
    let conflict = || Reply::new(409, CONFLICT);
    let up = Upstream::start(&[
        ("repositories/7/commits?per_page=25", conflict()),
        ("repositories/7/commits?per_page=1", conflict()),
        (
            "repositories/7/contributors?anon=1&per_page=25",
            Reply::new(204, ""),
        ),
        (&format!("repositories/7/commits/{SHA}"), conflict()),
    ])
    .await;
    let first = PageRequest::default;
    let at = RefSelector::DefaultBranch;
    assert!(
        up.provider
            .commits(&call(), &repo(), None, first())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(
        up.provider
            .contributors(&call(), &repo(), first())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(
        up.provider
            .checks(&call(), &repo(), &at, first())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let tree = TreeQuery::default();
    assert!(
        up.provider
            .file_tree(&call(), &repo(), &tree, first())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    // One commit was asked for by name: it is not there.
    let commit = gitflare_core::provider::CommitId::parse(SHA).unwrap();
    let missing = up
        .provider
        .commit_diff(&call(), &repo(), &commit)
        .await
        .unwrap_err();
    assert_eq!(missing.code(), Code::ResourceNotFound);
}

fn branch(name: &str, link: Option<&str>) -> Reply {
    let row = Reply::ok(format!(
        r#"[{{"name": "{name}", "commit": {{"sha": "{SHA}"}}}}]"#
    ));
    match link {
        Some(query) => row.with("link", format!("<https://h/x?{query}>; rel=\"next\"")),
        None => row,
    }
}

/// The rows of a walk, and how many pages it took; it ends with what is missing.
async fn walk_to_the_error(up: &Upstream) -> (Vec<String>, usize) {
    let (mut names, mut request) = (Vec::new(), limit(1));
    for pages in 1..100 {
        let page = up
            .provider
            .branches(&call(), &repo(), request.clone())
            .await
            .unwrap();
        names.extend(page.items.into_iter().map(|branch| branch.name));
        match page.next {
            Some(next) => request.position = Some(next),
            None => {
                assert_eq!(page.errors.len(), 1);
                assert_eq!(page.errors[0].code(), Code::UpstreamUnavailable);
                return (names, pages);
            }
        }
    }
    panic!("the walk does not end: {names:?}");
}

#[tokio::test]
async fn pages_whose_numbers_do_not_grow_end_and_say_so() {
    let page = |query: &str| format!("repositories/7/branches?per_page=1{query}");
    for (first, second) in [
        // The page itself, the first one, and two that name each other.
        (Some("page=1"), None),
        (Some("page=2"), Some("page=2")),
        (Some("page=2"), Some("page=1")),
    ] {
        let up = Upstream::start(&[
            (&page(""), branch("a", first)),
            (&page("&page=2"), branch("b", second)),
        ])
        .await;
        let (names, pages) = walk_to_the_error(&up).await;
        let expected = if second.is_none() { 1 } else { 2 };
        assert_eq!((names.len(), pages), (expected, expected), "{first:?}");
    }
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_by_tokens_end_and_say_so() {
    let page = |query: &str| format!("repositories/7/branches?per_page=1{query}");
    let up = Upstream::start(&[
        (&page(""), branch("a", Some("after=x"))),
        (&page("&after=x"), branch("b", Some("after=y"))),
        (&page("&after=y"), branch("c", Some("after=z"))),
        (&page("&after=z"), branch("d", Some("after=x"))),
    ])
    .await;
    let (names, pages) = walk_to_the_error(&up).await;
    assert_eq!(names[..4], ["a", "b", "c", "d"]);
    assert!((5..=12).contains(&pages), "{pages}");
}

#[tokio::test]
async fn a_diff_whose_pages_lead_back_is_cut_and_lists_no_file_twice() {
    let file = |name: &str| {
        format!(
            r#"{{"filename": "{name}", "status": "modified", "additions": 1, "deletions": 0, "patch": "@@ -0,0 +1 @@\n+z"}}"#
        )
    };
    let commit = |name: &str, next: &str| {
        Reply::ok(format!(r#"{{"sha": "{SHA}", "files": [{}]}}"#, file(name)))
            .with("link", format!("<https://h/x?page={next}>; rel=\"next\""))
    };
    let target = format!("repositories/7/commits/{SHA}");
    let up = Upstream::start(&[
        (&target, commit("a", "2")),
        (&format!("{target}?page=2"), commit("b", "1")),
    ])
    .await;
    let id = gitflare_core::provider::CommitId::parse(SHA).unwrap();
    let diff = up
        .provider
        .commit_diff(&call(), &repo(), &id)
        .await
        .unwrap();
    assert!(diff.truncated);
    let paths: Vec<_> = diff.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["a", "b"]);
    assert_eq!(diff.stats.files, None);
}

#[tokio::test]
async fn a_conflict_is_an_empty_repository_by_its_words_alone() {
    let up = Upstream::start(&[
        (
            "repositories/7/commits?per_page=25",
            Reply::new(409, r#"{"message": "Git Repository is unavailable."}"#),
        ),
        (
            "repositories/7/commits/heads%2Fmain?per_page=1",
            Reply::new(409, r#"{"message": "Conflict"}"#),
        ),
    ])
    .await;
    let (call, repo) = (call(), repo());
    let first = PageRequest::default;
    let refused = up.provider.commits(&call, &repo, None, first()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::UpstreamUnavailable);
    assert_eq!(refused.upstream_status(), Some(409));
    let at = RefSelector::Branch(git_ref("main"));
    let refused = up.provider.checks(&call, &repo, &at, first()).await;
    assert_eq!(refused.unwrap_err().code(), Code::UpstreamUnavailable);
}
