//! Everything an emulated forge knows: its repositories, who is signed in with which token, hooks,
//! faults, and what was called. It lives in memory and ends with the process.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gitflare_core::{Result, model::Commit};

use super::{
    ForgeKind, ForgeOptions,
    faults::Fault,
    git::Git,
    oauth::Tokens,
    people::{Person, Sees},
    story::Story,
};

/// A repository as the forge lists it.
#[derive(Clone, Debug)]
pub(super) struct Repo {
    /// The forge's own id, which outlives names.
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) default_branch: String,
    pub(super) private: bool,
    /// The repository's id in the folders; `None` for one without commits.
    pub(super) git: Option<String>,
}

impl Repo {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// A hook that somebody made.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    pub(super) id: u64,
    pub(super) repo: u64,
    pub(super) url: String,
    pub(super) secret: String,
    pub(super) events: Vec<String>,
}

/// What changes while the forge runs.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) repos: Vec<Repo>,
    /// Former full names, and whose they were.
    pub(super) renamed: HashMap<String, u64>,
    pub(super) hooks: Vec<Hook>,
    pub(super) faults: Vec<Fault>,
    /// How often each method and path was called.
    pub(super) calls: BTreeMap<String, u64>,
    /// Ids of hooks, deliveries and new repositories.
    pub(super) last_id: u64,
    /// Calls by token, for the rate limit.
    pub(super) spent: HashMap<String, u64>,
    /// Which folder of which commit a tree's id stands for.
    pub(super) trees: HashMap<String, (String, String)>,
}

/// One forge's world.
#[derive(Debug)]
pub(super) struct World {
    pub(super) kind: ForgeKind,
    pub(super) address: SocketAddr,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) github_app: bool,
    pub(super) git: Git,
    state: Mutex<State>,
    tokens: Mutex<Tokens>,
    stories: tokio::sync::Mutex<HashMap<String, Arc<Story>>>,
}

impl World {
    pub(super) async fn new(
        kind: ForgeKind,
        address: SocketAddr,
        git: Git,
        options: &ForgeOptions,
    ) -> Result<Self> {
        let repos = repositories(&git, options.repositories).await?;
        Ok(Self {
            kind,
            address,
            client_id: match (kind, options.github_app) {
                (ForgeKind::Github, true) => "Iv23emulatedapp00000".to_owned(),
                (ForgeKind::Github, false) => "Ov23emulatedoauth000".to_owned(),
                (ForgeKind::Gitlab, _) => "emulated-gitlab-application".to_owned(),
            },
            client_secret: format!("emulated-{}-client-secret", kind.id()),
            github_app: options.github_app,
            git,
            state: Mutex::new(State {
                repos,
                last_id: 90_000,
                ..State::default()
            }),
            tokens: Mutex::new(Tokens::new(kind, options)),
            stories: tokio::sync::Mutex::default(),
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn web_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The repositories that a person can see, in the order of their ids.
    pub(super) fn visible(&self, person: &Person) -> Vec<Repo> {
        let state = self.state();
        let count = match person.sees {
            Sees::All => state.repos.len(),
            Sees::First(count) => count.min(state.repos.len()),
            Sees::Nothing => 0,
        };
        state.repos[..count].to_vec()
    }

    pub(super) fn by_id(&self, person: &Person, id: u64) -> Option<Repo> {
        self.visible(person).into_iter().find(|repo| repo.id == id)
    }

    pub(super) fn by_name(&self, person: &Person, name: &str) -> Option<Repo> {
        self.visible(person)
            .into_iter()
            .find(|repo| repo.full_name().eq_ignore_ascii_case(name))
    }

    /// What happened around a repository's history.
    pub(super) async fn story(&self, repo: &Repo) -> Result<Arc<Story>> {
        let Some(git) = &repo.git else {
            return Ok(Arc::default());
        };
        let mut stories = self.stories.lock().await;
        if let Some(known) = stories.get(git) {
            return Ok(Arc::clone(known));
        }
        let story = Arc::new(Story::of(&self.git, git, &repo.default_branch).await?);
        stories.insert(git.clone(), Arc::clone(&story));
        Ok(story)
    }

    /// The history of a branch, the default branch when `None`; `None` when there is no such
    /// branch.
    pub(super) async fn history(
        &self,
        repo: &Repo,
        branch: Option<&str>,
    ) -> Result<Option<Arc<Vec<Commit>>>> {
        let Some(git) = &repo.git else {
            return Ok(None);
        };
        let name = branch.unwrap_or(&repo.default_branch);
        let branches = self.git.branches(git).await?;
        if let Some(branch) = branches.iter().find(|branch| branch.name == name) {
            return self.git.history(git, branch).await.map(Some);
        }
        // A tag's or commit's history is the tail of some branch's.
        let Some(sha) = self.git.resolve(git, name).await? else {
            return Ok(None);
        };
        for branch in &branches {
            let history = self.git.history(git, branch).await?;
            if let Some(at) = history.iter().position(|commit| commit.sha == sha) {
                return Ok(Some(Arc::new(history[at..].to_vec())));
            }
        }
        Ok(None)
    }
}

/// The folders' repositories, an empty one, and more names for the first until there are enough.
async fn repositories(git: &Git, at_least: usize) -> Result<Vec<Repo>> {
    let mut repos = Vec::new();
    for found in git.repositories().await? {
        let (owner, name) = match found.full_name.split_once('/') {
            Some((owner, name)) => (owner.to_owned(), name.replace('/', "-")),
            None => ("acme".to_owned(), found.full_name.clone()),
        };
        let has_commits = !git.branches(&found.id).await?.is_empty();
        repos.push(Repo {
            id: 0,
            owner: owner.trim_end_matches(".git").to_owned(),
            name: name.trim_end_matches(".git").to_owned(),
            description: found.description,
            default_branch: found.default_branch.unwrap_or_else(|| "main".to_owned()),
            private: true,
            git: has_commits.then_some(found.id),
        });
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
    Ok(repos)
}
