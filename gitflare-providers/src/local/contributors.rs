//! Who wrote the commits of the default branch, merges included, by the author's e-mail without
//! regard to case. Mailmap files are not applied: commits show the same names.

use std::{collections::HashMap, sync::Arc};

use gitflare_core::{Page, PageRequest, Result, model::Contributor, provider::RefSelector};
use gix::ObjectId;

use super::{
    history,
    recent::{Recent, Weight},
    repo::{HistoryKey, Repo, counted, read_counted},
};

/// The remembered lists: at most 64, together at most this many people.
const MAX_PEOPLE: usize = 100_000;

#[derive(Debug)]
pub(super) struct People(Recent<HistoryKey, Arc<Vec<Contributor>>>);

impl Weight for Arc<Vec<Contributor>> {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl People {
    pub(super) fn new() -> Self {
        Self(Recent::new(64, MAX_PEOPLE))
    }
}

pub(super) fn list(repo: &Repo, people: &People, page: &PageRequest) -> Result<Page<Contributor>> {
    let (tip, sent) = match &page.position {
        Some(position) => read_counted(repo, position)?,
        None => match repo.resolve(&RefSelector::DefaultBranch)? {
            Some(tip) => (tip, 0),
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let key = repo.history_key(tip);
    let all = match people.0.find(&key) {
        Some(all) => all,
        None => {
            let all = Arc::new(count(repo, tip)?);
            people.0.insert(key, Arc::clone(&all));
            all
        }
    };
    let rest = all.get(sent..).unwrap_or_default();
    let limit = page.limit.get();
    let next = (rest.len() > limit).then(|| counted(tip, sent + limit));
    Ok(Page::new(rest.iter().take(limit).cloned().collect(), next))
}

/// Most commits first, then by e-mail. The name and spelling are those of the newest commit.
fn count(repo: &Repo, tip: ObjectId) -> Result<Vec<Contributor>> {
    let mut people: HashMap<(String, Option<String>), Contributor> = HashMap::new();
    history::for_each(repo, tip, |commit| {
        let author = commit.author().unwrap_or_default();
        let id = author.email.as_deref().map(str::to_ascii_lowercase);
        // Without an e-mail only the name tells people apart.
        let name = author.name.clone().filter(|_| id.is_none());
        let person = people
            .entry((id.clone().unwrap_or_default(), name))
            .or_insert_with(|| Contributor {
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
    })?;
    let mut people: Vec<_> = people.into_iter().collect();
    people.sort_unstable_by(|(a_key, a), (b_key, b)| {
        let order = b.contributions.cmp(&a.contributions);
        order.then_with(|| a_key.cmp(b_key))
    });
    Ok(people.into_iter().map(|(_, person)| person).collect())
}
