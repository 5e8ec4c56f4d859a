//! Who wrote the commits of the default branch, merges included, by the author's e-mail without
//! regard to case. Mailmap files are not applied: commits show the same names. A history that has
//! grown since it was counted costs its new commits alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gitflare_core::{Page, PageRequest, Result, model::Contributor, provider::RefSelector};
use gix::ObjectId;
use tokio::sync::watch;

use super::{
    errors,
    folder::FolderId,
    history,
    objects::RawCommit,
    ranges,
    recent::{Recent, Weight},
    repo::{HistoryKey, Repo, counted, read_counted},
};

/// The remembered lists: at most 64, together at most this many people.
const MAX_PEOPLE: usize = 100_000;

/// The most counts that run or wait for a thread.
const MAX_COUNTS: usize = 64;

/// How a count has ended; `None` while it runs.
pub(super) type Counted = Option<Result<Arc<Vec<Contributor>>>>;

/// The people of the histories that were counted last, and the counts that run.
#[derive(Debug)]
pub(super) struct People {
    known: Recent<HistoryKey, Arc<Vec<Contributor>>>,
    /// Where the last count of each folder began: the next one may go on from there.
    last: Recent<FolderId, ObjectId>,
    running: Mutex<Vec<(HistoryKey, watch::Receiver<Counted>)>>,
}

/// What a request for a page meets.
pub(super) enum Step {
    /// The history is counted.
    Done(Page<Contributor>),
    /// It is to be counted first.
    Count(Count),
}

/// A count that a page waits for: one for all who wait for the same history.
pub(super) struct Count {
    pub(super) key: HistoryKey,
    pub(super) tip: ObjectId,
    sent: usize,
    limit: usize,
    result: watch::Receiver<Counted>,
    /// Where the result is told, for the one who has to begin the count.
    pub(super) begin: Option<watch::Sender<Counted>>,
}

impl Count {
    /// Waits for the result.
    pub(super) async fn page(mut self) -> Result<Page<Contributor>> {
        let counted = self.result.wait_for(Option::is_some).await;
        let counted = counted.map(|counted| counted.clone());
        match counted {
            Ok(Some(all)) => Ok(slice(&all?, self.tip, self.sent, self.limit)),
            Ok(None) | Err(_) => Err(errors::unreadable("a count has ended without a result")),
        }
    }
}

impl Weight for Arc<Vec<Contributor>> {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl Weight for ObjectId {
    fn weight(&self) -> usize {
        1
    }
}

impl People {
    pub(super) fn new() -> Self {
        Self {
            known: Recent::new(64, MAX_PEOPLE),
            last: Recent::new(64, 64),
            running: Mutex::new(Vec::new()),
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<(HistoryKey, watch::Receiver<Counted>)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The count of a history that runs, or else the place for the result of a new one.
    fn join(
        &self,
        key: HistoryKey,
    ) -> Result<(watch::Receiver<Counted>, Option<watch::Sender<Counted>>)> {
        let mut running = self.running();
        if let Some((_, result)) = running.iter().find(|(other, _)| *other == key) {
            return Ok((result.clone(), None));
        }
        if running.len() >= MAX_COUNTS {
            return Err(errors::busy());
        }
        let (sender, receiver) = watch::channel(None);
        running.push((key, receiver.clone()));
        Ok((receiver, Some(sender)))
    }

    /// Keeps the result of a count, and lets another one begin.
    pub(super) fn end(&self, key: HistoryKey, result: &Result<Arc<Vec<Contributor>>>) {
        if let Ok(all) = result {
            self.known.insert(key, Arc::clone(all));
        }
        self.running().retain(|(other, _)| *other != key);
    }
}

/// Begins to answer a page.
pub(super) fn begin(repo: &Repo, people: &People, page: &PageRequest) -> Result<Step> {
    let (tip, sent) = match &page.position {
        Some(position) => read_counted(repo, position)?,
        None => match repo.resolve(&RefSelector::DefaultBranch)? {
            Some(tip) => (tip, 0),
            None => return Ok(Step::Done(Page::last(Vec::new()))),
        },
    };
    let (key, limit) = (repo.history_key(tip), page.limit.get());
    if let Some(all) = people.known.find(&key) {
        return Ok(Step::Done(slice(&all, tip, sent, limit)));
    }
    let (result, begin) = people.join(key)?;
    Ok(Step::Count(Count {
        key,
        tip,
        sent,
        limit,
        result,
        begin,
    }))
}

fn slice(all: &[Contributor], tip: ObjectId, sent: usize, limit: usize) -> Page<Contributor> {
    let rest = all.get(sent..).unwrap_or_default();
    Page::new(
        rest.iter().take(limit).cloned().collect(),
        (rest.len() > limit).then(|| counted(tip, sent + limit)),
    )
}

/// Everybody in the history of a commit: most commits first, then by e-mail. The name and spelling
/// are those of the newest commit.
pub(super) fn count(repo: &Repo, people: &People, tip: ObjectId) -> Result<Vec<Contributor>> {
    let all = match continued(repo, people, tip)? {
        Some(all) => all,
        None => {
            let mut all = Tally::default();
            history::for_each(repo, tip, |commit| all.add(commit))?;
            all
        }
    };
    // A shallow copy can be deepened: what it lacks now is no part of what was counted.
    if !repo.is_shallow()? {
        people.last.insert(repo.folder(), tip);
    }
    Ok(all.in_order())
}

/// The last count of this repository and what has come since; `None` when it has to be counted anew.
fn continued(repo: &Repo, people: &People, tip: ObjectId) -> Result<Option<Tally>> {
    let last = people.last.find(&repo.folder());
    let known = last.and_then(|last| Some((last, people.known.find(&repo.history_key(last))?)));
    let Some((last, known)) = known else {
        return Ok(None);
    };
    if repo.is_shallow()? || repo.header(last)?.is_none() {
        return Ok(None);
    }
    let Some(since) = ranges::since(repo, last, tip)? else {
        return Ok(None);
    };
    let mut all = Tally::default();
    for id in since {
        repo.deadline.check()?;
        all.add(&repo.commit(id)?);
    }
    Ok(all.with_older(&known))
}

/// People by e-mail, or by name where they gave none.
#[derive(Debug, Default)]
struct Tally(HashMap<(String, Option<String>), Contributor>);

impl Tally {
    /// Counts a commit, an older one after a newer one.
    fn add(&mut self, commit: &RawCommit) {
        let author = commit.author().unwrap_or_default();
        let id = author.email.as_deref().map(str::to_ascii_lowercase);
        // Without an e-mail only the name tells people apart.
        let name = author.name.clone().filter(|_| id.is_none());
        let key = (id.clone().unwrap_or_default(), name);
        let person = self.0.entry(key).or_insert_with(|| Contributor {
            id,
            login: None,
            name: None,
            email: author.email,
            avatar_url: None,
            contributions: Some(0),
            web_url: None,
        });
        if person.name.is_none() {
            person.name = author.name;
        }
        person.contributions = person.contributions.map(|count| count + 1);
    }

    /// Adds the people of older commits. `None` when somebody is spelled otherwise there: a branch
    /// that was merged since may be older than they are, and only the whole history tells.
    fn with_older(mut self, older: &[Contributor]) -> Option<Self> {
        for person in older {
            let name = person.name.clone().filter(|_| person.id.is_none());
            let key = (person.id.clone().unwrap_or_default(), name);
            let Some(newer) = self.0.get_mut(&key) else {
                self.0.insert(key, person.clone());
                continue;
            };
            if (&newer.name, &newer.email) != (&person.name, &person.email) {
                return None;
            }
            let count = newer.contributions.zip(person.contributions);
            newer.contributions = count.map(|(newer, older)| newer + older);
        }
        Some(self)
    }

    fn in_order(self) -> Vec<Contributor> {
        let mut people: Vec<_> = self.0.into_iter().collect();
        people.sort_unstable_by(|(a_key, a), (b_key, b)| {
            let order = b.contributions.cmp(&a.contributions);
            order.then_with(|| a_key.cmp(b_key))
        });
        people.into_iter().map(|(_, person)| person).collect()
    }
}
