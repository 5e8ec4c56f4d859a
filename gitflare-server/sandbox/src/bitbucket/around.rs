//! What stands around a repository: one fork, and every person of the host as a watcher.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    lists::{NUMBERED, page},
    objects,
};
use crate::kit::{Answer, Call, Repo, people::PEOPLE};

pub(super) async fn forks(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let fork = repo.fork_of(PEOPLE[1].login);
    let mut object = objects::repository(call.world, &fork);
    object["parent"] = json!({"type": "repository", "full_name": repo.full_name()});
    Ok(page(call, NUMBERED, vec![object]))
}

pub(super) async fn watchers(call: &Call<'_>, _: &Repo) -> Result<Answer> {
    let people: Vec<Value> = PEOPLE
        .iter()
        .map(|person| objects::user(call.world, person))
        .collect();
    Ok(page(call, NUMBERED, people))
}
