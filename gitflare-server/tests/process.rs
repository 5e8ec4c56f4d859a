//! The `gitflare` binary as a process: what it refuses to start with, and how it ends under load.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose process cannot run has failed"
)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use gitflare_core::storage::Pack;
use gitflare_server::{Server, config::Config, sandbox};

const ADMIN_KEY: &str = "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T";

pub(super) fn gitflare(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitflare"));
    command
        .current_dir(folder)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn a_wrong_configuration_ends_the_start_with_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, variable, status, said) in [
        (
            &[][..],
            ("GITFLARE_LISTEN", "x"),
            1,
            "gitflare: GITFLARE_LISTEN must be",
        ),
        (
            &["serve"],
            ("GITFLARE_DATABASE_URL", "mysql://a/b"),
            1,
            "gitflare: GITFLARE_DATABASE_URL must be `sqlite`, or `postgres://",
        ),
        (
            &["--dev=maybe"],
            ("A", "b"),
            1,
            "gitflare: --dev (GITFLARE_DEV) must be",
        ),
        (&["backup"], ("A", "b"), 2, "gitflare: `backup` needs FILE"),
        (
            &["--listn", "x"],
            ("A", "b"),
            2,
            "gitflare: `--listn` is not a flag",
        ),
    ] {
        let mut command = gitflare(folder.path());
        let output = command
            .args(arguments)
            .env(variable.0, variable.1)
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{error}");
        assert!(
            error.starts_with(said) && output.stdout.is_empty(),
            "{error}"
        );
    }
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "a refused start leaves nothing behind");
}

#[test]
fn the_admin_key_is_shown_once_and_never_logged() {
    // sec: IN-4
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for _ in 0..2 {
        let serving = Serving::start(folder.path(), &["--log=trace"]);
        let (out, log) = serving.stop();
        // The output is no terminal: a journal or a container's log keeps it.
        assert!(!out.contains("sggak_"), "{out}");
        paths.extend(out.lines().filter_map(|line| {
            let (_, rest) = line.split_once("made now: read it in ")?;
            Some(rest.split(" and delete").next().unwrap().to_owned())
        }));
        assert!(log.contains("stopped") && !log.contains("sggak_"), "{log}");
    }
    assert_eq!(paths.len(), 1, "{paths:?}");
    let path = folder.path().join(&paths[0]);
    let key = std::fs::read_to_string(&path).unwrap();
    assert!(key.starts_with("sggak_"), "{key}");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Rows of the usage log whose read was answered with 200.
fn answered_rows(log: &Path) -> u64 {
    let connection = rusqlite::Connection::open(log).unwrap();
    let mut statement = connection
        .prepare("SELECT body FROM recent UNION ALL SELECT body FROM packs")
        .unwrap();
    let bodies = statement
        .query_map([], |row| row.get::<_, Vec<u8>>(0))
        .unwrap();
    let mut count = 0;
    for body in bodies {
        let body = body.unwrap();
        let mut pack = Pack::open(&body).unwrap();
        while let Some(row) = pack.next_row().unwrap() {
            count += u64::from(row.facts().status == 200);
        }
    }
    count
}

#[test]
fn sigterm_under_load_cuts_no_answer_and_loses_no_usage_row() {
    // sec: DU-6, LG-4
    let rounds = if std::env::var_os("CI_DRILLS").is_some() {
        20
    } else {
        2
    };
    let folder = tempfile::tempdir().unwrap();
    let repositories = folder.path().join("repositories");
    sandbox::sample::write(&repositories).unwrap();
    let token = seeded_token(folder.path(), &repositories);
    let served = Arc::new(AtomicU64::new(0));
    let root = repositories.display().to_string();
    for _ in 0..rounds {
        let serving = Serving::start(
            folder.path(),
            &[
                "--local-root",
                &root,
                "--rate-limit-per-minute=0",
                "--log=warn",
            ],
        );
        let stop = Arc::new(AtomicBool::new(false));
        let before = served.load(Ordering::SeqCst);
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let (stop, served, token) = (Arc::clone(&stop), Arc::clone(&served), token.clone());
                let address = serving.address;
                thread::spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        match read_commits(address, &token) {
                            Answer::Whole => served.fetch_add(1, Ordering::SeqCst),
                            Answer::None => return,
                            Answer::Cut(what) => panic!("an answer was cut: {what:?}"),
                        };
                    }
                })
            })
            .collect();
        while served.load(Ordering::SeqCst) < before + 20 {
            assert!(
                clients.iter().any(|client| !client.is_finished()),
                "nobody reads"
            );
            thread::yield_now();
        }
        let (_, log) = serving.stop();
        stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().unwrap();
        }
        assert_eq!(log, "");
    }
    let rows = answered_rows(&folder.path().join("data/usage.sqlite"));
    assert_eq!(rows, served.load(Ordering::SeqCst));
}

#[test]
fn a_disk_that_fails_to_keep_a_write_ends_the_process() {
    // sec: DU-3
    let folder = tempfile::tempdir().unwrap();
    let mut traced = Command::new("strace");
    traced
        .args(["-f", "-qq", "-o", "trace", "-e", "trace=fsync,fdatasync"])
        .args(["-e", "inject=fsync,fdatasync:error=EIO:when=40+"])
        .arg(env!("CARGO_BIN_EXE_gitflare"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            "data",
            "--log=error",
        ])
        .current_dir(folder.path())
        .env("SGG_ADMIN_API_KEY", ADMIN_KEY)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let may_trace = Command::new("strace")
        .args(["-qq", "-o", "trace", "true"])
        .current_dir(folder.path())
        .status();
    if !may_trace.is_ok_and(|status| status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "strace is missing or not permitted"
        );
        println!("skipped: strace is missing or not permitted");
        return;
    }
    let mut serving = Serving::from(traced);
    let body = r#"{"name":"x"}"#;
    let request = format!(
        "POST /v1/platform/tenants HTTP/1.1\r\nhost: {}\r\nx-admin-api-key: {ADMIN_KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        serving.address,
        body.len()
    );
    let mut acknowledged = 0;
    while let Some(answer) = answer(serving.address, &request) {
        acknowledged += usize::from(answer.starts_with("HTTP/1.1 201 "));
        assert!(acknowledged < 1000, "no fsync ever failed");
    }
    // Read before it is waited for: a process whose log fills the pipe does not end.
    let mut log = String::new();
    let mut told = serving.child.stderr.take().unwrap();
    told.read_to_string(&mut log).unwrap();
    let status = serving.child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(
        acknowledged > 0 && log.contains("start again"),
        "{acknowledged}: {log}"
    );
}

#[test]
fn a_line_of_the_log_says_who_read_what_and_how_long_the_upstream_took() {
    // sec: LG-1
    let folder = tempfile::tempdir().unwrap();
    let repositories = folder.path().join("repositories");
    sandbox::sample::write(&repositories).unwrap();
    let token = seeded_token(folder.path(), &repositories);
    let root = repositories.display().to_string();
    let flags = ["--local-root", &root, "--log-format=json"];
    let serving = Serving::start(folder.path(), &flags);
    assert!(matches!(
        read_commits(serving.address, &token),
        Answer::Whole
    ));
    assert!(matches!(
        read_commits(serving.address, "sgg_at_nobody"),
        Answer::Cut(_)
    ));
    let (_, log) = serving.stop();
    let lines = log.lines().filter(|line| line.contains("/commits\""));
    let lines: Vec<serde_json::Value> = lines.map(|it| serde_json::from_str(it).unwrap()).collect();
    let [read, refused] = lines.as_slice() else {
        panic!("{log}");
    };
    assert_eq!(
        (&read["status"], &read["provider"]),
        (&200.into(), &"local".into())
    );
    for (member, prefix) in [
        ("tenant", "tenant_"),
        ("client", "client_"),
        ("request_id", "gf_req_"),
    ] {
        let id = read[member].as_str().unwrap_or_else(|| panic!("{read}"));
        assert!(id.starts_with(prefix), "{read}");
    }
    let (whole, upstream) = (read["duration_us"].as_u64(), read["upstream_us"].as_u64());
    assert!(upstream > Some(0) && upstream <= whole, "{read}");
    assert_eq!(
        (&refused["status"], &refused["upstream_us"]),
        (&401.into(), &0.into())
    );
    assert!(
        refused.get("tenant").is_none() && refused.get("client").is_none(),
        "{refused}"
    );
    assert!(!log.contains(&token), "a token is in the log");
}

/// What comes back on a connection of its own, if anything.
pub(super) fn answer(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let mut answer = String::new();
    let sent = stream.write_all(request.as_bytes());
    let received = stream.read_to_string(&mut answer);
    (sent.is_ok() && received.is_ok() && !answer.is_empty()).then_some(answer)
}

/// Fills the data folder that the processes will serve.
pub(super) fn seeded_token(folder: &Path, repositories: &Path) -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let config = Config::from_pairs(&[
            ("GITFLARE_LISTEN", "127.0.0.1:0"),
            (
                "GITFLARE_DATA_DIR",
                &folder.join("data").display().to_string(),
            ),
            ("GITFLARE_LOCAL_ROOT", &repositories.display().to_string()),
        ]);
        let running = Server::new(config.unwrap()).start().await.unwrap();
        let token = sandbox::seed(&running.gateway(), &[], Vec::new(), None)
            .await
            .unwrap()
            .access_token;
        running.shutdown().await.unwrap();
        token
    })
}

pub(super) enum Answer {
    /// Everything that its head promised.
    Whole,
    /// Nothing: the server no longer takes connections.
    None,
    Cut(Vec<u8>),
}

pub(super) fn read_commits(address: SocketAddr, token: &str) -> Answer {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return Answer::None;
    };
    let request = format!(
        "GET /v1/repositories/local/acme%2Fstorefront/commits HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    let mut answer = Vec::new();
    let sent = stream.write_all(request.as_bytes());
    let received = stream.read_to_end(&mut answer);
    if answer.is_empty() {
        return Answer::None;
    }
    let text = String::from_utf8_lossy(&answer);
    let body = text.split_once("\r\n\r\n").and_then(|(head, body)| {
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))?;
        (head.starts_with("HTTP/1.1 200 ") && length.parse() == Ok(body.len())).then_some(body)
    });
    match (sent, received, body) {
        (Ok(()), Ok(_), Some(_)) => Answer::Whole,
        _ => Answer::Cut(answer),
    }
}

/// A serving process. Killed when a test fails before it is stopped.
pub(super) struct Serving {
    child: Child,
    pub(super) address: SocketAddr,
    out: BufReader<std::process::ChildStdout>,
    first_line: String,
}

impl Serving {
    pub(super) fn start(folder: &Path, flags: &[&str]) -> Self {
        let mut command = gitflare(folder);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"])
            .args(flags);
        Self::from(command)
    }

    /// The same with variables of the environment.
    pub(super) fn start_in(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = gitflare(folder);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"])
            .envs(variables.iter().copied());
        Self::from(command)
    }

    /// Runs the command until it says where it serves.
    fn from(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first_line = String::new();
        out.read_line(&mut first_line).unwrap();
        let address = first_line.trim().rsplit("http://").next().unwrap().parse();
        let address = address.unwrap_or_else(|_| panic!("not serving: {first_line:?}"));
        Self {
            child,
            address,
            out,
            first_line,
        }
    }

    /// Sends it a `SIGHUP`.
    pub(super) fn hang_up(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-HUP", &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for a line of its log that says this.
    pub(super) fn log_line(&mut self, text: &str) -> String {
        let log = self.child.stderr.as_mut().unwrap();
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            log.read_exact(&mut byte).unwrap();
            if byte != *b"\n" {
                line.push(byte[0]);
                continue;
            }
            let said = String::from_utf8(std::mem::take(&mut line)).unwrap();
            if said.contains(text) {
                return said;
            }
        }
    }

    /// Asks it to end; what it wrote to its terminal and to its log.
    pub(super) fn stop(mut self) -> (String, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut out = std::mem::take(&mut self.first_line);
        self.out.read_to_string(&mut out).unwrap();
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{log}");
        (out, log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
