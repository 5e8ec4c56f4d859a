//! Repository hooks at Bitbucket: made and deleted for administrators, proved by a MAC over the body. What
//! the payloads say is the business of `events.rs`.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/>

use async_trait::async_trait;
use gitflare_core::{
    Code, Result, Secret,
    model::EventName,
    provider::{Call, HookCall, HookEvents, NewHook, ProviderHooks, RepoRef},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Bitbucket,
    client::braced,
    events::{self, EVENTS},
    refusals::LACKS_SCOPE,
};
use crate::{
    hooks::{WITHOUT_RELEASES, is_signed},
    upstream_error::recode,
};

const NO_RIGHT: &str = "Hooks at Bitbucket need an administrator of the repository, and a connection that may make them.";

#[async_trait]
impl ProviderHooks for Bitbucket {
    fn events(&self) -> &'static [EventName] {
        WITHOUT_RELEASES
    }

    async fn create(&self, call: &Call, repo: &RepoRef, hook: &NewHook<'_>) -> Result<String> {
        let is_wanted = |names: &[EventName]| names.iter().any(|name| hook.events.contains(name));
        let events: Vec<&str> = EVENTS
            .iter()
            .filter(|(_, names, _)| is_wanted(names))
            .map(|(theirs, ..)| *theirs)
            .collect();
        let body = json!({
            "description": "GitFlare",
            "url": hook.url,
            "active": true,
            "secret": hook.secret.expose(),
            "events": events,
        });
        let id = braced(&repo.id);
        let path = ["repositories", "{}", &*id, "hooks"];
        let asked = self.client.upstream.post(call, &path, body.to_string());
        let answer = asked.await.map_err(|error| match error.code() {
            // Which one is worth more than a general word.
            Code::InsufficientScope if error.message().starts_with(LACKS_SCOPE) => error,
            Code::InsufficientScope | Code::ResourceNotFound => {
                recode(&error, Code::InsufficientScope, NO_RIGHT)
            }
            _ => error,
        })?;
        Ok(answer.json::<WireHook>()?.uuid)
    }

    async fn delete(&self, call: &Call, repo: &RepoRef, hook_id: &str) -> Result<()> {
        let id = braced(&repo.id);
        let path = ["repositories", "{}", &*id, "hooks", hook_id];
        match self.client.upstream.delete(call, &path).await {
            Err(error) if matches!(error.upstream_status(), Some(404 | 410)) => Ok(()),
            asked => asked.map(drop),
        }
    }

    fn verify(&self, call: &HookCall<'_>, secret: &Secret<String>) -> bool {
        is_signed(call, "x-hub-signature", secret)
    }

    fn read(&self, call: &HookCall<'_>) -> Result<HookEvents> {
        events::read(call)
    }
}

#[derive(Debug, Deserialize)]
struct WireHook {
    uuid: String,
}
