//! The Git side of an emulated host: real repositories, read through the provider `local`. A
//! repository without commits has no branches, tags, contributors and history.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gitflare_core::{
    Code, ConnectionId, Error, Limit, Page, PageRequest, Result, Secret,
    filter::BlockedPaths,
    model::{Branch, Commit, Comparison, Contributor, Diff, DiffFile, Repository, Tag, TreeEntry},
    provider::{
        Call, CommitId, CompareQuery, GitRef, Provider, RefSelector, RepoRef, TreePath, TreeQuery,
    },
};
use gitflare_providers::local::{Local, LocalConfig};

use super::{
    Repo,
    objects::{Object, Objects},
};

/// Histories by repository and tip.
type Histories = HashMap<(String, String), Arc<Vec<Commit>>>;

/// Repositories in folders.
#[derive(Debug)]
pub(crate) struct Git {
    local: Local,
    objects: Objects,
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
    pub(crate) fn open(roots: &[PathBuf]) -> Result<Self> {
        Ok(Self {
            local: Local::new(LocalConfig::new(roots.to_vec()))?,
            objects: Objects::new(roots.to_vec()),
            histories: Mutex::default(),
        })
    }

    pub(crate) async fn repositories(&self) -> Result<Vec<Repository>> {
        let call = call()?;
        Ok(whole!(|request| self.local.repositories(&call, request)))
    }

    /// In the order of their names.
    pub(crate) async fn branches(&self, repo: &Repo) -> Result<Vec<Branch>> {
        let Some((call, id)) = source(repo)? else {
            return Ok(Vec::new());
        };
        Ok(whole!(|request| self.local.branches(&call, &id, request)))
    }

    /// In the order of their names.
    pub(crate) async fn tags(&self, repo: &Repo) -> Result<Vec<Tag>> {
        let Some((call, id)) = source(repo)? else {
            return Ok(Vec::new());
        };
        Ok(whole!(|request| self.local.tags(&call, &id, request)))
    }

    /// Who wrote the commits of the default branch.
    pub(crate) async fn contributors(&self, repo: &Repo) -> Result<Vec<Contributor>> {
        let Some((call, id)) = source(repo)? else {
            return Ok(Vec::new());
        };
        Ok(whole!(|request| self
            .local
            .contributors(&call, &id, request)))
    }

    /// The history of a branch, newest first.
    pub(crate) async fn history(&self, repo: &Repo, branch: &Branch) -> Result<Arc<Vec<Commit>>> {
        let Some((call, id)) = source(repo)? else {
            return Ok(Arc::default());
        };
        let key = (id.id.clone(), branch.commit_sha.clone());
        let known = self.lock().get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let name = GitRef::parse("branch", &branch.name)?;
        let commits = Arc::new(whole!(|request| self.local.commits(
            &call,
            &id,
            Some(&name),
            request
        )));
        self.lock().insert(key, Arc::clone(&commits));
        Ok(commits)
    }

    /// The history of a branch, a tag or a commit, of the default branch when `None`; `None` when
    /// there is no such ref.
    pub(crate) async fn history_of(
        &self,
        repo: &Repo,
        name: Option<&str>,
    ) -> Result<Option<Arc<Vec<Commit>>>> {
        let name = name.unwrap_or(&repo.default_branch);
        let of_branch = name.strip_prefix("refs/heads/");
        let branches = self.branches(repo).await?;
        let is_named = |branch: &&Branch| branch.name == of_branch.unwrap_or(name);
        if let Some(branch) = branches.iter().find(is_named) {
            return self.history(repo, branch).await.map(Some);
        }
        if of_branch.is_some() {
            return Ok(None);
        }
        // A tag's or commit's history is the tail of some branch's.
        let Some(sha) = self.resolve(repo, name).await? else {
            return Ok(None);
        };
        for branch in &branches {
            let history = self.history(repo, branch).await?;
            if let Some(at) = history.iter().position(|commit| commit.sha == sha) {
                return Ok(Some(Arc::new(history[at..].to_vec())));
            }
        }
        Ok(None)
    }

    /// A commit that some branch leads to, by its id or the first seven digits of it and more.
    pub(crate) async fn commit(&self, repo: &Repo, sha: &str) -> Result<Option<Commit>> {
        if sha.len() < 7 {
            return Ok(None);
        }
        for branch in self.branches(repo).await? {
            let history = self.history(repo, &branch).await?;
            let named = |commit: &&Commit| commit.sha.starts_with(sha);
            if let Some(commit) = history.iter().find(named) {
                return Ok(Some(commit.clone()));
            }
        }
        Ok(None)
    }

    /// The commit that a branch, a tag or a full id leads to; `heads/` and `tags/` say which.
    pub(crate) async fn resolve(&self, repo: &Repo, name: &str) -> Result<Option<String>> {
        let name = name.strip_prefix("refs/").unwrap_or(name);
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

    /// The commit that a name leads to, whole.
    pub(crate) async fn commit_at(&self, repo: &Repo, name: &str) -> Result<Option<Commit>> {
        match self.resolve(repo, name).await? {
            Some(sha) => self.commit(repo, &sha).await,
            None => Ok(None),
        }
    }

    /// What a commit changes against its first parent.
    pub(crate) async fn diff(&self, repo: &Repo, sha: &str) -> Result<Diff> {
        let commit = CommitId::parse(sha)?;
        let (call, id) = required(repo)?;
        self.local.commit_diff(&call, &id, &commit).await
    }

    /// The modes of a changed file before and after, each `None` where there is no such side.
    pub(crate) fn modes(
        &self,
        repo: &Repo,
        diff: &Diff,
        file: &DiffFile,
    ) -> Result<[Option<String>; 2]> {
        let mode = |sha: &Option<String>, path: &str| match sha {
            Some(sha) => Ok(self
                .object(repo, sha, Some(path))?
                .map(|object| object.mode)),
            None => Ok(None),
        };
        let before = file.previous_path.as_ref().unwrap_or(&file.path);
        Ok([
            mode(&diff.base_sha, before)?,
            mode(&diff.head_sha, &file.path)?,
        ])
    }

    /// What `head` changes against its merge base with `base`; `None` when there is no such name or no
    /// such base.
    pub(crate) async fn compare(
        &self,
        repo: &Repo,
        base: &str,
        head: &str,
    ) -> Result<Option<Comparison>> {
        let (base, head) = (
            self.resolve(repo, base).await?,
            self.resolve(repo, head).await?,
        );
        let (Some(base), Some(head), Some((call, id))) = (base, head, source(repo)?) else {
            return Ok(None);
        };
        let query = CompareQuery {
            base: GitRef::parse("base", &base)?,
            head: GitRef::parse("head", &head)?,
            with_commits: true,
        };
        match self.local.compare(&call, &id, &query).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.code() == Code::ResourceNotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The commits of one name that another lacks, the newest first.
    pub(crate) async fn commits_between(
        &self,
        repo: &Repo,
        base: &str,
        head: &str,
    ) -> Result<Vec<Commit>> {
        let found = self.compare(repo, base, head).await?;
        Ok(found.and_then(|found| found.commits).unwrap_or_default())
    }

    /// What lies below a folder of a commit.
    pub(crate) async fn tree(
        &self,
        repo: &Repo,
        sha: &str,
        path: Option<&str>,
        recursive: bool,
    ) -> Result<Vec<TreeEntry>> {
        let (call, id) = required(repo)?;
        let query = TreeQuery {
            at: RefSelector::Ref(GitRef::parse("ref", sha)?),
            path: path.map(|path| TreePath::parse("path", path)).transpose()?,
            recursive,
        };
        Ok(whole!(|request| self
            .local
            .file_tree(&call, &id, &query, request)))
    }

    /// What is at a path of a commit, the root folder when `None`; `None` when nothing is.
    pub(crate) fn object(
        &self,
        repo: &Repo,
        sha: &str,
        path: Option<&str>,
    ) -> Result<Option<Object>> {
        match &repo.git {
            Some(id) => self.objects.at(id, sha, path),
            None => Ok(None),
        }
    }

    /// The content of a file by its id; `None` when no file has it.
    pub(crate) fn blob(&self, repo: &Repo, sha: &str) -> Result<Option<Vec<u8>>> {
        match &repo.git {
            Some(id) => self.objects.blob(id, sha),
            None => Ok(None),
        }
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
        is_oauth: false,
        blocked: BlockedPaths::default(),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + Duration::from_secs(30),
    })
}

/// How to ask for a repository's data; `None` when it has no commits.
fn source(repo: &Repo) -> Result<Option<(Call, RepoRef)>> {
    let Some(id) = &repo.git else {
        return Ok(None);
    };
    let id = RepoRef {
        id: id.clone(),
        full_name: None,
    };
    Ok(Some((call()?, id)))
}

fn required(repo: &Repo) -> Result<(Call, RepoRef)> {
    source(repo)?.ok_or_else(|| Error::new(Code::ResourceNotFound, "nothing has been pushed"))
}
