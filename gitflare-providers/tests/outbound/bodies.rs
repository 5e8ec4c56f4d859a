//! Answers that would cost more memory than an answer may, sent and unpacked.

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use gitflare_core::{Code, provider::Provider};

use crate::{
    call, github, gitlab, http,
    server::{Exchange, Server},
};

const MIB: u64 = 1024 * 1024;

/// What the process holds in memory now, in bytes; Linux tells.
fn resident() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Two pieces of a gzip stream of blanks, a mebibyte each once unpacked: the first, and one that
/// may follow any number of times.
fn bomb() -> (Vec<u8>, Vec<u8>) {
    let blanks = vec![b' '; usize::try_from(MIB).unwrap()];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let mut ends = Vec::new();
    for _ in 0..3 {
        gzip.write_all(&blanks).unwrap();
        gzip.flush().unwrap();
        ends.push(gzip.get_ref().len());
    }
    let bytes = gzip.get_ref();
    (bytes[..ends[1]].to_vec(), bytes[ends[1]..ends[2]].to_vec())
}

async fn refused(server: &Server, most: u64, what: &str) {
    let http = http(&[server]);
    let before = resident();
    let (github, gitlab) = (github(http.clone(), server), gitlab(http, server));
    let calls = [call("one"), call("two")];
    let (one, other) = tokio::join!(github.viewer(&calls[0]), gitlab.viewer(&calls[1]));
    for error in [one.unwrap_err(), other.unwrap_err()] {
        assert_eq!(error.code(), Code::UpstreamUnavailable, "{what}: {error:?}");
    }
    if let (Some(before), Some(after)) = (before, resident()) {
        let grown = after.saturating_sub(before) / MIB;
        assert!(grown < 100, "{what}: {grown} MiB more");
    }
    let taken = server.written() / MIB;
    assert!(taken < most, "{what}: {taken} MiB were taken");
}

#[tokio::test]
async fn a_body_ends_at_its_cap_however_large_it_says_it_is() {
    // sec: SR-8
    let server = Server::start(async |mut at: Exchange| {
        let length = 100 * MIB;
        at.send(format!("HTTP/1.1 200 X\r\ncontent-length: {length}\r\n\r\n[").as_bytes())
            .await;
        let piece = vec![b' '; 64 * 1024];
        for _ in 0..length / 65_536 {
            if !at.send(&piece).await {
                break;
            }
        }
    })
    .await;
    // Two readers, sixteen each, and what lay in the sockets.
    refused(&server, 60, "100 MiB").await;
}

#[tokio::test]
async fn a_body_is_counted_as_it_unpacks() {
    // sec: SR-8
    let (first, following) = bomb();
    let server = Server::start(move |mut at: Exchange| {
        let (first, following) = (first.clone(), following.clone());
        async move {
            at.send(b"HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n")
                .await;
            at.send(&first).await;
            for _ in 0..1022 {
                if !at.send(&following).await {
                    break;
                }
            }
        }
    })
    .await;
    refused(&server, 4, "a gibibyte out of one mebibyte").await;
}

#[tokio::test]
async fn json_is_not_followed_into_the_deep() {
    // sec: SR-8
    for (open, depth) in [("[", 100_000), ("{\"a\":", 100_000), ("[", 65)] {
        let body = open.repeat(depth);
        let server = Server::start(move |mut at: Exchange| {
            let body = body.clone();
            async move { at.answer(200, "", &body).await }
        })
        .await;
        refused(&server, 2, open).await;
    }
}
