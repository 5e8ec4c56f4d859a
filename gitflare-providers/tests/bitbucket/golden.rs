//! What the table of reads does not show: the credential, pages that are too long for Bitbucket, diffs
//! that are too large for it, and redirects.

use gitflare_core::{
    Code, Limit, PageRequest,
    model::PullRequestFilter,
    provider::{CommitId, Provider},
};
use gitflare_providers::{
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
            below(&format!("/diffstat/{SHA}?pagelen=100")),
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
