//! Pages of one chain belong together, whatever is pushed in between; refs, commits and paths are
//! found by the names that clients may use, and by no others.

use gitflare_core::{
    Code, Limit, PageRequest, Position,
    provider::{GitRef, Provider, RefSelector, TreeQuery},
};

use crate::local::{
    api::Api,
    git::{self, Git},
};

/// A repository `work` of `commits` commits, each touching `file` and adding `folder/<n>`.
fn repository(root: &std::path::Path, commits: usize) -> Git {
    let git = Git::init(&root.join("work"), &[]);
    std::fs::create_dir(git.dir.join("folder")).unwrap();
    for n in 0..commits {
        commit(&git, n);
    }
    git
}

fn commit(git: &Git, n: usize) {
    std::fs::write(git.dir.join("file"), format!("{n}\n")).unwrap();
    std::fs::write(git.dir.join(format!("folder/{n}")), "same\n").unwrap();
    git.run(["add", "."]);
    git.run(["commit", "-q", "-m", &format!("commit {n}")]);
}

fn first(limit: u32) -> PageRequest {
    PageRequest::first(Limit::new(limit).unwrap())
}

fn after(page: &PageRequest, next: Option<Position>) -> PageRequest {
    PageRequest {
        limit: page.limit,
        position: Some(next.unwrap()),
    }
}

#[test]
fn a_chain_shows_the_history_and_tree_that_its_first_page_saw() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = repository(root.path(), 6);
    let api = Api::new(root.path(), "work");
    let call = Api::call();
    let request = first(2);
    let query = TreeQuery {
        recursive: true,
        ..TreeQuery::default()
    };
    let commits = api.block_on(api.local.commits(&call, &api.repo, None, request.clone()));
    let tree = api.block_on(
        api.local
            .file_tree(&call, &api.repo, &query, request.clone()),
    );
    let people = api.block_on(api.local.contributors(&call, &api.repo, first(1)));
    let (commits, tree, people) = (commits.unwrap(), tree.unwrap(), people.unwrap());
    assert_eq!(people.next, None);
    commit(&git, 6);

    let mut titles = Vec::new();
    let mut page = commits;
    loop {
        titles.extend(page.items.into_iter().map(|commit| commit.title.unwrap()));
        if page.next.is_none() {
            break;
        }
        let request = after(&request, page.next);
        page = api
            .block_on(api.local.commits(&call, &api.repo, None, request))
            .unwrap();
    }
    let expected: Vec<_> = (0..6).rev().map(|n| format!("commit {n}")).collect();
    assert_eq!(titles, expected);

    let mut paths = Vec::new();
    let mut page = tree;
    loop {
        paths.extend(page.items.into_iter().map(|entry| entry.path));
        if page.next.is_none() {
            break;
        }
        let request = after(&request, page.next);
        page = api
            .block_on(api.local.file_tree(&call, &api.repo, &query, request))
            .unwrap();
    }
    let expected = ["file", "folder"].map(str::to_owned).into_iter();
    let inside = (0..6).map(|n| format!("folder/{n}"));
    assert_eq!(paths, expected.chain(inside).collect::<Vec<_>>());
}

#[test]
fn a_deleted_ref_does_not_disturb_a_chain_of_refs() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = repository(root.path(), 1);
    for name in ["a", "b", "c", "d"] {
        git.run(["tag", name]);
    }
    let api = Api::new(root.path(), "work");
    let call = Api::call();
    let page = api.block_on(api.local.tags(&call, &api.repo, first(2)));
    let request = after(&first(2), page.unwrap().next);
    git.run(["tag", "-d", "b"]);
    git.run(["tag", "a-late"]);
    let page = api.block_on(api.local.tags(&call, &api.repo, request));
    let names: Vec<_> = page
        .unwrap()
        .items
        .into_iter()
        .map(|tag| tag.name)
        .collect();
    assert_eq!(names, ["c", "d"]);
}

#[test]
fn a_pinned_commit_that_is_gone_expires_the_cursor() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    repository(root.path(), 3);
    let api = Api::new(root.path(), "work");
    let call = Api::call();
    let gone = Position::new().object([7u8; 20]).number(1);
    let request = after(&first(1), Some(gone));
    let query = TreeQuery::default();
    let errors = [
        api.block_on(api.local.commits(&call, &api.repo, None, request.clone()))
            .unwrap_err(),
        api.block_on(api.local.contributors(&call, &api.repo, request.clone()))
            .unwrap_err(),
        api.block_on(api.local.file_tree(&call, &api.repo, &query, request))
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), Code::CursorExpired, "{error:?}");
    }
}

#[test]
fn a_position_of_another_shape_is_an_invalid_cursor() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = repository(root.path(), 3);
    let tip = git.line(["rev-parse", "HEAD"]);
    let tip: Vec<_> = (0..20)
        .map(|at| u8::from_str_radix(&tip[2 * at..][..2], 16).unwrap())
        .collect();
    let api = Api::new(root.path(), "work");
    let call = Api::call();
    let query = TreeQuery::default();
    for position in [
        Position::new(),
        Position::new().number(1),
        Position::new().text("refs/heads/main"),
        Position::new().object([1u8; 19]).number(1),
        Position::new().object([1u8; 32]).number(1),
        Position::new().object(tip.clone()),
        Position::new().object(tip.clone()).text("x"),
        Position::new().number(7).text("refs/heads/main"),
    ] {
        let request = after(&first(1), Some(position.clone()));
        let errors = [
            api.block_on(api.local.commits(&call, &api.repo, None, request.clone()))
                .unwrap_err(),
            api.block_on(api.local.contributors(&call, &api.repo, request.clone()))
                .unwrap_err(),
            api.block_on(api.local.branches(&call, &api.repo, request.clone()))
                .unwrap_err(),
            api.block_on(api.local.file_tree(&call, &api.repo, &query, request))
                .unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.code(), Code::InvalidCursor, "{position:?}: {error:?}");
        }
    }
    // Beyond the end there is nothing; into a file there is no way.
    let end = Position::new().object(tip.clone()).number(u64::MAX);
    let request = after(&first(1), Some(end));
    let page = api.block_on(api.local.commits(&call, &api.repo, None, request));
    assert_eq!(page.unwrap().items, []);
    let into_file = Position::new().object(tip).number(0).number(0);
    let request = after(&first(1), Some(into_file));
    let page = api.block_on(api.local.file_tree(&call, &api.repo, &query, request));
    assert_eq!(page.unwrap_err().code(), Code::InvalidCursor);
}

#[test]
fn a_ref_is_a_branch_a_tag_a_full_name_or_a_commit_id() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = repository(root.path(), 4);
    git.run(["branch", "both", "HEAD~1"]);
    git.run(["tag", "both", "HEAD~2"]);
    git.run(["tag", "-a", "-m", "x", "annotated", "HEAD~2"]);
    git.run(["tag", "of-tree", "HEAD^{tree}"]);
    git.run(["branch", "group/name", "HEAD~3"]);
    git.run(["update-ref", "refs/notes/hidden", "HEAD"]);
    git.run(["update-ref", "refs/heads/refs/heads/odd", "HEAD~3"]);
    let id = |name: &str| git.line(["rev-parse", name]);
    // A branch that is named like a commit does not hide the commit.
    let head = id("HEAD");
    git.run(["update-ref", &format!("refs/heads/{head}"), "HEAD~3"]);

    let api = Api::new(root.path(), "work");
    let tip = |at: RefSelector| {
        let query = TreeQuery {
            at,
            ..TreeQuery::default()
        };
        let call = Api::call();
        let page = api.block_on(api.local.file_tree(&call, &api.repo, &query, first(100)));
        page.map(|page| {
            page.items
                .iter()
                .find(|entry| entry.name == "folder")
                .unwrap()
                .sha
                .clone()
                .unwrap()
        })
    };
    let folder_of = |name: &str| id(&format!("{name}:folder"));
    for (name, expected) in [
        ("main", "HEAD"),
        ("refs/heads/main", "HEAD"),
        ("heads/main", "HEAD"),
        // As git does: the tag.
        ("both", "HEAD~2"),
        ("heads/both", "HEAD~1"),
        ("tags/both", "HEAD~2"),
        ("refs/tags/both", "HEAD~2"),
        ("refs/heads/both", "HEAD~1"),
        ("annotated", "HEAD~2"),
        ("group/name", "HEAD~3"),
        ("refs/heads/odd", "HEAD~3"),
        (&head, "HEAD"),
        (&head.to_uppercase(), "HEAD"),
        (&id("annotated"), "HEAD~2"),
        (&id("HEAD~1"), "HEAD~1"),
    ] {
        let at = RefSelector::Ref(GitRef::parse("ref", name).unwrap());
        assert_eq!(tip(at).unwrap(), folder_of(expected), "{name}");
    }
    assert_eq!(tip(RefSelector::DefaultBranch).unwrap(), folder_of("HEAD"));

    for name in [
        "nowhere",
        "group",
        "HEAD",
        "ORIG_HEAD",
        "refs/notes/hidden",
        "hidden",
        "of-tree",
        "refs/heads",
        "origin/main",
        &head[..12],
        &"0".repeat(40),
        &"0".repeat(64),
        &id("HEAD^{tree}"),
    ] {
        let at = RefSelector::Ref(GitRef::parse("ref", name).unwrap());
        assert_eq!(
            tip(at).unwrap_err().code(),
            Code::ResourceNotFound,
            "{name}"
        );
    }
    for (name, known) in [
        ("both", true),
        ("refs/heads/both", true),
        ("annotated", false),
        ("refs/tags/both", false),
        (&*id("HEAD~1"), false),
    ] {
        let found = api.commits(Some(name), 1);
        assert_eq!(found.is_ok(), known, "branch {name}");
    }
    assert_eq!(
        api.diff(&id("annotated")).unwrap().head_sha,
        Some(id("HEAD~2"))
    );
    for unknown in [id("HEAD^{tree}"), "0".repeat(40), "0".repeat(64)] {
        assert_eq!(
            api.diff(&unknown).unwrap_err().code(),
            Code::ResourceNotFound
        );
    }
}

#[test]
fn a_path_names_a_folder_or_one_entry() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    repository(root.path(), 2);
    let api = Api::new(root.path(), "work");
    let paths = |path: &str, recursive| {
        let entries = api.tree("main", Some(path), recursive, 1)?;
        Ok::<_, gitflare_core::Error>(
            entries
                .into_iter()
                .map(|entry| entry.path)
                .collect::<Vec<_>>(),
        )
    };
    for recursive in [true, false] {
        assert_eq!(
            paths("folder", recursive).unwrap(),
            ["folder/0", "folder/1"]
        );
        assert_eq!(
            paths("folder/", recursive).unwrap(),
            ["folder/0", "folder/1"]
        );
        assert_eq!(paths("folder/1", recursive).unwrap(), ["folder/1"]);
        assert_eq!(paths("file", recursive).unwrap(), ["file"]);
        for path in ["nowhere", "folder/2", "file/x", "FILE", "folder/1/x"] {
            let error = paths(path, recursive).unwrap_err();
            assert_eq!(error.code(), Code::ResourceNotFound, "{path}");
        }
    }
    assert_eq!(api.tree("main", None, false, 100).unwrap().len(), 2);
}

#[test]
fn a_detached_head_is_the_default_and_names_no_branch() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = repository(root.path(), 3);
    git.run(["checkout", "-q", "--detach", "HEAD~1"]);
    let api = Api::new(root.path(), "work");
    assert_eq!(api.repository().unwrap().default_branch, None);
    assert_eq!(api.commits(None, 25).unwrap().len(), 2);
    assert_eq!(api.branches(25).unwrap()[0].default, Some(false));
}

#[test]
fn an_unborn_default_branch_has_empty_pages_beside_other_branches() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = repository(root.path(), 2);
    git.run(["symbolic-ref", "HEAD", "refs/heads/unborn"]);
    let api = Api::new(root.path(), "work");
    assert_eq!(
        api.repository().unwrap().default_branch.as_deref(),
        Some("unborn")
    );
    assert_eq!(api.commits(None, 25).unwrap(), []);
    assert_eq!(api.contributors(25).unwrap(), []);
    assert_eq!(api.commits(Some("main"), 25).unwrap().len(), 2);
    let error = api.commits(Some("unborn"), 25).unwrap_err();
    assert_eq!(error.code(), Code::ResourceNotFound);
    // A HEAD that points into a hidden namespace shows nothing of it.
    git.run(["update-ref", "refs/notes/hidden", "main"]);
    std::fs::write(git.dir.join(".git/HEAD"), "ref: refs/notes/hidden\n").unwrap();
    assert_eq!(api.commits(None, 25).unwrap(), []);
    assert_eq!(api.repository().unwrap().default_branch, None);
}

#[test]
fn a_repository_can_be_repacked_and_pushed_to_while_it_is_read() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = repository(root.path(), 5);
    let api = Api::new(root.path(), "work");
    let before = api.commits(None, 2).unwrap();
    git.run(["repack", "-a", "-d", "-q"]);
    git.run(["pack-refs", "--all"]);
    git.run(["prune-packed"]);
    assert_eq!(api.commits(None, 2).unwrap(), before);
    for n in 5..8 {
        commit(&git, n);
        git.run(["branch", &format!("b{n}")]);
        assert_eq!(api.commits(None, 2).unwrap().len(), n + 1);
        assert_eq!(api.branches(25).unwrap().len(), n - 3);
        git.run(["repack", "-a", "-d", "-q"]);
        git.run(["pack-refs", "--all"]);
        let tip = git.line(["rev-parse", "HEAD"]);
        assert_eq!(api.diff(&tip).unwrap().files.len(), 2);
    }
}

#[test]
fn pages_asked_for_at_once_are_the_pages_of_one_list() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("made.git");
    let git = crate::local::history::make(&dir, &crate::local::history::Shape::long(400));
    let api = Api::new(root.path(), "made");
    let tip = git.line(["rev-parse", "HEAD"]);
    let expected: Vec<_> = git
        .line(["rev-list", "HEAD"])
        .lines()
        .map(str::to_owned)
        .collect();
    let tip: Vec<_> = (0..20)
        .map(|at| u8::from_str_radix(&tip[2 * at..][..2], 16).unwrap())
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    let local = std::sync::Arc::new(api.local);
    // From the end to the start, so that the first to run has to walk everything.
    let pages: Vec<_> = (0..expected.len())
        .step_by(7)
        .rev()
        .map(|from| {
            let position = Position::new().object(tip.clone()).number(from as u64);
            let request = after(&first(7), Some(position));
            let (local, repo) = (std::sync::Arc::clone(&local), api.repo.clone());
            let page = runtime
                .spawn(async move { local.commits(&Api::call(), &repo, None, request).await });
            (from, page)
        })
        .collect();
    for (from, page) in pages {
        let items = runtime.block_on(page).unwrap().unwrap().items;
        let ids: Vec<_> = items.into_iter().map(|commit| commit.sha).collect();
        assert_eq!(
            ids,
            expected[from..expected.len().min(from + 7)],
            "from {from}"
        );
    }
}
