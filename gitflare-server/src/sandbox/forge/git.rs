//! The Git side of an emulated forge: real repositories, read through the provider `local`.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gitflare_core::{
    ConnectionId, Limit, Page, PageRequest, Result, Secret,
    model::{Branch, Commit, Contributor, Diff, Repository, Tag, TreeEntry},
    provider::{Call, CommitId, GitRef, Provider, RefSelector, RepoRef, TreePath, TreeQuery},
};
use gitflare_providers::local::{Local, LocalConfig};

/// Histories by repository and tip.
type Histories = HashMap<(String, String), Arc<Vec<Commit>>>;

/// Repositories in folders.
#[derive(Debug)]
pub(super) struct Git {
    local: Local,
    histories: Mutex<Histories>,
}

/// Walks a list of the provider to its end.
macro_rules! whole {
    ($call:expr) => {{
        let mut all = Vec::new();
        let mut request = PageRequest::first(Limit::MAX);
        loop {
            let page: Page<_> = $call(request.clone()).await?;
            all.extend(page.items);
            match page.next {
                Some(next) => request.position = Some(next),
                None => break all,
            }
        }
    }};
}

impl Git {
    pub(super) fn open(roots: &[PathBuf]) -> Result<Self> {
        Ok(Self {
            local: Local::new(LocalConfig::new(roots.to_vec()))?,
            histories: Mutex::default(),
        })
    }

    pub(super) async fn repositories(&self) -> Result<Vec<Repository>> {
        let call = call()?;
        Ok(whole!(|request| self.local.repositories(&call, request)))
    }

    pub(super) async fn branches(&self, repo: &str) -> Result<Vec<Branch>> {
        let (call, repo) = (call()?, reference(repo));
        Ok(whole!(|request| self.local.branches(&call, &repo, request)))
    }

    pub(super) async fn tags(&self, repo: &str) -> Result<Vec<Tag>> {
        let (call, repo) = (call()?, reference(repo));
        Ok(whole!(|request| self.local.tags(&call, &repo, request)))
    }

    pub(super) async fn contributors(&self, repo: &str) -> Result<Vec<Contributor>> {
        let (call, repo) = (call()?, reference(repo));
        Ok(whole!(|request| self
            .local
            .contributors(&call, &repo, request)))
    }

    /// The history of a branch, newest first.
    pub(super) async fn history(&self, repo: &str, branch: &Branch) -> Result<Arc<Vec<Commit>>> {
        let key = (repo.to_owned(), branch.commit_sha.clone());
        let known = self.lock().get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let (call, repo) = (call()?, reference(repo));
        let name = GitRef::parse("branch", &branch.name)?;
        let commits = Arc::new(whole!(|request| self.local.commits(
            &call,
            &repo,
            Some(&name),
            request
        )));
        self.lock().insert(key, Arc::clone(&commits));
        Ok(commits)
    }

    /// A commit that some branch leads to.
    pub(super) async fn commit(&self, repo: &str, sha: &str) -> Result<Option<Commit>> {
        for branch in self.branches(repo).await? {
            let history = self.history(repo, &branch).await?;
            if let Some(commit) = history.iter().find(|commit| commit.sha == sha) {
                return Ok(Some(commit.clone()));
            }
        }
        Ok(None)
    }

    /// The commit that a branch, a tag or a full id leads to; `heads/` and `tags/` say which.
    pub(super) async fn resolve(&self, repo: &str, name: &str) -> Result<Option<String>> {
        let of_branch = name.strip_prefix("heads/").unwrap_or(name);
        let branches = self.branches(repo).await?;
        if let Some(branch) = branches.iter().find(|branch| branch.name == of_branch) {
            return Ok(Some(branch.commit_sha.clone()));
        }
        let of_tag = name.strip_prefix("tags/").unwrap_or(name);
        let tags = self.tags(repo).await?;
        if let Some(tag) = tags.into_iter().find(|tag| tag.name == of_tag) {
            return Ok(tag.commit_sha);
        }
        Ok(self.commit(repo, name).await?.map(|commit| commit.sha))
    }

    pub(super) async fn diff(&self, repo: &str, sha: &str) -> Result<Diff> {
        let commit = CommitId::parse(sha)?;
        self.local
            .commit_diff(&call()?, &reference(repo), &commit)
            .await
    }

    /// What lies below a folder of a commit.
    pub(super) async fn tree(
        &self,
        repo: &str,
        sha: &str,
        path: Option<&str>,
        recursive: bool,
    ) -> Result<Vec<TreeEntry>> {
        let (call, repo) = (call()?, reference(repo));
        let query = TreeQuery {
            at: RefSelector::Ref(GitRef::parse("ref", sha)?),
            path: path.map(|path| TreePath::parse("path", path)).transpose()?,
            recursive,
        };
        Ok(whole!(|request| self
            .local
            .file_tree(&call, &repo, &query, request)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Histories> {
        self.histories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn call() -> Result<Call> {
    Ok(Call {
        connection_id: ConnectionId::parse("conn_forge")?,
        access_token: Secret::new(String::new()),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + Duration::from_secs(30),
    })
}

fn reference(id: &str) -> RepoRef {
    RepoRef {
        id: id.to_owned(),
        full_name: None,
    }
}
