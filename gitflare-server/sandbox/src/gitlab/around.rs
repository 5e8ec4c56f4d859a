//! What stands around a project: one fork, two labels, and every person of the host.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{lists::rows, objects};
use crate::kit::{Answer, Call, Repo, people::PEOPLE};

pub(super) async fn forks(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let fork = repo.fork_of(PEOPLE[1].login);
    let mut object = objects::project(call.world, &fork, 20);
    object["forked_from_project"] = json!({"id": repo.id, "path_with_namespace": repo.full_name()});
    Ok(rows(call, vec![object]))
}

pub(super) async fn labels(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let label = |id: u64, name: &str, color: &str, description: Option<&str>| {
        json!({
            "id": repo.id * 100 + id, "name": name, "color": color, "text_color": "#FFFFFF", "description": description,
            "subscribed": false, "priority": null, "is_project_label": true,
        })
    };
    let list = vec![
        label(1, "bug", "#d9534f", Some("Something isn't working")),
        label(2, "feature", "#0d55a6", None),
    ];
    Ok(rows(call, list))
}

fn everyone(call: &Call<'_>) -> impl Iterator<Item = Value> {
    let people = PEOPLE.iter();
    people.map(|person| objects::user(call.world, person))
}

pub(super) async fn starrers(call: &Call<'_>, _: &Repo) -> Result<Answer> {
    let starred = |user| json!({"starred_since": "2025-03-01T08:00:00.000Z", "user": user});
    Ok(rows(call, everyone(call).map(starred).collect()))
}

pub(super) async fn users(call: &Call<'_>, _: &Repo) -> Result<Answer> {
    Ok(rows(call, everyone(call).collect()))
}
