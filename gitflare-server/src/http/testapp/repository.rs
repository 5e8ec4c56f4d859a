//! A repository as the test app knows it: out of the unified API's own list, with the path of a read
//! below it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What a path segment or a query value may hold as it is.
pub(super) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A repository that the test app may read.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) provider: String,
    pub(super) id: String,
    /// The full name; `None` where only the id is known.
    pub(super) name: Option<String>,
}

impl Target {
    /// The repositories of a list's `data`.
    pub(super) fn all_of(data: &Value) -> impl Iterator<Item = Self> {
        data.as_array().into_iter().flatten().filter_map(|it| {
            Some(Self {
                provider: it["provider"].as_str()?.to_owned(),
                id: it["id"].as_str()?.to_owned(),
                name: it["fullName"].as_str().map(str::to_owned),
            })
        })
    }

    /// The path of a read below the repository.
    pub(super) fn path(&self, rest: &str) -> String {
        let id = utf8_percent_encode(&self.id, SEGMENT);
        let provider = utf8_percent_encode(&self.provider, SEGMENT);
        format!("/v1/repositories/{provider}/{id}{rest}")
    }

    /// The name for people.
    pub(super) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}
