//! The unified operations as data: key, scope and filters of each, and what a provider says of
//! them. Router, usage log, cursor scope and capability page all read these rows.

use std::fmt;

use crate::Scope;

macro_rules! endpoints {
    ($($variant:ident $key:literal $scope:ident $paged:literal [$($filter:literal)*];)*) => {
        /// One operation of the unified API.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Endpoint {
            $(#[doc = $key] $variant,)*
        }

        impl Endpoint {
            /// Every operation, in the contract's order; what goes beyond it comes last.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in usage rows and on the capability page.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// The operation of that key; `None` for any other text.
            #[must_use]
            pub fn parse(key: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|endpoint| endpoint.key() == key)
            }

            /// The scope that a token needs.
            #[must_use]
            pub const fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$scope,)* }
            }

            /// Whether the answer is a list with cursors.
            #[must_use]
            pub const fn is_paged(self) -> bool {
                match self { $(Self::$variant => $paged,)* }
            }

            /// The query parameters that select rows; all are bound into the cursor.
            #[must_use]
            pub const fn filters(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($filter),*],)* }
            }
        }
    };
}

endpoints! {
    // variant       key                     scope             paged filters
    Profile          "profile.read"          ReadProfile       false [];
    Repositories     "repositories.list"     ReadRepositories  true  [];
    Repository       "repositories.read"     ReadRepositories  false [];
    Branches         "branches.list"         ReadBranches      true  [];
    Commits          "commits.list"          ReadCommits       true  ["branch"];
    CommitDiff       "commits.diff"          ReadDiffs         false [];
    PullRequests     "pull-requests.list"    ReadPullRequests  true  ["state"];
    PullRequestDiff  "pull-requests.diff"    ReadDiffs         false [];
    Contributors     "contributors.list"     ReadAuthors       true  [];
    Tags             "tags.list"             ReadTags          true  [];
    Releases         "releases.list"         ReadReleases      true  [];
    Checks           "checks.list"           ReadChecks        true  ["ref" "branch"];
    Deployments      "deployments.list"      ReadDeployments   true  ["environment" "state"];
    FileTree         "file-tree.list"        ReadFileTree      true  ["ref" "branch" "path" "recursive"];
    EventsSubscribe  "events.subscribe"      EventsSubscribe   false [];
    // Beyond the published matrix.
    Forks            "forks.list"            ReadRepositories  true  [];
    Labels           "labels.list"           ReadRepositories  true  [];
    Stargazers       "stargazers.list"       ReadAuthors       true  [];
    Watchers         "watchers.list"         ReadAuthors       true  [];
    Assignees        "assignees.list"        ReadAuthors       true  [];
    Commit           "commits.read"          ReadCommits       false [];
    PullRequest      "pull-requests.read"    ReadPullRequests  false [];
    PullRequestCommits "pull-requests.commits" ReadCommits     true  [];
    Reviews          "pull-requests.reviews" ReadReviews       true  [];
    Comments         "pull-requests.comments" ReadReviews      true  [];
    Contents         "contents.read"         ReadContents      false ["path" "ref" "branch"];
    Compare          "compare.read"          ReadDiffs         false ["base" "head"];
}

impl Endpoint {
    /// Whether an answer tells beside its page what the firewall did to it: rows may be missing.
    #[must_use]
    pub const fn reports_firewall(self) -> bool {
        matches!(self, Self::FileTree | Self::Comments)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// Support of one operation by a provider.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// The operation that the row is about.
    pub endpoint: Endpoint,
    /// Whether, and how far, it is served.
    pub support: Support,
}

impl Capability {
    /// Served, with every filter of the contract.
    #[must_use]
    pub const fn full(endpoint: Endpoint) -> Self {
        let support = Support::Full {
            filters: endpoint.filters(),
        };
        Self { endpoint, support }
    }

    /// Served, with every filter of the contract, but for what the sentence says.
    #[must_use]
    pub const fn limited(endpoint: Endpoint, limit: &'static str) -> Self {
        let support = Support::Limited {
            filters: endpoint.filters(),
            history: true,
            limit,
        };
        Self { endpoint, support }
    }

    /// Reviews as they stand: one row a person, without those that came before.
    #[must_use]
    pub const fn without_history(limit: &'static str) -> Self {
        let support = Support::Limited {
            filters: Endpoint::Reviews.filters(),
            history: false,
            limit,
        };
        Self {
            endpoint: Endpoint::Reviews,
            support,
        }
    }

    /// Not served; the reason is one sentence for people.
    #[must_use]
    pub const fn none(endpoint: Endpoint, reason: &'static str) -> Self {
        let support = Support::None { reason };
        Self { endpoint, support }
    }

    /// One row per operation: served in full, but for these exceptions.
    #[must_use]
    pub const fn all_but(exceptions: &[Self]) -> [Self; Endpoint::ALL.len()] {
        let mut rows = [Self::full(Endpoint::Profile); Endpoint::ALL.len()];
        let mut at = 0;
        while at < rows.len() {
            rows[at] = Self::full(Endpoint::ALL[at]);
            let mut exception = 0;
            while exception < exceptions.len() {
                if exceptions[exception].endpoint as usize == Endpoint::ALL[at] as usize {
                    rows[at] = exceptions[exception];
                }
                exception += 1;
            }
            at += 1;
        }
        rows
    }
}

/// Whether a provider serves an operation.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Supported, with these filters answered exactly.
    Full {
        /// A subset of [`Endpoint::filters`].
        filters: &'static [&'static str],
    },
    /// Supported, but for what a sentence says.
    Limited {
        /// A subset of [`Endpoint::filters`].
        filters: &'static [&'static str],
        /// Whether rows of the past are kept; of interest for reviews.
        history: bool,
        /// One sentence, shown on the capabilities page.
        limit: &'static str,
    },
    /// Not supported, with the reason.
    None {
        /// One sentence, shown on the capabilities page.
        reason: &'static str,
    },
}

impl Support {
    /// Whether the operation is served.
    #[must_use]
    pub const fn is_served(self) -> bool {
        matches!(self, Self::Full { .. } | Self::Limited { .. })
    }

    /// The filters that are answered exactly; none when the operation is not served.
    #[must_use]
    pub const fn filters(self) -> &'static [&'static str] {
        match self {
            Self::Full { filters } | Self::Limited { filters, .. } => filters,
            Self::None { .. } => &[],
        }
    }

    /// Reason why the operation is not supported, one sentence; `None` when it is.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Full { .. } | Self::Limited { .. } => None,
            Self::None { reason } => Some(reason),
        }
    }

    /// What is left out of an operation that is served, one sentence; `None` when nothing is.
    #[must_use]
    pub const fn limit(self) -> Option<&'static str> {
        match self {
            Self::Limited { limit, .. } => Some(limit),
            Self::Full { .. } | Self::None { .. } => None,
        }
    }

    /// Whether the rows are a history, one for every review that was given; `None` for every other
    /// operation than that of reviews, and where it is not served.
    #[must_use]
    pub fn keeps_history(self, endpoint: Endpoint) -> Option<bool> {
        match (endpoint, self) {
            (Endpoint::Reviews, Self::Full { .. }) => Some(true),
            (Endpoint::Reviews, Self::Limited { history, .. }) => Some(history),
            _ => None,
        }
    }
}
