//! A repository.

use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    ConnectionId, Result, Timestamp,
    filter::{Filterable, Screen},
    provider::ProviderId,
};

/// A repository as its provider describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// Id of the provider instance.
    pub provider: ProviderId,
    /// The connection it was read through.
    pub connection_id: ConnectionId,
    /// The provider's own id; approvals are bound to it.
    pub id: String,
    /// The id by which the provider's GraphQL API asks for it, where that is another one; kept with
    /// approvals and never answered.
    #[serde(skip)]
    pub node_id: Option<String>,
    /// The last part of the full name.
    pub name: String,
    /// The name with its owner, `owner/name` or longer.
    pub full_name: String,
    /// Account or group that owns it.
    pub owner: Owner,
    /// Description by its owner.
    pub description: Option<String>,
    /// `true` unless everybody may read it.
    pub private: Option<bool>,
    /// Audience that may read it.
    pub visibility: Option<Visibility>,
    /// `true` when archived, that is read-only.
    pub archived: Option<bool>,
    /// `true` for a fork of another repository.
    pub fork: Option<bool>,
    /// The default branch's name.
    pub default_branch: Option<String>,
    /// The main programming language.
    pub language: Option<String>,
    /// Its page at the provider.
    pub web_url: Option<String>,
    /// HTTPS URL for `git clone`.
    pub clone_url: Option<String>,
    /// Time of creation.
    pub created_at: Option<Timestamp>,
    /// Time of the last change of the repository's own data.
    pub updated_at: Option<Timestamp>,
    /// Time of the last push.
    pub pushed_at: Option<Timestamp>,
}

/// Owner of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Owner {
    /// The provider's own id.
    pub id: Option<String>,
    /// The login or path name.
    pub login: Option<String>,
    /// Kind of the owner.
    #[serde(rename = "type")]
    pub kind: Option<OwnerType>,
}

words! {
    /// Kind of an owner.
    OwnerType(non_exhaustive) {
        /// A personal account.
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
    /// Audience that may read a repository.
    Visibility(non_exhaustive) {
        /// Everybody, signed in or not.
        Public = "public",
        /// Members alone.
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
