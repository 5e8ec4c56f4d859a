//! Backups under writes, brought back elsewhere; and what is no backup.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use gitflare_core::{
    Clock, SystemClock,
    storage::{AuditAction, ListRange, Storage},
};
use rusqlite::Connection;

use super::{
    super::{
        DATABASE,
        backup::{backup, restore, verify},
    },
    count, insert, open,
};

fn told(error: &gitflare_core::Error) -> &str {
    error.detail().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_writes_holds_every_write_before_it() {
    // sec: DU-5
    let folder = tempfile::tempdir().unwrap();
    let (dir, target) = (folder.path().join("data"), folder.path().join("a.backup"));
    let storage = Arc::new(open(&dir, None).unwrap());
    let (stop, written) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let writing = tokio::spawn({
        let (storage, stop, written) = (Arc::clone(&storage), stop.clone(), written.clone());
        async move {
            while !stop.load(Ordering::SeqCst) {
                let number = written.load(Ordering::SeqCst);
                insert(&storage, number, "x").await.unwrap();
                written.store(number + 1, Ordering::SeqCst);
            }
        }
    });
    while written.load(Ordering::SeqCst) < 50 {
        tokio::task::yield_now().await;
    }
    let before = written.load(Ordering::SeqCst);
    let copied = tokio::task::spawn_blocking({
        let (dir, target) = (dir.clone(), target.clone());
        move || backup(&dir, &target)
    });
    let bytes = copied.await.unwrap().unwrap();
    stop.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    storage.close().await.unwrap();

    let metadata = fs::metadata(&target).unwrap();
    assert_eq!(
        (metadata.len(), metadata.permissions().mode() & 0o777),
        (bytes, 0o600)
    );
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "nothing but the data and the backup");
    verify(&target).unwrap();
    let again = folder.path().join("again");
    restore(&target, &again, false).unwrap();
    let restored = open(&again, None).unwrap();
    let found = count(&restored).await;
    assert!((before..=written.load(Ordering::SeqCst)).contains(&found));
    let audit = restored.audit().list(ListRange {
        after: None,
        limit: usize::MAX,
    });
    let audit = audit.await.unwrap();
    assert_eq!(audit.last().unwrap().action, AuditAction::DatabaseRestore);
    restored.close().await.unwrap();
}

#[tokio::test]
async fn what_was_revoked_after_a_backup_stays_dead() {
    // sec: DU-5
    let folder = tempfile::tempdir().unwrap();
    let (dir, target) = (folder.path().join("data"), folder.path().join("a.backup"));
    let storage = open(&dir, None).unwrap();
    storage.close().await.unwrap();
    let far = SystemClock.now().as_millis() + 3_600_000;
    let connection = Connection::open(dir.join(DATABASE)).unwrap();
    connection
        .execute_batch(&format!(
            "INSERT INTO tenants (id, name, kind, created_at) VALUES ('tenant_1', 'x', 'company', 0);
             INSERT INTO users VALUES ('user_1', 'a@b.example', NULL, 'x', 0);
             INSERT INTO clients VALUES ('client_1', 'tenant_1', NULL, 'x', NULL, '[]', 1, 0, 0,
               '[]', x'00', 'active', 0, 0, NULL, NULL);
             INSERT INTO authorizations (id, tenant_id, client_id, status, permissions, created_at)
               VALUES ('authz_1', 'tenant_1', 'client_1', 'active', 1, 0);
             INSERT INTO sessions VALUES (x'01', 'sess_1', 'user_1', NULL, NULL, 0, {far}, 0);
             INSERT INTO codes (hash, client_id, tenant_id, authorization_id, redirect_uri,
               registered_uri, permissions, connection_ids, created_at, expires_at)
               VALUES (x'02', 'client_1', 'tenant_1', 'authz_1', 'x', 'x', 1, '[]', 0, {far});
             INSERT INTO tokens (hash, id, tenant_number, client_number, authorization_number,
               issued_by, permissions, connections, created_at, expires_at)
               VALUES (x'03', 'atk_1', 1, 1, 1, 1, 1, '', 0, {far})"
        ))
        .unwrap();
    backup(&dir, &target).unwrap();
    let living = |dir: &Path| -> i64 {
        let connection = Connection::open(dir.join(DATABASE)).unwrap();
        let statement = "SELECT (SELECT count(*) FROM tokens WHERE revoked_at IS NULL)
            + (SELECT count(*) FROM codes) + (SELECT count(*) FROM sessions)";
        connection
            .query_row(statement, [], |row| row.get(0))
            .unwrap()
    };
    let (default, kept) = (folder.path().join("b"), folder.path().join("c"));
    assert_eq!(restore(&target, &default, false).unwrap().ended, 3);
    assert_eq!(living(&default), 0);
    assert_eq!(restore(&target, &kept, true).unwrap().ended, 0);
    assert_eq!(living(&kept), 3);
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_writes_nothing() {
    // sec: DU-5
    let folder = tempfile::tempdir().unwrap();
    let (dir, target) = (folder.path().join("data"), folder.path().join("a.backup"));
    let missing = backup(&dir, &target).unwrap_err();
    assert!(told(&missing).contains("no database to back up"));
    let storage = open(&dir, None).unwrap();
    insert(&storage, 1, "x").await.unwrap();
    storage.close().await.unwrap();
    backup(&dir, &target).unwrap();
    let twice = backup(&dir, &target).unwrap_err();
    assert!(told(&twice).contains("exists already"));
    let occupied = restore(&target, &dir, false).unwrap_err();
    assert!(told(&occupied).contains("a database is here already"));

    let whole = fs::read(&target).unwrap();
    let length = whole.len();
    let other = folder.path().join("b.backup");
    let empty = folder.path().join("empty");
    let mut cases = vec![(Vec::new(), "not a backup"), (b"x".repeat(2048), "backup")];
    cases.push((whole[..length / 2].to_vec(), ""));
    let mut flipped = whole.clone();
    flipped[length / 2] ^= 1;
    cases.push((flipped, "is damaged"));
    let text = String::from_utf8_lossy(&whole[..2048]).into_owned();
    let at = text.find("\"schema\": ").unwrap() + "\"schema\": ".len();
    let mut newer = whole.clone();
    newer[at] = b'9';
    cases.push((newer, "newer release"));
    for (bytes, said) in cases {
        fs::write(&other, bytes).unwrap();
        for refused in [
            verify(&other).map(drop).unwrap_err(),
            restore(&other, &empty, false).map(drop).unwrap_err(),
        ] {
            assert!(told(&refused).contains(said), "{said}: {refused:?}");
        }
        assert!(!empty.join(DATABASE).exists());
    }
    restore(&target, &empty, false).unwrap();
}
