//! The comparison with `git` on histories that the tests make, and on a real one when its folder
//! is named by `GITFLARE_TEST_REPOSITORY`.

use std::path::Path;

use crate::{
    api::Api,
    compare::{self, Extent, Totals},
    git::{self, Git},
    history::{self, Shape},
};

fn compare(dir: &Path, extent: &Extent) -> Totals {
    let root = dir.parent().unwrap();
    let name = dir.file_name().unwrap().to_str().unwrap();
    let id = name.strip_suffix(".git").unwrap_or(name);
    compare::whole(&Git::at(dir), &Api::new(root, id), extent)
}

#[test]
#[expect(clippy::print_stdout, reason = "what was compared")]
fn a_rich_history_of_2000_commits_reads_as_git_reads_it() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("rich.git");
    history::make(&dir, &Shape::rich(2_000));
    let totals = compare(
        &dir,
        &Extent {
            limits: vec![1, 7, 25, 100],
            every: 1,
        },
    );
    println!("{totals:?}");
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test must say why")]
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
