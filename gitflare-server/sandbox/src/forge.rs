//! Starts emulated hosts on loopback and says how a gateway reaches them. They end when dropped.

use std::{fmt, net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    ForgeOptions,
    azure::Azure,
    bitbucket::Bitbucket,
    gitflic::Gitflic,
    github::Github,
    gitlab::Gitlab,
    kit::{Dialect, World, people, serve},
};

/// Which provider's protocol a host speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// GitHub's, as an Enterprise Server.
    Github,
    /// GitLab's, as a self-managed instance.
    Gitlab,
    /// Bitbucket Cloud's.
    Bitbucket,
    /// Azure DevOps' and Microsoft Entra's.
    Azure,
    /// GitFlic's, as a self-hosted installation.
    Gitflic,
}

impl ForgeKind {
    fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::Github => &Github,
            Self::Gitlab => &Gitlab,
            Self::Bitbucket => &Bitbucket,
            Self::Azure => &Azure,
            Self::Gitflic => &Gitflic,
        }
    }

    /// The provider's id in the gateway.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::Azure => "azure",
            Self::Gitflic => "gitflic",
        }
    }

    /// The provider's name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Bitbucket => "Bitbucket",
            Self::Azure => "Azure DevOps",
            Self::Gitflic => "GitFlic",
        }
    }
}

/// What stops the start of a host, as one line.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// One host of every kind that the gateway has a provider for.
#[derive(Debug)]
pub struct Forges {
    github: Forge,
    gitlab: Forge,
    bitbucket: Forge,
    azure: Forge,
    gitflic: Forge,
}

impl Forges {
    /// Starts all of them on free ports of loopback.
    ///
    /// # Errors
    /// What stops the start.
    pub async fn start(options: &ForgeOptions) -> Result<Self, StartError> {
        Ok(Self {
            github: Forge::start(ForgeKind::Github, options).await?,
            gitlab: Forge::start(ForgeKind::Gitlab, options).await?,
            bitbucket: Forge::start(ForgeKind::Bitbucket, options).await?,
            azure: Forge::start(ForgeKind::Azure, options).await?,
            gitflic: Forge::start(ForgeKind::Gitflic, options).await?,
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

    /// The one that speaks Bitbucket's protocol.
    #[must_use]
    pub const fn bitbucket(&self) -> &Forge {
        &self.bitbucket
    }

    /// The one that speaks Azure DevOps' protocol.
    #[must_use]
    pub const fn azure(&self) -> &Forge {
        &self.azure
    }

    /// The one that speaks GitFlic's protocol.
    #[must_use]
    pub const fn gitflic(&self) -> &Forge {
        &self.gitflic
    }

    /// All of them.
    #[must_use]
    pub const fn all(&self) -> [&Forge; 5] {
        [
            &self.github,
            &self.gitlab,
            &self.bitbucket,
            &self.azure,
            &self.gitflic,
        ]
    }

    /// The settings by which a gateway reaches them: (variable, value).
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        for forge in self.all() {
            let provider = forge.kind().id().to_uppercase();
            let variable = |end: &str| format!("GITFLARE_{provider}_{end}");
            settings.extend([
                (variable("API_URL"), forge.api_url()),
                (variable("WEB_URL"), forge.web_url()),
                (variable("CLIENT_ID"), forge.client_id().to_owned()),
                (variable("CLIENT_SECRET"), forge.client_secret().to_owned()),
            ]);
        }
        let addresses = self.all().map(|forge| forge.address().to_string());
        let private = "GITFLARE_ALLOW_PRIVATE_UPSTREAMS".to_owned();
        settings.push((private, addresses.join(",")));
        settings
    }
}

/// One emulated host.
pub struct Forge {
    kind: ForgeKind,
    address: SocketAddr,
    world: Arc<World>,
    serving: JoinHandle<()>,
}

impl Forge {
    /// Starts one on a free port of loopback.
    ///
    /// # Errors
    /// What stops the start.
    pub async fn start(kind: ForgeKind, options: &ForgeOptions) -> Result<Self, StartError> {
        let failed = |why: &dyn fmt::Display| {
            StartError(format!("the emulated {} cannot start: {why}", kind.name()))
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.map_err(|error| failed(&error))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        let dialect = kind.dialect();
        let world = World::new(dialect.identity(options), address, options).await;
        let world = Arc::new(world.map_err(|error| failed(&error.message()))?);
        let serving = tokio::spawn(serve::serve(listener, Arc::clone(&world), dialect));
        Ok(Self {
            kind,
            address,
            world,
            serving,
        })
    }

    /// Which protocol it speaks.
    #[must_use]
    pub const fn kind(&self) -> ForgeKind {
        self.kind
    }

    /// The repositories that cannot be read and are not served: name and reason, each as one line.
    #[must_use]
    pub fn skipped(&self) -> &[String] {
        &self.world.skipped
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of its REST API.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}{}", self.web_url(), self.kind.dialect().api_path())
    }

    /// The base of its pages.
    #[must_use]
    pub fn web_url(&self) -> String {
        self.world.web_url()
    }

    /// The full name that the provider gives to a repository that is `owner/name` in the folders.
    #[must_use]
    pub fn full_name_of(&self, repository: &str) -> String {
        self.kind.dialect().spoken_name(repository)
    }

    /// The id of the OAuth client that it knows.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.world.identity.client_id
    }

    /// The secret of the OAuth client that it knows.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.world.client_secret
    }

    /// A personal access token of one of its people; `None` when there is no such login.
    #[must_use]
    pub fn personal_token(&self, login: &str) -> Option<String> {
        people::by_login(login)?;
        Some(self.world.tokens().personal(login))
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
            .field("kind", &self.kind)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
