//! One file out of a commit's trees, as it is stored: no filter, no text conversion, no link followed.
//! What it is comes first, its bytes after that.

use gitflare_core::{
    Result,
    model::{Content, ContentType, MAX_CONTENT_BYTES},
    provider::ContentQuery,
};
use gix::ObjectId;

use super::{
    entries::{Entry, Mode},
    errors,
    objects::lossy,
    repo::{Blob, Repo},
    tree::{find, no_such_path},
};

/// What stands at the path, and the object whose bytes are still wanting.
pub(super) fn describe(repo: &Repo, query: &ContentQuery) -> Result<(Content, Option<ObjectId>)> {
    let commit = repo.resolve(&query.at)?.ok_or_else(no_such_path)?;
    let path = query.path.as_str();
    let root = repo.commit(commit)?.tree;
    let entry = find(repo, root, path)?;
    let kind = match entry.mode {
        Mode::Directory => return Err(query.is_folder()),
        Mode::Submodule => ContentType::Submodule,
        Mode::Symlink => ContentType::Symlink,
        Mode::File | Mode::Executable => ContentType::File,
    };
    let content = Content {
        mode: Some(entry.mode.octal().to_owned()),
        sha: Some(entry.id.to_string()),
        commit_sha: Some(commit.to_string()),
        ..Content::new(path, kind)
    };
    if kind == ContentType::Submodule {
        let url = submodule_url(repo, root, path)?;
        return Ok((content.with_submodule_url(url), None));
    }
    // Asked for before the bytes: nothing larger is read.
    let size = repo.header(entry.id)?.map(|(_, size)| size);
    let content = Content { size, ..content };
    match size {
        Some(size) if size > MAX_CONTENT_BYTES as u64 => Ok((content.too_large(), None)),
        Some(_) => Ok((content, Some(entry.id))),
        None => Err(errors::unreadable("a file of the tree is missing")),
    }
}

/// The same with its bytes.
pub(super) fn fill(repo: &Repo, content: Content, id: ObjectId) -> Result<Content> {
    match repo.blob(id)? {
        Blob::Data(data) => Ok(content.with_bytes(data)),
        Blob::Unavailable => Err(errors::unreadable("a file of the tree cannot be read")),
    }
}

/// The address of the submodule at a path, by the `.gitmodules` of the same commit.
fn submodule_url(repo: &Repo, root: ObjectId, path: &str) -> Result<Option<String>> {
    let Ok(Entry { id, mode, .. }) = find(repo, root, ".gitmodules") else {
        return Ok(None);
    };
    if !matches!(mode, Mode::File | Mode::Executable) {
        return Ok(None);
    }
    Ok(match repo.blob(id)? {
        Blob::Data(data) => url_in(&lossy(&data), path),
        Blob::Unavailable => None,
    })
}

/// The `url` of the section whose `path` is that one. Git writes one setting a line.
fn url_in(modules: &str, path: &str) -> Option<String> {
    let (mut is_it, mut url) = (false, None);
    let mut found = None;
    for line in modules.lines().map(str::trim).chain(["[end]"]) {
        if line.starts_with('[') {
            found = found.or(url.take().filter(|_| is_it));
            is_it = false;
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => is_it = value == path,
            "url" => url = Some(value.to_owned()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_that_of_the_section_with_the_path() {
        let modules = "[submodule \"a\"]\n\tpath = vendor/a\n\turl = https://git.example/a.git\n[submodule \"b\"]\n\turl = \"https://git.example/b.git\"\n\tpath = vendor/b\n";
        let url = |path| url_in(modules, path);
        assert_eq!(
            url("vendor/a").as_deref(),
            Some("https://git.example/a.git")
        );
        assert_eq!(
            url("vendor/b").as_deref(),
            Some("https://git.example/b.git")
        );
        assert_eq!(url("vendor"), None);
        assert_eq!(url_in("", "vendor/a"), None);
    }
}
