//! The sample repository as Git reads it.

use super::*;

#[test]
fn the_sample_is_a_real_repository_with_what_it_promises() {
    let root = tempfile::tempdir().unwrap();
    let sample = write(root.path()).unwrap();
    let repo = gix::open(root.path().join("acme/storefront.git")).unwrap();
    let mut refs: Vec<_> = repo
        .references()
        .unwrap()
        .all()
        .unwrap()
        .map(|reference| reference.unwrap().name().as_bstr().to_string())
        .collect();
    refs.sort();
    assert_eq!(
        refs,
        [
            "refs/heads/feature/search",
            "refs/heads/main",
            "refs/heads/release/1.x",
            "refs/tags/v0.1.0",
            "refs/tags/v0.2.0",
            "refs/tags/v1.0.0",
        ]
    );
    let history: Vec<_> = repo
        .head_id()
        .unwrap()
        .ancestors()
        .all()
        .unwrap()
        .map(|commit| commit.unwrap())
        .collect();
    assert_eq!(history.len(), PRODUCTS + 8, "more than a page");
    assert!(history.iter().any(|commit| commit.parent_ids.len() == 2));
    let ids: Vec<_> = history.iter().map(|commit| commit.id.to_string()).collect();
    assert!(ids.contains(&sample.leaky_commit));
    let tree = repo.head_commit().unwrap().tree().unwrap();
    for path in [
        ".env",
        "deploy/server.pem",
        "assets/logo.png",
        "src/basket.py",
    ] {
        assert!(tree.lookup_entry_by_path(path).unwrap().is_some(), "{path}");
    }
    assert!(tree.lookup_entry_by_path("src/cart.py").unwrap().is_none());
}

#[test]
fn every_run_makes_the_same_commits() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (a, b) = (write(a.path()).unwrap(), write(b.path()).unwrap());
    assert_eq!(a.leaky_commit, b.leaky_commit);
    assert_eq!(a.planted.all(), b.planted.all());
}

#[test]
fn no_planted_secret_stands_in_our_source() {
    let source = [
        include_str!("mod.rs"),
        include_str!("content.rs"),
        include_str!("secrets.rs"),
        include_str!("tests.rs"),
    ];
    for secret in Planted::new().all() {
        assert!(secret.len() >= 18);
        assert!(source.iter().all(|text| !text.contains(secret)), "{secret}");
    }
}
