//! Two names compared, beside `git merge-base`, `git rev-list` and `git diff A...B`: over histories with
//! crossing merges, with dates out of order, and with nothing in common.

use std::{
    collections::{BTreeSet, HashSet},
    fmt::Write,
};

use gitflare_core::{Code, model::ComparisonStatus};

use crate::local::{
    api::Api,
    compare,
    git::{self, Git},
};

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A history in which commits have up to two of the last ones as parents; each changes a file of its own
/// and a common one. Every commit is a tag `c<n>`; it is `step` seconds younger than the one before, or
/// up to `skew` steps older.
fn history(commits: u64, numbers: &mut Numbers, skew: u64, step: u64) -> String {
    let mut script = String::new();
    for n in 1..=commits {
        let time = 1_500_000_000 + n * step - numbers.below(skew + 1) * step;
        write!(
            script,
            "commit refs/heads/b{n}\nmark :{n}\ncommitter C <c@d> {time} +0000\ndata 1\nx\n"
        )
        .unwrap();
        let parent = |numbers: &mut Numbers| n - 1 - numbers.below(5.min(n - 1));
        if n > 1 {
            let first = parent(numbers);
            writeln!(script, "from :{first}").unwrap();
            let second = parent(numbers);
            if second != first && numbers.below(3) == 0 {
                writeln!(script, "merge :{second}").unwrap();
            }
        }
        write!(
            script,
            "M 100644 inline own/{n}\ndata 4\n{n:04}\nM 100644 inline common\ndata <<END\n{n}\nEND\n\nreset refs/tags/c{n}\nfrom :{n}\n\n",
        )
        .unwrap();
    }
    script
}

fn lines(git: &Git, args: &[&str]) -> Vec<String> {
    let text = git.line(args.iter().copied());
    text.lines().map(str::to_owned).collect()
}

fn check(git: &Git, api: &Api, base: &str, head: &str, in_order: bool) {
    let told = api.compare(base, head).unwrap();
    let pair = format!("{base}...{head}");
    let bases = lines(git, &["merge-base", "--all", base, head]);
    let merge_base = told.diff.base_sha.clone().unwrap();
    assert!(bases.contains(&merge_base), "{pair}: {merge_base}");
    let sha = |name: &str| git.line(["rev-parse", name]);
    assert_eq!(told.base_tip_sha, Some(sha(base)), "{pair}");
    assert_eq!(told.diff.head_sha, Some(sha(head)), "{pair}");
    let counts = git.line(["rev-list", "--left-right", "--count", &pair]);
    let ours = [told.behind_by, told.ahead_by].map(|count| count.unwrap().to_string());
    assert_eq!(ours.join("\t"), counts, "{pair}");
    let status = match (told.ahead_by, told.behind_by) {
        (Some(0), Some(0)) => ComparisonStatus::Identical,
        (_, Some(0)) => ComparisonStatus::Ahead,
        (Some(0), _) => ComparisonStatus::Behind,
        _ => ComparisonStatus::Diverged,
    };
    assert_eq!(told.status, Some(status), "{pair}");
    let mut theirs = lines(git, &["rev-list", "-n", "250", head, &format!("^{base}")]);
    let commits = told.commits.as_ref().unwrap();
    let mut commits: Vec<_> = commits.iter().map(|commit| commit.sha.clone()).collect();
    if !in_order {
        theirs.sort();
        commits.sort();
    }
    // Of more than are listed those of one date may be others; and by dates far out of order Git's list
    // has more than Git counts.
    let count = told.ahead_by.unwrap().min(250) as usize;
    match !in_order && (count == 250 || theirs.len() != count) {
        true => assert_eq!(commits.len(), count, "{pair}"),
        false => assert_eq!(commits, theirs, "{pair}"),
    }
    compare::range(git, &told);
    let files = told.diff.files.into_iter();
    let files = files.flat_map(|file| [Some(file.path), file.previous_path]);
    let files: BTreeSet<_> = files.flatten().collect();
    let range = match bases.len() {
        1 => vec!["diff", "-z", "--no-renames", "--name-only", &pair],
        _ => vec![
            "diff",
            "-z",
            "--no-renames",
            "--name-only",
            &merge_base,
            head,
        ],
    };
    let output = git.run(range);
    let names = output.split(|byte| *byte == 0);
    let names = names.filter(|name| !name.is_empty());
    let theirs: BTreeSet<_> = names
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    assert_eq!(files, theirs, "{pair}");
}

/// Pairs of commits from all over a repository; how many were compared.
pub(crate) fn some(git: &Git, api: &Api) -> usize {
    let all = lines(git, &["rev-list", "--all"]);
    let (mut numbers, mut compared) = (Numbers(11), 0);
    for _ in 0..30 {
        let [base, head] = [(); 2].map(|()| &all[numbers.below(all.len() as u64) as usize]);
        match api.compare(base, head) {
            Ok(_) => {
                check(git, api, base, head, false);
                compared += 1;
            }
            Err(error) => {
                assert_eq!(error.code(), Code::ResourceNotFound, "{error}");
                let merge_base = ["merge-base", base, head];
                assert!(!git.succeeds(merge_base), "{base}...{head}: {error}");
            }
        }
    }
    compared
}

#[test]
fn two_names_compare_as_git_compares_them_with_three_dots() {
    if !git::is_available() {
        return;
    }
    let mut numbers = Numbers(7);
    // The last two: dates far out of order, and an import that dates all alike.
    let rounds = [
        (60, 0, 100),
        (60, 0, 100),
        (60, 30, 100),
        (150, 200, 100),
        (150, 0, 0),
    ];
    for (commits, skew, step) in rounds {
        let root = tempfile::tempdir().unwrap();
        let git = Git::init(&root.path().join("work"), &[]);
        let script = history(commits, &mut numbers, skew, step);
        git.feed(["fast-import", "--quiet"], script.as_bytes());
        let api = Api::new(root.path(), "work");
        for _ in 0..40 {
            let [base, head] = [(); 2].map(|()| format!("c{}", 1 + numbers.below(commits)));
            check(&git, &api, &base, &head, skew == 0 && step > 0);
        }
        check(&git, &api, "c1", "c60", skew == 0 && step > 0);
    }
}

#[test]
fn a_long_way_is_counted_whole_and_listed_by_its_newest_commits() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = Git::init(&root.path().join("work"), &[]);
    let script = history(700, &mut Numbers(3), 0, 100);
    git.feed(["fast-import", "--quiet"], script.as_bytes());
    let api = Api::new(root.path(), "work");
    let told = api.compare("c5", "c700").unwrap();
    let shas: HashSet<_> = told.commits.iter().flatten().map(|one| &one.sha).collect();
    assert_eq!(shas.len(), 250);
    assert_eq!(told.commits_truncated, Some(true));
    check(&git, &api, "c5", "c700", true);
}

/// Git looks at a hundred sources of one content for the target's own name, and takes the first one
/// otherwise, but the last of 205.
#[test]
fn of_many_sources_of_one_content_the_one_that_git_takes_was_moved() {
    if !git::is_available() {
        return;
    }
    for (sources, named) in [
        (3, 0),
        (150, 100),
        (150, 101),
        (204, 0),
        (205, 0),
        (205, 106),
        (205, 105),
    ] {
        let root = tempfile::tempdir().unwrap();
        let git = Git::init(&root.path().join("work"), &[]);
        let commit = |n: u64, from: &str| {
            format!(
                "commit refs/heads/main\nmark :{n}\ncommitter C <c@d> {n} +0000\ndata 1\nx\n{from}deleteall\n"
            )
        };
        let file = |path: &str| format!("M 100644 inline {path}\ndata 5\nsame\n\n");
        let mut script = commit(1, "");
        for n in 1..=sources {
            let name = if n == named { "name" } else { "f" };
            script += &file(&format!("d{n:03}/{name}"));
        }
        script += &commit(2, "from :1\n");
        script += &file("z/name");
        script += &file("z/other");
        script += "reset refs/tags/c1\nfrom :1\n\nreset refs/tags/c2\nfrom :2\n\n";
        git.feed(["fast-import", "--quiet"], script.as_bytes());
        let api = Api::new(root.path(), "work");
        check(&git, &api, "c1", "c2", true);
    }
}

#[test]
fn names_with_nothing_in_common_and_unknown_names_are_not_found() {
    if !git::is_available() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = Git::init(&root.path().join("work"), &[]);
    let tree = git.feed(["mktree"], b"");
    let tree = String::from_utf8(tree).unwrap();
    for name in ["one", "two"] {
        let commit = git.line(["commit-tree", "-m", name, tree.trim()]);
        git.line(["update-ref", &format!("refs/heads/{name}"), &commit]);
    }
    let api = Api::new(root.path(), "work");
    for (base, head) in [("one", "two"), ("one", "three"), ("three", "one")] {
        let refusal = api.compare(base, head).unwrap_err();
        assert_eq!(refusal.code(), Code::ResourceNotFound, "{base}...{head}");
    }
    for name in ["one..two", "one^", "one~1", "one@{1}", "-one", "a:one"] {
        let refusal = api.compare("one", name).unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidRequest, "{name}");
    }
}

#[test]
fn a_shallow_copy_compares_what_is_certain_in_it() {
    if !git::is_available() {
        return;
    }
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let origin = Git::init(&outside.path().join("work"), &[]);
    // main: 1 2 4 5 6, topic: 3 from 2, merged into 5.
    let commit = |n: u64, from: &[u64]| {
        let mut text = format!(
            "commit refs/heads/main\nmark :{n}\ncommitter C <c@d> {} +0000\ndata 1\nx\n",
            1_500_000_000 + n
        );
        for (at, from) in from.iter().enumerate() {
            let word = if at == 0 { "from" } else { "merge" };
            writeln!(text, "{word} :{from}").unwrap();
        }
        write!(
            text,
            "M 100644 inline own/{n}\ndata 1\n{n}\nreset refs/heads/c{n}\nfrom :{n}\n\n"
        )
        .unwrap();
        text
    };
    let script = [
        (1, &[][..]),
        (2, &[1]),
        (3, &[2]),
        (4, &[2]),
        (5, &[4, 3]),
        (6, &[5]),
        (7, &[2]),
    ]
    .map(|(n, from)| commit(n, from))
    .concat();
    origin.feed(["fast-import", "--quiet", "--force"], script.as_bytes());
    for n in [1, 2, 4, 5] {
        origin.run(["update-ref", "-d", &format!("refs/heads/c{n}")]);
    }
    let git = Git::at(root.path());
    let url = format!("file://{}", origin.dir.display());
    git.run([
        "clone",
        "-q",
        "--bare",
        "--no-single-branch",
        "--depth",
        "3",
        &url,
        "shallow.git",
    ]);
    let api = Api::new(root.path(), "shallow");
    // One side is the other's ancestor: that is certain, though what is behind the end is not counted.
    let told = api.compare("c3", "c6").unwrap();
    assert_eq!(told.diff.base_sha, told.base_tip_sha);
    assert_eq!(told.status, Some(ComparisonStatus::Ahead));
    assert_eq!((told.ahead_by, told.behind_by), (None, Some(0)));
    assert_eq!(told.commits_truncated, Some(true));
    // Where both have commits of their own, what they have in common lies behind the end.
    let refused = api.compare("c7", "c6").unwrap_err();
    assert_eq!(refused.code(), Code::ResourceNotFound);
}
