//! The sandbox: the whole gateway on loopback over a fresh folder, with a sample repository, for
//! trying it without an account or a network. Everything in it is made through the same use cases
//! that an admin calls; nothing of it outlives the process.

mod agent;
mod guided;
mod seed;
#[cfg(test)]
mod tests;

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use gitflare_core::{
    Random, Secret, SystemRandom,
    gateway::{Account, Gateway, SignUp},
};
pub use gitflare_sandbox::{
    Forge, ForgeKind, ForgeOptions, Forges, StartError, planted_password, sample,
};
use sample::Sample;
use tempfile::TempDir;

pub use agent::{AGENT_CLIENT_ID, AGENT_HOST, AgentDocument};
pub use seed::{Seeded, seed};

use crate::{
    Running, Server,
    cli::Arguments,
    config::{self, Config, Origin, Problem, Setting},
    keys,
    passwords::Argon2Passwords,
};

/// What the sandbox decides: (variable, value). An empty value unsets.
const FIXED: &[(&str, &str)] = &[
    ("GITFLARE_DATABASE_URL", "sqlite"),
    ("GITFLARE_MASTER_KEY", ""),
    ("GITFLARE_PUBLIC_URL", ""),
    ("GITFLARE_PANEL_URL", ""),
    (
        "GITFLARE_PROVIDERS",
        "github,gitlab,bitbucket,azure,gitflic,local",
    ),
];
/// What it starts from, where nothing else is given.
const PRESET: &[(&str, &str)] = &[
    ("GITFLARE_DEV", "true"),
    ("GITFLARE_TESTAPP", "true"),
    ("GITFLARE_MCP_CLIENTS", "*,dynamic"),
];

/// The account of the emulated forges that owns everything there.
const OWNER: &str = "anna-berg";

/// Who signs in as the developer of the sandbox's app.
const DEVELOPER: &str = "dev@sandbox.example";

/// The folder of the sample below the sandbox's own.
const REPOSITORIES: &str = "repositories";

/// A sandbox that serves until it is shut down or dropped.
#[derive(Debug)]
pub struct Sandbox {
    running: Running,
    forges: Forges,
    agent: AgentDocument,
    seeded: Seeded,
    /// The developer's password.
    password: Secret<String>,
    walk: guided::Walk,
    sample: Sample,
    admin_key: Secret<String>,
    token_ttl: Duration,
    took: Duration,
    folder: TempDir,
}

/// A sandbox whose folder and configuration stand, and that serves nothing yet.
#[derive(Debug)]
pub struct Prepared {
    given: config::Given,
    config: Config,
    repos: Vec<PathBuf>,
    sample: Sample,
    admin_key: Secret<String>,
    folder: TempDir,
    started: Instant,
}

impl Prepared {
    /// The configuration that the gateway will run with.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Makes the accounts and serves.
    ///
    /// # Errors
    /// What stops the start, as one line.
    pub async fn start(self) -> Result<Sandbox, Problem> {
        let mut roots = vec![self.folder.path().join(REPOSITORIES)];
        roots.extend(self.repos.iter().cloned());
        let forges = Forges::start(&ForgeOptions {
            roots,
            ..ForgeOptions::default()
        })
        .await?;
        let config = with_forges(self.given, &forges)?;
        let token_ttl = config.token_ttl;
        let agent = AgentDocument::serve()
            .await
            .map_err(|error| Problem::new(format!("the sandbox's agent cannot listen: {error}")))?;
        let mut server = Server::new(config)
            .hearing_itself()
            .with_document_host(AGENT_HOST, agent.address());
        for root in self.repos {
            server = server.with_local_root(root);
        }
        let running = server.start().await?;
        let accounts: Vec<_> = forges
            .all()
            .iter()
            .filter_map(|forge| Some((forge.kind().id(), forge.personal_token(OWNER)?)))
            .collect();
        let callback = format!("{}/testapp/callback", running.public_url());
        let unfilled = |error| Problem::new(format!("the sandbox cannot be filled: {error:?}"));
        let gateway = running.gateway();
        let (developer, password) = developer(&gateway).await.map_err(unfilled)?;
        let seeded = seed(&gateway, &accounts, vec![callback], Some(&developer));
        let seeded = seeded.await.map_err(unfilled)?;
        let walk = guided::begin(&running, &forges, &seeded, &self.sample).await?;
        Ok(Sandbox {
            running,
            forges,
            agent,
            seeded,
            password,
            walk,
            sample: self.sample,
            admin_key: self.admin_key,
            token_ttl,
            took: self.started.elapsed(),
            folder: self.folder,
        })
    }
}

/// Makes the account of the sandbox's developer: with the password, which is another one each time.
async fn developer(gateway: &Gateway) -> gitflare_core::Result<(Account, Secret<String>)> {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    let password = Secret::new(hex::encode(bytes));
    let request = SignUp {
        email: DEVELOPER.to_owned(),
        password: password.clone(),
        name: Some("Sandbox developer".to_owned()),
        invitation: None,
    };
    let request_id = gateway.new_request_id();
    let passwords = Argon2Passwords::new();
    let signed = gateway.sign_up(request, &passwords, &request_id).await?;
    let account = gateway.account(&signed.user.id).await?;
    Ok((account, password))
}

impl Sandbox {
    /// Makes the folder and the sample repository in it.
    ///
    /// # Errors
    /// What stops the start, each problem as one line.
    pub(crate) fn prepare(arguments: Arguments) -> Result<Prepared, Vec<Problem>> {
        let started = Instant::now();
        let disk = |error| Problem::new(format!("the sandbox's folder cannot be made: {error}"));
        let folder = tempfile::Builder::new()
            .prefix("gitflare-sandbox-")
            .tempdir()
            .map_err(|error| disk(error.into()))?;
        let admin_key = keys::new_admin_key(&SystemRandom);
        if let Some(path) = arguments.repos.iter().find(|path| !path.is_dir()) {
            let path = path.display();
            return Err(Problem::new(format!("--repos {path} is not a folder")).into());
        }
        let file = arguments.file.as_deref();
        let (given, config) = config(arguments.given, file, &folder, admin_key.expose())?;
        let sample = sample::write(&folder.path().join(REPOSITORIES)).map_err(disk)?;
        Ok(Prepared {
            given,
            config,
            repos: arguments.repos,
            sample,
            admin_key,
            folder,
            started,
        })
    }

    /// The gateway in front of the emulated hosts.
    #[must_use]
    pub const fn running(&self) -> &Running {
        &self.running
    }

    /// The emulated code hosts.
    #[must_use]
    pub const fn forges(&self) -> &Forges {
        &self.forges
    }

    /// The sample repository, and the secrets that must not come out of it.
    #[must_use]
    pub const fn sample(&self) -> &Sample {
        &self.sample
    }

    /// The admin key of this run, as announced.
    #[must_use]
    pub fn admin_key(&self) -> &str {
        self.admin_key.expose()
    }

    /// The access token that reads everything.
    #[must_use]
    pub fn access_token(&self) -> &str {
        &self.seeded.access_token
    }

    /// Commands to paste: what each shows, and the command.
    #[must_use]
    pub fn commands(&self) -> [(&'static str, String); 6] {
        let base = format!("{}/v1/repositories", self.running.public_url());
        let forged = sample::FULL_NAME.replace('/', "%2F");
        let repository = format!("{base}/local/{forged}");
        let commit = &self.sample.leaky_commit;
        let token = self.access_token();
        let curl = |url| format!("curl -s -H 'authorization: Bearer {token}' '{url}'");
        [
            ("The repositories", curl(base.clone())),
            (
                "The last commits",
                curl(format!("{repository}/commits?limit=5")),
            ),
            (
                "A commit that adds a key, a password and a .env: the values are hashed, the files gone",
                curl(format!("{repository}/commits/{commit}/diff")),
            ),
            (
                "The same shop on the emulated GitHub: its pull requests",
                curl(format!("{base}/github/{forged}/pull-requests?state=all")),
            ),
            (
                "And on the emulated GitLab: the checks of its main branch",
                curl(format!("{base}/gitlab/{forged}/checks")),
            ),
            (
                "A push at the emulated GitHub: the test app shows the event (/testapp/events)",
                self.walk.emit.clone(),
            ),
        ]
    }

    /// The link by which a customer approves the sandbox's app; it works as it is.
    #[must_use]
    pub fn consent_link(&self) -> &str {
        &self.walk.consent
    }

    /// Text to print when it is ready.
    #[must_use]
    pub fn announcement(&self) -> String {
        let seeded = &self.seeded;
        let mut forges = String::new();
        for forge in self.forges.all() {
            let (name, url) = (forge.kind().name(), forge.web_url());
            let _ = writeln!(forges, "{name:<14}{url} (emulated; {OWNER} signs in)");
        }
        let mut text = format!(
            "GitFlare sandbox, ready in {} ms. Stop it with Ctrl-C; everything in it goes with it.\n\n\
             API           {}\n\
             Admin key     {} (header x-admin-api-key)\n\
             Access token  {} (for {} minutes)\n\
             Client        {} {}\n\
             Developer     {DEVELOPER} with the password {password}\n\
             Agents        {agents} (Model Context Protocol; they sign you in by themselves)\n\
             {forges}\n\
             In a browser:\n\n\
             1. Be the customer of an app: open this link, sign in at the emulated GitHub as\n   \
             Anna Berg, choose acme/storefront, approve.\n   \
             {consent}\n\
             2. You arrive at {panel}/testapp, that app: it shows what it got,\n   \
             what the firewall kept from it, and the events that it hears of.\n\
             3. Be its developer: sign in at {panel}/app/login and look at\n   \
             that customer, every call, and why one was refused. Make an app of your own there.\n\
             4. Give it to an agent, which needs the URL alone, and make an account when it asks:\n   \
             claude mcp add --transport http gitflare {agents}\n   \
             An agent that has a document can be tried as {agent_id}\n\
             5. Read how: {panel}/docs and {panel}/docs/agents\n\n\
             Paste any of these:\n",
            self.took.as_millis(),
            self.running.public_url(),
            self.admin_key(),
            self.access_token(),
            self.token_ttl.as_secs() / 60,
            seeded.client_id,
            seeded.client_secret,
            password = self.password.expose(),
            agents = format_args!("{}/mcp", self.running.public_url()),
            agent_id = AGENT_CLIENT_ID,
            panel = self.running.public_url(),
            consent = self.walk.consent,
        );
        for skipped in self.forges.github().skipped() {
            let _ = writeln!(text, "Left out, for it cannot be read: {skipped}");
        }
        for (shows, command) in self.commands() {
            let _ = write!(text, "\n# {shows}\n{command}\n");
        }
        text
    }

    /// Ends the server and removes the folder.
    ///
    /// # Errors
    /// What could not be finished, as one line.
    pub async fn shutdown(self) -> Result<(), Problem> {
        let ended = self.running.shutdown().await;
        drop(self.agent);
        let path = self.folder.path().to_owned();
        self.folder.close().map_err(|error| {
            Problem::new(format!("{} cannot be removed: {error}", path.display()))
        })?;
        ended
    }
}

/// The given configuration with the sandbox's own decisions in it.
fn config(
    flags: config::Given,
    file: Option<&Path>,
    folder: &TempDir,
    admin_key: &str,
) -> Result<(config::Given, Config), Vec<Problem>> {
    let inside = |name: &str| folder.path().join(name).display().to_string();
    let (data, repositories) = (inside("data"), inside(REPOSITORIES));
    let own = [
        ("GITFLARE_DATA_DIR", data.as_str()),
        ("GITFLARE_LOCAL_ROOT", repositories.as_str()),
        ("SGG_ADMIN_API_KEY", admin_key),
    ];
    let mut given = config::gather(flags, file);
    for (variable, value) in own.iter().chain(FIXED) {
        let Some(setting) = Setting::find(variable) else {
            continue;
        };
        if matches!(given.text(setting), Some((Origin::Flag, _))) {
            let flag = setting.flag();
            let problem = format!(
                "--{flag} ({variable}) is the sandbox's own decision: leave it out, or use `serve`"
            );
            return Err(Problem::new(problem).into());
        }
        given.set(setting, Origin::Fixed, *value);
    }
    for (variable, value) in PRESET {
        if let Some(setting) = Setting::find(variable) {
            given.set(setting, Origin::Preset, *value);
        }
    }
    let config = Config::from_given(&given)?;
    if !config::is_loopback(config.listen) {
        let rule = "GITFLARE_LISTEN must be a loopback address: the sandbox prints its keys";
        return Err(Problem::new(rule).into());
    }
    Ok((given, config))
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        Self::new(error.to_string())
    }
}

/// The configuration with the emulated forges as upstreams.
fn with_forges(mut given: config::Given, forges: &Forges) -> Result<Config, Problem> {
    for (variable, value) in forges.settings() {
        if let Some(setting) = Setting::find(&variable) {
            given.set(setting, Origin::Fixed, value);
        }
    }
    Config::from_given(&given).map_err(|problems| {
        let first = problems.into_iter().next();
        first.unwrap_or_else(|| Problem::new("the emulated forges cannot be configured"))
    })
}
