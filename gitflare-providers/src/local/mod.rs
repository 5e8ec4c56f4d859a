//! Provider `local`: Git repositories in folders of this host, read with `gix` and nothing else. It
//! writes nothing, runs nothing and follows nothing out of its roots.
//!
//! Work on repositories happens on blocking threads behind a gate: a few run, some more wait,
//! others are refused.

mod alternates;
mod capabilities;
mod commits;
mod contents;
mod contributors;
mod deadline;
pub(crate) mod diff;
mod entries;
mod errors;
mod folder;
mod history;
mod objects;
mod open;
mod plain;
mod profile;
mod ranges;
mod recent;
mod refs;
mod repo;
mod repositories;
mod scan;
mod survey;
mod tree;

use std::{
    num::NonZero,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use gitflare_core::{
    Error, Page, PageRequest, Result,
    model::{
        Branch, Commit, Comparison, Content, Contributor, Diff, Repository, Tag, TreeEntry, Viewer,
    },
    provider::{
        Call, Capability, CommitId, CommitPrefix, CompareQuery, ContentQuery, Evidence, GitRef,
        Held, KnownRepository, Provider, ProviderId, RepoRef, Told, TreeQuery,
    },
};
use gix::ObjectId;
use tokio::{
    sync::{Semaphore, watch},
    task, time,
};

use self::{
    capabilities::CAPABILITIES,
    contributors::{Counted, People, Step},
    deadline::Deadline,
    history::Histories,
    open::Roots,
    refs::Listings,
    repo::{HistoryKey, Repo},
};

pub use self::survey::Survey;

/// What is served, and under whose name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LocalConfig {
    /// The folders whose repositories are served (one that is a repository is served itself), on
    /// local disks: packs are mapped into memory. An id that two of them have means the first's.
    pub roots: Vec<PathBuf>,
    /// The account's id.
    pub viewer_id: String,
    /// The account's login; also the owner of repositories that lie in no group.
    pub viewer_login: String,
    /// The account's name for people.
    pub viewer_name: String,
    /// How many requests may wait for a thread; one more is `RATE_LIMITED`.
    pub max_waiting: usize,
}

impl LocalConfig {
    /// These folders, served by an account called `local`.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            viewer_id: "local".to_owned(),
            viewer_login: "local".to_owned(),
            viewer_name: "local".to_owned(),
            max_waiting: 256,
        }
    }
}

/// The provider of local repositories.
#[derive(Debug)]
pub struct Local {
    shared: Arc<Shared>,
    /// One permit per request that runs or waits.
    admitted: Semaphore,
    /// One permit per request that runs.
    running: Arc<Semaphore>,
    /// One permit per count over a whole history, which is no request's work alone.
    counting: Arc<Semaphore>,
}

/// How long a count over a whole history may run.
const LONGEST_COUNT: Duration = Duration::from_secs(30 * 60);

/// How long a survey of all folders may run.
const LONGEST_SURVEY: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Shared {
    config: LocalConfig,
    roots: Roots,
    histories: Histories,
    people: People,
    listings: Listings,
}

impl Local {
    /// Serves the repositories below one folder.
    ///
    /// # Errors
    /// As [`Local::new`].
    pub fn at(root: impl Into<PathBuf>) -> Result<Self> {
        Self::new(LocalConfig::new(vec![root.into()]))
    }

    /// Serves the repositories below the configured folders.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when a folder is absent or not a folder; the message names it, for the
    /// operator who configured it.
    pub fn new(config: LocalConfig) -> Result<Self> {
        let roots =
            Roots::new(&config.roots).map_err(|error| Error::invalid_request(error.to_string()))?;
        // Twice the processors: one slow diff must not keep the short reads waiting.
        let threads = 2 * thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            admitted: Semaphore::new(threads + config.max_waiting),
            running: Arc::new(Semaphore::new(threads)),
            counting: Arc::new(Semaphore::new(threads.div_ceil(4))),
            shared: Arc::new(Shared {
                config,
                roots,
                histories: Histories::new(),
                people: People::new(),
                listings: Listings::new(),
            }),
        })
    }

    /// Looks through the folders, for whoever runs the server: what is served, and what is not and
    /// why. Blocks; may take a minute over a hundred thousand folders.
    ///
    /// # Errors
    /// `UPSTREAM_UNAVAILABLE` when a root cannot be read, `UPSTREAM_TIMEOUT` after a minute.
    pub fn survey(&self) -> Result<Survey> {
        let until = Instant::now() + LONGEST_SURVEY;
        self.shared.roots.survey(Deadline::at(until))
    }

    /// Does blocking work on its own thread, within the call's time.
    async fn run<T, F>(&self, call: &Call, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shared, Deadline) -> Result<T> + Send + 'static,
    {
        let _admitted = self.admitted.try_acquire().map_err(|_| errors::busy())?;
        let until = time::Instant::from_std(call.deadline);
        let deadline = Deadline::at(call.deadline);
        let shared = Arc::clone(&self.shared);
        let running = Arc::clone(&self.running);
        let result = time::timeout_at(until, async {
            // Held by the thread, not by this future: work that outlives its request still counts.
            let permit = running.acquire_owned().await;
            task::spawn_blocking(move || {
                let _permit = permit;
                deadline.check()?;
                work(&shared, deadline)
            })
            .await
        });
        match result.await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(Error::internal(format!("local work failed: {panic}"))),
            Err(_) => Err(errors::timeout()),
        }
    }

    /// Counts the people of a history in the background, whoever waits for it.
    fn count(&self, id: String, key: HistoryKey, tip: ObjectId, told: watch::Sender<Counted>) {
        let (shared, counting) = (Arc::clone(&self.shared), Arc::clone(&self.counting));
        tokio::spawn(async move {
            let _permit = counting.acquire_owned().await;
            let people = Arc::clone(&shared);
            let counted = task::spawn_blocking(move || {
                let deadline = Deadline::at(Instant::now() + LONGEST_COUNT);
                let repo = shared.roots.open(&id, deadline)?;
                contributors::count(&repo, &shared.people, tip).map(Arc::new)
            });
            let counted = counted.await.unwrap_or_else(|panic| {
                Err(Error::internal(format!("local work failed: {panic}")))
            });
            people.people.end(key, &counted);
            told.send_replace(Some(counted));
        });
    }

    /// Like [`Self::run`], on an open repository.
    async fn read<T, F>(&self, call: &Call, repo: &RepoRef, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shared, &Repo) -> Result<T> + Send + 'static,
    {
        let id = repo.id.clone();
        self.run(call, move |shared, deadline| {
            work(shared, &shared.roots.open(&id, deadline)?)
        })
        .await
    }
}

#[async_trait]
impl Provider for Local {
    fn id(&self) -> ProviderId {
        ProviderId::LOCAL
    }

    fn needs_credential(&self) -> bool {
        false
    }

    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    fn evidence(&self) -> &'static [Evidence] {
        &[Evidence::Git]
    }

    /// An id is the full name.
    fn is_repository_id(&self, segment: &str) -> bool {
        scan::is_well_formed(segment)
    }

    async fn viewer(&self, call: &Call) -> Result<Viewer> {
        Ok(profile::viewer(&self.shared.config, call))
    }

    async fn repositories(&self, call: &Call, page: PageRequest) -> Result<Page<Repository>> {
        let connection = call.connection_id.clone();
        self.run(call, move |shared, deadline| {
            repositories::list(&shared.roots, &shared.config, &connection, &page, deadline)
        })
        .await
    }

    async fn repository(&self, call: &Call, repo: &RepoRef) -> Result<Repository> {
        self.find_repository(call, &repo.id).await
    }

    /// Reads the folders of these alone.
    async fn repositories_by_id(
        &self,
        call: &Call,
        known: &[KnownRepository],
    ) -> Result<Option<Vec<Told>>> {
        let connection = call.connection_id.clone();
        let ids: Vec<String> = known.iter().map(|known| known.repo.id.clone()).collect();
        self.run(call, move |shared, deadline| {
            let read = |id: &String| {
                deadline.check()?;
                let config = &shared.config;
                Ok(Some(repositories::read(
                    &shared.roots,
                    config,
                    &connection,
                    id,
                )))
            };
            ids.iter().map(read).collect::<Result<_>>().map(Some)
        })
        .await
    }

    async fn find_repository(&self, call: &Call, full_name: &str) -> Result<Repository> {
        let (connection, id) = (call.connection_id.clone(), full_name.to_owned());
        self.run(call, move |shared, _| {
            repositories::read(&shared.roots, &shared.config, &connection, &id)
        })
        .await
    }

    async fn branches(
        &self,
        call: &Call,
        repo: &RepoRef,
        page: PageRequest,
    ) -> Result<Page<Branch>> {
        self.read(call, repo, move |shared, repo| {
            refs::branches(repo, &shared.listings, &page)
        })
        .await
    }

    async fn commits(
        &self,
        call: &Call,
        repo: &RepoRef,
        branch: Option<&GitRef>,
        page: PageRequest,
    ) -> Result<Page<Commit>> {
        let branch = branch.cloned();
        self.read(call, repo, move |shared, repo| {
            commits::list(repo, &shared.histories, branch.as_ref(), &page)
        })
        .await
    }

    async fn commit(&self, call: &Call, repo: &RepoRef, commit: &CommitPrefix) -> Result<Commit> {
        let commit = commit.clone();
        self.read(call, repo, move |_, repo| commits::find(repo, &commit))
            .await
    }

    async fn contents(
        &self,
        call: &Call,
        repo: &RepoRef,
        query: &ContentQuery,
        held: Held<'_>,
    ) -> Result<Content> {
        let (query, at_once) = (query.clone(), !held.may_be());
        let blocked = call.blocked.clone();
        let described = self.read(call, repo, move |_, repo| {
            Ok(match contents::describe(repo, &query, &blocked)? {
                (content, Some(id)) if at_once => (contents::fill(repo, content, id)?, None),
                described => described,
            })
        });
        match described.await? {
            (content, Some(id)) if !held.has(&content) => {
                let filled =
                    self.read(call, repo, move |_, repo| contents::fill(repo, content, id));
                filled.await
            }
            (content, _) => Ok(content),
        }
    }

    async fn compare(
        &self,
        call: &Call,
        repo: &RepoRef,
        query: &CompareQuery,
    ) -> Result<Comparison> {
        let query = query.clone();
        self.read(call, repo, move |_, repo| ranges::compare(repo, &query))
            .await
    }

    async fn commit_diff(&self, call: &Call, repo: &RepoRef, commit: &CommitId) -> Result<Diff> {
        let commit = commit.clone();
        self.read(call, repo, move |_, repo| diff::of_commit(repo, &commit))
            .await
    }

    async fn contributors(
        &self,
        call: &Call,
        repo: &RepoRef,
        page: PageRequest,
    ) -> Result<Page<Contributor>> {
        let step = self.read(call, repo, move |shared, repo| {
            contributors::begin(repo, &shared.people, &page)
        });
        let mut count = match step.await? {
            Step::Done(page) => return Ok(page),
            Step::Count(count) => count,
        };
        if let Some(told) = count.begin.take() {
            self.count(repo.id.clone(), count.key, count.tip, told);
        }
        let until = time::Instant::from_std(call.deadline);
        match time::timeout_at(until, count.page()).await {
            Ok(page) => page,
            // The count goes on: the next request has it.
            Err(_) => Err(errors::timeout()),
        }
    }

    async fn tags(&self, call: &Call, repo: &RepoRef, page: PageRequest) -> Result<Page<Tag>> {
        self.read(call, repo, move |shared, repo| {
            refs::tags(repo, &shared.listings, &page)
        })
        .await
    }

    async fn file_tree(
        &self,
        call: &Call,
        repo: &RepoRef,
        query: &TreeQuery,
        page: PageRequest,
    ) -> Result<Page<TreeEntry>> {
        let query = query.clone();
        self.read(call, repo, move |_, repo| tree::list(repo, &query, &page))
            .await
    }
}

#[cfg(test)]
mod tests {
    use gitflare_core::provider::Endpoint;

    use super::*;
    use crate::conformance;

    #[tokio::test]
    async fn what_is_declared_is_served_and_the_rest_refused_without_touching_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let local = Local::new(LocalConfig::new(vec![root.path().to_path_buf()])).unwrap();
        // From here on every look at the disk fails.
        drop(root);
        let repo = RepoRef {
            id: "some/repository".to_owned(),
            full_name: None,
        };
        conformance::no_endpoint_is_declared_twice(&local);
        conformance::declared_is_callable(&local, &conformance::call(""), &repo).await;
    }

    #[tokio::test]
    async fn a_full_gate_refuses_at_once_and_names_us_as_the_source() {
        let root = tempfile::tempdir().unwrap();
        let local = Local::new(LocalConfig::new(vec![root.path().to_path_buf()])).unwrap();
        let permits = u32::try_from(local.admitted.available_permits()).unwrap();
        let _all = local.admitted.acquire_many(permits).await.unwrap();
        let error = local
            .repositories(&conformance::call(""), PageRequest::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), gitflare_core::Code::RateLimited);
        assert_eq!(error.source(), gitflare_core::Source::Gitflare);
        assert_eq!(error.retry_after_seconds(), Some(1));
    }

    #[tokio::test]
    async fn work_that_gets_no_thread_in_time_is_a_timeout() {
        let root = tempfile::tempdir().unwrap();
        let local = Local::new(LocalConfig::new(vec![root.path().to_path_buf()])).unwrap();
        let permits = u32::try_from(local.running.available_permits()).unwrap();
        let _all = local.running.acquire_many(permits).await.unwrap();
        let mut call = conformance::call("");
        call.deadline = std::time::Instant::now();
        let error = local
            .repositories(&call, PageRequest::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), gitflare_core::Code::UpstreamTimeout);
    }

    #[test]
    fn every_filter_of_a_served_endpoint_is_answered() {
        for row in CAPABILITIES {
            if row.support.is_served() {
                let filters = row.support.filters();
                assert_eq!(filters, Endpoint::filters(row.endpoint), "{}", row.endpoint);
            }
        }
    }

    #[test]
    fn a_root_that_is_not_a_folder_is_named() {
        let root = tempfile::tempdir().unwrap();
        let absent = root.path().join("absent");
        let error = Local::new(LocalConfig::new(vec![absent])).unwrap_err();
        assert!(error.message().contains("absent"), "{error}");
    }
}
