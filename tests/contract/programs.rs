//! The documents that the server serves: every link leads somewhere, and every program on them does
//! what the page says when it is pasted, against a server and with a customer who approves.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use gitflare_server::http::ROUTES;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::contract::{
    signature::is_ours,
    standard_clients::run,
    support::{
        Response, Seed, Server,
        consent::{CALLBACK, ConsentFixture, ConsentPage, READS, location},
        document, parameter, text,
    },
};

const DOCUMENTS: [&str; 10] = [
    "guide",
    "quickstart",
    "sync",
    "events",
    "errors",
    "limits",
    "fields",
    "records",
    "sessions",
    "agents",
];

fn body(answer: &Response) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// The plain text of a document as a server serves it.
fn plain(server: &Server, name: &str) -> String {
    let answer = server.client().get(&format!("/docs/{name}.md"));
    assert_eq!(answer.status, 200, "{name}");
    assert_eq!(
        answer.header("content-type"),
        Some("text/markdown; charset=utf-8")
    );
    body(&answer)
}

/// The programs of a document in one language, in order.
pub(crate) fn programs(markdown: &str, language: &str) -> Vec<String> {
    let start = format!("\n```{language}\n");
    let parts = markdown.split(&start).skip(1);
    let found: Vec<_> = parts
        .map(|part| part.split("\n```").next().unwrap().to_owned())
        .collect();
    assert!(!found.is_empty(), "no program in {language}");
    found
}

#[test]
fn every_document_is_a_page_and_a_text_and_its_links_lead_somewhere() {
    let server = Server::start();
    let client = server.client();
    let base = format!("http://{}", server.address);
    let index = body(&client.get("/llms.txt"));
    assert!(index.contains(&format!("({base}/zero-trust)")), "{index}");
    assert_eq!(client.get("/zero-trust").status, 200);
    let mut links = 0;
    let guide = body(&client.get("/docs"));
    assert!(!guide.contains("All documents"), "it would lead to itself");
    for name in DOCUMENTS {
        let text = plain(&server, name);
        assert!(text.starts_with("# ") && !text.contains("{{"), "{name}");
        assert!(
            index.contains(&format!("({base}/docs/{name}.md)")),
            "{name}: {index}"
        );
        let is_listed = guide.contains(&format!("href=\"/docs/{name}\""));
        assert!(is_listed || name == "guide", "{name}");
        let page = client.get(&format!("/docs/{name}"));
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            let Some(path) = link.strip_prefix(&base) else {
                continue;
            };
            let (path, anchor) = path.split_once('#').unwrap_or((path, ""));
            let answer = client.get(path);
            // The dashboard asks to sign in, and the test app is off here.
            assert!(
                matches!(answer.status, 200 | 303) || path.starts_with("/testapp"),
                "{name}: {link}"
            );
            let anchored = format!("id=\"{anchor}\"");
            assert!(
                anchor.is_empty() || body(&answer).contains(&anchored),
                "{name}: {link}"
            );
            links += 1;
        }
    }
    assert!(links > 40, "only {links} links");
    for name in ["/docs/nothing", "/docs/nothing.md", "/docs/api/nothing"] {
        assert_eq!(client.get(name).status, 404, "{name}");
    }
}

#[test]
fn the_reference_has_every_operation_with_its_members_and_errors() {
    let server = Server::start();
    let client = server.client();
    let list = plain(&server, "api");
    assert!(list.len() < 64 * 1024, "{} bytes", list.len());
    let paths = document().value()["paths"].as_object().unwrap();
    let mut seen = 0;
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let (method, base) = (method.to_uppercase(), server.address);
            let row = format!("- [`{method} {path}`](http://{base}/docs/api/{id}.md): ");
            assert!(list.contains(&row), "{row}");
            let text = plain(&server, &format!("api/{id}"));
            assert!(text.starts_with(&format!("# {method} {path}\n")), "{text}");
            let page = client.get(&format!("/docs/api/{id}"));
            assert_eq!(page.status, 200, "{id}");
            assert!(body(&page).contains("/docs/errors#INTERNAL_ERROR"), "{id}");
            seen += 1;
        }
    }
    assert!(seen >= ROUTES.len());
    let diff = body(&client.get("/docs/api/commits.diff.md"));
    for part in [
        "`commitId`",
        "`data.files[].patchTruncated`",
        "```json",
        "#REPOSITORY_NOT_APPROVED",
    ] {
        assert!(diff.contains(part), "{part}: {diff}");
    }
    let index = body(&client.get("/docs/api"));
    assert!(index.contains("href=\"/docs/api/commits.diff\""));
}

/// A program that serves; ended when dropped.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The whole answer to a `GET` on a port of this machine, in HTTP/1.0 for a body without chunks;
/// `None` while nobody listens.
fn get(port: u16, target: &str) -> Option<String> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!("GET {target} HTTP/1.0\r\nhost: localhost\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    Some(answer)
}

/// A port that nobody listens on now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The command that serves a program; `None`, said aloud, where the tool is missing.
fn served(folder: &Path, language: &str, program: &str) -> Option<Command> {
    let (tool, name) = match language {
        "js" => ("node", "quickstart.mjs"),
        "python" => ("python3", "quickstart.py"),
        _ => ("go", "quickstart.go"),
    };
    let version = if tool == "go" { "version" } else { "--version" };
    run(Command::new(tool).arg(version))?;
    std::fs::write(folder.join(name), program).unwrap();
    let mut command = Command::new(tool);
    if tool == "go" {
        // `go run` would leave its child behind.
        run(go(folder).args(["build", "-o", "quickstart", name]))?;
        command = Command::new(folder.join("quickstart"));
    } else {
        command.arg(name);
    }
    command.current_dir(folder);
    Some(command)
}

/// Go in a folder, with a cache of the tests' own.
fn go(folder: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(folder);
    command.env("GOCACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/go"));
    command.env("GOFLAGS", "-buildvcs=false");
    command
}

/// Runs the quickstart of a language as its page says, with a customer who approves.
fn quickstart(language: &str) {
    let fixture = ConsentFixture::start();
    let program = programs(&plain(&fixture.server, "quickstart"), language).remove(0);
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = served(folder.path(), language, &program) else {
        return;
    };
    let mut unset = command
        .env_remove("CLIENT_ID")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    let said = unset.stderr.take().unwrap().read_to_string(&mut told);
    said.unwrap();
    assert!(!unset.wait().unwrap().success(), "{language}: {told}");
    assert!(
        told.contains("Set CLIENT_ID: `client.id` of the app") && told.lines().count() == 1,
        "{language}: {told}"
    );
    let port = free_port();
    let child = command
        .env("CLIENT_ID", fixture.client_id())
        .env("CLIENT_SECRET", text(&fixture.app["clientSecret"]))
        .env("REDIRECT_URI", CALLBACK)
        .env("PORT", port.to_string())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut serving = Serving(child);
    walk(&fixture, port, || {
        let ended = serving.0.try_wait().unwrap();
        assert!(ended.is_none(), "{language} has ended");
    });
    serving.0.kill().unwrap();
    let mut said = String::new();
    let told = serving.0.stderr.take().unwrap().read_to_string(&mut said);
    told.unwrap();
    assert_eq!(said, "", "{language} has nothing to complain of");
}

/// Goes the way of a customer through an app that serves on this port.
fn walk(fixture: &ConsentFixture, port: u16, mut look: impl FnMut()) {
    let first = loop {
        match get(port, "/") {
            Some(answer) => break answer,
            None => std::thread::sleep(Duration::from_millis(50)),
        }
        look();
    };
    let link = first.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("location")
            .then(|| value.to_owned())
    });
    let link = link.unwrap();
    assert!(link.starts_with(&format!(
        "http://{}/oauth/authorize?",
        fixture.server.address
    )));
    let state = parameter(&link, "state");
    let customer = parameter(&link, "customer_ref");
    let (page, _) = fixture.customer(&customer, &[("state", &state)]);
    let Some(repository) = page.repositories().into_iter().next() else {
        return;
    };
    let callback = location(&page.approve(READS, &[&repository]));
    let path = callback.strip_prefix("https://app.example").unwrap();
    let answer = get(port, path).unwrap();
    assert!(answer.contains(" 200 "), "{answer}");
    let counts: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let counts = counts.as_object().unwrap();
    assert!(
        counts.values().all(|count| count.as_u64() > Some(0)),
        "{counts:?}"
    );
    assert_eq!(counts.len(), 1, "{counts:?}");
    // The state was spent.
    let again = get(port, path).unwrap();
    assert!(
        again.contains(" 502 ") && again.contains("nobody who left"),
        "{again}"
    );
}

#[test]
fn the_commands_for_agents_work_when_pasted() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let mut variables = BTreeMap::from([
        ("CLIENT_ID".to_owned(), seed.client_id),
        ("CLIENT_SECRET".to_owned(), seed.client_secret),
    ]);
    let mut commands = programs(&plain(&server, "agents"), "sh").into_iter();
    let mut next = || paste(&commands.next().unwrap(), &mut variables);
    let Some(bought) = next() else {
        return;
    };
    assert!(text(&bought["access_token"]).starts_with("sggmt_"));
    let listed = next().unwrap();
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 21);
    let called = next().unwrap()["result"].clone();
    assert_eq!(called["isError"], false, "{called}");
    assert_eq!(called["structuredContent"]["page_info"]["limit"], 5);
}

#[test]
fn the_quickstart_in_javascript_does_what_it_says() {
    quickstart("js");
}

#[test]
fn the_quickstart_in_python_does_what_it_says() {
    quickstart("python");
}

#[path = "../../examples/quickstart.rs"]
#[expect(dead_code, reason = "its `main` is the example's")]
mod quickstart_in_rust;

#[test]
fn the_quickstart_in_rust_does_what_it_says() {
    let fixture = ConsentFixture::start();
    let base = format!("http://{}", fixture.server.address);
    let program = programs(&plain(&fixture.server, "quickstart"), "rust").remove(0);
    let example = include_str!("../../examples/quickstart.rs");
    let example = &example[example.find("use std").unwrap()..];
    assert_eq!(
        program.replace(&base, "http://127.0.0.1:8080").trim(),
        example.trim(),
        "the page has the example's text"
    );
    let app = gitflare::client::App {
        client_id: fixture.client_id(),
        client_secret: text(&fixture.app["clientSecret"]).into(),
    };
    let app = quickstart_in_rust::app(&base, &base, app, CALLBACK).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
    let listener = listener.unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move { axum::serve(listener, app).await });
    walk(&fixture, port, || {});
    runtime.shutdown_background();
}

#[test]
fn the_quickstart_in_go_does_what_it_says() {
    quickstart("go");
}

/// Runs a command of a document, and keeps for the next ones what it answers.
pub(crate) fn paste(command: &str, variables: &mut BTreeMap<String, String>) -> Option<Value> {
    let output = run(Command::new("sh").args(["-c", command]).envs(&*variables))?;
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{command}: {}", String::from_utf8_lossy(&output.stdout)));
    assert!(answer["error"].is_null(), "{command}: {answer}");
    for (name, at) in [
        ("SESSION_TOKEN", "/sessionToken"),
        ("CLIENT_ID", "/client/id"),
        ("CLIENT_SECRET", "/clientSecret"),
        ("ACCESS_TOKEN", "/accessToken"),
    ] {
        if let Some(value) = answer.pointer(at) {
            variables.insert(name.to_owned(), text(value));
        }
    }
    Some(answer)
}

#[test]
fn the_commands_of_quickstart_and_sessions_work_when_pasted() {
    let mut fixture = ConsentFixture::start();
    let quickstart = plain(&fixture.server, "quickstart");
    let mut commands = programs(&quickstart, "sh").into_iter();
    let mut variables = BTreeMap::from([
        ("REDIRECT_URI".to_owned(), CALLBACK.to_owned()),
        ("CUSTOMER_REF".to_owned(), "42".to_owned()),
        ("EMAIL".to_owned(), "ada@app.example".to_owned()),
        ("PASSWORD".to_owned(), "kind-river-walrus-9".to_owned()),
    ]);
    let mut next = || commands.next().unwrap();
    if paste(&next(), &mut variables).is_none() {
        return;
    }
    fixture.app = paste(&next(), &mut variables).unwrap();
    let (page, _) = fixture.customer("42", &[]);
    let Some(repository) = page.repositories().into_iter().next() else {
        return;
    };
    let callback = location(&page.approve(READS, &[&repository]));
    variables.insert("CODE".to_owned(), parameter(&callback, "code"));
    let exchanged = paste(&next(), &mut variables).unwrap();
    assert_eq!(exchanged["scope"], READS.join(" "));
    let repositories = paste(&next(), &mut variables).unwrap();
    assert_eq!(repositories["data"].as_array().unwrap().len(), 1);
    let renewed = paste(&next(), &mut variables).unwrap();
    assert_ne!(renewed["accessToken"], exchanged["accessToken"]);
    assert_eq!(commands.next(), None);

    for command in programs(&plain(&fixture.server, "sessions"), "sh") {
        paste(&command, &mut variables).unwrap();
    }

    // With the token at hand: the recipe of the sync.
    variables.insert(
        "PROVIDER".to_owned(),
        text(&repositories["data"][0]["provider"]),
    );
    variables.insert(
        "REPOSITORY".to_owned(),
        text(&repositories["data"][0]["id"]),
    );
    let recipe = programs(&plain(&fixture.server, "sync"), "python").remove(0);
    let mut python = Command::new("python3");
    if let Some(output) = run(python.args(["-c", &recipe]).envs(&variables)) {
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(answer["commits"].as_u64() > Some(0), "{answer}");
    }
}

/// Writes the program of a document as a file and runs a line that uses it.
fn used(folder: &Path, tool: &str, program: &str, line: &str) -> Option<Output> {
    let file = if tool == "node" {
        "page.mjs"
    } else {
        "page.py"
    };
    std::fs::write(folder.join(file), program).unwrap();
    let mut command = Command::new(tool);
    if tool == "node" {
        command.args(["--input-type=module", "-e", line]);
    } else {
        command.args(["-c", line]);
    }
    run(command.current_dir(folder))
}

/// Calls the check of the events page for a right body, another one, another time, another key.
const GO_MAIN: &str = r#"package main

import (
	"fmt"
	"net/http"
	"time"
)

func main() {
	h := http.Header{}
	h.Set("webhook-id", "evt_1")
	h.Set("webhook-timestamp", "1800000000")
	h.Set("webhook-signature", "v1,AAAA v1,RIGHT")
	at := time.Unix(1800000000, 0)
	body := []byte("BODY")
	fmt.Println(IsOurs("SECRET", h, body, at), IsOurs("SECRET", h, append(body, ' '), at),
		IsOurs("SECRET", h, body, at.Add(301*time.Second)), IsOurs("whsec_AAAA", h, body, at))
}
"#;

#[test]
fn the_signature_checks_of_the_events_page_tell_right_from_wrong() {
    let server = Server::start();
    let page = plain(&server, "events");
    let folder = tempfile::tempdir().unwrap();
    let (id, at, sent) = ("evt_1", "1800000000", r#"{"type":"push"}"#);
    let mut mac = Hmac::<Sha256>::new_from_slice(b"a key of the subscription").unwrap();
    mac.update(format!("{id}.{at}.{sent}").as_bytes());
    let right = STANDARD.encode(mac.finalize().into_bytes());
    let secret = format!("whsec_{}", STANDARD.encode("a key of the subscription"));
    let headers = format!(
        r#"{{"webhook-id": "{id}", "webhook-timestamp": "{at}", "webhook-signature": "v1,AAAA v1,{right}"}}"#
    );
    let node = format!(
        "import {{ isOurs }} from './page.mjs'; const h = {headers}; const b = '{sent}';\
         console.log(isOurs('{secret}', h, b, {at}), isOurs('{secret}', h, b + ' ', {at}),\
         isOurs('{secret}', h, b, {at} + 301), isOurs('whsec_AAAA', h, b, {at}))"
    );
    let python = format!(
        "from page import is_ours; h = {headers}; b = b'{sent}'\n\
         print(*(str(it).lower() for it in (is_ours('{secret}', h, b, {at}), is_ours('{secret}', h, b + b' ', {at}),\
         is_ours('{secret}', h, b, {at} + 301), is_ours('whsec_AAAA', h, b, {at}))))"
    );
    for (tool, language, line) in [("node", "js", node), ("python3", "python", python)] {
        let program = programs(&page, language).remove(0);
        if let Some(output) = used(folder.path(), tool, &program, &line) {
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(said.trim(), "true false false false", "{tool}");
        }
    }
    let program = programs(&page, "go").remove(0);
    std::fs::write(folder.path().join("page.go"), program).unwrap();
    std::fs::write(
        folder.path().join("main.go"),
        GO_MAIN
            .replace("SECRET", &secret)
            .replace("RIGHT", &right)
            .replace("BODY", &sent.replace('"', "\\\"")),
    )
    .unwrap();
    if let Some(output) = run(go(folder.path()).args(["run", "page.go", "main.go"])) {
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.trim(), "true false false false", "go");
    }
    // The program of the page is the one that is compiled here.
    let program = programs(&page, "rust").remove(0);
    assert_eq!(program, include_str!("signature.rs").trim_end());
    let sent_headers = format!("v1,AAAA v1,{right}");
    let header = |name: &str| match name {
        "webhook-id" => Some(id),
        "webhook-timestamp" => Some(at),
        "webhook-signature" => Some(sent_headers.as_str()),
        _ => None,
    };
    let now: i64 = at.parse().unwrap();
    let told = [
        is_ours(&secret, header, sent.as_bytes(), now),
        is_ours(&secret, header, format!("{sent} ").as_bytes(), now),
        is_ours(&secret, header, sent.as_bytes(), now + 301),
        is_ours("whsec_AAAA", header, sent.as_bytes(), now),
        is_ours(&secret, |_| None, sent.as_bytes(), now),
    ];
    assert_eq!(told, [true, false, false, false, false], "rust");
    std::fs::write(folder.path().join("body.json"), sent).unwrap();
    let command = programs(&page, "sh").pop().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).current_dir(folder.path());
    shell.envs([
        ("SECRET", secret.as_str()),
        ("WEBHOOK_ID", id),
        ("WEBHOOK_TIMESTAMP", at),
    ]);
    if let Some(output) = run(&mut shell) {
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), right);
    }
}

#[test]
fn the_signed_links_of_the_guide_open_a_workspace_with_connections() {
    let fixture = ConsentFixture::start();
    let page = plain(&fixture.server, "guide");
    let folder = tempfile::tempdir().unwrap();
    // Now it has a connection, and a fresh browser sees nothing of it without a signature.
    fixture.customer("42", &[]);
    let link = format!(
        "http://{}{}",
        fixture.server.address,
        fixture.link(&[("customer_ref", "42")])
    );
    let (id, secret) = (fixture.client_id(), text(&fixture.app["embedSecret"]));
    let seconds = gitflare_core::Clock::now(&*fixture.clock).as_seconds();
    let node = format!(
        "import {{ signedLink }} from './page.mjs'; Date.now = () => {seconds}000;\
         console.log(signedLink('{link}', '{id}', '42', '{secret}'))"
    );
    let python = format!(
        "import page; page.time.time = lambda: {seconds}\n\
         print(page.signed_link('{link}', '{id}', '42', '{secret}'))"
    );
    for (tool, language, line) in [("node", "js", node), ("python3", "python", python)] {
        let program = programs(&page, language).remove(0);
        let Some(output) = used(folder.path(), tool, &program, &line) else {
            continue;
        };
        let signed = String::from_utf8(output.stdout).unwrap();
        let target = signed
            .trim()
            .split_once(&fixture.server.address.to_string())
            .unwrap()
            .1;
        let opened = ConsentPage::open(&fixture.server.client(), target);
        assert!(!opened.repositories().is_empty(), "{tool}: {}", opened.html);
    }
}
