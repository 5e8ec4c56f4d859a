//! The unified resources, one file each: what a client reads, whatever provider it came from.
//! A value that an upstream does not send is `None` and written as `null`; nothing is ever filled
//! in from a neighbour. Each resource also says which of its fields the firewall reads.
//!
//! The structs can be built by literals, because adapters build them: one that names every field is
//! told by the compiler of a new one; one outside this repository ends its literals with
//! `..Default::default()`, where the type has it, and goes on without it. Readers ignore what they do
//! not know.

mod branch;
mod check;
mod comment;
mod commit;
mod comparison;
mod content;
mod contributor;
mod deployment;
mod diff;
mod event;
mod label;
mod person;
mod profile;
mod pull_request;
mod release;
mod repository;
mod review;
mod subscription;
mod tag;
mod tree_entry;

use serde::{Deserialize, Serialize};

pub use branch::Branch;
pub use check::{Check, CheckConclusion, CheckStatus};
pub use comment::{Comment, CommentKind, CommentSide};
pub use commit::{Commit, Signature};
pub use comparison::{Comparison, ComparisonStatus, MAX_COMPARED_COMMITS};
pub use content::{
    Content, ContentEncoding, ContentType, LfsPointer, MAX_CONTENT_BYTES, SourceEncoding, Withheld,
};
pub use contributor::Contributor;
pub use deployment::{Deployment, DeploymentState};
pub use diff::{Diff, DiffFile, DiffStats, FileStatus, MAX_FILES, MAX_PATCH_BYTES};
pub use event::{Envelope, EnvelopeRepository, EventAction, EventData, PushEvent, RefEvent};
pub use label::Label;
pub use person::Person;
pub use profile::Viewer;
pub use pull_request::{PullRequest, PullRequestFilter, PullRequestState, PullRequestStats};
pub use release::{Asset, Release};
pub use repository::{Owner, OwnerType, Repository, Visibility};
pub use review::{Review, ReviewState};
pub use subscription::{EventName, Subscription};
pub use tag::{Tag, Tagger};
pub use tree_entry::{TreeEntry, TreeEntryType};

/// An account at the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// The provider's own id.
    pub id: Option<String>,
    /// The login name.
    pub login: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// URL of the account's picture.
    pub avatar_url: Option<String>,
}

/// Writes a set of words: the enum, its names on the wire, and `parse`. `Name(non_exhaustive)` may
/// get further words. Closed are those that Git has fixed (kinds of entries and changes), and those
/// that an adapter or a backend must answer one by one (filters, places of secrets).
macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident $(($open:ident))? { $($(#[doc = $variant_doc:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $(#[$open])?
        pub enum $name { $($(#[doc = $variant_doc])* $variant,)* }

        impl $name {
            /// Every word, in the contract's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value of that word, or `None`.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&word).ok_or_else(|| {
                    serde::de::Error::custom(concat!("not a word of ", stringify!($name)))
                })
            }
        }

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let description = concat!(
                    $($doc, "\n",)*
                    $("\n- `", $word, "`:", $($variant_doc,)*)*
                );
                $crate::schema::one_of(description, Self::ALL.iter().map(|word| word.as_str()))
            }
        }
    };
}
pub(crate) use words;
