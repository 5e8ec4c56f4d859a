//! One connection while somebody uses it: statements with a deadline, transactions, and what a
//! failure means. A connection whose state is in doubt goes and is not handed out again.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use bytes::BytesMut;
use deadpool_postgres::{Object, Pool, PoolError};
use gitflare_core::{Error, Result as OurResult, storage::AuditEntry};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{
    Row,
    error::SqlState,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use crate::storage::sql::{Columns, Statement, Value, audit, passing};

/// How long a statement may run, unless a transaction says otherwise; told to each connection.
pub(super) const STATEMENT_SECONDS: u64 = 5;
/// How much longer an answer is waited for than the server lets a statement run: so it passes only
/// when the network has swallowed something.
const ON_ITS_WAY: u64 = 3;
/// How long a step is tried again while the database is away or busy with somebody else.
const TRIED_FOR: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

type Result<T> = std::result::Result<T, Failure>;
type Parameter<'a> = &'a (dyn ToSql + Sync);

/// Why a statement or a transaction did not go through.
#[derive(Debug)]
pub(in crate::storage) enum Failure {
    /// We refuse it.
    Refused(Error),
    /// The database does.
    Database(tokio_postgres::Error),
    /// There is no connection, or it does not answer.
    Lost(String),
    /// A column holds none of our values.
    Corrupt(usize),
}

impl Failure {
    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Database(error) => error.code(),
            _ => None,
        }
    }

    /// Whether somebody else was in the way: the same again may go through.
    fn is_conflict(&self) -> bool {
        let of_us = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ];
        self.state().is_some_and(|state| of_us.contains(state))
    }

    /// Whether the connection is of no use any more: it was lost, or its server is going, still
    /// starting, or has become a standby.
    fn is_gone(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Corrupt(_) => false,
            Self::Lost(_) => true,
            Self::Database(error) => match error.code() {
                None => error.is_closed() || is_of_the_network(error),
                Some(state) => {
                    let gone = [
                        SqlState::ADMIN_SHUTDOWN,
                        SqlState::CRASH_SHUTDOWN,
                        SqlState::CANNOT_CONNECT_NOW,
                        SqlState::TOO_MANY_CONNECTIONS,
                        SqlState::READ_ONLY_SQL_TRANSACTION,
                    ];
                    gone.contains(state) || state.code().starts_with("08")
                }
            },
        }
    }

    /// Whether the same may go through a moment later: the database is away, has no room, or is busy
    /// with others for longer than a statement waits.
    fn is_passing(&self) -> bool {
        let busy = [SqlState::LOCK_NOT_AVAILABLE, SqlState::QUERY_CANCELED];
        // Class 53: its disk is full, or it is out of memory or of connections.
        let is_busy = |state: &SqlState| busy.contains(state) || state.code().starts_with("53");
        let is_busy = self.state().is_some_and(is_busy);
        is_busy || self.is_conflict() || self.is_gone()
    }

    /// Whether a row is there already.
    pub(super) fn is_duplicate(&self) -> bool {
        self.state() == Some(&SqlState::UNIQUE_VIOLATION)
    }

    /// Whether a row has found no partition.
    pub(super) fn is_without_partition(&self) -> bool {
        self.state() == Some(&SqlState::CHECK_VIOLATION)
    }
}

fn is_of_the_network(error: &tokio_postgres::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Database(error),
            other => Self::Lost(format!("no connection: {other}")),
        }
    }
}

/// Values of rows stay out of the log: only the message and the code of an answer are told. What passes
/// is told as such, so that callers come again.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let is_passing = failure.is_passing();
        let detail = match failure {
            Failure::Refused(error) => return error,
            Failure::Lost(text) => format!("database: {text}"),
            Failure::Corrupt(column) => {
                format!("database: column {column} of an answer holds none of our values")
            }
            Failure::Database(error) => match error.as_db_error() {
                Some(told) => format!("database: {} ({})", told.message(), told.code().code()),
                None => match std::error::Error::source(&error) {
                    Some(cause) => format!("database: {error}: {cause}"),
                    None => format!("database: {error}"),
                },
            },
        };
        match is_passing {
            true => passing(detail),
            false => Self::internal(detail),
        }
    }
}

/// How often and how long something is tried.
#[derive(Debug)]
pub(super) struct Attempts {
    until: Instant,
    pause: Duration,
}

impl Attempts {
    pub(super) fn begin() -> Self {
        Self {
            until: Instant::now() + TRIED_FOR,
            pause: FIRST_PAUSE,
        }
    }

    /// Waits for the next attempt; `false` when there is none.
    pub(super) async fn again(&mut self, failure: &Failure) -> bool {
        let is_worth_it = failure.is_conflict() || failure.is_gone();
        if !is_worth_it || Instant::now() + self.pause >= self.until {
            return false;
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// A connection that one caller uses.
#[derive(Debug)]
pub(super) struct Session {
    /// Taken out only at the end.
    client: Option<Object>,
    is_in_transaction: bool,
    is_doubtful: AtomicBool,
    /// How long a statement may run.
    seconds: AtomicU64,
}

impl Drop for Session {
    fn drop(&mut self) {
        if (self.is_in_transaction || self.is_doubtful.load(Ordering::Relaxed))
            && let Some(client) = self.client.take()
        {
            // Out of the pool, and closed: the server rolls back what was begun.
            drop(Object::take(client));
        }
    }
}

impl Session {
    /// A connection of the pool, outside of any transaction.
    pub(super) async fn of(pool: &Pool) -> Result<Self> {
        Ok(Self {
            client: Some(pool.get().await?),
            is_in_transaction: false,
            is_doubtful: AtomicBool::new(false),
            seconds: AtomicU64::new(STATEMENT_SECONDS),
        })
    }

    pub(super) fn client(&self) -> Result<&Object> {
        let gone = || Failure::Lost("the connection has gone".to_owned());
        self.client.as_ref().ok_or_else(gone)
    }

    /// Waits for an answer, and notes when there is none to be had.
    pub(super) async fn in_time<T>(
        &self,
        answer: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        let seconds = self.seconds.load(Ordering::Relaxed) + ON_ITS_WAY;
        let outcome = match timeout(Duration::from_secs(seconds), answer).await {
            Ok(outcome) => outcome.map_err(Failure::Database),
            Err(_) => Err(Failure::Lost("the database does not answer".to_owned())),
        };
        if let Err(failure) = &outcome
            && failure.is_gone()
        {
            self.is_doubtful.store(true, Ordering::Relaxed);
        }
        outcome
    }

    /// Runs statements that return nothing and have no parameters.
    pub(super) async fn batch(&self, text: &str) -> Result<()> {
        let client = self.client()?;
        self.in_time(client.batch_execute(text)).await
    }

    /// Lets each statement of this transaction run and wait for locks for so long, in seconds.
    pub(super) async fn allow(&self, statement: u64, lock: u64) -> Result<()> {
        self.batch(&format!(
            "SET LOCAL statement_timeout = '{statement}s'; SET LOCAL lock_timeout = '{lock}s'"
        ))
        .await?;
        self.seconds.store(statement, Ordering::Relaxed);
        Ok(())
    }

    /// Begins a transaction.
    pub(super) async fn begin(&mut self, how: &str) -> Result<()> {
        self.is_in_transaction = true;
        self.batch(how).await
    }

    /// Keeps what was done. When it fails, it is not known whether it was kept.
    pub(super) async fn commit(mut self) -> Result<()> {
        self.batch("COMMIT").await?;
        self.is_in_transaction = false;
        Ok(())
    }

    /// Undoes what was done.
    pub(super) async fn roll_back(mut self) {
        if self.is_doubtful.load(Ordering::Relaxed) {
            // Its end does it: nobody waits once more for what does not answer.
            return;
        }
        self.is_in_transaction = self.batch("ROLLBACK").await.is_err();
    }

    /// The rows that a text with parameters of any type finds.
    pub(super) async fn query(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        let client = self.client()?;
        self.in_time(async {
            let prepared = client.prepare_cached(text).await?;
            client.query(&prepared, parameters).await
        })
        .await
    }

    /// Runs a text with parameters of any type; how many rows it changed.
    pub(super) async fn execute(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<usize> {
        let client = self.client()?;
        let changed = self.in_time(async {
            let prepared = client.prepare_cached(text).await?;
            client.execute(&prepared, parameters).await
        });
        Ok(usize::try_from(changed.await?).unwrap_or(usize::MAX))
    }

    /// The rows that a statement finds.
    pub(super) async fn rows(&self, statement: &Statement<'_>) -> Result<Vec<Row>> {
        let (text, parameters) = bound(statement)?;
        self.query(&text, &parameters).await
    }

    /// The rows that a statement finds, read.
    pub(super) async fn all<T>(
        &self,
        statement: Statement<'_>,
        row: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.rows(&statement).await?.iter().map(row).collect()
    }

    /// The one row that a statement finds, read.
    pub(super) async fn one<T>(
        &self,
        statement: Statement<'_>,
        row: impl FnOnce(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        self.rows(&statement).await?.first().map(row).transpose()
    }

    /// Whether a statement finds a row.
    pub(super) async fn finds(&self, statement: Statement<'_>) -> Result<bool> {
        Ok(!self.rows(&statement).await?.is_empty())
    }

    /// Runs a statement; how many rows it changed.
    pub(super) async fn run(&self, statement: Statement<'_>) -> Result<usize> {
        let (text, parameters) = bound(&statement)?;
        self.execute(&text, &parameters).await
    }

    /// Runs statements one after the other; how many rows the last one changed.
    pub(super) async fn run_all<const N: usize>(
        &self,
        statements: [Statement<'_>; N],
    ) -> Result<usize> {
        let mut changed = 0;
        for statement in statements {
            changed = self.run(statement).await?;
        }
        Ok(changed)
    }

    /// Writes an audit row, in the transaction of what it is about.
    pub(super) async fn audit(&self, entry: &AuditEntry) -> Result<()> {
        self.run(audit::insert(entry)).await.map(|_| ())
    }
}

/// A statement as this database takes it.
fn bound<'s>(statement: &'s Statement<'_>) -> Result<(String, Vec<Parameter<'s>>)> {
    let holds_nul = |value: &Value<'_>| matches!(value, Value::Text(text) if text.contains('\0'));
    if statement.values.iter().any(holds_nul) {
        let rule = "No text may hold the character U+0000: the database cannot keep it.";
        return Err(Error::invalid_request(rule).into());
    }
    let parameters = statement.values.iter().map(|value| value as Parameter<'s>);
    Ok((statement.text.replace('?', "$"), parameters.collect()))
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Text(text) => (&**text).to_sql(kind, out),
            Self::Bytes(bytes) => (&**bytes).to_sql(kind, out),
            Self::Flag(flag) if *kind == Type::BOOL => flag.to_sql(kind, out),
            Self::Flag(flag) => Value::Number((*flag).into()).to_sql(kind, out),
            Self::Number(number) => match *kind {
                Type::INT8 => number.to_sql(kind, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
                Type::BOOL => (*number == 1).to_sql(kind, out),
                _ => Err(format!("a number cannot be bound as {kind}").into()),
            },
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl Columns for Row {
    type Error = Failure;

    fn corrupt(column: usize) -> Failure {
        Failure::Corrupt(column)
    }

    fn text(&self, column: usize) -> Result<Option<&str>> {
        Ok(self.try_get(column)?)
    }

    fn number(&self, column: usize) -> Result<Option<i64>> {
        Ok(self.try_get(column)?)
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>> {
        Ok(self.try_get(column)?)
    }

    fn flag(&self, column: usize) -> Result<bool> {
        match *self.columns()[column].type_() {
            Type::BOOL => Ok(self.try_get::<_, Option<bool>>(column)?.unwrap_or(false)),
            _ => Ok(self.number(column)? == Some(1)),
        }
    }
}

/// Runs a block with a connection in a transaction, which is kept when the block succeeds, and undone
/// when it fails. The block runs again when somebody else was in the way, or when the connection was
/// lost before anything was kept: so it must change nothing but the database.
macro_rules! transaction {
    ($database:expr, |$transaction:ident| $block:block) => {{
        let mut attempts = $crate::storage::postgres::session::Attempts::begin();
        loop {
            let mut session = match $database.session().await {
                Ok(session) => session,
                Err(failure) => break Err(failure.into()),
            };
            let done: ::std::result::Result<_, $crate::storage::postgres::session::Failure> =
                match session.begin("BEGIN").await {
                    Ok(()) => {
                        let $transaction = &session;
                        $crate::storage::postgres::session::failing(async { $block }).await
                    }
                    Err(failure) => Err(failure),
                };
            let failure = match done {
                Ok(done) => break session.commit().await.map(|()| done).map_err(Into::into),
                Err(failure) => failure,
            };
            session.roll_back().await;
            if !attempts.again(&failure).await {
                break Err(failure.into());
            }
        }
    }};
}
pub(super) use transaction;

/// Tells the compiler with what a block of a transaction can fail.
pub(super) fn failing<T, F: Future<Output = Result<T>>>(work: F) -> F {
    work
}

/// Makes our errors of failures at the end of a method.
pub(super) fn ours<T>(outcome: Result<T>) -> OurResult<T> {
    outcome.map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_the_database_cannot_keep_is_refused_as_the_callers_fault() {
        let statement = Statement::new("SELECT ?1", vec![Value::from("a\0b")]);
        match bound(&statement) {
            Err(Failure::Refused(error)) => {
                assert_eq!(error.code(), gitflare_core::Code::InvalidRequest);
            }
            other => panic!("{:?}", other.map(|(text, _)| text)),
        }
    }

    #[test]
    fn parameters_are_numbered_as_this_database_numbers_them() {
        let statement = Statement::new("a = ?1 AND b = ?2", vec![1i64.into(), "x".into()]);
        let (text, parameters) = bound(&statement).unwrap();
        assert_eq!((text.as_str(), parameters.len()), ("a = $1 AND b = $2", 2));
    }
}
