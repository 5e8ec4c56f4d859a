//! How failures of the engine and the file system become errors of ours. Their texts name paths of
//! the host: they go into the detail, which only the log shows, never into the message.

use std::fmt::Display;

use gitflare_core::{Code, Error, provider::ProviderId};

/// A repository, or the folder that holds them, cannot be read.
pub(super) fn unreadable(detail: impl Display) -> Error {
    Error::upstream(
        Code::UpstreamUnavailable,
        ProviderId::LOCAL,
        "The repository cannot be read at the moment.",
    )
    .with_detail(detail.to_string())
}

/// No repository of that name is served. The same words for an absent, a hidden and a refused one.
pub(super) fn no_repository() -> Error {
    Error::upstream(
        Code::RepositoryNotFound,
        ProviderId::LOCAL,
        "There is no such repository.",
    )
}

/// The repository keeps its refs in another format than files. Its `HEAD` names no branch then, and
/// its folders hold no ref: read as files it would look empty.
pub(super) fn reftable() -> Error {
    Error::upstream(
        Code::UnsupportedEndpoint,
        ProviderId::LOCAL,
        "The repository keeps its refs in the reftable format, which is not read. `git refs migrate --ref-format=files` converts it.",
    )
}

/// The folders hold more than a list looks at.
pub(super) fn too_many_folders() -> Error {
    Error::upstream(
        Code::UnsupportedEndpoint,
        ProviderId::LOCAL,
        "There are more folders than are looked through, so repositories are missing from this list. Each can be read by its name.",
    )
}

/// What cannot be the name of a repository here, whatever the folders hold.
pub(super) fn malformed_name() -> Error {
    Error::invalid_request(
        "The repository must be named by its path: components joined by `/`, none of them empty, starting with a dot, ending in a dot or a space, or holding `\\`, `:` or a control character.",
    )
    .with_provider(ProviderId::LOCAL)
}

/// The repository has no such branch, tag, commit or path.
pub(super) fn no_resource(message: impl Into<String>) -> Error {
    Error::upstream(Code::ResourceNotFound, ProviderId::LOCAL, message)
}

/// The commit that a cursor pins is gone: the history was rewritten and cleaned up.
pub(super) fn pinned_commit_gone() -> Error {
    Error::new(
        Code::CursorExpired,
        "The history this cursor points into no longer exists. Start again from the first page.",
    )
    .with_provider(ProviderId::LOCAL)
}

/// The work was not done in time.
pub(super) fn timeout() -> Error {
    Error::upstream(
        Code::UpstreamTimeout,
        ProviderId::LOCAL,
        "The repository took too long to read.",
    )
}

/// Too many requests wait for a repository already.
pub(super) fn busy() -> Error {
    Error::new(
        Code::RateLimited,
        "Too many local repositories are being read at once. Try again in a moment.",
    )
    .with_provider(ProviderId::LOCAL)
    .with_retry_after(1)
}
