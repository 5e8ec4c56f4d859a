//! Whole tables of PostgreSQL, for whoever moves rows into them.

use gitflare_core::{Result, storage::UsageRow};
use tokio_postgres::types::Type;

use super::{
    PostgresStorage,
    session::{Failure, transaction},
    usage::storable,
};
use crate::storage::sql::{Columns, Row, Statement, Table, Value, natural, values};

/// A value of any column of ours, as SQLite would keep it: truth values are numbers.
fn owned(row: &tokio_postgres::Row, column: usize) -> std::result::Result<Value<'static>, Failure> {
    Ok(match *row.columns()[column].type_() {
        Type::INT8 => row.number(column)?.into(),
        Type::BOOL => Value::Number(row.flag(column)?.into()),
        Type::BYTEA => match row.bytes(column)? {
            Some(bytes) => Value::Bytes(bytes.to_vec().into()),
            None => Value::Null,
        },
        _ => row.text(column)?.map(str::to_owned).into(),
    })
}

impl PostgresStorage {
    /// The rows from a key to another one, both included, in the order of keys.
    pub(in crate::storage) async fn rows_between(
        &self,
        table: &Table,
        first: &[Value<'static>],
        last: &[Value<'static>],
    ) -> Result<Vec<Row>> {
        let width = table.columns.len();
        let (columns, key) = (table.columns(), table.key_columns());
        let (from, to) = (
            table.key_parameters(1),
            table.key_parameters(1 + first.len()),
        );
        let statement = Statement::new(
            format!(
                "SELECT {columns} FROM {} WHERE ({key}) >= ({from}) AND ({key}) <= ({to})
                 ORDER BY {key}",
                table.name
            ),
            first.iter().chain(last).cloned().collect(),
        );
        self.all(statement, |row| {
            (0..width).map(|column| owned(row, column)).collect()
        })
        .await
    }

    /// Stores rows, those aside whose keys are there already; all of them or none.
    pub(in crate::storage) async fn insert_rows(&self, table: &Table, rows: &[Row]) -> Result<()> {
        let width = table.columns.len();
        let numbers: Vec<_> = (1..=width).map(|number| format!("?{number}")).collect();
        let text = format!(
            "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
            table.name,
            table.columns(),
            numbers.join(", ")
        );
        transaction!(self.database, |transaction| {
            for row in rows {
                transaction
                    .run(Statement::new(text.clone(), row.clone()))
                    .await?;
            }
            Ok(())
        })
    }

    /// Goes on with numbers behind those of the rows that are there.
    pub(in crate::storage) async fn number_on(&self) -> Result<()> {
        let next = Statement::new(
            "SELECT setval('numbers', greatest(nextval('numbers'),
               (SELECT max(number) FROM tenants), (SELECT max(number) FROM clients),
               (SELECT max(number) FROM authorizations), (SELECT max(number) FROM grants),
               (SELECT max(number) FROM tokens)))",
            values![],
        );
        self.one(next, |row| natural(row, 0)).await.map(|_| ())
    }

    /// Stores and counts rows of the usage log, those aside that are there already.
    pub(in crate::storage) async fn store_usage(&self, rows: &[UsageRow]) -> Result<()> {
        self.usage.store(rows).await
    }

    /// A row of the usage log as it is kept.
    pub(in crate::storage) fn as_kept(row: UsageRow) -> UsageRow {
        storable(row)
    }

    /// How many rows a table has.
    pub(in crate::storage) async fn count(&self, table: &Table) -> Result<u64> {
        let count = Statement::new(format!("SELECT count(*) FROM {}", table.name), values![]);
        let count = self.one(count, |row| natural(row, 0)).await?;
        Ok(count.unwrap_or(0))
    }
}
