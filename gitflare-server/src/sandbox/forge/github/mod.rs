//! GitHub's REST API as an Enterprise Server speaks it: routing, rights, limits and refusals. What
//! the objects look like stands in the other files.

pub(super) mod events;
mod hooks;
mod objects;
mod reads;

use std::{sync::Arc, time::UNIX_EPOCH};

use serde_json::json;

use super::{
    faults::message,
    http::{Answer, Request},
    now,
    oauth::{bearer, caller},
    people::{Person, Sees},
    story::number,
    world::{Repo, World},
};

/// Calls in an hour.
const LIMIT: u64 = 5000;

/// Who calls, for what is asked below.
pub(super) struct Caller {
    person: &'static Person,
    scope: String,
}

impl Caller {
    fn is_admin(&self) -> bool {
        self.person.sees == Sees::All
    }

    fn has_scope(&self, any_of: &[&str]) -> bool {
        self.scope
            .split([' ', ','])
            .any(|scope| any_of.contains(&scope))
    }
}

pub(super) async fn answer(world: &Arc<World>, request: &Request) -> Answer {
    let Some((person, scope)) = caller(world, request) else {
        let words = if bearer(request).is_some() {
            "Bad credentials"
        } else {
            "Requires authentication"
        };
        return message(401, words);
    };
    if request.header("user-agent").is_none() {
        return message(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
        );
    }
    let spent = {
        let mut state = world.state();
        let spent = state.spent.entry(person.login.to_owned()).or_default();
        *spent = (*spent + 1).min(LIMIT);
        *spent
    };
    let caller = Caller { person, scope };
    let answer = route(world, request, &caller).await;
    let tag = format!("W/\"{:x}\"", number(&String::from_utf8_lossy(&answer.body)));
    let unchanged = answer.status == 200
        && request.method == "GET"
        && request.header("if-none-match") == Some(tag.as_str());
    let answer = if unchanged {
        Answer::empty(304)
    } else {
        answer
    };
    let hour = now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
        / 3600;
    answer
        .with("etag", tag)
        .with("x-ratelimit-limit", LIMIT.to_string())
        .with("x-ratelimit-remaining", (LIMIT - spent).to_string())
        .with("x-ratelimit-used", spent.to_string())
        .with("x-ratelimit-reset", ((hour + 1) * 3600).to_string())
        .with("x-ratelimit-resource", "core")
        .with("x-oauth-scopes", caller.scope.replace(' ', ", "))
}

async fn route(world: &Arc<World>, request: &Request, caller: &Caller) -> Answer {
    let segments = request.segments("/api/v3");
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if request.path.ends_with('/') {
        return not_found();
    }
    let (repo, rest) = match segments[..] {
        ["user"] => return Answer::json(200, &objects::viewer(world, caller.person)),
        ["user", "repos"] => return reads::repositories(world, request, caller),
        ["user", "installations"] => return reads::installations(world, request, caller),
        ["user", "installations", _, "repositories"] => {
            return reads::installed(world, request, caller);
        }
        ["repositories", id, ref rest @ ..] => {
            let id = id.parse().ok();
            (
                id.and_then(|id| world.by_id(caller.person, id)),
                rest.to_vec(),
            )
        }
        ["repos", owner, name, ref rest @ ..] => {
            let full_name = format!("{owner}/{name}");
            if let Some(id) = world.state().renamed.get(&full_name) {
                let rest: String = rest.iter().map(|segment| format!("/{segment}")).collect();
                let to = format!("{}/api/v3/repositories/{id}{rest}", world.web_url());
                return message(301, "Moved Permanently").with("location", to);
            }
            (world.by_name(caller.person, &full_name), rest.to_vec())
        }
        _ => return not_found(),
    };
    let Some(repo) = repo else {
        return not_found();
    };
    let answered = match request.method.as_str() {
        "GET" | "HEAD" => reads::below(world, request, caller, &repo, &rest).await,
        _ => Ok(hooks::change(world, request, caller, &repo, &rest)),
    };
    answered.unwrap_or_else(|_| message(500, "Server Error"))
}

fn not_found() -> Answer {
    Answer::json(
        404,
        &json!({"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}),
    )
}

fn empty_repository() -> Answer {
    Answer::json(
        409,
        &json!({"message": "Git Repository is empty.", "documentation_url": "https://docs.github.com/rest", "status": "409"}),
    )
}

fn no_commit(name: &str) -> Answer {
    message(422, &format!("No commit found for SHA: {name}"))
}

fn url(world: &World, repo: &Repo, below: &str) -> String {
    format!("{}/{}{below}", world.web_url(), repo.full_name())
}
