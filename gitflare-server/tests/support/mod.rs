//! A `gitflare` process to talk to, and a repository for it to serve. Plain HTTP over one socket a
//! request: when the process dies, the answer is `None`, nothing else.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where, and what it skips"
)]

pub(crate) mod cluster;
pub(crate) mod load;
pub(crate) mod network;
pub(crate) mod site;
pub(crate) mod walk;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use serde_json::Value;

/// What the tests authenticate with; long enough for the server to accept.
pub(crate) const ADMIN_KEY: &str = "k9w2v7c4x1m8q3t6y5z0r2n4b7d1f8h3";

/// A running server; killed when dropped.
pub(crate) struct Gitflare {
    child: Mutex<Child>,
    address: SocketAddr,
}

/// An answer with its body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The body, when the status is the expected one.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

impl Gitflare {
    /// Starts a server on a free port over `data`, serving the repositories below `root`.
    pub(crate) fn start(data: &Path, root: &Path) -> Self {
        let root = root.to_str().unwrap().to_owned();
        Self::start_with(data, &[("GITFLARE_LOCAL_ROOT", root)])
    }

    /// Starts a server on a free port over `data` with these settings.
    pub(crate) fn start_with(data: &Path, settings: &[(&str, String)]) -> Self {
        Self::start_logging(data, settings, Stdio::inherit())
    }

    /// The same, with its log going elsewhere.
    pub(crate) fn start_logging(data: &Path, settings: &[(&str, String)], log: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gitflare"))
            .arg("serve")
            .env_clear()
            .env("GITFLARE_LISTEN", "127.0.0.1:0")
            .env("GITFLARE_DATA_DIR", data)
            .env("SGG_ADMIN_API_KEY", ADMIN_KEY)
            .env("GITFLARE_RATE_LIMIT_PER_MINUTE", "0")
            .env("GITFLARE_LOG", "error")
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = loop {
            let line = lines
                .next()
                .expect("an address is printed before the output ends")
                .unwrap();
            let address = line
                .split_whitespace()
                .filter_map(|word| word.strip_prefix("http://"))
                .find_map(|rest| rest.trim_end_matches('/').parse().ok());
            if let Some(address) = address {
                break address;
            }
        };
        // Whatever else is printed must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child: Mutex::new(child),
            address,
        }
    }

    /// Ends the process without any warning (SIGKILL).
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }

    /// The address of its public listener.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it holds in memory, in MiB; `None` where the system does not tell.
    pub(crate) fn resident(&self) -> Option<u64> {
        let id = self.child.lock().unwrap().id();
        let pages = std::fs::read_to_string(format!("/proc/{id}/statm")).ok()?;
        let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
        Some(pages * 4096 / 1024 / 1024)
    }

    /// A request with the admin key.
    pub(crate) fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
        self.send(method, path, &[("x-admin-api-key", ADMIN_KEY)], body)
    }

    /// A request; `None` when no whole answer came back.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .ok()?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
            self.address
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {}\r\n",
                body.len()
            ));
        }
        request.push_str("\r\n");
        request.push_str(&body);
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(body).ok()?
        };
        Some(Answer { status, body })
    }
}

impl Drop for Gitflare {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder with one small repository, or `None` where Git is missing.
pub(crate) fn repository(folder: &Path) -> Option<PathBuf> {
    let root = folder.join("repositories");
    let git = |arguments: &[&str]| {
        Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
            .args(arguments)
            .current_dir(root.join("sample"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    std::fs::create_dir_all(root.join("sample")).unwrap();
    if git(&["init", "--initial-branch=main"]) && git(&["commit", "--allow-empty", "-m", "First"]) {
        return Some(root);
    }
    assert!(std::env::var_os("CI").is_none(), "git is missing");
    println!("skipped: git is missing");
    None
}
