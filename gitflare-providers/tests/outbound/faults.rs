//! Each fault has its code, within its time and its memory, and a healthy upstream does not notice.

use std::{
    fs,
    io::Write,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use flate2::{Compression, FlushCompress};
use gitflare_core::{Code, provider::Provider};
use tokio::net::{TcpSocket, TcpStream};

use crate::{
    adapters, call, http, others, read,
    server::{Act, Server},
};

const FIRST_BYTE: Duration = Duration::from_millis(500);
/// A call's whole time where the time is what counts.
const SHORT: Duration = Duration::from_millis(1500);
/// And where it is not.
const LONG: Duration = Duration::from_secs(20);
/// What a busy machine adds.
const SLACK: Duration = Duration::from_secs(2);
const MIB: usize = 1024 * 1024;
const ENDLESS: usize = usize::MAX;
const NO_PAUSE: Duration = Duration::ZERO;

/// How a fault ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// As soon as it shows.
    Refused,
    /// When the first byte is overdue.
    AtFirstByte,
    /// When the call's time is over.
    AtDeadline,
}

use Ends::{AtDeadline, AtFirstByte, Refused};

fn ok(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n")
}

fn sized(body: impl AsRef<[u8]>) -> Act {
    let body = body.as_ref();
    let mut all = ok(&format!("content-length: {}\r\n", body.len())).into_bytes();
    all.extend_from_slice(body);
    Act::bytes(all)
}

/// A gzip stream of so many times a MiB, made as it is sent: each piece unpacks by itself.
fn bomb(mebibytes: usize) -> Act {
    let mut head = ok("content-encoding: gzip\r\n").into_bytes();
    head.extend([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    let mut deflate = flate2::Compress::new(Compression::best(), false);
    let mut piece = Vec::with_capacity(64 * 1024);
    deflate
        .compress_vec(&vec![b' '; MIB], &mut piece, FlushCompress::Full)
        .unwrap();
    assert_eq!(deflate.total_in(), u64::try_from(MIB).unwrap());
    Act::pieces(head, piece, mebibytes, NO_PAUSE)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A fault's name, what the upstream does, the code that it must lead to, and how it ends.
fn faults() -> Vec<(&'static str, Act, Code, Ends)> {
    let tick = Duration::from_millis(100);
    let (unavailable, timeout) = (Code::UpstreamUnavailable, Code::UpstreamTimeout);
    let chunked = ok("transfer-encoding: chunked\r\n");
    let zipped = |body: &[u8]| {
        let mut all = ok("content-encoding: gzip\r\n").into_bytes();
        all.extend_from_slice(body);
        Act::bytes(all)
    };
    let many = |count: usize| {
        let more: String = (1..count).map(|n| format!("x-{n}: y\r\n")).collect();
        Act::bytes(ok(&format!("content-length: 2\r\n{more}")) + "[]")
    };
    let piece_of_chunks = {
        let mut piece = b"10000\r\n".to_vec();
        piece.resize(piece.len() + 0x1_0000, b' ');
        piece.extend_from_slice(b"\r\n");
        piece
    };
    vec![
        // Time.
        ("silence", Act::then_silence(""), timeout, AtFirstByte),
        (
            "silence in the head",
            Act::then_silence("HTTP/1.1 200 OK\r\nx: "),
            timeout,
            AtFirstByte,
        ),
        (
            "a head byte by byte",
            Act::pieces("HTTP/1.1 200 ", "X", ENDLESS, tick),
            timeout,
            AtFirstByte,
        ),
        (
            "interim answers for ever",
            Act::pieces("", "HTTP/1.1 103 Early Hints\r\n\r\n", ENDLESS, NO_PAUSE),
            timeout,
            AtFirstByte,
        ),
        (
            "silence in the body",
            Act::then_silence(&ok("content-length: 9\r\n")),
            timeout,
            AtDeadline,
        ),
        (
            "a body byte by byte",
            Act::pieces(ok(""), " ", ENDLESS, tick),
            timeout,
            AtDeadline,
        ),
        (
            "chunks byte by byte",
            Act::pieces(chunked.clone(), "1\r\n \r\n", ENDLESS, tick),
            timeout,
            AtDeadline,
        ),
        // Broken connections.
        ("hung up", Act::bytes(""), unavailable, Refused),
        ("reset", Act::then_reset(""), unavailable, Refused),
        (
            "reset in the head",
            Act::then_reset("HTTP/1.1 200 OK\r\nx: "),
            unavailable,
            Refused,
        ),
        (
            "reset in the body",
            Act::then_reset(&(ok("content-length: 9\r\n") + "[")),
            unavailable,
            Refused,
        ),
        (
            "cut head",
            Act::bytes("HTTP/1.1 200 OK\r\nx: y\r\n"),
            unavailable,
            Refused,
        ),
        (
            "cut body",
            Act::bytes(ok("content-length: 9\r\n") + "[]"),
            unavailable,
            Refused,
        ),
        (
            "cut chunks",
            Act::bytes(chunked.clone() + "2\r\n[]\r\n"),
            unavailable,
            Refused,
        ),
        ("cut gzip", zipped(&gzip("[]")[..14]), unavailable, Refused),
        // Nonsense.
        (
            "garbage",
            Act::bytes([0u8, 255, 13, 10, 13, 10, 7].repeat(64)),
            unavailable,
            Refused,
        ),
        (
            "TLS",
            Act::bytes([22, 3, 1, 0, 5, 1, 0, 0, 1, 0]),
            unavailable,
            Refused,
        ),
        (
            "a page",
            sized("<!doctype html><title>Maintenance</title>"),
            unavailable,
            Refused,
        ),
        ("cut JSON", sized("[{\"name\": \"ma"), unavailable, Refused),
        (
            "other JSON",
            sized("{\"message\": \"hello\"}"),
            unavailable,
            Refused,
        ),
        (
            "JSON of no known text",
            sized(b"[{\"name\": \"\xff\xfe\"}]"),
            unavailable,
            Refused,
        ),
        ("no body", sized(""), unavailable, Refused),
        ("null", sized("null"), unavailable, Refused),
        ("no gzip", zipped(b"[]"), unavailable, Refused),
        (
            "two lengths",
            Act::bytes(ok("content-length: 2\r\ncontent-length: 3\r\n") + "[]"),
            unavailable,
            Refused,
        ),
        (
            "a length below zero",
            Act::bytes(ok("content-length: -1\r\n") + "[]"),
            unavailable,
            Refused,
        ),
        (
            "a chunk of no size",
            Act::bytes(chunked.clone() + "fffffffffffffffff\r\n[]"),
            unavailable,
            Refused,
        ),
        ("a part", Act::answer(206, "", "[]"), unavailable, Refused),
        (
            "nothing changed",
            Act::answer(304, "", ""),
            unavailable,
            Refused,
        ),
        (
            "a status of its own",
            Act::answer(999, "", "[]"),
            unavailable,
            Refused,
        ),
        // Size, counted after decompression.
        (
            "100 MiB that are announced",
            Act::pieces(
                ok("content-length: 104857600\r\n"),
                vec![b' '; MIB],
                100,
                NO_PAUSE,
            ),
            unavailable,
            Refused,
        ),
        (
            "100 MiB in chunks",
            Act::pieces(chunked, piece_of_chunks, 1600, NO_PAUSE),
            unavailable,
            Refused,
        ),
        (
            "100 MiB until the end",
            Act::pieces(ok(""), vec![b' '; MIB], 100, NO_PAUSE),
            unavailable,
            Refused,
        ),
        ("1 GiB in gzip", bomb(1024), unavailable, Refused),
        (
            "100 MiB of rows",
            Act::pieces(ok("") + "[", row(MIB), 100, NO_PAUSE),
            Code::InvalidLimit,
            Refused,
        ),
        (
            "a row of 100 MiB",
            Act::pieces(ok("") + "[\"", vec![b'y'; MIB], 100, NO_PAUSE),
            Code::InvalidLimit,
            Refused,
        ),
        (
            "100,000 brackets",
            sized("[".repeat(100_000)),
            unavailable,
            Refused,
        ),
        (
            "100,000 members",
            sized("{\"a\":".repeat(100_000)),
            unavailable,
            Refused,
        ),
        (
            "65 brackets",
            sized("[".repeat(65) + &"]".repeat(65)),
            unavailable,
            Refused,
        ),
        ("129 headers", many(129), unavailable, Refused),
        (
            "headers for ever",
            Act::pieces("HTTP/1.1 200 OK\r\n", "x-n: y\r\n", ENDLESS, NO_PAUSE),
            unavailable,
            Refused,
        ),
        (
            "a header for ever",
            Act::pieces(
                "HTTP/1.1 200 OK\r\nx: ",
                vec![b'y'; 4096],
                ENDLESS,
                NO_PAUSE,
            ),
            unavailable,
            Refused,
        ),
        (
            "a refusal for ever",
            Act::pieces(
                "HTTP/1.1 502 X\r\n\r\n",
                vec![b'y'; 4096],
                ENDLESS,
                NO_PAUSE,
            ),
            unavailable,
            Refused,
        ),
    ]
}

/// A branch of both providers, of that many bytes, and a comma.
fn row(bytes: usize) -> String {
    let named = r#"{"name": "main", "commit": {"sha": "1", "id": "1"}, "x": ""#;
    format!("{named}{}\"}},", "y".repeat(bytes - named.len()))
}

/// Peak and present memory of this process, in bytes.
fn memory() -> (usize, usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| -> usize {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.unwrap().trim().strip_suffix(" kB").unwrap();
        kib.parse::<usize>().unwrap() * 1024
    };
    (of("VmHWM:"), of("VmRSS:"))
}

/// Reads a healthy upstream until it is told to stop: how often, and how long the slowest took.
async fn keep_reading(
    provider: &dyn Provider,
    connection: &str,
    stop: &AtomicBool,
) -> (usize, Duration) {
    let (mut count, mut slowest) = (0, Duration::ZERO);
    loop {
        let started = Instant::now();
        read(provider, &call(connection, LONG)).await.unwrap();
        slowest = slowest.max(started.elapsed());
        count += 1;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (count, slowest)
}

/// Has one upstream faulty under both adapters while both read a healthy one.
async fn endure(
    name: &str,
    faulty: &str,
    healthy: &Server,
    http: &gitflare_providers::Http,
    code: Code,
    ends: Ends,
) {
    let left = match ends {
        Refused => LONG,
        AtFirstByte => LONG,
        AtDeadline => SHORT,
    };
    let [(github, hub), (gitlab, lab)] = adapters(http, faulty);
    let [(well_hub, _), (well_lab, _)] = adapters(http, &healthy.address);
    let (stop, started) = (AtomicBool::new(false), Instant::now());
    let fault = async {
        let (hub, lab) = (call(hub, left), call(lab, left));
        let both = tokio::join!(read(&*github, &hub), read(&*gitlab, &lab));
        stop.store(true, Ordering::Relaxed);
        (both, started.elapsed())
    };
    let ((both, took), first, second) = tokio::join!(
        fault,
        keep_reading(&*well_hub, "conn_healthy1", &stop),
        keep_reading(&*well_lab, "conn_healthy2", &stop),
    );
    for error in [both.0.unwrap_err(), both.1.unwrap_err()] {
        assert_eq!(error.code(), code, "{name}: {error:?}");
        assert!(error.provider().is_some(), "{name}");
        // sec: SR-9
        assert!(!format!("{error:?}").contains(crate::TOKEN), "{name}");
    }
    let (earliest, latest) = match ends {
        Refused => (Duration::ZERO, LONG / 2),
        AtFirstByte => (FIRST_BYTE, FIRST_BYTE + SLACK),
        AtDeadline => (SHORT, SHORT + SLACK),
    };
    assert!(took >= earliest && took <= latest, "{name}: {took:?}");
    for (count, slowest) in [first, second] {
        // Those who share its pool go on meanwhile.
        let few = matches!(ends, AtFirstByte | AtDeadline) && count < 3;
        assert!(!few, "{name}: {count} healthy reads");
        assert!(slowest < SLACK, "{name}: a healthy read took {slowest:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_fault_has_its_code_in_its_time_and_its_memory() {
    // sec: SR-8
    let healthy = Server::start(vec![Act::answer(200, "", "[]")]).await;
    let mut rows = Vec::new();
    for (name, act, code, ends) in faults() {
        rows.push((name, Server::start(vec![act]).await, code, ends));
    }
    let mut addresses = vec![healthy.address.as_str()];
    addresses.extend(rows.iter().map(|(_, server, ..)| server.address.as_str()));
    let http = http(&addresses, FIRST_BYTE);
    for (name, server, code, ends) in &rows {
        let (_, before) = memory();
        endure(name, &server.address, &healthy, &http, *code, *ends).await;
        let (peak, _) = memory();
        let grown = peak.saturating_sub(before);
        assert!(grown < 100 * MIB, "{name}: {} MiB", grown / MIB);
        // Two readers with sixteen each, or with 64 in rows, and what lay in the sockets.
        let taken = server.written();
        let most = if *code == Code::InvalidLimit { 160 } else { 64 };
        assert!(taken < most * MIB, "{name}: {} MiB taken", taken / MIB);
        // Nobody asks twice for what was no answer.
        assert_eq!(server.heads().len(), 2, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_other_adapters_meet_the_same_faults() {
    // sec: SR-8
    let mut rows = Vec::new();
    for (name, act, code, ends) in faults() {
        // What is too much for a list depends on where its rows are.
        if code != Code::InvalidLimit {
            rows.push((name, Server::start(vec![act]).await, code, ends));
        }
    }
    let addresses: Vec<_> = rows
        .iter()
        .map(|(_, server, ..)| server.address.as_str())
        .collect();
    let http = http(&addresses, FIRST_BYTE);
    for (name, server, code, ends) in &rows {
        let left = if *ends == AtDeadline { SHORT } else { LONG };
        let all = others(&http, &server.address).map(async |(provider, repo)| {
            let connection = format!("conn_{}", provider.id());
            let call = call(&connection, left);
            let page = gitflare_core::PageRequest::default();
            let error = provider.branches(&call, &repo, page).await.unwrap_err();
            assert_eq!(error.code(), *code, "{name}: {error:?}");
            assert_eq!(error.provider(), Some(provider.id()), "{name}");
            // sec: SR-9
            assert!(!format!("{error:?}").contains(crate::TOKEN), "{name}");
        });
        futures_util::future::join_all(all).await;
        // Nobody asks twice for what was no answer.
        assert_eq!(server.heads().len(), 3, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_connected_to_is_given_up_in_time() {
    // sec: SR-8
    let healthy = Server::start(vec![Act::answer(200, "", "[]")]).await;
    // The port is taken, and nobody listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = socket.local_addr().unwrap().to_string();

    // Nobody accepts, and once the queue is full nobody is let into it.
    let queue = TcpSocket::new_v4().unwrap();
    queue.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = queue.listen(1).unwrap();
    let deaf = full.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(deaf)).await
    {
        queued.push(stream);
        assert!(queued.len() < 1000, "the queue has no end");
    }
    let deaf = deaf.to_string();

    let addresses = [healthy.address.as_str(), &nobody, &deaf];
    let http_short = http(&addresses, FIRST_BYTE);
    endure(
        "nobody there",
        &nobody,
        &healthy,
        &http_short,
        Code::UpstreamUnavailable,
        Refused,
    )
    .await;
    endure(
        "no connection",
        &deaf,
        &healthy,
        &http_short,
        Code::UpstreamTimeout,
        AtFirstByte,
    )
    .await;

    // However long a first byte may take, a connection may not.
    let http_long = http(&addresses, LONG);
    let started = Instant::now();
    let [(github, connection), _] = adapters(&http_long, &deaf);
    let error = read(&*github, &call(connection, LONG)).await.unwrap_err();
    assert_eq!(error.code(), Code::UpstreamTimeout, "{error:?}");
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(3), "{took:?}");
    assert!(took < Duration::from_secs(3) + SLACK, "{took:?}");
}

#[tokio::test]
async fn what_is_just_allowed_is_an_answer() {
    // sec: SR-8
    let headers: String = (1..128).map(|n| format!("x-{n}: y\r\n")).collect();
    let nested = format!(
        r#"[{{"name": "main", "commit": {{"sha": "1", "id": "1"}}, "x": {}{}}}]"#,
        "[".repeat(62),
        "]".repeat(62)
    );
    let zipped = gzip("[]");
    let mut packed = ok(&format!(
        "content-encoding: gzip\r\ncontent-length: {}\r\n",
        zipped.len()
    ))
    .into_bytes();
    packed.extend(zipped);
    let large = format!("[{}]", " ".repeat(15 * MIB));
    let rows = format!("[{}{{}}]", row(MIB).repeat(17)).replace(",{}]", "]");
    for (name, act, count) in [
        ("128 headers", Act::answer(200, &headers, "[]"), 0),
        ("64 brackets", Act::answer(200, "", &nested), 1),
        ("gzip", Act::bytes(packed), 0),
        ("15 MiB", Act::answer(200, "", &large), 0),
        ("17 MiB in rows", Act::answer(200, "", &rows), 17),
    ] {
        let server = Server::start(vec![act]).await;
        let http = http(&[&server.address], LONG);
        for (provider, connection) in adapters(&http, &server.address) {
            let page = read(&*provider, &call(connection, LONG)).await;
            assert_eq!(page.unwrap().items.len(), count, "{name}");
        }
    }
}
