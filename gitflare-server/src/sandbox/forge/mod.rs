//! Emulated forges: servers on loopback that speak the wire protocols of GitHub and GitLab over real
//! Git repositories, so that the gateway can be tried and tested whole without an account or a
//! network. What Git does not hold (people, pull requests, releases, checks, deployments) is derived
//! from the history, the same in every run. The gateway reaches them by HTTP alone.
//!
//! Beside the protocols each has a control surface: `POST`/`DELETE /__faults`, `GET /__calls`,
//! `POST /__emit`, `POST /__rename`, `POST /__expire` and `GET /__people`.

mod control;
mod delivery;
mod faults;
mod git;
mod github;
mod gitlab;
mod http;
mod oauth;
mod paging;
mod people;
mod story;
#[cfg(test)]
mod tests;
mod world;

use std::{
    fmt,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gitflare_core::{Clock, SystemClock};
use tokio::{net::TcpListener, task::JoinHandle};

use self::{git::Git, world::World};
use crate::config::Problem;

/// What the forges are to be like.
#[derive(Clone, Debug)]
pub struct ForgeOptions {
    /// Folders of Git repositories.
    pub roots: Vec<PathBuf>,
    /// How many repositories the main account has at least; what the folders lack is made up of
    /// more names for the first one.
    pub repositories: usize,
    /// How long access tokens live that expire at all.
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

/// Which protocol a forge speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// GitHub's, as an Enterprise Server.
    Github,
    /// GitLab's, as a self-managed instance.
    Gitlab,
}

impl ForgeKind {
    /// The provider's id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }

    const fn api_path(self) -> &'static str {
        match self {
            Self::Github => "/api/v3",
            Self::Gitlab => "/api/v4",
        }
    }
}

/// Both forges. They end when dropped.
#[derive(Debug)]
pub struct Forges {
    github: Forge,
    gitlab: Forge,
}

impl Forges {
    /// Starts both on free ports of loopback.
    ///
    /// # Errors
    /// What stops the start, as one line.
    pub async fn start(options: &ForgeOptions) -> Result<Self, Problem> {
        Ok(Self {
            github: Forge::start(ForgeKind::Github, options).await?,
            gitlab: Forge::start(ForgeKind::Gitlab, options).await?,
        })
    }

    /// The one that speaks GitHub's protocol.
    #[must_use]
    pub const fn github(&self) -> &Forge {
        &self.github
    }

    /// The one that speaks GitLab's protocol.
    #[must_use]
    pub const fn gitlab(&self) -> &Forge {
        &self.gitlab
    }

    /// The settings by which a gateway reaches them: (variable, value).
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let (hub, lab) = (&self.github, &self.gitlab);
        vec![
            ("GITFLARE_GITHUB_API_URL", hub.api_url()),
            ("GITFLARE_GITHUB_WEB_URL", hub.web_url()),
            ("GITFLARE_GITHUB_CLIENT_ID", hub.client_id().to_owned()),
            (
                "GITFLARE_GITHUB_CLIENT_SECRET",
                hub.client_secret().to_owned(),
            ),
            ("GITFLARE_GITLAB_API_URL", lab.api_url()),
            ("GITFLARE_GITLAB_WEB_URL", lab.web_url()),
            ("GITFLARE_GITLAB_CLIENT_ID", lab.client_id().to_owned()),
            (
                "GITFLARE_GITLAB_CLIENT_SECRET",
                lab.client_secret().to_owned(),
            ),
            (
                "GITFLARE_ALLOW_PRIVATE_UPSTREAMS",
                format!("{},{}", hub.address, lab.address),
            ),
        ]
    }
}

/// One emulated forge.
pub struct Forge {
    address: SocketAddr,
    world: Arc<World>,
    serving: JoinHandle<()>,
}

impl Forge {
    /// Starts one on a free port of loopback.
    ///
    /// # Errors
    /// What stops the start, as one line.
    pub async fn start(kind: ForgeKind, options: &ForgeOptions) -> Result<Self, Problem> {
        let failed = |error: String| Problem::new(format!("the emulated {}: {error}", kind.id()));
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(|error| failed(error.to_string()))?;
        let address = listener
            .local_addr()
            .map_err(|error| failed(error.to_string()))?;
        let git = Git::open(&options.roots).map_err(|error| failed(error.message().to_owned()))?;
        let world = World::new(kind, address, git, options)
            .await
            .map_err(|error| failed(error.message().to_owned()))?;
        let world = Arc::new(world);
        let serving = tokio::spawn(http::serve(listener, Arc::clone(&world)));
        Ok(Self {
            address,
            world,
            serving,
        })
    }

    /// Which protocol it speaks.
    #[must_use]
    pub fn kind(&self) -> ForgeKind {
        self.world.kind
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of its REST API.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}{}", self.web_url(), self.world.kind.api_path())
    }

    /// The base of its pages.
    #[must_use]
    pub fn web_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The id of the OAuth client that it knows.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.world.client_id
    }

    /// Its secret.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.world.client_secret
    }

    /// A personal access token of one of its people; `None` when there is no such login.
    #[must_use]
    pub fn personal_token(&self, login: &str) -> Option<String> {
        let known = people::PEOPLE.iter().any(|person| person.login == login);
        known.then(|| self.world.tokens().personal(login))
    }
}

impl Drop for Forge {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl fmt::Debug for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forge")
            .field("kind", &self.world.kind)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// The wall clock.
fn now() -> SystemTime {
    let millis = u64::try_from(SystemClock.now().as_millis()).unwrap_or(0);
    UNIX_EPOCH + Duration::from_millis(millis)
}
