//! Bitbucket Cloud's REST API 2.0: the table of its endpoints, its scopes, limits and refusals.
//! What the objects look like is in `objects`, its three families of pages are in `lists`, partial answers
//! in `fields`.

mod around;
mod beside;
mod changes;
mod events;
mod fields;
mod hooks;
mod lists;
mod oauth;
mod objects;
mod query;
mod reads;
mod talk;

use serde_json::{Value, json};

use crate::{
    ForgeOptions,
    kit::{
        Answer, Call, Dialect, Refusal, Repo, Request, Routes,
        clock::{now, unix},
        delivery::signature,
        dialect::{Budget, Caller, Delivery, EventRow, RepoName, Scene, Spent},
        people::PEOPLE,
        routes, sign_in,
        tokens::TokenRules,
        world::{Hook, Identity},
    },
};

/// Bitbucket Cloud.
#[derive(Debug)]
pub(crate) struct Bitbucket;

/// What the OAuth consumer has ticked, which is also what personal tokens may do.
const SCOPES: &str = "account email repository pullrequest pipeline webhook";

const ROUTES: Routes = routes! {
    open {
        GET "/site/oauth2/authorize" => oauth::authorize,
        POST "/site/oauth2/access_token" => oauth::token,
    }
    account {
        GET "/user" => reads::viewer,
        GET "/user/emails" => reads::emails,
        GET "/user/workspaces" => reads::workspaces,
        GET "/workspaces/{workspace}" => reads::workspace,
        GET "/workspaces/{workspace}/projects" => beside::projects,
        GET "/workspaces/{workspace}/projects/{project}" => beside::project_named,
        GET "/workspaces/{workspace}/members" => beside::members,
        GET "/workspaces/{workspace}/members/{member}" => beside::member,
        GET "/workspaces/{workspace}/permissions" => beside::members,
        GET "/workspaces/{workspace}/permissions/repositories" => beside::permissions,
        GET "/workspaces/{workspace}/permissions/repositories/{repository}" => beside::permissions,
        GET "/user/workspaces/{workspace}/permissions/repositories" => beside::permissions,
        GET "/repositories/{workspace}" => reads::repositories,
        GET "/workspaces" => reads::withdrawn,
        GET "/repositories" => reads::withdrawn,
        GET "/user/permissions/workspaces" => reads::withdrawn,
        GET "/user/permissions/repositories" => reads::withdrawn,
    }
    repository {
        GET "/" => reads::repository,
        GET "/refs/branches" => reads::branches,
        GET "/refs/branches/{name..}" => reads::branch,
        GET "/refs/tags" => reads::tags,
        GET "/refs/tags/{name..}" => reads::tag,
        GET "/commits" => reads::commits,
        GET "/commits/{revision}" => reads::commits,
        GET "/commit/{revision}" => reads::commit,
        GET "/commit/{revision}/statuses" => reads::statuses,
        GET "/merge-base/{spec}" => changes::merge_base,
        GET "/diff/{spec..}" => changes::diff,
        GET "/diffstat/{spec..}" => changes::diffstat,
        GET "/patch/{spec..}" => changes::patch,
        GET "/pullrequests" => reads::pull_requests,
        GET "/pullrequests/{id}" => reads::pull_request,
        GET "/pullrequests/{id}/commits" => talk::commits,
        GET "/pullrequests/{id}/comments" => talk::comments,
        GET "/pullrequests/{id}/statuses" => talk::statuses,
        GET "/pullrequests/{id}/diff" => changes::of_pull_request,
        GET "/pullrequests/{id}/diffstat" => changes::of_pull_request,
        GET "/pullrequests/{id}/patch" => changes::of_pull_request,
        GET "/deployments" => reads::deployments,
        GET "/environments" => reads::environments,
        GET "/src/{revision}/{path..}" => reads::tree,
        GET "/refs" => beside::refs,
        GET "/commit/{revision}/statuses/build/{key}" => beside::status,
        GET "/commit/{revision}/pullrequests" => beside::pull_requests_of,
        GET "/commit/{revision}/comments" => beside::none,
        GET "/pullrequests/{id}/comments/{comment}" => beside::comment,
        GET "/pullrequests/{id}/activity" => beside::activity,
        GET "/pullrequests/{id}/tasks" => beside::none,
        GET "/environments/{environment}" => beside::environment,
        GET "/pipelines" => beside::pipelines,
        GET "/pipelines/{pipeline}" => beside::pipeline,
        GET "/pipelines/{pipeline}/steps" => beside::none_counted,
        GET "/pipelines_config/variables" => beside::none_counted,
        GET "/default-reviewers" => beside::none,
        GET "/branch-restrictions" => beside::none,
        GET "/permissions-config/groups" => beside::none,
        GET "/downloads" => beside::none,
        GET "/issues" => beside::issues,
        GET "/forks" => around::forks,
        GET "/watchers" => around::watchers,
        GET "/hooks" => hooks::list,
        POST "/hooks" => hooks::create,
        GET "/hooks/{uid}" => hooks::find,
        DELETE "/hooks/{uid}" => hooks::delete,
    }
};

/// The scope that a path needs.
fn needed(path: &[String]) -> &'static str {
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    match path[..] {
        ["user", "emails"] => "email",
        ["user" | "workspaces", ..] => "account",
        ["repositories", _, _, "pullrequests", ..] => "pullrequest",
        [
            "repositories",
            _,
            _,
            "deployments" | "environments" | "pipelines" | "pipelines_config",
            ..,
        ] => "pipeline",
        ["repositories", _, _, "hooks", ..] => "webhook",
        _ => "repository",
    }
}

impl Dialect for Bitbucket {
    fn identity(&self, _: &ForgeOptions) -> Identity {
        Identity {
            id: "bitbucket",
            client_id: "emulatedBitbucketConsumer",
            token_rules: TokenRules {
                access_prefix: "",
                access_claims: |_| String::new(),
                refresh_prefix: "",
                personal_prefix: "ATCTT3xFfGN0",
                personal_scope: SCOPES,
                default_scope: SCOPES,
                expiring: true,
            },
        }
    }

    fn api_path(&self) -> &'static str {
        "/2.0"
    }

    fn routes(&self) -> &'static Routes {
        &ROUTES
    }

    /// A UUID names a repository whatever the workspace says, even `{}`.
    fn repository(&self, path: &[&str]) -> Option<(RepoName, usize)> {
        let ["repositories", workspace, name, ..] = path else {
            return None;
        };
        let by_uuid = objects::number(name).map(RepoName::Id);
        let name = by_uuid.unwrap_or_else(|| RepoName::FullName(format!("{workspace}/{name}")));
        Some((name, 3))
    }

    fn repository_path(&self, repo: &Repo) -> String {
        format!("/repositories/{}", repo.full_name())
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::Unauthenticated => error(
                401,
                "Token is invalid, expired, or not supported for this endpoint.",
            ),
            Refusal::ExpiredToken => error(
                401,
                "Access token expired. Use your refresh token to obtain a new access token.",
            ),
            Refusal::SingleSignOn => {
                error(403, "This workspace requires single sign-on to access it.")
            }
            Refusal::MissingScope => missing_scope("repository", "account"),
            // Plain text, and no word about when to come back.
            Refusal::RateLimited | Refusal::SecondaryLimit => Answer::of(
                429,
                "text/plain",
                "Rate limit for this resource has been exceeded",
            ),
            Refusal::RepositoryNotFound => error(
                404,
                "You may not have access to this repository or it no longer exists in this workspace. If you think this repository exists and you have access, make sure you are authenticated.",
            ),
            Refusal::NotFound => Answer::json(
                404,
                &json!({"type": "error", "error": {"message": "Resource not found", "detail": "There is no API hosted at this URL."}}),
            ),
            Refusal::Moved => Answer::empty(301),
            Refusal::Failed => error(500, "Something went wrong"),
        }
    }

    fn admit(&self, call: &Call<'_>) -> Option<Answer> {
        let needed = needed(&call.request.segments(self.api_path()));
        let enough: &[&str] = match needed {
            // The scope of pull requests implies that of their repository.
            "repository" => &["repository", "pullrequest"],
            "account" => &["account"],
            "email" => &["email"],
            "pipeline" => &["pipeline"],
            "webhook" => &["webhook"],
            _ => &["pullrequest"],
        };
        (!call.caller.has_scope(enough)).then(|| missing_scope(needed, &call.caller.scope))
    }

    fn shape(&self, request: &Request, answer: Answer) -> Answer {
        fields::shape(request, answer)
    }

    fn budget(&self) -> Budget {
        Budget {
            calls: 1000,
            seconds: 3600,
            remaining: "x-ratelimit-remaining",
            reset: "x-ratelimit-reset",
            reset_is_distance: true,
        }
    }

    fn headers(&self, caller: &Caller, spent: Spent) -> Vec<(&'static str, String)> {
        let calls = self.budget().calls;
        let left = calls - spent.calls;
        vec![
            ("x-ratelimit-limit", format!("{calls}, {calls};w=3600")),
            ("x-ratelimit-remaining", left.to_string()),
            (
                "x-ratelimit-reset",
                spent.reset.saturating_sub(unix(now())).to_string(),
            ),
            ("x-ratelimit-resource", "api-repositories".to_owned()),
            ("x-ratelimit-nearlimit", (left < calls / 5).to_string()),
            ("x-oauth-scopes", caller.scope.replace(' ', ", ")),
            ("x-credential-type", "oauth2".to_owned()),
        ]
    }

    fn request_id_header(&self) -> &'static str {
        "atl-request-id"
    }

    /// Access tokens come as Bearer; with Basic, the user is the account's address.
    fn token(&self, request: &Request) -> Option<String> {
        if let Some(token) = sign_in::bearer(request) {
            return Some(token);
        }
        let (address, token) = sign_in::basic(request)?;
        let is_known = PEOPLE
            .iter()
            .any(|person| objects::email(person) == address);
        is_known.then_some(token)
    }

    fn events(&self) -> &'static [EventRow] {
        events::EVENTS
    }

    fn complete_event(&self, scene: &Scene<'_>, payload: &mut Value) {
        payload["actor"] = objects::user(scene.world, &PEOPLE[0]);
        payload["repository"] = objects::repository(scene.world, scene.repo);
    }

    fn hook_headers(&self, hook: &Hook, sent: &Delivery<'_>) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("user-agent", "Bitbucket-Webhooks/2.0".to_owned()),
            ("x-event-key", sent.name.to_owned()),
            ("x-hook-uuid", hooks::uuid(hook)),
            ("x-attempt-number", "1".to_owned()),
        ];
        if let Some(id) = sent.id {
            headers.push(("x-request-uuid", id.to_owned()));
        }
        if !hook.secret.is_empty() {
            headers.push(("x-hub-signature", signature(&hook.secret, sent.body)));
        }
        headers
    }
}

/// Bitbucket's error envelope.
fn error(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({"type": "error", "error": {"message": message}}),
    )
}

fn no_commit(name: &str) -> Answer {
    Answer::json(
        404,
        &json!({"type": "error", "error": {"message": "Commit not found", "data": {"shas": [name]}}}),
    )
}

fn no_pull_request() -> Answer {
    error(404, "Pull request not found")
}

fn missing_scope(required: &str, granted: &str) -> Answer {
    let granted: Vec<_> = granted.split(' ').collect();
    Answer::json(
        403,
        &json!({"type": "error", "error": {
            "message": "Your credentials lack one or more required privilege scopes.",
            "detail": {"required": [required], "granted": granted},
        }}),
    )
}
