//! The control surface of an emulated forge, which no real one has: faults, counted calls, events
//! on demand, renames, and the end of tokens.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    delivery,
    faults::Fault,
    http::{Answer, Request},
    people::PEOPLE,
    world::{Repo, World},
};

pub(super) async fn answer(world: &Arc<World>, request: &Request) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/__sign-in") => {
            super::oauth::answer(world, request).unwrap_or_else(|| Answer::empty(404))
        }
        ("POST", "/__faults") => match serde_json::from_slice::<Fault>(&request.body) {
            Ok(fault) => {
                world.state().faults.push(fault);
                Answer::empty(204)
            }
            Err(error) => Answer::json(400, &json!({"message": error.to_string()})),
        },
        ("DELETE", "/__faults") => {
            world.state().faults.clear();
            Answer::empty(204)
        }
        ("GET", "/__calls") => Answer::json(200, &json!(world.state().calls)),
        ("DELETE", "/__calls") => {
            world.state().calls.clear();
            Answer::empty(204)
        }
        ("GET", "/__hooks") => {
            let state = world.state();
            let rows: Vec<Value> = state
                .hooks
                .iter()
                .map(|hook| json!({"id": hook.id, "repository": hook.repo, "url": hook.url, "events": hook.events}))
                .collect();
            Answer::json(200, &json!(rows))
        }
        ("GET", "/__people") => {
            let rows: Vec<Value> = PEOPLE
                .iter()
                .map(|person| {
                    let token = world.tokens().personal(person.login);
                    json!({"id": person.id, "login": person.login, "name": person.name, "personalAccessToken": token})
                })
                .collect();
            Answer::json(200, &json!(rows))
        }
        ("POST", "/__expire") => {
            world.tokens().expire();
            Answer::empty(204)
        }
        ("POST", "/__rename") => rename(world, &request.json()),
        ("POST", "/__emit") => emit(world, &request.json()).await,
        _ => Answer::json(404, &json!({"message": "no such control"})),
    }
}

/// `{repository, name, replace}`: renames, and with `replace` makes another repository of the
/// former name.
fn rename(world: &World, wish: &Value) -> Answer {
    let from = wish["repository"].as_str().unwrap_or_default().to_owned();
    let to = wish["name"].as_str().unwrap_or_default().to_owned();
    let mut state = world.state();
    let Some(at) = state.repos.iter().position(|repo| repo.full_name() == from) else {
        return Answer::json(404, &json!({"message": "no such repository"}));
    };
    let former = state.repos[at].clone();
    state.repos[at].name = to;
    if wish["replace"] == Value::Bool(true) {
        state.last_id += 1;
        let id = state.last_id;
        state.repos.push(Repo { id, ..former });
        Answer::json(201, &json!({"id": id}))
    } else {
        state.renamed.insert(from, former.id);
        Answer::json(200, &json!({"id": former.id}))
    }
}

/// `{repository, event}`: sends what the provider would send to every hook that asked for it.
async fn emit(world: &Arc<World>, wish: &Value) -> Answer {
    let name = wish["repository"].as_str().unwrap_or_default();
    let event = wish["event"].as_str().unwrap_or_default();
    let repo = world
        .state()
        .repos
        .iter()
        .find(|repo| repo.full_name() == name)
        .cloned();
    let Some(repo) = repo else {
        return Answer::json(404, &json!({"message": "no such repository"}));
    };
    match delivery::deliver(world, &repo, event, wish["delivery"].as_str()).await {
        Ok(deliveries) => Answer::json(200, &json!({"deliveries": deliveries})),
        Err(error) => Answer::json(400, &json!({"message": error})),
    }
}
