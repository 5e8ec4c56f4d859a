//! The parameters of unified reads: checked, and bound into the cursor's scope. Unknown parameters are
//! ignored; a known one that is malformed, repeated or empty is refused by name.

use super::{Query, ReadRequest};
use crate::{
    Code, Error, Limit, Result,
    model::{DeploymentState, PullRequestFilter},
    policy::Approved,
    provider::{
        CommitPrefix, ContentQuery, DeploymentFilter, Endpoint, FilePath, GitRef, ProviderId,
        RefSelector, Support, TreePath, TreeQuery,
    },
};

/// A read with every parameter checked.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Profile,
    Repositories,
    Repository,
    Branches,
    Commits(Option<GitRef>),
    CommitDiff(CommitPrefix),
    PullRequests(PullRequestFilter),
    PullRequestDiff(u64),
    Contributors,
    Tags,
    Releases,
    Checks(RefSelector),
    Deployments(DeploymentFilter),
    FileTree(TreeQuery),
    Forks,
    Labels,
    Stargazers,
    Watchers,
    Assignees,
    Commit(CommitPrefix),
    PullRequest(u64),
    PullRequestCommits(u64),
    Reviews(u64),
    Comments(u64),
    Contents(ContentQuery),
    /// `base` and `head`.
    Compare(GitRef, GitRef),
}

/// A filter and its value or default, as the cursor is bound to it.
pub(super) type BoundFilter<'a> = (&'static str, Option<&'a str>);

/// The parameters of a read, checked.
#[derive(Debug)]
pub(super) struct Parameters<'a> {
    /// As sent; a cursor carries its own.
    pub(super) limit: Option<Limit>,
    pub(super) operation: Operation,
    pub(super) filters: Vec<BoundFilter<'a>>,
    pub(super) cursor: Option<&'a str>,
}

/// Checks the parameters of a unified read. `provider` is the one that was named, with what it says
/// of the endpoint.
///
/// # Errors
/// `INVALID_LIMIT`, `INVALID_REQUEST` naming the parameter, `INVALID_CURSOR` for an empty cursor,
/// `PAGINATION_NOT_SUPPORTED`.
pub(super) fn parameters(
    request: &ReadRequest,
    provider: Option<(ProviderId, Support)>,
) -> Result<Parameters<'_>> {
    let (endpoint, query) = (request.endpoint, &request.query);
    let is_paged = endpoint.is_paged();
    if is_paged {
        query.refuse_page_numbers()?;
    }
    let limit = if is_paged { query.limit()? } else { None };
    common(request)?;
    let operation = operation(endpoint, request.item.as_deref(), query)?;
    if endpoint == Endpoint::Repositories {
        query.value("provider")?;
    }
    let mut filters = bound_filters(endpoint, provider, query)?;
    if is_paged && let Some(item) = request.item.as_deref() {
        // A list below a pull request is another one than that below the next.
        filters.push(("pullRequestId", Some(item)));
    }
    let cursor = if is_paged { query.cursor()? } else { None };
    check_cursor_has_provider(cursor, provider.map(|(id, _)| id))?;
    Ok(Parameters {
        limit,
        operation,
        filters,
        cursor,
    })
}

/// Checks what every request may carry: the connection and the repository that it names.
///
/// # Errors
/// `INVALID_REQUEST` naming what is malformed.
pub(super) fn common(request: &ReadRequest) -> Result<()> {
    request.query.value("connectionId")?;
    match &request.repository {
        Some(repository) => check_repository(repository),
        None => Ok(()),
    }
}

/// A list over all providers has no position: a cursor belongs to one of them.
///
/// # Errors
/// `PAGINATION_NOT_SUPPORTED`.
pub(super) fn check_cursor_has_provider(
    cursor: Option<&str>,
    provider: Option<ProviderId>,
) -> Result<()> {
    match (cursor, provider) {
        (Some(_), None) => Err(Error::new(
            Code::PaginationNotSupported,
            "A cursor belongs to one provider: send `provider` with it.",
        )),
        _ => Ok(()),
    }
}

/// Checks what an endpoint takes beside its page.
fn operation(endpoint: Endpoint, item: Option<&str>, query: &Query) -> Result<Operation> {
    Ok(match endpoint {
        Endpoint::Profile => Operation::Profile,
        Endpoint::Repositories => Operation::Repositories,
        Endpoint::Repository => Operation::Repository,
        Endpoint::Branches => Operation::Branches,
        Endpoint::Commits => Operation::Commits(query.value("branch")?.map(branch).transpose()?),
        Endpoint::CommitDiff => {
            Operation::CommitDiff(CommitPrefix::parse(item.unwrap_or_default())?)
        }
        Endpoint::PullRequests => Operation::PullRequests(
            word(
                query,
                "state",
                PullRequestFilter::ALL,
                PullRequestFilter::as_str,
            )?
            .unwrap_or(PullRequestFilter::Open),
        ),
        Endpoint::PullRequestDiff => Operation::PullRequestDiff(pull_request_number(item)?),
        Endpoint::Contributors => Operation::Contributors,
        Endpoint::Forks => Operation::Forks,
        Endpoint::Labels => Operation::Labels,
        Endpoint::Stargazers => Operation::Stargazers,
        Endpoint::Watchers => Operation::Watchers,
        Endpoint::Assignees => Operation::Assignees,
        Endpoint::Commit => Operation::Commit(CommitPrefix::parse(item.unwrap_or_default())?),
        Endpoint::PullRequest => Operation::PullRequest(pull_request_number(item)?),
        Endpoint::PullRequestCommits => Operation::PullRequestCommits(pull_request_number(item)?),
        Endpoint::Reviews => Operation::Reviews(pull_request_number(item)?),
        Endpoint::Comments => Operation::Comments(pull_request_number(item)?),
        Endpoint::Compare => {
            // What is wrong with one comes before what is missing.
            query.value("base")?;
            query.value("head")?;
            let name = |parameter| GitRef::parse(parameter, query.required(parameter)?);
            Operation::Compare(name("base")?, name("head")?)
        }
        Endpoint::Contents => Operation::Contents(ContentQuery {
            at: selector(query)?,
            path: FilePath::parse("path", query.required("path")?)?,
        }),
        Endpoint::Tags => Operation::Tags,
        Endpoint::Releases => Operation::Releases,
        Endpoint::Checks => Operation::Checks(selector(query)?),
        Endpoint::Deployments => Operation::Deployments(DeploymentFilter {
            environment: query.value("environment")?.map(str::to_owned),
            state: word(
                query,
                "state",
                DeploymentState::ALL,
                DeploymentState::as_str,
            )?,
        }),
        Endpoint::FileTree => Operation::FileTree(TreeQuery {
            at: selector(query)?,
            path: query
                .value("path")?
                .map(|path| TreePath::parse("path", path))
                .transpose()?,
            recursive: match query.value("recursive")? {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => {
                    return Err(Error::invalid_request(
                        "`recursive` must be `true` or `false`.",
                    ));
                }
            },
        }),
        Endpoint::EventsSubscribe => return Err(Error::internal("a subscription is not a read")),
    })
}

/// The endpoint's filters with their values or defaults. One that was sent and that the provider
/// cannot answer exactly is refused, never ignored.
fn bound_filters<'a>(
    endpoint: Endpoint,
    provider: Option<(ProviderId, Support)>,
    query: &'a Query,
) -> Result<Vec<BoundFilter<'a>>> {
    let mut bound = Vec::with_capacity(endpoint.filters().len());
    for &name in endpoint.filters() {
        let sent = query.value(name)?;
        if let (Some(_), Some((provider, support))) = (sent, provider)
            && support.is_served()
            && !support.filters().contains(&name)
        {
            let message = format!(
                "{} cannot answer the filter `{name}` exactly.",
                provider.name()
            );
            return Err(Error::invalid_request(message).with_provider(provider));
        }
        bound.push((name, sent.or(default_value(endpoint, name))));
    }
    Ok(bound)
}

fn default_value(endpoint: Endpoint, name: &str) -> Option<&'static str> {
    match (endpoint, name) {
        (Endpoint::PullRequests, "state") => Some(PullRequestFilter::Open.as_str()),
        (Endpoint::FileTree, "recursive") => Some("false"),
        _ => None,
    }
}

/// The name of a branch, short or whole: hosts differ in which they take, and a branch is one.
fn branch(name: &str) -> Result<GitRef> {
    let short = name.strip_prefix("refs/heads/");
    GitRef::parse("branch", short.unwrap_or(name))
}

fn selector(query: &Query) -> Result<RefSelector> {
    match (query.value("branch")?, query.value("ref")?) {
        (Some(_), Some(_)) => Err(Error::invalid_request("Send `branch` or `ref`, not both.")),
        (Some(name), None) => Ok(RefSelector::Branch(branch(name)?)),
        (None, Some(name)) => Ok(RefSelector::Ref(GitRef::parse("ref", name)?)),
        (None, None) => Ok(RefSelector::DefaultBranch),
    }
}

fn word<T: Copy>(
    query: &Query,
    name: &str,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> Result<Option<T>> {
    let Some(sent) = query.value(name)? else {
        return Ok(None);
    };
    match all.iter().copied().find(|value| as_str(*value) == sent) {
        Some(value) => Ok(Some(value)),
        None => {
            let words: Vec<_> = all.iter().map(|value| as_str(*value)).collect();
            Err(Error::invalid_request(format!(
                "`{name}` must be one of: {}.",
                words.join(", ")
            )))
        }
    }
}

fn pull_request_number(text: Option<&str>) -> Result<u64> {
    let text = text.unwrap_or_default();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| Error::invalid_request("The pull request id must be its number."))
}

/// A repository segment, checked for form: what no provider can have, no provider is asked (SR-7).
pub(super) fn check_repository(segment: &str) -> Result<()> {
    let well_formed = segment.len() <= 1024
        && !segment
            .chars()
            .any(|c| c.is_control() || matches!(c, '\\' | '?' | '#'))
        && segment
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."));
    if well_formed {
        Ok(())
    } else {
        Err(Error::invalid_request("The repository id is malformed."))
    }
}

/// The id to ask for, or the name to resolve first.
pub(super) fn unresolved<'a>(
    approved: &Approved<'a>,
    is_id: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    match approved {
        Approved::Unlisted(key) if !is_id(key) => Some(key),
        _ => None,
    }
}
