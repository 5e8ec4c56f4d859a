//! What SQLite adds to the promises of the traits: private files, full disks, held locks, failed
//! fsyncs, and rows that survive a close. The promises themselves are the suite's.

mod backup;
mod endings;
mod kill;
mod numbers;
mod plans;

use std::{env, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use gitflare_core::{
    AuditId, ClientId, Code, LogId, RequestId, TenantId, Timestamp, TokenId,
    storage::{
        Actor, AuditAction, AuditEntry, ListRange, Outcome, Tenant, TenantKind, UsageQuery,
        UsageRow,
    },
};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// Names the folder to a child process of a test.
const CHILD: &str = "GITFLARE_TEST_FOLDER";

fn open(dir: &Path, max_pages: Option<u32>) -> Result<SqliteStorage> {
    SqliteStorage::open(&SqliteConfig {
        dir: dir.to_owned(),
        max_pages,
    })
}

fn entry(number: usize) -> AuditEntry {
    AuditEntry {
        id: AuditId::parse(&format!("audit_{number:06}")).unwrap(),
        at: NOW,
        actor: Actor::System,
        action: AuditAction::TenantCreate,
        object: String::new(),
        outcome: Outcome::Ok,
        request_id: RequestId::parse("gf_req_1").unwrap(),
    }
}

fn tenant(number: usize, name: &str) -> Tenant {
    Tenant {
        id: TenantId::parse(&format!("tenant_{number:06}")).unwrap(),
        name: name.into(),
        kind: TenantKind::Company,
        created_at: NOW,
    }
}

async fn insert(storage: &SqliteStorage, number: usize, name: &str) -> Result<()> {
    let tenants = storage.tenants();
    tenants.insert(tenant(number, name), entry(number)).await
}

async fn count(storage: &SqliteStorage) -> usize {
    let range = ListRange {
        after: None,
        limit: usize::MAX,
    };
    storage.tenants().list(range).await.unwrap().len()
}

fn row(number: usize) -> UsageRow {
    UsageRow {
        id: LogId::parse(&format!("log_{number:06}")).unwrap(),
        at: NOW,
        request_id: RequestId::parse("gf_req_1").unwrap(),
        tenant_id: TenantId::parse("tenant_1").unwrap(),
        client_id: ClientId::parse("client_1").unwrap(),
        token_id: TokenId::parse("atk_1").unwrap(),
        endpoint_key: "commits.list",
        method: "GET",
        path: "/v1/repositories/local/a/commits".into(),
        provider: None,
        repository_id: None,
        status: 200,
        error_code: None,
        duration_ms: 1,
        upstream_ms: 0,
        items: 1,
        blocked_files: 0,
        redacted_secrets: 0,
    }
}

async fn rows(storage: &SqliteStorage) -> u64 {
    let listed = storage.usage().list(&UsageQuery::default(), 0, 1).await;
    listed.unwrap().1
}

/// Our own failure, told to the log and not to the client.
fn assert_internal(error: &Error, told: &str) {
    assert_told(error, Code::InternalError, told);
    assert!(!error.message().contains("database"), "{}", error.message());
}

/// The caller is told to come again.
fn assert_passing(error: &Error, told: &str) {
    assert_told(error, Code::UpstreamUnavailable, told);
    assert_eq!(error.retry_after_seconds(), Some(1));
}

fn assert_told(error: &Error, code: Code, told: &str) {
    assert_eq!(error.code(), code);
    let detail = error.detail().unwrap();
    assert!(detail.contains(told), "{detail}");
}

#[tokio::test]
async fn folder_and_files_are_for_their_owner_alone() {
    // sec: DU-1
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a").join("data");
    let storage = open(&dir, None).unwrap();
    insert(&storage, 1, "x").await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let mut names = Vec::new();
    for file in fs::read_dir(&dir).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_owned());
    }
    assert!(names.contains(&"gitflare.sqlite-wal".into()), "{names:?}");
    assert!(names.contains(&"usage.sqlite".into()), "{names:?}");
}

#[tokio::test]
async fn one_process_works_in_a_folder_until_it_closes() {
    // sec: DU-1
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    insert(&storage, 1, "x").await.unwrap();
    assert_internal(
        &open(folder.path(), None).unwrap_err(),
        "another gitflare process",
    );
    storage.close().await.unwrap();
    let again = open(folder.path(), None).unwrap();
    assert_eq!(count(&again).await, 1);
    assert!(insert(&storage, 2, "x").await.is_err(), "closed is closed");
    assert!(storage.usage().record(row(1)).await.is_err());
}

#[tokio::test]
async fn what_is_not_a_database_is_named_to_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(folder.path().join(DATABASE), vec![7; 8192]).unwrap();
    assert_internal(&open(folder.path(), None).unwrap_err(), DATABASE);
}

#[tokio::test]
async fn a_damaged_database_is_unhealthy_from_its_first_sign_on() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    for number in 0..60 {
        insert(&storage, number, &"x".repeat(6000)).await.unwrap();
    }
    storage.close().await.unwrap();
    let path = folder.path().join(DATABASE);
    let mut bytes = fs::read(&path).unwrap();
    let (from, to) = (bytes.len() / 2, bytes.len() - 4096);
    bytes[from..to].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let storage = open(folder.path(), None).unwrap();
    assert!(storage.is_healthy().await, "nothing has been read yet");
    let all = ListRange {
        after: None,
        limit: usize::MAX,
    };
    let error = storage.tenants().list(all).await.unwrap_err();
    assert_internal(&error, "restore a backup");
    assert!(!storage.is_healthy().await);
    assert!(!storage.is_healthy().await, "it does not mend by itself");
}

#[tokio::test]
async fn audit_rows_are_neither_changed_nor_deleted() {
    // sec: LG-3
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    insert(&storage, 1, "x").await.unwrap();
    assert!(
        storage
            .audit()
            .purge(NOW.after(BUSY_TIMEOUT), 10)
            .await
            .is_err()
    );
    for statement in ["UPDATE audit SET actor = 'admin'", "DELETE FROM audit"] {
        let refused = storage.write(move |connection| rows::execute(connection, statement, []));
        assert_internal(&refused.await.unwrap_err(), "append-only");
    }
    assert!(storage.is_healthy().await, "a probe goes through");
}

#[tokio::test]
async fn what_fails_is_undone_and_its_neighbours_are_kept() {
    // sec: DU-3
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    let broken = async {
        let write = storage.write(|connection| {
            rows::execute(connection, "DELETE FROM tenants", [])?;
            rows::execute(connection, "INSERT INTO nowhere VALUES (1)", [])
        });
        write.await.map(|_| ())
    };
    let (before, failed, after) =
        tokio::join!(insert(&storage, 1, "x"), broken, insert(&storage, 2, "x"));
    before.unwrap();
    after.unwrap();
    assert_internal(&failed.unwrap_err(), "nowhere");
    assert_eq!(count(&storage).await, 2);
}

#[tokio::test]
async fn a_full_disk_refuses_writes_until_there_is_room() {
    // sec: DU-3
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), Some(140)).unwrap();
    let large = "x".repeat(20_000);
    let mut stored = 0;
    let error = loop {
        match insert(&storage, stored, &large).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100, "the disk never fills");
    };
    assert_passing(&error, "free space");
    assert_eq!(count(&storage).await, stored, "reads go on");
    let audit = storage.audit().list(ListRange {
        after: None,
        limit: 1000,
    });
    assert_eq!(audit.await.unwrap().len(), stored);
    storage
        .write(|connection| {
            rows::execute(
                connection,
                "DELETE FROM tenants WHERE id > 'tenant_000001'",
                [],
            )
        })
        .await
        .unwrap();
    insert(&storage, 99, &large).await.unwrap();
    assert!(storage.is_healthy().await);
    storage.close().await.unwrap();
    assert_eq!(count(&open(folder.path(), None).unwrap()).await, 3);
}

#[tokio::test]
async fn a_held_lock_fails_the_write_and_nothing_else() {
    // sec: DU-3
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    insert(&storage, 1, "x").await.unwrap();
    let other = Connection::open(folder.path().join(DATABASE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (first, second) = tokio::join!(insert(&storage, 2, "x"), insert(&storage, 3, "x"));
    assert_passing(&first.unwrap_err(), "write lock");
    assert_passing(&second.unwrap_err(), "write lock");
    assert_eq!(count(&storage).await, 1, "reads go on");
    other.execute_batch("ROLLBACK").unwrap();
    insert(&storage, 4, "x").await.unwrap();
    assert!(storage.is_healthy().await);
}

#[tokio::test]
async fn a_full_usage_log_holds_reads_back_and_loses_no_row() {
    // sec: LG-4, DU-3
    let folder = tempfile::tempdir().unwrap();
    // Twice the room that a full queue needs.
    let storage = open(folder.path(), Some(2000)).unwrap();
    let usage = storage.usage();
    let mut recorded: u64 = 0;
    let error = loop {
        let number = usize::try_from(recorded).unwrap();
        match usage.record(row(number)).await {
            Ok(()) => recorded += 1,
            Err(error) => break error,
        }
        assert!(recorded < 100_000, "the queue never fills");
    };
    assert_passing(&error, "queue is full");
    assert!(usage.flush().await.is_err());
    assert!(!storage.is_healthy().await);
    let written = rows(&storage).await;
    assert!(0 < written && written < recorded, "reads go on");
    let other = Connection::open(folder.path().join(USAGE)).unwrap();
    let deleted = other.execute("DELETE FROM recent", []).unwrap() as u64;
    usage.flush().await.unwrap();
    assert_eq!(rows(&storage).await, recorded - deleted);
    usage.record(row(100_001)).await.unwrap();
    storage.close().await.unwrap();
    let again = open(folder.path(), None).unwrap();
    assert_eq!(rows(&again).await, recorded - deleted + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_usage_row_is_lost_in_an_orderly_stop() {
    // sec: LG-4
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(open(folder.path(), None).unwrap());
    let readers: Vec<_> = (0..8)
        .map(|reader| {
            let storage = Arc::clone(&storage);
            tokio::spawn(async move {
                let mut recorded: u64 = 0;
                for number in 0..5000 {
                    // After the close, what is not taken is not counted.
                    match storage.usage().record(row(reader * 5000 + number)).await {
                        Ok(()) => recorded += 1,
                        Err(_) => break,
                    }
                }
                recorded
            })
        })
        .collect();
    while rows(&storage).await < 1000 {
        tokio::task::yield_now().await;
    }
    storage.close().await.unwrap();
    let mut recorded = 0;
    for reader in readers {
        recorded += reader.await.unwrap();
    }
    drop(storage);
    let again = open(folder.path(), None).unwrap();
    assert_eq!(rows(&again).await, recorded);
}

#[tokio::test]
async fn last_uses_are_on_disk_after_a_close() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    storage
        .write(|connection| {
            rows::execute(
                connection,
                "INSERT INTO connections (id, provider, account_id, scopes, mode, status, created_at)
                 VALUES ('conn_1', 'local', '1', '[]', 'manual', 'active', 0)",
                [],
            )
        })
        .await
        .unwrap();
    let id = gitflare_core::ConnectionId::parse("conn_1").unwrap();
    let earlier = Timestamp::from_millis(1);
    for at in [earlier, NOW] {
        storage.connections().touch(&id, at).await.unwrap();
    }
    storage.close().await.unwrap();
    let again = open(folder.path(), None).unwrap();
    let found = again.connections().find(&id).await.unwrap().unwrap();
    assert_eq!(found.last_used_at, Some(NOW));
}

#[tokio::test]
async fn erased_tokens_are_nowhere_in_the_files() {
    // sec: CA-3
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    let canary = "sealed-canary-0123456789";
    storage
        .write(move |connection| {
            rows::execute(
                connection,
                "INSERT INTO connections (id, provider, account_id, scopes, mode, status,
                   access_token, created_at)
                 VALUES ('conn_1', 'local', '1', '[]', 'manual', 'active', ?1, 0)",
                [canary.as_bytes()],
            )
        })
        .await
        .unwrap();
    let found = || {
        fs::read_dir(folder.path())
            .unwrap()
            .filter(|file| {
                let bytes = fs::read(file.as_ref().unwrap().path()).unwrap();
                bytes
                    .windows(canary.len())
                    .any(|window| window == canary.as_bytes())
            })
            .count()
    };
    assert_ne!(found(), 0, "the scan can see it");
    let id = gitflare_core::ConnectionId::parse("conn_1").unwrap();
    let revoked = storage.connections().revoke(&id, NOW, entry(1));
    assert!(revoked.await.unwrap());
    assert_eq!(found(), 0);
}

/// Runs this test alone in a child under `strace`, which lets every fsync from the `after`-th on
/// fail. `None` where tracing is not permitted.
fn with_failing_fsync(test: &str, after: usize, folder: &Path) -> Option<bool> {
    let calls = "trace=fsync,fdatasync";
    let permitted = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", calls, "true"])
        .status()
        .is_ok_and(|status| status.success());
    if !permitted {
        assert!(env::var_os("CI").is_none(), "strace is needed under CI");
        println!("skipped: strace is missing or may not trace");
        return None;
    }
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", calls, "-e"])
        .arg(format!("inject=fsync,fdatasync:error=EIO:when={after}+"))
        .arg(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(CHILD, folder)
        .status()
        .unwrap();
    Some(status.success())
}

#[tokio::test]
async fn after_a_failed_fsync_nothing_is_written_any_more() {
    // sec: DU-3
    if let Some(dir) = env::var_os(CHILD) {
        let storage = open(Path::new(&dir), None).unwrap();
        let mut acknowledged = 0;
        let error = loop {
            match insert(&storage, acknowledged, "x").await {
                Ok(()) => acknowledged += 1,
                Err(error) => break error,
            }
            assert!(acknowledged < 1000, "no fsync ever failed");
        };
        assert_internal(&error, "database");
        let refused = insert(&storage, 5000, "x").await.unwrap_err();
        assert_internal(&refused, "restart gitflare");
        assert!(!storage.is_healthy().await);
        assert!(count(&storage).await >= acknowledged, "reads go on");
        fs::write(
            Path::new(&dir).join("acknowledged"),
            acknowledged.to_string(),
        )
        .unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), None).unwrap());
    let name = "storage::sqlite::tests::after_a_failed_fsync_nothing_is_written_any_more";
    let Some(success) = with_failing_fsync(name, 40, folder.path()) else {
        return;
    };
    assert!(success);
    let acknowledged = fs::read_to_string(folder.path().join("acknowledged")).unwrap();
    let acknowledged: usize = acknowledged.parse().unwrap();
    let again = open(folder.path(), None).unwrap();
    assert!(acknowledged > 0);
    assert!(
        count(&again).await >= acknowledged,
        "a restart has them all"
    );
}
