//! A decoded query string. Which parameters an operation takes is the business of `parameters.rs`.

use crate::{Code, Error, Limit, Result};

/// Page parameters of GitHub, GitLab, Bitbucket and Gitea, which are refused by name.
const PAGE_NUMBERS: [&str; 4] = ["page", "per_page", "pagelen", "offset"];

/// Decoded query pairs, in the order they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// A query of these pairs.
    #[must_use]
    pub const fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of a parameter, whatever else is wrong with it. For decisions that come
    /// before parameters are judged.
    pub(super) fn peek(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that may be empty.
    pub(super) fn once(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Error::invalid_request(format!(
                "`{name}` must be sent once."
            )));
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when it is empty or repeated.
    pub fn value(&self, name: &str) -> Result<Option<&str>> {
        match self.once(name)? {
            Some("") => Err(Error::invalid_request(format!(
                "`{name}` must not be empty."
            ))),
            value => Ok(value),
        }
    }

    /// The value of a field of a form that is sent as a query: an empty one was not filled in.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when it is repeated.
    pub fn field(&self, name: &str) -> Result<Option<&str>> {
        Ok(self.once(name)?.filter(|value| !value.is_empty()))
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when it is absent, empty or repeated.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.value(name)?
            .ok_or_else(|| Error::invalid_request(format!("`{name}` is needed.")))
    }

    /// `limit`, as sent.
    ///
    /// # Errors
    /// `INVALID_LIMIT` when it is not an integer from 1 to 100, `INVALID_REQUEST` when repeated.
    pub fn limit(&self) -> Result<Option<Limit>> {
        self.once("limit")?.map(Limit::parse).transpose()
    }

    /// Refuses the parameters by which other APIs count pages: whoever sends one would read the
    /// first page for ever.
    ///
    /// # Errors
    /// `PAGINATION_NOT_SUPPORTED` naming the parameter and `cursor`.
    pub fn refuse_page_numbers(&self) -> Result<()> {
        match PAGE_NUMBERS.iter().find(|name| self.has(name)) {
            Some(name) => Err(Error::new(
                Code::PaginationNotSupported,
                format!(
                    "`{name}` is not supported: a list goes on with `cursor`, the \
                     `page_info.next_cursor` of the page before, and `limit` says how much a page \
                     holds."
                ),
            )),
            None => Ok(()),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// `cursor`, as sent.
    ///
    /// # Errors
    /// `INVALID_CURSOR` when empty, `INVALID_REQUEST` when repeated.
    pub fn cursor(&self) -> Result<Option<&str>> {
        match self.once("cursor")? {
            Some("") => Err(Error::invalid_cursor("empty")),
            cursor => Ok(cursor),
        }
    }
}
