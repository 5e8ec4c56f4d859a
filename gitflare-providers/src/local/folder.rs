//! Which folder a repository is in, and whether it is still the one that was looked at. It follows no
//! link and opens nothing.

use std::{fs, path::Path, time::SystemTime};

use gitflare_core::Result;

use super::errors;

/// Which folder a path leads to, whatever happens to the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FolderId {
    device: u64,
    inode: u64,
}

/// What tells an unchanged repository folder from a replaced or rearranged one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) id: FolderId,
    changed: Vec<Option<SystemTime>>,
}

impl Fingerprint {
    /// The places whose change can add a link, a borrowed store or another configuration.
    const WATCHED: [&'static str; 10] = [
        "",
        "config",
        "shallow",
        "objects",
        "objects/info",
        "objects/info/alternates",
        "objects/pack",
        "refs",
        "refs/heads",
        "refs/tags",
    ];

    pub(super) fn of(git_dir: &Path) -> Result<Self> {
        let meta = fs::symlink_metadata(git_dir).map_err(errors::unreadable)?;
        let changed = Self::WATCHED
            .iter()
            .map(|part| {
                fs::symlink_metadata(git_dir.join(part))
                    .ok()?
                    .modified()
                    .ok()
            })
            .collect();
        Ok(Self {
            id: FolderId::of(&meta),
            changed,
        })
    }
}

impl FolderId {
    #[cfg(unix)]
    pub(super) fn of(meta: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: meta.dev(),
            inode: meta.ino(),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn of(meta: &fs::Metadata) -> Self {
        let created = meta
            .created()
            .ok()
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        Self {
            device: 0,
            inode: created.map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX)),
        }
    }
}
