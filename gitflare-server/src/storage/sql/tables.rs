//! A table as a whole, for whoever moves it: its columns, and which of them are its key.

use super::Value;

/// A row, with a value for each column.
pub(in crate::storage) type Row = Vec<Value<'static>>;

/// A table with its columns in their order.
#[derive(Clone, Debug)]
pub(in crate::storage) struct Table {
    pub(in crate::storage) name: String,
    pub(in crate::storage) columns: Vec<String>,
    /// The numbers of the columns of the primary key, in its order.
    pub(in crate::storage) key: Vec<usize>,
}

impl Table {
    /// The key of a row.
    pub(in crate::storage) fn key_of(&self, row: &[Value<'static>]) -> Row {
        self.key.iter().map(|number| row[*number].clone()).collect()
    }

    /// The columns, as a statement lists them.
    pub(in crate::storage) fn columns(&self) -> String {
        self.columns.join(", ")
    }

    /// The columns of the key, as a statement lists them.
    pub(in crate::storage) fn key_columns(&self) -> String {
        let names: Vec<_> = self
            .key
            .iter()
            .map(|number| &*self.columns[*number])
            .collect();
        names.join(", ")
    }

    /// Parameters for a key, the first one with this number.
    pub(in crate::storage) fn key_parameters(&self, first: usize) -> String {
        let numbers = first..first + self.key.len();
        let parameters: Vec<_> = numbers.map(|number| format!("?{number}")).collect();
        parameters.join(", ")
    }
}
