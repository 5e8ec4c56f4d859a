//! Nodes of one database: their folders and settings.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::PathBuf;

use super::{Gitflare, cluster::Cluster, repository};

pub(crate) const MASTER_KEY: &str =
    "1:469e2d70fbe37104173498a4bf3c90d18c51e7fa1587470c45b13b2d67f79cae";

/// Folders and settings of nodes of one database.
pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) url: String,
    pub(crate) root: PathBuf,
}

impl Site {
    pub(crate) fn new(cluster: &Cluster) -> Option<Self> {
        Self::over(cluster.database())
    }

    /// Over the database of that URL.
    pub(crate) fn over(url: String) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let root = repository(folder.path())?;
        Some(Self { folder, url, root })
    }

    pub(crate) fn data(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("node-{node}"))
    }

    pub(crate) fn node(&self, node: usize) -> Gitflare {
        self.node_with(node, &[])
    }

    /// A node with settings of its own, which come behind the common ones.
    pub(crate) fn node_with(&self, node: usize, own: &[(&str, String)]) -> Gitflare {
        let root = self.root.to_str().unwrap().to_owned();
        let mut settings = vec![
            ("GITFLARE_DATABASE_URL", self.url.clone()),
            ("GITFLARE_MASTER_KEY", MASTER_KEY.to_owned()),
            ("GITFLARE_LOCAL_ROOT", root),
        ];
        settings.extend(own.iter().cloned());
        Gitflare::start_with(&self.data(node), &settings)
    }
}
