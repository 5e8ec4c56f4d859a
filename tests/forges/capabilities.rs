//! The table of capabilities against what each host is asked and answers: what is declared reaches the
//! host, a declared filter changes what is asked for or what comes back, and what is not declared is
//! refused without a call.

use reqwest::Method;
use serde_json::Value;

use crate::forges::stand::{HOSTS, Stand};

/// An endpoint as the table names it, below a repository, and filters that select something else than the
/// plain read does.
type Row = (
    &'static str,
    String,
    &'static [(&'static str, &'static str)],
);

fn rows(commit: &str) -> Vec<Row> {
    let plain: &[(&str, &str)] = &[];
    let at: &[(&str, &str)] = &[("branch", "feature/search"), ("ref", "feature/search")];
    let row = |key, below: &str, filters| (key, below.to_owned(), filters);
    vec![
        row("repositories.read", "", plain),
        row("branches.list", "/branches", plain),
        row("commits.list", "/commits", &[("branch", "feature/search")]),
        row("commits.read", &format!("/commits/{commit}"), plain),
        row("commits.diff", &format!("/commits/{commit}/diff"), plain),
        row(
            "compare.read",
            "/compare?base=main&head=feature%2Fsearch",
            plain,
        ),
        row(
            "pull-requests.list",
            "/pull-requests",
            &[("state", "merged")],
        ),
        row("pull-requests.read", "/pull-requests/1", plain),
        row("pull-requests.diff", "/pull-requests/1/diff", plain),
        row("pull-requests.commits", "/pull-requests/1/commits", plain),
        row("pull-requests.reviews", "/pull-requests/1/reviews", plain),
        row("pull-requests.comments", "/pull-requests/1/comments", plain),
        row("contributors.list", "/contributors", plain),
        row("tags.list", "/tags", plain),
        row("releases.list", "/releases", plain),
        row("checks.list", "/checks", at),
        row(
            "deployments.list",
            "/deployments",
            &[("environment", "production"), ("state", "failure")],
        ),
        row(
            "file-tree.list",
            "/file-tree",
            &[
                ("branch", "feature/search"),
                ("ref", "feature/search"),
                ("path", "src"),
                ("recursive", "true"),
            ],
        ),
        row("contents.read", "/contents?path=README.md", at),
        row("forks.list", "/forks", plain),
        row("labels.list", "/labels", plain),
        row("stargazers.list", "/stargazers", plain),
        row("watchers.list", "/watchers", plain),
        row("assignees.list", "/assignees", plain),
    ]
}

/// What a read asks the host for, and what it is answered.
async fn observe(stand: &Stand, host: &str, below: &str) -> (Vec<Value>, Value) {
    stand
        .control(host, Method::DELETE, "/__calls", &Value::Null)
        .await;
    let answer = stand.read(host, below).await;
    let asked = stand
        .control(host, Method::GET, "/__targets", &Value::Null)
        .await;
    let mut asked = asked.as_array().unwrap().clone();
    asked.sort_by_key(Value::to_string);
    (asked, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declared_is_asked_for_and_what_is_not_is_refused_without_a_call() {
    let stand = Stand::start(&[]).await;
    let table = stand.get("/v1/platform/capabilities").await.body;
    let rows = rows(&stand.sample.leaky_commit);
    let mut wrong = Vec::new();
    for host in HOSTS {
        let declared = &table["providers"][host];
        let known = declared.as_object().unwrap().keys().map(String::as_str);
        // Neither below a repository, nor a read.
        let others = ["profile.read", "repositories.list", "events.subscribe"];
        for key in known.filter(|key| !others.contains(key)) {
            assert!(rows.iter().any(|(row, ..)| *row == key), "{key} has no row");
        }
        // Names are looked up once.
        stand.read(host, "/branches").await;
        for row in &rows {
            let found = contradicted(&stand, host, row, &declared[row.0]).await;
            wrong.extend(
                found
                    .into_iter()
                    .map(|why| format!("{host} {}: {why}", row.0)),
            );
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// What a host does otherwise than it declares in one row.
async fn contradicted(stand: &Stand, host: &str, row: &Row, declared: &Value) -> Vec<String> {
    let (key, below, values) = row;
    let (asked, told) = observe(stand, host, below).await;
    if declared["supported"] != true {
        let refused = told["error"]["code"] == "UNSUPPORTED_ENDPOINT" && asked.is_empty();
        return wrong_unless(refused, || format!("undeclared, asked {asked:?}: {told}"));
    }
    let mut wrong = wrong_unless(told["data"] != Value::Null && !asked.is_empty(), || {
        format!("declared, asked {asked:?}: {told}")
    });
    let filters = declared["filters"].as_array().unwrap();
    let sign = if below.contains('?') { '&' } else { '?' };
    for (name, value) in *values {
        let filtered = format!("{below}{sign}{name}={}", value.replace('/', "%2F"));
        let (asked_so, told_so) = observe(stand, host, &filtered).await;
        let holds = match filters.iter().any(|known| known == name) || *key == "contents.read" {
            true => (&asked_so, &told_so["data"]) != (&asked, &told["data"]),
            false => told_so["error"]["code"] == "INVALID_REQUEST" && asked_so.is_empty(),
        };
        wrong.extend(wrong_unless(holds, || {
            format!("{name}, asked {asked_so:?}: {told_so}")
        }));
    }
    for known in filters.iter().filter_map(Value::as_str) {
        let tried =
            values.iter().any(|(name, _)| *name == known) || below.contains(&format!("{known}="));
        wrong.extend(wrong_unless(tried, || format!("{known} is not tried")));
    }
    wrong
}

fn wrong_unless(holds: bool, why: impl FnOnce() -> String) -> Vec<String> {
    match holds {
        true => Vec::new(),
        false => vec![why()],
    }
}
