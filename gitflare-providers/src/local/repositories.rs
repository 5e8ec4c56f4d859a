//! Repositories as the folder shows them. What only a code host knows (times, language, forks,
//! addresses) is unknown here.

use std::{fs, io::Read, path::Path};

use gitflare_core::{
    Code, ConnectionId, Page, PageRequest, Position, Result,
    model::{Owner, OwnerType, Repository, Visibility},
    provider::ProviderId,
};

use super::{LocalConfig, deadline::Deadline, errors, open::Roots, scan::Found};

/// What Git writes into `description` until somebody changes it.
const PLACEHOLDER: &str = "Unnamed repository;";
/// Longer files are cut: a description is a line.
const MAX_READ: u64 = 16 * 1024;

pub(super) fn list(
    roots: &Roots,
    config: &LocalConfig,
    connection: &ConnectionId,
    page: &PageRequest,
    deadline: Deadline,
) -> Result<Page<Repository>> {
    let after = match &page.position {
        Some(position) => {
            let mut fields = position.fields();
            let after = fields.text()?;
            fields.end()?;
            Some(after)
        }
        None => None,
    };
    let scan = roots.repositories(after.is_none(), deadline)?;
    let all = &scan.found;
    let start = after.map_or(0, |after| all.partition_point(|found| *found.id <= *after));
    let limit = page.limit.get();
    let mut page = Page::last(Vec::with_capacity(limit));
    if scan.is_cut {
        page.errors.push(errors::too_many_folders());
    }
    let mut last = None;
    for found in &all[start..] {
        if page.items.len() == limit {
            page.next = last.map(|id: &str| Position::new().text(id));
            break;
        }
        deadline.check()?;
        match roots.check(found) {
            // One that is refused is absent here as it is everywhere.
            Err(error) if error.code() == Code::RepositoryNotFound => {}
            Err(error) if error.code() == Code::UnsupportedEndpoint => {
                let message = format!("{}: {}", found.id, error.message());
                page.errors.push(error.with_message(message));
            }
            // One that cannot be read at the moment is still there.
            Ok(()) | Err(_) => {
                page.items.push(describe(found, config, connection));
                last = Some(&found.id);
            }
        }
    }
    Ok(page)
}

pub(super) fn read(
    roots: &Roots,
    config: &LocalConfig,
    connection: &ConnectionId,
    id: &str,
) -> Result<Repository> {
    let found = roots.find(id)?;
    roots.check(&found)?;
    Ok(describe(&found, config, connection))
}

fn describe(found: &Found, config: &LocalConfig, connection: &ConnectionId) -> Repository {
    let (owner, name) = match found.id.split_once('/') {
        Some((owner, rest)) => (owner, rest.rsplit_once('/').map_or(rest, |(_, name)| name)),
        None => (config.viewer_login.as_str(), found.id.as_str()),
    };
    Repository {
        node_id: None,
        provider: ProviderId::LOCAL,
        connection_id: connection.clone(),
        id: found.id.clone(),
        name: name.to_owned(),
        full_name: found.id.clone(),
        owner: Owner {
            id: None,
            login: Some(owner.to_owned()),
            kind: Some(OwnerType::Group),
        },
        description: description(&found.git_dir),
        private: Some(true),
        visibility: Some(Visibility::Private),
        archived: None,
        fork: None,
        default_branch: default_branch(&found.git_dir),
        language: None,
        web_url: None,
        clone_url: None,
        created_at: None,
        updated_at: None,
        pushed_at: None,
    }
}

/// The branch that `HEAD` names, whether it has commits or not; `None` when it names none.
fn default_branch(git_dir: &Path) -> Option<String> {
    let head = first_line(&git_dir.join("HEAD"))?;
    let name = head.strip_prefix("ref:")?.trim_ascii_start();
    Some(name.strip_prefix("refs/heads/")?.to_owned())
}

fn description(git_dir: &Path) -> Option<String> {
    let line = first_line(&git_dir.join("description"))?;
    (!line.is_empty() && !line.starts_with(PLACEHOLDER)).then_some(line)
}

fn first_line(path: &Path) -> Option<String> {
    // Only a real file: a link could lead anywhere, and a pipe would never end.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(MAX_READ).read_to_end(&mut bytes).ok()?;
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    Some(String::from_utf8_lossy(line).trim().to_owned())
}
