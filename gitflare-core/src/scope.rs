//! The scopes that a client can ask a customer for, with the words that the consent page and
//! the capability page show.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! scopes {
    ($($variant:ident $name:literal $label:literal $description:literal;)*) => {
        /// One thing a token may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope {
            $(#[doc = $description] $variant,)*
        }

        impl Scope {
            /// Every scope, in the contract's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The scope's name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// A word or two for people.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }
        }
    };
}

scopes! {
    ReadProfile      "read:profile"       "Profile"          "Read the connected account profile details.";
    ReadRepositories "read:repositories"  "Repositories"     "List and inspect repository metadata.";
    ReadBranches     "read:branches"      "Branches"         "List repository branches.";
    ReadCommits      "read:commits"       "Commits"          "List commit history and commit metadata.";
    ReadPullRequests "read:pull-requests" "Pull Requests"    "Read pull/merge request summaries.";
    ReadDiffs        "read:diffs"         "Diffs"            "Read pull/merge request diffs and changed files.";
    ReadAuthors      "read:authors"       "Authors"          "Read repository contributors/authors data.";
    ReadTags         "read:tags"          "Tags"             "Read repository tags.";
    ReadReleases     "read:releases"      "Releases"         "Read repository releases.";
    ReadChecks       "read:checks"        "Checks"           "Read CI/check run status metadata.";
    ReadDeployments  "read:deployments"   "Deployments"      "Read repository deployment records.";
    ReadFileTree     "read:file-tree"     "File Tree"        "Read repository file tree structure.";
    EventsSubscribe  "events:subscribe"   "Events Subscribe" "Create repository event subscriptions/webhooks when provider supports it.";
    // Beyond the published ones. None is implied by another, and no older approval holds them.
    ReadContents     "read:contents"      "File Contents"    "Read whole files of your source code in the repositories you choose. Files that the firewall blocks are never shown; secrets found in files are replaced.";
    ReadReviews      "read:reviews"       "Reviews and Comments" "Read what people write in reviews and comments on pull/merge requests.";
}

impl Scope {
    /// The scope of that name, or `None`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.as_str() == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&name)
            .ok_or_else(|| serde::de::Error::custom("not one of the supported scopes"))
    }
}

/// A set of scopes. Written as a list in the contract's order, without repetition.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u16);

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);

    /// Every scope.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether the set holds `scope`.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u16) != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every scope of `other` is in the set.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes that are in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The scopes, in the contract's order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(move |&scope| self.contains(scope))
    }

    /// The set as one number, for storage: bit n is the n-th scope of [`Scope::ALL`].
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set of that number; unknown bits are dropped, so that an older binary grants less.
    #[must_use]
    pub fn from_bits(bits: u16) -> Self {
        Self(bits).intersection(Self::all())
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(
            scopes
                .into_iter()
                .fold(0, |bits, scope| bits | 1 << scope as u16),
        )
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Scope::as_str))
            .finish()
    }
}

/// The scopes separated by single spaces, as OAuth writes them (RFC 6749, section 3.3).
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Scope>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_parses_from_its_own_name() {
        assert_eq!(Scope::ALL.len(), 15);
        for &scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        assert_eq!(Scope::parse("read:everything"), None);
    }

    #[test]
    fn sets_keep_the_contract_order() {
        let set: Scopes = [Scope::ReadTags, Scope::ReadProfile, Scope::ReadTags]
            .into_iter()
            .collect();
        assert_eq!(set.to_string(), "read:profile read:tags");
        assert_eq!(
            serde_json::to_string(&set).unwrap(),
            r#"["read:profile","read:tags"]"#
        );
        assert_eq!(Scopes::from_bits(u16::MAX), Scopes::all());
    }

    #[test]
    fn what_was_approved_before_a_scope_existed_does_not_hold_it() {
        // All that there was then, as it is stored.
        let old = Scopes::from_bits((1 << 13) - 1);
        assert_eq!(old.iter().count(), 13);
        for new in [Scope::ReadContents, Scope::ReadReviews] {
            assert!(!old.contains(new), "{new}");
        }
        assert!(old.contains(Scope::EventsSubscribe));
    }
}
