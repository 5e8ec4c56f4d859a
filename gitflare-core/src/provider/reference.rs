//! What clients name inside a repository: refs and paths, checked for form before any adapter sees
//! them; ids of commits are in `commit_id.rs`. Whether the thing exists is the upstream's answer.

use std::fmt;

use crate::{Error, Result};

const MAX_REF_LEN: usize = 512;
const MAX_PATH_LEN: usize = 4096;

/// The name of a branch, tag or commit in the form that Git allows (`git check-ref-format`).
/// Revision syntax such as `HEAD~1` or `@{1}` is not a name and is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GitRef(String);

impl GitRef {
    /// Checks a name.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming `parameter`.
    pub fn parse(parameter: &str, name: &str) -> Result<Self> {
        let well_formed = !name.is_empty()
            && name.len() <= MAX_REF_LEN
            && name != "@"
            && !name.starts_with(['/', '-'])
            && !name.ends_with(['/', '.'])
            && !name.contains("..")
            && !name.contains("@{")
            && !name
                .chars()
                .any(|c| c.is_ascii_control() || " ~^:?*[\\".contains(c))
            && name
                .split('/')
                .all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"));
        if well_formed {
            Ok(Self(name.to_owned()))
        } else {
            Err(Error::invalid_request(format!(
                "`{parameter}` is not a valid Git ref name."
            )))
        }
    }

    /// The name, as it was checked.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path inside a repository, from its root, without a slash at either end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TreePath(String);

impl TreePath {
    /// Checks a path; one trailing slash is taken off.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for an absolute path, an empty, `.` or `..` component, a backslash or a
    /// control character.
    pub fn parse(parameter: &str, path: &str) -> Result<Self> {
        let trimmed = path.strip_suffix('/').unwrap_or(path);
        let well_formed = trimmed.len() <= MAX_PATH_LEN
            && !trimmed.chars().any(|c| c.is_ascii_control() || c == '\\')
            && trimmed
                .split('/')
                .all(|part| !matches!(part, "" | "." | ".."));
        if well_formed {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(Error::invalid_request(format!(
                "`{parameter}` must be a path from the repository's root, without empty, `.` or `..` components."
            )))
        }
    }

    /// The path, without a slash at either end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Selector of a commit of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RefSelector {
    /// The default branch's newest.
    #[default]
    DefaultBranch,
    /// The newest commit of a branch.
    Branch(GitRef),
    /// The commit of a branch, tag or commit id.
    Ref(GitRef),
}

/// Two names of one repository to compare, each a branch, a tag or a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareQuery {
    /// Name of what is compared against.
    pub base: GitRef,
    /// Name of what has the changes.
    pub head: GitRef,
    /// Whether the commits are wanted, too.
    pub with_commits: bool,
}

/// Selector of a tree and its part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeQuery {
    /// Commit whose tree is listed.
    pub at: RefSelector,
    /// The folder, or one file; the root when `None`.
    pub path: Option<TreePath>,
    /// Whether folders are entered.
    pub recursive: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ref_names_follow_git() {
        for name in [
            "main",
            "feature/a-b_c",
            "v1.0",
            "релиз",
            "fix/#12",
            "a@b",
            "refs/heads/main",
            "HEAD",
        ] {
            assert!(GitRef::parse("branch", name).is_ok(), "{name}");
        }
        for name in [
            "",
            "@",
            "a..b",
            "a b",
            "HEAD~1",
            "a^",
            ":/text",
            "a@{1}",
            "a.lock",
            "a.lock/b",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.",
            "a\\b",
            "a?",
            "a*",
            "a[",
            "a\0b",
            "a\nb",
            "-a",
            &"x".repeat(513),
        ] {
            assert!(GitRef::parse("branch", name).is_err(), "{name}");
        }
    }

    #[test]
    fn paths_stay_inside_the_repository() {
        for (path, kept) in [
            ("src", "src"),
            ("src/", "src"),
            ("C#/a b.txt", "C#/a b.txt"),
            ("...", "..."),
        ] {
            assert_eq!(TreePath::parse("path", path).unwrap().as_str(), kept);
        }
        for path in [
            "", "/", "/etc", "..", "a/../b", "./a", "a//b", "a\\b", "a\0", "a/..",
        ] {
            assert!(TreePath::parse("path", path).is_err(), "{path}");
        }
    }
}
