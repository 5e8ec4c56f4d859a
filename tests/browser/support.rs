//! A whole gateway for a browser test, on a port of its own, with emulated forges behind it.

use gitflare::server::{
    Running, Server,
    config::Config,
    sandbox::{ForgeOptions, Forges, sample},
};
use tempfile::TempDir;

/// A running gateway and what belongs to it.
pub(crate) struct Site {
    running: Running,
    /// How browsers reach it.
    origin: String,
    _forges: Forges,
    _folder: TempDir,
}

impl Site {
    /// On plain http, in development mode.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, repositories) = (folder.path().join("data"), folder.path().join("git"));
        sample::write(&repositories).unwrap();
        let options = ForgeOptions {
            roots: vec![repositories],
            ..ForgeOptions::default()
        };
        let forges = Forges::start(&options).await.unwrap();
        let settings = forges.settings();
        let mut pairs = vec![
            ("GITFLARE_LISTEN", "127.0.0.1:0"),
            ("GITFLARE_DATA_DIR", data.to_str().unwrap()),
            ("GITFLARE_RATE_LIMIT_PER_MINUTE", "0"),
            ("GITFLARE_TESTAPP", "true"),
            ("GITFLARE_PROVIDERS", "github,gitlab"),
        ];
        pairs.extend(settings.iter().map(|(name, value)| (*name, value.as_str())));
        pairs.push(("GITFLARE_DEV", "true"));
        let config = Config::from_pairs(&pairs).unwrap();
        let running = Server::new(config).start().await.unwrap();
        Self {
            origin: format!("http://{}", running.addr()),
            running,
            _forges: forges,
            _folder: folder,
        }
    }

    /// The address of a path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub(crate) async fn stop(self) {
        self.running.shutdown().await.unwrap();
    }
}

/// An app as its developer knows it.
pub(crate) struct Registered {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}
