//! GitLab's REST API as a self-managed instance speaks it: the table of its endpoints, its rights,
//! limits and refusals. What the objects look like is in `objects`, payloads are in `events`.

mod around;
mod events;
mod files;
mod graphql;
mod hooks;
mod lists;
mod oauth;
mod objects;
mod reads;
mod talk;

use serde_json::{Value, json};

use crate::{
    ForgeOptions,
    kit::{
        Answer, Call, Dialect, Refusal, Repo, Request, Routes,
        dialect::{Budget, Caller, Delivery, EventRow, RepoName, Scene, Spent},
        routes, sign_in,
        tokens::TokenRules,
        world::{Hook, Identity},
    },
};

/// A self-managed GitLab.
#[derive(Debug)]
pub(crate) struct Gitlab;

const ROUTES: Routes = routes! {
    open {
        GET "/oauth/authorize" => oauth::authorize,
        POST "/oauth/token" => oauth::token,
        POST "/oauth/revoke" => oauth::revoke,
        GET "/oauth/token/info" => oauth::info,
    }
    account {
        POST "/api/graphql" => graphql::query,
        GET "/user" => reads::viewer,
        GET "/metadata" => reads::metadata,
        GET "/version" => reads::metadata,
        GET "/projects" => reads::projects,
    }
    repository {
        GET "/" => reads::project,
        GET "/repository/branches" => reads::branches,
        GET "/repository/tags" => reads::tags,
        GET "/repository/contributors" => reads::contributors,
        GET "/repository/commits" => reads::commits,
        GET "/repository/commits/{ref}" => reads::commit,
        GET "/repository/commits/{ref}/diff" => reads::commit_diff,
        GET "/repository/commits/{ref}/statuses" => reads::statuses,
        GET "/repository/merge_base" => reads::merge_base,
        GET "/repository/compare" => reads::compare,
        GET "/repository/tree" => reads::tree,
        GET "/repository/files/{path}" => files::about,
        GET "/repository/files/{path}/raw" => files::raw,
        GET "/merge_requests" => reads::merge_requests,
        GET "/merge_requests/{iid}" => reads::merge_request,
        GET "/merge_requests/{iid}/diffs" => reads::merge_request_diffs,
        GET "/merge_requests/{iid}/commits" => talk::commits,
        GET "/merge_requests/{iid}/approvals" => talk::approvals,
        GET "/merge_requests/{iid}/reviewers" => talk::reviewers,
        GET "/merge_requests/{iid}/notes" => talk::notes,
        GET "/releases" => reads::releases,
        GET "/deployments" => reads::deployments,
        GET "/forks" => around::forks,
        GET "/labels" => around::labels,
        GET "/starrers" => around::starrers,
        GET "/users" => around::users,
        GET "/hooks" => hooks::list,
        POST "/hooks" => hooks::create,
        DELETE "/hooks/{id}" => hooks::delete,
    }
};

impl Dialect for Gitlab {
    fn identity(&self, _: &ForgeOptions) -> Identity {
        Identity {
            id: "gitlab",
            client_id: "emulated-gitlab-application",
            token_rules: TokenRules {
                access_prefix: "",
                access_claims: |_| String::new(),
                refresh_prefix: "",
                personal_prefix: "glpat-",
                personal_scope: "api",
                default_scope: "",
                expiring: true,
            },
        }
    }

    fn api_path(&self) -> &'static str {
        "/api/v4"
    }

    fn routes(&self) -> &'static Routes {
        &ROUTES
    }

    fn repository(&self, path: &[&str]) -> Option<(RepoName, usize)> {
        let ["projects", id, ..] = path else {
            return None;
        };
        let by_name = |_| RepoName::FullName((*id).to_owned());
        Some((id.parse().map_or_else(by_name, RepoName::Id), 2))
    }

    fn repository_path(&self, repo: &Repo) -> String {
        format!("/projects/{}", repo.id)
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::Unauthenticated => Answer::message(401, "401 Unauthorized"),
            Refusal::ExpiredToken => error(
                401,
                "invalid_token",
                "Token is expired. You can either do re-authorization or token refresh.",
            ),
            Refusal::SingleSignOn => Answer::message(403, "403 Forbidden - SAML session required"),
            Refusal::MissingScope => insufficient_scope("api"),
            Refusal::RateLimited | Refusal::SecondaryLimit => {
                Answer::of(429, "text/plain", "Retry later\n")
            }
            Refusal::RepositoryNotFound => Answer::message(404, "404 Project Not Found"),
            // Grape, which routes GitLab's API, refuses unknown paths itself.
            Refusal::NotFound => Answer::json(404, &json!({"error": "404 Not Found"})),
            Refusal::Moved => Answer::message(301, "Moved Permanently"),
            Refusal::Failed => Answer::message(500, "500 Internal Server Error"),
        }
    }

    /// Bearer, or GitLab's own header.
    fn token(&self, request: &Request) -> Option<String> {
        let own = request.header("private-token").map(str::to_owned);
        sign_in::bearer(request).or(own)
    }

    fn admit(&self, call: &Call<'_>) -> Option<Answer> {
        let is_profile = call.request.path == "/api/v4/user";
        let scopes: &[&str] = if is_profile {
            &["api", "read_api", "read_user"]
        } else {
            &["api", "read_api"]
        };
        (!call.caller.has_scope(scopes)).then(|| insufficient_scope("read_api"))
    }

    fn budget(&self) -> Budget {
        Budget {
            calls: 2000,
            seconds: 60,
            remaining: "ratelimit-remaining",
            reset: "ratelimit-reset",
            reset_is_distance: false,
        }
    }

    fn headers(&self, _: &Caller, spent: Spent) -> Vec<(&'static str, String)> {
        let Budget {
            calls,
            remaining,
            reset,
            ..
        } = self.budget();
        vec![
            ("ratelimit-limit", calls.to_string()),
            ("ratelimit-observed", spent.calls.to_string()),
            (remaining, (calls - spent.calls).to_string()),
            (reset, spent.reset.to_string()),
            ("ratelimit-name", "throttle_authenticated_api".to_owned()),
        ]
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn events(&self) -> &'static [EventRow] {
        events::EVENTS
    }

    fn complete_event(&self, scene: &Scene<'_>, payload: &mut Value) {
        let repo = scene.repo;
        payload["project"] = json!({
            "id": repo.id, "name": repo.name, "path_with_namespace": repo.full_name(), "default_branch": repo.default_branch,
            "web_url": format!("{}/{}", scene.world.web_url(), repo.full_name()), "visibility_level": if repo.private { 0 } else { 20 },
        });
    }

    fn hook_headers(&self, hook: &Hook, sent: &Delivery<'_>) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("user-agent", "GitLab/emulated".to_owned()),
            ("x-gitlab-event", sent.name.to_owned()),
            ("x-gitlab-token", hook.secret.clone()),
        ];
        if let Some(id) = sent.id {
            headers.push(("x-gitlab-event-uuid", id.to_owned()));
            headers.push(("idempotency-key", id.to_owned()));
        }
        headers
    }
}

/// A refusal as OAuth's part of GitLab writes it.
fn error(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(
        status,
        &json!({"error": error, "error_description": description}),
    )
}

fn insufficient_scope(scope: &str) -> Answer {
    Answer::json(
        403,
        &json!({"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": scope}),
    )
}
