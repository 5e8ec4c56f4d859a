//! GitFlic's REST API as a self-hosted installation serves it, below `/rest-api`: the table of its
//! endpoints, its refusals and its hooks. It is written from GitFlic's documentation; no recorded
//! traffic of the service was at hand.
//!
//! An account has 500 calls an hour, as at the public service; more are refused, without a word on when
//! to come back.

mod around;
mod events;
mod hooks;
mod lists;
mod oauth;
mod objects;
mod reads;
mod talk;
mod work;

use serde_json::{Value, json};

use crate::{
    ForgeOptions,
    kit::{
        Answer, Call, Dialect, Refusal, Repo, Request, Routes,
        dialect::{Budget, Caller, Delivery, EventRow, RepoName, Scene, Spent},
        routes,
        tokens::TokenRules,
        world::{Hook, Identity},
    },
};

/// A self-hosted GitFlic.
#[derive(Debug)]
pub(crate) struct Gitflic;

/// What personal tokens may do.
const SCOPES: &str = "USER_READ,PROJECT_READ,PROJECT_EDIT";

const ROUTES: Routes = routes! {
    open {
        GET "/oauth/authorize" => oauth::authorize,
        GET "/oauth/api/token/access" => oauth::exchange,
        POST "/oauth/api/token/refresh" => oauth::refresh,
        GET "/api/token/access" => oauth::exchange,
        POST "/api/token/refresh" => oauth::refresh,
    }
    account {
        GET "/user/me" => reads::viewer,
        GET "/user" => around::users,
        GET "/team" => around::teams,
        GET "/team/my" => around::teams,
        GET "/team/shared" => around::teams,
        GET "/team/{alias}" => around::team,
        GET "/company" => around::companies,
        GET "/company/my" => around::companies,
        GET "/company/{alias}" => around::company,
        GET "/project" => reads::projects,
        GET "/project/my" => reads::projects,
        GET "/project/shared" => reads::shared,
        POST "/project" => reads::create,
    }
    repository {
        GET "/" => reads::project,
        GET "/branch" => reads::branches,
        GET "/commits" => reads::commits,
        GET "/commits/{branch}" => reads::commits,
        GET "/commit/{hash}" => reads::commit,
        GET "/commit/{hash}/file" => reads::commit_files,
        GET "/commit/{hash}/diff" => reads::commit_file,
        GET "/commit/{hash}/for-file" => reads::commit_for_file,
        GET "/tag" => reads::tags,
        GET "/files" => reads::files,
        GET "/blob/recursive" => reads::tree,
        GET "/blob/download" => reads::blob,
        GET "/forked" => reads::forks,
        GET "/followers" => reads::people,
        GET "/stars" => reads::people,
        GET "/users-can-be-assigned" => reads::people,
        GET "/labels" => reads::labels,
        GET "/release" => work::releases,
        GET "/release/{id}" => work::release,
        GET "/merge-request/list" => work::merge_requests,
        GET "/merge-request/{id}" => work::merge_request,
        GET "/merge-request/{id}/discussions" => talk::discussions,
        GET "/merge-request/{id}/changes" => work::merge_request_changes,
        GET "/cicd/pipeline" => work::pipelines,
        GET "/setting/webhook" => hooks::list,
        POST "/setting/webhook" => hooks::create,
        POST "/setting/webhook/{id}/delete" => hooks::delete,
    }
};

impl Dialect for Gitflic {
    fn identity(&self, _: &ForgeOptions) -> Identity {
        Identity {
            id: "gitflic",
            client_id: "emulated-gitflic-application",
            token_rules: TokenRules {
                access_prefix: "",
                access_claims: |_| String::new(),
                refresh_prefix: "",
                personal_prefix: "",
                personal_scope: SCOPES,
                default_scope: SCOPES,
                expiring: true,
            },
        }
    }

    fn api_path(&self) -> &'static str {
        "/rest-api"
    }

    fn routes(&self) -> &'static Routes {
        &ROUTES
    }

    fn repository(&self, path: &[&str]) -> Option<(RepoName, usize)> {
        let ["project", owner, alias, ..] = path else {
            return None;
        };
        Some((RepoName::FullName(format!("{owner}/{alias}")), 3))
    }

    fn repository_path(&self, repo: &Repo) -> String {
        format!("/project/{}", repo.full_name())
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            // A dead token is 403 here; only the exception's name tells it from missing rights.
            Refusal::Unauthenticated | Refusal::ExpiredToken => error(
                403,
                "org.springframework.security.core.AuthenticationException: Full authentication is required",
            ),
            Refusal::SingleSignOn | Refusal::MissingScope => error(403, "Access is denied"),
            Refusal::RateLimited | Refusal::SecondaryLimit => error(429, "Too many requests"),
            Refusal::RepositoryNotFound | Refusal::Moved => error(404, "Project not found"),
            Refusal::NotFound => error(404, "No handler found"),
            Refusal::Failed => error(500, "Internal server error"),
        }
    }

    fn budget(&self) -> Budget {
        Budget {
            calls: 500,
            seconds: 3600,
            // None were seen: a fault that names them names what nobody reads.
            remaining: "x-unused-remaining",
            reset: "x-unused-reset",
            reset_is_distance: false,
        }
    }

    fn headers(&self, _: &Caller, _: Spent) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    /// The scheme is `token`; `Bearer` opens nothing.
    fn token(&self, request: &Request) -> Option<String> {
        let header = request.header("authorization")?;
        header.strip_prefix("token ").map(str::to_owned)
    }

    fn posts_codes(&self) -> bool {
        true
    }

    fn events(&self) -> &'static [EventRow] {
        events::EVENTS
    }

    fn complete_event(&self, scene: &Scene<'_>, payload: &mut Value) {
        let repo = scene.repo;
        payload["project_id"] = json!(objects::project_id(repo));
        // The test of a hook names its project by id alone.
        if payload["action"] != "TEST_WEBHOOK" {
            payload["project"] = objects::hook_project(scene.world, repo);
        }
    }

    /// The secret travels in clear, and deliveries have no id.
    fn hook_headers(&self, hook: &Hook, _: &Delivery<'_>) -> Vec<(&'static str, String)> {
        vec![("gitflic-webhook-secret", hook.secret.clone())]
    }
}

/// A refusal with a text in `message`.
fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"status": status, "message": message}))
}

/// What a repository without commits answers.
fn no_branch() -> Answer {
    error(
        404,
        "ru.gitflic.exception.BranchNotFoundException: Branch not found",
    )
}

/// Whether the caller administers the project.
fn is_admin(call: &Call<'_>) -> bool {
    call.caller.is_admin() && call.caller.has_scope(&["PROJECT_EDIT"])
}
