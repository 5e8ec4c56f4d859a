//! Folders made to lead the reader out of its root, to confuse two repositories or to run a
//! command. Each such repository is absent, as if it had never been there.
// sec: SR-7

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use gitflare_core::Code;
use tempfile::TempDir;

use crate::local::{
    api::Api,
    git::{self, Git},
};

/// A root with a good repository in it, and one outside that nobody may read.
struct Ground {
    folder: TempDir,
    secret_commit: String,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let outside = repository(&folder.path().join("outside"), "secret");
        repository(&folder.path().join("root/good"), "public");
        Self {
            secret_commit: outside.line(["rev-parse", "HEAD"]),
            folder,
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn outside(&self) -> PathBuf {
        self.folder.path().join("outside/.git")
    }

    /// `id` is neither listed nor found, and its secret cannot be read.
    fn check_absent(&self, id: &str) {
        let api = Api::new(&self.root(), id);
        let listed = api.repositories(100).unwrap();
        let ids: Vec<_> = listed.iter().map(|repository| &*repository.id).collect();
        assert_eq!(ids, ["good"], "{id} is not listed");
        for error in [
            api.repository().unwrap_err(),
            api.branches(25).unwrap_err(),
            api.commits(None, 25).unwrap_err(),
            api.diff(&self.secret_commit).unwrap_err(),
            api.tree(&self.secret_commit, None, true, 25).unwrap_err(),
        ] {
            assert_eq!(error.code(), Code::RepositoryNotFound, "{id}: {error:?}");
            assert!(!error.message().contains('/'), "{error}");
        }
    }
}

/// A repository of one commit that holds one file.
fn repository(dir: &Path, content: &str) -> Git {
    let git = Git::init(dir, &[]);
    fs::write(dir.join("file"), content).unwrap();
    git.run(["add", "."]);
    git.run(["commit", "-q", "-m", content]);
    git
}

#[test]
fn a_repository_that_leads_out_of_the_root_is_absent() {
    if !git::is_available() {
        return;
    }
    type Trick = fn(&Ground, &Path);
    let tricks: &[(&str, Trick)] = &[
        ("alternates", |ground, dir| {
            Git::init(dir, &[]);
            let alternates = dir.join(".git/objects/info/alternates");
            let objects = ground.outside().join("objects");
            fs::write(alternates, format!("{}\n", objects.display())).unwrap();
        }),
        ("commondir", |ground, dir| {
            Git::init(dir, &[]);
            let outside = ground.outside();
            fs::write(dir.join(".git/commondir"), outside.to_str().unwrap()).unwrap();
        }),
        ("gitdir-file", |ground, dir| {
            fs::create_dir(dir).unwrap();
            let pointer = format!("gitdir: {}\n", ground.outside().display());
            fs::write(dir.join(".git"), pointer).unwrap();
        }),
        ("worktree", |ground, dir| {
            let outside = Git::at(&ground.folder.path().join("outside"));
            let args = ["worktree", "add", "-q", "--detach"];
            outside.run(args.iter().copied().chain(dir.to_str()));
        }),
        ("linked-folder", |ground, dir| {
            symlink(ground.outside(), dir).unwrap();
        }),
        ("linked-git-dir", |ground, dir| {
            fs::create_dir(dir).unwrap();
            symlink(ground.outside(), dir.join(".git")).unwrap();
        }),
        ("linked-objects", |ground, dir| {
            Git::init(dir, &[]);
            fs::remove_dir_all(dir.join(".git/objects")).unwrap();
            symlink(ground.outside().join("objects"), dir.join(".git/objects")).unwrap();
        }),
        ("linked-pack-folder", |ground, dir| {
            Git::init(dir, &[]);
            fs::remove_dir(dir.join(".git/objects/pack")).unwrap();
            let pack = ground.outside().join("objects/pack");
            symlink(pack, dir.join(".git/objects/pack")).unwrap();
        }),
        ("linked-loose-object", |ground, dir| {
            Git::init(dir, &[]);
            let (folder, file) = ground.secret_commit.split_at(2);
            let inside = dir.join(".git/objects").join(folder);
            fs::create_dir(&inside).unwrap();
            let object = ground.outside().join("objects").join(folder).join(file);
            symlink(object, inside.join(file)).unwrap();
        }),
        ("linked-ref", |ground, dir| {
            Git::init(dir, &[]);
            let main = ground.outside().join("refs/heads/main");
            symlink(main, dir.join(".git/refs/heads/main")).unwrap();
        }),
        ("linked-head", |ground, dir| {
            Git::init(dir, &[]);
            fs::remove_file(dir.join(".git/HEAD")).unwrap();
            symlink(ground.outside().join("HEAD"), dir.join(".git/HEAD")).unwrap();
        }),
        ("linked-packed-refs", |ground, dir| {
            Git::init(dir, &[]);
            let refs = ground.outside().join("packed-refs");
            symlink(refs, dir.join(".git/packed-refs")).unwrap();
        }),
        ("linked-config", |ground, dir| {
            Git::init(dir, &[]);
            fs::remove_file(dir.join(".git/config")).unwrap();
            symlink(ground.outside().join("config"), dir.join(".git/config")).unwrap();
        }),
        ("pipe", |_, dir| {
            let git = Git::init(dir, &[]);
            let pipe = git.dir.join(".git/packed-refs");
            let made = std::process::Command::new("mkfifo").arg(pipe).status();
            assert!(made.unwrap().success());
        }),
        ("shared-clone", |ground, dir| {
            let outside = ground.folder.path().join("outside");
            let git = Git::at(ground.folder.path());
            let paths = [outside.to_str().unwrap(), dir.to_str().unwrap()];
            git.run(["clone", "-q", "--shared"].iter().chain(&paths));
        }),
    ];
    for (name, trick) in tricks {
        let ground = Ground::new();
        trick(&ground, &ground.root().join(name));
        ground.check_absent(name);
    }
}

#[test]
fn a_repository_that_is_rearranged_later_disappears() {
    if !git::is_available() {
        return;
    }
    let ground = Ground::new();
    let dir = ground.root().join("good/.git");
    let api = Api::new(&ground.root(), "good");
    assert_eq!(api.commits(None, 25).unwrap().len(), 1);
    let objects = ground.outside().join("objects");
    fs::write(
        dir.join("objects/info/alternates"),
        format!("{}\n", objects.display()),
    )
    .unwrap();
    let error = api.diff(&ground.secret_commit).unwrap_err();
    assert_eq!(error.code(), Code::RepositoryNotFound);

    fs::remove_file(dir.join("objects/info/alternates")).unwrap();
    assert_eq!(api.commits(None, 25).unwrap().len(), 1);

    // Another repository in the same place is seen as it is.
    fs::rename(ground.root().join("good"), ground.folder.path().join("old")).unwrap();
    repository(&ground.root().join("good"), "second");
    let commits = api.commits(None, 25).unwrap();
    assert_eq!(commits[0].title.as_deref(), Some("second"));

    fs::remove_dir_all(ground.root().join("good")).unwrap();
    let error = api.commits(None, 25).unwrap_err();
    assert_eq!(error.code(), Code::RepositoryNotFound);

    // Without its root nobody can say what is there.
    fs::remove_dir_all(ground.root()).unwrap();
    for error in [
        api.commits(None, 25).unwrap_err(),
        api.repositories(25).unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::UpstreamUnavailable);
    }
}

#[test]
fn a_name_that_is_not_a_listed_one_is_absent_or_malformed() {
    if !git::is_available() {
        return;
    }
    let ground = Ground::new();
    let long = "x".repeat(5000);
    let malformed = Code::InvalidRequest;
    let absent = Code::RepositoryNotFound;
    for (id, code) in [
        ("", malformed),
        (".", malformed),
        ("..", malformed),
        ("../outside", malformed),
        ("good/../../outside", malformed),
        ("good/..", malformed),
        ("./good", malformed),
        ("good/", malformed),
        ("/good", malformed),
        ("good//", malformed),
        ("good/.git", malformed),
        (".git", malformed),
        ("good\\..\\..\\outside", malformed),
        ("good\0", malformed),
        ("good\n", malformed),
        ("good ", malformed),
        ("good.", malformed),
        ("c:good", malformed),
        ("/etc", malformed),
        (&long, malformed),
        ("GOOD", absent),
        ("Good", absent),
        ("good%2f", absent),
        ("good.git", absent),
        ("outside", absent),
        ("a/b/c/d/e", absent),
    ] {
        let api = Api::new(&ground.root(), id);
        for error in [api.repository().unwrap_err(), api.tags(25).unwrap_err()] {
            assert_eq!(error.code(), code, "{id:?}");
        }
    }
}

#[test]
fn two_spellings_of_one_folder_are_not_one_repository() {
    if !git::is_available() {
        return;
    }
    let ground = Ground::new();
    repository(&ground.root().join("Good"), "another");
    let title = |id| {
        let api = Api::new(&ground.root(), id);
        api.commits(None, 1).unwrap()[0].title.clone().unwrap()
    };
    assert_eq!(
        (title("good").as_str(), title("Good").as_str()),
        ("public", "another")
    );
    // Composed and decomposed letters are different names as well.
    repository(&ground.root().join("caf\u{e9}"), "composed");
    let api = Api::new(&ground.root(), "cafe\u{301}");
    assert_eq!(
        api.repository().unwrap_err().code(),
        Code::RepositoryNotFound
    );
}

#[test]
fn replacement_refs_and_grafts_change_nothing() {
    if !git::is_available() {
        return;
    }
    let ground = Ground::new();
    let git = Git::at(&ground.root().join("good"));
    let head = git.line(["rev-parse", "HEAD"]);
    git.run(["commit", "-q", "--amend", "-m", "replacement"]);
    let other = git.line(["rev-parse", "HEAD"]);
    git.run(["reset", "-q", "--hard", &head]);
    git.run(["replace", &head, &other]);
    let grafts = git.dir.join(".git/info/grafts");
    fs::write(grafts, format!("{head} {other}\n")).unwrap();
    let commits = Api::new(&ground.root(), "good").commits(None, 25).unwrap();
    assert_eq!(commits.len(), 1);
    assert_eq!(commits[0].title.as_deref(), Some("public"));
    assert_eq!(commits[0].parents, Some(Vec::new()));
}

#[test]
fn commands_in_a_repositorys_configuration_never_run() {
    if !git::is_available() {
        return;
    }
    let ground = Ground::new();
    let git = Git::at(&ground.root().join("good"));
    let witness = ground.folder.path().join("witness");
    let command = format!("touch {}; cat", witness.display());
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "alias.log",
        "uploadpack.packObjectsHook",
        "gpg.program",
        "credential.helper",
    ] {
        git.run(["config", key, &command]);
    }
    git.run(["config", "core.hooksPath", "/bin"]);
    // Not a configuration at all: whoever reads it, fails.
    git.run(["config", "include.path", "/etc/passwd"]);
    fs::write(git.dir.join(".gitattributes"), "* diff=evil filter=evil\n").unwrap();
    fs::write(
        git.dir.join(".git/info/attributes"),
        "* diff=evil filter=evil\n",
    )
    .unwrap();
    let api = Api::new(&ground.root(), "good");
    let commits = api.commits(None, 25).unwrap();
    let diff = api.diff(&commits[0].sha).unwrap();
    let patch = diff.files[0].patch.as_deref();
    assert_eq!(
        patch,
        Some("@@ -0,0 +1 @@\n+public\n\\ No newline at end of file\n")
    );
    api.tree(&commits[0].sha, None, true, 25).unwrap();
    api.branches(25).unwrap();
    api.tags(25).unwrap();
    api.contributors(25).unwrap();
    assert!(!witness.exists(), "a command ran");
}

#[test]
fn a_corrupt_repository_is_unavailable_and_tells_no_path() {
    if !git::is_available() {
        return;
    }
    let ground = Ground::new();
    let git = Git::at(&ground.root().join("good"));
    let head = git.line(["rev-parse", "HEAD"]);
    let (folder, file) = head.split_at(2);
    let object = git.dir.join(".git/objects").join(folder).join(file);
    fs::remove_file(&object).unwrap();
    fs::write(&object, "garbage").unwrap();
    let api = Api::new(&ground.root(), "good");
    for error in [
        api.commits(None, 25).unwrap_err(),
        api.diff(&head).unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::UpstreamUnavailable);
        assert!(!error.message().contains('/'), "{error}");
        assert!(error.detail().is_some());
    }
    fs::write(
        git.dir.join(".git/config"),
        "[core\nrepositoryformatversion = 0",
    )
    .unwrap();
    let error = api.branches(25).unwrap_err();
    assert_eq!(error.code(), Code::UpstreamUnavailable);
    assert!(!error.message().contains('/'), "{error}");
}
