//! Lists as data: where an upstream has one, what selects its rows, how it is paged. An adapter names
//! these and maps one row; everything else about reading a page of it is done here, alike for all.
//!
//! A list operation of an adapter is `Ok(below(Endpoint::Tags, repo, &["tags"]))`, and a row of its
//! table that says what one entry is read as. What maps with more than the entry calls
//! [`Api::rows`] by itself.

use std::borrow::Cow;

use gitflare_core::{
    Code, Error, Page, PageRequest, Position, Result,
    provider::{Call, Endpoint, RepoRef},
};
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::{
    http::{ListAt, Rows},
    lenient,
    request::Get,
    trail::Trail,
    upstream::Upstream,
    upstream_answer::{Answer, unreadable},
    upstream_error::{of_diff, of_whole, recode},
};

/// How the pages of a list are asked for and found.
#[derive(Debug)]
pub(crate) enum Paging {
    /// The upstream has pages of its own.
    Pages {
        /// Asks for a page: its size, and where it starts.
        ask: for<'a> fn(Get<'a>, &'a PageRequest) -> Result<Get<'a>>,
        /// Where the page after this answer starts. The number is how many rows it had. A position
        /// without fields says that it leads back.
        next: fn(&Answer, &PageRequest, usize) -> Result<Option<Position>>,
        /// How to ask again when the upstream refuses to page the list this way.
        otherwise: Option<&'static Self>,
    },
    /// The upstream sends the list whole: pages are slices of it, and a position is how many rows
    /// came before.
    Slices,
    /// The upstream sends the list whole, and all of it is wanted.
    Whole,
}

/// What a request is about: a refusal may mean different things for different operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// The operation that asks.
    pub(crate) endpoint: Endpoint,
    /// The repository below which it asks; `None` for what belongs to the account.
    pub(crate) repo: Option<&'a RepoRef>,
    /// Where the page starts that was asked for; `None` for a first page and for single objects.
    pub(crate) position: Option<&'a Position>,
}

/// A list of an upstream.
#[derive(Clone, Debug)]
pub(crate) struct List<'a> {
    about: About<'a>,
    segments: Vec<Cow<'a, str>>,
    query: Vec<(&'static str, Cow<'a, str>)>,
    paging: &'static Paging,
    at: ListAt,
    is_optional: bool,
    is_folder: bool,
    is_admitted: bool,
    empty: &'static [u16],
}

impl<'a> List<'a> {
    /// The list at a path, each segment encoded whole.
    pub(crate) fn new(endpoint: Endpoint, paging: &'static Paging, segments: &[&'a str]) -> Self {
        Self {
            about: About {
                endpoint,
                repo: None,
                position: None,
            },
            segments: segments.iter().map(|segment| (*segment).into()).collect(),
            query: Vec::new(),
            paging,
            at: ListAt::Root,
            is_optional: false,
            is_folder: false,
            is_admitted: false,
            empty: &[],
        }
    }

    /// Belongs to that repository.
    pub(crate) fn of(mut self, repo: &'a RepoRef) -> Self {
        self.about.repo = Some(repo);
        self
    }

    /// Adds path segments.
    pub(crate) fn at(mut self, segments: &[&'a str]) -> Self {
        self.segments
            .extend(segments.iter().map(|segment| Cow::Borrowed(*segment)));
        self
    }

    /// Adds one path segment that was made for it.
    pub(crate) fn then(mut self, segment: String) -> Self {
        self.segments.push(segment.into());
        self
    }

    /// Ends its path with a slash, as folders do.
    pub(crate) fn folder(mut self) -> Self {
        self.is_folder = true;
        self
    }

    /// Sends a query parameter with every page.
    pub(crate) fn query(mut self, key: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// The same where a value was given.
    pub(crate) fn query_opt(
        self,
        key: &'static str,
        value: Option<impl Into<Cow<'a, str>>>,
    ) -> Self {
        match value {
            Some(value) => self.query(key, value),
            None => self,
        }
    }

    /// Is paged in another way than the adapter's lists mostly are.
    pub(crate) fn paged(mut self, paging: &'static Paging) -> Self {
        self.paging = paging;
        self
    }

    /// Has its rows in that member of an object.
    pub(crate) fn rows_in(mut self, member: &'static str) -> Self {
        self.at = ListAt::Member(member);
        self
    }

    /// Has its rows in a list of `_embedded` or beside it, of one of these names; else in any of
    /// `_embedded`.
    pub(crate) fn embedded(mut self, known: &'static [&'static str]) -> Self {
        self.at = ListAt::Embedded(known);
        self
    }

    /// May come without rows: an answer without the list is an empty one.
    pub(crate) fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// Belongs to a repository that the adapter admits by itself: before, or by what the rows say of it.
    pub(crate) fn admitted(mut self) -> Self {
        self.is_admitted = true;
        self
    }

    /// Is empty when the upstream answers with one of these statuses.
    pub(crate) fn empty_on(mut self, statuses: &'static [u16]) -> Self {
        self.empty = statuses;
        self
    }

    /// The rows of the answer that belong to a page.
    fn slice(&self, page: &PageRequest) -> Result<(usize, usize)> {
        match (self.paging, &page.position) {
            (Paging::Pages { .. } | Paging::Whole, _) => Ok((0, usize::MAX)),
            (Paging::Slices, None) => Ok((0, page.limit.get())),
            (Paging::Slices, Some(position)) => {
                let mut fields = position.fields();
                let start = usize::try_from(fields.number()?).unwrap_or(usize::MAX);
                fields.end()?;
                Ok((start, start.saturating_add(page.limit.get())))
            }
        }
    }

    fn get<'p>(&'p self, page: &'p PageRequest) -> Result<Get<'p>> {
        let mut get = Get::new(&self.segments)?.also(self.empty);
        if self.is_folder {
            get.path.push('/');
        }
        for (key, value) in &self.query {
            get = get.query(key, &**value);
        }
        match self.paging {
            Paging::Pages { ask, .. } => ask(get, page),
            Paging::Slices | Paging::Whole => Ok(get),
        }
    }

    fn next(&self, answer: &Answer, page: &PageRequest, rows: usize) -> Result<Option<Position>> {
        match self.paging {
            Paging::Pages { next, .. } => next(answer, page, rows),
            Paging::Slices => {
                let (_, end) = self.slice(page)?;
                Ok((end < rows).then(|| Position::new().number(end as u64)))
            }
            Paging::Whole => Ok(None),
        }
    }
}

/// A page of a list, with what stood around its rows.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    pub(crate) page: Page<T>,
    /// `None` when the repository has no commits, for which upstreams have other answers.
    pub(crate) answer: Option<Answer>,
}

impl<T> Listing<T> {
    fn empty() -> Self {
        Self {
            page: Page::last(Vec::new()),
            answer: None,
        }
    }

    /// The same, its next page with the trail of the chain. One that was there before would be followed
    /// for ever: the list ends, and says that it is not whole.
    fn onward(mut self, asked: &PageRequest, trail: Option<Trail>) -> Self {
        let (Some(answer), Some(next)) = (&self.answer, self.page.next.take()) else {
            return self;
        };
        let is_back = next.fields().is_empty() || Some(&next) == asked.position.as_ref();
        self.page.next = match is_back {
            true => None,
            false => Trail::lead(trail, &next),
        };
        if self.page.next.is_none() {
            let name = answer.dialect.provider.name();
            let message =
                format!("{name}'s pages lead back to one that was read: what follows is missing.");
            let missing = answer.error(Code::UpstreamUnavailable, message);
            self.page.errors.push(missing);
        }
        self
    }
}

/// The page as its upstream knows it, and the trail of its chain.
fn behind(page: &PageRequest) -> (PageRequest, Option<Trail>) {
    let Some(position) = &page.position else {
        return (page.clone(), None);
    };
    let (place, trail) = Trail::take(position);
    let place = PageRequest {
        limit: page.limit,
        position: Some(place),
    };
    (place, trail)
}

/// One adapter's API, of which it says two things by itself: how its requests are spoken, and what
/// its refusals come to once the repository was looked at.
pub(crate) trait Api: Sync {
    /// The API.
    fn upstream(&self) -> &Upstream;

    /// Refuses to read a repository by a name that is no longer its own. Upstreams that are asked by
    /// ids have nothing to refuse.
    fn admit(&self, _: &Call, _: &RepoRef) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Whether a repository was found under another name after this refusal, so that what was asked for
    /// is worth asking once more. Upstreams whose names do not matter have nothing to look for.
    fn has_moved(&self, _: &Call, _: &RepoRef, _: &Error) -> impl Future<Output = bool> + Send {
        async { false }
    }

    /// What a refusal comes to. `Ok` where it says no worse than that the repository has no commits.
    fn settle(
        &self,
        call: &Call,
        about: About<'_>,
        refusal: Error,
    ) -> impl Future<Output = Result<()>> + Send;

    /// One object below a repository.
    ///
    /// # Errors
    /// What the refusal comes to.
    fn item(
        &self,
        call: &Call,
        endpoint: Endpoint,
        repo: &RepoRef,
        get: Get<'_>,
    ) -> impl Future<Output = Result<Answer>> + Send {
        self.first_of(call, endpoint, repo, vec![get], |_| false)
    }

    /// The first of some objects below a repository that is there: they are asked for one after the
    /// other, as long as a refusal `goes_on`. What the last one means is looked into.
    ///
    /// # Errors
    /// What the refusal comes to.
    fn first_of(
        &self,
        call: &Call,
        endpoint: Endpoint,
        repo: &RepoRef,
        gets: Vec<Get<'_>>,
        goes_on: fn(&Error) -> bool,
    ) -> impl Future<Output = Result<Answer>> + Send {
        async move {
            self.admit(call, repo).await?;
            self.vouched(call, endpoint, repo, gets, goes_on).await
        }
    }

    /// One object that says whose it is: the repository is not admitted before, and the adapter holds
    /// the object to it before it leaves.
    ///
    /// # Errors
    /// What the refusal comes to.
    fn vouched_item(
        &self,
        call: &Call,
        endpoint: Endpoint,
        repo: &RepoRef,
        get: Get<'_>,
    ) -> impl Future<Output = Result<Answer>> + Send {
        self.vouched(call, endpoint, repo, vec![get], |_| false)
    }

    /// [`Self::first_of`] without admitting the repository.
    ///
    /// # Errors
    /// What the refusal comes to.
    fn vouched(
        &self,
        call: &Call,
        endpoint: Endpoint,
        repo: &RepoRef,
        gets: Vec<Get<'_>>,
        goes_on: fn(&Error) -> bool,
    ) -> impl Future<Output = Result<Answer>> + Send {
        async move {
            let mut answered = first(self.upstream(), call, &gets, goes_on).await;
            if let Err(error) = &answered
                && self.has_moved(call, repo, error).await
            {
                answered = first(self.upstream(), call, &gets, goes_on).await;
            }
            let refusal = match answered {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let about = About {
                endpoint,
                repo: Some(repo),
                position: None,
            };
            self.settle(call, about, refusal.clone()).await?;
            Err(refusal)
        }
    }

    /// One page of a list, its rows mapped as they arrive. A list of a repository without commits is
    /// empty; a row that is `null` is none.
    ///
    /// # Errors
    /// What the refusal comes to; `UPSTREAM_UNAVAILABLE` when the answer is no such list.
    fn rows<W, T>(
        &self,
        call: &Call,
        list: List<'_>,
        page: PageRequest,
        map: impl FnMut(W) -> T + Send,
    ) -> impl Future<Output = Result<Page<T>>> + Send
    where
        W: DeserializeOwned,
        T: Send,
    {
        async move { Ok(self.listing(call, &list, &page, map).await?.page) }
    }

    /// The same with what stands around the rows.
    ///
    /// # Errors
    /// As [`Self::rows`].
    fn listing<W, T>(
        &self,
        call: &Call,
        list: &List<'_>,
        page: &PageRequest,
        mut map: impl FnMut(W) -> T + Send,
    ) -> impl Future<Output = Result<Listing<T>>> + Send
    where
        W: DeserializeOwned,
        T: Send,
    {
        async move {
            if let Some(repo) = list.about.repo
                && !list.is_admitted
            {
                self.admit(call, repo).await?;
            }
            let (asked, trail) = behind(page);
            let page = &asked;
            let mut read = read(self.upstream(), call, list, page, &mut map).await;
            if let (Err(error), Some(repo)) = (&read, list.about.repo)
                && self.has_moved(call, repo, error).await
            {
                read = self::read(self.upstream(), call, list, page, &mut map).await;
            }
            if let (
                Err(error),
                Paging::Pages {
                    otherwise: Some(paging),
                    ..
                },
            ) = (&read, list.paging)
                && error.code() == Code::PaginationNotSupported
                && page.position.is_none()
            {
                let list = list.clone().paged(paging);
                read = self::read(self.upstream(), call, &list, page, &mut map).await;
            }
            let refusal = match read {
                Ok(listing) => {
                    return Ok(match list.paging {
                        Paging::Pages { .. } => listing.onward(page, trail),
                        Paging::Slices | Paging::Whole => listing,
                    });
                }
                Err(error) if is_diff(list.about.endpoint) => of_diff(error),
                Err(error) if !matches!(list.paging, Paging::Pages { .. }) => of_whole(error),
                Err(error) => error,
            };
            let about = About {
                position: page.position.as_ref(),
                ..list.about
            };
            self.settle(call, about, refusal).await?;
            Ok(Listing::empty())
        }
    }
}

/// The first of some objects that is there.
async fn first(
    upstream: &Upstream,
    call: &Call,
    gets: &[Get<'_>],
    goes_on: fn(&Error) -> bool,
) -> Result<Answer> {
    let mut answered = Err(Error::internal("nothing was asked for"));
    for get in gets {
        answered = upstream.get(call, get).await;
        match &answered {
            Err(error) if goes_on(error) => {}
            _ => break,
        }
    }
    answered
}

/// Whether an operation answers with a diff, whatever pages that is made of.
fn is_diff(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::CommitDiff | Endpoint::PullRequestDiff | Endpoint::Compare
    )
}

/// What a refusal comes to where a page goes on: the rest of the request was accepted on the first
/// one. A history that was rewritten loses the commit that its pages went by.
///
/// # Errors
/// `INVALID_CURSOR` when the place of the page is what is missing.
pub(crate) fn check_place(about: &About<'_>, refusal: &Error) -> Result<()> {
    let is_place = matches!(
        refusal.code(),
        Code::InvalidRequest | Code::ResourceNotFound
    );
    let Some(provider) = refusal.provider() else {
        return Ok(());
    };
    match about.position.is_some() && refusal.upstream_status().is_some() && is_place {
        true => Err(recode(
            refusal,
            Code::InvalidCursor,
            format!(
                "{} no longer knows where this page starts.",
                provider.name()
            ),
        )),
        false => Ok(()),
    }
}

/// What a refusal comes to where a missing thing looks like a missing repository: that one is looked
/// at. `Ok` for `off`, which is missing as a whole where it was switched off.
///
/// # Errors
/// The refusal, or that there is no such repository.
pub(crate) async fn settle_by_look<'a, F: Future<Output = Result<Answer>>>(
    about: About<'a>,
    refusal: Error,
    off: Endpoint,
    look: impl FnOnce(&'a RepoRef) -> F,
) -> Result<()> {
    check_place(&about, &refusal)?;
    let is_missing =
        refusal.upstream_status() == Some(404) && refusal.code() == Code::ResourceNotFound;
    let Some(repo) = about.repo.filter(|_| is_missing) else {
        return Err(refusal);
    };
    match look(repo).await {
        Err(error) if error.code() == Code::RepositoryNotFound => Err(error),
        Ok(_) if about.endpoint == off => Ok(()),
        _ => Err(refusal),
    }
}

/// A page without the rows that turned out to be none.
pub(crate) fn present<T>(page: Page<Option<T>>) -> Page<T> {
    Page {
        items: page.items.into_iter().flatten().collect(),
        next: page.next,
        errors: page.errors,
    }
}

async fn read<W, T>(
    upstream: &Upstream,
    call: &Call,
    list: &List<'_>,
    page: &PageRequest,
    map: &mut (impl FnMut(W) -> T + Send),
) -> Result<Listing<T>>
where
    W: DeserializeOwned,
    T: Send,
{
    let (start, end) = list.slice(page)?;
    let (mut items, mut count, mut broken) = (Vec::new(), 0, None);
    let mut each = |text: &[u8]| {
        count += 1;
        // What belongs to other slices is not read.
        if count <= start || count > end {
            return true;
        }
        match lenient::read::<Option<W>>(text) {
            Ok(row) => items.extend(row.map(&mut *map)),
            Err(error) => broken = Some(format!("row {count}: {}", unreadable(&error))),
        }
        broken.is_none()
    };
    let rows = Rows {
        at: list.at,
        each: &mut each,
    };
    let answer = upstream.rows(call, &list.get(page)?, rows).await?;
    if list.empty.contains(&answer.status()) {
        return Ok(Listing::empty());
    }
    if let Some(detail) = broken {
        return Err(answer.unusable(detail));
    }
    answer.json::<IgnoredAny>()?;
    if !answer.reply.has_list && !list.is_optional {
        return Err(answer.unusable("the answer is no list"));
    }
    let mut page = Page::new(items, list.next(&answer, page, count)?);
    page.errors.extend(answer.missing());
    Ok(Listing {
        page,
        answer: Some(answer),
    })
}
