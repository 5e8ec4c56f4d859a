//! What an operator asks and does about people from the command line, beside running servers. A server
//! sees the change with its next request. How rows are read and written is each backend's business.

use std::path::Path;

use gitflare_core::{
    AuditId, Clock, Error, RequestId, Result, Secret, SessionId, SystemClock, SystemRandom,
    storage::{Actor, AuditAction, AuditEntry, Outcome, PasswordHash, Session, User},
};
use tokio::runtime::Runtime;

use super::{
    postgres::{self, PostgresConfig},
    sql::sessions,
    sqlite,
};

const LOCK: &str = PasswordHash::LOCK;

/// A person with an account.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) user: User,
    pub(crate) password: PasswordHash,
}

impl Person {
    fn of((user, password): (User, PasswordHash)) -> Self {
        Self { user, password }
    }

    /// Whether they may not sign in.
    pub(crate) fn is_disabled(&self) -> bool {
        self.password.is_locked()
    }
}

/// The people of a database.
#[derive(Debug)]
pub(crate) enum People {
    Sqlite(sqlite::People),
    /// With what waits for its answers.
    Postgres(postgres::People, Runtime),
}

impl People {
    /// Of the SQLite files of a data folder, which must exist.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` whose detail is for the operator.
    pub(crate) fn of_folder(dir: &Path) -> Result<Self> {
        sqlite::People::open(dir).map(Self::Sqlite)
    }

    /// Of the PostgreSQL database of that URL.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` whose detail is for the operator.
    pub(crate) fn of_url(url: &Secret<String>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::internal(format!("no runtime: {error}")))?;
        let people = postgres::People::open(&PostgresConfig::new(url.expose()))?;
        Ok(Self::Postgres(people, runtime))
    }

    /// Everybody, by address.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn list(&self) -> Result<Vec<Person>> {
        let found = match self {
            Self::Sqlite(people) => people.list(),
            Self::Postgres(people, runtime) => runtime.block_on(people.list()),
        };
        Ok(found?.into_iter().map(Person::of).collect())
    }

    /// The person with that address, in the form that is stored.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn find(&self, email: &str) -> Result<Option<Person>> {
        let found = match self {
            Self::Sqlite(people) => people.find(email),
            Self::Postgres(people, runtime) => runtime.block_on(people.find(email)),
        };
        Ok(found?.map(Person::of))
    }

    /// Ends the sessions of a person and lets nobody sign in as them, until [`People::enable`].
    ///
    /// # Errors
    /// The database's; then nothing has changed.
    pub(crate) fn disable(&mut self, person: &Person) -> Result<()> {
        let locked = format!("{LOCK}{}", person.password.as_str());
        self.replace(person, &locked, AuditAction::UserDisable)
    }

    /// Lets a person sign in again with the password they had.
    ///
    /// # Errors
    /// The database's; then nothing has changed.
    pub(crate) fn enable(&mut self, person: &Person) -> Result<()> {
        let unlocked = person.password.as_str().trim_start_matches(LOCK);
        self.replace(person, unlocked, AuditAction::UserEnable)
    }

    /// Ends the sessions of a person, who may sign in again.
    ///
    /// # Errors
    /// The database's; then nothing has changed.
    pub(crate) fn sign_out(&mut self, person: &Person) -> Result<()> {
        let password = person.password.as_str().to_owned();
        self.replace(person, &password, AuditAction::SessionRevoke)
    }

    /// The live sessions of a person, the one that began last first.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn sessions(&self, person: &Person) -> Result<Vec<Session>> {
        let user = &person.user.id;
        let all = match self {
            Self::Sqlite(people) => people.sessions(user),
            Self::Postgres(people, runtime) => runtime.block_on(people.sessions(user)),
        };
        Ok(sessions::live(all?, SystemClock.now()))
    }

    /// Ends one session of a person, or all; how many it were.
    ///
    /// # Errors
    /// The database's; then nothing has changed.
    pub(crate) fn end_sessions(
        &mut self,
        person: &Person,
        one: Option<&SessionId>,
    ) -> Result<usize> {
        let user = &person.user.id;
        let object = one.map_or_else(|| user.to_string(), SessionId::to_string);
        let entry = entry(AuditAction::SessionRevoke, object);
        match self {
            Self::Sqlite(people) => people.end_sessions(user, one, &entry),
            Self::Postgres(people, runtime) => {
                runtime.block_on(people.end_sessions(user, one, &entry))
            }
        }
    }

    fn replace(&mut self, person: &Person, password: &str, action: AuditAction) -> Result<()> {
        let password = PasswordHash::new(password);
        let entry = entry(action, person.user.id.to_string());
        match self {
            Self::Sqlite(people) => people.replace(&person.user, &password, &entry),
            Self::Postgres(people, runtime) => {
                runtime.block_on(people.replace(&person.user, &password, &entry))
            }
        }
    }
}

/// What the operator has done, for the audit.
fn entry(action: AuditAction, object: String) -> AuditEntry {
    AuditEntry {
        id: AuditId::generate(&SystemClock, &SystemRandom),
        at: SystemClock.now(),
        actor: Actor::Admin,
        action,
        object,
        outcome: Outcome::Ok,
        request_id: RequestId::generate(&SystemClock, &SystemRandom),
    }
}
