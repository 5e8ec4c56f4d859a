//! Organizations that were renamed. An organization's name stands in every address, and in the ids of its
//! repositories; their GUIDs are nobody else's. So a repository whose organization is gone is looked for
//! in the account's other ones, and its id stays what it was.

use gitflare_core::{
    Code, Error, Result,
    provider::{Call, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, parts},
    repositories::organizations,
};
use crate::request::Get;

/// In how many organizations a repository is looked for.
const MOST: usize = 20;

/// Whether a refusal said that the organization is gone, and the repository was found in another one,
/// which is asked from now on.
pub(super) async fn has_moved(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    refusal: &Error,
) -> bool {
    // A token of one organization lists no others.
    if refusal.code() != Code::InstallationNotFound || call.organization.is_some() {
        return false;
    }
    let Some([organization, project, id]) = parts(&repo.id) else {
        return false;
    };
    let (moved, connection) = (client.upstream.moved(), &call.connection_id);
    if moved.is_lost(connection, organization) {
        return false;
    }
    // What cannot be found out leaves the refusal as it is.
    let Ok(found) = find(client, call, organization, [project, id]).await else {
        return false;
    };
    let is_found = found.is_some();
    moved.note(connection, organization, found);
    is_found
}

/// The organization that has the repository now; `None` where none of the account's does.
async fn find(
    client: &Client,
    call: &Call,
    gone: &str,
    [project, id]: [&str; 2],
) -> Result<Option<String>> {
    let names = organizations(client, call).await?;
    for name in names.into_iter().filter(|name| name != gone).take(MOST) {
        let get = Get::new(&[&*name, project, "_apis", "git", "repositories", id])?;
        let Ok(answer) = client.upstream.get(call, &get).await else {
            continue;
        };
        let found = answer.json::<WireRepository>().ok();
        if found.is_some_and(|found| found.is(project, id)) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

#[derive(Debug, Deserialize)]
struct WireRepository {
    id: String,
    project: WireProject,
}

#[derive(Debug, Deserialize)]
struct WireProject {
    id: String,
}

impl WireRepository {
    fn is(&self, project: &str, id: &str) -> bool {
        self.id.eq_ignore_ascii_case(id) && self.project.id.eq_ignore_ascii_case(project)
    }
}
