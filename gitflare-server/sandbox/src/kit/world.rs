//! Everything an emulated host knows: its repositories, who is signed in with which token, hooks,
//! faults, and what was called. It lives in memory and ends with the process.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gitflare_core::Result;

use super::{
    Repo,
    fault::Fault,
    git::Git,
    options::ForgeOptions,
    people::{Person, Sees},
    story::Story,
    tokens::{TokenRules, Tokens},
};

/// A hook that somebody made.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) events: Vec<String>,
}

/// What changes while the forge runs.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) repos: Vec<Repo>,
    /// Former full names, and whose they were.
    pub(crate) renamed: HashMap<String, u64>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) faults: Vec<Fault>,
    /// How often each method and path was called.
    pub(crate) calls: BTreeMap<String, u64>,
    /// The method, path and query of each call, the first ones.
    pub(crate) targets: Vec<String>,
    /// Ids of hooks, deliveries and new repositories.
    pub(crate) last_id: u64,
    /// Calls by account and window, for the rate limit.
    pub(crate) spent: HashMap<String, u64>,
    /// Which folder of which commit a tree's id stands for.
    pub(crate) trees: HashMap<String, (String, String)>,
}

/// Who a host is: what its dialect decides once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    /// The provider's id in the gateway.
    pub(crate) id: &'static str,
    /// The id of the one OAuth client that it knows.
    pub(crate) client_id: &'static str,
    pub(crate) token_rules: TokenRules,
}

/// One host's world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) identity: Identity,
    pub(crate) address: SocketAddr,
    pub(crate) client_secret: String,
    pub(crate) github_app: bool,
    pub(crate) git: Git,
    /// The repositories that cannot be read and are left out, with the reason.
    pub(crate) skipped: Vec<String>,
    state: Mutex<State>,
    tokens: Mutex<Tokens>,
    stories: tokio::sync::Mutex<HashMap<String, Arc<Story>>>,
}

impl World {
    pub(crate) async fn new(
        identity: Identity,
        address: SocketAddr,
        options: &ForgeOptions,
    ) -> Result<Self> {
        let git = Git::open(&options.roots)?;
        let (repos, skipped) = repositories(&git, options.repositories).await?;
        Ok(Self {
            identity,
            address,
            client_secret: format!("emulated-{}-client-secret", identity.id),
            github_app: options.github_app,
            git,
            skipped,
            state: Mutex::new(State {
                repos,
                last_id: 90_000,
                ..State::default()
            }),
            tokens: Mutex::new(Tokens::new(identity.token_rules, options.token_ttl)),
            stories: tokio::sync::Mutex::default(),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn web_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The repositories that a person can see, in the order of their ids.
    pub(crate) fn visible(&self, person: &Person) -> Vec<Repo> {
        let state = self.state();
        let count = match person.sees {
            Sees::All => state.repos.len(),
            Sees::First(count) => count.min(state.repos.len()),
            Sees::Nothing => 0,
        };
        state.repos[..count].to_vec()
    }

    /// Any repository by its full name.
    pub(crate) fn named(&self, full_name: &str) -> Option<Repo> {
        let state = self.state();
        let named = state
            .repos
            .iter()
            .find(|repo| repo.full_name() == full_name);
        named.cloned()
    }

    pub(crate) fn by_id(&self, person: &Person, id: u64) -> Option<Repo> {
        self.visible(person).into_iter().find(|repo| repo.id == id)
    }

    pub(crate) fn by_name(&self, person: &Person, name: &str) -> Option<Repo> {
        self.visible(person)
            .into_iter()
            .find(|repo| repo.full_name().eq_ignore_ascii_case(name))
    }

    /// A new id, for hooks, deliveries and repositories.
    pub(crate) fn next_id(&self) -> u64 {
        let mut state = self.state();
        state.last_id += 1;
        state.last_id
    }

    /// Keeps a hook, and gives it its id.
    pub(crate) fn add_hook(&self, mut hook: Hook) -> Hook {
        hook.id = self.next_id();
        self.state().hooks.push(hook.clone());
        hook
    }

    /// The hooks of a repository, and those of all (0).
    pub(crate) fn hooks(&self, repo: &Repo) -> Vec<Hook> {
        let state = self.state();
        let own = state
            .hooks
            .iter()
            .filter(|hook| [0, repo.id].contains(&hook.repo));
        own.cloned().collect()
    }

    /// Removes a hook by the text of its id; `false` when the repository has none such.
    pub(crate) fn remove_hook(&self, repo: &Repo, id: &str) -> bool {
        let mut state = self.state();
        let before = state.hooks.len();
        state
            .hooks
            .retain(|hook| hook.repo != repo.id || hook.id.to_string() != id);
        state.hooks.len() < before
    }

    /// What happened around a repository's history.
    pub(crate) async fn story(&self, repo: &Repo) -> Result<Arc<Story>> {
        let Some(git) = &repo.git else {
            return Ok(Arc::default());
        };
        let mut stories = self.stories.lock().await;
        if let Some(known) = stories.get(git) {
            return Ok(Arc::clone(known));
        }
        let story = Arc::new(Story::of(&self.git, repo).await?);
        stories.insert(git.clone(), Arc::clone(&story));
        Ok(story)
    }
}

/// The folders' repositories, an empty one, and more names for the first until there are enough.
/// What is served, and one line for each repository that cannot be read and is left out.
async fn repositories(git: &Git, at_least: usize) -> Result<(Vec<Repo>, Vec<String>)> {
    let (mut repos, mut skipped) = (Vec::new(), Vec::new());
    for found in git.repositories().await? {
        let (owner, name) = match found.full_name.split_once('/') {
            Some((owner, name)) => (owner.to_owned(), name.replace('/', "-")),
            None => ("acme".to_owned(), found.full_name.clone()),
        };
        let mut repo = Repo {
            id: 0,
            owner: owner.trim_end_matches(".git").to_owned(),
            name: name.trim_end_matches(".git").to_owned(),
            description: found.description,
            default_branch: found.default_branch.unwrap_or_else(|| "main".to_owned()),
            private: true,
            git: Some(found.id),
        };
        match git.branches(&repo).await {
            Ok(branches) if branches.is_empty() => repo.git = None,
            Ok(_) => {}
            Err(error) => {
                skipped.push(format!("{}: {}", found.full_name, error.message()));
                continue;
            }
        }
        repos.push(repo);
    }
    if let Some(first) = repos.first().cloned() {
        repos.push(Repo {
            name: "empty".to_owned(),
            description: Some("Nothing has been pushed yet".to_owned()),
            git: None,
            ..first.clone()
        });
        for number in repos.len()..at_least {
            repos.push(Repo {
                name: format!("service-{number:02}"),
                description: Some(format!("Service {number} of the shop")),
                private: number % 5 != 0,
                ..first.clone()
            });
        }
    }
    for (at, repo) in repos.iter_mut().enumerate() {
        repo.id = 1001 + at as u64;
    }
    Ok((repos, skipped))
}
