//! The typed client over HTTP: every call's request, lists as streams, and what a refusal says.

use futures_util::TryStreamExt;
use gitflare_providers::{
    conformance::{Reply, StandIn},
    gitflic::api::{Client, Error, ErrorClass, Label, NewProject},
};
use serde_json::json;
use url::Url;

use crate::gitflic::support::table::{fixture, number};

async fn client(
    answers: impl FnMut(&str, &str, &str) -> Reply + Send + 'static,
) -> (StandIn, Client) {
    let stand_in = StandIn::answering(answers).await;
    let base = format!("{}/rest-api", stand_in.url());
    let client = Client::new(stand_in.http(), &base, "api-token").unwrap();
    (stand_in, client)
}

fn labels(rows: std::ops::Range<usize>, about: &serde_json::Value) -> Reply {
    let rows: Vec<_> = rows
        .map(|row| json!({"id": row.to_string(), "hexColor": "0D55A6", "title": "t"}))
        .collect();
    Reply::ok(json!({"_embedded": {"labelList": rows}, "page": about}).to_string())
}

#[tokio::test]
async fn every_call_asks_for_what_it_is_named_after() {
    let empty = r#"{"page": {"size": 10, "totalElements": 0, "totalPages": 0, "number": 0}}"#;
    let (stand_in, client) = client(move |method, target, _| match (method, target) {
        ("POST", _) | (_, "/rest-api/project/mill/loom-engine") => {
            Reply::ok(fixture("gitflic/repository.json"))
        }
        _ => Reply::ok(empty),
    })
    .await;
    client
        .public_projects(Some("loom"))
        .page(0, 10)
        .await
        .unwrap();
    client.my_projects().page(2, 10).await.unwrap();
    client.shared_projects().page(0, 100).await.unwrap();
    client.project("mill", "loom-engine").await.unwrap();
    let new = NewProject {
        title: "Loom".to_owned(),
        is_private: true,
        alias: "loom".to_owned(),
        language: "java".to_owned(),
    };
    client.create_project(&new).await.unwrap();
    let (owner, name) = ("mill", "loom-engine");
    let folder = client.files(owner, name, Some("src/a"), Some("main"));
    folder.page(0, 10).await.unwrap();
    client.forks(owner, name).page(0, 10).await.unwrap();
    client.followers(owner, name).page(0, 10).await.unwrap();
    client.stars(owner, name).page(0, 10).await.unwrap();
    client
        .assignable_users(owner, name)
        .page(0, 10)
        .await
        .unwrap();
    client.commits(owner, name).page(0, 10).await.unwrap();
    client
        .branch_commits(owner, name, "main")
        .page(0, 10)
        .await
        .unwrap();
    client
        .branch_commits(owner, name, "a/b")
        .page(0, 10)
        .await
        .unwrap();
    client.labels(owner, name).page(0, 10).await.unwrap();
    let below = |rest: &str| format!("/rest-api/project/mill/loom-engine{rest}page=0&size=10");
    assert_eq!(
        stand_in.asked(),
        [
            "/rest-api/project?q=loom&page=0&size=10".to_owned(),
            "/rest-api/project/my?page=2&size=10".to_owned(),
            "/rest-api/project/shared?page=0&size=100".to_owned(),
            "/rest-api/project/mill/loom-engine".to_owned(),
            "/rest-api/project".to_owned(),
            below("/files?filepath=src%2Fa&branch=main&"),
            below("/forked?"),
            below("/followers?"),
            below("/stars?"),
            below("/users-can-be-assigned?"),
            below("/commits?"),
            below("/commits/main?"),
            below("/commits?branch=a%2Fb&"),
            below("/labels?"),
        ]
    );
    for head in stand_in.heads() {
        assert!(
            head.contains("\r\nauthorization: token api-token\r\n"),
            "{head}"
        );
    }
    assert!(!format!("{client:?}").contains("api-token"));
}

#[tokio::test]
async fn a_client_names_itself_as_it_is_told() {
    let (stand_in, client) = client(|_, _, _| Reply::ok(fixture("gitflic/repository.json"))).await;
    let client = client.with_user_agent("mill/1 (loom)").unwrap();
    client.project("mill", "loom-engine").await.unwrap();
    let head = stand_in.heads().remove(0);
    assert!(head.contains("\r\nuser-agent: mill/1 (loom)\r\n"), "{head}");
    let refused = client.with_user_agent("two\r\nlines").unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Invalid);
}

#[tokio::test]
async fn a_stream_walks_all_pages_and_ends() {
    const TOTAL: usize = 230;
    let (stand_in, client) = client(|_, target, _| {
        let url = Url::parse(&format!("https://gitflic.ru{target}")).unwrap();
        let (size, page) = (number(&url, "size").unwrap(), number(&url, "page").unwrap());
        let about = json!({
            "size": size, "totalElements": TOTAL, "totalPages": TOTAL.div_ceil(size), "number": page,
        });
        labels(page * size..TOTAL.min((page + 1) * size), &about)
    })
    .await;
    let all: Vec<Label> = client
        .labels("mill", "loom")
        .stream()
        .try_collect()
        .await
        .unwrap();
    let ids: Vec<_> = all.iter().filter_map(|label| label.id.clone()).collect();
    let expected: Vec<_> = (0..TOTAL).map(|id| id.to_string()).collect();
    assert_eq!(ids, expected);
    assert_eq!(stand_in.asked().len(), 3);

    // One that does not page, whatever it says.
    let (stand_in, client) = self::client(|_, _, _| {
        labels(
            0..2,
            &json!({"size": 2, "totalElements": 4, "totalPages": 2, "number": 0}),
        )
    })
    .await;
    let all: Vec<Label> = client
        .labels("mill", "loom")
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!((all.len(), stand_in.asked().len()), (4, 2));
}

#[tokio::test]
async fn a_page_behind_the_last_one_is_empty() {
    let behind = r#"{"page": {"size": 10, "totalElements": 4, "totalPages": 1, "number": 9}}"#;
    let (_stand_in, client) = client(move |_, _, _| Reply::ok(behind)).await;
    let page = client.labels("mill", "loom").page(9, 10).await.unwrap();
    assert_eq!((page.items.len(), page.page.next()), (0, None));
    let lost = r#"{"page": {"size": 10, "totalElements": 4, "totalPages": 1, "number": 0}}"#;
    let (_stand_in, client) = self::client(move |_, _, _| Reply::ok(lost)).await;
    let refused = client.labels("mill", "loom").page(0, 10).await.unwrap_err();
    assert_eq!(refused.class(), ErrorClass::NotJson);
}

#[tokio::test]
async fn a_refusal_says_its_status_and_what_stood_in_it() {
    let words = |status, text: &str| Reply::new(status, json!({"message": text}).to_string());
    for (reply, status, class) in [
        (
            words(403, "x.AuthenticationException: y"),
            Some(403),
            ErrorClass::Unauthenticated,
        ),
        (
            words(403, "Access is denied"),
            Some(403),
            ErrorClass::Forbidden,
        ),
        (
            words(404, "Project not found"),
            Some(404),
            ErrorClass::NotFound,
        ),
        (
            words(404, "x.BranchNotFoundException: y"),
            Some(404),
            ErrorClass::BranchNotFound,
        ),
        (
            words(422, "error.field.empty"),
            Some(422),
            ErrorClass::Invalid,
        ),
        (words(429, "x"), Some(429), ErrorClass::RateLimited),
        (Reply::new(403, "<html>"), Some(403), ErrorClass::NotJson),
        (Reply::ok("<html>"), Some(200), ErrorClass::NotJson),
        (words(500, "x"), Some(500), ErrorClass::Unavailable),
        (words(504, "x"), Some(504), ErrorClass::TimedOut),
    ] {
        let shown = format!("{reply:?}");
        let (_stand_in, client) = client(move |_, _, _| reply.clone()).await;
        let asked = [
            client.project("mill", "loom").await.err(),
            client.labels("mill", "loom").page(0, 10).await.err(),
            client.stars("mill", "loom").stream().try_next_of().await,
        ];
        for error in asked {
            let error = error.unwrap();
            assert_eq!((error.status(), error.class()), (status, class), "{shown}");
            assert_eq!(error.request_id(), Some("01HXFIXTURE"));
        }
    }
}

/// The error that a stream begins with.
trait First {
    async fn try_next_of(self) -> Option<Error>;
}

impl<T, S: futures_util::Stream<Item = Result<T, Error>>> First for S {
    async fn try_next_of(self) -> Option<Error> {
        std::pin::pin!(self).try_next().await.err()
    }
}
