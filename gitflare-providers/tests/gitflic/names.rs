//! A name that went to another project: nothing of that one is read, whatever was read before.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gitflare_core::{
    Code, PageRequest, Secret,
    model::EventName,
    provider::{NewHook, Provider, RefSelector},
};
use gitflare_providers::{
    conformance::{Read, Reply, StandIn},
    gitflic::Gitflic,
};

use crate::gitflic::{ID, WEB, repo, support::call, table::subject};

/// A GitFlic whose project can be deleted and made again by somebody else, and the adapter over it.
struct Place {
    stand_in: StandIn,
    provider: Gitflic,
    is_another: Arc<AtomicBool>,
}

impl Place {
    async fn new(believed_for: Duration) -> Self {
        let place = Self::unset().await;
        Self {
            provider: place.provider.with_names_believed_for(believed_for),
            ..place
        }
    }

    async fn unset() -> Self {
        Self::changed(|body| body).await
    }

    /// With rows that do not say whose they are.
    async fn silent() -> Self {
        Self::changed(|body| body.replace("projectId", "elsewhere")).await
    }

    async fn changed(change: fn(String) -> String) -> Self {
        let is_another = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&is_another);
        let mut answers: Vec<_> = subject()
            .cases
            .into_iter()
            .flat_map(|case| case.exchanges)
            .collect();
        answers.push((
            "hook".to_owned(),
            "project/mill/loom-engine/setting/webhook".to_owned(),
            Reply::ok(format!(r#"{{"id": "hook-1", "projectId": "{ID}"}}"#)),
        ));
        let stand_in = StandIn::answering(move |_, target, _| {
            let below = target.trim_start_matches("/rest-api/");
            let known = answers.iter().find(|(_, known, _)| known == below);
            let Some((_, _, reply)) = known else {
                return Reply::new(404, r#"{"message": "Not found"}"#);
            };
            match shared.load(Ordering::SeqCst) {
                true => reply
                    .clone()
                    .with_body(change(reply.body().replace(ID, OTHER))),
                false => reply.clone().with_body(change(reply.body().to_owned())),
            }
        })
        .await;
        let url = format!("{}/rest-api", stand_in.url());
        let provider = Gitflic::new(stand_in.http(), &url, Some(WEB)).unwrap();
        Self {
            provider,
            stand_in,
            is_another,
        }
    }

    async fn code(&self, read: &Read) -> Option<Code> {
        let (call, repo, page) = (call(), repo(), PageRequest::default());
        let answer = read.send(&self.provider, &call, &repo, page).await;
        answer.err().map(|error| error.code())
    }

    /// How often the project itself was asked for.
    fn looks(&self) -> usize {
        let own = "/rest-api/project/mill/loom-engine";
        let asked = self.stand_in.asked();
        asked.iter().filter(|target| *target == own).count()
    }
}

const OTHER: &str = "99999999-3e0f-4f5a-9d41-0c5a5f8f1a27";

#[tokio::test]
async fn a_project_made_again_by_somebody_else_is_never_read() {
    let place = Place::new(Duration::ZERO).await;
    let reads = subject().cases.into_iter().map(|case| case.read);
    let of_project = |read: &Read| {
        !matches!(
            read,
            Read::Viewer | Read::Repositories | Read::RepositoryNamed(_)
        )
    };
    let reads: Vec<_> = reads.filter(of_project).collect();
    assert!(reads.len() > 20, "{}", reads.len());
    for read in &reads {
        assert_eq!(place.code(read).await, None, "{read:?}");
    }
    place.is_another.store(true, Ordering::SeqCst);
    for read in &reads {
        let before = place.stand_in.asked().len();
        assert_eq!(
            place.code(read).await,
            Some(Code::RepositoryNotFound),
            "{read:?}"
        );
        assert_eq!(place.stand_in.asked().len(), before + 1, "{read:?}");
    }
    let secret = Secret::from("whsec_fixture");
    let hook = NewHook {
        url: "https://gateway.example/hooks",
        secret: &secret,
        events: &[EventName::Push],
    };
    let hooks = place.provider.hooks().unwrap();
    let refused = hooks.create(&call(), &repo(), &hook).await.unwrap_err();
    assert_eq!(refused.code(), Code::RepositoryNotFound);
}

#[tokio::test]
async fn a_name_is_looked_up_once_in_a_while_and_what_says_its_project_is_held_to_it() {
    let place = Place::new(Duration::from_secs(3600)).await;
    let (call, repo) = (call(), repo());
    let page = PageRequest::default;
    // Many at once look once.
    let many = (0..20).map(|_| place.provider.tags(&call, &repo, page()));
    for read in futures_util::future::join_all(many).await {
        read.unwrap();
    }
    assert_eq!(place.looks(), 1);
    place.is_another.store(true, Ordering::SeqCst);
    // Releases and pipelines say whose they are.
    let refused = place.provider.releases(&call, &repo, page()).await;
    assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
    // From then on the name is believed no longer.
    let refused = place.provider.tags(&call, &repo, page()).await;
    assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
    assert_eq!(place.looks(), 2);

    let place = Place::new(Duration::from_secs(3600)).await;
    place
        .provider
        .find_repository(&call, "mill/loom-engine")
        .await
        .unwrap();
    place.provider.branches(&call, &repo, page()).await.unwrap();
    assert_eq!(place.looks(), 1, "it has just been seen");
    place.is_another.store(true, Ordering::SeqCst);
    let at = RefSelector::Ref(gitflare_core::provider::GitRef::parse("ref", "main").unwrap());
    let refused = place.provider.checks(&call, &repo, &at, page()).await;
    assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
}

#[tokio::test]
async fn what_says_whose_it_is_is_read_without_a_look_and_spares_others_theirs() {
    let place = Place::unset().await;
    let (call, repo, page) = (call(), repo(), PageRequest::default);
    let provider = &place.provider;
    provider.pull_request(&call, &repo, 4).await.unwrap();
    provider.pull_request_diff(&call, &repo, 4).await.unwrap();
    provider.releases(&call, &repo, page()).await.unwrap();
    provider.tags(&call, &repo, page()).await.unwrap();
    provider.branches(&call, &repo, page()).await.unwrap();
    assert_eq!(place.looks(), 0);

    // What is listed is seen as well, and so nothing is looked up after the first page of projects.
    let place = Place::unset().await;
    place.provider.repositories(&call, page()).await.unwrap();
    place.provider.tags(&call, &repo, page()).await.unwrap();
    assert_eq!(place.looks(), 0);

    // A merge request of a new project under the name is not read, nor what it changes.
    let place = Place::unset().await;
    place.is_another.store(true, Ordering::SeqCst);
    for refused in [
        place.provider.pull_request(&call, &repo, 4).await.map(drop),
        place
            .provider
            .pull_request_diff(&call, &repo, 4)
            .await
            .map(drop),
    ] {
        assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
    }
    assert_eq!((place.looks(), place.stand_in.asked().len()), (0, 2));
}

#[tokio::test]
async fn a_row_that_does_not_say_whose_it_is_proves_nothing() {
    let place = Place::new(Duration::ZERO).await;
    let (call, repo) = (call(), repo());
    let silent = Place::silent().await;
    silent.is_another.store(true, Ordering::SeqCst);
    let refused = silent
        .provider
        .releases(&call, &repo, PageRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
    assert_eq!(silent.looks(), 1);
    // Nor does another connection's look.
    let other = gitflare_core::provider::Call {
        connection_id: gitflare_core::ConnectionId::parse("conn_other").unwrap(),
        ..crate::gitflic::support::call()
    };
    let provider = place
        .provider
        .with_names_believed_for(Duration::from_secs(60));
    provider
        .tags(&call, &repo, PageRequest::default())
        .await
        .unwrap();
    provider
        .tags(&other, &repo, PageRequest::default())
        .await
        .unwrap();
    let own = "/rest-api/project/mill/loom-engine";
    let asked = place.stand_in.asked();
    assert_eq!(asked.iter().filter(|target| *target == own).count(), 2);
}

#[tokio::test]
async fn a_project_that_is_gone_is_looked_up_before_it_is_read_again() {
    let place = Place::new(Duration::from_secs(3600)).await;
    let (call, repo) = (call(), repo());
    place
        .provider
        .tags(&call, &repo, PageRequest::default())
        .await
        .unwrap();
    let missing = place.provider.pull_request_diff(&call, &repo, 999).await;
    assert_eq!(missing.unwrap_err().code(), Code::ResourceNotFound);
    place.is_another.store(true, Ordering::SeqCst);
    let refused = place
        .provider
        .tags(&call, &repo, PageRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
    // Project by project: another's name is another thing.
    let nobody = gitflare_core::provider::RepoRef {
        id: OTHER.to_owned(),
        full_name: Some("mill/loom-engine".to_owned()),
    };
    place
        .provider
        .tags(&call, &nobody, PageRequest::default())
        .await
        .unwrap();
    let refused = place
        .provider
        .tags(&call, &repo, PageRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
}
