//! Makes repositories with everything a history can hold, fast (`git fast-import`) and the same
//! every time (a fixed seed).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    ops::Bound::{Included, Unbounded},
    path::Path,
    rc::Rc,
};

use crate::local::git::Git;

/// What kind of history is made.
pub(crate) struct Shape {
    commits: usize,
    files: usize,
    /// At most this many changes in one commit.
    changes: usize,
    /// One commit in so many starts a branch, while there are few.
    fork_every: usize,
}

impl Shape {
    /// Many kinds of changes in each commit.
    pub(crate) const fn rich(commits: usize) -> Self {
        Self {
            commits,
            files: 120,
            changes: 5,
            fork_every: 60,
        }
    }

    /// Many commits of little content.
    pub(crate) const fn long(commits: usize) -> Self {
        Self {
            commits,
            files: 40,
            changes: 1,
            fork_every: 600,
        }
    }
}

/// Makes a bare repository of that shape.
pub(crate) fn make(dir: &Path, shape: &Shape) -> Git {
    let git = Git::init(dir, &["--bare"]);
    let mut writer = Writer::new();
    writer.write(shape);
    git.feed(
        ["fast-import", "--quiet", "--export-marks=marks"],
        &writer.stream,
    );
    git.run(["pack-refs", "--all"]);
    // The last commits are loose objects, their branch a loose ref.
    writer.stream.clear();
    writer.write_more(20);
    git.feed(
        ["fast-import", "--quiet", "--import-marks=marks"],
        &writer.stream,
    );
    add_tags(&git);
    add_odd_commits(&git);
    git
}

/// Numbers that look random and are the same in every run (xorshift).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % end
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

#[derive(Clone, PartialEq, Eq)]
struct File {
    mode: &'static str,
    data: Rc<[u8]>,
}

/// The files of a commit by path.
#[derive(Clone, Default)]
struct Tree(BTreeMap<Rc<[u8]>, File>);

impl Tree {
    /// Adds a file; what is a file where it needs a folder goes, and a folder in its place stays.
    fn put(&mut self, path: &[u8], file: File) {
        let folder = [path, &b"/"[..]].concat();
        let inside = self
            .0
            .range::<[u8], _>((Included(&folder[..]), Unbounded))
            .next();
        if inside.is_some_and(|(other, _)| other.starts_with(&folder)) {
            return;
        }
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            self.0.remove(&path[..at]);
        }
        self.0.insert(path.into(), file);
    }
}

/// A line of development.
#[derive(Clone)]
struct Line {
    branch: String,
    tip: usize,
    tree: Tree,
}

struct Writer {
    stream: Vec<u8>,
    numbers: Numbers,
    lines: Vec<Line>,
    mark: usize,
    clock: i64,
    branches: usize,
}

impl Writer {
    const fn new() -> Self {
        Self {
            stream: Vec::new(),
            numbers: Numbers::new(0x9e37_79b9_7f4a_7c15),
            lines: Vec::new(),
            mark: 0,
            clock: 1_500_000_000,
            branches: 0,
        }
    }

    fn write(&mut self, shape: &Shape) {
        self.lines.push(Line {
            branch: "main".to_owned(),
            tip: 0,
            tree: Tree::default(),
        });
        let mut first = self.lines[0].clone();
        for index in 0..shape.files {
            let path = self.new_path(index);
            let file = self.new_file();
            first.tree.put(&path, file);
        }
        self.commit(0, &first, &[]);
        while self.mark < shape.commits {
            self.step(shape);
        }
    }

    /// Commits on the first line only.
    fn write_more(&mut self, commits: usize) {
        for _ in 0..commits {
            let mut changed = self.lines[0].clone();
            self.change(&mut changed);
            self.commit(0, &changed, &[]);
        }
    }

    fn step(&mut self, shape: &Shape) {
        if self.lines.len() < 6 && self.numbers.one_in(shape.fork_every) {
            self.fork();
        }
        let at = self.numbers.below(self.lines.len());
        let mut changed = self.lines[at].clone();
        if self.lines.len() > 1 && self.numbers.one_in(10) {
            let other = self.numbers.below(self.lines.len());
            if other != at {
                self.merge(at, other, changed);
                return;
            }
        }
        // Now and then a commit that changes nothing.
        if !self.numbers.one_in(40) {
            for _ in 0..=self.numbers.below(shape.changes) {
                self.change(&mut changed);
            }
        }
        self.commit(at, &changed, &[]);
    }

    fn fork(&mut self) {
        let from = self.numbers.below(self.lines.len());
        let mut line = self.lines[from].clone();
        self.branches += 1;
        line.branch = match self.branches % 4 {
            0 => format!("feature/{}", self.branches),
            1 => format!("feature-{}", self.branches),
            2 => format!("release/{}.x/fix", self.branches),
            _ => format!("ветка-{}", self.branches),
        };
        let reset = format!("reset refs/heads/{}\nfrom :{}\n\n", line.branch, line.tip);
        self.stream.extend_from_slice(reset.as_bytes());
        self.lines.push(line);
    }

    /// Takes over everything of the other line, sometimes of two, and ends the line or goes on.
    fn merge(&mut self, at: usize, other: usize, mut changed: Line) {
        let mut parents = vec![self.lines[other].tip];
        for (path, file) in &self.lines[other].tree.0 {
            if self.numbers.one_in(6) {
                changed.tree.put(path, file.clone());
            }
        }
        let third = self.numbers.below(self.lines.len());
        if third != at && third != other && self.numbers.one_in(4) {
            parents.push(self.lines[third].tip);
        }
        self.commit(at, &changed, &parents);
        if other != 0 && self.numbers.one_in(12) {
            self.lines.remove(other);
        }
    }

    fn change(&mut self, line: &mut Line) {
        let tree = &mut line.tree;
        let count = tree.0.len();
        let chosen = self.numbers.below(count);
        let (path, file) = tree.0.iter().nth(chosen).unwrap();
        let (path, file) = (Rc::clone(path), file.clone());
        if count > 200 {
            tree.0.remove(&path);
        }
        match self.numbers.below(24) {
            0 | 1 => {
                let index = self.numbers.below(1000);
                let file = self.new_file();
                tree.put(&self.new_path(index), file);
            }
            2 if count > 20 => drop(tree.0.remove(&path)),
            3 => self.rename(tree, &path, false),
            4 | 5 => self.rename(tree, &path, true),
            6 => self.move_folder(tree, &path),
            7 if file.mode.starts_with("100") => {
                let mode = if file.mode == "100644" {
                    "100755"
                } else {
                    "100644"
                };
                tree.put(&path, File { mode, ..file });
            }
            8 => tree.put(&path, self.new_file()),
            9 => {
                // A copy, and a second file of the same content to choose from.
                let index = self.numbers.below(1000);
                tree.put(&self.new_path(index), file);
            }
            _ => tree.put(&path, self.edited(&file)),
        }
    }

    fn rename(&mut self, tree: &mut Tree, path: &[u8], with_edit: bool) {
        let Some(mut file) = tree.0.remove(path) else {
            return;
        };
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap();
        let index = self.numbers.below(1000);
        let mut new = self.new_path(index);
        if self.numbers.one_in(2) {
            // Another folder, the same name.
            let folder = new
                .iter()
                .rposition(|byte| *byte == b'/')
                .map_or(0, |at| at + 1);
            new.truncate(folder);
            new.extend_from_slice(name);
        }
        if with_edit {
            for _ in 0..=self.numbers.below(12) {
                file = self.edited(&file);
            }
        }
        tree.put(&new, file);
    }

    fn move_folder(&mut self, tree: &mut Tree, path: &[u8]) {
        let Some(end) = path.iter().position(|byte| *byte == b'/') else {
            return;
        };
        let folder = &path[..=end];
        let new = format!("moved{}/", self.numbers.below(30));
        let inside: Vec<_> = tree
            .0
            .keys()
            .filter(|path| path.starts_with(folder))
            .cloned()
            .collect();
        for path in inside {
            let mut file = tree.0.remove(&path).unwrap();
            if self.numbers.one_in(3) {
                file = self.edited(&file);
            }
            tree.put(&[new.as_bytes(), &path[end + 1..]].concat(), file);
        }
    }

    fn new_path(&mut self, index: usize) -> Vec<u8> {
        let folders = [
            "",
            "src/",
            "src/core/",
            "docs/",
            "src.d/",
            "src-old/",
            "a/b/c/d/",
            "тест/",
        ];
        let names = [
            "mod.rs",
            "lib.rs",
            "README",
            "a b.txt",
            "main.c",
            "index.html",
            "имя.md",
        ];
        let folder = self.numbers.pick(&folders);
        let name = self.numbers.pick(&names);
        if self.numbers.one_in(60) {
            return [folder.as_bytes(), b"caf\xe9-", index.to_string().as_bytes()].concat();
        }
        if self.numbers.one_in(4) {
            return format!("{folder}{name}").into_bytes();
        }
        format!("{folder}{index}-{name}").into_bytes()
    }

    fn new_file(&mut self) -> File {
        let (mode, data) = match self.numbers.below(20) {
            0 => ("120000", b"../target".to_vec()),
            1 => {
                let byte = self.numbers.below(250);
                let id: String = (0..40).map(|i| format!("{:x}", (byte + i) % 16)).collect();
                ("160000", id.into_bytes())
            }
            2 => ("100644", Vec::new()),
            3 => {
                let len = 10 + self.numbers.below(3000);
                let bytes = (0..len).map(|_| u8::try_from(self.numbers.below(256)).unwrap());
                ("100644", [&b"\0"[..], &bytes.collect::<Vec<_>>()].concat())
            }
            4 => ("100755", self.text(30, "\r\n")),
            5 => {
                // One long line without an end.
                let len = 50 + self.numbers.below(400);
                ("100644", self.text(len, " "))
            }
            _ => {
                let lines = 1 + self.numbers.below(90);
                ("100644", self.text(lines, "\n"))
            }
        };
        File {
            mode,
            data: data.into(),
        }
    }

    fn text(&mut self, lines: usize, end: &str) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..lines {
            text.extend(self.line());
            text.extend_from_slice(end.as_bytes());
        }
        if self.numbers.one_in(6) {
            text.truncate(text.trim_ascii_end().len());
        }
        text
    }

    /// Few different lines, so that diffs have something to slide along.
    fn line(&mut self) -> Vec<u8> {
        let common = [
            "",
            "}",
            "    }",
            "{",
            "    return x;",
            "fn main() {",
            "// same",
            "\tend",
        ];
        if self.numbers.one_in(2) {
            return self.numbers.pick(&common).as_bytes().to_vec();
        }
        let indent = "    ".repeat(self.numbers.below(4));
        let words = [
            "let",
            "value",
            "if",
            "else",
            "строка",
            "match",
            "x",
            "=",
            "+",
            "call()",
        ];
        let mut line = indent;
        for _ in 0..=self.numbers.below(6) {
            let word = self.numbers.pick(&words);
            let number = self.numbers.below(40);
            write!(line, "{word}{number} ").unwrap();
        }
        let mut line = line.trim_end().as_bytes().to_vec();
        if self.numbers.one_in(50) {
            line.push(0xe9);
        }
        line
    }

    fn edited(&mut self, file: &File) -> File {
        if !file.mode.starts_with("100") || file.data.first() == Some(&0) {
            let mut other = self.new_file();
            while other.mode != file.mode {
                other = self.new_file();
            }
            return other;
        }
        let mut lines: Vec<Vec<u8>> = file
            .data
            .split_inclusive(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        for _ in 0..=self.numbers.below(4) {
            let at = self.numbers.below(lines.len() + 1);
            let count = self.numbers.below(5).min(lines.len() - at);
            match self.numbers.below(4) {
                0 => {
                    let line = [&self.line()[..], b"\n"].concat();
                    lines.insert(at, line);
                }
                1 => drop(lines.drain(at..at + count)),
                2 => {
                    let block = lines[at..at + count].to_vec();
                    lines.splice(at..at, block);
                }
                _ if at < lines.len() => lines[at] = [&self.line()[..], b"\n"].concat(),
                _ => {}
            }
        }
        let mut data = lines.concat();
        if self.numbers.one_in(12) {
            data.truncate(data.trim_ascii_end().len());
        }
        File {
            mode: file.mode,
            data: data.into(),
        }
    }

    fn commit(&mut self, at: usize, changed: &Line, merged: &[usize]) {
        let old = self.lines[at].clone();
        self.mark += 1;
        // Clocks are wrong, and many commits share a second.
        self.clock += match self.numbers.below(10) {
            0..4 => 0,
            _ => i64::try_from(self.numbers.below(4000)).unwrap(),
        };
        let skew = if self.numbers.one_in(25) {
            i64::try_from(self.numbers.below(4_000_000)).unwrap() - 2_000_000
        } else {
            0
        };
        let (author_at, committer_at) = (self.clock - 60, self.clock + skew);
        let author = [
            "A U Thor <author@example.com>",
            "A U Thor <Author@Example.com>",
            "Ünïcode Näme <u@example.com>",
            "Someone Else <someone@example.org>",
            "<nobody@example.org>",
            "No Mail <>",
        ][self.numbers.below(6)];
        let zone = ["+0000", "-0730", "+1400"][self.numbers.below(3)];
        let head = format!(
            "commit refs/heads/{}\nmark :{}\nauthor {author} {author_at} {zone}\ncommitter C O Mitter <c@example.com> {committer_at} {zone}\n",
            changed.branch, self.mark
        );
        let (encoding, message) = self.message();
        let mut out = head.into_bytes();
        if let Some(encoding) = encoding {
            out.extend(format!("encoding {encoding}\n").bytes());
        }
        out.extend(format!("data {}\n", message.len()).bytes());
        out.extend(message);
        out.push(b'\n');
        if old.tip > 0 {
            out.extend(format!("from :{}\n", old.tip).bytes());
        }
        for parent in merged {
            out.extend(format!("merge :{parent}\n").bytes());
        }
        for path in old
            .tree
            .0
            .keys()
            .filter(|path| !changed.tree.0.contains_key(*path))
        {
            out.extend([&b"D "[..], &quoted(path), b"\n"].concat());
        }
        for (path, file) in &changed.tree.0 {
            if old.tree.0.get(path) == Some(file) {
                continue;
            }
            if file.mode == "160000" {
                out.extend([b"M 160000 ", &file.data[..], b" ", &quoted(path), b"\n"].concat());
                continue;
            }
            out.extend(format!("M {} inline ", file.mode).bytes());
            out.extend([&quoted(path)[..], b"\n"].concat());
            out.extend(format!("data {}\n", file.data.len()).bytes());
            out.extend_from_slice(&file.data);
            out.push(b'\n');
        }
        out.push(b'\n');
        self.stream.extend(out);
        self.lines[at] = Line {
            tip: self.mark,
            ..changed.clone()
        };
    }

    fn message(&mut self) -> (Option<&'static str>, Vec<u8>) {
        let number = self.mark;
        match self.numbers.below(16) {
            0 => (None, b"latin without a name: caf\xe9\n".to_vec()),
            1 => (Some("ISO-8859-1"), b"latin with a name: caf\xe9\n".to_vec()),
            2 => (Some("windows-1251"), b"\xef\xf0\xe8\xe2\xe5\xf2\n".to_vec()),
            3 => (
                None,
                format!("Subject {number}\nin two lines\n\nBody\n\n\n").into_bytes(),
            ),
            4 => (None, b"\n\n  leading blank lines\n".to_vec()),
            5 => (None, Vec::new()),
            6 => (None, format!("No newline at the end {number}").into_bytes()),
            7 => (
                None,
                format!("Привет, мир {number} \n\n* point\n").into_bytes(),
            ),
            _ => (
                None,
                format!("Change number {number}\n\nWhy it was made.\n").into_bytes(),
            ),
        }
    }
}

/// A path as fast-import reads it back byte for byte.
fn quoted(path: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in path {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b' '..=b'~' => out.push(*byte),
            _ => out.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    out.push(b'"');
    out
}

fn add_tags(git: &Git) {
    git.run(["tag", "light", "main~3"]);
    git.run(["tag", "-a", "-m", "First line\n\nBody\n", "v1.0", "main~10"]);
    git.run(["tag", "-a", "-m", "nested", "nested", "v1.0"]);
    git.run(["tag", "-a", "-m", "twice nested", "nested-twice", "nested"]);
    git.run(["tag", "tree", "main^{tree}"]);
    git.run(["tag", "-a", "-m", "a tree", "tree-annotated", "main^{tree}"]);
    let blob = git.feed(["hash-object", "-w", "--stdin"], b"a blob\n");
    let blob = String::from_utf8(blob).unwrap();
    git.run(["tag", "blob", blob.trim()]);
    git.run(["tag", "-a", "-m", "a blob", "blob-annotated", blob.trim()]);
    for index in 0..30 {
        git.run(["tag", &format!("many/{index}"), &format!("main~{index}")]);
    }
    git.run(["pack-refs", "--all"]);
    git.run(["tag", "-f", "light", "main~4"]);
    git.run(["branch", "loose", "main~5"]);
    git.run(["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    git.run(["symbolic-ref", "refs/heads/dangling", "refs/heads/nowhere"]);
    let old = "object {}\ntype commit\ntag old\n\nA tag without tagger\n";
    let tag = old.replace("{}", &git.line(["rev-parse", "main"]));
    let id = git.feed(
        ["hash-object", "-t", "tag", "-w", "--stdin", "--literally"],
        tag.as_bytes(),
    );
    let id = String::from_utf8(id).unwrap();
    git.run(["update-ref", "refs/tags/old", id.trim()]);
}

/// Commits that no porcelain would make today.
fn add_odd_commits(git: &Git) {
    let tree = git.line(["rev-parse", "main^{tree}"]);
    let mut parent = git.line(["rev-parse", "main"]);
    for (author, committer) in [
        (
            "A <a@b> 1500000000 +0000",
            "C <c@d> 99999999999999999999 +0000",
        ),
        ("No Date <a@b>", "C <c@d>"),
        ("A <a@b> -100 +0000", "C <c@d> -100 +0000"),
        ("A <<a@b>> 1500000000 +0000", "C <c@d> 1500000000 +0000"),
        ("no brackets 1500000000 +0000", "C <c@d> 1500000001 +0000"),
        ("A <a@b> 1500000000", "C <c@d> 1600000002"),
        ("A  <a@b>  1500000000  +0000", "C <c> d@e> 1600000003 +0000"),
    ] {
        let commit = format!(
            "tree {tree}\nparent {parent}\nauthor {author}\ncommitter {committer}\n\nodd: {author}\n"
        );
        let args = [
            "hash-object",
            "-t",
            "commit",
            "-w",
            "--stdin",
            "--literally",
        ];
        parent = String::from_utf8(git.feed(args, commit.as_bytes())).unwrap();
        parent.truncate(parent.trim_end().len());
    }
    git.run(["update-ref", "refs/heads/odd", &parent]);
}
