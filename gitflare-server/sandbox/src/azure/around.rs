//! What stands around a repository: one fork, which is listed by the id of its organization.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{error, lists::whole, objects};
use crate::kit::{Answer, Call, Repo, people::PEOPLE};

pub(super) async fn forks(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let instance = objects::connection(&PEOPLE[0])["instanceId"].clone();
    if instance != call.name("collection") {
        return Ok(error(
            404,
            "CollectionDoesNotExistException",
            "There is no such collection.",
        ));
    }
    let fork = Repo {
        owner: repo.owner.clone(),
        name: format!("{}.{}", repo.name, PEOPLE[1].login),
        ..repo.fork_of(PEOPLE[1].login)
    };
    let mut object = objects::repository(call.world, &fork);
    // The short form, and whose collection it is in.
    if let Some(members) = object.as_object_mut() {
        let long = [
            "defaultBranch",
            "size",
            "webUrl",
            "isDisabled",
            "isInMaintenance",
        ];
        members.retain(|name, _| !long.contains(&name.as_str()));
    }
    object["isFork"] = Value::Bool(true);
    object["collection"] = json!({"id": instance, "name": repo.owner});
    Ok(whole(&[object]))
}
