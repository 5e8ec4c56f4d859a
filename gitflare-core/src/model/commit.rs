//! A commit without its changes.

use serde::{Deserialize, Serialize};

use super::DiffStats;
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen},
};

/// One commit of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// The full object name in hexadecimal.
    pub sha: String,
    /// The upstream's own title, else the first line of the message.
    pub title: Option<String>,
    /// The whole message.
    pub message: Option<String>,
    /// Author of the change, with the author date.
    pub author: Option<Signature>,
    /// Committer, with the commit date.
    pub committer: Option<Signature>,
    /// The parents' object names, first parent first; empty for a first commit, `None` where the
    /// provider does not say.
    pub parents: Option<Vec<String>>,
    /// Counts over its changes against the first parent, blocked files included; `None` in lists and
    /// where they are not known.
    pub stats: Option<DiffStats>,
    /// Its page at the provider.
    pub web_url: Option<String>,
}

impl Commit {
    /// The object name of the first parent; `None` for a first commit, and where it is not known.
    #[must_use]
    pub fn first_parent(&self) -> Option<&str> {
        self.parents.as_ref()?.first().map(String::as_str)
    }
}

/// A person and a time in a commit, as Git records them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// The name in the commit.
    pub name: Option<String>,
    /// The e-mail in the commit.
    pub email: Option<String>,
    /// The moment in the commit.
    pub date: Option<Timestamp>,
    /// The provider account it is linked to.
    pub login: Option<String>,
    /// That account's picture.
    pub avatar_url: Option<String>,
}

impl Filterable for Commit {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.url(&mut self.web_url);
        for person in [&mut self.author, &mut self.committer]
            .into_iter()
            .flatten()
        {
            screen.url(&mut person.avatar_url);
            screen.prose(&mut person.name)?;
        }
        screen.prose(&mut self.title)?;
        screen.prose(&mut self.message)?;
        Ok(Some(self))
    }
}
