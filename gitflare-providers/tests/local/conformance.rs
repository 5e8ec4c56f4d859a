//! The promises that every adapter makes, as far as they need no upstream that can be steered.

use gitflare_core::provider::{Provider, RefSelector, TreeQuery};
use gitflare_providers::conformance::{self, Read};

use crate::local::{
    api::Api,
    git::{Git, is_available},
};

/// More of everything than a page of the suite holds.
fn repository(dir: &std::path::Path) {
    let git = Git::init(dir, &[]);
    for n in 0..23 {
        let (name, author) = (
            format!("f{n}"),
            format!("--author=P{n} <p{n}@mill.example>"),
        );
        std::fs::write(dir.join(&name), &name).unwrap();
        git.run(["add", &name]);
        git.run(["commit", "-q", "-m", &name, &author]);
        git.run(["branch", &format!("b{n}")]);
        git.run(["tag", &format!("t{n}")]);
    }
}

#[test]
fn local_keeps_the_promises_of_an_adapter() {
    if !is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    for n in 0..8 {
        Git::init(&root.path().join(format!("mill/r{n}")), &[]);
    }
    repository(&root.path().join("mill/loom"));
    let api = Api::new(root.path(), "mill/loom");
    let (local, call): (&dyn Provider, _) = (&api.local, Api::call());
    conformance::no_endpoint_is_declared_twice(local);
    api.block_on(async {
        conformance::declared_is_callable(local, &call, &api.repo).await;
        conformance::foreign_positions_are_refused(local, &call, &api.repo).await;
        for (read, rows) in [
            (Read::Repositories, 9),
            (Read::Branches, 24),
            (Read::Tags, 23),
            (Read::Commits(None), 23),
            (Read::Contributors, 23),
            (Read::FileTree(TreeQuery::default()), 23),
            (
                Read::FileTree(TreeQuery {
                    at: RefSelector::DefaultBranch,
                    path: None,
                    recursive: true,
                }),
                23,
            ),
        ] {
            let all = conformance::pages_equal_the_whole(local, &call, &api.repo, &read).await;
            assert_eq!(all.len(), rows, "{read:?}");
        }
    });
}
