//! "This is not everything": what one source refuses does not cost the others, and the page says what
//! is missing from it.

use gitflare_core::{
    Code, Error, PageRequest,
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
