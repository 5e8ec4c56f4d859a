//! What a client asks a file's content with, and what it has of it already. What the file is stands in
//! the model.

use std::fmt;

use super::RefSelector;
use crate::{Error, Result, model::Content};

const MAX_PATH_LEN: usize = 4096;

/// The path of one file, from the repository's root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilePath(String);

impl FilePath {
    /// Checks a path. Unlike a folder's it may not end in a slash.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for one that begins or ends with a slash, has an empty, `.` or `..` component,
    /// a backslash or a NUL, or more than 4,096 bytes.
    pub fn parse(parameter: &str, path: &str) -> Result<Self> {
        let well_formed = path.len() <= MAX_PATH_LEN
            && !path.contains(['\\', '\0'])
            && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if well_formed {
            Ok(Self(path.to_owned()))
        } else {
            Err(Error::invalid_request(format!(
                "`{parameter}` must be the path of a file from the repository's root, without empty, `.` or `..` components."
            )))
        }
    }

    /// The path, as it was checked.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder that the file lies in (`None` for the root), and the file's name there.
    #[must_use]
    pub fn split(&self) -> (Option<&str>, &str) {
        match self.0.rsplit_once('/') {
            Some((folder, name)) => (Some(folder), name),
            None => (None, &self.0),
        }
    }
}

/// Selector of a file and its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentQuery {
    /// Commit that the file is read at.
    pub at: RefSelector,
    /// Path of the file.
    pub path: FilePath,
}

impl ContentQuery {
    /// The refusal of a folder.
    #[must_use]
    pub fn is_folder(&self) -> Error {
        Error::invalid_request("`path` is a folder here: list it with `file-tree`.")
    }
}

/// Whether the client has a file already. An adapter that knows which object stands at the path before
/// it fetches the bytes asks first, and answers without them when the client has it.
#[derive(Clone, Copy, Default)]
pub struct Held<'a>(Option<&'a (dyn Fn(&Content) -> bool + Send + Sync)>);

impl<'a> Held<'a> {
    /// As this says.
    #[must_use]
    pub fn by(test: &'a (dyn Fn(&Content) -> bool + Send + Sync)) -> Self {
        Self(Some(test))
    }

    /// Whether the client may have anything: else there is nothing to ask.
    #[must_use]
    pub const fn may_be(self) -> bool {
        self.0.is_some()
    }

    /// Whether the client has this file, by its mode and the names of object and commit.
    #[must_use]
    pub fn has(self, content: &Content) -> bool {
        self.0.is_some_and(|test| test(content))
    }
}

impl fmt::Debug for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.may_be()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_one_file_inside_the_repository() {
        for path in [
            "README.md",
            "a/b c.txt",
            "...",
            "a/.env",
            "C#/\u{e9}",
            "a\nb",
        ] {
            assert_eq!(FilePath::parse("path", path).unwrap().as_str(), path);
        }
        for path in [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "./a",
            "a/..",
            "a\\b",
            "a\0b",
            &"a".repeat(4097),
        ] {
            assert!(FilePath::parse("path", path).is_err(), "{path}");
        }
        assert_eq!(
            FilePath::parse("path", "a/b/c").unwrap().split(),
            (Some("a/b"), "c")
        );
        assert_eq!(FilePath::parse("path", "c").unwrap().split(), (None, "c"));
    }
}
