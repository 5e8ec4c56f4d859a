//! A backup brought back: verified whole before anything is written under its name, into a folder
//! without a database. What an old copy would revive is ended (DU-5).

use std::{
    fs::{self, File},
    path::Path,
};

use gitflare_core::{
    AuditId, Clock, RequestId, Result, SystemClock, SystemRandom,
    storage::{Actor, AuditAction, AuditEntry, Outcome},
};
use rusqlite::Connection;

use super::{
    super::{
        DATABASE, FILES, LOCK,
        connect::failed,
        files::{self, told},
        migrations, rows,
    },
    Manifest, remove, unpack,
};
use crate::private;

/// What a restore has brought back.
#[derive(Debug)]
pub(crate) struct Restored {
    /// The moment whose state it is, RFC 3339.
    pub(crate) created_at: String,
    /// How many sessions, codes and access tokens were ended.
    pub(crate) ended: usize,
}

/// Tries a backup: it is unpacked, and each database passes SQLite's own check and is of a schema
/// that this release knows. Nothing stays behind.
///
/// # Errors
/// `INTERNAL_ERROR` whose detail tells what is wrong with it.
pub(crate) fn verify(archive: &Path) -> Result<Manifest> {
    let folder = match archive.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let scratch = tempfile::tempdir_in(folder)
        .map_err(|error| told(folder, format!("cannot unpack a backup here: {error}")))?;
    unpacked(archive, scratch.path())
}

/// Unpacks an archive and checks each database.
fn unpacked(archive: &Path, folder: &Path) -> Result<Manifest> {
    let manifest = unpack(archive, folder)?;
    for name in FILES {
        let wrong = |what: String| told(archive, format!("{name} in it {what}"));
        let connection = Connection::open(folder.join(name))
            .map_err(|error| wrong(format!("cannot be opened: {error}")))?;
        let verdict: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .map_err(|error| wrong(format!("cannot be checked: {error}")))?;
        if verdict != "ok" {
            return Err(wrong(format!("is damaged: {verdict}")));
        }
        let done = migrations::applied(&connection)
            .map_err(|error| wrong(format!("has no schema of ours: {error}")))?;
        migrations::check(archive, &done, migrations::of(name))?;
    }
    Ok(manifest)
}

/// Brings a backup back into `dir`, which must have no database. Sessions, authorization codes and
/// access tokens are ended, unless they are kept on purpose: one that was revoked after the backup
/// would work again.
///
/// # Errors
/// `INTERNAL_ERROR` whose detail is for the operator; then `dir` is as it was.
pub(crate) fn restore(archive: &Path, dir: &Path, keeps_credentials: bool) -> Result<Restored> {
    files::private_folder(dir, DATABASE)?;
    let _lock = files::lock(&dir.join(LOCK))?;
    for name in FILES {
        let path = dir.join(name);
        if path.exists() {
            return Err(told(
                &path,
                "a database is here already: move it away, or name another folder with GITFLARE_DATA_DIR",
            ));
        }
    }
    let refused = |error: std::io::Error| told(dir, format!("cannot restore here: {error}"));
    let scratch = tempfile::tempdir_in(dir).map_err(refused)?;
    let manifest = unpacked(archive, scratch.path())?;
    let ended = mark(&scratch.path().join(DATABASE), keeps_credentials)?;
    for name in FILES {
        let from = scratch.path().join(name);
        drop(files::private_file(&from)?);
        let file = File::open(&from).map_err(refused)?;
        private::hand_over(&file, dir)
            .and_then(|()| file.sync_all())
            .map_err(refused)?;
        // Side files of a database that stood here once would be taken for its own.
        for side in ["-wal", "-shm", "-journal"] {
            remove(&dir.join(format!("{name}{side}"))).map_err(refused)?;
        }
    }
    // The database that decides comes last: without it the folder is one to restore into again.
    for name in FILES.iter().rev() {
        fs::rename(scratch.path().join(name), dir.join(name)).map_err(refused)?;
    }
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(refused)?;
    Ok(Restored {
        created_at: manifest.created_at,
        ended,
    })
}

/// Writes into the audit that this is a restored copy, and ends credentials; how many.
fn mark(database: &Path, keeps_credentials: bool) -> Result<usize> {
    let now = SystemClock.now();
    let mut connection = Connection::open(database).map_err(|error| failed(&error))?;
    let transaction = connection.transaction().map_err(|error| failed(&error))?;
    let mut ended = 0;
    if !keeps_credentials {
        let tokens =
            "UPDATE tokens SET revoked_at = ?1 WHERE revoked_at IS NULL AND expires_at > ?1";
        ended += rows::execute(&transaction, tokens, [now.as_millis()])?;
        let families = "UPDATE refresh_families SET expires_at = ?1 WHERE expires_at > ?1";
        ended += rows::execute(&transaction, families, [now.as_millis()])?;
        ended += rows::execute(&transaction, "DELETE FROM codes", [])?;
        ended += rows::execute(&transaction, "DELETE FROM sessions", [])?;
    }
    let entry = AuditEntry {
        id: AuditId::generate(&SystemClock, &SystemRandom),
        at: now,
        actor: Actor::System,
        action: AuditAction::DatabaseRestore,
        object: String::new(),
        outcome: Outcome::Ok,
        request_id: RequestId::generate(&SystemClock, &SystemRandom),
    };
    rows::audit(&transaction, &entry)?;
    transaction.commit().map_err(|error| failed(&error))?;
    Ok(ended)
}
