//! Typed reads: one method per unified operation, its filters as methods. [`Gateway::reader`] reads
//! by [`Gateway::read`]: the checks, the cursors, the firewall and the usage row are those of the HTTP
//! interface. A [`Transport`] of another kind reaches a gateway elsewhere by the same methods.

mod file;
mod operation;
mod page;
mod transport;

use std::{marker::PhantomData, sync::Arc, vec};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

pub use file::{File, ReadFile};
pub use operation::{
    Assignees, Branches, Checks, Comments, Commits, Contributors, Deployments, FileTree, Forks,
    Labels, Operation, PullRequestCommits, PullRequests, Releases, Repositories, Reviews,
    Stargazers, Tags, Watchers,
};
pub use page::{Answer, Page};
pub use transport::{Asked, InProcess, Told, Transport};

use crate::{
    Code, Error, Result, Secret,
    gateway::{Gateway, Payload},
    model::{Commit, Comparison, Diff, PullRequest, Repository, Viewer},
    provider::Endpoint,
};

/// Characters that stay unencoded in a path segment (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Reads with one access token, from a [`Transport`].
#[derive(Clone, Debug)]
pub struct Reader<S> {
    transport: S,
    connection: Option<String>,
}

/// Reads one repository with one access token.
#[derive(Clone, Debug)]
pub struct RepositoryReader<S> {
    reader: Reader<S>,
    provider: String,
    repository: String,
}

/// A list to read: filters, then [`List::send`] for one page or [`List::stream`] for all of them.
#[derive(Clone, Debug)]
#[must_use = "a list is read by `send` or `stream`"]
pub struct List<S, O> {
    reader: Reader<S>,
    target: Asked,
    operation: PhantomData<O>,
}

impl Gateway {
    /// Reads with an access token. The token is judged by each read, and ends after its time: who reads
    /// for longer issues another one ([`Gateway::issue_for`]).
    pub fn reader(&self, token: impl Into<Secret<String>>) -> Reader<InProcess<&Self>> {
        Reader::over(InProcess {
            gateway: self,
            token: token.into(),
        })
    }

    /// The same of a gateway that is shared: a reader to keep, or to move into a task.
    pub fn shared_reader(
        self: &Arc<Self>,
        token: impl Into<Secret<String>>,
    ) -> Reader<InProcess<Arc<Self>>> {
        Reader::over(InProcess {
            gateway: Arc::clone(self),
            token: token.into(),
        })
    }
}

impl<S: Transport> Reader<S> {
    /// Reads over this transport.
    pub const fn over(transport: S) -> Self {
        Self {
            transport,
            connection: None,
        }
    }

    /// Reads through this one of the token's connections. Without it a repository is read through
    /// the oldest connection that has it approved.
    #[must_use]
    pub fn connection(mut self, id: impl Into<String>) -> Self {
        self.connection = Some(id.into());
        self
    }

    /// The accounts behind the token, one per connection.
    ///
    /// # Errors
    /// As [`Gateway::read`].
    pub async fn viewers(&self) -> Result<Answer<Vec<Viewer>>> {
        let target = Asked {
            path: "/v1/me".into(),
            ..Asked::default()
        };
        let told = self.read(Endpoint::Profile, target, |payload| match payload {
            Payload::Viewers(viewers) => Some(viewers),
            _ => None,
        });
        answer(told.await?)
    }

    /// The repositories that the token may read.
    pub fn repositories(&self) -> List<S, Repositories> {
        let target = Asked {
            path: "/v1/repositories".into(),
            ..Asked::default()
        };
        List::new(self.clone(), target)
    }

    /// One repository, by the provider's own id or by its full name.
    pub fn repository(
        &self,
        provider: impl Into<String>,
        repository: impl Into<String>,
    ) -> RepositoryReader<S> {
        RepositoryReader {
            reader: self.clone(),
            provider: provider.into(),
            repository: repository.into(),
        }
    }

    async fn read<T: DeserializeOwned + Send + 'static>(
        &self,
        endpoint: Endpoint,
        mut target: Asked,
        pick: fn(Payload) -> Option<T>,
    ) -> Result<Told<T>> {
        if let Some(id) = &self.connection {
            target.query.push(("connectionId".into(), id.clone()));
        }
        self.transport.ask(endpoint, target, pick).await
    }
}

macro_rules! lists {
    ($($(#[$doc:meta])* $method:ident $operation:ident;)*) => {
        impl<S: Transport> RepositoryReader<S> {
            $($(#[$doc])*
            pub fn $method(&self) -> List<S, $operation> {
                let target = self.target($operation::SEGMENT);
                List::new(self.reader.clone(), target)
            })*
        }
    };
}

lists! {
    /// The branches, in the provider's order.
    branches Branches;
    /// The commits of a branch, newest first.
    commits Commits;
    /// The pull or merge requests; open ones unless told otherwise.
    pull_requests PullRequests;
    /// The people who have contributed.
    contributors Contributors;
    /// Tags of the repository.
    tags Tags;
    /// Releases of the repository.
    releases Releases;
    /// The check results of a commit; of the default branch unless told otherwise.
    checks Checks;
    /// The deployments.
    deployments Deployments;
    /// The files and folders of a commit; of the default branch unless told otherwise.
    file_tree FileTree;
    /// The forks, whoever owns them.
    forks Forks;
    /// The labels of pull requests and issues.
    labels Labels;
    /// The people who gave the repository a star.
    stargazers Stargazers;
    /// The people who are told of what happens in the repository.
    watchers Watchers;
    /// The people who can be made responsible for a pull request.
    assignees Assignees;
}

impl<S: Transport> RepositoryReader<S> {
    /// The commits of a pull request, in the provider's order.
    pub fn pull_request_commits(&self, number: u64) -> List<S, PullRequestCommits> {
        self.below_pull_request(number)
    }

    /// The reviews of a pull request.
    pub fn reviews(&self, number: u64) -> List<S, Reviews> {
        self.below_pull_request(number)
    }

    /// The comments on a pull request, general and inline.
    pub fn comments(&self, number: u64) -> List<S, Comments> {
        self.below_pull_request(number)
    }

    fn below_pull_request<O: Operation>(&self, number: u64) -> List<S, O> {
        let target = self.below_item("pull-requests", &number.to_string(), O::SEGMENT);
        List::new(self.reader.clone(), target)
    }
}

impl<S: Transport> RepositoryReader<S> {
    /// The repository itself.
    ///
    /// # Errors
    /// As [`Gateway::read`].
    pub async fn get(&self) -> Result<Answer<Repository>> {
        let target = self.target("");
        let told = self
            .reader
            .read(Endpoint::Repository, target, |payload| match payload {
                Payload::Repository(repository) => Some(*repository),
                _ => None,
            });
        answer(told.await?)
    }

    /// One commit, by its id or the first seven digits of it and more.
    ///
    /// # Errors
    /// As [`Gateway::read`]; `INVALID_REQUEST` when it is not 7 to 64 hexadecimal digits.
    pub async fn commit(&self, commit: &str) -> Result<Answer<Commit>> {
        let target = self.below_item("commits", commit, "");
        let told = self
            .reader
            .read(Endpoint::Commit, target, |payload| match payload {
                Payload::Commit(commit) => Some(*commit),
                _ => None,
            });
        answer(told.await?)
    }

    /// What a commit changed against its first parent; the commit by its id or the first seven digits of
    /// it and more.
    ///
    /// # Errors
    /// As [`Gateway::read`]; `INVALID_REQUEST` when it is not 7 to 64 hexadecimal digits.
    pub async fn commit_diff(&self, commit: &str) -> Result<Answer<Diff>> {
        self.diff(Endpoint::CommitDiff, "commits", commit).await
    }

    /// One pull request, by its number.
    ///
    /// # Errors
    /// As [`Gateway::read`].
    pub async fn pull_request(&self, number: u64) -> Result<Answer<PullRequest>> {
        let target = self.below_item("pull-requests", &number.to_string(), "");
        let told = self
            .reader
            .read(Endpoint::PullRequest, target, |payload| match payload {
                Payload::PullRequest(pull_request) => Some(*pull_request),
                _ => None,
            });
        answer(told.await?)
    }

    /// What a pull request changes, by its number.
    ///
    /// # Errors
    /// As [`Gateway::read`].
    pub async fn pull_request_diff(&self, number: u64) -> Result<Answer<Diff>> {
        let number = number.to_string();
        self.diff(Endpoint::PullRequestDiff, "pull-requests", &number)
            .await
    }

    /// What `head` changes against its merge base with `base`, each a branch, a tag or a commit.
    ///
    /// # Errors
    /// As [`Gateway::read`]; `RESOURCE_NOT_FOUND` without a common ancestor.
    pub async fn compare(&self, base: &str, head: &str) -> Result<Answer<Comparison>> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut target = self.target("compare");
        target.query = vec![pair("base", base), pair("head", head)];
        let told = self
            .reader
            .read(Endpoint::Compare, target, |payload| match payload {
                Payload::Comparison(comparison) => Some(*comparison),
                _ => None,
            });
        answer(told.await?)
    }

    async fn diff(&self, endpoint: Endpoint, segment: &str, item: &str) -> Result<Answer<Diff>> {
        let target = self.below_item(segment, item, "diff");
        let told = self.reader.read(endpoint, target, |payload| match payload {
            Payload::Diff(diff) => Some(*diff),
            _ => None,
        });
        answer(told.await?)
    }

    /// The path of an item of a list, or of what stands below it.
    fn below_item(&self, segment: &str, item: &str, below: &str) -> Asked {
        let mut target = self.target(segment);
        target.path.push('/');
        target.path.extend(utf8_percent_encode(item, SEGMENT));
        if !below.is_empty() {
            target.path.push('/');
            target.path.push_str(below);
        }
        target.item = Some(item.to_owned());
        target
    }

    /// The path as HTTP spells it; it goes into the usage row.
    fn target(&self, segment: &str) -> Asked {
        let mut path = format!(
            "/v1/repositories/{}/{}",
            utf8_percent_encode(&self.provider, SEGMENT),
            utf8_percent_encode(&self.repository, SEGMENT)
        );
        if !segment.is_empty() {
            path.push('/');
            path.push_str(segment);
        }
        Asked {
            provider: Some(self.provider.clone()),
            repository: Some(self.repository.clone()),
            path,
            ..Asked::default()
        }
    }
}

impl<S: Transport, O: Operation> List<S, O> {
    const fn new(reader: Reader<S>, target: Asked) -> Self {
        Self {
            reader,
            target,
            operation: PhantomData,
        }
    }

    fn filter(mut self, name: &str, value: &str) -> Self {
        self.target.query.retain(|(known, _)| known != name);
        let pair = (name.to_owned(), value.to_owned());
        self.target.query.push(pair);
        self
    }

    /// How many rows a page has at most, 1 to 100; 25 without it. Another number is `INVALID_LIMIT`
    /// when the list is read.
    pub fn limit(self, limit: usize) -> Self {
        self.filter("limit", &limit.to_string())
    }

    /// Goes on where a page ended, with its [`Page::next_cursor`]. The filters must be the same.
    pub fn cursor(self, cursor: &str) -> Self {
        self.filter("cursor", cursor)
    }

    /// Reads one page.
    ///
    /// # Errors
    /// As [`Gateway::read`].
    pub async fn send(&self) -> Result<Page<O::Item>> {
        let target = self.target.clone();
        let told = self.reader.read(O::ENDPOINT, target, O::items).await?;
        let (Some(items), Some(page_info)) = (told.value, told.page_info) else {
            return Err(Error::internal("a list was answered without its page"));
        };
        Ok(Page {
            items,
            limit: page_info.limit,
            next_cursor: page_info.next_cursor,
            has_more: page_info.has_more,
            firewall: told.firewall,
            errors: told.errors,
            rate_limits: told.rate_limits,
        })
    }

    /// Reads all pages, one at a time as the rows are taken.
    #[must_use]
    pub fn stream(self) -> Items<S, O> {
        Items {
            list: self,
            ready: Vec::new().into_iter(),
            end: None,
        }
    }
}

/// The rows of a list over all its pages.
#[derive(Debug)]
pub struct Items<S, O: Operation> {
    list: List<S, O>,
    ready: vec::IntoIter<O::Item>,
    /// End of the list behind the rows that are ready; `None` while more pages follow.
    end: Option<Result<()>>,
}

impl<S: Transport, O: Operation> Items<S, O> {
    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// As [`Gateway::read`]; asking again reads the same page again. What is missing from a page is
    /// an error too, behind its rows: the stream never ends early in silence.
    pub async fn try_next(&mut self) -> Result<Option<O::Item>> {
        loop {
            if let Some(item) = self.ready.next() {
                return Ok(Some(item));
            }
            if let Some(end) = &self.end {
                return end.clone().map(|()| None);
            }
            let page = self.list.send().await?;
            self.ready = page.items.into_iter();
            if let Some(error) = page.errors.into_iter().next() {
                self.end = Some(Err(error));
            } else if let Some(cursor) = page.next_cursor {
                let query = &mut self.list.target.query;
                query.retain(|(name, _)| name != "cursor");
                query.push(("cursor".into(), cursor));
            } else if page.has_more {
                self.end = Some(Err(Error::new(
                    Code::PaginationNotSupported,
                    "The list over all providers has one page: choose a provider to read on.",
                )));
            } else {
                self.end = Some(Ok(()));
            }
        }
    }
}

fn answer<T>(told: Told<T>) -> Result<Answer<T>> {
    Ok(Answer {
        value: told.value.ok_or_else(transport::other_resource)?,
        firewall: told.firewall,
        errors: told.errors,
        rate_limits: told.rate_limits,
    })
}
