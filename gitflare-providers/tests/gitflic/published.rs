//! The examples of GitFlic's own documentation: each parses into the typed client's objects and is
//! written back without the loss of a field, and what they hold comes out of the adapter. Where they
//! are not at hand, fixtures of the same shapes are what is left.

use gitflare_providers::gitflic::api::{
    Commit, FileInfo, Fork, Ident, Label, NewProject, Page, Project, User,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::gitflic::{
    ID,
    support::{
        recorded::{at, read},
        table::fixture,
    },
    table::subject,
};

/// Reads a body and writes it again.
type Through = fn(&str) -> serde_json::Result<Value>;

fn through<T: DeserializeOwned + Serialize>(body: &str) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_str::<T>(body)?)
}

/// Every example that the documentation of projects has.
const EXAMPLES: &[(&str, Through)] = &[
    ("project-list", through::<Page<Project>>),
    ("project-create.request", through::<NewProject>),
    ("project-create", through::<Project>),
    ("project-my", through::<Page<Project>>),
    ("project-shared", through::<Page<Project>>),
    ("project", through::<Project>),
    ("files", through::<Page<FileInfo>>),
    ("forked", through::<Page<Fork>>),
    ("followers", through::<Page<User>>),
    ("stars", through::<Page<User>>),
    ("users-can-be-assigned", through::<Page<User>>),
    ("commits", through::<Page<Commit>>),
    ("commits-branch", through::<Page<Commit>>),
    ("labels", through::<Page<Label>>),
];

/// Fixtures of the same shapes.
const FIXTURES: &[(&str, Through)] = &[
    ("my", through::<Page<Project>>),
    ("shared", through::<Page<Project>>),
    ("repository", through::<Project>),
    ("commits", through::<Page<Commit>>),
    ("profile", through::<User>),
    ("people", through::<Page<User>>),
    ("labels", through::<Page<Label>>),
    ("forked", through::<Page<Fork>>),
    ("file_tree", through::<Page<FileInfo>>),
];

#[test]
fn members_of_newer_releases_are_kept() {
    let newer = serde_json::json!({
        "hash": "0123", "message": null, "shortMessage": null, "createdAt": null, "committerIdent": null,
        "authorIdent": null, "user": null, "parentCommitIds": ["4567"], "parentCommitBranches": ["main"],
        "verificationResult": {"verified": true, "comment": "Verified", "keyId": "A1B2"},
    });
    assert_eq!(through::<Commit>(&newer.to_string()).unwrap(), newer);
    let mut other = newer.clone();
    other["verificationResult"] = "Verified".into();
    let read: Commit = serde_json::from_value(other).unwrap();
    assert_eq!(
        (read.hash.as_str(), read.verification_result),
        ("0123", None)
    );
}

#[test]
fn either_spelling_is_read_and_both_together_are_too() {
    let ident = serde_json::json!({"name": "Ada", "avatar": null, "emailAddress": "a@mill.example", "when": null});
    let mut file = serde_json::json!({
        "path": "a", "baseName": null, "filename": null, "lastCommitHash": null, "lastCommitMessage": null,
        "commiter": ident, "author": null, "createdAt": null,
    });
    let by = |file: &Value| {
        let file: FileInfo = serde_json::from_value(file.clone()).unwrap();
        let by = file.committed_by();
        by.and_then(|ident| ident.name.clone()).unwrap_or_default()
    };
    assert_eq!(by(&file), "Ada");
    file["committer"] = ident.clone();
    file["committer"]["name"] = "Boris".into();
    assert_eq!(by(&file), "Ada");
    assert_eq!(through::<FileInfo>(&file.to_string()).unwrap(), file);
    file["commiter"] = Value::Null;
    assert_eq!(by(&file), "Boris");
    let tagger = r#"{"name": "Ada", "avatar": "/a.jpg", "avatart": "/b.jpg", "emailAddress": null, "when": null}"#;
    let tagger: Ident = serde_json::from_str(tagger).unwrap();
    assert_eq!(tagger.avatar.as_deref(), Some("/a.jpg"));
}

#[test]
fn of_several_lists_the_one_with_a_known_key_is_meant() {
    let page = |lists: Value| {
        let about =
            serde_json::json!({"size": 5, "totalElements": 1, "totalPages": 1, "number": 0});
        let body = serde_json::json!({"_embedded": lists, "page": about});
        let page = serde_json::from_value::<Page<Label>>(body);
        page.ok().map(|page| (page.key, page.items.len()))
    };
    let row = serde_json::json!({"title": "bug"});
    for (lists, expected) in [
        (
            serde_json::json!({"labelList": [row], "aList": []}),
            Some("labelList"),
        ),
        (
            serde_json::json!({"otherList": [row], "_links": {}}),
            Some("otherList"),
        ),
        (serde_json::json!({"aList": [row], "bList": [row]}), None),
        (
            serde_json::json!({"labelList": [row], "userList": [row]}),
            None,
        ),
    ] {
        let expected = expected.map(|key| (key.to_owned(), 1));
        assert_eq!(page(lists.clone()), expected, "{lists}");
    }
}

#[test]
fn no_field_is_lost_on_the_way_through() {
    for (name, through) in FIXTURES {
        let mut sent: Value =
            serde_json::from_str(&fixture(&format!("gitflic/{name}.json"))).unwrap();
        // A wide picture that was not set is as good as one that was not sent.
        if let Some(user) = sent
            .as_object_mut()
            .filter(|user| user.get("cover") == Some(&Value::Null))
        {
            user.remove("cover");
        }
        assert_eq!(through(&sent.to_string()).unwrap(), sent, "{name}");
    }
    let Some(folder) = at("gitflic-docs") else {
        return;
    };
    for (name, through) in EXAMPLES {
        let sent = read(&folder, &format!("{name}.json"));
        let expected: Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(through(&sent).unwrap(), expected, "{name}");
    }
}

/// The example, and the answer of the table that it stands in for.
const MAPPED: &[(&str, &str, &str)] = &[
    ("project-my.json", "repositories", "my"),
    ("project-list.json", "repositories", "my"),
    ("project-shared.json", "repositories", "shared"),
    ("commits.json", "commits", "commits"),
    ("commits-branch.json", "of a branch", "commits"),
    ("files.json", "file_tree", "file_tree"),
    ("forked.json", "forks", "forked"),
    ("labels.json", "labels", "labels"),
    ("stars.json", "stargazers", "people"),
    ("followers.json", "watchers", "people"),
    ("users-can-be-assigned.json", "assignees", "people"),
    ("tag.cut.json", "tags", "tags"),
    ("release.cut.json", "releases", "releases"),
];

#[tokio::test]
async fn every_example_maps_and_nothing_is_invented() {
    let Some(folder) = at("gitflic-docs") else {
        return;
    };
    let subject = subject();
    for (name, case, answer) in MAPPED {
        let mut body: Value = serde_json::from_str(&read(&folder, name)).unwrap();
        // What was cut off.
        if name.contains(".cut.") {
            body["page"] =
                serde_json::json!({"size": 10, "totalElements": 1, "totalPages": 1, "number": 0});
        }
        // The documentation's project is another one.
        for row in body["_embedded"]
            .as_object_mut()
            .into_iter()
            .flat_map(|lists| lists.values_mut())
            .filter_map(Value::as_array_mut)
            .flatten()
            .filter(|row| row["projectId"].is_string())
        {
            row["projectId"] = ID.into();
        }
        let answer = subject.read_with(case, answer, &body.to_string()).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name} as {case}: {error}"));
        assert_ne!(answer, Value::Array(Vec::new()), "{name} as {case}");
    }
}
