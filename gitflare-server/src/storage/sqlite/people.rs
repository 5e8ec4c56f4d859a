//! What an operator asks and does about people from the command line, beside a running server: each
//! a statement or two on a connection of its own. A server sees the change with its next request.

use std::path::Path;

use gitflare_core::{
    AuditId, Clock, RequestId, Result, SystemClock, SystemRandom, Timestamp, UserId,
    storage::{Actor, AuditAction, AuditEntry, Outcome, PasswordHash},
};
use rusqlite::{Connection, OpenFlags};

use super::{
    BUSY_TIMEOUT, DATABASE, failed,
    files::told,
    rows::{audit, execute, id, one, time},
};

/// Stands before the hash of a person who may not sign in: no password has such a hash.
const LOCK: &str = "!";

/// A person with an account.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) created_at: Timestamp,
    pub(crate) password: PasswordHash,
}

impl Person {
    /// Whether they may not sign in.
    pub(crate) fn is_disabled(&self) -> bool {
        self.password.as_str().starts_with(LOCK)
    }
}

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
    pub(crate) fn list(&self) -> Result<Vec<Person>> {
        self.0
            .prepare("SELECT id, email, created_at, password FROM users ORDER BY email")
            .and_then(|mut statement| statement.query_map([], person)?.collect())
            .map_err(|error| failed(&error))
    }

    /// The person with that address, in the form that is stored.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn find(&self, email: &str) -> Result<Option<Person>> {
        let statement = "SELECT id, email, created_at, password FROM users WHERE email = ?1";
        one(&self.0, statement, [email], person).map_err(|error| failed(&error))
    }

    /// Ends the sessions of a person and lets nobody sign in as them, until [`People::enable`].
    ///
    /// # Errors
    /// SQLite's; then nothing has changed.
    pub(crate) fn disable(&mut self, person: &Person) -> Result<()> {
        let locked = format!("{LOCK}{}", person.password.as_str());
        self.replace(person, &locked, AuditAction::UserDisable)
    }

    /// Lets a person sign in again with the password they had.
    ///
    /// # Errors
    /// SQLite's; then nothing has changed.
    pub(crate) fn enable(&mut self, person: &Person) -> Result<()> {
        let unlocked = person.password.as_str().trim_start_matches(LOCK);
        self.replace(person, unlocked, AuditAction::UserEnable)
    }

    fn replace(&mut self, person: &Person, password: &str, action: AuditAction) -> Result<()> {
        let entry = AuditEntry {
            id: AuditId::generate(&SystemClock, &SystemRandom),
            at: SystemClock.now(),
            actor: Actor::Admin,
            action,
            object: person.id.to_string(),
            outcome: Outcome::Ok,
            request_id: RequestId::generate(&SystemClock, &SystemRandom),
        };
        let id = person.id.as_str();
        let transaction = self.0.transaction().map_err(|error| failed(&error))?;
        let update = "UPDATE users SET password = ?2 WHERE id = ?1";
        execute(&transaction, update, (id, password))?;
        execute(
            &transaction,
            "DELETE FROM sessions WHERE user_id = ?1",
            [id],
        )?;
        audit(&transaction, &entry)?;
        transaction.commit().map_err(|error| failed(&error))
    }
}

fn person(row: &rusqlite::Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: id!(row, 0, UserId)?,
        email: row.get(1)?,
        created_at: time(row, 2)?,
        password: PasswordHash::new(row.get::<_, String>(3)?),
    })
}
