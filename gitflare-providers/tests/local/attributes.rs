//! Files that attributes call binary or text, beside the counts of `git diff-tree` in the same
//! repository: a work tree, a bare clone, one with `attr.tree`, one whose files are not checked out.

use std::{fs, os::unix::fs::symlink, path::Path};

use gitflare_core::model::Diff;

use crate::local::{
    api::Api,
    git::{self, Git},
};

/// Files whose attributes differ from what their bytes look like, changed by a second commit.
fn story(dir: &Path) -> Git {
    let git = Git::init(dir, &[]);
    let write = |path: &str, content: &str| {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write(
        ".gitattributes",
        "[attr]art -diff\n*.dat binary\n*.lock -diff\n*.bin diff\n*.psd art\n*.sql diff=sql\n*.odd diff=odd\nkept.lock !diff\n/top.txt -diff\n",
    );
    write(
        "deep/.gitattributes",
        "*.txt -diff\n*.dat diff\n[attr]later -diff\n*.late later\n",
    );
    write("deep/er/.gitattributes", "*.txt diff\n");
    let files = [
        "a.dat",
        "b.lock",
        "kept.lock",
        "c.psd",
        "d.sql",
        "e.odd",
        "top.txt",
        "deep/top.txt",
        "deep/t.txt",
        "deep/a.dat",
        "deep/x.late",
        "deep/er/t.txt",
        "deep/er/b.lock",
        "other/t.txt",
    ];
    for version in ["one\n", "one\ntwo\n"] {
        for file in files {
            write(file, &format!("{file}\n{version}"));
        }
        write("f.bin", &format!("a\0b\n{version}"));
        write("other/f.bin", &format!("a\0b\n{version}"));
        let _ = fs::remove_file(dir.join("link.lock"));
        symlink(version.len().to_string(), dir.join("link.lock")).unwrap();
        if version.contains("two") {
            fs::rename(dir.join("other/t.txt"), dir.join("other/t.lock")).unwrap();
        }
        git.run(["add", "-A"]);
        git.run(["commit", "-q", "-m", "files"]);
    }
    git
}

/// Path, and the two counts; `None` where the file is binary.
type Counts = Vec<(String, Option<(u64, u64)>)>;

fn told(diff: &Diff) -> Counts {
    let row = |file: &gitflare_core::model::DiffFile| {
        let counts = match file.binary {
            Some(true) => {
                assert_eq!(
                    (file.additions, file.deletions),
                    (None, None),
                    "{}",
                    file.path
                );
                assert_eq!(file.patch, None, "{}", file.path);
                None
            }
            _ => Some((file.additions.unwrap(), file.deletions.unwrap())),
        };
        (file.path.clone(), counts)
    };
    diff.files.iter().map(row).collect()
}

fn counted(git: &Git) -> Counts {
    let output = git.run([
        "diff-tree",
        "-r",
        "-M",
        "--numstat",
        "--no-commit-id",
        "-z",
        "HEAD",
    ]);
    let text = String::from_utf8(output).unwrap();
    let mut records = text.split_terminator('\0');
    let mut rows = Vec::new();
    while let Some(record) = records.next() {
        let fields: Vec<_> = record.split('\t').collect();
        let counts = fields[0].parse().ok().zip(fields[1].parse().ok());
        let path = match fields[2] {
            // A rename: the older and the newer path follow.
            "" => records.nth(1).unwrap(),
            path => path,
        };
        rows.push((path.to_owned(), counts));
    }
    rows
}

/// What the provider says of `HEAD` is what `git` counts; the number of binary files.
fn check(root: &Path, id: &str, git: &Git) -> usize {
    let head = git.line(["rev-parse", "HEAD"]);
    let diff = Api::new(root, id).diff(&head).unwrap();
    let expected = counted(git);
    assert_eq!(told(&diff), expected, "{id}");
    expected
        .iter()
        .filter(|(_, counts)| counts.is_none())
        .count()
}

#[test]
fn files_are_binary_by_attributes_where_git_says_so() {
    if !git::is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let work = story(&root.join("work"));
    let by_bytes = 2;
    let by_attributes = check(root, "work", &work);
    assert!(by_attributes > by_bytes, "{by_attributes}");

    // A bare repository has no work tree to read attributes from, ...
    let origin = root.join("work");
    let clone = |name: &str, args: &[&str]| {
        let paths = [origin.to_str().unwrap(), name];
        Git::at(root).run([&["clone", "-q"], args, &paths].concat());
        Git::at(&root.join(name))
    };
    let bare = clone("bare.git", &["--bare"]);
    assert_eq!(check(root, "bare", &bare), by_bytes);
    // ... until its configuration names a tree, ...
    for name in ["HEAD", "main", "refs/heads/main", "heads/main"] {
        bare.run(["config", "attr.tree", name]);
        assert_eq!(check(root, "bare", &bare), by_attributes, "{name}");
    }
    bare.run(["config", "attr.tree", "nowhere"]);
    assert_eq!(check(root, "bare", &bare), by_bytes);
    bare.run(["config", "--unset", "attr.tree"]);
    // ... or has attributes of its own.
    fs::create_dir_all(bare.dir.join("info")).unwrap();
    fs::write(
        bare.dir.join("info/attributes"),
        "*.dat binary\n/other/* diff\n",
    )
    .unwrap();
    assert_ne!(check(root, "bare", &bare), by_bytes);

    // A file that is not checked out is read from the index, which a fresh clone has not.
    fs::remove_file(work.dir.join("deep/.gitattributes")).unwrap();
    assert_eq!(check(root, "work", &work), by_attributes);
    fs::write(work.dir.join(".gitattributes"), "*.late -diff\n").unwrap();
    check(root, "work", &work);
    let unborn = clone("empty", &["--no-checkout"]);
    assert_eq!(check(root, "empty", &unborn), by_bytes);
}

#[test]
fn a_driver_is_binary_as_its_configuration_says_and_none_runs() {
    if !git::is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let work = story(&root.join("work"));
    let ran = root.join("ran");
    let command = format!("touch {}; cat", ran.display());
    work.run(["config", "diff.odd.textconv", &command]);
    work.run(["config", "diff.odd.command", &command]);
    let without = check(root, "work", &work);
    work.run(["config", "diff.odd.binary", "true"]);
    assert_eq!(check(root, "work", &work), without + 1);
    work.run(["config", "diff.odd.binary", "auto"]);
    assert_eq!(check(root, "work", &work), without);
    assert!(!ran.exists());
}

#[test]
fn attributes_are_not_read_through_links_or_from_other_work_trees() {
    if !git::is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let outside = folder.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join(".gitattributes"), "* -diff\n").unwrap();
    let work = story(&root.join("work"));
    let before = check(&root, "work", &work);

    // `git` does not follow such a link either, and reads the index instead.
    fs::remove_file(work.dir.join(".gitattributes")).unwrap();
    symlink(
        outside.join(".gitattributes"),
        work.dir.join(".gitattributes"),
    )
    .unwrap();
    let told_of = |id: &str| {
        let head = work.line(["rev-parse", "HEAD"]);
        told(&Api::new(&root, id).diff(&head).unwrap())
    };
    let binary = told_of("work").iter().filter(|row| row.1.is_none()).count();
    assert!(binary <= before, "{binary}");

    work.run(["config", "core.worktree", outside.to_str().unwrap()]);
    let binary = told_of("work").iter().filter(|row| row.1.is_none()).count();
    assert_eq!(binary, 2, "only what looks binary");
}
