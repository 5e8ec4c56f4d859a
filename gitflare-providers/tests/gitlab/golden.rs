//! What the table of reads does not show: headers, and what is refused before anything is asked.

use gitflare_core::{
    Code, PageRequest,
    model::DeploymentState,
    provider::{DeploymentFilter, Provider},
};

use crate::gitlab::{
    Upstream, repo,
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
