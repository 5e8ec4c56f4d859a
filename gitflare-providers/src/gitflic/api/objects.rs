//! The objects of GitFlic's documentation, field by field, as they are read and written. Where two
//! releases spell one thing in two ways, both are read. What GitFlic sends beyond them is ignored.
//! <https://docs.gitflic.ru/api/project/>

use gitflare_core::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use crate::wire;

/// A project, GitFlic's word for a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its UUID.
    pub id: String,
    /// The name for people.
    pub title: Option<String>,
    /// What it says about itself; may be empty.
    pub description: Option<String>,
    /// The name in paths.
    pub alias: String,
    /// The owner's name in paths, where it is not in [`Self::owner`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_alias: Option<String>,
    /// The default branch.
    pub default_branch: Option<String>,
    /// The branch that is worked on.
    pub work_branch: Option<String>,
    /// The project's own site.
    pub site_url: Option<String>,
    /// Whom it belongs to, where that is not in [`Self::owner_alias`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The main programming language.
    pub language: Option<String>,
    /// Whether it is for teaching.
    pub for_education: Option<bool>,
    /// The UUID of the project that it is a fork of: `Some(None)` for one that is no fork, `None`
    /// where the answer does not say.
    #[serde(
        default,
        deserialize_with = "wire::sent",
        skip_serializing_if = "Option::is_none"
    )]
    pub forked_from_id: Option<Option<String>>,
    /// What it mirrors.
    pub pull_mirror_url: Option<String>,
    /// The same in newer releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_url: Option<String>,
    /// `PULL` or `PUSH`, in newer releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_type: Option<String>,
    /// Topics, in newer releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topics: Option<Vec<String>>,
    /// How much it may store, such as `4GB`.
    pub allowed_memory: Option<String>,
    /// The page of the project that it is a fork of.
    pub fork_url: Option<String>,
    /// Where Git clones it by HTTPS.
    pub http_transport_url: Option<String>,
    /// Where Git clones it by SSH.
    pub ssh_transport_url: Option<String>,
    /// Whether it is not public.
    pub private: Option<bool>,
    /// Whether it is a mirror.
    pub mirror: Option<bool>,
}

impl Project {
    /// The owner's name in paths, from wherever it stands; `None` where it stands nowhere.
    #[must_use]
    pub fn owner_name(&self) -> Option<&str> {
        let owner = self.owner.as_ref().and_then(|owner| owner.alias.as_deref());
        owner.or(self.owner_alias.as_deref())
    }
}

/// Whom a project belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The name in paths.
    pub alias: Option<String>,
    /// `USER`, `TEAM` or `COMPANY`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// A project that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewProject {
    /// The name for people.
    pub title: String,
    /// Whether it shall not be public. GitFlic takes it as a text.
    #[serde(with = "text")]
    pub is_private: bool,
    /// The name in paths.
    pub alias: String,
    /// The main programming language; GitFlic writes it in its own way (`java` becomes `Java`).
    pub language: String,
}

/// A truth value that is sent as `"true"` or `"false"`.
mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes fields by reference"
    )]
    pub(super) fn serialize<S: Serializer>(value: &bool, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(if *value { "true" } else { "false" })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// A fork, as the list of a project's forks has it: fewer facts than a [`Project`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fork {
    /// Its UUID.
    pub id: String,
    /// The name for people.
    pub title: Option<String>,
    /// What it says about itself; may be empty.
    pub description: Option<String>,
    /// The name in paths.
    pub alias: String,
    /// The owner's name in paths.
    pub owner_alias: Option<String>,
    /// Where Git clones it by HTTPS.
    pub http_transport_url: Option<String>,
    /// Where Git clones it by SSH.
    pub ssh_transport_url: Option<String>,
    /// The main programming language.
    pub language: Option<String>,
    /// Whether it is not public.
    pub private: Option<bool>,
    /// Whether it was deleted.
    pub is_deleted: Option<bool>,
    /// What GitFlic's own pages show in a list of choices; so for the members that follow.
    pub selector_title: Option<String>,
    /// The owner's name there.
    pub selector_owner_alias: Option<String>,
    /// The id there.
    pub selector_id: Option<String>,
    /// The name in paths there.
    pub selector_alias: Option<String>,
    /// A colour there.
    pub selector_color: Option<String>,
    /// A commit there.
    pub selector_hash: Option<String>,
    /// A colour.
    pub hex_color: Option<String>,
}

/// A file or folder of a branch, with the commit that touched it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileInfo {
    /// The path.
    pub path: String,
    /// The name without its extension.
    pub base_name: Option<String>,
    /// The name.
    pub filename: Option<String>,
    /// Whether it is a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_tree: Option<bool>,
    /// The commit that touched it last.
    pub last_commit_hash: Option<String>,
    /// The message of that commit.
    pub last_commit_message: Option<String>,
    /// Who recorded that commit. GitFlic spells the member with one `t`.
    #[serde(rename = "commiter")]
    pub committer: Option<Ident>,
    /// The same under the usual spelling, should a release have that.
    #[serde(rename = "committer", skip_serializing_if = "Option::is_none")]
    pub committer_respelled: Option<Ident>,
    /// Who wrote it.
    pub author: Option<Ident>,
    /// When it was made.
    pub created_at: Option<Moment>,
    /// The same as [`Self::is_tree`], sent twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<bool>,
}

impl FileInfo {
    /// Whether it is a folder; `None` where neither member says.
    #[must_use]
    pub fn is_folder(&self) -> Option<bool> {
        self.is_tree.or(self.tree)
    }

    /// Who recorded the commit, under either spelling.
    #[must_use]
    pub fn committed_by(&self) -> Option<&Ident> {
        self.committer
            .as_ref()
            .or(self.committer_respelled.as_ref())
    }
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// The full object name in hexadecimal.
    pub hash: String,
    /// The whole message.
    pub message: Option<String>,
    /// Its first line.
    pub short_message: Option<String>,
    /// When it was recorded.
    pub created_at: Option<Moment>,
    /// Who recorded it.
    pub committer_ident: Option<Ident>,
    /// Who wrote it.
    pub author_ident: Option<Ident>,
    /// The account that GitFlic found for the commit; which of the two it belongs to is not said.
    pub user: Option<User>,
    /// The parents, in newer releases.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub parent_commit_ids: Option<Vec<String>>,
    /// The branches that the parents are on, in newer releases.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub parent_commit_branches: Option<Vec<String>>,
    /// What became of its signature, in newer releases.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub verification_result: Option<Verification>,
}

/// A member that was documented late and never seen: in another form than that it is unknown, and costs
/// the commit nothing.
pub(in crate::gitflic) fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// What GitFlic found of the signature of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether it is that of the committer.
    pub verified: Option<bool>,
    /// The finding in words.
    pub comment: Option<String>,
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// Somebody as Git knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ident {
    /// The name.
    pub name: Option<String>,
    /// A picture, mostly as a path below the pages of GitFlic.
    pub avatar: Option<String>,
    /// The same as tags spell it.
    #[serde(rename = "avatart", skip_serializing_if = "Option::is_none")]
    pub avatar_of_tag: Option<String>,
    /// The e-mail address.
    pub email_address: Option<String>,
    /// When.
    pub when: Option<Moment>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its UUID.
    pub id: Option<String>,
    /// The login name.
    pub username: Option<String>,
    /// The given name; may be empty.
    pub name: Option<String>,
    /// The family name; may be empty.
    pub surname: Option<String>,
    /// Both; may be empty.
    pub full_name: Option<String>,
    /// The picture.
    pub avatar: Option<String>,
    /// The wide picture of its page, in newer releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover: Option<String>,
    /// The e-mail address, of the token's own account alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A label of merge requests and issues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    /// Its UUID.
    pub id: Option<String>,
    /// The colour: six hexadecimal digits without `#`.
    pub hex_color: Option<String>,
    /// The name.
    pub title: Option<String>,
    /// What it stands for; may be empty.
    pub description: Option<String>,
    /// Whether its text is light on that colour.
    pub is_text_light: Option<bool>,
}

/// A moment as GitFlic wrote it: mostly RFC 3339, at times without a zone or in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub String);

impl Moment {
    /// The moment; `None` where the text names none, as without a zone.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.0)
    }
}
