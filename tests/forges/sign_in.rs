//! The official clients of the Model Context Protocol sign a person in: from the 401 to a token by either
//! way of being a client, on the real pages, at an emulated code host; then one more scope, a refreshed
//! token, and the end that the person makes. Where a tool or a package is missing the test says so; under
//! CI it fails.
// sec: MC-1, MC-3, MC-4

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use gitflare_server::sandbox::AGENT_CLIENT_ID;
use reqwest::Method;
use serde_json::{Value, json};

use super::agents::{folder, node, python};
use crate::{
    contract::support::consent::{challenge, encoded},
    forges::{
        person::{Person, location, sign_in},
        stand::Stand,
    },
};

/// A client that runs, and asks for a browser.
struct Agent {
    process: Child,
    says: Lines<BufReader<ChildStdout>>,
    hears: ChildStdin,
}

impl Agent {
    fn start(mut client: Command) -> Self {
        let piped = client.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = piped.spawn().unwrap();
        Self {
            says: BufReader::new(process.stdout.take().unwrap()).lines(),
            hears: process.stdin.take().unwrap(),
            process,
        }
    }

    /// The next line that it writes.
    fn next(&mut self) -> Value {
        let line = tokio::task::block_in_place(|| self.says.next());
        let line = line.expect("the client has ended").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))
    }

    fn tell(&mut self, text: &str) {
        writeln!(self.hears, "{text}").unwrap();
        self.hears.flush().unwrap();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What stands behind a mark of a page, up to the next quote.
fn behind(html: &str, mark: &str) -> String {
    let rest = html
        .split_once(mark)
        .unwrap_or_else(|| panic!("no {mark}: {html}"));
    rest.1
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&")
        .replace("&#38;", "&")
}

/// Does in the browser what the page of an agent asks for: where the agent is answered, and the page's
/// link to where all of it can be ended.
async fn approve(
    stand: &Stand,
    person: &mut Person,
    url: &str,
    scopes: &[&str],
) -> (String, String) {
    let target = url.strip_prefix(&person.base).expect("our own page");
    let mut html = person.get(target).await.text().await.unwrap();
    let request = behind(&html, "name=\"request_id\" value=\"");
    if !html.contains("name=\"repositories\"") {
        let start = format!("/oauth/authorize/connect/github?request_id={request}");
        let asked = location(&person.get(&start).await);
        let back = sign_in(stand, "github", &asked).await;
        let back = back.strip_prefix(&person.base).unwrap().to_owned();
        let page = location(&person.get(&back).await);
        html = person.get(&page).await.text().await.unwrap();
    }
    assert!(
        html.contains("goes to a program on <strong>this computer</strong>"),
        "{html}"
    );
    let storefront = html
        .split("name=\"repositories\" value=\"")
        .skip(1)
        .find(|part| part.contains("acme/storefront"))
        .expect("the sample to choose");
    let mut form = vec![
        ("csrf", behind(&html, "name=\"csrf\" value=\"")),
        ("request_id", request),
        (
            "repositories",
            storefront.split('"').next().unwrap().to_owned(),
        ),
    ];
    form.extend(
        scopes
            .iter()
            .map(|scope| ("permissions", (*scope).to_owned())),
    );
    let manage = format!(
        "/app/company/apps/{}",
        behind(&html, "href=\"/app/company/apps/")
    );
    let answer = person.submit("/oauth/authorize/approve", &form).await;
    (location(&answer), manage)
}

/// Ends what an agent may read.
async fn end(person: &mut Person, manage: &str) {
    let html = person.get(manage).await.text().await.unwrap();
    let form = [
        ("csrf", behind(&html, "name=\"csrf\" value=\"")),
        (
            "customer_ref",
            behind(&html, "name=\"customer_ref\" value=\""),
        ),
    ];
    let answer = person.submit(&format!("{manage}/revoke"), &form).await;
    assert_eq!(answer.status(), 303);
}

/// One client from its first call to the end.
async fn walk(stand: &Stand, person: &mut Person, client: Command, document: &str, steps_up: bool) {
    let mut agent = Agent::start(client);
    let mut opened = 0;
    let mut manage = String::new();
    let scopes = ["read:branches", "read:tags"];
    let saw = loop {
        let said = agent.next();
        let Some(url) = said["open"].as_str() else {
            break said["saw"].clone();
        };
        opened += 1;
        assert!(
            opened <= scopes.len(),
            "it asks to sign in once more: {url}"
        );
        let (back, page) = approve(stand, person, url, &scopes[..opened]).await;
        manage = page;
        agent.tell(&back);
    };
    let rest = stand.read("github", "/branches?limit=2").await;
    assert_eq!(saw["tools"], json!(["list_branches"]), "{saw}");
    assert_eq!(saw["branches"]["data"], rest.body["data"]);
    assert_eq!(saw["again"]["data"], rest.body["data"]);
    assert_eq!(saw["rotated"], true, "{saw}");
    match document {
        "" => assert!(saw["client"].as_str().unwrap().starts_with("reg_"), "{saw}"),
        document => assert_eq!(saw["client"], document),
    }
    if steps_up {
        let tags = stand.read("github", "/tags?limit=2").await;
        assert_eq!((opened, &saw["more"]["data"]), (2, &tags.body["data"]));
    } else {
        // The first generation in TypeScript refreshes, and gives up.
        assert_eq!(opened, 1);
        assert!(saw["more"].as_str().unwrap().contains("403"), "{saw}");
    }
    end(person, &manage).await;
    agent.tell("ended");
    assert!(agent.next()["open"].is_string(), "it has to sign in again");
}

/// Walks a client in each mode, by a document and by registration in turn.
async fn walk_all(
    make: impl Fn() -> Option<Command>,
    generation: &str,
    modes: &[&str],
    steps_up: bool,
) {
    let stand = Stand::start(&[("GITFLARE_MCP_CLIENTS", "*,dynamic")]).await;
    let mut person = Person::sign_up(&stand).await;
    for (mode, document) in modes.iter().zip(["", AGENT_CLIENT_ID].iter().cycle()) {
        let Some(mut client) = make() else { return };
        client
            .env("BASE", stand.url(""))
            .env("GENERATION", generation)
            .env("MODE", mode)
            .env("DOCUMENT", document)
            .env("NO_PROXY", "127.0.0.1");
        walk(&stand, &mut person, client, document, steps_up).await;
    }
}

const MODES: [&str; 3] = ["auto", "legacy", "2026-07-28"];

#[tokio::test(flavor = "multi_thread")]
async fn the_official_clients_in_python_sign_a_person_in() {
    let script = include_str!("agents/sign_in.py");
    walk_all(
        || python("python2", "mcp==2.3.0", script),
        "2",
        &MODES,
        true,
    )
    .await;
    walk_all(
        || python("python1", "mcp==1.30.0", script),
        "1",
        &["", ""],
        true,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_clients_in_typescript_sign_a_person_in() {
    let script = include_str!("agents/sign_in.mjs");
    let first = || {
        node(
            "node1",
            "@modelcontextprotocol/sdk@1.32.2",
            "sign_in.mjs",
            script,
        )
    };
    walk_all(first, "1", &["", ""], false).await;
    let second = || {
        node(
            "node2",
            "@modelcontextprotocol/client@2.4.0",
            "sign_in.mjs",
            script,
        )
    };
    walk_all(second, "2", &MODES, true).await;
}

/// The Inspector's command line, with a store of its own. It would open a browser, which is none here.
fn inspector(stand: &Stand, home: &std::path::Path, more: &[&str]) -> Command {
    let mut inspector = Command::new(folder().join("inspector/node_modules/.bin/mcp-inspector"));
    let url = stand.url("/mcp");
    inspector
        .args(["--cli", &url, "--transport", "http"])
        .args(more)
        .env("HOME", home)
        .env("MCP_AUTO_OPEN_ENABLED", "true")
        .env("BROWSER", "true")
        .env("MCP_INSPECTOR_SECRET_STORE", "file")
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    inspector
}

/// Whether a command line succeeds in the end, and what it answers or complains of.
async fn ended(process: Child) -> (bool, String) {
    let waited = tokio::task::spawn_blocking(move || process.wait_with_output());
    let output = waited.await.unwrap().unwrap();
    let told = match output.status.success() {
        true => &output.stdout,
        false => &output.stderr,
    };
    let told = String::from_utf8_lossy(told).into_owned();
    (output.status.success(), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspectors_command_line_signs_a_person_in() {
    let package = "@modelcontextprotocol/inspector@2.12.0";
    if node("inspector", package, "unused.mjs", "").is_none() {
        return;
    }
    let stand = Stand::start(&[("GITFLARE_MCP_CLIENTS", "*,dynamic")]).await;
    let mut person = Person::sign_up(&stand).await;
    let home = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("http://{}/oauth/callback", free.local_addr().unwrap());
    drop(free);
    let list = ["--callback-url", &callback, "--method", "tools/list"];
    let mut process = inspector(&stand, home.path(), &list).spawn().unwrap();
    let said = BufReader::new(process.stderr.take().unwrap());
    let (url, _rest) = tokio::task::block_in_place(|| {
        let mut lines = said.lines();
        let url = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, url) = line.split_once("Please navigate to: ")?;
            Some(url.trim().to_owned())
        });
        (url.expect("an address to sign in at"), lines)
    });
    let (back, manage) = approve(&stand, &mut person, &url, &["read:branches"]).await;
    assert!(back.starts_with(&callback), "{back}");
    assert_eq!(person.get(&back).await.status(), 200);
    let (is_well, listed) = ended(process).await;
    assert!(is_well, "{listed}");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let tools = listed["tools"].as_array().unwrap().iter();
    let names: Vec<_> = tools.map(|tool| tool["name"].clone()).collect();
    assert_eq!(names, ["list_branches"]);

    // The sign-in is kept, until the person ends it.
    let call = [
        "--stored-auth-only",
        "--method",
        "tools/call",
        "--tool-name",
        "list_branches",
        "--tool-arg",
        "provider=github",
        "repository=acme/storefront",
        "limit=2",
    ];
    let (is_well, called) = ended(inspector(&stand, home.path(), &call).spawn().unwrap()).await;
    assert!(is_well, "{called}");
    let called: Value = serde_json::from_str(&called).unwrap();
    let rest = stand.read("github", "/branches?limit=2").await;
    assert_eq!(called["structuredContent"]["data"], rest.body["data"]);
    end(&mut person, &manage).await;
    let (is_well, after) = ended(inspector(&stand, home.path(), &call).spawn().unwrap()).await;
    assert!(!is_well, "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_let_in_no_more_gets_no_further_tokens() {
    const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-in-all";
    const REDIRECT: &str = "http://127.0.0.1:9/callback";
    let stand = Stand::start(&[("GITFLARE_MCP_CLIENTS", "dynamic")]).await;
    let mut person = Person::sign_up(&stand).await;
    let metadata = json!({"redirect_uris": [REDIRECT]});
    let made = stand
        .bare(Method::POST, "/oauth/register", None, Some(&metadata))
        .await;
    let client = made.body["client_id"].as_str().unwrap();
    let url = format!(
        "{}/oauth/authorize?client_id={client}&redirect_uri={}&response_type=code&state=s\
         &scope=read%3Abranches&code_challenge={}&code_challenge_method=S256&resource={}",
        person.base,
        encoded(REDIRECT),
        challenge(VERIFIER),
        encoded(&stand.url("/mcp")),
    );
    let (back, _) = approve(&stand, &mut person, &url, &["read:branches"]).await;
    let back = url::Url::parse(&back).unwrap();
    let code = back
        .query_pairs()
        .find(|(name, _)| name == "code")
        .unwrap()
        .1;
    let redeem = json!({
        "grant_type": "authorization_code", "client_id": client, "code": code,
        "redirect_uri": REDIRECT, "code_verifier": VERIFIER, "resource": stand.url("/mcp"),
    });
    let refresh = |token: &Value| json!({"grant_type": "refresh_token", "client_id": client, "refresh_token": token});
    let first = stand
        .bare(Method::POST, "/oauth/token", None, Some(&redeem))
        .await;
    let again = refresh(&first.body["refresh_token"]);
    let second = stand
        .bare(Method::POST, "/oauth/token", None, Some(&again))
        .await;
    assert_eq!(second.status, 200, "{}", second.body);
    let stand = stand.restarted_without("GITFLARE_MCP_CLIENTS").await;
    let again = refresh(&second.body["refresh_token"]);
    let refused = stand
        .bare(Method::POST, "/oauth/token", None, Some(&again))
        .await;
    assert_eq!(refused.code(), "INVALID_CREDENTIALS", "{}", refused.body);
}
