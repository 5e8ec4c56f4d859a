//! GitHub's REST API as an Enterprise Server speaks it: the table of its endpoints, its rights,
//! limits and refusals. What the objects look like is in `objects`, payloads are in `events`.

mod around;
mod code;
mod events;
mod graphql;
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
        delivery::signature,
        dialect::{Budget, Caller, Delivery, EventRow, RepoName, Scene, Spent},
        people::PEOPLE,
        routes, sign_in,
        tokens::TokenRules,
        world::{Hook, Identity},
    },
};

/// GitHub Enterprise Server.
#[derive(Debug)]
pub(crate) struct Github;

const ROUTES: Routes = routes! {
    open {
        GET "/login/oauth/authorize" => oauth::authorize,
        POST "/login/oauth/access_token" => oauth::token,
        POST "/api/v3/applications/{client}/token" => oauth::check,
        DELETE "/api/v3/applications/{client}/token" => oauth::revoke,
        DELETE "/api/v3/applications/{client}/grant" => oauth::revoke,
    }
    account {
        POST "/api/graphql" => graphql::query,
        GET "/user" => reads::viewer,
        GET "/user/repos" => reads::repositories,
        GET "/rate_limit" => reads::rate_limit,
        GET "/user/installations" => reads::installations,
        GET "/user/installations/{id}/repositories" => reads::installed,
    }
    repository {
        GET "/" => reads::repository,
        GET "/branches" => reads::branches,
        GET "/branches/{name..}" => reads::branch,
        GET "/tags" => reads::tags,
        GET "/contributors" => reads::contributors,
        GET "/commits" => reads::commits,
        GET "/commits/{ref}" => reads::commit,
        GET "/compare/{spec}" => reads::compare,
        GET "/commits/{ref}/check-runs" => reads::check_runs,
        GET "/commits/{ref}/status" => reads::status,
        GET "/pulls" => reads::pulls,
        GET "/pulls/{number}" => reads::pull,
        GET "/pulls/{number}/files" => reads::pull_files,
        GET "/pulls/{number}/commits" => talk::commits,
        GET "/pulls/{number}/reviews" => talk::reviews,
        GET "/pulls/{number}/comments" => talk::line_comments,
        GET "/issues/{number}/comments" => talk::issue_comments,
        GET "/releases" => reads::releases,
        GET "/deployments" => reads::deployments,
        GET "/deployments/{id}/statuses" => reads::deployment_statuses,
        GET "/git/trees/{id}" => reads::tree,
        GET "/git/blobs/{id}" => reads::blob,
        GET "/forks" => around::forks,
        GET "/labels" => around::labels,
        GET "/stargazers" => around::people,
        GET "/subscribers" => around::people,
        GET "/assignees" => around::people,
        GET "/hooks" => hooks::list,
        POST "/hooks" => hooks::create,
        DELETE "/hooks/{id}" => hooks::delete,
    }
};

impl Dialect for Github {
    fn identity(&self, options: &ForgeOptions) -> Identity {
        let (client_id, access_prefix) = if options.github_app {
            ("Iv23emulatedapp00000", "ghu_")
        } else {
            ("Ov23emulatedoauth000", "gho_")
        };
        Identity {
            id: "github",
            client_id,
            token_rules: TokenRules {
                access_prefix,
                access_claims: |_| String::new(),
                refresh_prefix: "ghr_",
                personal_prefix: "ghp_",
                personal_scope: "repo,read:user,admin:repo_hook",
                default_scope: "",
                expiring: options.github_app,
            },
        }
    }

    fn api_path(&self) -> &'static str {
        "/api/v3"
    }

    fn routes(&self) -> &'static Routes {
        &ROUTES
    }

    fn repository(&self, path: &[&str]) -> Option<(RepoName, usize)> {
        match path {
            ["repositories", id, ..] => Some((RepoName::Id(id.parse().ok()?), 2)),
            ["repos", owner, name, ..] => Some((RepoName::FullName(format!("{owner}/{name}")), 3)),
            _ => None,
        }
    }

    fn repository_path(&self, repo: &Repo) -> String {
        format!("/repositories/{}", repo.id)
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::Unauthenticated | Refusal::ExpiredToken => {
                Answer::message(401, "Bad credentials")
            }
            Refusal::SingleSignOn => Answer::message(
                403,
                "Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization.",
            )
            .with("x-github-sso", "required; url=https://forge.example/orgs/acme/sso"),
            Refusal::MissingScope => Answer::message(403, "Resource not accessible by integration")
                .with("x-accepted-github-permissions", "contents=read"),
            Refusal::RateLimited => Answer::message(429, "API rate limit exceeded for user ID 4101."),
            Refusal::SecondaryLimit => Answer::message(
                403,
                "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            ),
            Refusal::RepositoryNotFound | Refusal::NotFound => not_found(),
            Refusal::Moved => Answer::message(301, "Moved Permanently"),
            Refusal::Failed => Answer::message(500, "Server Error"),
        }
    }

    /// Bearer, the older `token`, or the password of Basic.
    fn token(&self, request: &Request) -> Option<String> {
        let older = request.header("authorization");
        let older = older.and_then(|value| value.strip_prefix("token "));
        sign_in::bearer(request)
            .or_else(|| older.map(str::to_owned))
            .or_else(|| Some(sign_in::basic(request)?.1))
    }

    fn admit(&self, call: &Call<'_>) -> Option<Answer> {
        if call.request.header("user-agent").is_none() {
            let why = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
            return Some(Answer::message(403, why));
        }
        call.request.path.ends_with('/').then(not_found)
    }

    fn budget(&self) -> Budget {
        Budget {
            calls: 5000,
            seconds: 3600,
            remaining: "x-ratelimit-remaining",
            reset: "x-ratelimit-reset",
            reset_is_distance: false,
        }
    }

    fn headers(&self, caller: &Caller, spent: Spent) -> Vec<(&'static str, String)> {
        let Budget {
            calls,
            remaining,
            reset,
            ..
        } = self.budget();
        vec![
            ("x-ratelimit-limit", calls.to_string()),
            (remaining, (calls - spent.calls).to_string()),
            ("x-ratelimit-used", spent.calls.to_string()),
            (reset, spent.reset.to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
            ("x-oauth-scopes", caller.scope.replace(' ', ", ")),
        ]
    }

    fn request_id_header(&self) -> &'static str {
        "x-github-request-id"
    }

    fn events(&self) -> &'static [EventRow] {
        events::EVENTS
    }

    fn complete_event(&self, scene: &Scene<'_>, payload: &mut Value) {
        payload["repository"] = objects::repository(scene.world, scene.repo, true);
        payload["sender"] = objects::user(scene.world, &PEOPLE[0]);
    }

    fn hook_headers(&self, hook: &Hook, sent: &Delivery<'_>) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("user-agent", "GitHub-Hookshot/emulated".to_owned()),
            ("x-github-event", sent.name.to_owned()),
            ("x-github-hook-id", hook.id.to_string()),
            ("x-hub-signature-256", signature(&hook.secret, sent.body)),
        ];
        if let Some(id) = sent.id {
            headers.push(("x-github-delivery", id.to_owned()));
        }
        headers
    }
}

/// A refusal with all members that GitHub's basic error has.
fn error(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()}),
    )
}

fn not_found() -> Answer {
    error(404, "Not Found")
}

fn empty_repository() -> Answer {
    error(409, "Git Repository is empty.")
}

fn no_commit(name: &str) -> Answer {
    error(422, &format!("No commit found for SHA: {name}"))
}
