//! The bytes of one file, up to the cap of the contract. Reading stops there, whether a length was
//! announced or not.

use gitflare_core::{
    Code, Result,
    model::{Content, MAX_CONTENT_BYTES},
    provider::{Call, Endpoint, RepoRef},
};

use crate::{listing::Api, request::Get};

/// The bytes of the file at a path that a GET answers with; `None` when they are too many.
///
/// # Errors
/// What the refusal comes to.
pub(crate) async fn bytes(
    client: &impl Api,
    call: &Call,
    repo: &RepoRef,
    path: &str,
    get: Get<'_>,
) -> Result<Option<Vec<u8>>> {
    let get = get.bytes_of(path, MAX_CONTENT_BYTES);
    match client.item(call, Endpoint::Contents, repo, get).await {
        Ok(answer) => Ok(Some(answer.reply.body)),
        Err(error) if error.code() == Code::InvalidLimit => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file with what a GET answers with. One that is known to be too large is not asked for.
///
/// # Errors
/// What the refusal comes to.
pub(crate) async fn fill(
    client: &impl Api,
    call: &Call,
    repo: &RepoRef,
    content: Content,
    get: Get<'_>,
) -> Result<Content> {
    if content
        .size
        .is_some_and(|size| size > MAX_CONTENT_BYTES as u64)
    {
        return Ok(content.too_large());
    }
    Ok(match bytes(client, call, repo, &content.path, get).await? {
        Some(bytes) => content.with_bytes(bytes),
        None => content.too_large(),
    })
}
