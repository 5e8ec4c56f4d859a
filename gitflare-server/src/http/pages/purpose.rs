//! What each scope means to the person who is asked for it: one row per scope, in the words of the
//! consent page. The capability page has the API's own words.

use gitflare_core::Scope;

/// A scope in plain words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose {
    /// Scope that is explained.
    pub(crate) scope: Scope,
    /// Access that the scope gives, as the end of "The app may …".
    pub(crate) sees: &'static str,
    /// Use of the access, and its limit.
    pub(crate) limits: &'static str,
}

macro_rules! purposes {
    ($($scope:ident $sees:literal $limits:literal;)*) => {
        const fn purpose(scope: Scope) -> Purpose {
            let (sees, limits) = match scope { $(Scope::$scope => ($sees, $limits),)* };
            Purpose { scope, sees, limits }
        }
    };
}

purposes! {
    ReadProfile      "See your name and picture"       "Your public profile at the Git provider, and your e-mail address only if the provider shows it.";
    ReadRepositories "See the repositories you choose" "Their names, descriptions and settings. No file contents.";
    ReadBranches     "See branches"                    "Branch names and the commit each one points to.";
    ReadCommits      "See the commit history"          "Who changed something, when, and the commit message. Not the changed lines.";
    ReadPullRequests "See pull and merge requests"     "Titles, descriptions, authors and where each one stands. Not the changed lines.";
    ReadDiffs        "See changed lines"               "The lines that commits and pull requests changed, after secret files are removed and secrets are replaced.";
    ReadAuthors      "See who contributes"             "The people who have committed, and how often.";
    ReadTags         "See tags"                        "Tag names, and the commit and message of each.";
    ReadReleases     "See releases"                    "Release notes, and the names of attached files. Not the files.";
    ReadChecks       "See build and test results"      "Which checks ran on a commit and whether they passed. Not their logs.";
    ReadDeployments  "See deployments"                 "What was deployed where, when, and whether it worked.";
    ReadFileTree     "See the list of files"           "Folder and file names. Not what the files say.";
    EventsSubscribe  "Be told about changes"           "A notice when something happens, such as a push or a release. It follows the same limits as reading.";
    ReadContents     "See whole files"                 "The source code of the repositories you choose, whole files. Secret files are never shown, and secrets found in others are replaced.";
    ReadReviews      "See reviews and comments"        "What people write in reviews and comments on pull and merge requests.";
}

impl Purpose {
    /// The words for a scope.
    pub(crate) const fn of(scope: Scope) -> Self {
        purpose(scope)
    }
}
