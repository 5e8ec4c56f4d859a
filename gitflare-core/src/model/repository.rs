//! A repository.

use serde::Serialize;

use super::words;
use crate::{
    ConnectionId, Result, Timestamp,
    filter::{Filterable, Screen},
    provider::ProviderId,
};

/// A repository as its provider describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// The provider.
    pub provider: ProviderId,
    /// The connection it was read through.
    pub connection_id: ConnectionId,
    /// The provider's own id; approvals are bound to it.
    pub id: String,
    /// The last part of the full name.
    pub name: String,
    /// The name with its owner, `owner/name` or longer.
    pub full_name: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// What it says about itself.
    pub description: Option<String>,
    /// Whether it is not public.
    pub private: Option<bool>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// Whether it is read-only for good.
    pub archived: Option<bool>,
    /// Whether it is a fork.
    pub fork: Option<bool>,
    /// The default branch's name.
    pub default_branch: Option<String>,
    /// The main programming language.
    pub language: Option<String>,
    /// Its page at the provider.
    pub web_url: Option<String>,
    /// Where Git clones it from.
    pub clone_url: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it was last pushed to.
    pub pushed_at: Option<Timestamp>,
}

/// Whom a repository belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Owner {
    /// The provider's own id.
    pub id: Option<String>,
    /// The login or path name.
    pub login: Option<String>,
    /// What kind of owner.
    #[serde(rename = "type")]
    pub kind: Option<OwnerType>,
}

words! {
    /// What kind of owner a repository has.
    OwnerType {
        /// A person.
        User = "user",
        /// An organization or workspace.
        Organization = "organization",
        /// A group of projects.
        Group = "group",
        /// A project that holds repositories.
        Project = "project",
    }
}

words! {
    /// Who may see a repository.
    Visibility {
        /// Everybody.
        Public = "public",
        /// Members.
        Private = "private",
        /// Everybody with an account at the provider.
        Internal = "internal",
    }
}

impl Filterable for Repository {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.url(&mut self.web_url);
        screen.url(&mut self.clone_url);
        screen.prose(&mut self.description)?;
        Ok(Some(self))
    }
}
