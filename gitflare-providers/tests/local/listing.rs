//! Which folders are served as repositories, under which ids, and what is known of them.

use gitflare_core::Code;

use crate::local::{
    api::Api,
    git::{self, Git},
};

#[test]
fn repositories_are_listed_by_id_and_found_by_it() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    Git::init(&at("bare.git"), &["--bare"]);
    Git::init(&at("work"), &[]);
    Git::init(&at("group/both"), &[]);
    Git::init(&at("group/both.git"), &["--bare"]);
    Git::init(&at("group-a/sub/deep/last"), &[]);
    Git::init(&at("too/deep/to/be/found"), &[]);
    Git::init(&at("work/inner"), &[]);
    Git::init(&at(".hidden"), &[]);
    std::fs::create_dir_all(at("empty/folder")).unwrap();
    std::fs::write(at("work/.git/description"), "What it is\nmore\n").unwrap();

    let expected = [
        "bare",
        "group-a/sub/deep/last",
        "group/both",
        "group/both.git",
        "work",
    ];
    for limit in [1, 2, 100] {
        let api = Api::new(root.path(), "work");
        let listed = api.repositories(limit).unwrap();
        let ids: Vec<_> = listed.iter().map(|repository| &repository.id).collect();
        assert_eq!(ids, expected, "limit {limit}");
        for repository in listed {
            let api = Api::new(root.path(), &repository.id);
            assert_eq!(api.repository().unwrap(), repository);
            assert_eq!(api.branches(25).unwrap(), []);
            assert_eq!(api.commits(None, 25).unwrap(), []);
            assert_eq!(repository.default_branch.as_deref(), Some("main"));
            let description = (repository.id == "work").then_some("What it is");
            assert_eq!(repository.description.as_deref(), description);
        }
    }
    for id in [
        "bare.git",
        "work/inner",
        "too/deep/to/be/found",
        "empty",
        "WORK",
    ] {
        let api = Api::new(root.path(), id);
        let error = api.repository().unwrap_err();
        assert_eq!(error.code(), Code::RepositoryNotFound, "{id}");
    }
}

#[test]
fn a_root_that_is_a_repository_is_the_only_one() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let work = root.path().join("work");
    Git::init(&work, &[]);
    Git::init(&work.join("inner"), &[]);
    let bare = root.path().join("bare.git");
    Git::init(&bare, &["--bare"]);
    for (root, id) in [(&work, "work"), (&bare, "bare")] {
        let api = Api::new(root, id);
        let listed = api.repositories(25).unwrap();
        let ids: Vec<_> = listed.iter().map(|repository| &repository.id).collect();
        assert_eq!(ids, [id]);
        assert_eq!(api.repository().unwrap(), listed[0]);
        assert_eq!(api.branches(25).unwrap(), []);
    }
    let error = Api::new(&work, "inner").repository().unwrap_err();
    assert_eq!(error.code(), Code::RepositoryNotFound);
}

#[test]
fn of_two_roots_with_one_id_the_first_is_served() {
    if !git::is_available() {
        return;
    }
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Git::init(&first.path().join("both"), &["-b", "first"]);
    Git::init(&second.path().join("both"), &["-b", "second"]);
    Git::init(&second.path().join("alone"), &["-b", "second"]);
    let roots = [first.path(), second.path()];
    let seen = |api: &Api| {
        let listed = api.repositories(1).unwrap().into_iter();
        listed
            .map(|repository| (repository.id, repository.default_branch.unwrap()))
            .collect::<Vec<_>>()
    };
    let api = Api::over(&roots, "both");
    let expected = [("alone", "second"), ("both", "first")];
    assert_eq!(
        seen(&api),
        expected.map(|(id, branch)| (id.to_owned(), branch.to_owned()))
    );
    assert_eq!(
        api.repository().unwrap().default_branch.as_deref(),
        Some("first")
    );
    let alone = Api::over(&roots, "alone").repository().unwrap();
    assert_eq!(alone.default_branch.as_deref(), Some("second"));
}

#[test]
fn a_repository_with_refs_in_another_format_is_refused_and_named() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    Git::init(&at("files"), &[]);
    Git::init(&at("tables"), &[]);
    std::fs::create_dir(at("tables/.git/reftable")).unwrap();
    std::fs::write(at("tables/.git/HEAD"), "ref: refs/heads/.invalid\n").unwrap();
    let api = Api::new(root.path(), "tables");
    for refused in [
        api.repository().map(drop),
        api.branches(25).map(drop),
        api.tags(25).map(drop),
        api.commits(None, 25).map(drop),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.code(), Code::UnsupportedEndpoint);
        assert!(error.message().contains("reftable"), "{error}");
    }
    let listed = api.repositories(25).unwrap();
    let ids: Vec<_> = listed.iter().map(|repository| &repository.id).collect();
    assert_eq!(ids, ["files"]);
}

#[test]
fn folders_that_come_and_go_meanwhile_fail_no_read() {
    use std::sync::atomic::{AtomicBool, Ordering};

    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    Git::init(&root.path().join("work"), &[]);
    let objects = root.path().join("work/.git/objects");
    let api = Api::new(root.path(), "work");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for name in ["aa", "bb", "cc"] {
            let (folder, stop) = (objects.join(name), &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::fs::create_dir(&folder).unwrap();
                    std::fs::remove_dir(&folder).unwrap();
                }
            });
        }
        let reads: Vec<_> = (0..300).map(|_| api.branches(25)).collect();
        stop.store(true, Ordering::Relaxed);
        for read in reads {
            read.unwrap();
        }
    });
}
