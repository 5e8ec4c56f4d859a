//! What the table of reads does not show: headers, a GitHub App's repositories, and what is refused
//! before anything is asked.

use gitflare_core::{
    Code, PageRequest,
    provider::{Provider, RefSelector, TreePath, TreeQuery},
};
use gitflare_providers::conformance::Reply;

use crate::github::{
    SHA, TREE, Upstream, git_ref, repo,
    support::{call, call_with},
};

#[tokio::test]
async fn every_request_is_pinned_to_a_version_and_names_its_client() {
    let up = Upstream::of("user", "profile").await;
    up.provider.viewer(&call()).await.unwrap();
    let head = up.replay.heads().remove(0);
    for line in [
        "authorization: bearer fixture-token",
        "accept: application/vnd.github+json",
        "x-github-api-version: 2022-11-28",
        "user-agent: gitflare/",
        "accept-encoding: gzip",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
}

#[tokio::test]
async fn an_apps_repositories_come_installation_by_installation() {
    let row = |id: u64| format!(r#"{{"id": {id}, "name": "r{id}", "full_name": "mill/r{id}"}}"#);
    let listed = |rows: &[u64]| {
        let rows: Vec<_> = rows.iter().map(|id| row(*id)).collect();
        Reply::ok(format!(
            r#"{{"total_count": 9, "repositories": [{}]}}"#,
            rows.join(",")
        ))
    };
    let up = Upstream::start(&[
        ("user/installations?per_page=100", Upstream::reply("installations")),
        ("user/installations/20/repositories?per_page=25", listed(&[1, 2]).with(
            "link",
            "<https://elsewhere.example/user/installations/20/repositories?per_page=25&page=2>; rel=\"next\"",
        )),
        ("user/installations/20/repositories?per_page=25&page=2", listed(&[3])),
        ("user/installations/31/repositories?per_page=25", listed(&[])),
    ])
    .await;
    let call = call_with("ghu_fixture");
    let (mut ids, mut request) = (Vec::new(), PageRequest::default());
    loop {
        let page = up
            .provider
            .repositories(&call, request.clone())
            .await
            .unwrap();
        ids.push(
            page.items
                .iter()
                .map(|row| row.id.clone())
                .collect::<Vec<_>>(),
        );
        match page.next {
            Some(next) => request.position = Some(next),
            None => break,
        }
    }
    // The suspended one in between is left out.
    assert_eq!(ids, [vec!["1", "2"], vec!["3"], vec![]]);
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_refused_before_anything_is_asked() {
    // sec: SR-7
    let up = Upstream::start(&[]).await;
    for name in [
        "mill",
        "mill/",
        "/loom",
        "mill/../x",
        "mill/a/b",
        "mi%2Fll/x",
        "a b/c",
        "mill/..",
    ] {
        let refused = up.provider.find_repository(&call(), name).await;
        assert_eq!(refused.unwrap_err().code(), Code::InvalidRequest, "{name}");
    }
    assert!(up.asked().is_empty());
}

#[tokio::test]
async fn a_path_that_is_not_there_is_not_found() {
    let tip = Reply::ok(format!(r#"{{"sha": "{SHA}"}}"#));
    let up = Upstream::start(&[
        ("repositories/7/commits/heads%2Fmain?per_page=1", tip),
        (
            &format!("repositories/7/git/trees/{SHA}"),
            Upstream::reply("root_tree"),
        ),
        (
            &format!("repositories/7/git/trees/{TREE}"),
            Reply::ok(r#"{"tree": []}"#),
        ),
    ])
    .await;
    for path in ["absent", "README.md/below", "files/absent"] {
        let query = TreeQuery {
            at: RefSelector::Branch(git_ref("main")),
            path: Some(TreePath::parse("path", path).unwrap()),
            recursive: false,
        };
        let page = up
            .provider
            .file_tree(&call(), &repo(), &query, PageRequest::default())
            .await;
        assert_eq!(page.unwrap_err().code(), Code::ResourceNotFound, "{path}");
    }
}

#[tokio::test]
async fn branches_tell_the_default_one_where_their_connection_has_seen_it() {
    let repository =
        r#"{"id": 1296269, "name": "n", "full_name": "o/n", "default_branch": "trunk"}"#;
    let branches = format!(
        r#"[{{"name": "main", "commit": {{"sha": "{SHA}"}}}}, {{"name": "trunk", "commit": {{"sha": "{SHA}"}}}}]"#
    );
    let id = repo().id;
    let up = Upstream::start(&[
        (
            &format!("repositories/{id}"),
            Reply::ok(repository.replace("1296269", &id)),
        ),
        (
            &format!("repositories/{id}/branches?per_page=25"),
            Reply::ok(branches),
        ),
    ])
    .await;
    let (mine, mut other) = (call(), call());
    other.connection_id = gitflare_core::ConnectionId::parse("conn_other").unwrap();
    let told = async |call| {
        let repo = repo();
        let page = up.provider.branches(call, &repo, PageRequest::default());
        let rows = page.await.unwrap().items.into_iter();
        rows.map(|branch| branch.default).collect::<Vec<_>>()
    };
    assert_eq!(told(&mine).await, [None, None], "not seen yet");
    up.provider.repository(&mine, &repo()).await.unwrap();
    assert_eq!(told(&mine).await, [Some(false), Some(true)]);
    assert_eq!(told(&other).await, [None, None], "seen by another");
}
