//! The people of SQLite files, on a connection of its own beside a running server's.

use std::path::Path;

use gitflare_core::{
    Result, SessionId, UserId,
    storage::{AuditEntry, PasswordHash, Session, User},
};
use rusqlite::{Connection, OpenFlags};

use super::{
    BUSY_TIMEOUT, DATABASE, failed,
    files::told,
    rows::{audit, every, first, run},
    users::end_own_workspaces,
};
use crate::storage::sql::{sessions, users};

/// The people of a database.
#[derive(Debug)]
pub(crate) struct People(Connection);

impl People {
    /// Opens the database of a data folder, which must exist.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` whose detail is for the operator.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(DATABASE);
        if !path.is_file() {
            return Err(told(&path, "there is no database: start the server once"));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(&path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            Ok(Self(connection))
        };
        open().map_err(|error: rusqlite::Error| {
            told(&path, format!("cannot open this database: {error}"))
        })
    }

    /// Everybody, by address.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn list(&self) -> Result<Vec<(User, PasswordHash)>> {
        every(&self.0, &users::list(), |row| users::user_and_password(row))
            .map_err(|error| failed(&error))
    }

    /// The person with that address, in the form that is stored.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn find(&self, email: &str) -> Result<Option<(User, PasswordHash)>> {
        let found = users::find_by_email(email);
        first(&self.0, &found, |row| users::user_and_password(row)).map_err(|error| failed(&error))
    }

    /// The sessions of a person, those included that are over and not purged yet.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn sessions(&self, user: &UserId) -> Result<Vec<Session>> {
        every(&self.0, &sessions::list(user), |row| sessions::session(row))
            .map_err(|error| failed(&error))
    }

    /// Ends one session, or all of a person; how many it were.
    ///
    /// # Errors
    /// SQLite's; then nothing has changed.
    pub(crate) fn end_sessions(
        &mut self,
        user: &UserId,
        one: Option<&SessionId>,
        entry: &AuditEntry,
    ) -> Result<usize> {
        let transaction = self.0.transaction().map_err(|error| failed(&error))?;
        let ended = run(&transaction, &sessions::end(user, one))?;
        if ended > 0 {
            audit(&transaction, entry)?;
        }
        transaction.commit().map_err(|error| failed(&error))?;
        Ok(ended)
    }

    /// Replaces the stored form of a password, and ends the person's sessions and what they have let
    /// public clients read.
    ///
    /// # Errors
    /// SQLite's; then nothing has changed.
    pub(crate) fn replace(
        &mut self,
        user: &User,
        password: &PasswordHash,
        entry: &AuditEntry,
    ) -> Result<()> {
        let transaction = self.0.transaction().map_err(|error| failed(&error))?;
        run(&transaction, &users::set_password(&user.id, password))?;
        run(&transaction, &users::end_sessions(&user.id))?;
        end_own_workspaces(&transaction, &user.id, entry.at)?;
        audit(&transaction, entry)?;
        transaction.commit().map_err(|error| failed(&error))
    }
}
