//! What happens beyond the limits: patches go first, then rows of the list, never a count that is
//! known; and a repository that lacks objects says so instead of guessing.

use std::{fs, path::Path};

use gitflare_core::{
    Code,
    model::{Diff, DiffFile, FileStatus},
    provider::Provider,
};

use crate::local::{
    api::Api,
    git::{self, Git},
};

const MIB: usize = 1024 * 1024;

fn init(root: &Path) -> Git {
    Git::init(&root.join("work"), &[])
}

/// Commits the work tree as it is.
fn commit(git: &Git) -> String {
    git.run(["add", "-A"]);
    git.run(["commit", "-q", "-m", "x"]);
    git.line(["rev-parse", "HEAD"])
}

fn file<'a>(diff: &'a Diff, path: &str) -> &'a DiffFile {
    diff.files.iter().find(|file| file.path == path).unwrap()
}

#[test]
fn beyond_3000_files_the_list_ends_and_the_counts_go_on() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = init(root.path());
    for n in 0..3_100 {
        fs::write(git.dir.join(format!("{n:05}")), format!("{n}\nx\n")).unwrap();
    }
    let id = commit(&git);
    let diff = Api::new(root.path(), "work").diff(&id).unwrap();
    assert!(diff.truncated);
    assert_eq!(diff.files.len(), 3_000);
    assert_eq!(diff.stats.files, Some(3_100));
    assert_eq!(diff.stats.additions, Some(6_200));
    assert_eq!(diff.stats.deletions, Some(0));
    for (n, file) in diff.files.iter().enumerate() {
        assert_eq!(file.path, format!("{n:05}"));
        assert_eq!(file.additions, Some(2));
        assert_eq!(file.patch.is_some(), n < 300, "{n}");
        assert_eq!(file.patch_truncated, n >= 300, "{n}");
    }
}

#[test]
fn a_large_file_is_counted_and_has_no_patch() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = init(root.path());
    let line = [b'x'; 1023];
    let text = |lines: usize| [&line[..], b"\n"].concat().repeat(lines);
    fs::write(git.dir.join("fits"), text(1024)).unwrap();
    fs::write(git.dir.join("large"), text(1025)).unwrap();
    fs::write(git.dir.join("huge"), text(17 * 1024)).unwrap();
    fs::write(git.dir.join("small"), "x\n").unwrap();
    let id = commit(&git);
    let diff = Api::new(root.path(), "work").diff(&id).unwrap();
    assert!(!diff.truncated);
    let known = |path| {
        let file = file(&diff, path);
        (
            file.additions,
            file.binary,
            file.patch.is_some(),
            file.patch_truncated,
        )
    };
    assert_eq!(known("fits"), (Some(1024), Some(false), true, false));
    assert_eq!(known("large"), (Some(1025), Some(false), false, true));
    // More than the engine loads of an untrusted repository.
    assert_eq!(known("huge"), (None, None, false, true));
    assert_eq!(known("small"), (Some(1), Some(false), true, false));
    assert_eq!(diff.stats.files, Some(4));
    assert_eq!(diff.stats.additions, Some(1024 + 1025 + 1));

    let tree = Api::new(root.path(), "work").tree("main", None, true, 25);
    let sizes: Vec<_> = tree.unwrap().into_iter().map(|entry| entry.size).collect();
    let expected = [MIB, 17 * MIB, 1025 * 1024, 2].map(|size| Some(size as u64));
    assert_eq!(sizes, expected);
}

#[test]
fn a_large_file_with_a_small_change_is_counted_and_one_of_another_content_is_not() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = init(root.path());
    let text = |from: usize, step: usize| {
        let lines = (0..200_000).map(|n| format!("{}\n", from + n * step));
        lines.collect::<String>()
    };
    fs::write(git.dir.join("small-change"), text(0, 1)).unwrap();
    fs::write(git.dir.join("other"), text(0, 1)).unwrap();
    commit(&git);
    let changed = text(0, 1).replace("\n100000\n", "\nx\ny\n");
    fs::write(git.dir.join("small-change"), changed).unwrap();
    fs::write(git.dir.join("other"), text(5, 7)).unwrap();
    let id = commit(&git);
    let diff = Api::new(root.path(), "work").diff(&id).unwrap();
    for (path, additions, deletions) in [("small-change", Some(2), Some(1)), ("other", None, None)]
    {
        let file = file(&diff, path);
        assert_eq!(
            (file.additions, file.deletions),
            (additions, deletions),
            "{path}"
        );
        assert_eq!(
            (file.binary, file.patch_truncated),
            (Some(false), true),
            "{path}"
        );
    }
}

#[test]
fn patch_text_ends_at_ten_megabytes() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = init(root.path());
    let text = [&[b'x'; 1022][..], b"\n"].concat().repeat(1024);
    for n in 0..12 {
        fs::write(git.dir.join(format!("{n:02}")), &text).unwrap();
    }
    let id = commit(&git);
    let diff = Api::new(root.path(), "work").diff(&id).unwrap();
    let total: usize = diff
        .files
        .iter()
        .filter_map(|file| file.patch.as_ref())
        .map(String::len)
        .sum();
    assert!(total <= 10 * MIB, "{total}");
    assert!(diff.truncated);
    assert_eq!(
        diff.files
            .iter()
            .filter(|file| file.patch.is_some())
            .count(),
        9
    );
    assert_eq!(
        diff.files
            .iter()
            .filter(|file| file.patch_truncated)
            .count(),
        3
    );
    assert_eq!(diff.stats.additions, Some(12 * 1024));
}

#[test]
fn a_tree_is_listed_however_deep_by_its_paths() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = init(root.path());
    let deep = vec!["d"; 140].join("/");
    fs::create_dir_all(git.dir.join(&deep)).unwrap();
    fs::write(git.dir.join(&deep).join("file"), "x\n").unwrap();
    let id = commit(&git);
    let api = Api::new(root.path(), "work");
    let error = api.tree(&id, None, true, 100).unwrap_err();
    assert_eq!(error.code(), Code::InvalidRequest);
    assert!(error.message().contains("`path`"), "{error}");
    let half = vec!["d"; 70].join("/");
    let entries = api.tree(&id, Some(&half), true, 100).unwrap();
    assert_eq!(entries.len(), 71);
    assert_eq!(entries[70].path, format!("{deep}/file"));
    assert_eq!(
        file(&api.diff(&id).unwrap(), &format!("{deep}/file")).additions,
        Some(1)
    );
}

#[test]
fn a_tree_too_deep_to_compare_is_refused_and_harms_nobody() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = init(root.path());
    let api = Api::new(root.path(), "work");
    for (depth, expected) in [(500, Ok(1)), (600, Err(Code::UpstreamUnavailable))] {
        let path = format!("{}f", "d/".repeat(depth));
        let head = format!("commit refs/heads/deep{depth}\ncommitter C <c@d> 1500000000 +0000\n");
        let body = format!("data 1\nx\nM 100644 inline {path}\ndata 1\nx\n");
        git.feed(["fast-import", "--quiet"], (head + &body).as_bytes());
        let id = git.line(["rev-parse", &format!("deep{depth}")]);
        let files = api.diff(&id).map(|diff| diff.files.len());
        assert_eq!(files.map_err(|error| error.code()), expected, "{depth}");
    }
}

#[test]
fn a_shallow_clone_ends_at_its_boundary_and_guesses_no_diff() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let origin = init(outside.path());
    for n in 0..5 {
        fs::write(origin.dir.join("file"), format!("{n}\n")).unwrap();
        commit(&origin);
    }
    let git = Git::at(root.path());
    let url = format!("file://{}", origin.dir.display());
    git.run(["clone", "-q", "--bare", "--depth", "2", &url, "shallow.git"]);
    let api = Api::new(root.path(), "shallow");
    let commits = api.commits(None, 1).unwrap();
    assert_eq!(commits.len(), 2);
    // The commit itself still names its parent.
    assert_eq!(commits[1].parents.as_ref().unwrap().len(), 1);
    assert_eq!(api.contributors(25).unwrap()[0].contributions, Some(2));
    let inner = api.diff(&commits[0].sha).unwrap();
    assert_eq!((inner.truncated, inner.files.len()), (false, 1));
    let boundary = api.diff(&commits[1].sha).unwrap();
    assert!(boundary.truncated);
    assert_eq!(boundary.files, []);
    assert_eq!(boundary.stats.files, None);
    assert_eq!(boundary.base_sha.as_deref(), commits[1].first_parent());
}

#[test]
fn a_missing_blob_costs_its_patch_only() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = init(root.path());
    fs::write(git.dir.join("gone"), "gone\n").unwrap();
    fs::write(git.dir.join("here"), "here\n").unwrap();
    let id = commit(&git);
    let blob = git.line(["rev-parse", "HEAD:gone"]);
    let (folder, name) = blob.split_at(2);
    fs::remove_file(git.dir.join(".git/objects").join(folder).join(name)).unwrap();
    let api = Api::new(root.path(), "work");
    let diff = api.diff(&id).unwrap();
    let gone = file(&diff, "gone");
    assert_eq!(
        (gone.status, gone.additions, gone.binary),
        (FileStatus::Added, None, None)
    );
    assert_eq!((gone.patch.as_deref(), gone.patch_truncated), (None, true));
    assert_eq!(file(&diff, "here").additions, Some(1));
    let tree = api.tree(&id, None, true, 25).unwrap();
    assert_eq!((tree[0].size, tree[1].size), (None, Some(5)));
    // A tag of what is missing is still a tag.
    git.run(["tag", "light", &id]);
    let lost = git.dir.join(".git/refs/tags/lost");
    fs::write(lost, format!("{}\n", "12".repeat(20))).unwrap();
    let tags = api.tags(25).unwrap();
    assert_eq!(
        (&tags[0].commit_sha, &tags[1].commit_sha),
        (&Some(id), &None)
    );
}

#[test]
fn a_deadline_that_has_passed_is_a_timeout() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = init(root.path());
    fs::write(git.dir.join("file"), "x\n").unwrap();
    commit(&git);
    let api = Api::new(root.path(), "work");
    let mut call = Api::call();
    call.deadline = std::time::Instant::now();
    let error = api
        .block_on(api.local.tags(&call, &api.repo, Default::default()))
        .unwrap_err();
    assert_eq!(error.code(), Code::UpstreamTimeout);
}

#[test]
fn a_sha256_repository_reads_like_another() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = Git::init(&root.path().join("work"), &["--object-format=sha256"]);
    for n in 0..3 {
        fs::write(git.dir.join("file"), format!("{n}\n")).unwrap();
        commit(&git);
    }
    git.run(["tag", "-a", "-m", "x", "v1"]);
    let api = Api::new(root.path(), "work");
    let extent = crate::local::compare::Extent {
        limits: vec![1, 25],
        every: 1,
    };
    let totals = crate::local::compare::whole(&git, &api, &extent);
    assert_eq!((totals.diffs, totals.tags), (3, 1));
    assert_eq!(api.commits(None, 1).unwrap()[0].sha.len(), 64);
}
