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
