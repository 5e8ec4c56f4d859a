//! Azure DevOps' REST API 7.1: the table of its endpoints, its scopes, limits and refusals. Owners of
//! repositories are organizations here, each with one project. What the objects look like is in
//! `objects`, its ways to page are in `lists`.
//!
//! Pipelines, work items and pushes are not emulated, and nothing but hooks can be changed.

mod around;
mod beside;
mod changes;
mod events;
mod hooks;
mod ids;
mod lists;
mod locations;
mod oauth;
mod objects;
mod reads;
mod refs;
mod talk;

use base64::{Engine, engine::general_purpose::STANDARD};
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

/// Azure DevOps.
#[derive(Debug)]
pub(crate) struct Azure;

/// What a personal access token may do.
const SCOPES: &str = "vso.profile vso.code vso.build";
/// How personal access tokens begin, which are never taken for bearer tokens.
const PERSONAL: &str = "AZDO";

const ROUTES: Routes = routes! {
    open {
        GET "/{tenant}/oauth2/v2.0/authorize" => oauth::authorize,
        POST "/{tenant}/oauth2/v2.0/token" => oauth::token,
    }
    account {
        OPTIONS "/_apis" => locations::of_accounts,
        OPTIONS "/{organization}/_apis" => locations::of_organization,
        GET "/{organization}/_apis/resourceAreas" => locations::areas,
        GET "/_apis/profile/profiles/{id}" => reads::profile,
        GET "/_apis/accounts" => reads::accounts,
        GET "/{organization}/_apis/connectionData" => reads::connection,
        GET "/{organization}/_apis/projects" => reads::projects,
        GET "/{organization}/_apis/projects/{project}" => reads::project,
        GET "/{organization}/_apis/hooks/subscriptions" => hooks::list,
        POST "/{organization}/_apis/hooks/subscriptions" => hooks::create,
        GET "/{organization}/_apis/hooks/subscriptions/{id}" => hooks::find,
        DELETE "/{organization}/_apis/hooks/subscriptions/{id}" => hooks::delete,
        GET "/{organization}/_apis/git/repositories" => reads::repositories,
        GET "/{organization}/{project}/_apis/git/repositories" => reads::repositories,
        GET "/{organization}/_apis/git/pullRequests/{id}" => reads::pull_request_by_id,
        GET "/{organization}/{project}/_apis/git/pullRequests/{id}" => reads::pull_request_by_id,
        GET "/{organization}/{project}/_apis/git/pullRequests" => beside::pull_requests,
        GET "/{organization}/{project}/_apis/git/deletedRepositories" => beside::none_of,
        GET "/{organization}/{project}/_apis/git/recycleBin/repositories" => beside::none_of,
        GET "/{organization}/{project}/_apis/git/favorites/refs" => beside::none_of,
        GET "/{organization}/{project}/_apis/git/policy/configurations" => beside::none_of,
    }
    repository {
        GET "/" => reads::repository,
        GET "/forks/{collection}" => around::forks,
        GET "/refs" => refs::refs,
        GET "/stats/branches" => refs::stats,
        GET "/annotatedTags/{id}" => refs::annotated_tag,
        GET "/commits" => reads::commits,
        GET "/commits/{id}" => reads::commit,
        GET "/commits/{id}/changes" => changes::of_commit,
        GET "/commits/{id}/statuses" => reads::statuses,
        GET "/commits/{id}/mergeBases" => refs::merge_bases,
        GET "/diffs/commits" => changes::between,
        GET "/items" => reads::items,
        GET "/trees/{id}" => reads::tree,
        GET "/blobs/{id}" => reads::blob,
        GET "/pullrequests" => reads::pull_requests,
        GET "/pullRequests" => reads::pull_requests,
        GET "/pullrequests/{id}" => reads::pull_request,
        GET "/pullRequests/{id}" => reads::pull_request,
        GET "/pullRequests/{id}/commits" => talk::commits,
        GET "/pullRequests/{id}/reviewers" => talk::reviewers,
        GET "/pullRequests/{id}/reviewers/{reviewer}" => talk::reviewer,
        GET "/pullRequests/{id}/threads" => talk::threads,
        GET "/pullRequests/{id}/threads/{thread}" => talk::thread,
        GET "/pullRequests/{id}/iterations" => changes::iterations,
        GET "/pullRequests/{id}/iterations/{iteration}" => beside::iteration,
        GET "/pullRequests/{id}/iterations/{iteration}/changes" => changes::of_iteration,
        GET "/pullRequests/{id}/iterations/{iteration}/commits" => beside::iteration_commits,
        GET "/pullRequests/{id}/iterations/{iteration}/statuses" => beside::statuses,
        GET "/pullRequests/{id}/threads/{thread}/comments" => beside::comments,
        GET "/pullRequests/{id}/threads/{thread}/comments/{comment}" => beside::comment,
        GET "/pullRequests/{id}/threads/{thread}/comments/{comment}/likes" => beside::none,
        GET "/pullRequests/{id}/statuses" => beside::statuses,
        GET "/pullRequests/{id}/statuses/{status}" => beside::status,
        GET "/pullRequests/{id}/labels" => beside::none,
        GET "/pullRequests/{id}/attachments" => beside::none,
        GET "/pullRequests/{id}/properties" => beside::properties,
        GET "/pullRequests/{id}/workItems" => beside::none,
        GET "/stats" => beside::stats,
        GET "/suggestions" => beside::none,
        POST "/commitsBatch" => beside::commits_batch,
        POST "/itemsBatch" => beside::items_batch,
    }
};

impl Dialect for Azure {
    fn identity(&self, _: &ForgeOptions) -> Identity {
        Identity {
            id: "azure",
            client_id: "0e0a7d3c-emulated-azure-client",
            token_rules: TokenRules {
                // A JSON Web Token, with a signature that nobody proves.
                access_prefix: "eyJ0eXAiOiJKV1QifQ.",
                access_claims: oauth::claims,
                refresh_prefix: "1.AXoA",
                personal_prefix: PERSONAL,
                personal_scope: SCOPES,
                default_scope: SCOPES,
                expiring: true,
            },
        }
    }

    fn api_path(&self) -> &'static str {
        ""
    }

    fn routes(&self) -> &'static Routes {
        &ROUTES
    }

    /// With the id of a repository its project may be left out.
    fn repository(&self, path: &[&str]) -> Option<(RepoName, usize)> {
        let (organization, name, segments) = match path {
            [organization, _, "_apis", "git", "repositories", name, ..] => (organization, name, 6),
            [organization, "_apis", "git", "repositories", name, ..] => (organization, name, 5),
            _ => return None,
        };
        let by_id = objects::number(name).map(RepoName::Id);
        let by_name = || RepoName::FullName(format!("{organization}/{name}"));
        Some((by_id.unwrap_or_else(by_name), segments))
    }

    /// With the project between.
    fn spoken_name(&self, full_name: &str) -> String {
        full_name.replace('/', &format!("/{}/", objects::PROJECT))
    }

    fn repository_path(&self, repo: &Repo) -> String {
        objects::path(repo)
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            // The body is that of an empty list.
            Refusal::Unauthenticated => Answer::json(401, &json!({"count": 0, "value": []}))
                .with("www-authenticate", "Basic realm=\"http://localhost/\""),
            Refusal::ExpiredToken => Answer::html(
                203,
                "\u{feff}<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body><script>{\"x\":[</script></body></html>".to_owned(),
            ),
            Refusal::SingleSignOn => not_authorized(),
            Refusal::MissingScope => missing_scope(),
            Refusal::RateLimited | Refusal::SecondaryLimit => error(
                429,
                "RequestBlockedException",
                "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource 'Concurrency' in namespace 'User'.",
            ),
            Refusal::RepositoryNotFound | Refusal::Moved => error(
                404,
                "GitRepositoryNotFoundException",
                "TF401019: The Git repository with name or identifier does not exist or you do not have permissions for the operation you are attempting.",
            ),
            Refusal::NotFound => Answer::of(404, "text/plain", "The controller for path was not found.")
                .with("x-tfs-serviceerror", "The+controller+for+path+was+not+found"),
            Refusal::Failed => error(500, "Exception", "The server failed."),
        }
    }

    fn admit(&self, call: &Call<'_>) -> Option<Answer> {
        let path = call.request.segments("");
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        let is_asked_for_paths = call.request.method == "OPTIONS";
        // The version is a parameter, or stands beside the accepted type. A released resource has
        // previews too, others have nothing else.
        let accepted = call.request.header("accept").unwrap_or_default();
        let beside = accepted.split("api-version=").nth(1);
        let version = call.query("api-version").or(beside).unwrap_or_default();
        let is_preview = version.contains("-preview");
        let is_unreleased = path.get(2).is_some_and(|part| {
            ["connectiondata", "resourceareas"].contains(&part.to_ascii_lowercase().as_str())
        });
        // Of the version that is to come there are previews alone.
        let is_served = match is_preview {
            true => version.starts_with("7."),
            false => matches!(version, "7.0" | "7.1") && !is_unreleased,
        };
        if !is_asked_for_paths && !is_served {
            return Some(error(
                400,
                "VssInvalidPreviewVersionException",
                "The requested version is not available for this resource.",
            ));
        }
        let needed = match path[..] {
            ["_apis", ..] | [_, "_apis"] | [_, "_apis", "projects", ..] => "vso.profile",
            _ if is_unreleased => "vso.profile",
            _ => "vso.code",
        };
        let has = call
            .caller
            .scope
            .split(' ')
            .any(|scope| scope.ends_with(needed));
        // Of a token that lists its scopes the service says no more than that the person may not.
        let lists = sign_in::bearer(call.request).is_some();
        (!has).then(|| {
            if lists {
                not_authorized()
            } else {
                missing_scope()
            }
        })
    }

    fn budget(&self) -> Budget {
        Budget {
            calls: 5000,
            seconds: 300,
            remaining: "x-ratelimit-remaining",
            reset: "x-ratelimit-reset",
            reset_is_distance: false,
        }
    }

    /// Who is far from the limit hears nothing of it.
    fn headers(&self, _: &Caller, spent: Spent) -> Vec<(&'static str, String)> {
        let calls = self.budget().calls;
        let mut headers = vec![(
            "x-tfs-session",
            "5d5b7a52-0000-4000-8000-000000000001".to_owned(),
        )];
        if spent.calls * 5 > calls * 4 {
            headers.extend([
                ("x-ratelimit-resource", "AzureDevOps".to_owned()),
                ("x-ratelimit-limit", calls.to_string()),
                ("x-ratelimit-remaining", (calls - spent.calls).to_string()),
                ("x-ratelimit-reset", spent.reset.to_string()),
            ]);
        }
        headers
    }

    fn request_id_header(&self) -> &'static str {
        "x-vss-e2eid"
    }

    /// A personal access token is the password of nobody; what OAuth issued is a bearer token.
    fn token(&self, request: &Request) -> Option<String> {
        if let Some(token) = sign_in::bearer(request) {
            return (!token.starts_with(PERSONAL)).then_some(token);
        }
        let (user, token) = sign_in::basic(request)?;
        (user.is_empty() && token.starts_with(PERSONAL)).then_some(token)
    }

    fn events(&self) -> &'static [EventRow] {
        events::EVENTS
    }

    fn complete_event(&self, scene: &Scene<'_>, payload: &mut Value) {
        payload["publisherId"] = json!("tfs");
        payload["resourceVersion"] = json!("1.0");
        payload["createdDate"] = json!("2025-03-01T08:00:00.1234567Z");
        payload["resourceContainers"] = json!({
            "project": {"id": objects::project_id(&scene.repo.owner)},
        });
    }

    /// Id and kind stand in the body.
    fn name_event(&self, payload: &mut Value, name: &str, id: Option<&str>) {
        payload["id"] = json!(id);
        payload["eventType"] = json!(name);
    }

    fn hook_headers(&self, hook: &Hook, _: &Delivery<'_>) -> Vec<(&'static str, String)> {
        let pair = STANDARD.encode(&hook.secret);
        vec![
            ("user-agent", "VSServices/19.0 (ServiceHooks)".to_owned()),
            ("authorization", format!("Basic {pair}")),
        ]
    }
}

/// Azure's error envelope.
fn error(status: u16, key: &str, message: &str) -> Answer {
    let body = json!({
        "$id": "1", "innerException": null, "message": message, "typeName": format!("Microsoft.{key}, Microsoft"),
        "typeKey": key, "errorCode": 0, "eventId": 3000,
    });
    Answer::json(status, &body)
}

fn no_commit(sha: &str) -> Answer {
    let message = format!("TF401175: The commit {sha} does not exist.");
    error(404, "GitCommitDoesNotExistException", &message)
}

fn no_pull_request() -> Answer {
    let message = "TF401180: The requested pull request was not found.";
    error(404, "GitPullRequestNotFoundException", message)
}

fn not_authorized() -> Answer {
    let message = "TF400813: The user 'f3c7a1de-0000-4000-8000-000000004101' is not authorized to access this resource.";
    error(401, "UnauthorizedRequestException", message)
}

fn missing_scope() -> Answer {
    let message = "The token does not carry the scope that this resource needs.";
    error(401, "InsufficientScopeException", message)
        .with("www-authenticate", "Bearer error=\"insufficient_scope\"")
}
