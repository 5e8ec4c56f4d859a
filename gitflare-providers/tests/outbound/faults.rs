//! Upstreams that break on the way: what is not reached, late, cut or no HTTP at all.

use std::time::{Duration, Instant};

use gitflare_core::{Code, provider::Provider};
use tokio::{net::TcpSocket, time::sleep};

use crate::{
    FIRST_BYTE, TOTAL, VIEWER, call, github, gitlab, http,
    server::{Exchange, Server},
};

/// Room for a busy machine on top of a deadline.
const SLACK: Duration = Duration::from_secs(4);

#[derive(Clone, Copy, Debug)]
enum Fault {
    NoFirstByte,
    OneByteAtATime,
    HeadOneByteAtATime,
    Reset,
    CutBody,
    CutChunks,
    CutHead,
    NoHttp,
    Garbage,
    Html,
    Nothing,
    EndlessHeaders,
    TooManyHeaders,
    EndlessChunks,
}

/// The fault, what becomes of it, and when at the latest.
const FAULTS: &[(Fault, Code, Duration)] = &[
    (Fault::NoFirstByte, Code::UpstreamTimeout, FIRST_BYTE),
    (Fault::OneByteAtATime, Code::UpstreamTimeout, TOTAL),
    (Fault::HeadOneByteAtATime, Code::UpstreamTimeout, FIRST_BYTE),
    (Fault::Reset, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::CutBody, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::CutChunks, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::CutHead, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::NoHttp, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::Garbage, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::Html, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::Nothing, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::EndlessHeaders, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::TooManyHeaders, Code::UpstreamUnavailable, FIRST_BYTE),
    (Fault::EndlessChunks, Code::UpstreamUnavailable, TOTAL),
];

async fn misbehave(fault: Fault, mut at: Exchange) {
    let head = "HTTP/1.1 200 X\r\ncontent-type: application/json\r\n";
    match fault {
        Fault::NoFirstByte => sleep(Duration::from_secs(60)).await,
        Fault::OneByteAtATime => {
            at.send(format!("{head}content-length: 1000\r\n\r\n").as_bytes())
                .await;
            while at.send(b" ").await {
                sleep(Duration::from_millis(100)).await;
            }
        }
        Fault::HeadOneByteAtATime => {
            for byte in format!("{head}x-filler: {}\r\n\r\n", "x".repeat(1000)).bytes() {
                at.send(&[byte]).await;
                sleep(Duration::from_millis(100)).await;
            }
        }
        // A close with the request unread in part becomes a reset.
        Fault::Reset => at.stream.set_zero_linger().unwrap(),
        Fault::CutBody => {
            at.send(format!("{head}content-length: 1000\r\n\r\n{VIEWER}").as_bytes())
                .await;
        }
        Fault::CutChunks => {
            let text = format!("{head}transfer-encoding: chunked\r\n\r\n40\r\n{VIEWER}");
            at.send(text.as_bytes()).await;
        }
        Fault::CutHead => {
            at.send(head.as_bytes()).await;
        }
        Fault::NoHttp => {
            at.send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n\0\0\0").await;
        }
        Fault::Garbage => at.answer(200, "", "{\"id\": 7, \"login\": \u{fffd}").await,
        Fault::Html => at.answer(200, "", "<html><title>Sign in</title>").await,
        Fault::Nothing => at.answer(200, "", "").await,
        Fault::EndlessHeaders => {
            at.send(head.as_bytes()).await;
            let lines = "x-filler: 0123456789abcdef\r\n".repeat(100);
            while at.send(lines.as_bytes()).await {}
        }
        Fault::TooManyHeaders => {
            // Three stand in every answer.
            let lines = "x-filler: 1\r\n".repeat(126);
            at.answer(200, &lines, VIEWER).await;
        }
        Fault::EndlessChunks => {
            at.send(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes())
                .await;
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            while at.send(chunk.as_bytes()).await {}
        }
    }
}

#[tokio::test]
async fn each_fault_has_its_code_in_time_and_a_healthy_upstream_does_not_notice() {
    // sec: SR-8
    let well = Server::start(async |mut at: Exchange| at.answer(200, "", VIEWER).await).await;
    for (fault, code, within) in FAULTS {
        let fault = *fault;
        let ill = Server::start(move |at| misbehave(fault, at)).await;
        let http = http(&[&ill, &well]);
        let started = Instant::now();
        let (github, gitlab, beside) = (
            github(http.clone(), &ill),
            gitlab(http.clone(), &ill),
            crate::github(http, &well),
        );
        let calls = [call("ill"), call("ill"), call("well")];
        let (one, other, healthy) = tokio::join!(
            github.viewer(&calls[0]),
            gitlab.viewer(&calls[1]),
            beside.viewer(&calls[2])
        );
        for error in [one.unwrap_err(), other.unwrap_err()] {
            assert_eq!(error.code(), *code, "{fault:?}: {error:?}");
            // What an upstream wrote is not the client's to read.
            assert!(!error.message().contains("filler"), "{fault:?}");
        }
        assert!(started.elapsed() < *within + SLACK, "{fault:?}");
        assert_eq!(healthy.unwrap().id, "7", "{fault:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_unavailable_or_late() {
    // sec: SR-8
    let free = TcpSocket::new_v4().unwrap();
    free.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = free.local_addr().unwrap().to_string();

    // Nobody accepts, and the queue of those who wait is full: a connection never comes about.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(tokio::spawn(async move {
            let _held = tokio::net::TcpStream::connect(address).await;
            sleep(Duration::from_secs(60)).await;
        }));
    }
    sleep(Duration::from_millis(100)).await;

    for (address, code) in [
        (nobody, Code::UpstreamUnavailable),
        (address.to_string(), Code::UpstreamTimeout),
    ] {
        let http = gitflare_providers::Http::new(&gitflare_providers::HttpConfig {
            allowed_private: vec![address.clone()],
            first_byte_timeout: FIRST_BYTE,
        });
        let api = format!("http://{address}/api/v3");
        let github = gitflare_providers::github::Github::new(http.unwrap(), &api).unwrap();
        let started = Instant::now();
        let error = github.viewer(&call("far")).await.unwrap_err();
        assert_eq!(error.code(), code, "{address}");
        assert!(started.elapsed() < TOTAL + SLACK, "{address}");
    }
}

#[tokio::test]
async fn a_hundred_and_twenty_eight_headers_are_not_too_many() {
    // sec: SR-8
    let lines = "x-filler: 1\r\n".repeat(125);
    let server = Server::start(move |mut at: Exchange| {
        let lines = lines.clone();
        async move { at.answer(200, &lines, VIEWER).await }
    })
    .await;
    let github = github(http(&[&server]), &server);
    assert_eq!(github.viewer(&call("full")).await.unwrap().id, "7");
}
