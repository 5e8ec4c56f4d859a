//! Migrations against real files, and against `kill -9`.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use super::*;

const OLD: &[&str] = &["CREATE TABLE a (x); INSERT INTO a VALUES (7)"];
const NEW: &[&str] = &[OLD[0], "CREATE TABLE b (x); INSERT INTO b SELECT x FROM a"];
/// Names the database to a child process of this test.
const CHILD: &str = "GITFLARE_TEST_MIGRATE";

fn open(path: &Path) -> Connection {
    super::super::connect::writer(path, Duration::from_secs(5)).unwrap()
}

fn migrate(path: &Path, all: &[&str]) -> Result<()> {
    run(&mut open(path), path, all)
}

fn values(path: &Path, table: &str) -> rusqlite::Result<Vec<i64>> {
    open(path)
        .prepare(&format!("SELECT x FROM {table}"))?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn refusal(path: &Path, all: &[&str]) -> String {
    migrate(path, all).unwrap_err().detail().unwrap().to_owned()
}

#[test]
fn a_migration_is_applied_once_and_leaves_a_copy() {
    // sec: DU-4
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sqlite");
    migrate(&path, OLD).unwrap();
    assert!(!copy_path(&path, 0).exists(), "there was nothing to copy");
    migrate(&path, NEW).unwrap();
    migrate(&path, NEW).unwrap();
    assert_eq!(values(&path, "b").unwrap(), [7]);
    assert_eq!(values(&copy_path(&path, 1), "a").unwrap(), [7]);
    assert!(values(&copy_path(&path, 1), "b").is_err());
}

#[test]
fn what_this_release_did_not_write_is_refused() {
    // sec: DU-4
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sqlite");
    migrate(&path, NEW).unwrap();
    assert!(refusal(&path, OLD).contains("newer release"));
    assert!(refusal(&path, &[OLD[0], "CREATE TABLE c (x)"]).contains("migration 2 is not"));

    let foreign = folder.path().join("foreign.sqlite");
    open(&foreign).execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(refusal(&foreign, OLD).contains("foreign.sqlite: cannot read the schema"));
}

#[test]
fn a_failed_migration_leaves_the_old_schema() {
    // sec: DU-4
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sqlite");
    migrate(&path, OLD).unwrap();
    let broken = [OLD[0], "CREATE TABLE b (x); SELECT broken"];
    assert!(refusal(&path, &broken).contains("migration 2 failed"));
    assert!(values(&path, "b").is_err(), "nothing of it is left");
    migrate(&path, NEW).unwrap();
}

/// Enough rows that the copy and the migration take a while.
fn grown() -> Vec<String> {
    let rows = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 40000)";
    vec![
        format!("CREATE TABLE a (x, filler); {rows} INSERT INTO a SELECT x, hex(x) FROM n"),
        "CREATE TABLE b (x, filler); INSERT INTO b SELECT x, filler FROM a;
         CREATE INDEX b_by_filler ON b (filler); DROP TABLE a"
            .to_owned(),
    ]
}

#[test]
fn a_migration_that_is_killed_leaves_the_old_schema_or_the_new_one() {
    // sec: DU-4
    let all = grown();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    if let Some(path) = env::var_os(CHILD) {
        println!("migrating");
        migrate(Path::new(&path), &all).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed.sqlite");
    migrate(&seed, &all[..1]).unwrap();
    let rounds = if env::var_os("CI_DRILLS").is_some() {
        50
    } else {
        5
    };
    let (mut old, mut new) = (0, 0);
    for round in 0..rounds {
        let path = folder.path().join(format!("round-{round}.sqlite"));
        fs::copy(&seed, &path).unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg(
                "storage::sqlite::migrations::tests::\
                 a_migration_that_is_killed_leaves_the_old_schema_or_the_new_one",
            )
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("migrating")));
        // Anywhere between its first moment and its end.
        std::thread::sleep(Duration::from_millis(round * 400 / rounds));
        child.kill().unwrap();
        child.wait().unwrap();

        let connection = open(&path);
        let sound: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok");
        let (present, absent) = match applied(&connection).unwrap().len() {
            1 => {
                old += 1;
                ("a", "b")
            }
            _ => {
                new += 1;
                ("b", "a")
            }
        };
        drop(connection);
        assert_eq!(values(&path, present).unwrap().len(), 40_000);
        assert!(values(&path, absent).is_err());
        migrate(&path, &all).unwrap();
        assert_eq!(values(&path, "b").unwrap().len(), 40_000);
    }
    println!("killed {old} times before the commit, {new} times after it");
}
