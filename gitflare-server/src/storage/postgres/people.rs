//! What an operator asks and does about people from the command line, beside running servers: on a
//! connection of its own. A server sees the change with its next request.

use gitflare_core::{
    Result, SessionId, UserId,
    storage::{AuditEntry, PasswordHash, Session, User},
};

use super::{Database, PostgresConfig, connect, session::transaction, users::end_own_workspaces};
use crate::storage::sql::{sessions, users};

/// The people of a database.
#[derive(Debug)]
pub(crate) struct People(Database);

impl People {
    /// The database of a URL, as it is: nothing is migrated.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` whose detail is for the operator.
    pub(crate) fn open(config: &PostgresConfig) -> Result<Self> {
        Ok(Self(Database(connect::pool(config)?)))
    }

    /// Everybody, by address.
    ///
    /// # Errors
    /// PostgreSQL's.
    pub(crate) async fn list(&self) -> Result<Vec<(User, PasswordHash)>> {
        let rows = self.0.read(&users::list()).await?;
        let people = rows.iter().map(users::user_and_password);
        Ok(people.collect::<std::result::Result<_, _>>()?)
    }

    /// The person with that address, in the form that is stored.
    ///
    /// # Errors
    /// PostgreSQL's.
    pub(crate) async fn find(&self, email: &str) -> Result<Option<(User, PasswordHash)>> {
        let rows = self.0.read(&users::find_by_email(email)).await?;
        Ok(rows.first().map(users::user_and_password).transpose()?)
    }

    /// The sessions of a person, those included that are over and not purged yet.
    ///
    /// # Errors
    /// PostgreSQL's.
    pub(crate) async fn sessions(&self, user: &UserId) -> Result<Vec<Session>> {
        let rows = self.0.read(&sessions::list(user)).await?;
        let sessions = rows.iter().map(sessions::session);
        Ok(sessions.collect::<std::result::Result<_, _>>()?)
    }

    /// Ends one session, or all of a person; how many it were.
    ///
    /// # Errors
    /// PostgreSQL's; then nothing has changed.
    pub(crate) async fn end_sessions(
        &self,
        user: &UserId,
        one: Option<&SessionId>,
        entry: &AuditEntry,
    ) -> Result<usize> {
        transaction!(self.0, |transaction| {
            let ended = transaction.run(sessions::end(user, one)).await?;
            if ended > 0 {
                transaction.audit(entry).await?;
            }
            Ok(ended)
        })
    }

    /// Replaces the stored form of a password and ends the person's sessions.
    ///
    /// # Errors
    /// PostgreSQL's; then nothing has changed.
    pub(crate) async fn replace(
        &self,
        user: &User,
        password: &PasswordHash,
        entry: &AuditEntry,
    ) -> Result<()> {
        transaction!(self.0, |transaction| {
            let replaced = users::set_password(&user.id, password);
            transaction.run(replaced).await?;
            transaction.run(users::end_sessions(&user.id)).await?;
            end_own_workspaces(transaction, &user.id, entry.at).await?;
            transaction.audit(entry).await
        })
    }
}
