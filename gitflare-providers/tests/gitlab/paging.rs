//! Chains of pages: by token, by number, and from one to the other, as GitLab answers.

use gitflare_core::{
    Code, PageRequest,
    model::DeploymentState,
    provider::{DeploymentFilter, Provider, RefSelector, TreeQuery},
};
use gitflare_providers::conformance::Reply;

use crate::gitlab::{SHA, Upstream, git_ref, repo, support::call};

fn branch(name: &str) -> Reply {
    Reply::ok(format!(
        r#"[{{"name": "{name}", "commit": {{"id": "{SHA}"}}}}]"#
    ))
}

async fn walk(up: &Upstream) -> gitflare_core::Result<Vec<String>> {
    let (mut names, mut request) = (Vec::new(), PageRequest::default());
    loop {
        let page = up
            .provider
            .branches(&call(), &repo(), request.clone())
            .await?;
        names.extend(page.items.into_iter().map(|branch| branch.name));
        match page.next {
            Some(next) => request.position = Some(next),
            None => return Ok(names),
        }
    }
}

const FIRST: &str = "projects/7/repository/branches?per_page=25&pagination=keyset";

#[tokio::test]
async fn a_token_leads_on_to_the_configured_host_alone() {
    // sec: CU-5
    let link = "<http://internal.lan/api/v4/x?pagination=keyset&per_page=99&page_token=bWFpbg%3D%3D&private_token=x>; rel=\"next\"";
    let up = Upstream::start(&[
        (FIRST, branch("a").with("link", link)),
        (
            "projects/7/repository/branches?per_page=25&pagination=keyset&page_token=bWFpbg%3D%3D",
            branch("b"),
        ),
    ])
    .await;
    assert_eq!(walk(&up).await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn a_keyset_request_that_is_answered_by_numbers_goes_on_by_numbers() {
    let up = Upstream::start(&[
        (FIRST, branch("a").with("x-next-page", "2")),
        (
            "projects/7/repository/branches?per_page=25&page=2",
            branch("b").with("x-next-page", ""),
        ),
    ])
    .await;
    assert_eq!(walk(&up).await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn a_release_without_keyset_is_asked_by_numbers() {
    let refused = Reply::new(
        405,
        r#"{"error": "Keyset pagination is not yet available for this type of request"}"#,
    );
    let up = Upstream::start(&[
        (FIRST, refused.clone()),
        ("projects/7/repository/branches?per_page=25", branch("a")),
    ])
    .await;
    assert_eq!(walk(&up).await.unwrap(), ["a"]);
    let up = Upstream::start(&[
        (FIRST, refused.clone()),
        ("projects/7/repository/branches?per_page=25", refused),
    ])
    .await;
    assert_eq!(
        walk(&up).await.unwrap_err().code(),
        Code::PaginationNotSupported
    );
}

#[tokio::test]
async fn a_token_that_gitlab_has_forgotten_is_an_invalid_cursor() {
    let up = Upstream::start(&[
        (
            FIRST,
            branch("a").with("link", "<https://h/x?page_token=old>; rel=\"next\""),
        ),
        (
            "projects/7/repository/branches?per_page=25&pagination=keyset&page_token=old",
            Reply::new(422, r#"{"message": "Invalid page token"}"#),
        ),
    ])
    .await;
    assert_eq!(walk(&up).await.unwrap_err().code(), Code::InvalidCursor);
}

#[tokio::test]
async fn a_phantom_last_page_is_empty_and_the_end() {
    let up = Upstream::start(&[
        (
            "projects/7/repository/commits?per_page=25",
            Reply::ok(format!(r#"[{{"id": "{SHA}"}}]"#)).with("x-next-page", "2"),
        ),
        (
            "projects/7/repository/commits?per_page=25&page=2",
            Reply::ok("[]").with("x-next-page", ""),
        ),
    ])
    .await;
    let first = up
        .provider
        .commits(&call(), &repo(), None, PageRequest::default())
        .await
        .unwrap();
    let request = PageRequest {
        position: first.next,
        ..PageRequest::default()
    };
    let last = up
        .provider
        .commits(&call(), &repo(), None, request)
        .await
        .unwrap();
    assert!(last.items.is_empty() && last.next.is_none());
}

#[tokio::test]
async fn an_empty_repository_has_empty_lists_whatever_gitlab_makes_of_it() {
    let empty =
        || Reply::ok(r#"{"id": 7, "path": "x", "path_with_namespace": "m/x", "empty_repo": true}"#);
    for (target, reply) in [
        (
            "projects/7/repository/commits?per_page=25",
            Reply::new(404, r#"{"message": "404 Repository Not Found"}"#),
        ),
        (
            "projects/7/repository/commits?per_page=25",
            Reply::new(500, r#"{"message": "500 Internal Server Error"}"#),
        ),
        ("projects/7/repository/commits?per_page=25", Reply::ok("[]")),
    ] {
        let up = Upstream::start(&[(target, reply), ("projects/7", empty())]).await;
        let page = up
            .provider
            .commits(&call(), &repo(), None, PageRequest::default())
            .await
            .unwrap();
        assert!(page.items.is_empty());
    }
    let up = Upstream::start(&[
        (
            "projects/7/repository/contributors?order_by=commits&sort=desc&per_page=25",
            Reply::new(404, r#"{"message": "404 Not Found"}"#),
        ),
        (
            "projects/7/repository/commits?per_page=1",
            Reply::new(404, r#"{"message": "404 Repository Not Found"}"#),
        ),
        ("projects/7", empty()),
    ])
    .await;
    let first = PageRequest::default;
    let at = RefSelector::DefaultBranch;
    let tree = TreeQuery::default();
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
    assert!(
        up.provider
            .file_tree(&call(), &repo(), &tree, first())
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn an_unknown_branch_is_no_empty_history() {
    let target = "projects/7/repository/commits?ref_name=refs%2Fheads%2Fgone&per_page=25";
    let project = |empty: bool| {
        Reply::ok(format!(
            r#"{{"id": 7, "path": "x", "path_with_namespace": "m/x", "empty_repo": {empty}}}"#
        ))
    };
    let up = Upstream::start(&[(target, Reply::ok("[]")), ("projects/7", project(false))]).await;
    let refused = up
        .provider
        .commits(
            &call(),
            &repo(),
            Some(&git_ref("gone")),
            PageRequest::default(),
        )
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceNotFound);
    let up = Upstream::start(&[(target, Reply::ok("[]")), ("projects/7", project(true))]).await;
    let page = up
        .provider
        .commits(
            &call(),
            &repo(),
            Some(&git_ref("gone")),
            PageRequest::default(),
        )
        .await;
    assert!(page.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_status_without_rows_is_no_page() {
    let target = |word: &str| {
        format!("projects/7/deployments?order_by=id&sort=desc&status={word}&per_page=25")
    };
    let blocked = r#"[{"id": 9, "status": "blocked", "ref": "main"}]"#;
    let up = Upstream::start(&[
        (&target("created"), Reply::ok("[]")),
        (&target("blocked"), Reply::ok(blocked)),
    ])
    .await;
    let filter = DeploymentFilter {
        environment: None,
        state: Some(DeploymentState::Pending),
    };
    let (call, repo) = (call(), repo());
    let asked = up
        .provider
        .deployments(&call, &repo, &filter, PageRequest::default());
    let page = asked.await.unwrap();
    assert_eq!((page.items[0].id.as_str(), page.next), ("9", None));
}

/// The rows of a walk that ends with what is missing.
async fn walk_to_the_error(up: &Upstream) -> Vec<String> {
    let (mut names, mut request) = (Vec::new(), PageRequest::default());
    for _ in 0..100 {
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
                return names;
            }
        }
    }
    panic!("the walk does not end: {names:?}");
}

#[tokio::test]
async fn pages_that_lead_back_end_and_say_so() {
    let page = |query: &str| format!("projects/7/repository/branches?per_page=25{query}");
    // By numbers, which have to grow.
    let up = Upstream::start(&[
        (FIRST, branch("a").with("x-next-page", "2")),
        (&page("&page=2"), branch("b").with("x-next-page", "3")),
        (&page("&page=3"), branch("c").with("x-next-page", "2")),
    ])
    .await;
    assert_eq!(walk_to_the_error(&up).await, ["a", "b", "c"]);
    // By tokens, of which one comes again.
    let link = |token: &str| format!("<https://h/x?page_token={token}>; rel=\"next\"");
    let by_token = |token: &str| page(&format!("&pagination=keyset&page_token={token}"));
    let up = Upstream::start(&[
        (FIRST, branch("a").with("link", link("x"))),
        (&by_token("x"), branch("b").with("link", link("y"))),
        (&by_token("y"), branch("c").with("link", link("x"))),
    ])
    .await;
    let names = walk_to_the_error(&up).await;
    assert_eq!(names[..3], ["a", "b", "c"]);
    assert!(names.len() <= 9, "{names:?}");
}
