//! Usage rows on their way into the database, and what a question asks of them.

use std::pin::pin;

use gitflare_core::{
    ClientId, TenantId,
    provider::ProviderId,
    storage::{UsageFacts, UsageQuery, UsageRow},
};
use tokio_postgres::{
    Row,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};

use crate::storage::{
    postgres::session::{Failure, Session},
    sql::{natural, number, saturated, text, time},
};

/// What is counted of a row with the columns of [`crate::storage::sql::usage`].
pub(super) fn facts(row: &Row) -> Result<UsageFacts<'_>, Failure> {
    Ok(UsageFacts {
        at: time(row, 0)?,
        client_id: row.try_get(4)?,
        endpoint_key: row.try_get(6)?,
        provider: row.try_get(9)?,
        repository_id: row.try_get(10)?,
        status: number(row, 11)?,
        is_error: row.try_get::<_, Option<&str>>(12)?.is_some(),
        duration_ms: natural(row, 13)?,
        blocked_files: natural(row, 16)?,
        redacted_secrets: natural(row, 17)?,
    })
}

const TEXTS: usize = 11;
const NUMBERS: usize = 7;

/// The columns of text, in the order of [`texts`], then those of [`numbers`].
const WRITTEN: &str = "id, request_id, tenant_id, client_id, token_id, endpoint_key, method, path,
     provider, repository_id, error_code, at, status, duration_ms, upstream_ms, items,
     blocked_files, redacted_secrets";

fn texts(row: &UsageRow) -> [Option<&str>; TEXTS] {
    [
        Some(row.id.as_str()),
        Some(row.request_id.as_str()),
        Some(row.tenant_id.as_str()),
        Some(row.client_id.as_str()),
        Some(row.token_id.as_str()),
        Some(row.endpoint_key),
        Some(row.method),
        Some(row.path.as_str()),
        row.provider.map(ProviderId::as_str),
        row.repository_id.as_deref(),
        row.error_code,
    ]
}

fn numbers(row: &UsageRow) -> [i64; NUMBERS] {
    [
        row.at.as_millis(),
        row.status.into(),
        saturated(row.duration_ms),
        saturated(row.upstream_ms),
        saturated(row.items),
        saturated(row.blocked_files),
        saturated(row.redacted_secrets),
    ]
}

/// Stores rows whose partitions are there, none of which is stored already.
pub(super) async fn copy(transaction: &Session, rows: &[UsageRow]) -> Result<(), Failure> {
    let mut types = [Type::TEXT; TEXTS + NUMBERS];
    types[TEXTS..].fill(Type::INT8);
    let client = transaction.client()?;
    let copied = transaction.in_time(async {
        let text = format!("COPY usage_rows ({WRITTEN}) FROM STDIN (FORMAT binary)");
        let statement = client.prepare_cached(&text).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(
            client.copy_in(&statement).await?,
            &types
        ));
        for row in rows {
            let (texts, numbers) = (texts(row), numbers(row));
            let texts = texts.iter().map(|text| text as &(dyn ToSql + Sync));
            let numbers = numbers.iter().map(|number| number as &(dyn ToSql + Sync));
            let columns: Vec<_> = texts.chain(numbers).collect();
            writer.as_mut().write(&columns).await?;
        }
        writer.finish().await
    });
    copied.await.map(|_| ())
}

/// Rows as columns, to be bound as arrays.
#[derive(Debug, Default)]
struct Arrays<'r> {
    texts: [Vec<Option<&'r str>>; TEXTS],
    numbers: [Vec<i64>; NUMBERS],
}

/// Behind the columns: the rows, those that are stored already aside, and the ids of the others.
const UNLESS_STORED: &str =
    "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
       $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[],
       $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[])
     ON CONFLICT DO NOTHING RETURNING id";

impl<'r> Arrays<'r> {
    fn of(rows: &'r [UsageRow]) -> Self {
        let mut arrays = Self::default();
        for row in rows {
            for (array, text) in arrays.texts.iter_mut().zip(texts(row)) {
                array.push(text);
            }
            for (array, number) in arrays.numbers.iter_mut().zip(numbers(row)) {
                array.push(number);
            }
        }
        arrays
    }
}

/// Stores rows whose partitions are there; the ids of those that were new.
pub(super) async fn insert(
    transaction: &Session,
    rows: &[UsageRow],
) -> Result<std::collections::HashSet<String>, Failure> {
    let arrays = Arrays::of(rows);
    let texts = arrays
        .texts
        .iter()
        .map(|array| array as &(dyn ToSql + Sync));
    let numbers = arrays
        .numbers
        .iter()
        .map(|array| array as &(dyn ToSql + Sync));
    let parameters: Vec<_> = texts.chain(numbers).collect();
    let insert = format!("INSERT INTO usage_rows ({WRITTEN}) {UNLESS_STORED}");
    let stored = transaction.query(&insert, &parameters).await?;
    stored.iter().map(|row| text(row, 0)).collect()
}

/// A row as the database can keep it: a repository's name that a caller has made up may hold the one
/// character that it cannot.
pub(in crate::storage::postgres) fn storable(mut row: UsageRow) -> UsageRow {
    let replace = |text: &mut String| {
        if text.contains('\0') {
            *text = text.replace('\0', "\u{fffd}");
        }
    };
    replace(&mut row.path);
    if let Some(id) = &mut row.repository_id {
        replace(id);
    }
    row
}

/// A condition of a question with its parameters, which begin behind `$first`.
pub(super) struct Condition {
    pub(super) clause: String,
    pub(super) parameters: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Condition {
    /// What a question asks of rows from `from` to before `to`.
    pub(super) fn of(query: &UsageQuery, from: i64, to: i64) -> Self {
        let mut condition = Self {
            clause: "at >= $1 AND at < $2".to_owned(),
            parameters: vec![Box::new(from), Box::new(to)],
        };
        let texts = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect::<Vec<_>>();
        if !query.tenants.is_empty() {
            let ids = query.tenants.iter().map(TenantId::as_str).collect();
            condition.add("tenant_id = ANY", texts(ids));
        }
        if !query.clients.is_empty() {
            let ids = query.clients.iter().map(ClientId::as_str).collect();
            condition.add("client_id = ANY", texts(ids));
        }
        for (column, value) in [
            ("endpoint_key =", query.endpoint_key.clone()),
            (
                "provider =",
                query.provider.map(|id| id.as_str().to_owned()),
            ),
            ("repository_id =", query.repository_id.clone()),
            (
                "request_id =",
                query.request_id.as_ref().map(|id| id.as_str().to_owned()),
            ),
            ("error_code =", query.error_code.clone()),
        ] {
            if let Some(value) = value {
                condition.add(column, value.replace('\0', "\u{fffd}"));
            }
        }
        if let Some(statuses) = &query.statuses {
            condition.add("status >=", i64::from(*statuses.start()));
            condition.add("status <=", i64::from(*statuses.end()));
        }
        condition
    }

    fn add(&mut self, comparison: &str, value: impl ToSql + Sync + Send + 'static) {
        self.parameters.push(Box::new(value));
        let number = self.parameters.len();
        self.clause
            .push_str(&format!(" AND {comparison}(${number})"));
    }

    /// Adds a parameter that the clause does not name; its number.
    pub(super) fn bind(&mut self, value: impl ToSql + Sync + Send + 'static) -> usize {
        self.parameters.push(Box::new(value));
        self.parameters.len()
    }

    pub(super) fn bound(&self) -> Vec<&(dyn ToSql + Sync)> {
        let parameters = self.parameters.iter();
        parameters
            .map(|one| &**one as &(dyn ToSql + Sync))
            .collect()
    }
}
