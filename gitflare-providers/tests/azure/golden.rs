//! What the table of reads does not show: credentials, the commit that a history is pinned to, empty
//! repositories, and the walk through organizations.

use gitflare_core::{
    Code, ConnectionId, Limit, PageRequest,
    model::{CommentKind, ContentType, ReviewState, TreeEntryType},
    provider::{
        Call, CommitPrefix, ContentQuery, FilePath, GitRef, Held, Provider, RefSelector, TreeQuery,
    },
};
use gitflare_providers::{
    Http, HttpConfig,
    azure::Azure,
    conformance::{Reply, StandIn},
};

use serde_json::{Value, json};

use crate::azure::{
    PARENT, REPOSITORY, SHA, below, repo,
    support::{call, call_with, table::fixture},
};

/// An upstream that answers these targets, and nothing else.
pub(crate) async fn upstream(answers: Vec<(String, Reply)>) -> (StandIn, Azure) {
    let stand_in = StandIn::answering(move |_, target, _| {
        let below = target.strip_prefix('/').unwrap_or(target);
        let known = answers.iter().find(|(known, _)| known == below);
        known.map_or_else(|| Reply::new(404, "{}"), |(_, reply)| reply.clone())
    })
    .await;
    let provider = Azure::new(stand_in.http(), &stand_in.url()).unwrap();
    (stand_in, provider)
}

fn of(name: &str) -> Reply {
    Reply::ok(fixture(&format!("azure/{name}.json")))
}

#[tokio::test]
async fn a_pasted_token_is_a_password_unless_it_is_a_web_token_or_issued_by_oauth() {
    let basic = "authorization: basic OnBhdC0x";
    for (token, is_oauth, credential) in [
        ("pat-1", false, basic),
        (
            "eyJh.eyJi.c2ln",
            false,
            "authorization: bearer eyJh.eyJi.c2ln",
        ),
        ("pat-1", true, "authorization: bearer pat-1"),
    ] {
        let profile = (
            "_apis/profile/profiles/me?api-version=7.1".to_owned(),
            of("profile"),
        );
        let (stand_in, provider) = upstream(vec![profile]).await;
        let call = Call {
            is_oauth,
            ..call_with(token)
        };
        provider.viewer(&call).await.unwrap();
        let head = stand_in.heads().remove(0).to_ascii_lowercase();
        assert!(head.contains(&credential.to_ascii_lowercase()), "{head}");
        assert!(head.contains("x-tfs-fedauthredirect: suppress"), "{head}");
    }
}

#[tokio::test]
async fn redirects_to_sign_in_need_not_be_suppressed() {
    let profile = (
        "_apis/profile/profiles/me?api-version=7.1".to_owned(),
        of("profile"),
    );
    let (stand_in, provider) = upstream(vec![profile, (below(""), of("repository"))]).await;
    let provider = provider.with_sign_in_redirects();
    provider.viewer(&call()).await.unwrap();
    provider.repository(&call(), &repo()).await.unwrap();
    for head in stand_in.heads() {
        assert!(!head.contains("x-tfs-fedauthredirect"), "{head}");
        assert!(head.contains("\r\nuser-agent: gitflare/"), "{head}");
    }
}

#[test]
fn a_guid_has_one_spelling_and_an_organization_its_own() {
    let provider = Azure::new(
        Http::new(&HttpConfig::default()).unwrap(),
        "https://dev.azure.com",
    )
    .unwrap();
    let spelt = repo().id.to_ascii_uppercase();
    let own = repo().id.replace("mill~", "MILL~");
    assert_eq!(provider.respelt(&spelt), Some(own.clone()));
    for other in [&*own, "mill/loom/engine", "mill~x~y"] {
        assert_eq!(provider.respelt(other), None, "{other}");
    }
}

#[tokio::test]
async fn a_vote_counts_whoever_gave_it() {
    let body = r#"{"value": [{"id": "", "vote": 10}, {"vote": -5}, {"id": null, "vote": 0},
        {"id": "b", "displayName": "Ben", "vote": 5}]}"#;
    let target = below("/pullRequests/4/reviewers");
    let (_stand_in, provider) = upstream(vec![(target, Reply::ok(body))]).await;
    let page = PageRequest::default();
    let reviews = provider.reviews(&call(), &repo(), 4, page).await.unwrap();
    let seen = reviews.items.iter();
    let seen: Vec<_> = seen.map(|row| (row.id.as_deref(), row.state)).collect();
    let expected = [
        (None, ReviewState::Approved),
        (None, ReviewState::ChangesRequested),
        (Some("b"), ReviewState::Approved),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn what_is_counted_as_changes_is_no_count_of_files() {
    let body = format!(r#"{{"commitId": "{SHA}", "changeCounts": {{"Edit": 15, "Add": 1}}}}"#);
    let target = below(&format!("/commits/{SHA}?changeCount=0"));
    let (_stand_in, provider) = upstream(vec![(target, Reply::ok(body))]).await;
    let prefix = CommitPrefix::parse(SHA).unwrap();
    let commit = provider.commit(&call(), &repo(), &prefix).await.unwrap();
    assert_eq!(commit.stats, None);
}

#[tokio::test]
async fn a_token_of_one_organization_is_known_by_that_organization() {
    let connection = |user: &str| {
        let body = format!(r#"{{"authenticatedUser": {user}, "deploymentType": "hosted"}}"#);
        let target = "mill/_apis/connectionData?api-version=7.1-preview.1";
        vec![(target.to_owned(), Reply::ok(body))]
    };
    let call = || Call {
        organization: Some("mill".to_owned()),
        ..call()
    };
    let user = r#"{"id": "u1", "providerDisplayName": "Ada", "customDisplayName": "Ada W",
        "properties": {"Account": {"$type": "System.String", "$value": "ada@mill.example"}}}"#;
    let (_stand_in, provider) = upstream(connection(user)).await;
    let viewer = provider.viewer(&call()).await.unwrap();
    assert_eq!((&*viewer.id, viewer.name.as_deref()), ("u1", Some("Ada W")));
    assert_eq!(
        (viewer.login, viewer.email.as_deref()),
        (None, Some("ada@mill.example"))
    );

    // Nobody has signed in.
    let nobody =
        r#"{"id": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", "providerDisplayName": "Anonymous"}"#;
    let (_stand_in, provider) = upstream(connection(nobody)).await;
    let refused = provider.viewer(&call()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidCredentials);
}

#[tokio::test]
async fn every_page_of_a_history_starts_from_the_commit_that_the_first_page_named() {
    let first = below("/commits?searchCriteria.%24top=2");
    let pinned = format!(
        "/commits?searchCriteria.itemVersion.version={PARENT}&searchCriteria.itemVersion.versionType=commit&searchCriteria.%24top=2&searchCriteria.%24skip=2"
    );
    let link = format!("<{PARENT}>;rel=\"startingCommitId\"");
    let answers = vec![
        (first, of("commits").with("link", link)),
        (below(&pinned), Reply::ok(r#"{"count": 0, "value": []}"#)),
    ];
    let (stand_in, provider) = upstream(answers).await;
    let mut page = PageRequest::first(Limit::new(2).unwrap());
    let found = provider
        .commits(&call(), &repo(), None, page.clone())
        .await
        .unwrap();
    page.position = found.next;
    assert!(page.position.is_some(), "a full page may have one after it");
    let last = provider
        .commits(&call(), &repo(), None, page)
        .await
        .unwrap();
    assert!(last.items.is_empty() && last.next.is_none());
    assert_eq!(stand_in.asked().len(), 2);
}

#[tokio::test]
async fn a_repository_without_commits_has_empty_lists() {
    let mut repository: serde_json::Value =
        serde_json::from_str(&fixture("azure/repository.json")).unwrap();
    repository.as_object_mut().unwrap().remove("defaultBranch");
    let answers = vec![(below(""), Reply::ok(repository.to_string()))];
    let (_stand_in, provider) = upstream(answers).await;
    let (call, repo, page) = (call(), repo(), PageRequest::default());
    let commits = provider.commits(&call, &repo, None, page.clone()).await;
    assert!(commits.unwrap().items.is_empty());
    let tree = provider
        .file_tree(&call, &repo, &TreeQuery::default(), page.clone())
        .await;
    assert!(tree.unwrap().items.is_empty());
    let checks = provider
        .checks(&call, &repo, &RefSelector::DefaultBranch, page)
        .await;
    assert!(checks.unwrap().items.is_empty());
}

#[tokio::test]
async fn pipelines_that_are_switched_off_leave_no_checks() {
    let answers = vec![
        (below(""), of("repository")),
        (
            below("/refs?filter=heads%2Fmain&peelTags=true&%24top=100"),
            of("main"),
        ),
    ];
    let (stand_in, provider) = upstream(answers).await;
    let found = provider
        .checks(
            &call(),
            &repo(),
            &RefSelector::DefaultBranch,
            PageRequest::default(),
        )
        .await;
    assert!(found.unwrap().items.is_empty());
    let asked = below(&format!("/commits/{SHA}/statuses?latestOnly=true&top=25"));
    assert!(stand_in.asked().contains(&format!("/{asked}")));
}

fn accounts(names: &[&str]) -> Reply {
    let rows: Vec<_> = names
        .iter()
        .map(|name| format!(r#"{{"accountName": "{name}"}}"#))
        .collect();
    Reply::ok(format!(r#"{{"count": 9, "value": [{}]}}"#, rows.join(",")))
}

fn with_organizations(names: &[&str]) -> Vec<(String, Reply)> {
    let member = "_apis/accounts?memberId=11111111-2222-4333-8444-555555555555&api-version=7.1";
    vec![
        (
            "_apis/profile/profiles/me?api-version=7.1".to_owned(),
            of("profile"),
        ),
        (member.to_owned(), accounts(names)),
    ]
}

fn list_of(organization: &str) -> String {
    format!(
        "{organization}/_apis/git/repositories?includeLinks=false&includeHidden=false&api-version=7.1"
    )
}

#[tokio::test]
async fn a_walk_goes_through_the_organizations_and_slices_each() {
    let mut answers = with_organizations(&["mill", "closed", "attic"]);
    let blocked = r#"{"message": "TF400813: The user 'ada@mill.example' is not authorized", "typeKey": "UnauthorizedRequestException"}"#;
    answers.extend([
        (list_of("mill"), of("repositories")),
        (list_of("attic"), Reply::ok(r#"{"count": 0, "value": []}"#)),
        (list_of("closed"), Reply::new(401, blocked)),
    ]);
    let (_stand_in, provider) = upstream(answers).await;
    let mut page = PageRequest::first(Limit::new(2).unwrap());
    let mut pages = Vec::new();
    let mut errors = Vec::new();
    loop {
        let found = provider.repositories(&call(), page.clone()).await.unwrap();
        let names: Vec<_> = found.items.into_iter().map(|row| row.full_name).collect();
        pages.push(names.join(", "));
        errors.extend(found.errors.iter().map(gitflare_core::Error::code));
        match found.next {
            Some(next) => page.position = Some(next),
            None => break,
        }
    }
    assert_eq!(
        pages,
        [
            "mill/Attic/archive, mill/Loom Works/loom-engine",
            "mill/Loom Works/spindle"
        ]
    );
    assert_eq!(
        errors,
        [Code::AccessBlockedByPolicy],
        "what is missing is told"
    );
}

#[tokio::test]
async fn an_organization_that_sleeps_or_is_of_another_tenant_costs_its_own_rows() {
    let asleep = r#"{"message": "TF24668: deactivated due to inactivity"}"#;
    for refusal in [
        Reply::new(503, asleep),
        Reply::new(401, r#"{"count":0,"value":[]}"#),
    ] {
        let mut answers = with_organizations(&["attic", "mill"]);
        answers.extend([
            (list_of("attic"), refusal.clone()),
            (list_of("mill"), of("repositories")),
        ]);
        let (_stand_in, provider) = upstream(answers).await;
        let page = provider.repositories(&call(), PageRequest::default()).await;
        let page = page.unwrap();
        assert_eq!((page.items.len(), page.errors.len()), (3, 1));

        // Where every one refuses there is no answer.
        let mut answers = with_organizations(&["attic", "mill"]);
        answers.extend(["attic", "mill"].map(|name| (list_of(name), refusal.clone())));
        let (_stand_in, provider) = upstream(answers).await;
        let page = provider.repositories(&call(), PageRequest::default()).await;
        assert!(page.is_err());
    }
}

#[tokio::test]
async fn the_alias_of_an_account_stands_in_either_form() {
    let profile = r#"{"id": "u1", "coreAttributes": {
        "DisplayName": {"value": "Ada"}, "PublicAlias": {"value": "ada-w"}, "EmailAddress": {"value": "ada@mill.example"}}}"#;
    let answers = vec![
        (
            "_apis/profile/profiles/me?api-version=7.1".to_owned(),
            Reply::ok(profile),
        ),
        (
            "_apis/accounts?memberId=ada-w&api-version=7.1".to_owned(),
            accounts(&["mill"]),
        ),
        (list_of("mill"), of("repositories")),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let viewer = provider.viewer(&call()).await.unwrap();
    assert_eq!(viewer.login.as_deref(), Some("ada-w"));
    assert_eq!(viewer.name.as_deref(), Some("Ada"));
    let page = provider.repositories(&call(), PageRequest::default()).await;
    assert_eq!(page.unwrap().items.len(), 3);
}

#[tokio::test]
async fn a_repository_is_followed_into_the_new_name_of_its_organization() {
    let gone = Reply::new(404, "\u{feff}<html>404</html>").with("content-type", "text/html");
    let there = |name: &str| below("").replace("mill/", &format!("{name}/"));
    let other = fixture("azure/repository.json").replace(&REPOSITORY[..8], "00000000");
    let answers = |with: &str| {
        let mut answers = with_organizations(&["attic", "mill-works"]);
        answers.extend([
            (below(""), gone.clone()),
            (below("/refs?filter=heads%2F&%24top=25"), gone.clone()),
            // Of the same name, and another one.
            (there("attic"), Reply::ok(&*other)),
            (there("mill-works"), of(with)),
            (
                below("/refs?filter=heads%2F&%24top=25").replace("mill/", "mill-works/"),
                of("branches"),
            ),
        ]);
        answers
    };
    let (stand_in, provider) = upstream(answers("repository")).await;
    let page = PageRequest::default;
    let branches = provider.branches(&call(), &repo(), page()).await.unwrap();
    assert!(!branches.items.is_empty());
    let asked = stand_in.asked().len();
    provider.branches(&call(), &repo(), page()).await.unwrap();
    assert_eq!(stand_in.asked().len(), asked + 1, "it is looked for once");
    let found = provider.repository(&call(), &repo()).await.unwrap();
    assert_eq!(
        (&found.id, &*found.full_name),
        (&repo().id, "mill-works/Loom Works/loom-engine")
    );
    // Another connection has not seen it.
    let elsewhere = Call {
        connection_id: ConnectionId::parse("conn_another").unwrap(),
        ..call()
    };
    let found = provider.repository(&elsewhere, &repo()).await.unwrap();
    assert_eq!(found.id, repo().id);

    // One that is nowhere is looked for once in a while.
    let (stand_in, provider) = upstream(answers("repositories")).await;
    for more in [5, 1] {
        let before = stand_in.asked().len();
        let refused = provider.branches(&call(), &repo(), page()).await;
        assert_eq!(refused.unwrap_err().code(), Code::InstallationNotFound);
        assert_eq!(stand_in.asked().len() - before, more);
    }
    // A token of one organization knows no other.
    let (stand_in, provider) = upstream(answers("repository")).await;
    let call = Call {
        organization: Some("mill".to_owned()),
        ..call()
    };
    let refused = provider.branches(&call, &repo(), page()).await;
    assert_eq!(refused.unwrap_err().code(), Code::InstallationNotFound);
    assert_eq!(stand_in.asked().len(), 1);
}

#[tokio::test]
async fn what_has_a_parent_is_a_fork() {
    for (members, fork) in [
        ("", None),
        (r#""parentRepository": {"id": "x"},"#, Some(true)),
        (r#""parentRepository": null,"#, None),
        (r#""isFork": false,"#, Some(false)),
    ] {
        let body = format!(
            r#"{{{members} "id": "a", "name": "b", "project": {{"id": "c", "name": "d"}}}}"#
        );
        let (_stand_in, provider) = upstream(vec![(below(""), Reply::ok(body))]).await;
        let found = provider.repository(&call(), &repo()).await.unwrap();
        assert_eq!(found.fork, fork, "{members}");
    }
}

#[tokio::test]
async fn the_page_of_a_pull_request_names_its_project_once() {
    for (before, page) in [
        ("https://dev.azure.com/mill", "https://dev.azure.com/mill"),
        (
            "https://dev.azure.com/mill/5f0d2c1e-7a31-4c9e-8b55-2f6a1d3e9c01",
            "https://dev.azure.com/mill",
        ),
        (
            "https://dev.azure.com/mill/Loom%20Works",
            "https://dev.azure.com/mill",
        ),
        (
            "https://dev.azure.com/loom works",
            "https://dev.azure.com/loom works",
        ),
        (
            "https://mill.visualstudio.com/Loom%20Works",
            "https://mill.visualstudio.com",
        ),
        (
            "https://mill.visualstudio.com",
            "https://mill.visualstudio.com",
        ),
    ] {
        let body = format!(
            r#"{{"pullRequestId": 4, "url": "{before}/_apis/git/repositories/x/pullRequests/4",
                "repository": {{"name": "loom-engine", "project": {{"name": "Loom Works"}}}}}}"#
        );
        let target = below("/pullrequests/4");
        let (_stand_in, provider) = upstream(vec![(target, Reply::ok(body))]).await;
        let found = provider.pull_request(&call(), &repo(), 4).await.unwrap();
        let expected = format!("{page}/Loom%20Works/_git/loom-engine/pullrequest/4");
        assert_eq!(found.web_url, Some(expected), "{before}");
    }
}

#[tokio::test]
async fn kinds_of_objects_are_known_in_any_letter_case() {
    let tree = "b".repeat(40);
    let answers = vec![
        (
            below("/items?scopePath=%2F&recursionLevel=none&%24format=json"),
            Reply::ok(format!(
                r#"{{"value": [{{"objectId": "{tree}", "gitObjectType": "Tree"}}]}}"#
            )),
        ),
        (
            below(&format!("/trees/{tree}?recursive=false")),
            Reply::ok(
                r#"{"treeEntries": [
                    {"relativePath": "a", "gitObjectType": "TREE", "mode": "40000"},
                    {"relativePath": "b", "gitObjectType": "Commit", "mode": "160000"},
                    {"relativePath": "c", "gitObjectType": "Blob", "mode": "100644"}]}"#,
            ),
        ),
        (
            below("/items?path=%2Fa&includeContentMetadata=true&%24format=json"),
            Reply::ok(r#"{"objectId": "1", "gitObjectType": "Tree"}"#),
        ),
        (
            below("/items?path=%2Fb&includeContentMetadata=true&%24format=json"),
            Reply::ok(r#"{"objectId": "2", "gitObjectType": "COMMIT"}"#),
        ),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let (call, repo, page) = (call(), repo(), PageRequest::default());
    let whole = TreeQuery::default();
    let found = provider.file_tree(&call, &repo, &whole, page).await;
    let kinds: Vec<_> = found.unwrap().items.iter().map(|it| it.kind).collect();
    let expected = [
        TreeEntryType::Directory,
        TreeEntryType::Submodule,
        TreeEntryType::File,
    ];
    assert_eq!(kinds, expected);
    let at = |path| ContentQuery {
        at: RefSelector::DefaultBranch,
        path: FilePath::parse("path", path).unwrap(),
    };
    let read = async |path| {
        let query = at(path);
        provider
            .contents(&call, &repo, &query, Held::default())
            .await
    };
    assert_eq!(read("a").await.unwrap_err().code(), Code::InvalidRequest);
    assert_eq!(read("b").await.unwrap().kind, ContentType::Submodule);
}

#[tokio::test]
async fn a_comment_that_says_no_type_is_somebodys() {
    let thread = r#"{"value": [{"id": 7, "threadContext": {}, "comments": [
        {"id": 1, "content": "a", "commentType": "Text"}, {"id": 2, "content": "b"}, {"id": 3, "content": "c", "commentType": "codeChange"}]}]}"#;
    let target = below("/pullRequests/4/threads");
    let (_stand_in, provider) = upstream(vec![(target, Reply::ok(thread))]).await;
    let page = PageRequest::default();
    let found = provider.comments(&call(), &repo(), 4, page).await.unwrap();
    let seen: Vec<_> = found.items.iter().map(|it| (&*it.id, it.kind)).collect();
    // What is about no file is about the whole.
    let general = CommentKind::General;
    assert_eq!(seen, [("7.1", general), ("7.2", general)]);
}

#[tokio::test]
async fn an_account_without_organizations_can_name_one() {
    let mut answers = with_organizations(&[]);
    answers.push((list_of("mill"), of("repositories")));
    let (stand_in, provider) = upstream(answers).await;
    let refused = provider.repositories(&call(), PageRequest::default()).await;
    assert_eq!(refused.unwrap_err().code(), Code::InstallationNotFound);
    let asked = stand_in.asked().len();
    let call = Call {
        organization: Some("mill".to_owned()),
        ..call()
    };
    let found = provider
        .repositories(&call, PageRequest::default())
        .await
        .unwrap();
    assert_eq!((found.items.len(), found.next), (3, None));
    assert_eq!(stand_in.asked().len(), asked + 1);
}

#[tokio::test]
async fn a_branch_is_found_behind_many_that_begin_like_it() {
    let page = |rows: Value| Reply::ok(json!({ "value": rows }).to_string());
    let like = json!([{"name": "refs/heads/MAIN-1", "objectId": PARENT}]);
    let list = "/refs?filter=heads%2Fmain&peelTags=true&%24top=100";
    let main = json!([{"name": "refs/heads/main", "objectId": SHA}]);
    let answers = vec![
        (
            below(list),
            page(like).with("x-ms-continuationtoken", "after:1"),
        ),
        (
            below(&format!("{list}&continuationToken=after%3A1")),
            page(main),
        ),
        (
            below(&format!("/commits/{SHA}/statuses?latestOnly=true&top=25")),
            page(json!([])),
        ),
    ];
    let (stand_in, provider) = upstream(answers).await;
    let main = RefSelector::Branch(GitRef::parse("branch", "main").unwrap());
    let (call, repo) = (call(), repo());
    let found = provider.checks(&call, &repo, &main, PageRequest::default());
    assert!(found.await.unwrap().items.is_empty());
    assert_eq!(stand_in.asked().len(), 3);
}

#[tokio::test]
async fn a_tree_that_comes_whole_and_is_too_large_says_what_to_read() {
    let tree = "b".repeat(40);
    let item = format!(r#"{{"value": [{{"objectId": "{tree}", "gitObjectType": "tree"}}]}}"#);
    // A row that is no row of a tree: one is enough.
    let rows = format!(
        r#"{{"treeEntries": [{{"relativePath": "{}"}}]}}"#,
        "x".repeat(17 * 1024 * 1024)
    );
    let answers = vec![
        (
            below("/items?scopePath=%2F&recursionLevel=none&%24format=json"),
            Reply::ok(item),
        ),
        (
            below(&format!("/trees/{tree}?recursive=true")),
            Reply::ok(rows),
        ),
    ];
    let (_stand_in, provider) = upstream(answers).await;
    let query = TreeQuery {
        recursive: true,
        ..TreeQuery::default()
    };
    let (call, repo) = (call(), repo());
    let refused = provider.file_tree(&call, &repo, &query, PageRequest::default());
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), Code::UnsupportedEndpoint);
    assert!(refused.message().contains("`path`"), "{refused}");
}

#[tokio::test]
async fn the_page_of_a_pull_request_is_the_same_wherever_it_is_read() {
    let page = "https://dev.azure.com/mill/2016_10_31/_git/2016_10_31/pullrequest/22";
    let api = "https://dev.azure.com/mill/_apis/git/repositories/x/pullRequests/22";
    let repository = |more: &str| {
        format!(r#"{{"name": "2016_10_31", "project": {{"name": "2016_10_31"}}{more}}}"#)
    };
    let remote = r#", "remoteUrl": "https://mill@dev.azure.com/mill/_git/2016_10_31""#;
    let unnamed = r#"{"webUrl": "https://dev.azure.com/mill/x/_git/y"}"#.to_owned();
    for (url, repository, expected) in [
        (Some(api), repository(""), page),
        (Some(api), repository(remote), page),
        (None, repository(remote), page),
        (
            None,
            unnamed,
            "https://dev.azure.com/mill/x/_git/y/pullrequest/22",
        ),
    ] {
        let url = serde_json::to_string(&url).unwrap();
        let body = format!(r#"{{"pullRequestId": 22, "url": {url}, "repository": {repository}}}"#);
        let (_stand_in, provider) =
            upstream(vec![(below("/pullrequests/22"), Reply::ok(&*body))]).await;
        let found = provider.pull_request(&call(), &repo(), 22).await.unwrap();
        assert_eq!(found.web_url.as_deref(), Some(expected), "{body}");
    }
}
