//! The examples for a proxy in front, tried against the real programs: their files as they stand in
//! `docs/deploy`, with only addresses and certificate put in. Which program is the better one is
//! nobody's business here.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where, and what it skips"
)]

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::support::Gitflare;

const NAME: &str = "git.example.com";

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn example(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// Puts something in the place of a text that the example must have.
fn put(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "the example has no {old:?}");
    text.replace(old, new)
}

/// A proxy that runs; ended when dropped.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.0.wait();
    }
}

/// Starts a program; `None`, said aloud, where it is missing.
fn start(command: &mut Command) -> Option<Proxy> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
        Ok(child) => Some(Proxy(child)),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{program}: {error}");
            println!("skipped: {program} cannot be run: {error}");
            None
        }
    }
}

/// A request through the proxy, by the name that customers use.
fn curl(at: SocketAddr, path: &str, more: &[&str]) -> Output {
    let port = at.port();
    Command::new("curl")
        .args(["-sik", "--max-time", "20", "--noproxy", "*"])
        .args(["--resolve", &format!("{NAME}:{port}:127.0.0.1")])
        // At the usual port there is none in it.
        .args(["-H", &format!("host: {NAME}")])
        .args(more)
        .arg(format!("https://{NAME}:{port}{path}"))
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn gateway(folder: &Path) -> Gitflare {
    let settings = [
        ("GITFLARE_PUBLIC_URL", format!("https://{NAME}")),
        ("GITFLARE_PANEL_URL", format!("https://{NAME}")),
        ("GITFLARE_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
    ];
    Gitflare::start_with(&folder.join("data"), &settings)
}

/// What every proxy in front has to let through, and what it has to keep out.
fn walk(at: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let first = loop {
        let answer = said(&curl(at, "/health", &[]));
        if answer.contains("\"status\":\"ok\"") {
            break answer;
        }
        assert!(
            Instant::now() < deadline,
            "the proxy never served: {answer}"
        );
        std::thread::yield_now();
    };
    assert!(
        first
            .to_ascii_lowercase()
            .contains("strict-transport-security"),
        "{first}"
    );
    let sign_in = said(&curl(at, "/app/login", &[]));
    assert!(
        sign_in.contains(" 200") && sign_in.contains("<form"),
        "{sign_in}"
    );
    let numbers = said(&curl(at, "/metrics", &[]));
    assert!(
        numbers.contains(" 404") && !numbers.contains("gitflare_"),
        "{numbers}"
    );
    // A target as long as the gateway takes, and the errors of the gateway itself.
    let long = format!("/v1/repositories?cursor={}", "x".repeat(7900));
    let refused = said(&curl(at, &long, &[]));
    assert!(refused.contains("AUTH_REQUIRED"), "{refused}");
    // What the client says of itself is not believed: a guesser behind one address is stopped,
    // whatever it claims to be.
    let guess = |number: usize| {
        let claimed = format!("x-forwarded-for: 198.51.100.{number}");
        said(&curl(
            at,
            "/v1/platform/tenants",
            &["-H", &claimed, "-H", "x-admin-api-key: wrong"],
        ))
    };
    let stopped = (1..=40).map(guess).find(|answer| answer.contains(" 429"));
    assert!(stopped.is_some(), "forty wrong keys from one address");
}

#[test]
fn the_example_for_nginx_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let server = gateway(folder.path());
    let at = free();
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        ])
        .args([
            &format!("/CN={NAME}"),
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let own = example("nginx.conf");
    let own = put(&own, "listen 443 ssl", &format!("listen {at} ssl"));
    let own = put(
        &own,
        "/etc/ssl/gitflare/fullchain.pem",
        &format!("{path}/cert.pem"),
    );
    let own = put(
        &own,
        "/etc/ssl/gitflare/privkey.pem",
        &format!("{path}/key.pem"),
    );
    let own = put(&own, "127.0.0.1:8080", &server.address().to_string());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {path}/{kind};"))
        .concat();
    let whole = format!(
        "daemon off; worker_processes 1; pid {path}/pid; error_log {path}/nginx.log;
         events {{ worker_connections 64; }} http {{ access_log off; {temporary} {own} }}"
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, whole).unwrap();
    let mut nginx = Command::new("nginx");
    nginx
        .args(["-e", &format!("{path}/nginx.log"), "-c"])
        .arg(&file);
    if let Some(_nginx) = start(&mut nginx) {
        walk(at);
    }
}

#[test]
fn the_example_for_caddy_works() {
    let folder = tempfile::tempdir().unwrap();
    let server = gateway(folder.path());
    let (at, http) = (free(), free());
    let own = put(
        &example("Caddyfile"),
        "127.0.0.1:8080",
        &server.address().to_string(),
    );
    // Ports of our own, and a certificate that nobody has to be asked for.
    let whole = format!(
        "{{\n\tadmin off\n\thttp_port {}\n\thttps_port {}\n\tlocal_certs\n\tskip_install_trust\n}}\n{own}",
        http.port(),
        at.port()
    );
    let file = folder.path().join("Caddyfile");
    fs::write(&file, whole).unwrap();
    let mut caddy = Command::new("caddy");
    caddy
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(&file);
    caddy
        .env("HOME", folder.path())
        .env("XDG_DATA_HOME", folder.path());
    if let Some(_caddy) = start(&mut caddy) {
        walk(at);
    }
}
