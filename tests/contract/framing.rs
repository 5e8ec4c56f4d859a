//! Requests that could be read in two ways are refused, and nothing behind them is ever run.
//! Everything here goes over raw sockets.

use std::io::{Read, Write};

use crate::contract::support::{Response, Server};

/// Runs when a server takes the bytes behind a message for a request: nothing else requests this path.
const CANARY: &str = "GET /canary HTTP/1.1\r\nhost: HOST\r\n\r\n";

/// Sends `bytes` with a canary behind them and checks that the connection closed with at most one
/// answer, of one of these statuses.
fn check(server: &Server, what: &str, bytes: &str, statuses: &[u16]) {
    let client = server.client();
    let sent = format!("{bytes}{CANARY}").replace("HOST", &client.host());
    let answer = client.raw(sent.as_bytes());
    let text = String::from_utf8_lossy(&answer);
    let count = text.matches("HTTP/1.1 4").count() + text.matches("HTTP/1.1 2").count();
    assert!(count <= 1, "{what}: more than one answer: {text}");
    if count == 1 {
        let response = Response::parse(&answer);
        assert!(
            statuses.contains(&response.status),
            "{what}: {} {text}",
            response.status
        );
        // Where HTTP lets a server go by the coding alone, the empty body lacks a client.
        let code = match response.status {
            401 => "INVALID_CREDENTIALS",
            _ => "INVALID_REQUEST",
        };
        if response.status >= 400 {
            assert_eq!(response.code(), code, "{what}");
        }
        assert_eq!(response.header("connection"), Some("close"), "{what}");
    } else {
        assert!(statuses.is_empty(), "{what}: no answer");
    }
}

const HEAD: &str =
    "POST /v1/platform/tokens HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\n";

#[test]
fn a_message_with_two_meanings_is_refused_and_nothing_behind_it_runs() {
    // sec: HT-4
    let server = Server::start();
    for (what, rest) in [
        (
            "length, then chunked",
            "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunked, then length",
            "transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunked and length 0",
            "transfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "two lengths",
            "content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        ),
        ("a list of lengths", "content-length: 2, 3\r\n\r\n{}"),
        ("a signed length", "content-length: +2\r\n\r\n{}"),
        ("a negative length", "content-length: -2\r\n\r\n{}"),
        ("a length in hex", "content-length: 0x2\r\n\r\n{}"),
        ("an empty length", "content-length:\r\n\r\n{}"),
        (
            "a length that overflows",
            "content-length: 18446744073709551618\r\n\r\n{}",
        ),
        (
            "a length with a space inside",
            "content-length: 2 2\r\n\r\n{}",
        ),
        (
            "a coding before chunked",
            "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "a coding after chunked",
            "transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        ),
        (
            "identity before chunked",
            "transfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunked twice",
            "transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunked in two headers",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("gzip alone", "transfer-encoding: gzip\r\n\r\n"),
        ("identity alone", "transfer-encoding: identity\r\n\r\n{}"),
        (
            "quoted chunked",
            "transfer-encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunked with a parameter",
            "transfer-encoding: chunked;a=b\r\n\r\n0\r\n\r\n",
        ),
        (
            "an unknown coding",
            "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        ),
        ("an empty coding", "transfer-encoding:\r\n\r\n0\r\n\r\n"),
        (
            "vertical tab before chunked",
            "transfer-encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
        ),
        ("space before a colon", "content-length : 2\r\n\r\n{}"),
        ("tab before a colon", "content-length\t: 2\r\n\r\n{}"),
        (
            "space before the coding's colon",
            "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        ),
        ("a folded header", "x-long: a\r\n b\r\n\r\n"),
        (
            "a folded coding",
            "transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "a header that begins with a space",
            " content-length: 2\r\n\r\n{}",
        ),
        ("NUL in a value", "x-nul: a\0b\r\n\r\n"),
        ("NUL in a name", "x\0nul: a\r\n\r\n"),
        ("a bare CR in a value", "x-cr: a\rb\r\n\r\n"),
        ("a bare CR before the end", "x-cr: a\r\r\n\r\n"),
        ("a header without colon", "nonsense\r\n\r\n"),
        ("a header without name", ": value\r\n\r\n"),
        ("a delimiter in a name", "x(y): z\r\n\r\n"),
    ] {
        let statuses: &[u16] = match what {
            // RFC 9112, section 6.3: the coding overrides the length, and the connection closes.
            "chunked and length 0" => &[400, 401],
            _ => &[400],
        };
        check(&server, what, &format!("{HEAD}{rest}"), statuses);
    }
}

#[test]
fn a_body_with_broken_chunks_is_refused_and_nothing_behind_it_runs() {
    // sec: HT-4
    let server = Server::start();
    let head = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
    for (what, chunks) in [
        ("no size", "\r\n{}\r\n0\r\n\r\n"),
        ("a size that is no number", "zz\r\n{}\r\n0\r\n\r\n"),
        ("a size with a prefix", "0x2\r\n{}\r\n0\r\n\r\n"),
        ("a negative size", "-2\r\n{}\r\n0\r\n\r\n"),
        (
            "a size that overflows",
            "ffffffffffffffff2\r\n{}\r\n0\r\n\r\n",
        ),
        ("a size ended by LF", "2\n{}\r\n0\r\n\r\n"),
        ("a size ended by CR", "2\r{}\r\n0\r\n\r\n"),
        ("a chunk longer than its size", "2\r\n{}}\r\n0\r\n\r\n"),
        ("a chunk ended by LF", "2\r\n{}\n0\r\n\r\n"),
        ("a chunk ended by nothing", "2\r\n{}0\r\n\r\n"),
        ("a chunk ended by other bytes", "2\r\n{}XX0\r\n\r\n"),
    ] {
        check(&server, what, &format!("{head}{chunks}"), &[400]);
    }
}

#[test]
fn a_request_line_that_is_not_http_1_is_refused() {
    // sec: HT-4
    let server = Server::start();
    for (what, line) in [
        (
            "a version to come",
            "GET /health HTTP/3.0\r\nhost: HOST\r\n\r\n",
        ),
        ("no version", "GET /health\r\nhost: HOST\r\n\r\n"),
        (
            "two targets",
            "GET /health /v1/me HTTP/1.1\r\nhost: HOST\r\n\r\n",
        ),
        (
            "NUL in the target",
            "GET /hea\0lth HTTP/1.1\r\nhost: HOST\r\n\r\n",
        ),
        (
            "a bare CR in the target",
            "GET /hea\rlth HTTP/1.1\r\nhost: HOST\r\n\r\n",
        ),
        (
            "a method with a delimiter",
            "G(T /health HTTP/1.1\r\nhost: HOST\r\n\r\n",
        ),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n"),
    ] {
        check(&server, what, line, &[400]);
    }
}

#[test]
fn the_connection_closes_behind_a_refused_length_or_coding() {
    let server = Server::start();
    let body = "x".repeat(70_000);
    let too_large = format!("{HEAD}content-length: 70000\r\n\r\n{body}");
    check(&server, "a large body", &too_large, &[413]);
    let encoded = format!("{HEAD}content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{{}}");
    check(&server, "an encoded body", &encoded, &[415]);
}

#[test]
fn a_request_has_exactly_one_host_and_it_is_ours() {
    // sec: HT-3
    let server = Server::start();
    let port = server.address.port();
    let ours = format!("127.0.0.1:{port}");
    for (what, line, hosts, status) in [
        ("ours", "/health", vec![ours.clone()], 200),
        (
            "localhost with its port",
            "/health",
            vec![format!("localhost:{port}")],
            200,
        ),
        ("none", "/health", vec![], 400),
        ("two", "/health", vec![ours.clone(), ours.clone()], 400),
        (
            "two that differ",
            "/health",
            vec![ours.clone(), "evil.example".into()],
            400,
        ),
        ("unknown", "/health", vec!["evil.example".into()], 400),
        ("without its port", "/health", vec!["127.0.0.1".into()], 400),
        (
            "with another port",
            "/health",
            vec!["127.0.0.1:1".into()],
            400,
        ),
        (
            "with something behind",
            "/health",
            vec![format!("{ours}.evil.example")],
            400,
        ),
        (
            "with user information",
            "/health",
            vec![format!("user@{ours}")],
            400,
        ),
        ("empty", "/health", vec![String::new()], 400),
        (
            "a list",
            "/health",
            vec![format!("{ours}, evil.example")],
            400,
        ),
        (
            "absolute target of ours",
            &format!("http://{ours}/health"),
            vec![ours.clone()],
            200,
        ),
        (
            "absolute target of another",
            "http://evil.example/health",
            vec![ours.clone()],
            400,
        ),
        (
            "absolute target, other host",
            &format!("http://{ours}/health"),
            vec!["evil.example".into()],
            400,
        ),
        (
            "absolute target of localhost",
            &format!("http://localhost:{port}/health"),
            vec![ours.clone()],
            400,
        ),
        (
            "absolute target with a user",
            &format!("http://user@{ours}/health"),
            vec![ours.clone()],
            400,
        ),
        (
            "absolute target, no host",
            &format!("http://{ours}/health"),
            vec![],
            400,
        ),
    ] {
        let hosts: String = hosts
            .iter()
            .map(|host| format!("host: {host}\r\n"))
            .collect();
        let bytes = format!("GET {line} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        let answer = Response::parse(&server.client().raw(bytes.as_bytes()));
        assert_eq!(answer.status, status, "{what}");
        if status == 400 {
            assert_eq!(answer.code(), "INVALID_REQUEST", "{what}");
        }
    }
}

#[test]
fn requests_that_follow_one_another_are_all_answered() {
    let server = Server::start();
    let client = server.client();
    let one = format!("GET /health HTTP/1.1\r\nhost: {}\r\n\r\n", client.host());
    let last = one.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let answers = client.raw(format!("{one}{one}{last}").as_bytes());
    let text = String::from_utf8(answers).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3, "{text}");
}

#[test]
fn a_chunked_body_is_read_as_one() {
    let server = Server::start();
    let client = server.client();
    let mut socket = client.connect();
    let head = HEAD.replace("HOST", &client.host());
    socket
        .write_all(
            format!("{head}transfer-encoding: chunked\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .unwrap();
    for part in [
        "1\r\n{\r\n",
        "e;ext=1\r\n\"grant_type\":1\r\n",
        "1\r\n}\r\n0\r\n\r\n",
    ] {
        socket.write_all(part.as_bytes()).unwrap();
    }
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let answer = Response::parse(&answer);
    assert_eq!(answer.message(), "`grant_type` must be a string.");
}

#[test]
fn a_client_that_stops_sending_still_gets_its_answer() {
    let server = Server::start();
    let client = server.client();
    let mut socket = client.connect();
    socket
        .write_all(&client.request("GET", "/health").bytes())
        .unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert_eq!(Response::parse(&answer).status, 200);
}
