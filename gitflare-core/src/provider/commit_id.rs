//! Ids of commits as clients name them, whole or by their beginning, checked for form before any adapter
//! sees them. Whether there is such a commit is the upstream's answer.

use crate::{Error, Result};

/// A full commit id: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, kept in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommitId(String);

impl CommitId {
    /// Checks an id. Abbreviations are refused: what they mean changes with every push.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn parse(text: &str) -> Result<Self> {
        if matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Error::invalid_request(
                "The commit id must be 40 or 64 hexadecimal digits.",
            ))
        }
    }

    /// The id in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A commit id or its beginning: 7 to 64 hexadecimal digits, kept in lower case. A branch is no
/// commit, whatever its name looks like: what is found must begin with these digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommitPrefix(String);

impl CommitPrefix {
    /// Checks the digits.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn parse(text: &str) -> Result<Self> {
        let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if (7..=64).contains(&text.len()) && is_hexadecimal {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Error::invalid_request(
                "The commit id must be 7 to 64 hexadecimal digits.",
            ))
        }
    }

    /// The digits in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a commit's full id begins with these digits.
    #[must_use]
    pub fn begins(&self, sha: &str) -> bool {
        let start = sha.get(..self.0.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(&self.0))
    }
}

impl From<CommitId> for CommitPrefix {
    fn from(id: CommitId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_of_a_commit_id_has_seven_digits() {
        let prefix = CommitPrefix::parse("ABCdef0").unwrap();
        assert_eq!(prefix.as_str(), "abcdef0");
        assert!(prefix.begins(&"abcdef0".repeat(7)));
        assert!(!prefix.begins("abcdef"), "shorter than what was asked for");
        assert!(!prefix.begins(&"0".repeat(40)));
        for id in ["", "abcdef", "main", "abcdef0^", &"a".repeat(65), "abcdefg"] {
            assert!(CommitPrefix::parse(id).is_err(), "{id}");
        }
    }

    #[test]
    fn commit_ids_are_whole() {
        assert_eq!(
            CommitId::parse(&"AB".repeat(20)).unwrap().as_str(),
            "ab".repeat(20)
        );
        assert!(CommitId::parse(&"ab".repeat(32)).is_ok());
        for id in ["", "abcdef0", "HEAD", &"g".repeat(40), &"a".repeat(41)] {
            assert!(CommitId::parse(id).is_err(), "{id}");
        }
    }
}
