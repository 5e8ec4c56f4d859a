//! A whole repository read twice, by the provider and by `git`, and compared field by field.

use std::collections::{BTreeMap, HashMap};

use gitflare_core::model::{
    Comparison, Diff, DiffFile, FileStatus, MAX_FILES, MAX_PATCH_BYTES, SourceEncoding,
};

use crate::local::{api::Api, git::Git, ranges};

/// How much of a repository is compared.
pub(crate) struct Extent {
    /// The page sizes at which every list is walked to its end.
    pub(crate) limits: Vec<u32>,
    /// Of how many commits one has its diff, and its tree, compared.
    pub(crate) every: usize,
}

/// What was compared, to see that it was something.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) commits: usize,
    pub(crate) branches: usize,
    pub(crate) tags: usize,
    pub(crate) tree_entries: usize,
    pub(crate) diffs: usize,
    pub(crate) files: usize,
    pub(crate) renames: usize,
    pub(crate) patches: usize,
    /// Patches whose text is another, with the line counts equal.
    pub(crate) other_patches: usize,
    pub(crate) contents: usize,
    pub(crate) ranges: usize,
}

pub(crate) fn whole(git: &Git, api: &Api, extent: &Extent) -> Totals {
    let mut totals = Totals {
        branches: branches(git, api, &extent.limits),
        tags: tags(git, api, &extent.limits),
        ..Totals::default()
    };
    totals.commits = commits(git, api, &extent.limits);
    contributors(git, api, &extent.limits);
    trees(git, api, extent, &mut totals);
    diffs(git, api, extent, &mut totals);
    totals.contents = contents(git, api);
    totals.ranges = ranges::some(git, api);
    totals
}

/// The files of the newest commit, beside `git ls-tree` and `git cat-file`.
fn contents(git: &Git, api: &Api) -> usize {
    let head = git.line(["rev-parse", "HEAD"]);
    let listed = records(&git.run(["ls-tree", "-r", "-z", "-l", &head]));
    let mut compared = 0;
    for record in &listed {
        let (meta, path) = record.split_once('\t').unwrap();
        let [mode, kind, id, size] = meta.split_ascii_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{record}");
        };
        // What is no UTF-8 cannot be asked for by its name.
        if path.contains(['\u{fffd}', '\\']) {
            continue;
        }
        let told = api.contents(&head, path).unwrap();
        assert_eq!(told.mode.as_deref(), Some(mode), "{path}");
        assert_eq!(told.sha.as_deref(), Some(id), "{path}");
        assert_eq!(told.commit_sha.as_ref(), Some(&head), "{path}");
        compared += 1;
        if kind == "commit" {
            continue;
        }
        assert_eq!(told.size, size.parse().ok(), "{path}");
        if told.withheld.is_some() {
            continue;
        }
        let bytes = git.run(["cat-file", "blob", id]);
        let text = told.target.as_ref().or(told.content.as_ref());
        let own = text.map_or(&told.binary[..], String::as_bytes);
        // A mark in front is no part of the text, and other encodings are decoded.
        let expected = match told.source_encoding {
            None => bytes,
            Some(encoding) => decoded(&bytes, encoding).into_bytes(),
        };
        assert_eq!(own, expected, "{path}");
    }
    compared
}

/// A text without the mark in front of it.
fn decoded(bytes: &[u8], encoding: SourceEncoding) -> String {
    let pair = |unit: &[u8]| [unit[0], unit[1]];
    let four = |unit: &[u8]| [unit[0], unit[1], unit[2], unit[3]];
    let narrow = |units: Vec<u16>| String::from_utf16(&units[1..]).unwrap();
    let wide = |units: Vec<u32>| {
        let chars = units[1..].iter().map(|unit| char::from_u32(*unit).unwrap());
        chars.collect()
    };
    match encoding {
        SourceEncoding::Utf8 => {
            let text = std::str::from_utf8(bytes).unwrap();
            text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()
        }
        SourceEncoding::Utf16Le => {
            let units = bytes.chunks(2).map(|unit| u16::from_le_bytes(pair(unit)));
            narrow(units.collect())
        }
        SourceEncoding::Utf16Be => {
            let units = bytes.chunks(2).map(|unit| u16::from_be_bytes(pair(unit)));
            narrow(units.collect())
        }
        SourceEncoding::Utf32Le => {
            let units = bytes.chunks(4).map(|unit| u32::from_le_bytes(four(unit)));
            wide(units.collect())
        }
        SourceEncoding::Utf32Be => {
            let units = bytes.chunks(4).map(|unit| u32::from_be_bytes(four(unit)));
            wide(units.collect())
        }
        other => panic!("no reader of {other:?} here"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The records of a NUL-separated output.
fn records(output: &[u8]) -> Vec<String> {
    let mut records: Vec<_> = output.split(|byte| *byte == 0).map(text).collect();
    assert_eq!(records.pop().as_deref(), Some(""), "output ends in NUL");
    records
}

fn branches(git: &Git, api: &Api, limits: &[u32]) -> usize {
    let head = git.line(["rev-parse", "--symbolic-full-name", "HEAD"]);
    let format = "--format=%(refname)%00%(objectname)";
    let output = git.run(["for-each-ref", format, "refs/heads/"]);
    let expected: Vec<_> = text(&output)
        .lines()
        .map(|line| {
            let (name, sha) = line.split_once('\0').unwrap();
            let short = name.strip_prefix("refs/heads/").unwrap();
            (short.to_owned(), sha.to_owned(), name == head)
        })
        .collect();
    for &limit in limits {
        let actual: Vec<_> = api
            .branches(limit)
            .unwrap()
            .into_iter()
            .map(|branch| (branch.name, branch.commit_sha, branch.default.unwrap()))
            .collect();
        assert_eq!(actual, expected, "branches at limit {limit}");
    }
    expected.len()
}

fn tags(git: &Git, api: &Api, limits: &[u32]) -> usize {
    // `*objectname` peels all the way, `*objecttype` says to what.
    let format = "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(taggername)%00%(taggeremail:trim)%00%(taggerdate:unix)%00%(contents)%00%01";
    let output = text(&git.run(["for-each-ref", format, "refs/tags/"]));
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let expected: Vec<_> = output
        .split_terminator("\0\u{1}\n")
        .map(|record| {
            let fields: Vec<_> = record.split('\0').collect();
            let annotated = fields[1] == "tag";
            let (kind, id) = if annotated {
                (fields[3], fields[4])
            } else {
                (fields[1], fields[2])
            };
            (
                fields[0].strip_prefix("refs/tags/").unwrap().to_owned(),
                (kind == "commit").then(|| id.to_owned()),
                annotated.then(|| fields[8].trim_ascii_end().to_owned()),
                known(fields[5]),
                known(fields[6]),
                fields[7].parse::<i64>().ok(),
            )
        })
        .collect();
    for &limit in limits {
        let actual: Vec<_> = api
            .tags(limit)
            .unwrap()
            .into_iter()
            .map(|tag| {
                let tagger = tag.tagger.unwrap_or_default();
                (
                    tag.name,
                    tag.commit_sha,
                    tag.message,
                    tagger.name,
                    tagger.email,
                    tagger.date.map(gitflare_core::Timestamp::as_seconds),
                )
            })
            .collect();
        assert_eq!(actual, expected, "tags at limit {limit}");
    }
    expected.len()
}

/// The history of every branch, the default one at every limit.
fn commits(git: &Git, api: &Api, limits: &[u32]) -> usize {
    let mut total = 0;
    for branch in std::iter::once(None).chain(branch_names(git).iter().map(Some)) {
        let tip = branch.map_or("HEAD".to_owned(), |name| format!("refs/heads/{name}"));
        if git
            .line(["for-each-ref", "--count=1", "refs/heads/"])
            .is_empty()
        {
            assert_eq!(api.commits(None, 25).unwrap(), []);
            continue;
        }
        let expected = expected_commits(git, &tip);
        total += expected.len();
        for &limit in limits {
            // What a page size can break, it breaks on one branch as on another.
            if branch.is_some() && limit < 100 {
                continue;
            }
            let actual = api.commits(branch.map(String::as_str), limit).unwrap();
            assert_eq!(actual.len(), expected.len(), "{tip} at limit {limit}");
            for (commit, expected) in actual.iter().zip(&expected) {
                let person = |signature: &Option<gitflare_core::model::Signature>| {
                    let signature = signature.clone().unwrap_or_default();
                    [
                        signature.name.unwrap_or_default(),
                        signature.email.unwrap_or_default(),
                        signature
                            .date
                            .map(|date| date.as_seconds().to_string())
                            .unwrap_or_default(),
                    ]
                };
                let [a_name, a_mail, a_date] = person(&commit.author);
                let [c_name, c_mail, c_date] = person(&commit.committer);
                let actual = [
                    commit.sha.clone(),
                    commit.parents.as_ref().unwrap().join(" "),
                    a_name,
                    a_mail,
                    a_date,
                    c_name,
                    c_mail,
                    c_date,
                    commit.title.clone().unwrap(),
                    commit.message.clone().unwrap(),
                ];
                assert_eq!(&actual[..], &expected[..], "{tip} at limit {limit}");
            }
        }
    }
    total
}

fn branch_names(git: &Git) -> Vec<String> {
    let output = git.run([
        "for-each-ref",
        "--format=%(refname:lstrip=2)",
        "refs/heads/",
    ]);
    // A name that is not UTF-8 can be listed, but no request can hold it.
    output
        .split(|byte| *byte == b'\n')
        .filter_map(|name| String::from_utf8(name.to_vec()).ok())
        .filter(|name| !name.is_empty())
        .collect()
}

fn expected_commits(git: &Git, tip: &str) -> Vec<Vec<String>> {
    let format = "--format=tformat:%H%x01%P%x01%an%x01%ae%x01%at%x01%cn%x01%ce%x01%ct%x01%s%x01%B";
    let output = git.run(["log", "-z", "--no-mailmap", format, tip]);
    let commits: Vec<_> = records(&output)
        .into_iter()
        .map(|record| {
            let mut fields: Vec<_> = record.splitn(10, '\u{1}').map(str::to_owned).collect();
            let end = fields[9].trim_ascii_end().len();
            fields[9].truncate(end);
            for date in [4, 7] {
                // No calendar of ours has a year beyond 9999.
                if fields[date].parse().unwrap_or(i64::MAX) > 253_402_300_799 {
                    fields[date].clear();
                }
            }
            fields
        })
        .collect();
    let order: Vec<_> = git
        .line(["rev-list", tip])
        .lines()
        .map(str::to_owned)
        .collect();
    let ids: Vec<_> = commits.iter().map(|fields| fields[0].clone()).collect();
    assert_eq!(ids, order, "git log and rev-list agree");
    commits
}

pub(crate) fn contributors(git: &Git, api: &Api, limits: &[u32]) {
    let mut people: BTreeMap<String, (u64, String)> = BTreeMap::new();
    if !git
        .line(["for-each-ref", "--count=1", "refs/heads/"])
        .is_empty()
    {
        for fields in expected_commits(git, "HEAD") {
            let person = people.entry(fields[3].to_ascii_lowercase()).or_default();
            person.0 += 1;
            if person.1.is_empty() {
                person.1 = fields[2].clone();
            }
        }
    }
    let mut expected: Vec<_> = people
        .into_iter()
        .map(|(mail, (count, name))| (mail, name, count))
        .collect();
    expected.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    for &limit in limits {
        let actual: Vec<_> = api
            .contributors(limit)
            .unwrap()
            .into_iter()
            .map(|person| {
                (
                    person.id.unwrap_or_default(),
                    person.name.unwrap_or_default(),
                    person.contributions.unwrap(),
                )
            })
            .collect();
        assert_eq!(actual, expected, "contributors at limit {limit}");
    }
}

fn trees(git: &Git, api: &Api, extent: &Extent, totals: &mut Totals) {
    let all = git.line(["rev-list", "--all"]);
    for (index, commit) in all.lines().step_by(extent.every * 8).enumerate() {
        for recursive in [true, false] {
            let flags: &[&str] = if recursive { &["-r", "-t"] } else { &[] };
            let list = ["ls-tree", "-z", "-l", "--full-tree"].iter().chain(flags);
            let output = git.run(list.chain(&[commit]).copied());
            let expected: Vec<_> = records(&output)
                .into_iter()
                .map(|record| {
                    let (meta, path) = record.split_once('\t').unwrap();
                    let meta: Vec<_> = meta.split_ascii_whitespace().collect();
                    let size = meta[3].parse::<u64>().ok();
                    (
                        path.to_owned(),
                        meta[0].to_owned(),
                        meta[2].to_owned(),
                        size,
                    )
                })
                .collect();
            // Every limit in turn; all of them on every tree would tell nothing new.
            let limit = extent.limits[index % extent.limits.len()];
            let actual: Vec<_> = api
                .tree(commit, None, recursive, limit)
                .unwrap()
                .into_iter()
                .map(|entry| {
                    (
                        entry.path,
                        entry.mode.unwrap(),
                        entry.sha.unwrap(),
                        entry.size,
                    )
                })
                .collect();
            assert_eq!(actual, expected, "tree of {commit} at limit {limit}");
            totals.tree_entries += expected.len();
        }
    }
}

/// A changed file as `git` tells it.
#[derive(Debug, Default)]
struct Expected {
    path: String,
    previous_path: Option<String>,
    status: String,
    additions: Option<u64>,
    deletions: Option<u64>,
    patch: String,
}

fn diffs(git: &Git, api: &Api, extent: &Extent, totals: &mut Totals) {
    let all = git.line(["rev-list", "--all"]);
    let chosen: Vec<_> = all.lines().step_by(extent.every).collect();
    for batch in chosen.chunks(500) {
        let expected = expected_diffs(git, batch);
        for commit in batch {
            let diff = api.diff(commit).unwrap();
            check_diff(commit, &diff, &expected[*commit], totals);
            check_alone(git, api, commit, &diff);
        }
    }
}

fn expected_diffs(git: &Git, commits: &[&str]) -> HashMap<String, Vec<Expected>> {
    // Attributes of the work tree would make text binary and the other way round.
    let nothing = git.line(["hash-object", "-t", "tree", "/dev/null"]);
    let attributes = format!("--attr-source={nothing}");
    let log = |options: &[&str]| {
        let common = [
            &*attributes,
            "--no-pager",
            "log",
            "--stdin",
            "--no-walk=unsorted",
            "--root",
            "-M50%",
        ];
        let against = [
            "--diff-merges=first-parent",
            "--no-ext-diff",
            "--no-textconv",
        ];
        let format = [
            "--format=tformat:commit %H",
            "--submodule=short",
            "--ignore-submodules=none",
            "-l1000",
        ];
        let args = common.iter().chain(&against).chain(&format).chain(options);
        git.feed(args.copied(), commits.join("\n").as_bytes())
    };
    let mut diffs = parse_raw(&log(&["-z", "--raw", "--numstat", "--no-abbrev"]));
    attach_patches(&mut diffs, &log(&["-p", "--no-color", "--full-index"]));
    diffs
}

fn parse_raw(output: &[u8]) -> HashMap<String, Vec<Expected>> {
    let mut diffs: HashMap<String, Vec<Expected>> = HashMap::new();
    let mut commit = String::new();
    let mut counted = 0;
    let mut tokens = records(output).into_iter();
    while let Some(token) = tokens.next() {
        let token = token.trim_start_matches('\n');
        let mut next = || tokens.next().unwrap();
        if let Some(id) = token.strip_prefix("commit ") {
            commit = id.to_owned();
            counted = 0;
            diffs.insert(commit.clone(), Vec::new());
        } else if token.starts_with(':') {
            let status = token.rsplit(' ').next().unwrap()[..1].to_owned();
            let first = next();
            let (path, previous_path) = match status.as_str() {
                "R" | "C" => (next(), Some(first)),
                _ => (first, None),
            };
            diffs.get_mut(&commit).unwrap().push(Expected {
                path,
                previous_path,
                status,
                ..Expected::default()
            });
        } else {
            let fields: Vec<_> = token.splitn(3, '\t').collect();
            let file = &mut diffs.get_mut(&commit).unwrap()[counted];
            counted += 1;
            file.additions = fields[0].parse().ok();
            file.deletions = fields[1].parse().ok();
            let path = if fields[2].is_empty() {
                assert_eq!(Some(next()), file.previous_path);
                next()
            } else {
                fields[2].to_owned()
            };
            assert_eq!(path, file.path);
        }
    }
    diffs
}

/// Inside a patch every line has a sign, so the lines without one tell commits and files apart.
fn attach_patches(diffs: &mut HashMap<String, Vec<Expected>>, output: &[u8]) {
    let mut commit = String::new();
    let mut sections: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    let mut in_hunk = false;
    for line in output.split_inclusive(|byte| *byte == b'\n') {
        if let Some(id) = line.strip_prefix(b"commit ") {
            commit = text(id.trim_ascii_end());
            in_hunk = false;
        } else if line.starts_with(b"diff --git ") {
            sections.entry(commit.clone()).or_default().push(Vec::new());
            in_hunk = false;
        } else {
            in_hunk |= line.starts_with(b"@@ ");
            if in_hunk {
                let section = sections.get_mut(&commit).unwrap().last_mut().unwrap();
                section.extend_from_slice(line);
            }
        }
    }
    for (commit, files) in diffs {
        let sections = sections.remove(commit).unwrap_or_default();
        let mut sections = sections.into_iter();
        for file in files {
            let mut patch = sections.next().unwrap();
            if file.status == "T" {
                patch.extend(sections.next().unwrap());
            }
            // The empty line between two commits.
            if sections.len() == 0 && patch.ends_with(b"\n\n") {
                patch.pop();
            }
            file.patch = text(&patch);
        }
        assert_eq!(sections.len(), 0, "{commit}: every section has its file");
    }
}

/// What two names have between them, beside `git diff` of the merge base that was told and `head`.
pub(crate) fn range(git: &Git, told: &Comparison) {
    let [base, head] = [&told.diff.base_sha, &told.diff.head_sha].map(|id| id.as_deref().unwrap());
    let nothing = git.line(["hash-object", "-t", "tree", "/dev/null"]);
    let attributes = format!("--attr-source={nothing}");
    let diff = |options: &[&str]| {
        let common = [
            &*attributes,
            "diff",
            "-M50%",
            "-l1000",
            "--no-ext-diff",
            "--no-textconv",
        ];
        let submodules = ["--submodule=short", "--ignore-submodules=none"];
        let args = common.iter().chain(&submodules).chain(options);
        git.run(args.chain(&[base, head]).copied())
    };
    let raw = diff(&["-z", "--raw", "--numstat", "--no-abbrev"]);
    let mut expected = parse_raw(&[format!("commit {head}\0").as_bytes(), &raw].concat());
    let patches = diff(&["-p", "--no-color", "--full-index"]);
    let patches = [format!("commit {head}\n").as_bytes(), &patches].concat();
    attach_patches(&mut expected, &patches);
    let expected = expected.get_mut(head).unwrap();
    let mut totals = Totals::default();
    check_diff(head, &told.diff, expected, &mut totals);
    assert_eq!(totals.other_patches, 0, "{base}..{head}");
}

/// A commit by the shortest beginning that Git takes for it has the counts of its diff.
fn check_alone(git: &Git, api: &Api, commit: &str, diff: &Diff) {
    let short = git.line(["rev-parse", "--short=7", commit]);
    let alone = api.commit(&short).unwrap();
    assert_eq!(alone.sha, commit, "{short}");
    if !diff.files.iter().any(is_unknown) {
        assert_eq!(alone.stats.as_ref(), Some(&diff.stats), "{commit}");
    }
}

type Counts = Option<(Option<u64>, Option<u64>)>;

fn describe(
    file: &DiffFile,
    counts: impl Fn(Option<u64>, Option<u64>) -> Counts,
) -> (String, Option<String>, String, Counts) {
    let status = match file.status {
        FileStatus::Added => "A",
        FileStatus::Modified => "M",
        FileStatus::Removed => "D",
        FileStatus::Renamed => "R",
        FileStatus::Copied => "C",
        FileStatus::TypeChanged => "T",
    };
    (
        file.path.clone(),
        file.previous_path.clone(),
        status.to_owned(),
        counts(file.additions, file.deletions),
    )
}

fn is_unknown(file: &DiffFile) -> bool {
    file.additions.is_none() && file.binary != Some(true)
}

fn check_diff(commit: &str, diff: &Diff, expected: &[Expected], totals: &mut Totals) {
    let listed = &expected[..expected.len().min(MAX_FILES)];
    let text: usize = expected.iter().map(|file| file.patch.len()).sum();
    if text <= MAX_PATCH_BYTES {
        assert_eq!(diff.truncated, listed.len() < expected.len(), "{commit}");
    }
    assert_eq!(diff.files.len(), listed.len(), "files of {commit}");
    for (file, expected) in diff.files.iter().zip(listed) {
        // Beyond the limits a file's lines are unknown, and it says so.
        let is_unknown = is_unknown(file);
        assert!(!is_unknown || file.patch_truncated, "{commit} {file:?}");
        let counts = |additions, deletions| (!is_unknown).then_some((additions, deletions));
        let wanted = (
            expected.path.clone(),
            expected.previous_path.clone(),
            expected.status.clone(),
            counts(expected.additions, expected.deletions),
        );
        assert_eq!(describe(file, counts), wanted, "{commit}");
    }
    assert_eq!(diff.stats.files, Some(expected.len() as u64));
    let all_known = !diff.files.iter().any(is_unknown);
    if all_known {
        let sum = |count: fn(&Expected) -> Option<u64>| expected.iter().filter_map(count).sum();
        assert_eq!(diff.stats.additions, Some(sum(|file| file.additions)));
        assert_eq!(diff.stats.deletions, Some(sum(|file| file.deletions)));
    }
    assert_eq!(diff.head_sha.as_deref(), Some(commit));

    totals.diffs += 1;
    totals.files += expected.len();
    for (file, expected) in diff.files.iter().zip(expected) {
        totals.renames += usize::from(file.status == FileStatus::Renamed);
        let is_binary = expected.additions.is_none();
        assert!(
            file.binary.is_none_or(|known| known == is_binary),
            "{commit} {}",
            file.path
        );
        if let Some(patch) = &file.patch {
            totals.patches += 1;
            totals.other_patches += usize::from(*patch != expected.patch);
        } else if !is_binary {
            assert!(file.patch_truncated);
        }
    }
}
