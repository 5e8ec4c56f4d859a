//! What refusals of Azure DevOps become: dead tokens in all their forms, policies, missing rights and
//! missing things told apart.

use gitflare_core::{
    Code, PageRequest,
    model::PullRequestState,
    provider::{Call, CompareQuery, ContentQuery, FilePath, GitRef, Held, Provider, RefSelector},
};
use gitflare_providers::conformance::Reply;

use crate::azure::{
    PARENT, SHA, below,
    golden::upstream,
    repo,
    support::{call, call_with, table::fixture},
};

/// What becomes of this answer to a list of branches, whose repository exists.
async fn refused(reply: Reply) -> gitflare_core::Error {
    let repository = Reply::ok(fixture("azure/repository.json"));
    let list = below("/refs?filter=heads%2F&%24top=25");
    let (_stand_in, provider) = upstream(vec![(list, reply), (below(""), repository)]).await;
    let page = PageRequest::default();
    provider.branches(&call(), &repo(), page).await.unwrap_err()
}

fn words(status: u16, key: &str, message: &str) -> Reply {
    let body = serde_json::json!({"$id": "1", "innerException": null, "message": message, "typeKey": key, "errorCode": 0});
    Reply::new(status, body.to_string()).with("x-vss-e2eid", "e2e-1")
}

#[tokio::test]
async fn a_dead_token_is_known_in_every_form() {
    let page = "\u{feff}<html><script>{{{{\"</script>Azure DevOps Services | Sign In</html>";
    let sign_in = "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=dev.azure.com";
    for reply in [
        Reply::new(203, page).with("content-type", "text/html; charset=utf-8"),
        Reply::ok(page).with("content-type", "text/html; charset=utf-8"),
        Reply::new(203, r#"{"count": 0, "value": []}"#),
        Reply::new(302, "").with("location", sign_in),
        Reply::new(302, "").with("location", "/_signin"),
        Reply::new(307, "").with("location", "https://login.microsoftonline.com/x"),
        Reply::new(401, r#"{"count":0,"value":[]}"#).with("www-authenticate", "Basic realm=\"x\""),
        Reply::new(401, ""),
        words(
            401,
            "UnauthorizedRequestException",
            "TF400813: The user '' is not authorized to access this resource.",
        ),
        words(
            401,
            "UnauthorizedRequestException",
            "TF400813: Resource not available for anonymous access. Client authentication required.",
        ),
        words(
            401,
            "UnauthorizedRequestException",
            "TF400813: The user 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa' is not authorized to access this resource.",
        ),
    ] {
        let shown = format!("{reply:?}");
        assert_eq!(
            refused(reply.clone()).await.code(),
            Code::AuthExpired,
            "{shown}"
        );
        // The account itself is asked for when a credential is checked.
        let profile = "_apis/profile/profiles/me?api-version=7.1".to_owned();
        let (_stand_in, provider) = upstream(vec![(profile, reply)]).await;
        let viewer = provider.viewer(&call()).await.unwrap_err();
        assert_eq!(viewer.code(), Code::InvalidCredentials, "{shown}");
    }
}

#[tokio::test]
async fn a_token_that_lacks_the_scope_says_so_itself() {
    let refusal = || {
        words(
            401,
            "UnauthorizedRequestException",
            "TF400813: The user 'f3c7a1de-0000-4000-8000-000000004101' is not authorized",
        )
    };
    let list = below("/refs?filter=heads%2F&%24top=25");
    let profile = "_apis/profile/profiles/me?api-version=7.1".to_owned();
    let answers = vec![(list, refusal()), (profile, refusal())];
    // The payloads `{"scp":"vso.profile"}` and `{"scp":"vso.code"}`.
    for (token, of_list, of_profile) in [
        (
            "e30.eyJzY3AiOiJ2c28ucHJvZmlsZSJ9.c2ln",
            Code::InsufficientScope,
            Code::AccessBlockedByPolicy,
        ),
        (
            "e30.eyJzY3AiOiJ2c28uY29kZSJ9.c2ln",
            Code::AccessBlockedByPolicy,
            Code::InsufficientScope,
        ),
        (
            "opaque",
            Code::AccessBlockedByPolicy,
            Code::AccessBlockedByPolicy,
        ),
    ] {
        let (_stand_in, provider) = upstream(answers.clone()).await;
        let call = Call {
            is_oauth: true,
            ..call_with(token)
        };
        let repo = repo();
        let listed = provider.branches(&call, &repo, PageRequest::default());
        let error = listed.await.unwrap_err();
        assert_eq!(error.code(), of_list, "{token}");
        assert!(!format!("{error:?}").contains("f3c7a1de"), "{error:?}");
        let viewer = provider.viewer(&call).await.unwrap_err();
        assert_eq!(viewer.code(), of_profile, "{token}");
    }
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    for (reply, code) in [
        (
            words(
                401,
                "UnauthorizedRequestException",
                "TF400813: The user 'aaaa-bbbb' is not authorized",
            ),
            Code::AccessBlockedByPolicy,
        ),
        (
            Reply::new(401, "").with("www-authenticate", "Bearer error=\"insufficient_scope\""),
            Code::InsufficientScope,
        ),
        (
            words(
                403,
                "GitNeedsPermissionException",
                "TF401027: You need GenericRead",
            ),
            Code::InsufficientScope,
        ),
        (
            words(403, "", "VS403463: The conditional access policy"),
            Code::AccessBlockedByPolicy,
        ),
        (
            words(
                401,
                "UnauthorizedRequestException",
                "TF400813: The user 'aaaa-bbbb' is not authorized",
            )
            .with("www-authenticate", "Bearer error=\"insufficient_scope\""),
            Code::InsufficientScope,
        ),
        (
            words(404, "", "VS800080: the organization was renamed"),
            Code::InstallationNotFound,
        ),
        (
            words(404, "GitRepositoryNotFoundException", "TF401019"),
            Code::RepositoryNotFound,
        ),
        (
            words(404, "ProjectDoesNotExistWithNameException", "TF200016"),
            Code::RepositoryNotFound,
        ),
        (
            words(404, "GitItemNotFoundException", "TF401174"),
            Code::ResourceNotFound,
        ),
        (
            Reply::new(404, "The controller for path '/x' was not found")
                .with("content-type", "text/plain")
                .with("x-tfs-serviceerror", "x"),
            Code::InternalError,
        ),
        (
            Reply::new(404, "\u{feff}<html>").with("content-type", "text/html"),
            Code::InstallationNotFound,
        ),
        (Reply::new(404, ""), Code::InstallationNotFound),
        (
            words(400, "VssInvalidPreviewVersionException", "x"),
            Code::InternalError,
        ),
        (words(400, "AccountException", "x"), Code::InternalError),
        (words(400, "ArgumentException", "x"), Code::InvalidRequest),
        (
            words(429, "", "TF400733: The request has been canceled"),
            Code::RateLimited,
        ),
        (
            words(503, "", "TF400733: Request was blocked"),
            Code::RateLimited,
        ),
        (
            words(
                503,
                "VssServiceException",
                "\u{feff}TF24668: deactivated due to inactivity",
            ),
            Code::UpstreamUnavailable,
        ),
        (Reply::new(503, "<html>"), Code::UpstreamUnavailable),
        (Reply::new(504, ""), Code::UpstreamTimeout),
        (Reply::ok("[]"), Code::UpstreamUnavailable),
    ] {
        let shown = format!("{reply:?}");
        let error = refused(reply).await;
        assert_eq!(error.code(), code, "{shown}");
        assert!(!error.message().contains("TF4"), "{error}");
    }
    let error = refused(words(404, "GitRepositoryNotFoundException", "x")).await;
    assert_eq!(error.provider_request_id(), Some("e2e-1"));
}

#[tokio::test]
async fn nothing_of_a_message_that_names_a_person_is_kept() {
    let message =
        "TF400813: The user 'ada@mill.example' is not authorized to access this resource.";
    for status in [400, 401, 403, 404, 409, 500, 503] {
        let error = refused(words(status, "UnauthorizedRequestException", message)).await;
        let shown = format!("{error:?} {error} {:?}", error.detail());
        assert!(!shown.contains("ada@"), "{status}: {shown}");
    }
}

#[tokio::test]
async fn a_byte_order_mark_in_front_of_a_body_is_not_in_the_way() {
    let sleeping = "\u{feff}{\"message\": \"TF24668: deactivated due to inactivity\"}";
    let error = refused(Reply::new(503, sleeping)).await;
    assert!(error.message().contains("signs in"), "{error}");

    let list = below("/refs?filter=heads%2F&%24top=25");
    let branches = format!("\u{feff}{}", fixture("azure/branches.json"));
    let (_stand_in, provider) = upstream(vec![(list, Reply::ok(branches))]).await;
    let found = provider
        .branches(&call(), &repo(), PageRequest::default())
        .await;
    assert_eq!(found.unwrap().items.len(), 2);
}

#[tokio::test]
async fn a_wait_beside_an_answer_holds_back_the_next_call() {
    let list = below("/refs?filter=heads%2F&%24top=25");
    let branches = Reply::ok(fixture("azure/branches.json")).with("retry-after", "60");
    let (stand_in, provider) = upstream(vec![(list, branches)]).await;
    let page = PageRequest::default();
    let first = provider.branches(&call(), &repo(), page.clone()).await;
    assert_eq!(first.unwrap().items.len(), 2);
    let second = provider.branches(&call(), &repo(), page).await.unwrap_err();
    assert_eq!(second.code(), Code::RateLimited);
    assert_eq!(stand_in.asked().len(), 1);
}

#[tokio::test]
async fn a_wait_beside_an_answer_does_not_cut_a_read_in_two() {
    let iterations = r#"{"value": []}"#;
    let pull = format!(
        r#"{{"pullRequestId": 4, "lastMergeTargetCommit": {{"commitId": "{PARENT}"}}, "lastMergeSourceCommit": {{"commitId": "{SHA}"}}}}"#
    );
    let changes = format!(
        "/diffs/commits?baseVersion={PARENT}&baseVersionType=commit&targetVersion={SHA}&targetVersionType=commit&diffCommonCommit=true&%24top=2000&%24skip=0"
    );
    let slow = |body: &str| Reply::ok(body).with("retry-after", "60");
    let answers = vec![
        (below("/pullRequests/4/iterations"), slow(iterations)),
        (below("/pullrequests/4"), slow(&pull)),
        (
            below(&changes),
            slow(r#"{"changes": [], "allChangesIncluded": true}"#),
        ),
    ];
    let (stand_in, provider) = upstream(answers).await;
    let diff = provider.pull_request_diff(&call(), &repo(), 4).await;
    assert!(diff.unwrap().files.is_empty());
    assert_eq!(stand_in.asked().len(), 3);
    let next = provider.pull_request(&call(), &repo(), 4).await;
    assert_eq!(next.unwrap_err().code(), Code::RateLimited);
    assert_eq!(stand_in.asked().len(), 3);
}

#[tokio::test]
async fn no_calls_left_are_no_refusal_where_calls_are_slowed_down_first() {
    let list = below("/refs?filter=heads%2F&%24top=25");
    let branches = Reply::ok(fixture("azure/branches.json"))
        .with("x-ratelimit-remaining", "0")
        .with("x-ratelimit-reset", "280");
    let (stand_in, provider) = upstream(vec![(list, branches)]).await;
    for _ in 0..2 {
        let page = PageRequest::default();
        let found = provider.branches(&call(), &repo(), page).await;
        assert_eq!(found.unwrap().items.len(), 2);
    }
    assert_eq!(stand_in.asked().len(), 2);
}

#[tokio::test]
async fn an_error_of_the_moment_is_asked_about_once_more() {
    let list = below("/refs?filter=heads%2F&%24top=25");
    for status in [400, 500] {
        let message = "TF400898: An Internal Error Occurred. Activity Id: x";
        let (stand_in, provider) = upstream(vec![(list.clone(), words(status, "", message))]).await;
        let page = PageRequest::default();
        let error = provider.branches(&call(), &repo(), page).await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), Code::UpstreamUnavailable);
        // Nobody has said how long to wait.
        assert_eq!(error.retry_after_seconds(), None);
        assert_eq!(stand_in.asked().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn a_refusal_with_the_status_of_an_answer_is_one_in_every_list() {
    for (key, message, code) in [
        (
            "GitRepositoryNotFoundException",
            "TF401019",
            Code::RepositoryNotFound,
        ),
        (
            "GitItemNotFoundException",
            "TF401174",
            Code::ResourceNotFound,
        ),
        ("RequestBlockedException", "TF400733", Code::RateLimited),
        ("Exception", "x", Code::UpstreamUnavailable),
    ] {
        let error = refused(words(200, key, message)).await;
        assert_eq!(error.code(), code, "{key}");
    }
}

#[tokio::test]
async fn a_redirect_elsewhere_says_nothing_of_the_token() {
    for reply in [
        Reply::new(302, "").with("location", "https://portal.example/"),
        Reply::new(301, "").with("location", "https://dev.azure.com/_signin"),
        Reply::new(304, ""),
    ] {
        let shown = format!("{reply:?}");
        let error = refused(reply).await;
        assert_eq!(error.code(), Code::UpstreamUnavailable, "{shown}");
    }
}

#[tokio::test]
async fn a_path_that_a_branch_lacks_is_not_looked_for_at_a_tag() {
    let item = |kind: &str| {
        below(&format!(
            "/items?path=%2Fa&includeContentMetadata=true&versionDescriptor.version=v1&versionDescriptor.versionType={kind}&%24format=json"
        ))
    };
    let found = r#"{"objectId": "1111111111111111111111111111111111111111", "gitObjectType": "commit", "commitId": "x"}"#;
    for (key, code) in [
        ("GitItemNotFoundException", Some(Code::ResourceNotFound)),
        ("GitUnresolvableToCommitException", None),
    ] {
        let answers = vec![
            (item("branch"), words(404, key, "TF40117x")),
            (item("tag"), Reply::ok(found)),
            (below(""), Reply::ok(fixture("azure/repository.json"))),
        ];
        let (_stand_in, provider) = upstream(answers).await;
        let query = ContentQuery {
            at: RefSelector::Ref(GitRef::parse("ref", "v1").unwrap()),
            path: FilePath::parse("path", "a").unwrap(),
        };
        let held = Held::default();
        let read = provider.contents(&call(), &repo(), &query, held).await;
        assert_eq!(read.err().map(|error| error.code()), code, "{key}");
    }
}

#[tokio::test]
async fn a_comparison_says_which_name_is_unknown() {
    let refs = |name: &str| {
        ["heads", "tags"].map(|folder| {
            let target = format!("/refs?filter={folder}%2F{name}&peelTags=true&%24top=100");
            (below(&target), Reply::ok(r#"{"value": []}"#))
        })
    };
    let known = (
        below(&format!("/commits/{SHA}?changeCount=0")),
        Reply::ok("{}"),
    );
    for (base, head, told) in [("nope", SHA, "`base`"), (SHA, "nope", "`head`")] {
        let mut answers = vec![known.clone()];
        answers.extend(refs("nope"));
        let (_stand_in, provider) = upstream(answers).await;
        let name = |name| GitRef::parse("ref", name).unwrap();
        let query = CompareQuery {
            base: name(base),
            head: name(head),
            with_commits: false,
        };
        let error = provider
            .compare(&call(), &repo(), &query)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::ResourceNotFound);
        assert!(error.message().contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_missing_file_may_come_with_the_status_of_an_answer() {
    let item = below("/items?path=%2Fgone&includeContentMetadata=true&%24format=json");
    let reply = words(200, "GitItemNotFoundException", "TF401174");
    let (_stand_in, provider) = upstream(vec![(item, reply)]).await;
    let query = ContentQuery {
        at: RefSelector::DefaultBranch,
        path: FilePath::parse("path", "gone").unwrap(),
    };
    let read = provider
        .contents(&call(), &repo(), &query, Held::default())
        .await;
    assert_eq!(read.unwrap_err().code(), Code::ResourceNotFound);
}

#[tokio::test]
async fn words_are_known_in_any_letter_case() {
    let mut wire: serde_json::Value =
        serde_json::from_str(&fixture("azure/single_pull_request.json")).unwrap();
    for (word, state) in [
        ("Completed", PullRequestState::Merged),
        ("ABANDONED", PullRequestState::Closed),
        ("active", PullRequestState::Open),
    ] {
        wire["status"] = word.into();
        let reply = Reply::ok(wire.to_string());
        let (_stand_in, provider) = upstream(vec![(below("/pullrequests/4"), reply)]).await;
        let read = provider.pull_request(&call(), &repo(), 4).await.unwrap();
        assert_eq!(read.state, state, "{word}");
    }
}

#[tokio::test]
async fn a_repository_that_has_no_branches_yet_is_an_empty_list() {
    let reply = words(400, "ArgumentException", "VS403403: There are no branches.");
    let list = below("/refs?filter=heads%2F&%24top=25");
    let (_stand_in, provider) = upstream(vec![(list, reply)]).await;
    let page = provider
        .branches(&call(), &repo(), PageRequest::default())
        .await;
    assert!(page.unwrap().items.is_empty());
}

#[tokio::test]
async fn an_answer_that_is_none_is_no_dead_token() {
    for status in [201, 202, 204, 206, 301, 304, 308] {
        let reply = Reply::new(status, "{}").with("location", "https://proxy.example/");
        assert_eq!(
            refused(reply).await.code(),
            Code::UpstreamUnavailable,
            "{status}"
        );
    }
    let page = Reply::new(202, "<html>").with("content-type", "text/html");
    assert_eq!(refused(page).await.code(), Code::AuthExpired);
}
