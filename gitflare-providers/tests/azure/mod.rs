//! Provider `azure` over HTTP: what is asked of the upstream, down to the last parameter, and what its
//! answers and refusals become. The upstream is a real server that replays fixtures.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its ground is not as expected, and says what it skips"
)]

mod diffs;
mod golden;
mod hooks;
mod oauth;
mod recordings;
mod refusals;
mod table;

use gitflare_core::provider::RepoRef;

use crate::support;

const PROJECT: &str = "5f0d2c1e-7a31-4c9e-8b55-2f6a1d3e9c01";
const REPOSITORY: &str = "7c1d9b52-3e0f-4f5a-9d41-0c5a5f8f1a27";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const PARENT: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// The repository that the tests read.
fn repo() -> RepoRef {
    RepoRef {
        id: format!("mill~{PROJECT}~{REPOSITORY}"),
        full_name: Some("mill/Loom Works/loom-engine".to_owned()),
    }
}

/// Below the repository, with the version at the end.
fn below(rest: &str) -> String {
    let mark = if rest.contains('?') { '&' } else { '?' };
    format!("mill/{PROJECT}/_apis/git/repositories/{REPOSITORY}{rest}{mark}api-version=7.1")
}

/// The id of a content.
fn id(digits: &str) -> String {
    digits.repeat(20)
}

/// Where the content of that id is.
fn blob(digits: &str) -> String {
    below(&format!("/blobs/{}?%24format=octetstream", id(digits)))
}
