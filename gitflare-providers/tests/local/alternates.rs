//! Repositories that borrow objects: served from under the roots, refused from elsewhere, and what
//! the operator is told of both and of links.

use std::{fs, os::unix::fs::symlink, path::Path};

use gitflare_core::Code;
use gitflare_providers::local::Survey;

use crate::local::{
    api::Api,
    git::{self, Git},
};

/// A repository of one commit.
fn repository(dir: &Path) -> Git {
    let git = Git::init(dir, &[]);
    fs::write(dir.join("file"), "text\n").unwrap();
    git.run(["add", "."]);
    git.run(["commit", "-q", "-m", "lent"]);
    git
}

fn shared_clone(of: &Path, to: &Path) -> Git {
    let paths = [of.to_str().unwrap(), to.to_str().unwrap()];
    Git::at(of).run(["clone", "-q", "--shared"].iter().chain(&paths));
    Git::at(to)
}

fn survey(root: &Path) -> Survey {
    Api::new(root, "any").local.survey().unwrap()
}

#[test]
fn objects_borrowed_from_under_the_root_are_read() {
    if !git::is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    repository(&root.join("lender"));
    let first = shared_clone(&root.join("lender"), &root.join("group/first"));
    first.run(["commit", "-q", "--allow-empty", "-m", "own"]);
    shared_clone(&root.join("group/first"), &root.join("second"));
    // The same by a relative path and a quoted one, as people write them.
    let relative = repository(&root.join("relative"));
    let objects = root.join("lender/.git/objects");
    let list = format!(
        "# lent\n../../../lender/.git/objects\n\"{}\"\n",
        objects.display()
    );
    fs::write(relative.dir.join(".git/objects/info/alternates"), list).unwrap();

    for (id, commits) in [
        ("lender", 1),
        ("group/first", 2),
        ("second", 2),
        ("relative", 1),
    ] {
        let api = Api::new(&root, id);
        let read = api.commits(None, 25).unwrap();
        assert_eq!(read.len(), commits, "{id}");
        for commit in read {
            api.diff(&commit.sha).unwrap();
        }
        assert!(api.repositories(25).unwrap().iter().any(|row| row.id == id));
    }
    assert_eq!(
        survey(&root).to_string(),
        "found 4 repositories, skipped 0 links"
    );
}

#[test]
fn what_is_not_served_is_told_with_its_reason() {
    if !git::is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let outside = folder.path().join("outside");
    let lender = repository(&outside);
    repository(&root.join("served"));
    // Borrows from outside, directly and through one that lies under the root.
    shared_clone(&outside, &root.join("borrower"));
    shared_clone(&root.join("borrower"), &root.join("second"));
    // Reads fail on a list that never ends, on one that is a link, and on a lender that is gone.
    type Write<'a> = &'a dyn Fn(&Path);
    let lists: [(&str, Write<'_>); 3] = [
        ("pipe", &|at| {
            let made = std::process::Command::new("mkfifo").arg(at).status();
            assert!(made.unwrap().success());
        }),
        ("linked", &|at| {
            symlink(outside.join(".git/HEAD"), at).unwrap()
        }),
        ("gone", &|at| fs::write(at, "/nowhere/objects\n").unwrap()),
    ];
    for (name, make) in lists {
        make(
            &repository(&root.join(name))
                .dir
                .join(".git/objects/info/alternates"),
        );
    }
    repository(&root.join("tables"));
    fs::create_dir(root.join("tables/.git/reftable")).unwrap();
    lender.run([
        "worktree",
        "add",
        "-q",
        "--detach",
        root.join("tree").to_str().unwrap(),
    ]);
    for link in ["link-1", "link-2"] {
        symlink(&outside, root.join(link)).unwrap();
    }

    let text = survey(&root).to_string();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("found 1 repository, skipped 2 links"));
    for (name, reason) in [
        ("borrower/.git", "borrows objects from outside the root"),
        ("second/.git", "borrows objects from outside the root"),
        ("pipe/.git", "links among its objects"),
        ("linked/.git", "links among its objects"),
        ("gone/.git", "a folder that is not there"),
        ("tables/.git", "reftable"),
        ("tree", "leads to a repository elsewhere"),
    ] {
        let path = root.join(name);
        let line = lines
            .clone()
            .find(|line| line.contains(&format!("{path:?}:")));
        assert!(
            line.is_some_and(|line| line.contains(reason)),
            "{name}: {text}"
        );
        let error = Api::new(&root, name.trim_end_matches("/.git")).branches(25);
        let expected = match name {
            "tables/.git" => Code::UnsupportedEndpoint,
            _ => Code::RepositoryNotFound,
        };
        assert_eq!(error.unwrap_err().code(), expected, "{name}");
    }
    assert_eq!(lines.count(), 7, "{text}");
}

#[test]
fn a_lender_that_begins_to_borrow_from_outside_takes_its_borrowers_along() {
    if !git::is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let outside = repository(&folder.path().join("outside"));
    repository(&root.join("lender"));
    let borrower = shared_clone(&root.join("lender"), &root.join("borrower"));
    let api = Api::new(&root, "borrower");
    assert_eq!(api.commits(None, 25).unwrap().len(), 1);
    // Written over in place: the folder around the list does not change.
    let list = borrower.dir.join(".git/objects/info/alternates");
    fs::write(
        &list,
        format!("{}\n", outside.dir.join(".git/objects").display()),
    )
    .unwrap();
    assert_eq!(
        api.commits(None, 25).unwrap_err().code(),
        Code::RepositoryNotFound
    );
}
