//! Every tool of `POST /mcp` against its REST twin, at every emulated host: the same answer, the same
//! refusal, nothing that the firewall keeps, and what narrows or cuts an answer.
// sec: MC-5

use serde_json::{Value, json};

use crate::forges::stand::{HOSTS, Stand, storefront};

/// Tool, arguments beyond provider and repository, and the REST read below the repository.
pub(super) const TWINS: &[(&str, &str, &str)] = &[
    ("get_repository", "{}", ""),
    ("list_branches", r#"{"limit":2}"#, "/branches?limit=2"),
    (
        "list_commits",
        r#"{"limit":3,"branch":"main"}"#,
        "/commits?limit=3&branch=main",
    ),
    ("get_commit", r#"{"commitId":"LEAKY"}"#, "/commits/LEAKY"),
    (
        "get_commit_diff",
        r#"{"commitId":"LEAKY"}"#,
        "/commits/LEAKY/diff",
    ),
    (
        "compare",
        r#"{"base":"main","head":"feature/search"}"#,
        "/compare?base=main&head=feature%2Fsearch",
    ),
    (
        "list_pull_requests",
        r#"{"state":"all"}"#,
        "/pull-requests?state=all",
    ),
    (
        "get_pull_request",
        r#"{"pullRequestId":"1"}"#,
        "/pull-requests/1",
    ),
    (
        "get_pull_request_diff",
        r#"{"pullRequestId":"1"}"#,
        "/pull-requests/1/diff",
    ),
    (
        "list_pull_request_commits",
        r#"{"pullRequestId":"1"}"#,
        "/pull-requests/1/commits",
    ),
    (
        "list_pull_request_reviews",
        r#"{"pullRequestId":"1"}"#,
        "/pull-requests/1/reviews",
    ),
    (
        "list_pull_request_comments",
        r#"{"pullRequestId":"1"}"#,
        "/pull-requests/1/comments",
    ),
    (
        "list_files",
        r#"{"recursive":true,"limit":50}"#,
        "/file-tree?recursive=true&limit=50",
    ),
    (
        "get_file",
        r#"{"path":"src/payments.py"}"#,
        "/contents?path=src%2Fpayments.py",
    ),
    (
        "get_file",
        r#"{"path":"assets/logo.png"}"#,
        "/contents?path=assets%2Flogo.png",
    ),
    ("get_file", r#"{"path":".env"}"#, "/contents?path=.env"),
    (
        "get_file",
        r#"{"path":"no/such/file"}"#,
        "/contents?path=no%2Fsuch%2Ffile",
    ),
    ("list_tags", "{}", "/tags"),
    ("list_releases", "{}", "/releases"),
    ("list_checks", "{}", "/checks"),
    ("list_deployments", "{}", "/deployments"),
    (
        "list_contributors",
        r#"{"limit":101}"#,
        "/contributors?limit=101",
    ),
    ("list_contributors", "{}", "/contributors"),
];

/// A token for tools of the stand's app.
pub(super) async fn tool_token(stand: &Stand, scope: Option<&str>) -> String {
    let (id, secret) = &stand.app;
    let resource = stand.url("/mcp").replace(':', "%3A").replace('/', "%2F");
    let mut form = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={secret}&resource={resource}"
    );
    if let Some(scope) = scope {
        form.push_str(&format!("&scope={scope}"));
    }
    let issued = stand.form("/oauth/token", &form).await;
    issued.body["access_token"].as_str().unwrap().to_owned()
}

/// Calls a tool as the current revision has it.
pub(super) async fn call(stand: &Stand, token: &str, tool: &str, arguments: &Value) -> Value {
    let message = json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": {
            "name": tool,
            "arguments": arguments,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    });
    let request = stand.client.post(stand.url("/mcp")).bearer_auth(token);
    let request = request
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", tool)
        .json(&message);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{tool}: {body}");
    assert_eq!(body["id"], 7);
    body["result"].clone()
}

/// What differs between two readings of the same: cursors are sealed anew.
pub(super) fn comparable(mut answer: Value) -> Value {
    if let Some(cursor) = answer["page_info"].get_mut("next_cursor")
        && cursor.is_string()
    {
        *cursor = "a cursor".into();
    }
    if let Some(errors) = answer["errors"].as_array_mut() {
        for error in errors {
            error["request_id"] = Value::Null;
        }
    }
    if answer["data"]["content"].is_null() {
        return answer;
    }
    answer
}

pub(super) fn text_of(result: &Value) -> Value {
    let content = result["content"].as_array().unwrap();
    assert_eq!(content.len(), 1);
    assert_eq!(content[0]["type"], "text");
    serde_json::from_str(content[0]["text"].as_str().unwrap()).unwrap()
}

pub(super) fn with(provider: &str, arguments: &str) -> Value {
    let mut arguments: Value = serde_json::from_str(arguments).unwrap();
    arguments["provider"] = provider.into();
    let name = storefront(provider).replace("%2F", "/").replace("%20", " ");
    arguments["repository"] = name.into();
    arguments
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_answers_what_its_rest_twin_answers() {
    let stand = Stand::start(&[]).await;
    let token = tool_token(&stand, None).await;
    let leaky = stand.sample.leaky_commit.as_str();
    let mut served = 0;
    for provider in HOSTS.iter().chain(&["local"]) {
        for (tool, arguments, below) in TWINS {
            let what = format!("{provider} {tool} {arguments}");
            let rest = stand.read(provider, &below.replace("LEAKY", leaky)).await;
            let arguments = with(provider, &arguments.replace("LEAKY", leaky));
            let result = call(&stand, &token, tool, &arguments).await;
            let all = result.to_string();
            for secret in stand.sample.planted.all() {
                assert!(!all.contains(secret), "{what}");
            }
            if rest.status == 200 {
                served += 1;
                assert_eq!(result["isError"], false, "{what}: {result}");
                let answer = &result["structuredContent"];
                assert_eq!(comparable(answer.clone()), comparable(rest.body), "{what}");
                assert_eq!(&text_of(&result), answer, "{what}");
            } else {
                assert_eq!(result["isError"], true, "{what}");
                assert!(result.get("structuredContent").is_none(), "{what}");
                let error = text_of(&result)["error"].clone();
                assert_eq!(error["code"], rest.body["error"]["code"], "{what}");
                assert_eq!(error["message"], rest.body["error"]["message"], "{what}");
            }
        }
    }
    assert!(served > 80, "{served}");
    for (tool, arguments, target) in [
        ("get_viewer", json!({}), "/v1/me"),
        ("list_repositories", json!({}), "/v1/repositories"),
        (
            "list_repositories",
            json!({"provider": "github", "limit": 2}),
            "/v1/repositories?provider=github&limit=2",
        ),
    ] {
        let rest = stand.get(target).await;
        let result = call(&stand, &token, tool, &arguments).await;
        let answer = result["structuredContent"].clone();
        assert_eq!(comparable(answer), comparable(rest.body), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_leads_on_by_its_cursor() {
    let stand = Stand::start(&[]).await;
    let token = tool_token(&stand, None).await;
    let mut seen = Vec::new();
    let mut arguments = with("github", r#"{"limit":10}"#);
    loop {
        let page = call(&stand, &token, "list_commits", &arguments).await;
        let page = &page["structuredContent"];
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["sha"].clone()),
        );
        match &page["page_info"]["next_cursor"] {
            Value::Null => break,
            next => arguments["cursor"] = next.clone(),
        }
    }
    let rows = stand.walk("github", "/commits?limit=10").await;
    let rows: Vec<_> = rows.iter().map(|row| row["sha"].clone()).collect();
    assert_eq!(seen, rows);
    assert!(seen.len() > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_of_tools_alone_narrow_the_filtered_answer() {
    let stand = Stand::start(&[]).await;
    let token = tool_token(&stand, None).await;
    let file = async |more: &str| {
        let arguments = with("github", &format!(r#"{{"path":"src/payments.py"{more}}}"#));
        call(&stand, &token, "get_file", &arguments).await
    };
    let whole = file("").await["structuredContent"]["data"]["content"].clone();
    let lines: Vec<_> = whole.as_str().unwrap().split_inclusive('\n').collect();
    assert!(lines.len() > 4);
    for (more, expected) in [
        (r#","startLine":2,"endLine":3"#, lines[1..3].concat()),
        (r#","startLine":3"#, lines[2..].concat()),
        (r#","endLine":1"#, lines[0].to_owned()),
        (r#","endLine":100000"#, lines.concat()),
    ] {
        let part = &file(more).await["structuredContent"]["data"];
        assert_eq!(part["content"], expected, "{more}");
    }
    for more in [
        r#","startLine":0"#,
        r#","startLine":"2""#,
        r#","startLine":4,"endLine":3"#,
        r#","startLine":100000"#,
        r#","lines":"1-2""#,
    ] {
        let result = file(more).await;
        assert_eq!(result["isError"], true, "{more}");
        assert_eq!(
            text_of(&result)["error"]["code"],
            "INVALID_REQUEST",
            "{more}"
        );
    }
    let leaky = stand.sample.leaky_commit.clone();
    let diff = async |more: &str| {
        let arguments = with("github", &format!(r#"{{"commitId":"{leaky}"{more}}}"#));
        call(&stand, &token, "get_commit_diff", &arguments).await
    };
    let whole = diff("").await["structuredContent"]["data"].clone();
    let paths = |diff: &Value| -> Vec<String> {
        let files = diff["files"].as_array().unwrap().iter();
        files
            .map(|file| file["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = paths(&whole);
    assert!(
        all.contains(&"config/production.toml".to_owned()),
        "{all:?}"
    );
    let some = &diff(r#","paths":["config/*"]"#).await["structuredContent"]["data"];
    assert_eq!(paths(some), ["config/production.toml"]);
    assert_eq!(some["stats"], whole["stats"]);
    let none = &diff(r#","paths":["*.toml"]"#).await["structuredContent"]["data"];
    assert_eq!(paths(none), Vec::<String>::new());
    let every = &diff(r#","paths":["**"],"patches":false"#).await["structuredContent"]["data"];
    assert_eq!(paths(every), all);
    assert!(
        every["files"]
            .as_array()
            .unwrap()
            .iter()
            .all(|file| file["patch"].is_null())
    );
    let broken = diff(r#","paths":["[a"]"#).await;
    assert_eq!(text_of(&broken)["error"]["code"], "INVALID_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_listed_by_the_tokens_scopes_and_describe_their_answers() {
    let stand = Stand::start(&[]).await;
    let list = async |scope: Option<&str>| {
        let token = tool_token(&stand, scope).await;
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let request = stand.client.post(stand.url("/mcp")).bearer_auth(token);
        let request = request
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .json(&message);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["result"].clone()
    };
    let all = list(None).await;
    let names = |list: &Value| -> Vec<String> {
        let tools = list["tools"].as_array().unwrap().iter();
        tools
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        names(&all).join(" "),
        "list_repositories get_repository list_branches list_commits get_commit get_commit_diff \
         compare list_pull_requests get_pull_request get_pull_request_diff \
         list_pull_request_commits list_pull_request_reviews list_pull_request_comments list_files \
         get_file list_tags list_releases list_checks list_deployments list_contributors get_viewer"
    );
    assert_eq!(
        (&all["ttlMs"], &all["cacheScope"]),
        (&json!(300_000), &json!("private"))
    );
    let some = list(Some("read:contents+read:commits")).await;
    assert_eq!(
        names(&some),
        [
            "list_commits",
            "get_commit",
            "list_pull_request_commits",
            "get_file"
        ]
    );
    for tool in all["tools"].as_array().unwrap() {
        assert_eq!(
            tool["annotations"],
            json!({
                "readOnlyHint": true, "destructiveHint": false,
                "idempotentHint": true, "openWorldHint": true,
            })
        );
        let input = &tool["inputSchema"];
        assert_eq!(input["additionalProperties"], false, "{}", tool["name"]);
        for (name, schema) in input["properties"].as_object().unwrap() {
            assert!(schema["description"].is_string(), "{} {name}", tool["name"]);
        }
        let output = tool["outputSchema"].to_string();
        assert_eq!(tool["outputSchema"]["type"], "object", "{}", tool["name"]);
        assert!(!output.contains("#/components/"), "{}", tool["name"]);
        for reference in output.split("\"#/$defs/").skip(1) {
            let name = reference.split('"').next().unwrap();
            let inner = &tool["outputSchema"]["$defs"][name];
            assert!(inner.is_object(), "{} {name}", tool["name"]);
        }
    }
    let file = all["tools"].as_array().unwrap().iter();
    let file = file
        .clone()
        .find(|tool| tool["name"] == "get_file")
        .unwrap();
    let needed = file["inputSchema"]["required"].clone();
    assert_eq!(needed, json!(["provider", "repository", "path"]));
    let known: Vec<_> = file["inputSchema"]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(
        known,
        [
            "branch",
            "connectionId",
            "endLine",
            "path",
            "provider",
            "ref",
            "repository",
            "startLine"
        ]
    );
}
