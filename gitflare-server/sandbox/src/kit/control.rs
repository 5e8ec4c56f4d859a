//! The control surface of an emulated host, which no real one has: faults, counted calls, events
//! on demand, renames, and the end of tokens.

use gitflare_core::{Result, model::EventName};
use serde_json::{Value, json};

use super::{
    Answer, Call, Repo, Routes,
    delivery::{self, Naming},
    fault::Fault,
    people::PEOPLE,
    routes, sign_in,
};

/// Below `/__`, whatever the provider.
const ROUTES: Routes = routes! {
    open {
        POST "/__sign-in" => decide,
        POST "/__faults" => add_fault,
        DELETE "/__faults" => clear_faults,
        GET "/__calls" => calls,
        DELETE "/__calls" => clear_calls,
        GET "/__targets" => targets,
        GET "/__hooks" => hooks,
        GET "/__people" => people,
        POST "/__expire" => expire,
        POST "/__rename" => rename,
        POST "/__remove" => remove,
        POST "/__emit" => emit,
    }
    account {}
    repository {}
};

/// Answers a call of the control surface.
pub(crate) async fn answer(call: &mut Call<'_>) -> Answer {
    let path = call.request.segments("");
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    let Some(handler) = call.find(ROUTES.open, &path) else {
        return Answer::message(404, "no such control");
    };
    let failed = |error: gitflare_core::Error| Answer::message(500, error.message());
    handler(call).await.unwrap_or_else(failed)
}

async fn decide(call: &Call<'_>) -> Result<Answer> {
    let granted = match sign_in::decide(call.world, call.request) {
        Ok(granted) => granted,
        Err(answer) => return Ok(answer),
    };
    if !call.dialect.posts_codes() {
        return Ok(granted.redirect());
    }
    let body = json!({"code": granted.code, "state": granted.state}).to_string();
    // The browser goes on whatever the application's server says.
    let _ = delivery::post(&granted.uri, "", &body).await;
    Ok(Answer::empty(302).with("location", granted.uri))
}

async fn add_fault(call: &Call<'_>) -> Result<Answer> {
    Ok(match serde_json::from_slice::<Fault>(&call.request.body) {
        Ok(fault) => {
            call.world.state().faults.push(fault);
            Answer::empty(204)
        }
        Err(error) => Answer::message(400, &error.to_string()),
    })
}

async fn clear_faults(call: &Call<'_>) -> Result<Answer> {
    call.world.state().faults.clear();
    Ok(Answer::empty(204))
}

/// How often each method and path was called.
async fn calls(call: &Call<'_>) -> Result<Answer> {
    Ok(Answer::json(200, &json!(call.world.state().calls)))
}

/// What was called, with its query, in order.
async fn targets(call: &Call<'_>) -> Result<Answer> {
    Ok(Answer::json(200, &json!(call.world.state().targets)))
}

async fn clear_calls(call: &Call<'_>) -> Result<Answer> {
    let mut state = call.world.state();
    state.calls.clear();
    state.targets.clear();
    Ok(Answer::empty(204))
}

async fn hooks(call: &Call<'_>) -> Result<Answer> {
    let state = call.world.state();
    let rows: Vec<Value> = state
        .hooks
        .iter()
        .map(|hook| json!({"id": hook.id, "repository": hook.repo, "url": hook.url, "events": hook.events}))
        .collect();
    Ok(Answer::json(200, &json!(rows)))
}

/// Every account, with a new personal access token.
async fn people(call: &Call<'_>) -> Result<Answer> {
    let rows: Vec<Value> = PEOPLE
        .iter()
        .map(|person| {
            let token = call.world.tokens().personal(person.login);
            json!({"id": person.id, "login": person.login, "name": person.name, "personalAccessToken": token})
        })
        .collect();
    Ok(Answer::json(200, &json!(rows)))
}

async fn expire(call: &Call<'_>) -> Result<Answer> {
    call.world.tokens().expire();
    Ok(Answer::empty(204))
}

/// `{repository, name, replace}`: renames, and with `replace` makes another repository of the
/// former name.
async fn rename(call: &Call<'_>) -> Result<Answer> {
    let body = call.request.json();
    let from = body["repository"].as_str().unwrap_or_default().to_owned();
    let to = body["name"].as_str().unwrap_or_default().to_owned();
    let mut state = call.world.state();
    let Some(at) = state.repos.iter().position(|repo| repo.full_name() == from) else {
        return Ok(no_repository());
    };
    let former = state.repos[at].clone();
    state.repos[at].name = to;
    if body["replace"] == Value::Bool(true) {
        state.last_id += 1;
        let id = state.last_id;
        state.repos.push(Repo { id, ..former });
        Ok(Answer::json(201, &json!({"id": id})))
    } else {
        state.renamed.insert(from, former.id);
        Ok(Answer::json(200, &json!({"id": former.id})))
    }
}

/// `{repository}`: deletes it.
async fn remove(call: &Call<'_>) -> Result<Answer> {
    let body = call.request.json();
    let name = body["repository"].as_str().unwrap_or_default();
    let mut state = call.world.state();
    let before = state.repos.len();
    state.repos.retain(|repo| repo.full_name() != name);
    Ok(match state.repos.len() < before {
        true => Answer::empty(204),
        false => no_repository(),
    })
}

/// `{repository, event, delivery, nameless, hostile}`: sends what the provider would send to every hook
/// that asked for it; `delivery` repeats an earlier one, `nameless: true` sends no id, `hostile: true`
/// scripts in the place of addresses. Where no hook asked, `message` says so and how one is made.
async fn emit(call: &Call<'_>) -> Result<Answer> {
    let body = call.request.json();
    let name = body["repository"].as_str().unwrap_or_default();
    let event = body["event"].as_str().unwrap_or_default();
    let naming = match (&body["nameless"], body["delivery"].as_str()) {
        (Value::Bool(true), _) => Naming::Nameless,
        (_, Some(id)) => Naming::Again(id),
        (_, None) => Naming::New,
    };
    let repo = call.world.named(name);
    let Some(repo) = repo else {
        return Ok(no_repository());
    };
    let is_hostile = body["hostile"] == Value::Bool(true);
    let sent = delivery::deliver(call.world, call.dialect, &repo, event, naming, is_hostile);
    let sent = sent.await;
    Ok(match sent {
        Ok(deliveries) if deliveries.is_empty() => {
            let message = unheard(call, &repo, event);
            Answer::json(200, &json!({"deliveries": deliveries, "message": message}))
        }
        Ok(deliveries) => Answer::json(200, &json!({"deliveries": deliveries})),
        Err(error) => Answer::message(400, &error),
    })
}

/// Why an event went to nobody, and what would change that.
fn unheard(call: &Call<'_>, repo: &Repo, event: &str) -> String {
    let (id, name) = (call.world.identity.id, repo.full_name());
    let hooks = call.world.hooks(repo).len();
    // Some names here are variants of an event, for tests: nobody subscribes to these.
    let wanted = EventName::parse(event).map_or("...", EventName::as_str);
    format!(
        "Nobody is subscribed to `{event}` of {name} here: of its {hooks} hooks none asks for it. An app subscribes \
         at the gateway, with POST /v1/repositories/{id}/{}/events/subscribe and the body \
         {{\"callbackUrl\": \"...\", \"events\": [\"{wanted}\"]}}; the gateway's /docs/events has the whole way.",
        call.dialect
            .spoken_name(&name)
            .replace('/', "%2F")
            .replace(' ', "%20"),
    )
}

fn no_repository() -> Answer {
    Answer::message(404, "no such repository")
}
