//! What a client may take up: sizes at their boundaries, time, connections.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use gitflare_server::Limits;

use crate::contract::support::{Client, Response, Server, ServerOptions, read_answer};

/// Limits that a test can wait for.
fn short() -> Limits {
    let mut limits = Limits::default();
    limits.head_timeout = Duration::from_millis(300);
    limits.idle_timeout = Duration::from_millis(600);
    limits.body_timeout = Duration::from_millis(600);
    limits.body_grace = Duration::from_millis(300);
    limits
}

fn with(limits: Limits) -> Server {
    Server::with(ServerOptions {
        limits,
        ..ServerOptions::default()
    })
}

/// What comes until the server closes the connection.
fn rest(mut socket: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match socket.read_to_end(&mut bytes) {
        Ok(_) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => bytes,
        Err(error) => panic!("not closed: {error}"),
    }
}

/// A head of exactly so many bytes.
fn head_of(client: &Client, length: usize) -> Vec<u8> {
    let start = format!(
        "GET /health HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nx-fill: ",
        client.host()
    );
    let fill = "a".repeat(length - start.len() - 4);
    format!("{start}{fill}\r\n\r\n").into_bytes()
}

#[test]
fn a_head_has_at_most_16_kibibytes() {
    // sec: HT-2
    let server = Server::start();
    let client = server.client();
    for (length, status) in [
        (16_383, 200),
        (16_384, 200),
        (16_385, 431),
        (20_000, 431),
        (200_000, 431),
    ] {
        let answer = Response::parse(&client.raw(&head_of(&client, length)));
        assert_eq!(answer.status, status, "{length}");
        if status == 431 {
            assert_eq!(answer.code(), "INVALID_REQUEST", "{length}");
        }
    }
}

#[test]
fn a_head_has_at_most_64_fields() {
    // sec: HT-2
    let server = Server::start();
    let client = server.client();
    for (count, status) in [(63, 200), (64, 200), (65, 431)] {
        let mut request = client
            .request("GET", "/health")
            .header("connection", "close");
        for n in 2..count {
            request = request.header(&format!("x-{n}"), "1");
        }
        assert_eq!(
            Response::parse(&client.raw(&request.bytes())).status,
            status,
            "{count}"
        );
    }
}

#[test]
fn a_target_has_at_most_8_kibibytes() {
    // sec: HT-2
    let server = Server::start();
    for (length, status) in [(8191, 200), (8192, 200), (8193, 414)] {
        let target = format!("/health?a={}", "b".repeat(length - "/health?a=".len()));
        let answer = server.client().get(&target);
        assert_eq!(answer.status, status, "{length}");
        if status == 414 {
            assert_eq!(answer.code(), "INVALID_REQUEST");
        }
    }
}

#[test]
fn a_body_has_at_most_its_routes_bytes() {
    // sec: HT-2
    let server = Server::start();
    let padded = |length: usize| format!("{{}}{}", " ".repeat(length - 2)).into_bytes();
    let missing = (400, "INVALID_REQUEST");
    let no_client = (401, "INVALID_CREDENTIALS");
    for (target, max, read) in [
        ("/v1/platform/tenants", 64 * 1024, missing),
        ("/v1/platform/tokens", 8 * 1024, no_client),
        ("/oauth/token", 8 * 1024, no_client),
    ] {
        let too_large = (413, "INVALID_REQUEST");
        for (length, expected) in [(max - 1, read), (max, read), (max + 1, too_large)] {
            let request = server.admin().request("POST", target);
            let answer = request.body("application/json", padded(length)).send();
            let (status, code) = answer.refusal();
            assert_eq!((status, code.as_str()), expected, "{target} {length}");
        }
    }
}

#[test]
fn a_chunked_body_cannot_hide_its_size() {
    // sec: HT-2
    let server = Server::start();
    let client = server.client();
    let mut bytes = format!(
        "POST /oauth/token HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        client.host()
    );
    for _ in 0..9 {
        bytes += &format!("400\r\n{}\r\n", " ".repeat(1024));
    }
    let answer = Response::parse(&client.raw(bytes.as_bytes()));
    assert_eq!(answer.refusal(), (413, "INVALID_REQUEST".to_owned()));
}

#[test]
fn a_half_sent_head_is_answered_and_closed_in_time() {
    // sec: HT-1
    let server = with(short());
    for sent in ["GET /health HTTP/1.1\r\nhos", "G"] {
        let mut socket = server.client().connect();
        socket.write_all(sent.as_bytes()).unwrap();
        let answer = Response::parse(&rest(socket));
        assert_eq!(
            answer.refusal(),
            (408, "INVALID_REQUEST".to_owned()),
            "{sent}"
        );
    }
}

#[test]
fn a_head_that_drips_is_closed_in_time() {
    // sec: HT-1
    let server = with(short());
    let mut socket = server.client().connect();
    let started = Instant::now();
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let mut byte = [0];
    // Each byte restarts an idle timer; the head's own deadline does not move.
    while started.elapsed() < Duration::from_secs(10) {
        let _ = socket.write_all(b"a");
        match socket.read(&mut byte) {
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            _ => break,
        }
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    // sec: HT-1
    let server = with(short());
    assert_eq!(rest(server.client().connect()), b"");
    let mut socket = server.client().connect();
    socket
        .write_all(&server.client().request("GET", "/health").bytes())
        .unwrap();
    assert_eq!(read_answer(&mut socket).status, 200);
    assert_eq!(rest(socket), b"");
}

#[test]
fn a_connection_may_be_idle_longer_than_a_head_may_take() {
    let mut limits = Limits::default();
    limits.head_timeout = Duration::from_millis(100);
    limits.idle_timeout = Duration::from_secs(20);
    let server = with(limits);
    let request = server.client().request("GET", "/health").bytes();
    let mut socket = server.client().connect();
    for _ in 0..3 {
        socket.write_all(&request).unwrap();
        assert_eq!(read_answer(&mut socket).status, 200);
        // Three times the head's time, in which the server must not close.
        socket
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let mut byte = [0];
        assert!(
            socket.read(&mut byte).is_err(),
            "the server closed an idle connection"
        );
    }
}

#[test]
fn a_body_that_does_not_arrive_is_answered_in_time() {
    // sec: HT-1
    let server = with(short());
    let client = server.client();
    for body in ["", "{", "{\"grant_type\":"] {
        let mut socket = client.connect();
        let head = format!(
            "POST /oauth/token HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{body}",
            client.host()
        );
        socket.write_all(head.as_bytes()).unwrap();
        let answer = Response::parse(&rest(socket));
        assert_eq!(
            answer.refusal(),
            (408, "INVALID_REQUEST".to_owned()),
            "{body}"
        );
        assert_eq!(answer.header("connection"), Some("close"));
    }
}

#[test]
fn connections_beyond_the_cap_are_closed_and_come_back_when_there_is_room() {
    // sec: HT-1
    let (mut in_all, mut of_one_address) = (Limits::default(), Limits::default());
    in_all.connections = 3;
    of_one_address.connections_per_address = 3;
    for limits in [in_all, of_one_address] {
        let server = with(limits);
        let request = server.client().request("GET", "/health").bytes();
        let mut open: Vec<_> = (0..3).map(|_| server.client().connect()).collect();
        for socket in &mut open {
            socket.write_all(&request).unwrap();
            assert_eq!(read_answer(socket).status, 200);
        }
        assert_eq!(rest(server.client().connect()), b"");
        drop(open);
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let mut socket = server.client().connect();
            let _ = socket.write_all(&request);
            if !rest_of_one(socket).is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "no room came free");
        }
    }
}

/// The first bytes of an answer, or none when the server closed.
fn rest_of_one(mut socket: TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    let count = socket.read(&mut bytes).unwrap_or(0);
    bytes.truncate(count);
    bytes
}

#[test]
fn many_idle_connections_do_not_keep_others_out() {
    // sec: HT-1
    let count = if std::env::var_os("CI_DRILLS").is_some() {
        400
    } else {
        100
    };
    let server = with(short());
    let idle: Vec<_> = (0..count).map(|_| server.client().connect()).collect();
    for _ in 0..20 {
        assert_eq!(server.client().get("/health").status, 200);
    }
    for socket in idle {
        assert_eq!(rest(socket), b"");
    }
}
