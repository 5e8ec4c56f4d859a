//! The comparison with `git` on histories that the tests make, and on a real one when its folder
//! is named by `GITFLARE_TEST_REPOSITORY`.

use std::path::Path;

use crate::local::{
    api::Api,
    compare::{self, Extent, Totals},
    git::{self, Git},
    history::{self, Shape},
};

fn compare(dir: &Path, extent: &Extent) -> Totals {
    let dir = &dir.canonicalize().unwrap();
    let name = dir.file_name().unwrap().to_str().unwrap();
    let id = name.strip_suffix(".git").unwrap_or(name);
    compare::whole(&Git::at(dir), &Api::new(dir, id), extent)
}

#[test]
fn a_rich_history_of_2000_commits_reads_as_git_reads_it() {
    made(
        &Shape::rich(2_000),
        &Extent {
            limits: vec![1, 7, 25, 100],
            every: 1,
        },
    );
}

/// Whole under `CI_DRILLS=1`, a tenth of it elsewhere.
#[test]
fn a_long_history_of_16000_commits_reads_as_git_reads_it() {
    let commits = if std::env::var_os("CI_DRILLS").is_some() {
        16_000
    } else {
        1_600
    };
    made(
        &Shape::long(commits),
        &Extent {
            limits: vec![25, 100],
            every: 4,
        },
    );
}

#[expect(clippy::print_stdout, reason = "tells how much was compared")]
fn made(shape: &Shape, extent: &Extent) {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("made.git");
    history::make(&dir, shape);
    let totals = compare(&dir, extent);
    println!("{totals:?}");
    assert_eq!(totals.other_patches, 0, "{totals:?}");
    assert!(totals.renames > 100 && totals.tags > 30, "{totals:?}");
}

#[test]
fn people_are_counted_as_git_counts_them_while_a_history_grows_and_is_rewritten() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("made.git");
    history::make(&dir, &Shape::rich(600));
    let (git, api) = (Git::at(&dir), Api::new(root.path(), "made"));
    let all = git.line(["rev-list", "--reverse", "HEAD"]);
    let growing: Vec<_> = all.lines().step_by(31).collect();
    let rewritten = growing.iter().rev().step_by(5);
    for tip in growing.iter().chain(rewritten).chain(&growing) {
        git.run(["update-ref", "HEAD", tip]);
        compare::contributors(&git, &api, &[100]);
    }
}

#[test]
fn a_real_repository_reads_as_git_reads_it() {
    let Some(dir) = std::env::var_os("GITFLARE_TEST_REPOSITORY") else {
        println!("skipped: GITFLARE_TEST_REPOSITORY names no repository");
        return;
    };
    let totals = compare(
        Path::new(&dir),
        &Extent {
            limits: vec![25, 100],
            every: 1,
        },
    );
    println!("{totals:?}");
}
