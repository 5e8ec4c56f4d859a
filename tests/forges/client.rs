//! The typed client over HTTP: every read answers what the same read of the gateway answers, pages
//! are followed, and only what is retryable is repeated.

use std::{fmt::Debug, sync::Arc};

use gitflare::{
    client::Client,
    core::{
        Code, Result,
        reader::{Answer, Page},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Mutex,
};

use super::stand::Stand;

/// Both answers, or both refusals.
fn same<T: PartialEq + Debug>(what: &str, here: Result<T>, there: Result<T>) -> bool {
    match (here, there) {
        (Ok(here), Ok(there)) => {
            assert_eq!(here, there, "{what}");
            true
        }
        (Err(here), Err(there)) => {
            let told = |error: &gitflare::core::Error| (error.code(), error.message().to_owned());
            assert_eq!(told(&here), told(&there), "{what}");
            false
        }
        (here, there) => panic!("{what}: {here:?} and {there:?}"),
    }
}

/// What two pages have in common: cursors are sealed anew each time.
fn page<T>(page: Page<T>) -> (Vec<T>, usize, bool, bool) {
    let has_cursor = page.next_cursor.is_some();
    (page.items, page.limit.get(), page.has_more, has_cursor)
}

fn value<T>(answer: Answer<T>) -> T {
    answer.value
}

macro_rules! lists {
    ($here:ident $there:ident $answered:ident: $($list:ident),* $(,)?) => {$(
        let (one, other) = ($here.$list().limit(3), $there.$list().limit(3));
        let (one, other) = (one.send().await.map(page), other.send().await.map(page));
        $answered += usize::from(same(stringify!($list), one, other));
    )*};
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_over_http_answers_what_the_gateway_answers() {
    let stand = Stand::start(&[]).await;
    let client = Client::new(&stand.url("/")).unwrap();
    let gateway = stand.running.gateway();
    let (here, there) = (
        gateway.reader(stand.token.as_str()),
        client.reader(stand.token.as_str()),
    );
    let viewers = (here.viewers().await, there.viewers().await);
    assert!(same("viewers", viewers.0.map(value), viewers.1.map(value)));
    for provider in ["github", "gitlab", "bitbucket", "azure", "gitflic", "local"] {
        let listed = there
            .repositories()
            .provider(provider)
            .limit(100)
            .send()
            .await
            .unwrap();
        let sample = listed.items.iter().find(|it| it.name == "storefront");
        let id = sample
            .unwrap_or_else(|| panic!("{provider}: {listed:?}"))
            .full_name
            .clone();
        let (here, there) = (
            here.repository(provider, &id),
            there.repository(provider, &id),
        );
        let mut answered = 0;
        lists!(here there answered: branches, commits, pull_requests, contributors, tags, releases,
            checks, deployments, file_tree, labels, stargazers, watchers, assignees);
        assert!(answered > 4, "{provider}: {answered}");
        let found = (here.get().await, there.get().await);
        // Over HTTP a provider's own node id is not told.
        let bare = |forks: Page<gitflare::core::model::Repository>| {
            let mut told = page(forks);
            told.0.iter_mut().for_each(|it| it.node_id = None);
            told
        };
        let (one, other) = (here.forks().limit(3), there.forks().limit(3));
        let both = (one.send().await, other.send().await);
        same("forks", both.0.map(bare), both.1.map(bare));
        let strip = |it: Answer<gitflare::core::model::Repository>| {
            let mut repository = it.value;
            repository.node_id = None;
            repository
        };
        assert!(same("repository", found.0.map(strip), found.1.map(strip)));
        let newest = there.commits().limit(1).send().await.unwrap().items;
        let sha = &newest[0].sha;
        let one = (here.commit(sha).await, there.commit(sha).await);
        assert!(same("commit", one.0.map(value), one.1.map(value)));
        let diff = (here.commit_diff(sha).await, there.commit_diff(sha).await);
        assert!(same("diff", diff.0.map(value), diff.1.map(value)));
        let pull = (here.pull_request(1).await, there.pull_request(1).await);
        same("pull request", pull.0.map(value), pull.1.map(value));
        let both = (here.reviews(1).send().await, there.reviews(1).send().await);
        same("reviews", both.0.map(page), both.1.map(page));
        let both = (
            here.comments(1).send().await,
            there.comments(1).send().await,
        );
        same("comments", both.0.map(page), both.1.map(page));
        let both = (
            here.compare("main", "main").await,
            there.compare("main", "main").await,
        );
        same("compare", both.0.map(value), both.1.map(value));
    }
    stand.running.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_followed_and_files_kept() {
    let stand = Stand::start(&[]).await;
    let client = Client::new(&stand.url("")).unwrap();
    let reader = client.reader(stand.token.as_str());
    let repository = reader.repository("local", "acme/storefront");
    let whole = repository.commits().limit(100).send().await.unwrap().items;
    let mut commits = repository.commits().limit(2).stream();
    let mut followed = Vec::new();
    while let Some(commit) = commits.try_next().await.unwrap() {
        followed.push(commit);
    }
    assert!(followed.len() > 4);
    assert_eq!(followed, whole);

    let file = repository.file("README.md").send().await.unwrap();
    assert!(file.content.is_some());
    let again = repository
        .file("README.md")
        .if_none_match(file.etag.unwrap());
    assert!(again.send().await.unwrap().content.is_none());

    let refused = client.reader("sggat_nonsense").viewers().await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidCredentials);
    assert!(refused.detail().unwrap().starts_with("request gf_req_"));
    let dots = reader.repository("local", "..").get().await.unwrap_err();
    assert_eq!(dots.code(), Code::InvalidRequest);
    stand.running.shutdown().await.unwrap();
}

/// Answers each request with the next of these, and counts.
async fn answering(answers: Vec<String>) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            *counted.lock().await += 1;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, count)
}

fn answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn refusal(status: u16, code: &str, wait: &str) -> String {
    let body = format!(
        r#"{{"error":{{"code":"{code}","message":"m","source":"gitflare","provider":null,"retryable":true,"user_action_required":false,"suggested_action":"x","upstream_status":null,"request_id":"gf_req_1","provider_request_id":null,"retry_after_seconds":{wait}}}}}"#
    );
    answer(status, &body)
}

#[tokio::test]
async fn only_what_is_retryable_is_repeated() {
    let good = answer(200, r#"{"data":[]}"#);
    for (answers, code, sent) in [
        // Told to come back, by the server and by a proxy before it.
        (
            vec![
                refusal(503, "UPSTREAM_UNAVAILABLE", "null"),
                answer(502, "<html>"),
                good.clone(),
            ],
            None,
            3,
        ),
        (
            vec![refusal(403, "INSUFFICIENT_SCOPE", "null"), good.clone()],
            Some(Code::InsufficientScope),
            1,
        ),
        // Later than anybody waits.
        (
            vec![refusal(429, "RATE_LIMITED", "3000"), good.clone()],
            Some(Code::RateLimited),
            1,
        ),
        // Another program.
        (vec![answer(200, "{}"), good], Some(Code::InternalError), 1),
    ] {
        let (url, count) = answering(answers).await;
        let client = Client::new(&url).unwrap();
        let read = client.reader("sggat_x").viewers().await;
        assert_eq!(read.err().map(|error| error.code()), code);
        assert_eq!(*count.lock().await, sent, "{code:?}");
    }
}

#[test]
fn a_token_goes_to_no_server_in_clear() {
    for url in [
        "http://git.example.com",
        "ftp://127.0.0.1",
        "https://git.example.com?x=1",
        "git.example.com",
    ] {
        assert_eq!(
            Client::new(url).unwrap_err().code(),
            Code::InvalidRequest,
            "{url}"
        );
    }
    for url in [
        "https://git.example.com/git/",
        "http://localhost:8080",
        "http://[::1]:1",
    ] {
        assert!(Client::new(url).is_ok(), "{url}");
    }
}
