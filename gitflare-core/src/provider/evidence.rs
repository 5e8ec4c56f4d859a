//! What an adapter was checked against. No adapter can be better than what is known of its upstream,
//! so this is said to everybody who relies on one.

use crate::model::words;

words! {
    /// What an adapter was checked against.
    Evidence(non_exhaustive) {
        /// Answers of the real service, recorded by others.
        RecordedTraffic = "recorded_traffic",
        /// The provider's machine-readable description of its API, or examples that belong to one.
        PublishedDescription = "published_description",
        /// The provider's documentation for people, and its examples.
        Documentation = "documentation",
        /// Git itself, over the same repositories.
        Git = "git",
    }
}

impl Evidence {
    /// The same in words for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::RecordedTraffic => "recorded traffic",
            Self::PublishedDescription => "published description",
            Self::Documentation => "documentation only",
            Self::Git => "Git itself",
        }
    }
}
