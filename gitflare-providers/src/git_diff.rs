//! A diff as Git writes it, taken apart into changed files. It reads what upstreams send as one text;
//! those that send files one by one have no need of it.
//! <https://git-scm.com/docs/diff-format#generate_patch_text_with_p>

use gitflare_core::model::{DiffFile, FileStatus};

use crate::patch;

/// How the part of each file begins.
const HEAD: &[u8] = b"diff --git ";

/// The files of a diff. The text is in the encodings of the repository: what is not UTF-8 is replaced.
pub(crate) fn files(diff: &[u8]) -> impl Iterator<Item = DiffFile> {
    let mut rest = diff;
    if !rest.starts_with(HEAD) {
        // A diff may begin with words about the commit.
        skip_to_head(&mut rest);
    }
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let part = skip_to_head(&mut rest);
        Some(file(part))
    })
}

/// Takes what stands before the next part, the line that the text begins with aside.
fn skip_to_head<'d>(rest: &mut &'d [u8]) -> &'d [u8] {
    let text = *rest;
    let begins = |at: usize| text[at..].starts_with(HEAD);
    let mut lines = memchr::memchr_iter(b'\n', text).map(|at| at + 1);
    let end = match lines.find(|at| begins(*at)) {
        Some(at) => at,
        None => text.len(),
    };
    let (before, after) = text.split_at(end);
    *rest = after;
    before
}

/// What the lines before the hunks say.
#[derive(Default)]
struct Head {
    old: Option<String>,
    new: Option<String>,
    renamed_from: Option<String>,
    renamed_to: Option<String>,
    copied: bool,
    added: bool,
    removed: bool,
    old_mode: Option<String>,
    new_mode: Option<String>,
    binary: bool,
}

fn file(part: &[u8]) -> DiffFile {
    let text = String::from_utf8_lossy(part);
    let hunks = patch::hunks(&text);
    let head = text.len() - hunks.map_or(0, str::len);
    let lines = text[..head].lines();
    let mut said = Head::default();
    let first = text.lines().next().unwrap_or_default();
    for line in lines.skip(1) {
        said.note(line);
    }
    let status = said.status();
    let (old, new) = said.paths(first);
    let counts = hunks.map(patch::count_lines);
    let is_moved = matches!(status, FileStatus::Renamed | FileStatus::Copied);
    let path = match status {
        FileStatus::Removed => old.clone().or(new),
        _ => new.or_else(|| old.clone()),
    };
    DiffFile {
        path: path.unwrap_or_default(),
        previous_path: old.filter(|_| is_moved),
        status,
        additions: counts.map(|(added, _)| added),
        deletions: counts.map(|(_, removed)| removed),
        // A file whose mode alone changed, or that is empty, says neither.
        binary: match hunks {
            Some(_) => Some(false),
            None => said.binary.then_some(true),
        },
        patch: hunks.map(str::to_owned),
        patch_truncated: false,
    }
}

impl Head {
    fn note(&mut self, line: &str) {
        let path = |text: &str| Some(unquoted(text.trim_end_matches('\t')));
        if let Some(text) = line.strip_prefix("--- ") {
            self.old = path(text);
        } else if let Some(text) = line.strip_prefix("+++ ") {
            self.new = path(text);
        } else if let Some(text) = line.strip_prefix("rename from ") {
            self.renamed_from = path(text);
        } else if let Some(text) = line.strip_prefix("rename to ") {
            self.renamed_to = path(text);
        } else if let Some(text) = line.strip_prefix("copy from ") {
            self.renamed_from = path(text);
            self.copied = true;
        } else if let Some(text) = line.strip_prefix("copy to ") {
            self.renamed_to = path(text);
        } else if line.starts_with("new file mode ") {
            self.added = true;
        } else if line.starts_with("deleted file mode ") {
            self.removed = true;
        } else if let Some(mode) = line.strip_prefix("old mode ") {
            self.old_mode = Some(mode.to_owned());
        } else if let Some(mode) = line.strip_prefix("new mode ") {
            self.new_mode = Some(mode.to_owned());
        } else if line.starts_with("Binary files ") || line == "GIT binary patch" {
            self.binary = true;
        }
    }

    fn status(&self) -> FileStatus {
        // The first three digits of a mode are the kind of entry.
        let kind = |mode: &Option<String>| {
            mode.as_ref()
                .and_then(|mode| mode.get(..3))
                .map(str::to_owned)
        };
        match self {
            _ if self.added => FileStatus::Added,
            _ if self.removed => FileStatus::Removed,
            _ if self.copied => FileStatus::Copied,
            _ if self.renamed_from.is_some() => FileStatus::Renamed,
            _ if kind(&self.old_mode) != kind(&self.new_mode) => FileStatus::TypeChanged,
            _ => FileStatus::Modified,
        }
    }

    /// Old and new path. The first line names both, but does not say where one ends unless they are
    /// equal or quoted; the lines behind it do.
    fn paths(&self, first: &str) -> (Option<String>, Option<String>) {
        if self.renamed_from.is_some() || self.renamed_to.is_some() {
            return (self.renamed_from.clone(), self.renamed_to.clone());
        }
        // A name in another form is not guessed at: the file of the other side may be another one.
        let is_foreign = |path: &Option<String>, prefix: &str| {
            let path = path.as_deref().unwrap_or("/dev/null");
            path != "/dev/null" && !path.starts_with(prefix)
        };
        if is_foreign(&self.old, "a/") || is_foreign(&self.new, "b/") {
            return (None, None);
        }
        let side = |path: &Option<String>, prefix: &str| {
            let path = path.as_deref()?.strip_prefix(prefix)?;
            Some(path.to_owned())
        };
        let (old, new) = (side(&self.old, "a/"), side(&self.new, "b/"));
        if old.is_some() || new.is_some() {
            return (old, new);
        }
        let both = first.strip_prefix("diff --git ").and_then(equal_halves);
        (both.clone(), both)
    }
}

/// `a/x b/x` is `x`, quoted or not.
fn equal_halves(names: &str) -> Option<String> {
    if let Some(quoted) = names.strip_prefix('"') {
        let end = quoted.find("\" ")? + 2;
        return unquoted(&names[..end])
            .strip_prefix("a/")
            .map(str::to_owned);
    }
    let middle = names.len().checked_sub(1)? / 2;
    let (old, new) = (names.get(..middle)?, names.get(middle + 1..)?);
    let (old, new) = (old.strip_prefix("a/")?, new.strip_prefix("b/")?);
    (old == new).then(|| old.to_owned())
}

/// A path without the quotes and escapes of C that Git writes around unusual bytes.
pub(crate) fn unquoted(text: &str) -> String {
    let Some(quoted) = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return text.to_owned();
    };
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'r') => bytes.push(b'\r'),
            Some(b'a') => bytes.push(7),
            Some(b'b') => bytes.push(8),
            Some(b'v') => bytes.push(11),
            Some(b'f') => bytes.push(12),
            Some(digit @ b'0'..=b'3') => {
                let octal = rest.by_ref().take(2).fold(digit - b'0', |value, digit| {
                    value.wrapping_mul(8).wrapping_add(digit.wrapping_sub(b'0'))
                });
                bytes.push(octal);
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff_files::DiffFiles;

    #[test]
    fn a_file_whose_name_cannot_be_read_loses_its_patch() {
        // sec: SR-11
        for head in [
            "diff --git .env .env\n--- .env\n+++ .env\n",
            "diff --git src://.env dst://.env\n--- src://.env\n+++ dst://.env\n",
            "diff --git a/x .env\n--- a/x\n+++ .env\n",
        ] {
            let diff = format!("{head}@@ -1 +1 @@\n-a\n+b\n");
            let all = DiffFiles::of(files(diff.as_bytes())).files;
            assert_eq!(all.len(), 1, "{head}");
            assert_eq!(
                (&*all[0].path, &all[0].patch, all[0].patch_truncated),
                ("", &None, true),
                "{head}"
            );
        }
    }

    fn only(diff: &str) -> DiffFile {
        let mut all: Vec<_> = files(diff.as_bytes()).collect();
        assert_eq!(all.len(), 1, "{diff}");
        all.remove(0)
    }

    #[test]
    fn every_kind_of_change_is_read_as_git_writes_it() {
        for (diff, path, previous, status, counts, binary) in [
            (
                "diff --git a/x y b/x y\nindex 1..2 100644\n--- a/x y\t\n+++ b/x y\t\n@@ -1 +1 @@\n-a\n+b\n",
                "x y",
                None,
                FileStatus::Modified,
                Some((1, 1)),
                Some(false),
            ),
            (
                "diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,2 @@\n+a\n+b\n",
                "n",
                None,
                FileStatus::Added,
                Some((2, 0)),
                Some(false),
            ),
            (
                "diff --git a/d/o b/d/o\ndeleted file mode 100644\n--- a/d/o\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
                "d/o",
                None,
                FileStatus::Removed,
                Some((0, 1)),
                Some(false),
            ),
            (
                "diff --git a/o b/n\nsimilarity index 100%\nrename from o\nrename to n\n",
                "n",
                Some("o"),
                FileStatus::Renamed,
                None,
                None,
            ),
            (
                "diff --git a/l.png b/l.png\nindex 1..2 100644\nBinary files a/l.png and b/l.png differ\n",
                "l.png",
                None,
                FileStatus::Modified,
                None,
                Some(true),
            ),
            (
                "diff --git a/e b/e\nnew file mode 100644\nindex 000..e69\n",
                "e",
                None,
                FileStatus::Added,
                None,
                None,
            ),
            (
                "diff --git a/m b/m\nold mode 100644\nnew mode 100755\n",
                "m",
                None,
                FileStatus::Modified,
                None,
                None,
            ),
            (
                "diff --git \"a/\\303\\244\" \"b/\\303\\244\"\n--- \"a/\\303\\244\"\n+++ \"b/\\303\\244\"\n@@ -1 +1 @@\n-a\n+b\n",
                "\u{e4}",
                None,
                FileStatus::Modified,
                Some((1, 1)),
                Some(false),
            ),
        ] {
            let file = only(diff);
            assert_eq!(file.path, path, "{diff}");
            assert_eq!(file.previous_path.as_deref(), previous, "{diff}");
            assert_eq!((file.status, file.binary), (status, binary), "{diff}");
            assert_eq!(file.additions.zip(file.deletions), counts, "{diff}");
        }
    }

    #[test]
    fn a_line_that_looks_like_the_head_of_a_file_is_one_only_at_its_beginning() {
        let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n a\n+diff --git a/y b/y\n\
                    diff --git a/z b/z\n--- a/z\n+++ b/z\n@@ -1 +1 @@\n-a\n+b\n";
        let paths: Vec<_> = files(diff.as_bytes()).map(|file| file.path).collect();
        assert_eq!(paths, ["x", "z"]);
    }

    #[test]
    fn nothing_is_no_file_and_bytes_that_are_no_text_are_replaced() {
        assert_eq!(files(b"").count(), 0);
        let diff = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\xff\n+b\n";
        let file = files(diff).next().unwrap();
        assert_eq!(file.patch.as_deref(), Some("@@ -1 +1 @@\n-\u{fffd}\n+b\n"));
    }
}
