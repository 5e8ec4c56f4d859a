//! One PostgreSQL cluster for a whole program of tests, on a socket in a temporary folder, with as
//! many databases as are asked for, each copied from one that is migrated already. It ends, and its
//! folder goes, when the program does. Its order of texts is not that of bytes, so that whoever relies
//! on the database's own order is found out.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where, and what it skips"
)]

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::MetadataExt,
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use gitflare_server::storage::postgres::{PostgresConfig, PostgresStorage};

/// Says where the cluster is, and waits for the end of its input, which is that of the tests.
const SCRIPT: &str = r#"
set -eu
bin="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
[ -n "$bin" ] || bin="$(dirname "$(command -v postgres)")"
dir="$(mktemp -d /tmp/gitflare-postgres-XXXXXX)"
trap 'rm -rf "$dir"' EXIT
"$bin/initdb" -D "$dir/data" -U gitflare -A trust -E UTF8 --locale=C.UTF-8 \
  --locale-provider=icu --icu-locale=en-US --no-sync >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
"$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c full_page_writes=off \
  -c max_connections=500 -c shared_buffers=64MB >>"$dir/log" 2>&1 &
server=$!
until "$bin/pg_isready" -q -h "$dir"; do kill -0 "$server"; sleep 0.05; done
echo "$dir $bin"
cat >/dev/null
kill -INT "$server"
wait "$server" || true
"#;
const TEMPLATE: &str = "migrated";

/// A running cluster.
pub(crate) struct Cluster {
    dir: String,
    bin: String,
    databases: AtomicUsize,
    /// Its input ends with this program.
    _script: Child,
}

impl Cluster {
    /// The cluster of this program; `None`, with the reason told, where there is no PostgreSQL.
    ///
    /// # Panics
    /// When there is none under `CI=true`.
    pub(crate) fn get() -> Option<&'static Self> {
        static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
        let cluster = CLUSTER.get_or_init(|| match Self::start() {
            Ok(cluster) => Some(cluster),
            Err(why) => {
                let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
                assert!(!is_ci, "PostgreSQL cannot be started: {why}");
                println!("skipped: PostgreSQL cannot be started: {why}");
                None
            }
        });
        cluster.as_ref()
    }

    fn start() -> Result<Self, String> {
        // PostgreSQL refuses to run as root.
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let mut command = match is_root {
            true => {
                let mut command = Command::new("setpriv");
                command.args([
                    "--reuid=postgres",
                    "--regid=postgres",
                    "--init-groups",
                    "bash",
                ]);
                command
            }
            false => Command::new("bash"),
        };
        let mut script = command
            .args(["-c", SCRIPT])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut line = String::new();
        let mut output = BufReader::new(script.stdout.take().unwrap());
        output
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        let (dir, bin) = line.trim().split_once(' ').ok_or("see above")?;
        let cluster = Self {
            dir: dir.to_owned(),
            bin: bin.to_owned(),
            databases: AtomicUsize::new(0),
            _script: script,
        };
        cluster.tool("createdb", &[TEMPLATE]);
        let url = cluster.url(TEMPLATE);
        // A thread of its own: the caller may be one of a runtime's.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                use gitflare_core::storage::Storage;
                let storage = PostgresStorage::open(&PostgresConfig::new(url)).await;
                storage.unwrap().close().await.unwrap();
            });
        })
        .join()
        .unwrap();
        Ok(cluster)
    }

    fn url(&self, name: &str) -> String {
        format!("postgres:///{name}?host={}&user=gitflare", self.dir)
    }

    /// The URL of an empty database of its own.
    pub(crate) fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.tool("createdb", &["-T", TEMPLATE, &name]);
        self.url(&name)
    }

    /// What `psql` prints for a statement in the database of that URL.
    pub(crate) fn ask(&self, url: &str, statement: &str) -> String {
        let arguments = ["-AtqX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement];
        self.tool("psql", &arguments)
    }

    /// What the cluster has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(format!("{}/log", self.dir)).unwrap()
    }

    fn tool(&self, name: &str, arguments: &[&str]) -> String {
        let output = Command::new(format!("{}/{name}", self.bin))
            .args(["-h", &self.dir, "-U", "gitflare"])
            .args(arguments)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }
}
