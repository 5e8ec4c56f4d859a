//! What GitFlic's refusals become: dead tokens, missing rights, missing things, limits and the filter
//! in front of the service told apart, without asking again.

use gitflare_core::{
    Code, PageRequest, Result,
    model::{Commit, PullRequestFilter},
    provider::{
        CommitId, ContentQuery, FilePath, GitRef, Held, Provider, RefSelector, RepoRef, TreeQuery,
    },
};
use gitflare_providers::{
    conformance::{Reply, StandIn},
    gitflic::Gitflic,
};
use serde_json::json;

use crate::gitflic::{ID, SHA, believing, repo, support::call};

async fn upstream(reply: Reply) -> (StandIn, Gitflic) {
    let stand_in = StandIn::answering(move |_, _, _| reply.clone()).await;
    let url = format!("{}/rest-api", stand_in.url());
    let provider = believing(Gitflic::new(stand_in.http(), &url, None));
    (stand_in, provider)
}

fn words(status: u16, text: &str) -> Reply {
    Reply::new(
        status,
        json!({"status": status, "message": text}).to_string(),
    )
}

fn dead() -> Reply {
    words(
        403,
        "org.springframework.security.core.AuthenticationException: Full authentication is required",
    )
}

fn no_branch() -> Reply {
    words(
        404,
        "ru.gitflic.exception.BranchNotFoundException: Branch not found",
    )
}

#[tokio::test]
async fn each_refusal_has_its_code_and_costs_one_call() {
    for (reply, code) in [
        (dead(), Code::AuthExpired),
        (
            Reply::new(403, r#"{"title": "x.AuthenticationException"}"#),
            Code::AuthExpired,
        ),
        (words(401, "Unauthorized"), Code::AuthExpired),
        (words(403, "Access is denied"), Code::InsufficientScope),
        (words(404, "Project not found"), Code::RepositoryNotFound),
        (words(400, "error.field.empty"), Code::InvalidRequest),
        (words(415, "x"), Code::InvalidRequest),
        (words(422, "error.field.empty"), Code::InvalidRequest),
        (words(405, "Method not allowed"), Code::InternalError),
        (words(429, "Too many requests"), Code::RateLimited),
        // A wait that would fit is the client's too: the next call counts as any other.
        (words(429, "x").with("retry-after", "0"), Code::RateLimited),
        (words(429, "x").with("retry-after", "1"), Code::RateLimited),
        (
            words(503, "x").with("retry-after", "1"),
            Code::UpstreamUnavailable,
        ),
        (Reply::new(429, "<html>"), Code::RateLimited),
        // The filter's pages say nothing about the account, whatever their status.
        (
            Reply::new(403, "<html>ddos-guard</html>"),
            Code::UpstreamUnavailable,
        ),
        (
            Reply::new(400, "<html>AuthenticationException</html>"),
            Code::UpstreamUnavailable,
        ),
        // But for a legal block, whose status is the word (RFC 7725).
        (
            Reply::new(451, "<html>blocked</html>"),
            Code::AccessBlockedByPolicy,
        ),
        (words(451, "x"), Code::AccessBlockedByPolicy),
        (Reply::new(404, ""), Code::UpstreamUnavailable),
        (Reply::new(401, "Forbidden"), Code::UpstreamUnavailable),
        (Reply::ok("<html>sign in</html>"), Code::UpstreamUnavailable),
        (
            Reply::new(302, "").with("location", "https://elsewhere.example/login"),
            Code::UpstreamUnavailable,
        ),
        (Reply::new(503, "<html>"), Code::UpstreamUnavailable),
        (Reply::new(500, "{}"), Code::UpstreamUnavailable),
    ] {
        let shown = format!("{reply:?}");
        let (stand_in, provider) = upstream(reply).await;
        let refused = provider
            .tags(&call(), &repo(), PageRequest::default())
            .await;
        assert_eq!(refused.unwrap_err().code(), code, "{shown}");
        assert_eq!(stand_in.asked().len(), 1, "{shown}");
    }
}

#[tokio::test]
async fn a_limit_lasts_as_long_as_gitflic_says_and_else_nobody_knows() {
    for (reply, seconds) in [
        (words(429, "x"), None),
        (words(429, "x").with("retry-after", "879"), Some(879)),
        (words(429, "x").with("retry-after", "soon"), None),
    ] {
        let (_stand_in, provider) = upstream(reply).await;
        let refused = provider
            .tags(&call(), &repo(), PageRequest::default())
            .await;
        assert_eq!(refused.unwrap_err().retry_after_seconds(), seconds);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_no_missing_right() {
    for reply in [dead(), words(403, "Access is denied"), words(401, "x")] {
        let (_stand_in, provider) = upstream(reply).await;
        let refused = provider.viewer(&call()).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidCredentials);
    }
}

#[tokio::test]
async fn an_empty_project_has_empty_lists_and_an_unknown_branch_is_not_found() {
    let (_stand_in, provider) = upstream(no_branch()).await;
    let page = PageRequest::default;
    let (call, repo) = (call(), repo());
    let rows = |rows: usize| assert_eq!(rows, 0);
    rows(
        provider
            .branches(&call, &repo, page())
            .await
            .unwrap()
            .items
            .len(),
    );
    rows(
        provider
            .tags(&call, &repo, page())
            .await
            .unwrap()
            .items
            .len(),
    );
    rows(
        provider
            .commits(&call, &repo, None, page())
            .await
            .unwrap()
            .items
            .len(),
    );
    let tree = |at, recursive| TreeQuery {
        at,
        recursive,
        path: None,
    };
    for recursive in [false, true] {
        let query = tree(RefSelector::DefaultBranch, recursive);
        let found = provider.file_tree(&call, &repo, &query, page()).await;
        rows(found.unwrap().items.len());
    }
    let name = GitRef::parse("branch", "gone").unwrap();
    let code = |refused: Result<gitflare_core::Page<Commit>>| refused.unwrap_err().code();
    let commits = provider.commits(&call, &repo, Some(&name), page()).await;
    assert_eq!(code(commits), Code::ResourceNotFound);
    for (at, expected) in [
        (RefSelector::Branch(name.clone()), Code::ResourceNotFound),
        // It may be a tag, of which GitFlic lists no files.
        (RefSelector::Ref(name.clone()), Code::InvalidRequest),
    ] {
        for recursive in [false, true] {
            let query = tree(at.clone(), recursive);
            let refused = provider.file_tree(&call, &repo, &query, page()).await;
            assert_eq!(refused.unwrap_err().code(), expected, "{at:?}");
        }
    }
    let branch = RefSelector::Branch(name);
    let refused = provider.checks(&call, &repo, &branch, page()).await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceNotFound);
}

#[tokio::test]
async fn what_is_missing_inside_a_project_is_no_missing_project() {
    let (_stand_in, provider) = upstream(words(404, "Commit not found")).await;
    let commit = CommitId::parse(SHA).unwrap();
    let (call, repo) = (call(), repo());
    let refused = provider.commit_diff(&call, &repo, &commit).await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceNotFound);
    let refused = provider.pull_request_diff(&call, &repo, 9).await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceNotFound);
    let all = PullRequestFilter::All;
    let refused = provider.pull_requests(&call, &repo, all, PageRequest::default());
    assert_eq!(refused.await.unwrap_err().code(), Code::RepositoryNotFound);
}

#[tokio::test]
async fn two_lists_in_one_answer_are_no_list() {
    let page = json!({"size": 25, "totalElements": 2, "totalPages": 1, "number": 0});
    for (lists, is_list) in [
        (json!({"tagList": [{"name": "v1"}], "_links": {}}), true),
        (json!({"renamedList": [{"name": "v1"}]}), true),
        (json!({"oneList": [], "otherList": [{"name": "v1"}]}), false),
        // A known list is found wherever it stands.
        (json!({"tagList": [{"name": "v1"}], "zList": []}), true),
        (
            json!({"aList": [{"x": 1}], "tagList": [{"name": "v1"}]}),
            true,
        ),
        (
            json!({"tagList": [{"name": "v1"}], "userList": [{"name": "v1"}]}),
            false,
        ),
        (json!({}), false),
    ] {
        let body = json!({"_embedded": lists, "page": page});
        let (_stand_in, provider) = upstream(Reply::ok(body.to_string())).await;
        let found = provider
            .tags(&call(), &repo(), PageRequest::default())
            .await;
        let rows = found.map(|page| page.items.len());
        assert_eq!(rows.ok(), is_list.then_some(1), "{body}");
    }
    let nothing = r#"{"page": {"size": 25, "totalElements": 0, "totalPages": 0, "number": 0}}"#;
    let (_stand_in, provider) = upstream(Reply::ok(nothing)).await;
    let found = provider
        .tags(&call(), &repo(), PageRequest::default())
        .await;
    assert_eq!(found.unwrap().items.len(), 0);
}

#[tokio::test]
async fn a_branch_without_a_commit_costs_itself_alone_and_is_told() {
    let about = json!({"size": 25, "totalElements": 4, "totalPages": 1, "number": 0});
    let branch = |name: &str, last: serde_json::Value| json!({"name": name, "lastCommit": last});
    let rows = json!([
        branch("main", json!({"hash": SHA})),
        branch("new", json!(null)),
        branch("odd", json!({"hash": null})),
        {"name": "bare"},
    ]);
    let body = json!({"_embedded": {"branchList": rows}, "page": about});
    let (_stand_in, provider) = upstream(Reply::ok(body.to_string())).await;
    let page = provider
        .branches(&call(), &repo(), PageRequest::default())
        .await
        .unwrap();
    let names: Vec<_> = page.items.iter().map(|branch| &*branch.name).collect();
    assert_eq!(names, ["main"]);
    let [error] = &page.errors[..] else {
        panic!("{:?}", page.errors);
    };
    assert_eq!(error.code(), Code::ResourceNotFound);
    assert!(error.message().starts_with("3 branches"), "{error}");
}

#[tokio::test]
async fn a_missing_project_is_one_whatever_is_asked_of_it() {
    let stand_in = StandIn::answering(|_, _, _| words(404, "Project not found")).await;
    let url = format!("{}/rest-api", stand_in.url());
    let provider = Gitflic::new(stand_in.http(), &url, None).unwrap();
    let main = GitRef::parse("branch", "main").unwrap();
    let (call, repo, page) = (call(), repo(), PageRequest::default);
    let tree = TreeQuery {
        at: RefSelector::Branch(main.clone()),
        recursive: false,
        path: None,
    };
    let commit = CommitId::parse(SHA).unwrap();
    for refused in [
        provider
            .commits(&call, &repo, Some(&main), page())
            .await
            .map(drop),
        provider
            .file_tree(&call, &repo, &tree, page())
            .await
            .map(drop),
        provider.commit_diff(&call, &repo, &commit).await.map(drop),
        provider.tags(&call, &repo, page()).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
    }
}

#[tokio::test]
async fn a_name_that_is_not_plain_stands_in_no_path() {
    for (name, target) in [
        ("main", "commits/main?page"),
        ("weave/new", "commits?branch=weave%2Fnew&page"),
        ("100%", "commits?branch=100%25&page"),
        ("a;b", "commits?branch=a%3Bb&page"),
    ] {
        let (stand_in, provider) = upstream(words(404, "x")).await;
        let branch = GitRef::parse("branch", name).unwrap();
        let page = PageRequest::default();
        let _ = provider
            .commits(&call(), &repo(), Some(&branch), page)
            .await;
        let asked = stand_in.asked();
        assert!(asked[0].contains(target), "{asked:?}");
    }
}

#[tokio::test]
async fn both_sides_of_a_change_are_told_whatever_it_is_called() {
    let file = |word: &str| {
        json!([{
            "changeType": word, "oldPath": ".env", "newPath": "settings.txt", "filePath": "settings.txt",
            "addedLinesCount": 1, "removedLinesCount": 1,
            "lines": [
                {"body": null, "op": "none", "addLineNumber": 1, "removeLineNumber": 1},
                {"body": "A=1", "op": "remove", "removeLineNumber": 2},
                {"body": "A=2", "op": "add", "addLineNumber": 2},
            ],
        }])
    };
    for word in ["MODIFY", "RENAME", "ADD", "DELETE", "new"] {
        let (_stand_in, provider) = upstream(Reply::ok(file(word).to_string())).await;
        let commit = CommitId::parse(SHA).unwrap();
        let diff = provider.commit_diff(&call(), &repo(), &commit).await;
        let file = diff.unwrap().files.remove(0);
        assert_eq!(file.previous_path.as_deref(), Some(".env"), "{word}");
        // An empty line is one.
        let patch = "@@ -1,2 +1,2 @@\n \n-A=1\n+A=2\n";
        assert_eq!(file.patch.as_deref(), Some(patch), "{word}");
    }
}

#[tokio::test]
async fn replies_outlive_what_they_answer() {
    let thread = json!({"rootNote": null, "replies": [{"uuid": "r1", "rawMessage": "Yes"}]});
    let body = json!({
        "_embedded": {"restDiscussionModelList": [thread]},
        "page": {"size": 25, "totalElements": 1, "totalPages": 1, "number": 0},
    });
    let (_stand_in, provider) = upstream(Reply::ok(body.to_string())).await;
    let found = provider
        .comments(&call(), &repo(), 4, PageRequest::default())
        .await;
    let comments = found.unwrap().items;
    assert_eq!(
        (&*comments[0].id, &comments[0].in_reply_to_id),
        ("r1", &None)
    );
}

#[tokio::test]
async fn a_number_of_a_merge_request_may_be_a_text() {
    for (sent, number) in [
        (json!(4), Some(4)),
        (json!("4"), Some(4)),
        (json!("+4"), None),
        (json!("four"), None),
        (json!(-4), None),
    ] {
        let body = json!({"id": "m", "localId": sent, "status": {"id": "OPENED"}});
        let (_stand_in, provider) = upstream(Reply::ok(body.to_string())).await;
        let found = provider.pull_request(&call(), &repo(), 4).await;
        assert_eq!(found.ok().map(|it| it.number), number, "{sent}");
    }
}

#[tokio::test]
async fn a_name_that_went_to_another_project_is_not_followed() {
    let body = crate::gitflic::support::table::fixture("gitflic/repository.json");
    let (stand_in, provider) = upstream(Reply::ok(body)).await;
    let approved = RepoRef {
        id: ID.replace('7', "8"),
        ..repo()
    };
    let refused = provider.repository(&call(), &approved).await;
    assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
    // By its id alone GitFlic finds no project.
    let nameless = RepoRef {
        full_name: None,
        ..repo()
    };
    let asked = stand_in.asked().len();
    let refused = provider
        .branches(&call(), &nameless, PageRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::RepositoryNotFound);
    assert_eq!(stand_in.asked().len(), asked);
}

#[tokio::test]
async fn the_scheme_is_token() {
    let body = crate::gitflic::support::table::fixture("gitflic/profile.json");
    let (stand_in, provider) = upstream(Reply::ok(body)).await;
    provider.viewer(&call()).await.unwrap();
    let head = stand_in.heads().remove(0);
    assert!(
        head.contains("\r\nauthorization: token fixture-token\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn the_agent_is_the_operators_to_name() {
    let body = || {
        Reply::ok(crate::gitflic::support::table::fixture(
            "gitflic/profile.json",
        ))
    };
    let (stand_in, provider) = upstream(body()).await;
    provider.viewer(&call()).await.unwrap();
    let agent = "Mozilla/5.0 (compatible; mill/1)";
    let provider = provider.with_user_agent(agent).unwrap();
    provider.viewer(&call()).await.unwrap();
    let heads = stand_in.heads();
    assert!(heads[0].contains("\r\nuser-agent: gitflare/"), "{heads:?}");
    let named = format!("\r\nuser-agent: {}\r\n", agent.to_lowercase());
    assert!(heads[1].contains(&named), "{heads:?}");
    for refused in ["", "two\nlines", "\u{437}"] {
        let (_stand_in, provider) = upstream(body()).await;
        let refused = provider.with_user_agent(refused).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest);
    }
}

#[tokio::test]
async fn a_parent_that_is_not_told_costs_the_parents_alone() {
    let commit = json!({"hash": SHA, "message": "one\n", "parentCommitIds": [null]});
    let about = json!({"size": 25, "totalElements": 1, "totalPages": 1, "number": 0});
    let list = json!({"_embedded": {"commitList": [commit]}, "page": about});
    let (_stand_in, provider) = upstream(Reply::ok(list.to_string())).await;
    let page = PageRequest::default();
    let found = provider
        .commits(&call(), &repo(), None, page)
        .await
        .unwrap();
    assert_eq!(
        (&*found.items[0].sha, &found.items[0].parents),
        (SHA, &None)
    );
}

#[tokio::test]
async fn a_page_in_the_place_of_a_file_is_none() {
    let page = "<!DOCTYPE html><title>Checking your browser</title>";
    let query = |path: &str| ContentQuery {
        at: RefSelector::Ref(GitRef::parse("ref", SHA).unwrap()),
        path: FilePath::parse("path", path).unwrap(),
    };
    for (path, is_file) in [
        ("src/weave.rs", false),
        ("README", false),
        ("docs/index.html", true),
    ] {
        let reply = Reply::ok(page).with("content-type", "text/html; charset=utf-8");
        let (_stand_in, provider) = upstream(reply).await;
        let (call, repo, query) = (call(), repo(), query(path));
        let read = provider.contents(&call, &repo, &query, Held::default());
        match read.await {
            Ok(content) => assert!(is_file, "{path}: {content:?}"),
            Err(error) => {
                assert_eq!(
                    (error.code(), is_file),
                    (Code::UpstreamUnavailable, false),
                    "{path}"
                );
            }
        }
    }
}
