//! The upstream half of a unified read: which provider calls an operation costs, over which
//! connections, and in which position the next page starts. What may be read was decided before.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use futures_util::future::join_all;

use super::{
    Gateway, NotModified, Payload,
    approved::{Place, approval, is_news},
    contents::Validators,
    parameters::{Operation, unresolved},
    refresh::must_reconnect,
};
use crate::{
    Code, Error, Limit, Page, PageRequest, Position, Result, TenantId, Timestamp,
    cursor::CursorScope,
    model::{Branch, Commit, Content, Repository, Viewer},
    policy::{Approved, Permit},
    provider::{
        Call, CommitId, CommitPrefix, CompareQuery, Endpoint, Provider, ProviderId, RepoRef,
    },
    storage::{ConnectionMode, Share},
};

/// A read whose checks have all passed.
pub(super) struct CheckedRead<'a> {
    pub(super) permit: &'a Permit<'a>,
    pub(super) endpoint: Endpoint,
    /// `None` reads over all providers.
    pub(super) provider: Option<ProviderId>,
    pub(super) operation: &'a Operation,
    /// The request that the next cursor is bound to.
    pub(super) scope: &'a CursorScope<'a>,
    pub(super) page: PageRequest,
    /// The tenant within which equal secrets stay comparable.
    pub(super) hash_tenant: &'a TenantId,
    /// The validators of what the client has, as HTTP writes them.
    pub(super) if_none_match: Option<&'a str>,
    /// Whether the commits of a comparison may be told.
    pub(super) with_commits: bool,
    pub(super) now: Timestamp,
    pub(super) deadline: Instant,
}

/// Resources from upstream, before the firewall.
pub(super) struct Fetched {
    pub(super) payload: Payload,
    pub(super) next: Option<Position>,
    /// Sources that could not be read, one error each.
    pub(super) errors: Vec<Error>,
    /// For an answer over all providers: whether anything was left out.
    pub(super) merged: Option<bool>,
    /// The validator of a file.
    pub(super) etag: Option<String>,
}

impl Fetched {
    /// A single object.
    pub(super) fn one<T>(object: T) -> Self
    where
        Payload: From<T>,
    {
        Self {
            payload: object.into(),
            next: None,
            errors: Vec::new(),
            merged: None,
            etag: None,
        }
    }

    /// A file with its validator; `None` when the client has it.
    fn file(content: Option<Content>, tag: String) -> Self {
        let fetched = match content {
            Some(content) => Self::one(Box::new(content)),
            None => Self::one(NotModified),
        };
        Self {
            etag: Some(tag),
            ..fetched
        }
    }
}

impl<T> From<Page<T>> for Fetched
where
    Payload: From<Vec<T>>,
{
    fn from(page: Page<T>) -> Self {
        Self {
            payload: page.items.into(),
            next: page.next,
            errors: page.errors,
            merged: None,
            etag: None,
        }
    }
}

impl Gateway {
    /// Asks the upstreams behind a read.
    pub(super) async fn fetch(&self, read: &CheckedRead<'_>) -> Result<Fetched> {
        let (permit, page, deadline) = (read.permit, read.page.clone(), read.deadline);
        match (read.operation, &permit.repository, read.provider) {
            (Operation::Profile, ..) => self.viewers(permit, deadline).await,
            (Operation::Repositories, _, Some(_)) => {
                let shares = &permit.shares;
                Ok(self.repositories(shares, page, deadline).await?.into())
            }
            (Operation::Repositories, _, None) => {
                self.all_repositories(permit, page.limit, deadline).await
            }
            (operation, Some(approved), _) => {
                let share = permit.shares[0];
                let provider = &**self.provider_of(share)?;
                let validators = self.validators(read.hash_tenant, read.if_none_match);
                let rights = (&validators, read.with_commits);
                let mut fetched = self
                    .with_credential(share, deadline, |call| {
                        let page = page.clone();
                        async move {
                            let asked = (operation, page);
                            in_repository(provider, &call, approved, asked, rights).await
                        }
                    })
                    .await?;
                if let Payload::Repository(repository) = &fetched.payload {
                    self.note_news(share, repository).await?;
                }
                if let Payload::Branches(branches) = &mut fetched.payload {
                    tell_default(branches, share);
                }
                Ok(fetched)
            }
            (_, None, _) => Err(Error::internal(
                "an endpoint below a repository was asked without one",
            )),
        }
    }

    /// One viewer per connection. Fails only when every connection does.
    async fn viewers(&self, permit: &Permit<'_>, deadline: Instant) -> Result<Fetched> {
        let answers = join_all(permit.shares.iter().map(async |share| -> Result<Viewer> {
            let provider = self.provider_of(share)?;
            let viewer = self
                .with_credential(share, deadline, |call| async move {
                    provider.viewer(&call).await
                })
                .await;
            // In a read it is a connection's token, not one that somebody has just sent.
            let is_oauth = share.connection.mode == ConnectionMode::Oauth;
            viewer.map_err(|error| match error.code() {
                Code::InvalidCredentials if is_oauth => {
                    must_reconnect(&share.connection, Some(&error))
                }
                _ => error,
            })
        }))
        .await;
        let (viewers, errors) = split(answers)?;
        Ok(Fetched {
            payload: viewers.into(),
            next: None,
            errors,
            merged: Some(false),
            etag: None,
        })
    }

    /// The first page of each connected provider, in provider order, cut at the limit.
    async fn all_repositories(
        &self,
        permit: &Permit<'_>,
        limit: Limit,
        deadline: Instant,
    ) -> Result<Fetched> {
        let of_each: Vec<Vec<&Share>> = self
            .providers
            .ids()
            .map(|id| {
                permit
                    .shares
                    .iter()
                    .copied()
                    .filter(|share| share.connection.provider == id)
                    .collect()
            })
            .filter(|shares: &Vec<_>| !shares.is_empty())
            .collect();
        let mut answers = join_all(
            of_each
                .iter()
                .map(|shares| self.repositories(shares, PageRequest::first(limit), deadline)),
        )
        .await;
        // What was approved at an instance that is gone is missing, and not as if it had never been.
        let gone = permit.shares.iter().map(|share| share.connection.provider);
        let gone: BTreeSet<_> = gone
            .filter(|id| self.providers.find(*id).is_none())
            .collect();
        answers.extend(
            gone.into_iter()
                .map(|id| Err(Error::unknown_provider().with_provider(id))),
        );
        let (mut pages, mut errors) = split(answers)?;
        errors.extend(pages.iter_mut().flat_map(|page| page.errors.drain(..)));
        let mut left_out = pages.iter().any(|page| page.next.is_some());
        let mut all: Vec<_> = pages.into_iter().flat_map(|page| page.items).collect();
        left_out |= all.len() > limit.get();
        all.truncate(limit.get());
        Ok(Fetched {
            payload: all.into(),
            next: None,
            errors,
            merged: Some(left_out),
            etag: None,
        })
    }

    /// One page of one provider's approved repositories. Its connections are walked one after the
    /// other: the position begins with the connection where the chain stands.
    async fn repositories(
        &self,
        shares: &[&Share],
        page: PageRequest,
        deadline: Instant,
    ) -> Result<Page<Repository>> {
        let (share, place) = match &page.position {
            None => (shares.first(), Place::Start),
            Some(position) => {
                let mut fields = position.fields();
                let id = fields.text()?;
                let mut own = shares.iter();
                match own.find(|share| share.connection.id.as_str() == id) {
                    Some(share) => (Some(share), Place::read(fields)?),
                    // Revoked meanwhile: the chain goes on with the next connection.
                    None => (after(shares, id), Place::Start),
                }
            }
        };
        let Some(share) = share else {
            return Ok(Page::last(Vec::new()));
        };
        let mut answer = match self
            .approved_page(share, &place, page.limit, deadline)
            .await?
        {
            Some(answer) => answer,
            None => self.walked_page(share, place, page.limit, deadline).await?,
        };
        let here = share.connection.id.as_str();
        answer.next = match answer.next {
            Some(inner) => Some(Position::new().text(here).then(&inner)),
            None => {
                after(shares, here).map(|share| Position::new().text(share.connection.id.as_str()))
            }
        };
        Ok(answer)
    }

    /// The provider's own page, without what is not approved.
    async fn walked_page(
        &self,
        share: &Share,
        place: Place,
        limit: Limit,
        deadline: Instant,
    ) -> Result<Page<Repository>> {
        let provider = self.provider_of(share)?;
        let position = place.walked();
        let answer = self
            .with_credential(share, deadline, |call| {
                let position = position.clone();
                async move {
                    let request = PageRequest { limit, position };
                    provider.repositories(&call, request).await
                }
            })
            .await?;
        Ok(Page {
            items: self.approved_only(share, answer.items).await?,
            next: answer.next.as_ref().map(Place::at_walked),
            errors: answer.errors,
        })
    }

    async fn approved_only(
        &self,
        share: &Share,
        items: Vec<Repository>,
    ) -> Result<Vec<Repository>> {
        if share.approves_all || items.is_empty() {
            return Ok(items);
        }
        let ids: Vec<&str> = items
            .iter()
            .map(|repository| repository.id.as_str())
            .collect();
        let approved = self
            .storage
            .authorizations()
            .approved_among(&share.grant_id, &ids)
            .await?;
        Ok(items
            .into_iter()
            .zip(approved)
            .filter(|(_, approved)| *approved)
            .map(|(item, _)| item)
            .collect())
    }

    /// Keeps what the grant says of an approved repository up to date.
    async fn note_news(&self, share: &Share, seen: &Repository) -> Result<()> {
        match &share.approved {
            Some(known) if is_news(known, seen) => {
                let grants = self.storage.authorizations();
                grants
                    .note_seen(&share.grant_id, vec![approval(seen)])
                    .await
            }
            _ => Ok(()),
        }
    }

    pub(super) fn provider_of(&self, share: &Share) -> Result<&Arc<dyn Provider>> {
        let id = share.connection.provider;
        self.providers
            .find(id)
            .ok_or_else(|| Error::unknown_provider().with_provider(id))
    }
}

/// Says which branch is the default one where the provider does not and the approval knows.
fn tell_default(branches: &mut [Branch], share: &Share) {
    let approved = share.approved.as_ref();
    if let Some(name) = approved.and_then(|approved| approved.default_branch.as_deref()) {
        for branch in branches {
            branch.default = branch.default.or(Some(branch.name == name));
        }
    }
}

/// The read itself: the only place where operations meet the provider's methods.
async fn in_repository(
    provider: &dyn Provider,
    call: &Call,
    approved: &Approved<'_>,
    (operation, mut page): (&Operation, PageRequest),
    (validators, with_commits): (&Validators<'_>, bool),
) -> Result<Fetched> {
    // Only under "all" can a name be unknown; then it costs one resolving call, and the cursor
    // carries the id so that the next pages need none.
    let mut resolved = None;
    if let Some(name) = unresolved(approved, |segment| provider.is_repository_id(segment)) {
        let id = match page.position.take() {
            Some(position) => {
                let mut fields = position.fields();
                let id = fields.text()?.to_owned();
                page.position = Some(fields.rest());
                id
            }
            None => {
                let repository = provider.find_repository(call, name).await?;
                if matches!(operation, Operation::Repository) {
                    return Ok(Fetched::one(Box::new(repository)));
                }
                repository.id
            }
        };
        resolved = Some(id);
    }
    let repo = match (approved, &resolved) {
        (Approved::Listed(repo), _) => repo.clone(),
        (Approved::Unlisted(name), Some(id)) => RepoRef {
            id: id.clone(),
            full_name: Some((*name).to_owned()),
        },
        (Approved::Unlisted(id), None) => RepoRef {
            id: (*id).to_owned(),
            full_name: None,
        },
    };
    let mut fetched: Fetched = match operation {
        Operation::Repository => Fetched::one(Box::new(provider.repository(call, &repo).await?)),
        Operation::Branches => provider.branches(call, &repo, page).await?.into(),
        Operation::Commits(branch) => {
            let branch = branch.as_ref();
            provider.commits(call, &repo, branch, page).await?.into()
        }
        Operation::CommitDiff(prefix) => {
            let commit = whole(provider, call, &repo, prefix).await?;
            Fetched::one(Box::new(provider.commit_diff(call, &repo, &commit).await?))
        }
        Operation::PullRequests(state) => {
            let pulls = provider.pull_requests(call, &repo, *state, page);
            pulls.await?.into()
        }
        Operation::PullRequestDiff(number) => {
            let diff = provider.pull_request_diff(call, &repo, *number);
            Fetched::one(Box::new(diff.await?))
        }
        Operation::Contributors => provider.contributors(call, &repo, page).await?.into(),
        Operation::Tags => provider.tags(call, &repo, page).await?.into(),
        Operation::Releases => provider.releases(call, &repo, page).await?.into(),
        Operation::Checks(at) => provider.checks(call, &repo, at, page).await?.into(),
        Operation::Deployments(filter) => {
            let deployments = provider.deployments(call, &repo, filter, page);
            deployments.await?.into()
        }
        Operation::FileTree(query) => provider.file_tree(call, &repo, query, page).await?.into(),
        Operation::Forks => provider.forks(call, &repo, page).await?.into(),
        Operation::Labels => provider.labels(call, &repo, page).await?.into(),
        Operation::Stargazers => provider.stargazers(call, &repo, page).await?.into(),
        Operation::Watchers => provider.watchers(call, &repo, page).await?.into(),
        Operation::Assignees => provider.assignees(call, &repo, page).await?.into(),
        Operation::Commit(prefix) => {
            Fetched::one(Box::new(commit(provider, call, &repo, prefix).await?))
        }
        Operation::PullRequest(number) => {
            let pull = provider.pull_request(call, &repo, *number);
            Fetched::one(Box::new(pull.await?))
        }
        Operation::PullRequestCommits(number) => {
            let commits = provider.pull_request_commits(call, &repo, *number, page);
            commits.await?.into()
        }
        Operation::Reviews(number) => provider.reviews(call, &repo, *number, page).await?.into(),
        Operation::Comments(number) => provider.comments(call, &repo, *number, page).await?.into(),
        Operation::Compare(base, head) => {
            let query = CompareQuery {
                base: base.clone(),
                head: head.clone(),
                with_commits,
            };
            let mut comparison = provider.compare(call, &repo, &query).await?;
            if !with_commits {
                (comparison.commits, comparison.commits_truncated) = (None, None);
            }
            Fetched::one(Box::new(comparison))
        }
        Operation::Contents(query) => {
            let (content, tag) = validators.read(provider, call, &repo, query).await?;
            Fetched::file(content, tag)
        }
        Operation::Profile | Operation::Repositories => {
            return Err(Error::internal("not an operation of one repository"));
        }
    };
    if let Some(id) = resolved {
        fetched.next = fetched
            .next
            .map(|next| Position::new().text(id).then(&next));
    }
    Ok(fetched)
}

/// The commit whose id begins so.
async fn commit(
    provider: &dyn Provider,
    call: &Call,
    repo: &RepoRef,
    prefix: &CommitPrefix,
) -> Result<Commit> {
    let commit = provider.commit(call, repo, prefix).await?;
    // An upstream that takes names too may have found a branch.
    match prefix.begins(&commit.sha) {
        true => Ok(commit),
        false => Err(Error::upstream(
            Code::ResourceNotFound,
            provider.id(),
            "There is no such commit in the repository.",
        )),
    }
}

/// The whole id of the commit whose id begins so; looked up, unless it is whole.
async fn whole(
    provider: &dyn Provider,
    call: &Call,
    repo: &RepoRef,
    prefix: &CommitPrefix,
) -> Result<CommitId> {
    let told = CommitId::parse(prefix.as_str());
    match told {
        // Nothing there tells a whole id from its beginning.
        Err(_) if provider.support(Endpoint::Commit).reason().is_none() => {
            CommitId::parse(&commit(provider, call, repo, prefix).await?.sha)
        }
        told => told,
    }
}

/// The share whose connection comes after that one.
fn after<'s, 'a>(shares: &'s [&'a Share], id: &str) -> Option<&'s &'a Share> {
    let mut later = shares.iter();
    later.find(|share| share.connection.id.as_str() > id)
}

/// Splits successes from failures; an error only when there is no success.
fn split<T>(answers: Vec<Result<T>>) -> Result<(Vec<T>, Vec<Error>)> {
    let mut succeeded = Vec::with_capacity(answers.len());
    let mut failed = Vec::new();
    for answer in answers {
        match answer {
            Ok(value) => succeeded.push(value),
            Err(error) => failed.push(error),
        }
    }
    match failed.pop() {
        Some(error) if succeeded.is_empty() => Err(failed.into_iter().next().unwrap_or(error)),
        last => {
            failed.extend(last);
            Ok((succeeded, failed))
        }
    }
}
