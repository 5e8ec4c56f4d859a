//! GitLab's REST API as a self-managed instance speaks it: routing, rights, limits and refusals.
//! What the objects look like stands in the other files.

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
    oauth::caller,
    people::{Person, Sees},
    story::number,
    world::{Repo, World},
};

/// Calls in a minute.
const LIMIT: u64 = 2000;

/// Who calls, for what is asked below.
pub(super) struct Caller {
    person: &'static Person,
    scope: String,
}

impl Caller {
    fn is_maintainer(&self) -> bool {
        self.person.sees == Sees::All
    }

    fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|known| known == scope)
    }
}

pub(super) async fn answer(world: &Arc<World>, request: &Request) -> Answer {
    let Some((person, scope)) = caller(world, request) else {
        return message(401, "401 Unauthorized");
    };
    let minute = now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
        / 60;
    let spent = {
        let mut state = world.state();
        let spent = state
            .spent
            .entry(format!("{} {minute}", person.login))
            .or_default();
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
    answer
        .with("etag", tag)
        .with("ratelimit-limit", LIMIT.to_string())
        .with("ratelimit-observed", spent.to_string())
        .with("ratelimit-remaining", (LIMIT - spent).to_string())
        .with("ratelimit-reset", ((minute + 1) * 60).to_string())
        .with("ratelimit-name", "throttle_authenticated_api")
}

async fn route(world: &Arc<World>, request: &Request, caller: &Caller) -> Answer {
    let segments = request.segments("/api/v4");
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let reading = matches!(request.method.as_str(), "GET" | "HEAD");
    let readable = ["api", "read_api"]
        .iter()
        .any(|scope| caller.has_scope(scope));
    let (repo, rest) = match segments[..] {
        ["user"] if readable || caller.has_scope("read_user") => {
            return Answer::json(200, &objects::viewer(world, caller.person));
        }
        _ if !readable => return insufficient_scope("read_api"),
        ["metadata" | "version"] => {
            return Answer::json(200, &json!({"version": "18.5.0", "revision": "emulated"}));
        }
        ["projects"] => return reads::projects(world, request, caller),
        ["projects", id, ref rest @ ..] => {
            let repo = match id.parse() {
                Ok(id) => world.by_id(caller.person, id),
                Err(_) => world.by_name(caller.person, id),
            };
            let moved = world.state().renamed.get(id).copied();
            if let (None, Some(id)) = (&repo, moved) {
                let rest: String = rest.iter().map(|segment| format!("/{segment}")).collect();
                let to = format!("{}/api/v4/projects/{id}{rest}", world.web_url());
                return message(301, "Moved Permanently").with("location", to);
            }
            (repo, rest.to_vec())
        }
        _ => return Answer::json(404, &json!({"error": "404 Not Found"})),
    };
    let Some(repo) = repo else {
        return message(404, "404 Project Not Found");
    };
    if !reading {
        return hooks::change(world, request, caller, &repo, &rest);
    }
    reads::below(world, request, caller, &repo, &rest)
        .await
        .unwrap_or_else(|_| message(500, "500 Internal Server Error"))
}

fn insufficient_scope(scope: &str) -> Answer {
    Answer::json(
        403,
        &json!({"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": scope}),
    )
}

fn url(world: &World, repo: &Repo, below: &str) -> String {
    format!("{}/{}/-/{below}", world.web_url(), repo.full_name())
}
