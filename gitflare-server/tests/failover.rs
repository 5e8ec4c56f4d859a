//! The primary of a pair of PostgreSQL servers killed without warning, and its synchronous standby
//! promoted, while two nodes write: nothing that was acknowledged is lost, and the nodes go on by
//! themselves.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where, and what it skips"
)]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    os::unix::fs::MetadataExt,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::Gitflare;

const MASTER_KEY: &str = "1:469e2d70fbe37104173498a4bf3c90d18c51e7fa1587470c45b13b2d67f79cae";
const PATIENCE: Duration = Duration::from_secs(90);

/// Says where the pair is, and kills the primary at the next line of its input.
const SCRIPT: &str = r#"
set -eu
bin="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
[ -n "$bin" ] || bin="$(dirname "$(command -v postgres)")"
dir="$(mktemp -d /tmp/gitflare-pair-XXXXXX)"
trap 'kill -9 $primary $standby 2>/dev/null || true; rm -rf "$dir"' EXIT
primary= standby=
mkdir "$dir/a" "$dir/b"
"$bin/initdb" -D "$dir/data-a" -U gitflare -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/log" 2>&1
run() { exec "$bin/postgres" -D "$dir/data-$1" -k "$dir/$1" -c listen_addresses= -c shared_buffers=32MB >>"$dir/log" 2>&1; }
run a & primary=$!
until "$bin/pg_isready" -q -h "$dir/a"; do kill -0 "$primary"; sleep 0.05; done
"$bin/createdb" -h "$dir/a" -U gitflare gitflare
"$bin/pg_basebackup" -h "$dir/a" -U gitflare -D "$dir/data-b" -R -c fast >>"$dir/log" 2>&1
run b & standby=$!
ask() { "$bin/psql" -h "$dir/a" -U gitflare -d gitflare -AtqX -c "$1"; }
ask "ALTER SYSTEM SET synchronous_standby_names = '*'"
ask "SELECT pg_reload_conf()" >/dev/null
until [ "$(ask "SELECT sync_state FROM pg_stat_replication")" = sync ]; do sleep 0.05; done
echo "$dir"
read -r _
kill -9 "$primary"
"$bin/pg_ctl" -D "$dir/data-b" -w promote >>"$dir/log" 2>&1
echo promoted
cat >/dev/null
"#;

/// A primary and its standby.
struct Pair {
    dir: String,
    script: Child,
    output: BufReader<ChildStdout>,
}

impl Pair {
    fn start() -> Result<Self, String> {
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let mut command = Command::new(if is_root { "setpriv" } else { "bash" });
        if is_root {
            let rights = [
                "--reuid=postgres",
                "--regid=postgres",
                "--init-groups",
                "bash",
            ];
            command.args(rights);
        }
        let mut script = command
            .args(["-c", SCRIPT])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut output = BufReader::new(script.stdout.take().unwrap());
        let mut dir = String::new();
        output
            .read_line(&mut dir)
            .map_err(|error| error.to_string())?;
        match dir.trim() {
            "" => Err("the pair did not start".to_owned()),
            dir => Ok(Self {
                dir: dir.to_owned(),
                script,
                output,
            }),
        }
    }

    fn url(&self) -> String {
        format!(
            "postgres:///gitflare?host={0}/a&host={0}/b&user=gitflare",
            self.dir
        )
    }

    /// Kills the primary and promotes the standby.
    fn fail_over(&mut self) {
        self.script
            .stdin
            .as_mut()
            .unwrap()
            .write_all(b"\n")
            .unwrap();
        let mut said = String::new();
        self.output.read_line(&mut said).unwrap();
        assert_eq!(said.trim(), "promoted");
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_promoted_standby_has_all_that_was_acknowledged() {
    let mut pair = match Pair::start() {
        Ok(pair) => pair,
        Err(why) => {
            let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!is_ci, "{why}");
            println!("skipped: {why}");
            return;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let nodes: Vec<_> = (0..2)
        .map(|node| {
            let settings = [
                ("GITFLARE_DATABASE_URL", pair.url()),
                ("GITFLARE_MASTER_KEY", MASTER_KEY.to_owned()),
            ];
            Gitflare::start_with(&folder.path().join(node.to_string()), &settings)
        })
        .collect();
    let acknowledged = Mutex::new(BTreeSet::new());
    let (steps, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for node in &nodes {
            let (acknowledged, steps, is_over) = (&acknowledged, &steps, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let body = json!({"name": "Customer", "kind": "company"});
                    let answer = node
                        .admin("POST", "/v1/platform/tenants", Some(&body))
                        .unwrap();
                    if answer.status == 201 {
                        let id = answer.body["tenant"]["id"].as_str().unwrap().to_owned();
                        acknowledged.lock().unwrap().insert(id);
                        steps.fetch_add(1, Ordering::Relaxed);
                    } else {
                        // The one answer of a server whose database is away.
                        let error = &answer.body["error"];
                        assert_eq!(error["code"], "UPSTREAM_UNAVAILABLE", "{error}");
                        assert_eq!(error["source"], "gitflare");
                        assert_eq!(error["retryable"], true);
                    }
                }
            });
        }
        wait_for("writes before", || steps.load(Ordering::Relaxed) >= 20);
        pair.fail_over();
        let promoted = (Instant::now(), steps.load(Ordering::Relaxed));
        wait_for("writes after", || {
            steps.load(Ordering::Relaxed) >= promoted.1 + 20
        });
        println!(
            "20 writes went through {:?} after the promotion",
            promoted.0.elapsed()
        );
        is_over.store(true, Ordering::Relaxed);
    });
    for node in &nodes {
        let mut seen = BTreeSet::new();
        let mut behind = String::new();
        loop {
            let path = format!("/v1/platform/tenants?limit=100{behind}");
            let page = node.admin("GET", &path, None).unwrap().expect(200);
            let rows = page["data"].as_array().unwrap();
            seen.extend(
                rows.iter()
                    .map(|row| row["id"].as_str().unwrap().to_owned()),
            );
            match page["page_info"]["next_cursor"].as_str() {
                Some(cursor) => behind = format!("&cursor={cursor}"),
                None => break,
            }
        }
        let acknowledged = acknowledged.lock().unwrap();
        let lost: Vec<_> = acknowledged.difference(&seen).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
