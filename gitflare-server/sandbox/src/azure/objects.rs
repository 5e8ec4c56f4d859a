//! Azure's objects, from what the host knows.

use gitflare_core::{
    Timestamp,
    model::{Branch, Commit, Signature, Tag, TreeEntry, TreeEntryType},
};
use serde_json::{Value, json};

pub(super) use super::ids::{guid, number, path, project_id, user_id};
use crate::kit::{
    Repo, World,
    people::{PEOPLE, Person},
    story::{Outcome, Pull, PullState, Story, number as number_of},
};

/// The name of every organization's one project.
pub(super) const PROJECT: &str = "Web Shop";
/// From how many characters on descriptions and messages are cut in lists.
const MAX_DESCRIPTION: usize = 400;
const MAX_MESSAGE: usize = 1000;

/// The address of an API object below a repository.
fn api(world: &World, repo: &Repo, below: &str) -> String {
    format!("{}{}{below}", world.web_url(), path(repo))
}

/// The address of a page below a repository.
fn url(world: &World, repo: &Repo, below: &str) -> String {
    let project = PROJECT.replace(' ', "%20");
    format!(
        "{}/{}/{project}/_git/{}{below}",
        world.web_url(),
        repo.owner,
        repo.name
    )
}

/// A moment as Azure writes it: with seven digits.
pub(super) fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(json!("0001-01-01T00:00:00"), |at| {
        let text = at.to_string();
        json!(format!("{}0000Z", text.trim_end_matches('Z')))
    })
}

/// The first characters of a text, and whether there are more.
fn cut(text: &str, most: usize) -> (&str, bool) {
    match text.char_indices().nth(most) {
        Some((at, _)) => (&text[..at], true),
        None => (text, false),
    }
}

/// The address that an account signs in with.
fn email(person: &Person) -> String {
    let first = person.login.split('-').next().unwrap_or_default();
    format!("{first}@acme.example")
}

/// An account in other objects.
pub(super) fn identity(world: &World, person: &Person) -> Value {
    let (base, id) = (world.web_url(), user_id(person));
    json!({
        "displayName": person.name, "id": id, "uniqueName": email(person), "descriptor": format!("aad.{}", person.id),
        "url": format!("{base}/A1/_apis/Identities/{id}"),
        "imageUrl": format!("{base}/_api/_common/identityImage?id={id}"),
    })
}

pub(super) fn profile(person: &Person) -> Value {
    let id = user_id(person);
    json!({
        "displayName": person.name, "publicAlias": id, "emailAddress": email(person), "coreRevision": 3,
        "timeStamp": "2025-01-06T08:00:00.1234567+00:00", "id": id, "revision": 3,
    })
}

pub(super) fn connection(person: &Person) -> Value {
    let user = json!({
        "id": user_id(person), "descriptor": "aad", "subjectDescriptor": "aad.x", "providerDisplayName": person.name,
        "isActive": true, "properties": {"Account": {"$type": "System.String", "$value": email(person)}},
        "resourceVersion": 2, "metaTypeId": 0,
    });
    json!({
        "authenticatedUser": user, "authorizedUser": user, "instanceId": guid("90c0", 1), "deploymentId": guid("90c0", 2),
        "deploymentType": "hosted", "locationServiceData": {"serviceOwner": guid("90c0", 3)},
    })
}

pub(super) fn account(world: &World, organization: &str) -> Value {
    json!({
        "accountId": guid("90e0", number_of(organization) % 1_000_000), "accountName": organization,
        "accountUri": format!("{}/{organization}/", world.web_url()), "properties": {},
    })
}

pub(super) fn project(world: &World, organization: &str) -> Value {
    let id = project_id(organization);
    json!({
        "id": id, "name": PROJECT, "description": "Everything that sells", "state": "wellFormed", "revision": 11,
        "url": format!("{}/{organization}/_apis/projects/{id}", world.web_url()), "visibility": "private",
        "lastUpdateTime": "2025-03-01T08:00:00.89Z",
    })
}

pub(super) fn repository(world: &World, repo: &Repo) -> Value {
    let page = url(world, repo, "");
    let host = page.trim_start_matches("http://");
    let mut project = project(world, &repo.owner);
    if !repo.private {
        project["visibility"] = json!("public");
    }
    let mut object = json!({
        "id": guid("90d0", repo.id), "name": repo.name, "url": api(world, repo, ""), "project": project,
        "size": if repo.is_empty() { 0 } else { 42_000 }, "remoteUrl": format!("http://{}@{host}", repo.owner),
        "sshUrl": format!("git@ssh.{}:v3/{}/{PROJECT}/{}", world.address, repo.owner, repo.name), "webUrl": page,
        "isDisabled": false, "isInMaintenance": false,
    });
    if !repo.is_empty() {
        object["defaultBranch"] = json!(format!("refs/heads/{}", repo.default_branch));
    }
    object
}

pub(super) fn branch(world: &World, repo: &Repo, branch: &Branch) -> Value {
    let name = format!("refs/heads/{}", branch.name);
    let address = api(
        world,
        repo,
        &format!("/refs?filter=heads%2F{}", branch.name),
    );
    let creator = identity(world, &PEOPLE[0]);
    json!({"name": name, "objectId": branch.commit_sha, "creator": creator, "url": address})
}

/// A tag; an annotated one has an object of its own.
pub(super) fn tag(world: &World, repo: &Repo, tag: &Tag, peels: bool) -> Value {
    let name = format!("refs/tags/{}", tag.name);
    let address = api(world, repo, &format!("/refs?filter=tags%2F{}", tag.name));
    let creator = identity(world, &PEOPLE[0]);
    let mut row =
        json!({"name": name, "objectId": tag.commit_sha, "creator": creator, "url": address});
    if tag.tagger.is_some() {
        row["objectId"] = json!(crate::kit::story::object_id(&tag.name));
        if peels {
            row["peeledObjectId"] = json!(tag.commit_sha);
        }
    }
    row
}

/// An annotated tag by itself; `row` is that of the list.
pub(super) fn annotated_tag(world: &World, repo: &Repo, tag: &Tag, row: &Value) -> Value {
    let tagger = tag.tagger.as_ref();
    json!({
        "name": row["name"], "objectId": row["objectId"], "message": tag.message,
        "taggedObject": {"objectId": row["peeledObjectId"], "objectType": "commit"},
        "taggedBy": {
            "name": tagger.and_then(|who| who.name.as_deref()), "email": tagger.and_then(|who| who.email.as_deref()),
            "date": moment(tagger.and_then(|who| who.date)),
        },
        "url": api(world, repo, &format!("/annotatedTags/{}", row["objectId"].as_str().unwrap_or_default())),
    })
}

fn person(who: Option<&Signature>) -> Value {
    json!({
        "name": who.and_then(|who| who.name.as_deref()), "email": who.and_then(|who| who.email.as_deref()),
        "date": moment(who.and_then(|who| who.date)),
    })
}

/// A commit in a list: without parents, its message cut.
pub(super) fn commit(world: &World, repo: &Repo, commit: &Commit) -> Value {
    let message = commit.message.as_deref().unwrap_or_default();
    let (comment, is_cut) = cut(message, MAX_MESSAGE);
    let mut row = json!({
        "commitId": commit.sha, "author": person(commit.author.as_ref()), "committer": person(commit.committer.as_ref()),
        "comment": comment, "changeCounts": {"Add": 1, "Edit": 1, "Delete": 0},
        "url": api(world, repo, &format!("/commits/{}", commit.sha)),
        "remoteUrl": url(world, repo, &format!("/commit/{}", commit.sha)),
    });
    if is_cut {
        row["commentTruncated"] = json!(true);
    }
    row
}

/// A commit by itself.
pub(super) fn whole_commit(world: &World, repo: &Repo, whole: &Commit) -> Value {
    let mut object = commit(world, repo, whole);
    object["comment"] = json!(whole.message);
    object["parents"] = json!(whole.parents);
    object["treeId"] = json!(crate::kit::story::object_id(&whole.sha));
    object
}

/// How far the numbers of an organization's pull requests have come before a repository's own.
const PULLS_OF_ONE: u64 = 1000;

/// The number after which those of a repository begin: they are unique in their organization.
fn pulls_before(world: &World, repo: &Repo) -> u64 {
    let state = world.state();
    let own = state.repos.iter().filter(|it| it.owner == repo.owner);
    own.filter(|it| it.id < repo.id).count() as u64 * PULLS_OF_ONE
}

/// A repository's pull request by the text of its number.
pub(super) fn pull<'s>(
    world: &World,
    repo: &Repo,
    story: &'s Story,
    number: &str,
) -> Option<&'s Pull> {
    let number: u64 = number.parse().ok()?;
    let own = number.checked_sub(pulls_before(world, repo))?;
    story.pulls.iter().find(|pull| pull.number == own)
}

/// A pull request; in lists its description is cut.
pub(super) fn pull_request(world: &World, repo: &Repo, pull: &Pull, in_list: bool) -> Value {
    let status = status_of(pull.state);
    let text = pull.body.as_deref().unwrap_or_default();
    let text = if in_list {
        cut(text, MAX_DESCRIPTION).0
    } else {
        text
    };
    let number = pulls_before(world, repo) + pull.number;
    let commit =
        |sha: &str| json!({"commitId": sha, "url": api(world, repo, &format!("/commits/{sha}"))});
    let mut project = project(world, &repo.owner);
    // Nobody looked.
    project["visibility"] = json!("unchanged");
    project["state"] = json!("unchanged");
    project["lastUpdateTime"] = json!("0001-01-01T00:00:00");
    let mut row = json!({
        "repository": {"id": guid("90d0", repo.id), "name": repo.name, "url": api(world, repo, ""), "project": project},
        "pullRequestId": number, "codeReviewId": number, "status": status, "title": pull.title,
        "createdBy": identity(world, pull.author), "creationDate": moment(pull.at), "isDraft": pull.draft,
        "sourceRefName": format!("refs/heads/{}", pull.source), "targetRefName": format!("refs/heads/{}", pull.target),
        "mergeStatus": "succeeded", "mergeId": guid("90f0", number), "reviewers": [], "supportsIterations": true,
        "lastMergeSourceCommit": commit(&pull.head), "lastMergeTargetCommit": commit(&pull.base),
        "lastMergeCommit": commit(&pull.diff_of), "url": api(world, repo, &format!("/pullRequests/{number}")),
    });
    if !text.is_empty() {
        row["description"] = json!(text);
    }
    if pull.state != PullState::Open {
        row["closedDate"] = moment(pull.at);
        row["closedBy"] = identity(world, pull.author);
    }
    row
}

pub(super) fn status(
    world: &World,
    id: usize,
    at: Option<Timestamp>,
    (name, outcome): (&str, Outcome),
) -> Value {
    let state = match outcome {
        Outcome::Running => "pending",
        Outcome::Success => "succeeded",
        Outcome::Failure => "failed",
    };
    json!({
        "id": id, "state": state, "description": format!("The {name}"),
        "context": {"name": format!("build/{name}"), "genre": "continuous-integration"},
        "creationDate": moment(at), "updatedDate": moment(at), "createdBy": identity(world, &PEOPLE[0]),
        "targetUrl": format!("{}/builds/{id} ", world.web_url()),
    })
}

/// An entry below a folder.
pub(super) fn tree_entry(world: &World, repo: &Repo, folder: &str, entry: &TreeEntry) -> Value {
    let (kind, mode) = match entry.kind {
        TreeEntryType::Directory => ("tree", "40000"),
        TreeEntryType::Submodule => ("commit", "160000"),
        _ => ("blob", entry.mode.as_deref().unwrap_or("100644")),
    };
    let relative = entry.path.strip_prefix(folder).unwrap_or(&entry.path);
    json!({
        "objectId": entry.sha, "relativePath": relative.trim_start_matches('/'), "mode": mode, "gitObjectType": kind,
        "url": api(world, repo, "/trees"), "size": entry.size.unwrap_or(259),
    })
}

/// The word for how a pull request stands.
pub(super) fn status_of(state: PullState) -> &'static str {
    match state {
        PullState::Open => "active",
        PullState::Closed => "abandoned",
        PullState::Merged => "completed",
    }
}
