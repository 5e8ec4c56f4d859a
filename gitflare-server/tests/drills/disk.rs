//! A database whose disk is full: reads go on or are refused as what passes, writes are refused, and
//! when there is room again, all goes on. The disk is a small one in memory, which only root can make.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::fs::MetadataExt,
    process::{Child, ChildStdout, Command, Stdio},
    sync::atomic::Ordering,
    time::Instant,
};

use super::{addresses, skip, under_load};
use crate::support::{
    cluster::Cluster,
    load::{App, rounds},
    site::Site,
};

/// Says where the cluster is; then fills its disk at a line of its input, and empties it at the next.
/// A server that has ended for want of room is started again, as a service manager does.
const SCRIPT: &str = r#"
set -eu
bin="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
[ -n "$bin" ] || bin="$(dirname "$(command -v postgres)")"
dir="$(mktemp -d /tmp/gitflare-small-XXXXXX)"
trap 'kill -9 $server 2>/dev/null || true; wait || true; umount --lazy "$dir/disk" || true; rm -rf "$dir"' EXIT
server=
mkdir "$dir/disk"
mount -t tmpfs -o size=200m,mode=777 tmpfs "$dir/disk"
chmod 777 "$dir"
as='setpriv --reuid=postgres --regid=postgres --init-groups'
$as "$bin/initdb" -D "$dir/disk/data" -U gitflare -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/log" 2>&1
run() {
  $as "$bin/postgres" -D "$dir/disk/data" -k "$dir" -c listen_addresses= -c fsync=off \
    -c shared_buffers=16MB -c max_wal_size=32MB >>"$dir/log" 2>&1 &
  server=$!
}
ready() { until "$bin/pg_isready" -q -h "$dir"; do kill -0 "$server" 2>/dev/null || run; sleep 0.05; done; }
run; ready
"$bin/createdb" -h "$dir" -U gitflare gitflare
echo "$dir"
while read -r _; do
  dd if=/dev/zero of="$dir/disk/ballast" bs=64k 2>/dev/null || true
  echo full
  read -r _ || break
  rm "$dir/disk/ballast"
  ready
  echo empty
done
"#;

struct SmallDisk {
    dir: String,
    script: Child,
    output: BufReader<ChildStdout>,
}

impl SmallDisk {
    fn start() -> Result<Self, String> {
        if !std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
            return Err("only root can make a small disk".to_owned());
        }
        let mut script = Command::new("unshare")
            .args(["--mount", "bash", "-c", SCRIPT])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut disk = Self {
            dir: String::new(),
            output: BufReader::new(script.stdout.take().unwrap()),
            script,
        };
        disk.dir = disk.hear();
        match disk.dir.is_empty() {
            true => Err("no small disk could be made".to_owned()),
            false => Ok(disk),
        }
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Fills the disk, or empties it.
    fn turn(&mut self, expected: &str) {
        self.script
            .stdin
            .as_mut()
            .unwrap()
            .write_all(b"\n")
            .unwrap();
        assert_eq!(self.hear(), expected);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}

#[test]
fn a_database_whose_disk_is_full_loses_nothing_and_goes_on() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let mut disk = match SmallDisk::start() {
        Ok(disk) => disk,
        Err(why) => return skip(&why),
    };
    let url = format!("postgres:///gitflare?host={}&user=gitflare", disk.dir);
    let Some(site) = Site::over(url) else {
        return;
    };
    let nodes = [site.node(0), site.node(1)];
    let nodes_at = addresses(&nodes);
    let app = App::make(nodes_at[0]);
    let ledger = under_load(&app, &nodes_at, false, |ledger| {
        for _ in 0..rounds(1, 10) {
            disk.turn("full");
            let before = ledger.refusals.load(Ordering::Relaxed);
            ledger.wait_for("a write is refused", || {
                ledger.refusals.load(Ordering::Relaxed) >= before + 3
            });
            disk.turn("empty");
            let begun = Instant::now();
            ledger.advances(5);
            println!(
                "five writes went through {:?} after there was room",
                begun.elapsed()
            );
        }
    });
    assert_eq!(
        ledger.silences.load(Ordering::Relaxed),
        0,
        "answers in time"
    );
    ledger.verify(&nodes_at, cluster, &site.url);
}
