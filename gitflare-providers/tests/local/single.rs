//! One commit by the beginning of its id: which object Git would take it for, and what changed in it.

use gitflare_core::{Code, model::DiffStats};

use crate::local::{
    api::Api,
    git::{self, Git},
};

/// Messages of two commits whose ids begin with the same seven digits.
const TWINS: [u32; 2] = [12_421, 30_739];
/// The message of a commit, and the content of a file, whose ids begin with the same seven digits.
const COMMIT_AND_FILE: [u32; 2] = [19_884, 1_482];

fn write_commit(git: &Git, message: u32) -> String {
    let tree = git.line(["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let who = "A <a@b> 1000000000 +0000";
    let text = format!("tree {tree}\nauthor {who}\ncommitter {who}\n\n{message}\n");
    let id = git.feed(
        ["hash-object", "-t", "commit", "-w", "--stdin"],
        text.as_bytes(),
    );
    String::from_utf8(id).unwrap().trim().to_owned()
}

#[test]
fn a_beginning_of_several_commits_is_none_of_them() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = Git::init(&root.path().join("work"), &[]);
    let api = Api::new(root.path(), "work");
    let [one, other] = TWINS.map(|message| write_commit(&git, message));
    assert_eq!(
        one[..7],
        other[..7],
        "the ids are those that were looked for"
    );
    let ambiguous = api.commit(&one[..7]).unwrap_err();
    assert_eq!(ambiguous.code(), Code::ResourceNotFound);
    assert!(ambiguous.message().contains("Several"), "{ambiguous}");
    for id in [one, other] {
        assert_eq!(api.commit(&id[..9]).unwrap().sha, id);
        assert_eq!(api.commit(&id.to_uppercase()).unwrap().sha, id);
    }
}

#[test]
fn other_objects_of_the_same_beginning_do_not_count() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = Git::init(&root.path().join("work"), &[]);
    let [message, content] = COMMIT_AND_FILE;
    let commit = write_commit(&git, message);
    let file = git.feed(
        ["hash-object", "-w", "--stdin"],
        format!("{content}\n").as_bytes(),
    );
    assert_eq!(&file[..7], &commit.as_bytes()[..7]);
    let api = Api::new(root.path(), "work");
    let alone = api.commit(&commit[..7]).unwrap();
    assert_eq!(alone.sha, commit);
    let nothing = DiffStats {
        files: Some(0),
        additions: Some(0),
        deletions: Some(0),
    };
    assert_eq!(alone.stats, Some(nothing), "a first commit of no files");
    let file = String::from_utf8(file).unwrap();
    let refused = api.commit(file.trim()).unwrap_err();
    assert_eq!(refused.code(), Code::ResourceNotFound, "a file's whole id");
    for absent in ["0000000", &"f".repeat(39), &"f".repeat(64)] {
        let refused = api.commit(absent).unwrap_err();
        assert_eq!(refused.code(), Code::ResourceNotFound, "{absent}");
    }
}
