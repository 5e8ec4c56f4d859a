//! The unified resources as schemas: one line a member, in the contract's words. A test reads real
//! answers and holds them to these.

use gitflare_core::provider::Endpoint;
use serde_json::{Map, Value, json};

use super::reference;

/// A resource and its members, as `name type`; a type with `?` may be null, `[...]` is a list,
/// `a|b` a choice of words, a capital names another resource.
type Resource = (&'static str, &'static str);

#[rustfmt::skip]
const RESOURCES: &[Resource] = &[
    ("Viewer", "provider string, connectionId string, id string, login string?, name string?, email string?, avatarUrl string?, webUrl string?"),
    ("Repository", "provider string, connectionId string, id string, name string, fullName string, owner Owner, description string?, private boolean?, visibility public|private|internal?, archived boolean?, fork boolean?, defaultBranch string?, language string?, webUrl string?, cloneUrl string?, createdAt time?, updatedAt time?, pushedAt time?"),
    ("Owner", "id string?, login string?, type user|organization|group|project?"),
    ("Branch", "name string, commitSha string, protected boolean?, default boolean?, webUrl string?"),
    ("Commit", "sha string, title string?, message string?, author Signature?, committer Signature?, parents [string], webUrl string?"),
    ("Signature", "name string?, email string?, date time?, login string?, avatarUrl string?"),
    ("Diff", "baseSha string?, headSha string?, stats DiffStats, truncated boolean, files [DiffFile], firewall FirewallReport"),
    ("DiffStats", "files integer?, additions integer?, deletions integer?"),
    ("DiffFile", "path string, previousPath string?, status added|modified|removed|renamed|copied|type_changed, additions integer?, deletions integer?, binary boolean?, patch string?, patchTruncated boolean"),
    ("FirewallReport", "blockedFiles integer, redactedSecrets integer"),
    ("PullRequest", "id string, number integer, title string?, description string?, state open|closed|merged, draft boolean?, author Person?, sourceBranch string?, targetBranch string?, headSha string?, baseSha string?, mergeCommitSha string?, labels [string], webUrl string?, createdAt time?, updatedAt time?, closedAt time?, mergedAt time?"),
    ("Person", "id string?, login string?, name string?, avatarUrl string?"),
    ("Contributor", "id string?, login string?, name string?, email string?, avatarUrl string?, contributions integer?, webUrl string?"),
    ("Tag", "name string, commitSha string?, message string?, tagger Tagger?, webUrl string?"),
    ("Tagger", "name string?, email string?, date time?"),
    ("Release", "id string?, tagName string?, name string?, description string?, draft boolean?, prerelease boolean?, author Person?, assets [Asset], webUrl string?, createdAt time?, publishedAt time?"),
    ("Asset", "name string?, size integer?, contentType string?, downloadUrl string?"),
    ("Check", "id string, name string?, description string?, status queued|in_progress|completed?, conclusion success|failure|neutral|cancelled|skipped|timed_out|action_required?, commitSha string?, ref string?, webUrl string?, startedAt time?, completedAt time?"),
    ("Deployment", "id string, environment string?, state pending|queued|in_progress|success|failure|error|inactive|cancelled?, ref string?, commitSha string?, description string?, creator Person?, webUrl string?, createdAt time?, updatedAt time?"),
    ("TreeEntry", "path string, name string, type file|directory|symlink|submodule, mode string?, sha string?, size integer?"),
    ("Subscription", "id string, provider string, repositoryId string, events [string], callbackUrl string, active boolean, createdAt time"),
    ("PageInfo", "limit integer, next_cursor string?, has_more boolean"),
];

/// The resource that an operation answers with.
const fn resource(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Profile => "Viewer",
        Endpoint::Repositories | Endpoint::Repository => "Repository",
        Endpoint::Branches => "Branch",
        Endpoint::Commits => "Commit",
        Endpoint::CommitDiff | Endpoint::PullRequestDiff => "Diff",
        Endpoint::PullRequests => "PullRequest",
        Endpoint::Contributors => "Contributor",
        Endpoint::Tags => "Tag",
        Endpoint::Releases => "Release",
        Endpoint::Checks => "Check",
        Endpoint::Deployments => "Deployment",
        Endpoint::FileTree => "TreeEntry",
        // Subscribing; the list of operations may grow.
        _ => "Subscription",
    }
}

/// The whole body of an operation's answer.
pub(super) fn answer(endpoint: Endpoint) -> Value {
    let one = reference(resource(endpoint));
    let is_list = endpoint.is_paged() || endpoint == Endpoint::Profile;
    let data = if is_list {
        json!({"type": "array", "items": one})
    } else {
        one
    };
    let mut members = vec![("data", data)];
    if endpoint.is_paged() {
        members.push(("page_info", reference("PageInfo")));
    }
    if endpoint == Endpoint::FileTree {
        members.push(("firewall", reference("FirewallReport")));
    }
    if endpoint == Endpoint::EventsSubscribe {
        members.push(("secret", json!({"type": ["string", "null"]})));
    }
    let mut body = object(&members);
    if matches!(endpoint, Endpoint::Repositories | Endpoint::Profile) {
        // Beside the data of several providers; not there when one was named.
        body["properties"]["errors"] = json!({"type": "array", "items": reference("ErrorDetail")});
    }
    body
}

/// An object with exactly these members.
pub(super) fn object(members: &[(&str, Value)]) -> Value {
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = members
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({"type": "object", "properties": properties, "required": names})
}

/// Every resource's schema.
pub(super) fn schemas() -> Map<String, Value> {
    let schema = |(name, members): &Resource| {
        let members: Vec<_> = members
            .split(", ")
            .filter_map(|member| member.split_once(' '))
            .map(|(name, kind)| (name, kind_of(kind)))
            .collect();
        ((*name).to_owned(), object(&members))
    };
    RESOURCES.iter().map(schema).collect()
}

fn kind_of(text: &str) -> Value {
    let (kind, is_nullable) = match text.strip_suffix('?') {
        Some(kind) => (kind, true),
        None => (text, false),
    };
    if let Some(item) = kind.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        return json!({"type": "array", "items": kind_of(item)});
    }
    if kind.starts_with(|c: char| c.is_ascii_uppercase()) {
        return if is_nullable {
            json!({"anyOf": [reference(kind), {"type": "null"}]})
        } else {
            reference(kind)
        };
    }
    let mut schema = match kind {
        "time" => json!({"type": "string", "format": "date-time"}),
        "string" | "boolean" | "integer" => json!({ "type": kind }),
        words => json!({"type": "string", "enum": words.split('|').collect::<Vec<_>>()}),
    };
    if is_nullable {
        schema["type"] = json!([schema["type"], "null"]);
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.push(Value::Null);
        }
    }
    schema
}
