//! The ids of Azure's objects, and where a repository is by them.

use crate::kit::{Repo, people::Person, story::number as number_of};

/// A GUID; `group` tells kinds of objects apart.
pub(super) fn guid(group: &str, id: u64) -> String {
    format!("00000000-0000-4000-{group}-{id:012}")
}

/// The number in the GUID of a repository.
pub(super) fn number(guid: &str) -> Option<u64> {
    let is_guid = guid.len() == 36 && guid.starts_with("00000000-0000-4000-90d0-");
    guid.rsplit('-').next().filter(|_| is_guid)?.parse().ok()
}

pub(super) fn project_id(organization: &str) -> String {
    guid("90b0", number_of(organization) % 1_000_000)
}

/// The path of a repository.
pub(super) fn path(repo: &Repo) -> String {
    let (project, id) = (project_id(&repo.owner), guid("90d0", repo.id));
    format!("/{}/{project}/_apis/git/repositories/{id}", repo.owner)
}

pub(super) fn user_id(person: &Person) -> String {
    guid("90a0", person.id)
}
