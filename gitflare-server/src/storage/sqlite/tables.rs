//! Whole tables of SQLite, page by page, for whoever moves them elsewhere.

use gitflare_core::Result;
use rusqlite::types::ValueRef;

use super::{SqliteStorage, rows::every};
use crate::storage::sql::{Row, Statement, Table, Value, number, saturated, text, values};

fn owned(value: ValueRef<'_>) -> rusqlite::Result<Value<'static>> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Text(_) => Value::Text(value.as_str()?.to_owned().into()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec().into()),
        ValueRef::Real(_) => return Err(rusqlite::Error::InvalidQuery),
    })
}

impl SqliteStorage {
    /// The names of all tables but that of migrations.
    pub(in crate::storage) async fn table_names(&self) -> Result<Vec<String>> {
        let names = Statement::new(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migrations'
               AND name NOT LIKE 'sqlite_%'",
            values![],
        );
        self.page(names, |row| text(row, 0)).await
    }

    /// A table with its columns.
    pub(in crate::storage) async fn table(&self, name: &str) -> Result<Table> {
        let columns = Statement::new(
            "SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid",
            values![name.to_owned()],
        );
        let columns = self.page(columns, |row| Ok((text(row, 0)?, number(row, 1)?)));
        let columns: Vec<(String, usize)> = columns.await?;
        let mut key: Vec<_> = (0..columns.len()).filter(|at| columns[*at].1 > 0).collect();
        key.sort_by_key(|at| columns[*at].1);
        Ok(Table {
            name: name.to_owned(),
            columns: columns.into_iter().map(|(name, _)| name).collect(),
            key,
        })
    }

    /// Rows behind a key, in the order of keys.
    pub(in crate::storage) async fn page_of(
        &self,
        table: &Table,
        after: Option<&[Value<'static>]>,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let width = table.columns.len();
        let (columns, key) = (table.columns(), table.key_columns());
        let behind = match after {
            Some(_) => format!("WHERE ({key}) > ({})", table.key_parameters(2)),
            None => String::new(),
        };
        let mut values = vec![Value::Number(saturated(limit as u64))];
        values.extend(after.into_iter().flatten().cloned());
        let page = Statement::new(
            format!(
                "SELECT {columns} FROM {} {behind} ORDER BY {key} LIMIT ?1",
                table.name
            ),
            values,
        );
        self.walk(move |walk| {
            every(walk.connection, &page, |row| {
                (0..width)
                    .map(|column| owned(row.get_ref(column)?))
                    .collect()
            })
        })
        .await
    }
}
