//! "This is not everything": what one source refuses does not cost the others, and the page says what
//! is missing from it.

use gitflare_core::{
    Code, Error, PageRequest,
    model::DeploymentState,
    provider::{CommitId, DeploymentFilter, Provider, RefSelector},
};
use gitflare_providers::conformance::Reply;

use crate::github::{SHA, Upstream, git_ref, repo, support::call};

const RUNS: &str = r#"{"check_runs": [{"id": 1}]}"#;
const STATUSES: &str = r#"{"statuses": [{"id": 2, "state": "success"}]}"#;

fn forbidden() -> Reply {
    Reply::new(
        403,
        r#"{"message": "Resource not accessible by integration"}"#,
    )
}

/// All checks of the commit, page by page: their ids, and the codes of what is missing.
async fn checks(runs: Reply, statuses: Reply) -> Result<(Vec<String>, Vec<Code>), Error> {
    let commit = format!("repositories/7/commits/{SHA}");
    let up = Upstream::start(&[
        (
            &format!("{commit}/check-runs?filter=latest&per_page=25"),
            runs,
        ),
        (
            &format!("{commit}/check-runs?filter=latest&per_page=25&page=2"),
            Reply::ok(RUNS),
        ),
        (&format!("{commit}/status?per_page=25"), statuses),
    ])
    .await;
    let at = RefSelector::Ref(git_ref(SHA));
    let (mut ids, mut codes, mut request) = (Vec::new(), Vec::new(), PageRequest::default());
    loop {
        let page = up.provider.checks(&call(), &repo(), &at, request).await?;
        ids.extend(page.items.into_iter().map(|check| check.id));
        codes.extend(page.errors.iter().map(Error::code));
        request = PageRequest::default();
        match page.next {
            Some(next) => request.position = Some(next),
            None => return Ok((ids, codes)),
        }
    }
}

#[tokio::test]
async fn one_of_two_sources_of_checks_may_be_forbidden() {
    let scope = Code::InsufficientScope;
    for (runs, statuses, ids, codes) in [
        (
            Reply::ok(RUNS),
            Reply::ok(STATUSES),
            vec!["run:1", "status:2"],
            vec![],
        ),
        (Reply::ok(RUNS), forbidden(), vec!["run:1"], vec![scope]),
        (
            forbidden(),
            Reply::ok(STATUSES),
            vec!["status:2"],
            vec![scope],
        ),
        (
            Reply::ok(r#"{"check_runs": []}"#),
            forbidden(),
            vec![],
            vec![scope],
        ),
        // An empty page with a link is no end.
        (
            Reply::ok(r#"{"check_runs": []}"#).with("link", "<https://h/x?page=2>; rel=\"next\""),
            Reply::ok(STATUSES),
            vec!["run:1", "status:2"],
            vec![],
        ),
    ] {
        let (got, missing) = checks(runs, statuses).await.unwrap();
        assert_eq!(
            (got, missing),
            (ids.iter().map(|id| (*id).to_owned()).collect(), codes)
        );
    }
    let refused = checks(forbidden(), forbidden()).await.unwrap_err();
    assert_eq!(refused.code(), scope);
}

#[tokio::test]
async fn a_list_behind_single_sign_on_says_that_it_is_partial() {
    let target = "user/repos?affiliation=owner%2Ccollaborator%2Corganization_member&visibility=all&sort=created&direction=asc&per_page=25";
    let partial = "partial-results; organizations=21955855,20582480";
    let up = Upstream::start(&[(target, Reply::ok("[]").with("x-github-sso", partial))]).await;
    let page = up
        .provider
        .repositories(&call(), PageRequest::default())
        .await
        .unwrap();
    let [error] = &page.errors[..] else {
        panic!("{:?}", page.errors);
    };
    assert_eq!(error.code(), Code::AccessBlockedByPolicy);
    assert!(error.message().contains("2 organizations"), "{error}");
}

#[tokio::test]
async fn hidden_installations_are_told_and_prove_nothing() {
    let partial = "partial-results; organizations=21955855";
    let installed = |rows: &str| {
        let body = format!(r#"{{"installations": [{rows}]}}"#);
        Reply::ok(body).with("x-github-sso", partial)
    };
    let person = || gitflare_core::provider::Call {
        access_token: "ghu_fixture".into(),
        ..call()
    };
    let shown = r#"{"id": 20, "account": {"login": "mill"}}"#;
    let up = Upstream::start(&[
        ("user/installations?per_page=100", installed(shown)),
        (
            "user/installations/20/repositories?per_page=25",
            Reply::ok(r#"{"repositories": []}"#),
        ),
    ])
    .await;
    let page = up
        .provider
        .repositories(&person(), PageRequest::default())
        .await
        .unwrap();
    let codes: Vec<_> = page.errors.iter().map(Error::code).collect();
    assert_eq!(codes, [Code::AccessBlockedByPolicy]);

    // Without one that is shown, that is what stands in the way.
    let missing = Reply::new(404, r#"{"message": "Not Found"}"#);
    let up = Upstream::start(&[
        ("user/installations?per_page=100", installed("")),
        ("repositories/7/tags?per_page=25", missing.clone()),
        ("repositories/7", missing),
    ])
    .await;
    let refused = up
        .provider
        .repositories(&person(), PageRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::AccessBlockedByPolicy);
    // And the app may be installed where the repository lives.
    let refused = up
        .provider
        .tags(&person(), &repo(), PageRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
}

#[tokio::test]
async fn an_installation_that_is_closed_costs_the_others_nothing() {
    let installed = r#"{"installations": [{"id": 1, "account": {"login": "mill"}}, {"id": 2, "account": {"login": "loom"}}]}"#;
    let person = || gitflare_core::provider::Call {
        access_token: "ghu_fixture".into(),
        ..call()
    };
    let row = r#"{"repositories": [{"id": 7, "name": "x", "full_name": "loom/x", "owner": {"login": "loom"}}]}"#;
    for (closed, code) in [
        (forbidden(), Code::InsufficientScope),
        (
            Reply::new(404, r#"{"message": "Not Found"}"#),
            Code::ResourceNotFound,
        ),
    ] {
        let up = Upstream::start(&[
            ("user/installations?per_page=100", Reply::ok(installed)),
            ("user/installations/1/repositories?per_page=25", closed),
            (
                "user/installations/2/repositories?per_page=25",
                Reply::ok(row),
            ),
        ])
        .await;
        let page = up
            .provider
            .repositories(&person(), PageRequest::default())
            .await
            .unwrap();
        let codes: Vec<_> = page.errors.iter().map(Error::code).collect();
        assert_eq!((page.items.len(), codes), (0, vec![code]));
        let next = PageRequest {
            position: page.next,
            ..PageRequest::default()
        };
        let page = up.provider.repositories(&person(), next).await.unwrap();
        assert_eq!((page.items.len(), page.errors.len()), (1, 0));
    }
}

#[tokio::test]
async fn what_an_empty_first_source_hides_is_told_with_the_second() {
    let partial = "partial-results; organizations=21955855";
    let empty = Reply::ok(r#"{"check_runs": []}"#).with("x-github-sso", partial);
    let (ids, codes) = checks(empty, Reply::ok(STATUSES)).await.unwrap();
    assert_eq!(
        (ids, codes),
        (
            vec!["status:2".to_owned()],
            vec![Code::AccessBlockedByPolicy]
        )
    );
}

#[tokio::test]
async fn states_that_wait_for_a_limit_say_how_long() {
    let limited = Reply::new(429, r#"{"message": "x"}"#).with("retry-after", "77");
    let up = Upstream::start(&[
        (
            "repositories/7/deployments?per_page=25",
            Reply::ok(r#"[{"id": 1}]"#),
        ),
        ("repositories/7/deployments/1/statuses?per_page=1", limited),
    ])
    .await;
    let filter = DeploymentFilter::default();
    let page = up
        .provider
        .deployments(&call(), &repo(), &filter, PageRequest::default())
        .await
        .unwrap();
    assert_eq!(page.errors[0].retry_after_seconds(), Some(77));
}

#[tokio::test]
async fn a_state_that_is_not_learned_costs_itself_alone() {
    let state = |id: u32| format!("repositories/7/deployments/{id}/statuses?per_page=1");
    let success = || Reply::ok(r#"[{"state": "success"}]"#);
    for (second, codes) in [
        // Deleted meanwhile: it has no state any more.
        (Reply::new(404, r#"{"message": "Not Found"}"#), vec![]),
        (forbidden(), vec![Code::InsufficientScope]),
        (Reply::new(500, "{}"), vec![Code::UpstreamUnavailable]),
    ] {
        let up = Upstream::start(&[
            (
                "repositories/7/deployments?per_page=25",
                Reply::ok(r#"[{"id": 1}, {"id": 2}, {"id": 3}]"#),
            ),
            (&state(1), success()),
            (&state(2), second),
            (&state(3), success()),
        ])
        .await;
        let filter = DeploymentFilter::default();
        let page = up
            .provider
            .deployments(&call(), &repo(), &filter, PageRequest::default())
            .await
            .unwrap();
        let states: Vec<_> = page.items.iter().map(|row| row.state.is_some()).collect();
        assert_eq!(states, [true, false, true]);
        let missing: Vec<_> = page.errors.iter().map(Error::code).collect();
        assert_eq!(missing, codes);
    }
}

#[tokio::test]
async fn a_commit_diff_is_not_cut_because_totals_differ() {
    let file = r#"{"filename": "f", "status": "modified", "additions": 10, "deletions": 0, "patch": "@@ -0,0 +1 @@\n+z"}"#;
    let body = format!(
        r#"{{"sha": "{SHA}", "stats": {{"additions": 24, "deletions": 0}}, "files": [{file}, {file}]}}"#
    );
    let up = Upstream::start(&[(&format!("repositories/7/commits/{SHA}"), Reply::ok(body))]).await;
    let commit = CommitId::parse(SHA).unwrap();
    let diff = up
        .provider
        .commit_diff(&call(), &repo(), &commit)
        .await
        .unwrap();
    assert!(!diff.truncated);
    assert_eq!(
        (diff.stats.files, diff.stats.additions),
        (Some(2), Some(24))
    );
}

#[tokio::test]
async fn what_a_customer_nests_too_deeply_in_a_payload_costs_no_row() {
    let state = |id: u32| format!("repositories/7/deployments/{id}/statuses?per_page=1");
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let rows = format!(
        r#"[{{"id": 1, "payload": {{"a": {deep}}}, "environment": "live"}}, {{"id": 2}}, {{"id": 3, "payload": {deep}}}]"#
    );
    let up = Upstream::start(&[
        ("repositories/7/deployments?per_page=25", Reply::ok(rows)),
        (&state(1), Reply::ok(r#"[{"state": "success"}]"#)),
        (&state(2), Reply::ok("[]")),
        (&state(3), Reply::ok(r#"[{"state": "a word of tomorrow"}]"#)),
    ])
    .await;
    let filter = DeploymentFilter::default();
    let (call, repo) = (call(), repo());
    let asked = up
        .provider
        .deployments(&call, &repo, &filter, PageRequest::default());
    let page = asked.await.unwrap();
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    let rows: Vec<_> = page
        .items
        .iter()
        .map(|row| (row.id.as_str(), row.state))
        .collect();
    let expected = [
        ("1", Some(DeploymentState::Success)),
        // Nobody has begun it.
        ("2", Some(DeploymentState::Pending)),
        ("3", None),
    ];
    assert_eq!(rows, expected);
    assert_eq!(page.items[0].environment.as_deref(), Some("live"));
}
