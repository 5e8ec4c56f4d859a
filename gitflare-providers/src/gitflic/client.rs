//! How GitFlic is asked: paths by the names of owner and project, pages counted from 0. What an answer
//! holds is the business of the other files.
//!
//! An account may call 500 times an hour: what a refusal means is never found out by another call, and
//! the one thing that is looked up is whose a name is (`names.rs`). <https://docs.gitflic.ru/api/>

use std::{borrow::Cow, time::Duration};

use gitflare_core::{
    Code, Error, PageRequest, Position, Result,
    provider::{Call, Endpoint, ProviderId, RepoRef},
};

use serde::Deserialize;

use super::{
    api::{Around, KEYS},
    dialect::DIALECT,
    names::Names,
};
use crate::{
    http::Http,
    listing::{About, Api, List, Paging},
    oauth::{segment, web_url},
    request::Get,
    upstream::Upstream,
    upstream_answer::Answer,
    upstream_error::recode,
};

/// Pages by number. GitFlic says which is the last; how many rows came says nothing.
pub(super) const PAGES: Paging = Paging::Pages {
    ask,
    next,
    otherwise: None,
};

fn ask<'a>(get: Get<'a>, page: &'a PageRequest) -> Result<Get<'a>> {
    let number = match &page.position {
        Some(position) => {
            let mut fields = position.fields();
            let number = fields.number()?;
            fields.end()?;
            number
        }
        None => 0,
    };
    let (number, size) = (number.to_string(), page.limit.get().to_string());
    Ok(get.query("page", number).query("size", size))
}

fn next(answer: &Answer, page: &PageRequest, _: usize) -> Result<Option<Position>> {
    // The files of a commit come as they are.
    if answer.reply.body.trim_ascii_start().starts_with(b"[") {
        return Ok(None);
    }
    let around: Around = answer.json()?;
    if !around.has_one_list() {
        return Err(answer.unusable("more than one list of rows"));
    }
    let asked = match &page.position {
        Some(position) => position.fields().number()?,
        None => 0,
    };
    let number = around.page.number.unwrap_or(asked);
    // Behind the last page of a list that has become shorter there is no list either.
    let is_behind = number > 0 && number >= around.page.total_pages;
    if !answer.reply.has_list && around.page.total_elements != Some(0) && !is_behind {
        return Err(answer.unusable("the answer is no list"));
    }
    let next = number.saturating_add(1);
    Ok((next < around.page.total_pages).then(|| Position::new().number(next)))
}

/// Owner and project, by whose names GitFlic is asked; it finds none by its id.
pub(super) fn names(repo: &RepoRef) -> Result<(&str, &str)> {
    let name = repo.full_name.as_deref().unwrap_or_default();
    split(name).ok_or_else(|| {
        Error::upstream(
            Code::RepositoryNotFound,
            ProviderId::GITFLIC,
            "GitFlic finds a project by its name alone: ask for `owner/project`.",
        )
    })
}

/// `owner/project`, taken apart; `None` for what is no such name.
pub(super) fn split(full_name: &str) -> Option<(&str, &str)> {
    let (owner, project) = full_name.split_once('/')?;
    (!owner.is_empty() && !project.is_empty() && !project.contains('/')).then_some((owner, project))
}

/// A list below a project.
pub(super) fn below<'a>(
    endpoint: Endpoint,
    repo: &'a RepoRef,
    segments: &[&'a str],
) -> Result<List<'a>> {
    let (owner, project) = names(repo)?;
    let list = List::new(endpoint, &PAGES, &["project", owner, project]).of(repo);
    Ok(list.at(segments).embedded(KEYS).optional())
}

/// One object below a project.
pub(super) fn object(repo: &RepoRef, segments: &[&str]) -> Result<Get<'static>> {
    let (owner, project) = names(repo)?;
    Get::new(&[&["project", owner, project], segments].concat())
}

/// The pages of a GitFlic, for people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Web<'a>(&'a str);

impl Web<'_> {
    /// A page below a project.
    pub(super) fn project(self, repo: &RepoRef, rest: &[&str]) -> Option<String> {
        let (owner, project) = split(repo.full_name.as_deref()?)?;
        let segments = [&["project", owner, project], rest].concat();
        Some(self.page(&segments))
    }

    /// A page by its path.
    pub(super) fn page(self, segments: &[&str]) -> String {
        let mut page = self.0.to_owned();
        for part in segments {
            page.push('/');
            page.push_str(&segment(part));
        }
        page
    }

    /// The address of a picture, which may be a path below these pages.
    pub(super) fn picture(self, text: Option<String>) -> Option<String> {
        let text = text.filter(|text| !text.is_empty())?;
        match text.strip_prefix('/') {
            Some(_) => Some(format!("{}{text}", self.0)),
            None => Some(text),
        }
    }
}

/// What the rows of an answer say of the project that they belong to.
#[derive(Debug, Default)]
pub(super) struct Told {
    is_own: bool,
    /// Some row does not say.
    is_silent: bool,
    /// Another project.
    foreign: Option<String>,
}

impl Told {
    /// Takes in what one row says.
    pub(super) fn note(&mut self, repo: &RepoRef, project: Option<String>) {
        match project {
            Some(id) if id == repo.id => self.is_own = true,
            Some(id) => self.foreign = Some(id),
            None => self.is_silent = true,
        }
    }
}

/// One GitFlic.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) upstream: Upstream,
    web: String,
    names: Names,
}

impl Client {
    pub(super) fn new(http: Http, api_url: &str, web: Option<&str>) -> Result<Self> {
        Ok(Self {
            web: match web {
                Some(web) => web.trim_end_matches('/').to_owned(),
                None => pages_of(api_url)?,
            },
            upstream: Upstream::new(http, api_url, &DIALECT)?,
            names: Names::new(None),
        })
    }

    /// Believes names for that long.
    pub(super) fn believe_names_for(&mut self, time: Duration) {
        self.names = Names::new(Some(time));
    }

    /// Notes that a project was seen under a name.
    pub(super) fn note(&self, call: &Call, name: &str, id: &str) {
        self.names.note(call, name, id);
    }

    /// The project that has the repository's name, if that is the same one still.
    pub(super) async fn project(&self, call: &Call, repo: &RepoRef) -> Result<Answer> {
        let answer = self.upstream.get(call, &object(repo, &[])?).await?;
        let found: WireId = answer.json()?;
        self.note(
            call,
            repo.full_name.as_deref().unwrap_or_default(),
            &found.id,
        );
        match found.id == repo.id {
            true => Ok(answer),
            false => Err(another()),
        }
    }

    /// Whether a project that was named by an answer is this one.
    pub(super) fn check(&self, call: &Call, repo: &RepoRef, project: Option<&str>) -> Result<()> {
        if project.is_none_or(|id| id == repo.id) {
            return Ok(());
        }
        let name = repo.full_name.as_deref().unwrap_or_default();
        self.names.forget(call, name);
        Err(another())
    }

    /// Holds what was read to the repository, by what it says of itself. Where it does not say, the
    /// project is admitted as for any other read.
    pub(super) async fn vouch(&self, call: &Call, repo: &RepoRef, told: Told) -> Result<()> {
        self.check(call, repo, told.foreign.as_deref())?;
        if told.is_own && !told.is_silent {
            let name = repo.full_name.as_deref().unwrap_or_default();
            self.note(call, name, &repo.id);
            return Ok(());
        }
        self.admit(call, repo).await
    }

    /// Whether the name is believed to be the repository's own, so that a read needs no look.
    pub(super) fn is_believed(&self, call: &Call, repo: &RepoRef) -> bool {
        self.names.is_own(call, repo) == Some(true)
    }

    /// The base of the pages of the GitFlic that a call reads.
    pub(super) fn web(&self, call: &Call) -> Result<Cow<'_, str>> {
        Ok(match &call.api_base_url {
            Some(url) => Cow::Owned(pages_of(url)?),
            None => Cow::Borrowed(&self.web),
        })
    }
}

/// The pages that belong to an API: below a host of its own, or beside it.
pub(super) fn pages_of(api_url: &str) -> Result<String> {
    web_url(api_url, "/rest-api")
}

pub(super) fn web(base: &str) -> Web<'_> {
    Web(base)
}

impl Api for Client {
    fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// A project is looked at before it is read, unless its name is believed.
    async fn admit(&self, call: &Call, repo: &RepoRef) -> Result<()> {
        let is_own = match self.names.is_own(call, repo) {
            Some(is_own) => is_own,
            None => {
                let _turn = self.names.turn(repo).await;
                match self.names.is_own(call, repo) {
                    Some(is_own) => is_own,
                    None => return self.project(call, repo).await.map(drop),
                }
            }
        };
        if is_own { Ok(()) } else { Err(another()) }
    }

    async fn settle(&self, call: &Call, about: About<'_>, refusal: Error) -> Result<()> {
        // Who is gone may come back as somebody else.
        if let (Code::RepositoryNotFound, Some(repo)) = (refusal.code(), about.repo)
            && let Some(name) = &repo.full_name
        {
            self.names.forget(call, name);
        }
        match (refusal.upstream_status(), about.endpoint) {
            // The project is there, as it was read by its name: what is missing is the thing itself.
            (
                Some(404 | 410),
                Endpoint::CommitDiff
                | Endpoint::PullRequestDiff
                | Endpoint::Commit
                | Endpoint::PullRequest
                | Endpoint::Comments
                | Endpoint::Contents,
            ) => Err(missing(&refusal)),
            (Some(404), Endpoint::Commits | Endpoint::FileTree) => Err(refusal),
            // Without a branch there are no commits.
            (Some(404), _) if refusal.code() == Code::ResourceNotFound => Ok(()),
            _ => Err(refusal),
        }
    }
}

/// The refusal, where it was about something inside of the project.
pub(super) fn missing(refusal: &Error) -> Error {
    match refusal.code() {
        Code::RepositoryNotFound if refusal.upstream_status().is_some() => recode(
            refusal,
            Code::ResourceNotFound,
            "GitFlic has no such resource, or the connection cannot see it.",
        ),
        _ => refusal.clone(),
    }
}

/// The name went to another project, which nobody has approved.
fn another() -> Error {
    Error::upstream(
        Code::RepositoryNotFound,
        ProviderId::GITFLIC,
        "GitFlic has another project under this name now.",
    )
}

#[derive(Debug, Deserialize)]
struct WireId {
    id: String,
}
