//! Which branch is a repository's default one, as each connection saw it last: GitHub's list of
//! branches does not say. What one connection saw tells nothing to another, which may not see the
//! repository. Kept in memory, per node; bounded, and what is forgotten or old is unknown.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use gitflare_core::{ConnectionId, model::Repository};
use hashlink::LruCache;

/// How many are remembered; of 100 bytes or so each.
const MAX_KNOWN: usize = 20_000;
/// The longest name that is remembered.
const MAX_NAME: usize = 255;
/// How long a look is believed: a default branch can change.
const HOLDS: Duration = Duration::from_secs(60 * 60);

/// The default branches that were seen.
#[derive(Debug)]
pub(super) struct DefaultBranches(Mutex<LruCache<(ConnectionId, String), Seen>>);

#[derive(Debug)]
struct Seen {
    name: String,
    at: Instant,
}

impl Default for DefaultBranches {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAX_KNOWN)))
    }
}

impl DefaultBranches {
    /// Remembers what a row says, and gives it back.
    pub(super) fn note(&self, row: Repository) -> Repository {
        self.note_at(row, Instant::now())
    }

    fn note_at(&self, row: Repository, at: Instant) -> Repository {
        let key = (row.connection_id.clone(), row.id.clone());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &row.default_branch {
            Some(name) if name.len() <= MAX_NAME => {
                let name = name.clone();
                known.insert(key, Seen { name, at });
            }
            Some(_) | None => drop(known.remove(&key)),
        }
        row
    }

    /// The default branch of a repository; `None` when this connection has not looked at it within
    /// the last hour.
    pub(super) fn find(&self, connection: &ConnectionId, repository: &str) -> Option<String> {
        self.find_at(connection, repository, Instant::now())
    }

    fn find_at(&self, connection: &ConnectionId, repository: &str, now: Instant) -> Option<String> {
        let key = (connection.clone(), repository.to_owned());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = known.get(&key)?;
        (now.saturating_duration_since(seen.at) < HOLDS).then(|| seen.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use gitflare_core::model::Owner;
    use gitflare_core::provider::ProviderId;

    use super::*;

    fn connection(name: &str) -> ConnectionId {
        ConnectionId::parse(name).unwrap()
    }

    fn row(seen_by: &str, id: usize, default_branch: Option<&str>) -> Repository {
        Repository {
            provider: ProviderId::GITHUB,
            connection_id: connection(seen_by),
            id: id.to_string(),
            node_id: None,
            name: "n".to_owned(),
            full_name: "o/n".to_owned(),
            owner: Owner {
                id: None,
                login: None,
                kind: None,
            },
            description: None,
            private: None,
            visibility: None,
            archived: None,
            fork: None,
            default_branch: default_branch.map(str::to_owned),
            language: None,
            web_url: None,
            clone_url: None,
            created_at: None,
            updated_at: None,
            pushed_at: None,
        }
    }

    #[test]
    fn a_look_is_known_to_its_connection_until_it_is_old_or_undone() {
        let (known, now) = (DefaultBranches::default(), Instant::now());
        let seen = |by: &str, now| known.find_at(&connection(by), "7", now);
        known.note_at(row("conn_1", 7, Some("trunk")), now);
        assert_eq!(seen("conn_1", now).as_deref(), Some("trunk"));
        assert_eq!(seen("conn_2", now), None);
        assert_eq!(seen("conn_1", now + HOLDS), None);
        known.note_at(row("conn_1", 7, Some("main")), now + HOLDS);
        assert_eq!(seen("conn_1", now + HOLDS).as_deref(), Some("main"));
        known.note_at(row("conn_1", 7, None), now + HOLDS);
        assert_eq!(seen("conn_1", now + HOLDS), None);
        let long = "x".repeat(MAX_NAME + 1);
        known.note_at(row("conn_1", 7, Some(&long)), now);
        assert_eq!(seen("conn_1", now), None);
    }

    #[test]
    fn beyond_the_bound_the_longest_unused_is_forgotten() {
        let (known, now) = (DefaultBranches::default(), Instant::now());
        for id in 0..=MAX_KNOWN {
            known.note_at(row("conn_1", id, Some("main")), now);
        }
        let found = |id: usize| known.find_at(&connection("conn_1"), &id.to_string(), now);
        assert_eq!((found(0), found(1).is_some()), (None, true));
    }
}
