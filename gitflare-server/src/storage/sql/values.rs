//! What is bound to a statement, and statements that are put together: conditions of a list, a page.
//! Each backend says how a value reaches its database; nothing else of it is known here.

use std::borrow::Cow;

use gitflare_core::{CredentialHash, Scopes, Timestamp, storage::ListRange};

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    Number(i64),
    Flag(bool),
    Bytes(Cow<'a, [u8]>),
}

/// A count, as a column takes it; beyond its range the largest.
pub(in crate::storage) fn saturated(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A list, as it stands in a column.
pub(in crate::storage) fn to_list<T: serde::Serialize>(values: &[T]) -> String {
    // Lists of texts and ids always have a JSON form.
    serde_json::to_string(values).unwrap_or_default()
}

macro_rules! from {
    ($($type:ty: $value:pat => $made:expr;)*) => {
        $(impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self {
                $made
            }
        })*
    };
}

from! {
    &'a str: text => Self::Text(Cow::Borrowed(text));
    &'a String: text => Self::Text(Cow::Borrowed(text));
    String: text => Self::Text(Cow::Owned(text));
    i64: number => Self::Number(number);
    u8: number => Self::Number(number.into());
    u16: number => Self::Number(number.into());
    u32: number => Self::Number(number.into());
    u64: number => Self::Number(saturated(number));
    usize: number => Self::Number(saturated(number as u64));
    bool: flag => Self::Flag(flag);
    Timestamp: time => Self::Number(time.as_millis());
    Scopes: scopes => Self::Number(scopes.bits().into());
    &'a [u8]: bytes => Self::Bytes(Cow::Borrowed(bytes));
    &'a Vec<u8>: bytes => Self::Bytes(Cow::Borrowed(bytes));
    &'a [u8; 32]: bytes => Self::Bytes(Cow::Borrowed(bytes));
    Cow<'a, [u8]>: bytes => Self::Bytes(bytes);
    &'a CredentialHash: hash => Self::Bytes(Cow::Borrowed(hash.as_bytes()));
}

impl<'a, T: Into<Self>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_deref().into()
    }
}

impl<'a> From<&'a Option<Vec<u8>>> for Value<'a> {
    fn from(value: &'a Option<Vec<u8>>) -> Self {
        value.as_deref().into()
    }
}

/// Parameters, in the order of their numbers.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::storage::sql::Value::from($value)),*]
    };
}
pub(in crate::storage) use values;

/// A statement with its parameters.
#[derive(Clone, Debug)]
pub(in crate::storage) struct Statement<'a> {
    pub(in crate::storage) text: Cow<'static, str>,
    pub(in crate::storage) values: Vec<Value<'a>>,
}

impl<'a> Statement<'a> {
    pub(in crate::storage) fn new(
        text: impl Into<Cow<'static, str>>,
        values: Vec<Value<'a>>,
    ) -> Self {
        Self {
            text: text.into(),
            values,
        }
    }
}

/// A WHERE clause that grows. Only what narrows is in it, so that an index can serve it.
#[derive(Debug)]
pub(in crate::storage) struct Conditions {
    clause: String,
    values: Vec<Value<'static>>,
}

impl Conditions {
    /// Begins with a condition that is always there.
    pub(in crate::storage) fn new(first: &str) -> Self {
        Self {
            clause: first.to_owned(),
            values: Vec::new(),
        }
    }

    /// Adds `column operator value`, when there is a value.
    pub(in crate::storage) fn compare(
        &mut self,
        column: &str,
        operator: &str,
        value: Option<impl Into<Value<'static>>>,
    ) {
        if let Some(value) = value {
            let parameter = self.bind(value);
            self.clause
                .push_str(&format!(" AND {column} {operator} {parameter}"));
        }
    }

    /// Adds `column = text`, when there is a text.
    pub(in crate::storage) fn equal(&mut self, column: &str, text: Option<&str>) {
        self.compare(column, "=", text.map(str::to_owned));
    }

    /// Adds that a column is one of these texts.
    pub(in crate::storage) fn among<'t>(
        &mut self,
        column: &str,
        texts: impl IntoIterator<Item = &'t str>,
    ) {
        let parameters: Vec<_> = texts
            .into_iter()
            .map(|text| self.bind(text.to_owned()))
            .collect();
        let one_of = match parameters.is_empty() {
            true => " AND FALSE".to_owned(),
            false => format!(" AND {column} IN ({})", parameters.join(", ")),
        };
        self.clause.push_str(&one_of);
    }

    /// Adds `column = text` as a condition that no index is chosen by. For a column whose value
    /// follows from another one that is given too.
    pub(in crate::storage) fn also_equal(&mut self, column: &str, text: Option<&str>) {
        self.equal(&format!("{column} || ''"), text);
    }

    /// Adds that a column holds the number of the row of a table that an id names, when there is an id.
    pub(in crate::storage) fn names(&mut self, column: &str, table: &str, id: Option<&str>) {
        self.compare_with(
            &format!("{column} = (SELECT number FROM {table} WHERE id = ?)"),
            id,
        );
    }

    /// Adds a condition in which each `?` stands for a text, when there is one.
    pub(in crate::storage) fn compare_with(&mut self, condition: &str, text: Option<&str>) {
        if let Some(text) = text {
            let parameter = self.bind(text.to_owned());
            let condition = condition.replace('?', &parameter);
            self.clause.push_str(&format!(" AND {condition}"));
        }
    }

    /// The first rows of a SELECT that fulfil the conditions, in that order.
    pub(in crate::storage) fn select(
        mut self,
        select: &str,
        order: &str,
        limit: usize,
    ) -> Statement<'static> {
        let limit = self.bind(limit);
        let (clause, values) = self.into_parts();
        Statement::new(
            format!("{select} WHERE {clause} ORDER BY {order} LIMIT {limit}"),
            values,
        )
    }

    /// Adds a parameter; how the clause names it.
    fn bind(&mut self, value: impl Into<Value<'static>>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// The clause without its keyword, and its parameters.
    pub(in crate::storage) fn into_parts(self) -> (String, Vec<Value<'static>>) {
        (self.clause, self.values)
    }
}

/// One page of a list: the rows of a SELECT that fulfil the conditions, in the order of the id in
/// the column `key`.
pub(in crate::storage) fn page(
    select: &str,
    mut conditions: Conditions,
    key: &str,
    range: ListRange<'_>,
) -> Statement<'static> {
    conditions.compare(key, ">", range.after.map(str::to_owned));
    conditions.select(select, key, range.limit)
}

/// The same in the other direction: the greatest id first.
pub(in crate::storage) fn page_back(
    select: &str,
    mut conditions: Conditions,
    key: &str,
    range: ListRange<'_>,
) -> Statement<'static> {
    conditions.compare(key, "<", range.after.map(str::to_owned));
    conditions.select(select, &format!("{key} DESC"), range.limit)
}
