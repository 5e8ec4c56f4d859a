//! GitHub's accounts, repositories and installations, with every member that its published
//! description requires, and the addresses that all objects carry.

use gitflare_core::Timestamp;
use serde_json::{Value, json};

use crate::kit::{Repo, World, people::Person, story::number};

/// The addresses of an account below its own, as GitHub names them.
const ACCOUNT_URLS: &[(&str, &str)] = &[
    ("events_url", "/events{/privacy}"),
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("organizations_url", "/orgs"),
    ("received_events_url", "/received_events"),
    ("repos_url", "/repos"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
];

/// The addresses of a repository below its own.
const REPOSITORY_URLS: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

/// The address of a page below a repository.
pub(super) fn url(world: &World, repo: &Repo, below: &str) -> String {
    format!("{}/{}{below}", world.web_url(), repo.full_name())
}

/// The address of an object of the API.
pub(super) fn api(world: &World, path: &str) -> String {
    format!("{}/api/v3{path}", world.web_url())
}

/// The address of an object of the API below a repository.
pub(super) fn repo_api(world: &World, repo: &Repo, below: &str) -> String {
    api(world, &format!("/repos/{}{below}", repo.full_name()))
}

/// A moment as GitHub writes it: to the second.
pub(super) fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| {
        let text = at.to_string();
        let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
        json!(format!("{seconds}Z"))
    })
}

/// An account of a person or an organization.
fn account(world: &World, login: &str, id: u64, kind: &str) -> Value {
    let base = world.web_url();
    let own = api(world, &format!("/users/{login}"));
    let mut account = json!({
        "login": login, "id": id, "node_id": format!("U_{id}"), "type": kind, "site_admin": false,
        "avatar_url": format!("{base}/avatars/u/{id}"), "gravatar_id": "",
        "html_url": format!("{base}/{login}"), "user_view_type": "public",
    });
    add_urls(&mut account, &own, ACCOUNT_URLS);
    account
}

fn add_urls(object: &mut Value, own: &str, urls: &[(&str, &str)]) {
    object["url"] = json!(own);
    for (name, below) in urls {
        object[*name] = json!(format!("{own}{below}"));
    }
}

pub(super) fn user(world: &World, person: &Person) -> Value {
    account(world, person.login, person.id, "User")
}

/// The organization that owns a repository.
pub(super) fn owner(world: &World, repo: &Repo) -> Value {
    let id = number(&repo.owner) % 1_000_000;
    account(world, &repo.owner, id, "Organization")
}

pub(super) fn viewer(world: &World, person: &Person) -> Value {
    let mut viewer = user(world, person);
    let more = json!({
        "name": person.name, "email": person.public_email, "bio": null, "blog": "", "company": null, "location": null,
        "hireable": null, "followers": 0, "following": 0, "public_gists": 0, "public_repos": 0,
        "created_at": "2024-01-02T03:04:05Z", "updated_at": "2025-01-02T03:04:05Z",
    });
    add(&mut viewer, &more);
    viewer
}

/// Adds the members of an object to another.
pub(super) fn add(object: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
}

pub(super) fn repository(world: &World, repo: &Repo, admin: bool) -> Value {
    let (base, name) = (world.web_url(), repo.full_name());
    let host = base.trim_start_matches("http://");
    let mut repository = json!({
        "id": repo.id, "node_id": format!("R_{}", repo.id), "name": repo.name, "full_name": name,
        "private": repo.private, "visibility": if repo.private { "private" } else { "public" },
        "owner": owner(world, repo), "organization": owner(world, repo),
        "html_url": format!("{base}/{name}"), "description": repo.description, "fork": false,
        "archived": false, "disabled": false, "is_template": false, "language": null, "topics": [], "license": null,
        "default_branch": repo.default_branch, "size": if repo.is_empty() { 0 } else { 42 },
        "clone_url": format!("{base}/{name}.git"), "ssh_url": format!("git@127.0.0.1:{name}.git"),
        "git_url": format!("git://{host}/{name}.git"), "svn_url": format!("{base}/{name}"), "mirror_url": null,
    });
    let counts = json!({
        "homepage": null, "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false,
        "has_discussions": false, "has_downloads": true, "forks": 0, "forks_count": 0, "open_issues": 0,
        "open_issues_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
    });
    let more = json!({
        "created_at": "2025-01-06T08:00:00Z", "updated_at": "2025-03-01T08:00:00Z", "pushed_at": "2025-03-01T08:00:00Z",
        "permissions": {"admin": admin, "maintain": admin, "push": admin, "triage": admin, "pull": true},
    });
    let own = repo_api(world, repo, "");
    add(&mut repository, &counts);
    add(&mut repository, &more);
    add_urls(&mut repository, &own, REPOSITORY_URLS);
    repository
}

/// A repository asked for alone has two members more.
pub(super) fn full_repository(world: &World, repo: &Repo, admin: bool) -> Value {
    let mut repository = repository(world, repo, admin);
    repository["network_count"] = json!(0);
    repository["subscribers_count"] = json!(0);
    repository
}

/// The one installation of the GitHub App.
pub(super) fn installation(world: &World, repo: &Repo) -> Value {
    let account = owner(world, repo);
    json!({
        "id": 61, "app_id": 7, "app_slug": "gitflare-sandbox", "client_id": world.identity.client_id,
        "target_id": account["id"], "target_type": "Organization", "account": account,
        "repository_selection": "all", "permissions": {"contents": "read", "metadata": "read"}, "events": [],
        "single_file_name": null, "suspended_at": null, "suspended_by": null,
        "access_tokens_url": api(world, "/app/installations/61/access_tokens"),
        "repositories_url": api(world, "/installation/repositories"),
        "html_url": format!("{}/organizations/{}/settings/installations/61", world.web_url(), repo.owner),
        "created_at": "2025-01-06T08:00:00Z", "updated_at": "2025-01-06T08:00:00Z",
    })
}
