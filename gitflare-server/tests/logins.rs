//! A thousand people with the wrong password at once, half of them gone before they are answered:
//! the others are served, memory stays small, and no account is locked.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its ground is not as expected"
)]

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::support::Gitflare;
use serde_json::json;

#[test]
fn a_thousand_logins_at_once_leave_room_for_everybody_else() {
    // sec: PW-2
    let folder = tempfile::tempdir().unwrap();
    // Each comes from an address of its own, so that no throttle helps.
    let settings = [("GITFLARE_TRUSTED_PROXIES", "127.0.0.1".to_owned())];
    let server = Gitflare::start_with(&folder.path().join("data"), &settings);
    let person = json!({"email": "ada@mail.example", "password": "several unrelated words"});
    let sign = |path| server.send("POST", path, &[], Some(&person)).unwrap();
    sign("/app/signup").expect(201);
    let before = server.resident();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut answered = 0;
            while !over.load(Ordering::Relaxed) {
                server
                    .send("GET", "/health", &[], None)
                    .unwrap()
                    .expect(200);
                answered += 1;
            }
            answered
        });
        let waiting: Vec<_> = (0..1000)
            .filter_map(|number| {
                let stream = attempt(&server, number);
                if number % 2 == 0 {
                    stream.shutdown(Shutdown::Both).unwrap();
                    return None;
                }
                Some(stream)
            })
            .collect();
        let statuses: Vec<_> = waiting.into_iter().map(status).collect();
        over.store(true, Ordering::Relaxed);
        assert!(statuses.contains(&401), "no attempt was answered");
        assert!(
            statuses.iter().all(|status| matches!(status, 401 | 429)),
            "{statuses:?}"
        );
        assert!(others.join().unwrap() > 0);
    });
    if let (Some(before), Some(after)) = (before, server.resident()) {
        let grown = after.saturating_sub(before);
        assert!(grown < 150, "{grown} MiB more");
    }
    sign("/app/login").expect(200);
}

/// Sends a login with a wrong password.
fn attempt(server: &Gitflare, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let body = json!({"email": "ada@mail.example", "password": format!("the wrong one {number}")});
    let body = body.to_string();
    let request = format!(
        "POST /app/login HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nx-forwarded-for: 10.9.{}.{}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        server.address(),
        number / 250,
        number % 250,
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn status(mut stream: TcpStream) -> u16 {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}
