//! The provider as the gateway calls it, with every list walked page by page.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use gitflare_core::{
    ConnectionId, Limit, Page, PageRequest, Result, Secret,
    filter::BlockedPaths,
    model::{Branch, Commit, Comparison, Content, Contributor, Diff, Repository, Tag, TreeEntry},
    provider::{
        Call, CommitId, CommitPrefix, CompareQuery, ContentQuery, FilePath, GitRef, Held, Provider,
        RefSelector, RepoRef, TreePath, TreeQuery,
    },
};
use gitflare_providers::local::{Local, LocalConfig};
use tokio::runtime::Runtime;

pub(crate) struct Api {
    pub(crate) local: Local,
    pub(crate) repo: RepoRef,
    runtime: Runtime,
}

impl Api {
    /// The repository `id` below `root`.
    pub(crate) fn new(root: &Path, id: &str) -> Self {
        Self::over(&[root], id)
    }

    /// The repository `id` below one of `roots`.
    pub(crate) fn over(roots: &[&Path], id: &str) -> Self {
        let roots = roots.iter().map(|root| root.to_path_buf()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        Self {
            local: Local::new(LocalConfig::new(roots)).unwrap(),
            repo: RepoRef {
                id: id.to_owned(),
                full_name: None,
            },
            runtime,
        }
    }

    pub(crate) fn call() -> Call {
        Call {
            connection_id: ConnectionId::parse("conn_test").unwrap(),
            access_token: Secret::new(String::new()),
            is_oauth: false,
            blocked: BlockedPaths::default(),
            api_base_url: None,
            organization: None,
            deadline: Instant::now() + Duration::from_secs(120),
        }
    }

    pub(crate) fn block_on<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    pub(crate) fn repositories(&self, limit: u32) -> Result<Vec<Repository>> {
        self.walk(limit, async |page| {
            self.local.repositories(&Self::call(), page).await
        })
    }

    pub(crate) fn repository(&self) -> Result<Repository> {
        self.runtime
            .block_on(self.local.repository(&Self::call(), &self.repo))
    }

    pub(crate) fn branches(&self, limit: u32) -> Result<Vec<Branch>> {
        self.walk(limit, async |page| {
            self.local.branches(&Self::call(), &self.repo, page).await
        })
    }

    pub(crate) fn tags(&self, limit: u32) -> Result<Vec<Tag>> {
        self.walk(limit, async |page| {
            self.local.tags(&Self::call(), &self.repo, page).await
        })
    }

    pub(crate) fn contributors(&self, limit: u32) -> Result<Vec<Contributor>> {
        self.walk(limit, async |page| {
            self.local
                .contributors(&Self::call(), &self.repo, page)
                .await
        })
    }

    pub(crate) fn commits(&self, branch: Option<&str>, limit: u32) -> Result<Vec<Commit>> {
        let branch = branch.map(|name| GitRef::parse("branch", name).unwrap());
        self.walk(limit, async |page| {
            self.local
                .commits(&Self::call(), &self.repo, branch.as_ref(), page)
                .await
        })
    }

    pub(crate) fn commit(&self, prefix: &str) -> Result<Commit> {
        let prefix = CommitPrefix::parse(prefix)?;
        self.runtime
            .block_on(self.local.commit(&Self::call(), &self.repo, &prefix))
    }

    pub(crate) fn compare(&self, base: &str, head: &str) -> Result<Comparison> {
        let query = CompareQuery {
            base: GitRef::parse("base", base)?,
            head: GitRef::parse("head", head)?,
            with_commits: true,
        };
        self.runtime
            .block_on(self.local.compare(&Self::call(), &self.repo, &query))
    }

    pub(crate) fn contents(&self, at: &str, path: &str) -> Result<Content> {
        let query = ContentQuery {
            at: RefSelector::Ref(GitRef::parse("ref", at)?),
            path: FilePath::parse("path", path)?,
        };
        let (call, held) = (Self::call(), Held::default());
        self.runtime
            .block_on(self.local.contents(&call, &self.repo, &query, held))
    }

    pub(crate) fn diff(&self, commit: &str) -> Result<Diff> {
        let commit = CommitId::parse(commit)?;
        self.runtime
            .block_on(self.local.commit_diff(&Self::call(), &self.repo, &commit))
    }

    pub(crate) fn tree(
        &self,
        at: &str,
        path: Option<&str>,
        recursive: bool,
        limit: u32,
    ) -> Result<Vec<TreeEntry>> {
        let query = TreeQuery {
            at: RefSelector::Ref(GitRef::parse("ref", at)?),
            path: path.map(|path| TreePath::parse("path", path)).transpose()?,
            recursive,
        };
        self.walk(limit, async |page| {
            self.local
                .file_tree(&Self::call(), &self.repo, &query, page)
                .await
        })
    }

    /// All pages; every one but the last is full, and none is asked for twice.
    pub(crate) fn walk<T>(
        &self,
        limit: u32,
        fetch: impl AsyncFn(PageRequest) -> Result<Page<T>>,
    ) -> Result<Vec<T>> {
        let limit = Limit::new(limit)?;
        self.runtime.block_on(async {
            let mut items = Vec::new();
            let mut request = PageRequest::first(limit);
            loop {
                let page = fetch(request.clone()).await?;
                assert!(page.items.len() <= limit.get());
                if page.next.is_some() {
                    assert_eq!(
                        page.items.len(),
                        limit.get(),
                        "a page in the middle is short"
                    );
                }
                items.extend(page.items);
                match page.next {
                    Some(next) => {
                        assert_ne!(request.position.as_ref(), Some(&next), "no progress");
                        request.position = Some(next);
                    }
                    None => return Ok(items),
                }
            }
        })
    }
}
