//! What a read costs over HTTP: `gitflare serve` between many connections and an upstream that
//! answers at once, beside nginx that passes the same upstream's bytes on. The measure is the CPU time
//! of the process per request, as the system counts it; memory is what the process holds afterwards.
//! Linux alone tells these.

use std::{
    collections::HashMap,
    fs,
    io::Write,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What this program is called with to be what `gitflare serve` is.
pub(crate) const SERVE: &str = "serve";
const ADMIN_KEY: &str = "k8Zq3vYb1nTx6Lm0Rf4Wd9Hs2Jc7Pg5A";
const ROUNDS: usize = 5;
const SHA: &str = "1234567890abcdef1234567890abcdef12345678";
/// Answered when a warm process is asked.
const READY: Duration = Duration::from_secs(10);

/// What is read: the path at the upstream, the same read here, connections and requests a round.
const ROWS: [(&str, &str, &str, usize, usize); 4] = [
    (
        "25 repositories",
        "/user/repos?per_page=25",
        "/v1/repositories?provider=github&limit=25",
        32,
        6_000,
    ),
    (
        "25 repositories, 256 connections",
        "/user/repos?per_page=25",
        "/v1/repositories?provider=github&limit=25",
        256,
        6_000,
    ),
    (
        "branches",
        "/repositories/7/branches?per_page=50",
        "/v1/repositories/github/7/branches?limit=50",
        32,
        15_000,
    ),
    (
        "a commit's diff",
        "/repositories/7/commits/1234567890abcdef1234567890abcdef12345678",
        "/v1/repositories/github/7/commits/1234567890abcdef1234567890abcdef12345678/diff",
        32,
        5_000,
    ),
];

/// Prints the table; says why where it cannot.
pub(crate) fn print() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let upstream = upstream();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gateway = gitflare(folder.path(), upstream);
    let token = runtime.block_on(token(gateway.at));
    let idle = memory(&gateway);
    let nginx = nginx(folder.path(), upstream);
    if nginx.is_none() {
        say("read over HTTP: nginx is not installed, so there is no floor\n");
    }
    let bearer = format!("authorization: Bearer {token}\r\n");
    for (what, there, here, connections, requests) in ROWS {
        let mut floors = Vec::new();
        let mut costs = Vec::new();
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            if let Some(nginx) = &nginx {
                let load = load(nginx, there, "", connections, requests);
                let (cost, read) = runtime.block_on(load);
                floors.push(cost);
                bytes = read;
            }
            let load = load(&gateway, here, &bearer, connections, requests);
            costs.push(runtime.block_on(load).0);
        }
        let cost = median(&mut costs);
        let beside = match floors.is_empty() {
            true => String::new(),
            false => {
                let floor = median(&mut floors);
                format!(", {:.2} x nginx ({floor:.0} us)", cost / floor)
            }
        };
        let kilobytes = bytes / 1000;
        say(&format!(
            "http/{what} ({kilobytes} kB upstream, {connections} connections): {cost:.0} us of CPU{beside}\n"
        ));
    }
    let (now, mib) = (memory(&gateway), 1 << 20);
    say(&format!(
        "http/memory: {} MiB idle, {} MiB behind all of that\n",
        idle / mib,
        now / mib
    ));
}

/// A closed pipe ends the printing, not the run.
fn say(line: &str) {
    let _ = std::io::stdout().write_all(line.as_bytes());
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A process that listens; ended when dropped.
struct Server {
    process: Child,
    at: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Microseconds that a process has run for, threads that have ended included.
fn cpu(server: &Server) -> u64 {
    /// The unit in which Linux tells it (`proc_pid_stat(5)`): a hundredth of a second everywhere.
    const TICK: u64 = 10_000;
    let told = fs::read_to_string(format!("/proc/{}/stat", server.process.id()));
    let told = told.expect("Linux tells the times");
    // Behind the name, which may hold anything: user and system time are the 12th and 13th.
    let (_, fields) = told.rsplit_once(')').expect("a name in brackets");
    let times = fields.split_whitespace().skip(11).take(2);
    let times = times.map(|ticks| ticks.parse::<u64>().expect("a number"));
    times.sum::<u64>() * TICK
}

/// Bytes that a process holds in memory.
fn memory(server: &Server) -> u64 {
    let told = fs::read_to_string(format!("/proc/{}/status", server.process.id()));
    let told = told.expect("Linux tells the memory");
    let line = told.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    number.expect("a number of kB") << 10
}

/// A port that was free a moment ago.
fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

fn ready(server: Server) -> Server {
    let end = Instant::now() + READY;
    while std::net::TcpStream::connect(server.at).is_err() {
        assert!(Instant::now() < end, "{} does not listen", server.at);
        std::thread::yield_now();
    }
    server
}

fn gitflare(folder: &Path, upstream: SocketAddr) -> Server {
    let at = free();
    let process = Command::new(std::env::current_exe().expect("this program"))
        .arg(SERVE)
        .env_clear()
        .env("GITFLARE_LISTEN", at.to_string())
        .env("GITFLARE_DATA_DIR", folder.join("data"))
        .env("SGG_ADMIN_API_KEY", ADMIN_KEY)
        .env("GITFLARE_PROVIDERS", "github")
        .env("GITFLARE_GITHUB_API_URL", format!("http://{upstream}"))
        .env("GITFLARE_ALLOW_PRIVATE_UPSTREAMS", upstream.to_string())
        .env("GITFLARE_RATE_LIMIT_PER_MINUTE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    ready(Server { process, at })
}

/// nginx in one process, with kept connections on both sides; `None` when there is none.
fn nginx(folder: &Path, upstream: SocketAddr) -> Option<Server> {
    let at = free();
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};"))
        .concat();
    let text = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/nginx.log crit;
         events {{ worker_connections 2048; }}
         http {{ access_log off; {temporary} keepalive_requests 1000000;
           upstream there {{ server {upstream}; keepalive 512; keepalive_requests 1000000; }}
           server {{ listen {at} backlog=1024; location / {{ proxy_pass http://there;
             proxy_http_version 1.1; proxy_set_header Connection '';
             proxy_buffers 64 8k; }} }} }}"
    );
    let file = format!("{folder}/nginx.conf");
    fs::write(&file, text).expect("the file is written");
    let mut command = Command::new("nginx");
    command.args(["-e", &format!("{folder}/nginx.log"), "-c", &file]);
    let process = command.stderr(Stdio::null()).spawn().ok()?;
    Some(ready(Server { process, at }))
}

/// Microseconds of CPU that a server needs for each of so many requests over so many connections,
/// and the bytes of an answer.
async fn load(
    server: &Server,
    path: &str,
    headers: &str,
    connections: usize,
    requests: usize,
) -> (f64, usize) {
    let request: Arc<str> = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n",
        server.at
    )
    .into();
    let mut streams = Vec::new();
    for _ in 0..connections {
        // One look each opens the server's own connections, too.
        let mut stream = TcpStream::connect(server.at).await.expect("it listens");
        exchange(&mut stream, &request).await;
        streams.push(stream);
    }
    let each = requests / connections;
    let before = cpu(server);
    let work = streams.into_iter().map(|mut stream| {
        let request = request.clone();
        tokio::task::spawn(async move {
            let mut bytes = 0;
            for _ in 0..each {
                bytes = exchange(&mut stream, &request).await;
            }
            bytes
        })
    });
    let work: Vec<_> = work.collect();
    let mut bytes = 0;
    for one in work {
        bytes = one.await.expect("the work ends");
    }
    let ran = cpu(server) - before;
    (ran as f64 / (each * connections) as f64, bytes)
}

/// Sends a request and reads its whole answer; the bytes of the body.
async fn exchange(stream: &mut TcpStream, request: &str) -> usize {
    stream.write_all(request.as_bytes()).await.expect("sent");
    let (head, body) = answer(stream).await;
    assert!(
        head.starts_with("HTTP/1.1 200"),
        "{head}{}",
        String::from_utf8_lossy(&body)
    );
    body.len()
}

async fn answer(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut taken = Vec::with_capacity(256 << 10);
    let end = loop {
        if let Some(end) = taken.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        let read = stream.read_buf(&mut taken).await.expect("an answer");
        assert!(read > 0, "the connection was closed");
    };
    let body = taken.split_off(end);
    let head = String::from_utf8(taken).expect("a head is text");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.parse::<usize>().ok())?
    });
    let length = length.expect("answers have a length");
    let mut body = body;
    while body.len() < length {
        let read = stream.read_buf(&mut body).await.expect("a body");
        assert!(read > 0, "the connection was closed");
    }
    (head, body)
}

/// A token over everything at the upstream, made as an operator makes one.
async fn token(at: SocketAddr) -> String {
    let admin = format!("x-admin-api-key: {ADMIN_KEY}");
    let tenant = json!({"name": "Bench"});
    let tenant = post(at, "/v1/platform/tenants", &admin, &tenant).await;
    let tenant = &tenant["tenant"]["id"];
    let permissions = [
        "read:repositories",
        "read:branches",
        "read:commits",
        "read:diffs",
    ];
    let client = json!({
        "tenantId": tenant, "name": "Bench", "allowedRedirectUris": ["https://app.example/callback"],
        "defaultPermissions": permissions,
    });
    let client = post(at, "/v1/platform/clients", &admin, &client).await;
    let connection = json!({"provider": "github", "tenantId": tenant, "accessToken": "ghp_bench"});
    let connection = post(at, "/v1/connections/manual", &admin, &connection).await;
    let grant = json!({
        "tenantId": tenant, "clientId": client["client"]["id"], "repositories": "all",
        "connectionId": connection["connection"]["id"], "permissions": permissions,
    });
    post(at, "/v1/platform/grants", &admin, &grant).await;
    let asked = json!({
        "grant_type": "client_credentials",
        "client_id": client["client"]["id"], "client_secret": client["clientSecret"],
    });
    let token = post(at, "/oauth/token", "accept: */*", &asked).await;
    token["access_token"].as_str().expect("a token").to_owned()
}

async fn post(at: SocketAddr, path: &str, header: &str, body: &Value) -> Value {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {at}\r\n{header}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let (head, body) = answer(&mut stream).await;
    let body = String::from_utf8(body).expect("JSON is text");
    assert!(head.starts_with("HTTP/1.1 20"), "{path}: {head}{body}");
    serde_json::from_str(&body).expect("JSON")
}

/// An upstream on a thread of its own, whose answers are ready before anybody asks.
fn upstream() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a listener of tokio");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener of tokio");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    });
    at
}

/// Answers what is asked on a connection, one request after the other, until it is closed.
async fn serve(mut stream: TcpStream) {
    let mut asked = Vec::new();
    while stream.read_buf(&mut asked).await.is_ok_and(|read| read > 0) {
        if !asked.ends_with(b"\r\n\r\n") {
            continue;
        }
        let path = asked.split(|byte| *byte == b' ' || *byte == b'?').nth(1);
        let path = path.and_then(|path| std::str::from_utf8(path).ok());
        let answer = path.and_then(|path| answers().get(path));
        let Some(answer) = answer else {
            say(&format!("nothing at {path:?}\n"));
            return;
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
        asked.clear();
    }
}

/// Whole answers by path.
fn answers() -> &'static HashMap<String, Vec<u8>> {
    static ANSWERS: OnceLock<HashMap<String, Vec<u8>>> = OnceLock::new();
    ANSWERS.get_or_init(|| {
        let repositories: Vec<_> = (1..=25).map(repository).collect();
        let branches: Vec<_> = (0..40).map(branch).collect();
        let bodies = [
            ("/user".to_owned(), owner()),
            ("/user/repos".to_owned(), json!(repositories)),
            ("/repositories/7".to_owned(), repository(7)),
            ("/repositories/7/branches".to_owned(), json!(branches)),
            (format!("/repositories/7/commits/{SHA}"), commit()),
        ];
        let answers = bodies.into_iter().map(|(path, body)| {
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n\
                 x-oauth-scopes: repo\r\nx-ratelimit-limit: 5000\r\nx-ratelimit-remaining: 4999\r\n\
                 x-ratelimit-reset: 1999999999\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            (path, (head + &body).into_bytes())
        });
        answers.collect()
    })
}

/// An object with as many links as GitHub sends beside what anybody reads.
fn with_links(mut object: Value, links: usize) -> Value {
    for number in 0..links {
        let name = format!("link_{number}_url");
        let link = format!("https://api.github.example/repos/acme/storefront/link-{number}{{/id}}");
        object[name] = link.into();
    }
    object
}

fn owner() -> Value {
    let owner = json!({
        "login": "acme", "id": 9, "node_id": "MDQ6VXNlcjk=", "type": "Organization",
        "avatar_url": "https://avatars.example/u/9?v=4", "html_url": "https://github.example/acme",
        "name": "Acme", "email": null, "site_admin": false,
    });
    with_links(owner, 12)
}

fn repository(id: usize) -> Value {
    let name = format!("storefront-{id}");
    let repository = json!({
        "id": id, "node_id": "R_kgDOBench", "name": name, "full_name": format!("acme/{name}"),
        "private": true, "visibility": "private", "owner": owner(), "fork": false,
        "description": "What customers see, with its own basket and the search behind it.",
        "html_url": format!("https://github.example/acme/{name}"), "default_branch": "main",
        "clone_url": format!("https://github.example/acme/{name}.git"), "archived": false,
        "created_at": "2024-03-01T09:00:00Z", "updated_at": "2026-03-01T09:00:00Z",
        "pushed_at": "2026-03-01T09:00:00Z", "size": 1234, "language": "Rust", "topics": ["shop"],
        "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"}, "open_issues": 3,
        "permissions": {"admin": false, "push": true, "pull": true}, "homepage": null,
    });
    with_links(repository, 60)
}

fn branch(number: usize) -> Value {
    let sha = format!("{number:040x}");
    json!({
        "name": format!("feature/basket-{number}"), "protected": false,
        "commit": {"sha": sha, "url": format!("https://api.github.example/repos/acme/s/commits/{sha}")},
        "protection_url": format!("https://api.github.example/repos/acme/s/branches/{number}/protection"),
    })
}

fn commit() -> Value {
    let line = |number: usize| {
        let sign = ["+", "-", " "][number % 3];
        format!("{sign}    let basket = Basket::of(customer, line_{number})?; // \"as asked\"\n")
    };
    let files: Vec<_> = (0..20)
        .map(|number| {
            let lines: String = (0..70).map(line).collect();
            json!({
                "sha": SHA, "filename": format!("src/basket/part_{number}.rs"), "status": "modified",
                "additions": 24, "deletions": 23, "changes": 47,
                "patch": format!("@@ -1,47 +1,47 @@\n{lines}"),
            })
        })
        .collect();
    let person =
        json!({"name": "Ada", "email": "ada@mail.example", "date": "2026-03-01T09:00:00Z"});
    json!({
        "sha": SHA, "commit": {"message": "Change the basket", "author": person, "committer": person},
        "parents": [{"sha": "0000000000000000000000000000000000000001"}],
        "stats": {"total": 940, "additions": 480, "deletions": 460}, "files": files,
    })
}
