//! What an emulated host is started with.

use std::{path::PathBuf, time::Duration};

/// How the emulated hosts behave, and what they serve.
#[derive(Clone, Debug)]
pub struct ForgeOptions {
    /// Folders of Git repositories.
    pub roots: Vec<PathBuf>,
    /// The least number of repositories that the main account has. What the folders lack is filled
    /// with more names for the first one.
    pub repositories: usize,
    /// Lifetime of access tokens, where the provider's tokens expire.
    pub token_ttl: Duration,
    /// Whether GitHub's client is a GitHub App, whose tokens expire and can be refreshed.
    pub github_app: bool,
}

impl Default for ForgeOptions {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            repositories: 40,
            token_ttl: Duration::from_secs(2 * 60 * 60),
            github_app: false,
        }
    }
}
