//! Reads beside the upkeep that `git` does in a repository that is in use: `repack`, `prune-packed`,
//! `pack-refs`, `gc`. No read fails, and none misses what is there all the time.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::local::{
    api::Api,
    git::{self, Git},
};

/// Rounds of upkeep; a tenth of them outside of drills.
fn rounds() -> usize {
    match std::env::var_os("CI_DRILLS") {
        Some(_) => 100,
        None => 10,
    }
}

#[test]
fn no_read_fails_or_misses_a_ref_beside_upkeep() {
    if !git::is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let git = Git::init(&folder.path().join("work"), &[]);
    let file = git.dir.join("file");
    let commit = |round: usize| {
        fs::write(&file, format!("round {round}\n")).unwrap();
        git.run(["add", "."]);
        git.run(["commit", "-q", "-m", "round"]);
    };
    commit(0);
    for name in ["one", "two", "three"] {
        git.run(["branch", name]);
        git.run(["tag", name]);
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| read_until(folder.path(), &done)))
            .collect();
        for round in 1..=rounds() {
            commit(round);
            // A ref that is loose again, so that packing takes a file away.
            git.run(["branch", "-f", "two"]);
            git.run(["tag", "-f", "two"]);
            match round % 3 {
                0 => drop(git.run(["gc", "-q", "--prune=now"])),
                _ => {
                    git.run(["repack", "-adq"]);
                    git.run(["prune-packed", "-q"]);
                    git.run(["pack-refs", "--all", "--prune"]);
                }
            }
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
}

/// Reads one kind after the other; how many times.
fn read_until(root: &std::path::Path, done: &AtomicBool) -> usize {
    let api = Api::new(root, "work");
    let mut reads = 0;
    while !done.load(Ordering::Relaxed) {
        let branches = api.branches(25).unwrap();
        let names: Vec<_> = branches.iter().map(|branch| &*branch.name).collect();
        assert_eq!(names, ["main", "one", "three", "two"]);
        let tags = api.tags(25).unwrap();
        let names: Vec<_> = tags.iter().map(|tag| &*tag.name).collect();
        assert_eq!(names, ["one", "three", "two"]);
        let commits = api.commits(None, 100).unwrap();
        let newest = commits.first().unwrap();
        api.diff(&newest.sha).unwrap();
        assert_eq!(api.tree("main", None, true, 100).unwrap().len(), 1);
        assert_eq!(api.repositories(25).unwrap().len(), 1);
        assert!(!api.contributors(25).unwrap().is_empty());
        reads += 1;
    }
    reads
}
