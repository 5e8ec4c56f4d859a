//! Clients that a document describes, from a server that serves whatever it is told to.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::{LISTENING, Owner, REDIRECT, call, exchange, fixture, link, refreshed};
use crate::contract::{
    accounts::developer,
    support::{
        consent::{ConsentPage, body},
        parameter, text,
    },
};

const ADDRESS: &str = "https://agent.example/client.json";

/// A host of documents: answers every request with the bytes that it holds.
struct Host {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<AtomicUsize>,
}

impl Host {
    fn serving(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = Self {
            address: listener.local_addr().unwrap(),
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
        };
        let (answer, asked) = (Arc::clone(&host.answer), Arc::clone(&host.asked));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(mut socket) = socket else { return };
                let mut head = [0; 4096];
                let _ = socket.read(&mut head);
                asked.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().unwrap().clone();
                let _ = socket.write_all(&answer);
            }
        });
        host
    }

    fn serves(&self, answer: Vec<u8>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn document(more: &Value) -> Value {
    let mut document = json!({
        "client_id": ADDRESS,
        "client_name": "Trusted Bank",
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "none",
    });
    for (name, value) in more.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn served(document: &Value) -> Vec<u8> {
    ok(
        "content-type: application/json\r\n",
        document.to_string().as_bytes(),
    )
}

#[test]
fn a_client_of_a_document_signs_in_under_its_host() {
    let host = Host::serving(served(&document(
        &json!({"logo_uri": "https://evil.example/x.png"}),
    )));
    let fixture = fixture(Some(host.address));
    let server = &fixture.server;
    // Nothing is fetched for a stranger.
    let stranger = server.client().get(&link(server, ADDRESS, &[]));
    let leads = crate::contract::support::consent::location(&stranger);
    assert!(leads.starts_with("/app/login?returnTo="), "{leads}");
    assert_eq!(host.asked(), 0);

    let owner = Owner::of(&fixture, ADDRESS, "grace@mail.example");
    assert_eq!(host.asked(), 1, "it is asked once while it is good");
    for words in [
        "agent.example wants to read",
        ADDRESS,
        "“Trusted Bank”, a name that anybody can choose",
        "<strong>localhost:45123</strong>",
        "goes to a program on <strong>this computer</strong>",
    ] {
        assert!(owner.page.html.contains(words), "{words}");
    }
    assert!(!owner.page.html.contains("Trusted Bank wants"));
    assert!(!owner.page.html.contains("evil.example"));
    let leads = owner.approve(&["read:branches"]);
    assert!(leads.starts_with(LISTENING));
    let code = parameter(&leads, "code");
    let tokens = exchange(server, ADDRESS, &json!({"code": code})).ok();
    let read = call(server, &tokens["access_token"], "list_branches").ok();
    assert_eq!(read["result"]["isError"], false);
    let next = refreshed(server, ADDRESS, &tokens["refresh_token"], &json!({})).ok();
    assert!(text(&next["refresh_token"]).starts_with("sggrt_"));
}

#[test]
fn a_name_is_shown_as_text_whatever_it_holds() {
    for name in [
        "<script>alert(1)</script>",
        "\u{202e}knaB detsurT",
        "GitHub\u{200b}",
        "\"><img src=x onerror=alert(1)>",
        "Sign in \n\n to approve",
        "&lt;b&gt;",
    ] {
        let host = Host::serving(served(&document(&json!({"client_name": name}))));
        let fixture = fixture(Some(host.address));
        let owner = developer(&fixture.server, "grace@mail.example");
        let page = ConsentPage::open(&owner, &link(&fixture.server, ADDRESS, &[]));
        assert!(
            page.html.contains("<h1>agent.example wants to read"),
            "{name}"
        );
        for forbidden in ["<script>alert", "<img src=x", "\u{202e}", "\u{200b}"] {
            assert!(!page.html.contains(forbidden), "{name}");
        }
    }
}

#[test]
fn hostile_documents_are_no_clients() {
    let text = |kind: &str, body: &str| ok(&format!("content-type: {kind}\r\n"), body.as_bytes());
    let of = |more: Value| served(&document(&more));
    let good = document(&json!({})).to_string();
    let without = |name: &str| {
        let mut document = document(&json!({}));
        document.as_object_mut().unwrap().remove(name);
        served(&document)
    };
    let status = |line: &str, more: &str| {
        format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n{more}\r\n")
            .into_bytes()
    };
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let huge = format!("{{\"x\":\"{}\",{}", "y".repeat(70_000), &good[1..]);
    let headers: String = (0..200)
        .map(|number| format!("x-{number}: 1\r\n"))
        .collect();
    let endless = {
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec();
        answer.extend(std::iter::repeat_n(b' ', 200_000));
        answer
    };
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("another id", of(json!({"client_id": "https://agent.example/other.json"}))),
        ("another host's id", of(json!({"client_id": "https://bank.example/client.json"}))),
        ("an id in capitals", of(json!({"client_id": "https://AGENT.example/client.json"}))),
        ("an id with a slash", of(json!({"client_id": "https://agent.example/client.json/"}))),
        ("an id with a fragment", of(json!({"client_id": "https://agent.example/client.json#"}))),
        ("no id", without("client_id")),
        ("a null id", of(json!({"client_id": null}))),
        ("a list of ids", of(json!({"client_id": [ADDRESS]}))),
        ("no redirect", without("redirect_uris")),
        ("an empty list of redirects", of(json!({"redirect_uris": []}))),
        ("a plain redirect", of(json!({"redirect_uris": ["http://evil.example/cb"]}))),
        ("a script", of(json!({"redirect_uris": ["javascript:alert(1)"]}))),
        ("a wildcard", of(json!({"redirect_uris": ["https://*.example/cb"]}))),
        ("one bad redirect among good ones", of(json!({"redirect_uris": [REDIRECT, "http://10.0.0.1/cb"]}))),
        ("a number that is this computer", of(json!({"redirect_uris": ["https://2130706433/cb"]}))),
        ("half an address", of(json!({"redirect_uris": ["https://127.1/cb"]}))),
        ("too many redirects", of(json!({"redirect_uris": vec![REDIRECT; 21]}))),
        ("a secret", of(json!({"client_secret": "shared"}))),
        ("a method with a secret", of(json!({"token_endpoint_auth_method": "client_secret_post"}))),
        ("a method with a key", of(json!({"token_endpoint_auth_method": "private_key_jwt"}))),
        ("another grant alone", of(json!({"grant_types": ["client_credentials"]}))),
        ("another response", of(json!({"response_types": ["token"]}))),
        ("another kind", of(json!({"application_type": "x"}))),
        ("a member of another type", of(json!({"client_name": 7}))),
        ("a list", text("application/json", "[]")),
        ("a text", text("application/json", "\"https://agent.example\"")),
        ("nothing", text("application/json", "")),
        ("half a document", text("application/json", &good[..good.len() / 2])),
        ("something behind it", text("application/json", &format!("{good}{{}}"))),
        ("a member twice", text("application/json", &format!("{{\"client_id\":\"x\",{}", &good[1..]))),
        ("a deep document", text("application/json", &format!("{{\"x\":{deep},{}", &good[1..]))),
        ("a huge document", text("application/json", &huge)),
        ("an endless document", endless),
        ("bytes that are no text", ok("content-type: application/json\r\n", &[0xff, 0xfe, 0x00])),
        ("a page", text("text/html", &good)),
        ("a text file", text("text/plain", &good)),
        ("no type", ok("", good.as_bytes())),
        ("a redirect to itself", status("302 Found", "location: /client.json\r\n")),
        ("a redirect inside", status("302 Found", "location: http://127.0.0.1:1/\r\n")),
        ("a redirect to metadata", status("307 Temporary Redirect", "location: http://169.254.169.254/\r\n")),
        ("a redirect elsewhere", status("301 Moved Permanently", "location: https://evil.example/\r\n")),
        ("nothing there", status("404 Not Found", "")),
        ("no longer there", status("410 Gone", "")),
        ("a broken host", status("500 Internal Server Error", "")),
        ("created", format!("HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{good}", good.len()).into_bytes()),
        ("no content", status("204 No Content", "")),
        ("too many headers", ok(&format!("content-type: application/json\r\n{headers}"), good.as_bytes())),
        ("no HTTP", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
        ("a broken head", b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n".to_vec()),
        ("less than announced", format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{good}").into_bytes()),
        ("a broken chunk", format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{good}").into_bytes()),
        ("a hung-up call", Vec::new()),
    ];
    assert!(table.len() >= 50);
    let host = Host::serving(Vec::new());
    let fixture = fixture(Some(host.address));
    let server = &fixture.server;
    let owner = developer(server, "grace@mail.example");
    for (number, (what, answer)) in table.into_iter().enumerate() {
        // Each under an address of its own: a refusal is remembered.
        let address = format!("https://agent.example/{number}.json");
        let answer = String::from_utf8(answer)
            .map_or_else(std::string::FromUtf8Error::into_bytes, |text| {
                with_length(&text.replace(&format!("\"{ADDRESS}\""), &format!("\"{address}\"")))
            });
        host.serves(answer);
        let page = owner.get(&link(server, &address, &[]));
        assert_eq!(
            (page.status, page.header("location")),
            (400, None),
            "{what}"
        );
        assert!(!body(&page).contains("Trusted Bank"), "{what}");
    }
    assert_eq!(
        server.admin().get("/v1/platform/clients?limit=100").ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "the app of the fixture alone"
    );
}

/// An answer whose announced length is that of its body, where it announced the right one.
fn with_length(answer: &str) -> Vec<u8> {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return answer.as_bytes().to_vec();
    };
    if head.contains("content-length: 9999")
        || !head.contains("content-length: ")
        || body.is_empty()
    {
        return answer.as_bytes().to_vec();
    }
    let (before, rest) = head.split_once("content-length: ").unwrap();
    let after = rest.split_once("\r\n").map_or("", |(_, after)| after);
    format!(
        "{before}content-length: {}\r\n{after}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[test]
fn hosts_are_let_in_one_by_one() {
    use gitflare_core::gateway::PublicClientRule;

    use crate::contract::support::{ServerOptions, consent::ConsentFixture};

    let host = Host::serving(served(&document(&json!({}))));
    for (rules, status) in [
        (vec![], 400),
        (vec![PublicClientRule::Registration], 400),
        (vec![PublicClientRule::Host("other.example".into())], 400),
        (vec![PublicClientRule::Host("agent.example".into())], 200),
        (vec![PublicClientRule::AnyHost], 200),
    ] {
        let fixture = ConsentFixture::at(ServerOptions {
            public_clients: rules.clone(),
            document_hosts: vec![("agent.example".to_owned(), host.address)],
            ..ServerOptions::default()
        });
        let owner = developer(&fixture.server, "grace@mail.example");
        let answer = owner.get(&link(&fixture.server, ADDRESS, &[]));
        assert_eq!(answer.status, status, "{rules:?}");
        let registered = super::register(&fixture.server, &json!({"redirect_uris": [REDIRECT]}));
        let expected = match rules.contains(&PublicClientRule::Registration) {
            true => 201,
            false => 404,
        };
        assert_eq!(registered.status, expected, "{rules:?}");
    }
}
