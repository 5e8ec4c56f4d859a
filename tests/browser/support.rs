//! A whole server for a browser test, on a port of its own.

use gitflare::server::{Running, Server, config::Config};
use tempfile::TempDir;

/// A running server and its folder.
pub(crate) struct Site {
    running: Running,
    _folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let config = Config::from_pairs(&[
            ("GITFLARE_LISTEN", "127.0.0.1:0"),
            ("GITFLARE_DATA_DIR", data.to_str().unwrap()),
            ("GITFLARE_DEV", "true"),
            ("GITFLARE_RATE_LIMIT_PER_MINUTE", "0"),
        ])
        .unwrap();
        Self {
            running: Server::new(config).start().await.unwrap(),
            _folder: folder,
        }
    }

    /// The address of a path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr())
    }
}
