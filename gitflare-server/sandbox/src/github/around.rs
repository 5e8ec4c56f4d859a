//! What stands around a repository: one fork, two labels, and every person of the host.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{lists::rows, objects};
use crate::kit::{Answer, Call, Repo, people::PEOPLE};

pub(super) async fn forks(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let fork = repo.fork_of(PEOPLE[1].login);
    let mut object = objects::repository(call.world, &fork, false);
    object["fork"] = json!(true);
    Ok(rows(call, vec![object]))
}

pub(super) async fn labels(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let label = |id: u64, name: &str, color: &str, description: Option<&str>| {
        json!({
            "id": repo.id * 100 + id, "name": name, "color": color, "description": description, "default": id == 1,
            "url": objects::repo_api(call.world, repo, &format!("/labels/{name}")),
        })
    };
    let list = vec![
        label(1, "bug", "d73a4a", Some("Something isn't working")),
        label(2, "feature", "0d55a6", None),
    ];
    Ok(rows(call, list))
}

/// Those who gave a star, those who watch, and those who can be assigned: everyone.
pub(super) async fn people(call: &Call<'_>, _: &Repo) -> Result<Answer> {
    let people: Vec<Value> = PEOPLE
        .iter()
        .map(|person| objects::user(call.world, person))
        .collect();
    Ok(rows(call, people))
}
