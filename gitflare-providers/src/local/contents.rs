//! One file out of a commit's trees, as it is stored: no filter, no text conversion, no link followed.
//! What it is comes first, its bytes after that.

use gitflare_core::{
    Result,
    filter::BlockedPaths,
    model::{Content, ContentType, MAX_CONTENT_BYTES},
    provider::ContentQuery,
};
use gix::{ObjectId, bstr::BStr, config::file::init::Options};

use super::{
    entries::{Entry, Mode},
    errors,
    objects::lossy,
    repo::{Blob, Repo},
    tree::{find, no_such_path},
};

/// Where Git keeps the addresses of submodules.
const MODULES: &str = ".gitmodules";

/// What stands at the path, and the object whose bytes are still wanting.
pub(super) fn describe(
    repo: &Repo,
    query: &ContentQuery,
    blocked: &BlockedPaths,
) -> Result<(Content, Option<ObjectId>)> {
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
        // What the file says is as blocked as the file.
        let url = match blocked.contain(MODULES) {
            true => None,
            false => submodule_url(repo, root, path)?,
        };
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
    let Ok(Entry { id, mode, .. }) = find(repo, root, MODULES) else {
        return Ok(None);
    };
    if !matches!(mode, Mode::File | Mode::Executable) {
        return Ok(None);
    }
    Ok(match repo.blob(id)? {
        Blob::Data(data) => url_in(&data, path),
        Blob::Unavailable => None,
    })
}

/// The `url` of the submodule whose `path` is that one, as Git reads its settings. What cannot be read
/// has none.
fn url_in(modules: &[u8], path: &str) -> Option<String> {
    let meta = gix::config::file::Metadata::default();
    let file = gix::config::File::from_bytes_no_includes(modules, meta, Options::default()).ok()?;
    let of = |name: &BStr, key| file.string_by("submodule", Some(name), key);
    let mut sections = file.sections_by_name("submodule")?;
    let url = sections.find_map(|section| {
        let name = section.header().subsection_name()?;
        (**of(name, "path")? == *path.as_bytes()).then(|| of(name, "url"))
    });
    url?.map(|url| lossy(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_git_reads_them() {
        // Each is what `git config -f .gitmodules submodule.l.url` says.
        for modules in [
            "[submodule \"l\"]\npath = l\nurl = https://git.example/\\\nl.git\n",
            "[submodule \"l\"]\npath = l # here\nurl = https://git.example/l.git ; there\n",
            "[submodule \"l\"] path = l\nURL = https://git.example/l.git",
            "[submodule \"l\"]\nurl = x\n[submodule \"l\"]\npath = l\nurl = https://git.example/l.git\n",
        ] {
            let url = url_in(modules.as_bytes(), "l");
            assert_eq!(
                url.as_deref(),
                Some("https://git.example/l.git"),
                "{modules}"
            );
        }
    }

    #[test]
    fn the_address_is_that_of_the_section_with_the_path() {
        let modules = "[submodule \"a\"]\n\tpath = vendor/a\n\turl = https://git.example/a.git\n[submodule \"b\"]\n\turl = \"https://git.example/b.git\"\n\tpath = vendor/b\n";
        let url = |path| url_in(modules.as_bytes(), path);
        assert_eq!(
            url("vendor/a").as_deref(),
            Some("https://git.example/a.git")
        );
        assert_eq!(
            url("vendor/b").as_deref(),
            Some("https://git.example/b.git")
        );
        assert_eq!(url("vendor"), None);
        assert_eq!(url_in(b"", "vendor/a"), None);
        assert_eq!(url_in(b"[submodule", "vendor/a"), None);
    }
}
