//! What a provider is called ([`ProviderId`]) and what it is ([`ProviderKind`]). The first instance of
//! a kind is called like its kind; further instances and providers of one's own have ids of their own.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{PoisonError, RwLock},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most ids beside the built-in ones that a process may hold.
const MAX_INTERNED: usize = 1024;
const MAX_LEN: usize = 32;

static INTERNED: RwLock<BTreeSet<&'static str>> = RwLock::new(BTreeSet::new());

/// The id of a provider in paths, cursors, storage, usage rows and metrics: `[a-z][a-z0-9-]{0,31}`.
/// Cheap to copy and to compare.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderId(&'static str);

/// A kind of code host: which API an adapter speaks. Several providers can be of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProviderKind {
    id: &'static str,
    name: &'static str,
}

macro_rules! kinds {
    ($($constant:ident $id:literal $name:literal;)*) => {
        impl ProviderKind {
            $(#[doc = $name] pub const $constant: Self = Self::new($id, $name);)*

            /// The built-in kinds, in the order in which lists over all providers go.
            pub const ALL: &[Self] = &[$(Self::$constant,)*];
        }

        impl ProviderId {
            $(#[doc = concat!("The instance that is called `", $id, "`, like its kind.")]
            pub const $constant: Self = Self($id);)*

            /// The ids of the first instance of each built-in kind, in the order of
            /// [`ProviderKind::ALL`].
            pub const BUILT_IN: &[Self] = &[$(Self::$constant,)*];
        }
    };
}

kinds! {
    GITHUB       "github"       "GitHub";
    GITLAB       "gitlab"       "GitLab";
    BITBUCKET    "bitbucket"    "Bitbucket";
    AZURE        "azure"        "Azure DevOps";
    GITFLIC      "gitflic"      "GitFlic";
    GITEA        "gitea"        "Gitea";
    BITBUCKET_DC "bitbucket-dc" "Bitbucket Data Center";
    LOCAL        "local"        "Local repositories";
}

impl ProviderKind {
    /// A kind of one's own: its id, in the form of a [`ProviderId`], and its name for people.
    ///
    /// # Panics
    /// When the id has another form; in a constant that is an error of the compiler.
    #[must_use]
    pub const fn new(id: &'static str, name: &'static str) -> Self {
        assert!(
            is_well_formed(id),
            "a kind's id must be [a-z][a-z0-9-]{{0,31}}"
        );
        Self { id, name }
    }

    /// The kind on the wire, such as `github`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.id
    }

    /// The kind's name for people, such as `GitHub`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Rank of the kind in lists over all providers; own kinds come last.
    pub(super) fn position(self) -> usize {
        let found = Self::ALL.iter().position(|kind| *kind == self);
        found.unwrap_or(Self::ALL.len())
    }
}

impl ProviderId {
    /// The id that configuration or a storage row spells; `None` when it is malformed, or when the
    /// process knows 1,024 others already. Texts are kept for the life of the process: what a
    /// client sends is looked up with [`Registry::lookup`](super::Registry::lookup) instead.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        if let Some(known) = Self::BUILT_IN.iter().find(|known| known.0 == id) {
            return Some(*known);
        }
        if !is_well_formed(id) {
            return None;
        }
        let known = INTERNED.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(id) {
            return Some(Self(known));
        }
        drop(known);
        let mut known = INTERNED.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(id) {
            return Some(Self(known));
        }
        if known.len() >= MAX_INTERNED {
            return None;
        }
        let text: &'static str = Box::leak(id.into());
        known.insert(text);
        Some(Self(text))
    }

    /// The id of a provider of one's own, for a constant.
    ///
    /// # Panics
    /// When the id is malformed; in a constant that is an error of the compiler.
    #[must_use]
    pub const fn from_static(id: &'static str) -> Self {
        assert!(
            is_well_formed(id),
            "a provider's id must be [a-z][a-z0-9-]{{0,31}}"
        );
        Self(id)
    }

    /// The id on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The built-in kind that the id is called like; for any other id a kind of the same name.
    #[must_use]
    pub fn kind(self) -> ProviderKind {
        let mut kinds = ProviderKind::ALL.iter();
        let found = kinds.find(|kind| kind.id == self.0);
        found.copied().unwrap_or(ProviderKind {
            id: self.0,
            name: self.0,
        })
    }

    /// The name for people where nothing is known but the id: that of its kind, or the id itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.kind().name
    }
}

const fn is_well_formed(id: &str) -> bool {
    let bytes = id.as_bytes();
    if bytes.is_empty() || bytes.len() > MAX_LEN || !bytes[0].is_ascii_lowercase() {
        return false;
    }
    let mut at = 1;
    while at < bytes.len() {
        let byte = bytes[at];
        if !(byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return false;
        }
        at += 1;
    }
    true
}

impl fmt::Debug for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// An id of a gateway elsewhere is kept for the life of the process, as [`ProviderId::parse`] says.
impl<'de> Deserialize<'de> for ProviderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&id).ok_or_else(|| serde::de::Error::custom("not an id of a provider"))
    }
}

impl Serialize for ProviderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Serialize for ProviderKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_lower_case_word_of_at_most_32_bytes() {
        let longest = format!("g{}", "1".repeat(31));
        for id in ["gerrit", "ghe-acme", "g", &longest, "x--"] {
            let parsed = ProviderId::parse(id).unwrap();
            assert_eq!((parsed.as_str(), parsed.name()), (id, id));
            assert_eq!(ProviderId::parse(id), Some(parsed));
        }
        let too_long = format!("g{}", "1".repeat(32));
        for id in [
            "", "1a", "-a", "GitHub", "a_b", "a/b", "ä", "a b", "a\n", &too_long,
        ] {
            assert_eq!(ProviderId::parse(id), None, "{id:?}");
        }
    }

    #[test]
    fn an_id_is_equal_wherever_it_comes_from() {
        const GERRIT: ProviderId = ProviderId::from_static("gerrit-constant");
        assert_eq!(ProviderId::parse("gerrit-constant"), Some(GERRIT));
        assert_eq!(
            ProviderId::parse("bitbucket-dc"),
            Some(ProviderId::BITBUCKET_DC)
        );
        assert_eq!(ProviderId::GITLAB.kind(), ProviderKind::GITLAB);
        assert_eq!(ProviderId::GITLAB.name(), "GitLab");
    }
}
