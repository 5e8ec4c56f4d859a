//! What refusals of Azure DevOps become: dead tokens in all their forms, policies, missing rights and
//! missing things told apart.

use gitflare_core::{
    Code, PageRequest,
    model::PullRequestState,
    provider::{ContentQuery, FilePath, Held, Provider, RefSelector},
};
use gitflare_providers::conformance::Reply;

use crate::azure::{
    below,
    golden::upstream,
    repo,
    support::{call, table::fixture},
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
    let error = refused(words(401, "UnauthorizedRequestException", message)).await;
    assert!(!format!("{error:?} {error}").contains("ada"), "{error:?}");
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
