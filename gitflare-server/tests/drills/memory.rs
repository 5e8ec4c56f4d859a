//! One node with 256 connections that stay: each reads again and again, and what the process holds
//! levels off. Ten minutes' worth of reads under `CI_DRILLS=1`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use gitflare_server::sandbox::sample;

use crate::{
    process::seeded_token,
    support::{Gitflare, load::rounds},
};

const CONNECTIONS: usize = 256;
/// Connections of one thread.
const PER_THREAD: usize = 32;
/// What may come and go with the allocator's arenas, in MiB.
const SWING: u64 = 12;

/// Reads once over a connection that stays; the status.
fn read(socket: &mut BufReader<TcpStream>) -> String {
    let (mut status, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        assert_ne!(socket.read_line(&mut line).unwrap(), 0, "an answer was cut");
        match line.trim_end() {
            "" => break,
            line if status.is_empty() => status = line.to_owned(),
            line => {
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.parse().unwrap();
                }
            }
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).unwrap();
    status
}

/// One kind of read each, by turns.
const PATHS: [&str; 4] = ["branches", "commits?limit=5", "file-tree", "contributors"];

/// All connections of a thread ask at once, then all read.
fn connections(at: SocketAddr, token: &str, each: usize, done: &AtomicU64) {
    let requests = PATHS.map(|path| {
        format!(
            "GET /v1/repositories/local/{}/{path} HTTP/1.1\r\nhost: {at}\r\nauthorization: Bearer {token}\r\n\r\n",
            sample::FULL_NAME.replace('/', "%2F")
        )
    });
    let mut sockets: Vec<_> = (0..PER_THREAD)
        .map(|_| BufReader::new(TcpStream::connect(at).unwrap()))
        .collect();
    for turn in 0..each {
        let request = requests[turn % PATHS.len()].as_bytes();
        for socket in &mut sockets {
            socket.get_mut().write_all(request).unwrap();
        }
        for socket in &mut sockets {
            let status = read(socket);
            assert!(status.starts_with("HTTP/1.1 200 "), "{status}");
            done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn what_a_process_holds_levels_off_under_256_connections() {
    let folder = tempfile::tempdir().unwrap();
    let repositories = folder.path().join("repositories");
    sample::write(&repositories).unwrap();
    let token = seeded_token(folder.path(), &repositories);
    let node = Gitflare::start(&folder.path().join("data"), &repositories);
    let each = rounds(12, 4000);
    let (done, all) = (AtomicU64::new(0), (each * CONNECTIONS) as u64);
    let (half, took) = thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS / PER_THREAD)
            .map(|_| scope.spawn(|| connections(node.address(), &token, each, &done)))
            .collect();
        while done.load(Ordering::Relaxed) < all / 2 {
            assert!(workers.iter().any(|worker| !worker.is_finished()));
            thread::sleep(Duration::from_millis(20));
        }
        let (half, begun) = (node.resident(), Instant::now());
        for worker in workers {
            worker.join().unwrap();
        }
        (half, begun.elapsed())
    });
    let (Some(half), Some(end)) = (half, node.resident()) else {
        return;
    };
    println!("{all} reads: {half} MiB after half of them, {end} MiB {took:?} later");
    let minutes = took.as_secs() / 60;
    assert!(end <= half + SWING + minutes, "{half}, then {end} MiB");
}
