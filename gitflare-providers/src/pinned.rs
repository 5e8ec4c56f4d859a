//! Pages of one snapshot: a ref is resolved once, and every later page is of the commit that it
//! led to then. The commit goes in front of the upstream's own pointer, as raw bytes.

use gitflare_core::{Error, Page, PageRequest, Position, Result, provider::CommitId};

/// The page with its commit in front of the position that goes on.
pub(crate) fn pin<T>(mut page: Page<T>, commit: &CommitId) -> Page<T> {
    // A commit id is hexadecimal by its own check.
    page.next = page.next.map(|next| {
        let bytes = hex::decode(commit.as_str()).unwrap_or_default();
        Position::new().object(bytes).then(&next)
    });
    page
}

/// The commit, and the position behind it if any.
///
/// # Errors
/// `INVALID_CURSOR` for what [`pin`] cannot have made.
pub(crate) fn unpin(position: &Position) -> Result<(CommitId, Option<Position>)> {
    let mut fields = position.fields();
    let commit = CommitId::parse(&hex::encode(fields.object()?))
        .map_err(|_| Error::invalid_cursor("no commit in it"))?;
    Ok((commit, (!fields.is_empty()).then(|| fields.rest())))
}

/// The commit that a page is of, and its place there: what its position says, on a first page what
/// `resolve` leads to. `None` in a repository without commits.
///
/// # Errors
/// `INVALID_CURSOR` for what [`pin`] cannot have made; why `resolve` failed.
pub(crate) async fn start(
    page: PageRequest,
    resolve: impl Future<Output = Result<Option<CommitId>>>,
) -> Result<Option<(CommitId, PageRequest)>> {
    let limit = page.limit;
    let Some(position) = &page.position else {
        return Ok(resolve.await?.map(|commit| (commit, page)));
    };
    let (commit, position) = unpin(position)?;
    Ok(Some((commit, PageRequest { limit, position })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_commit_comes_back_with_the_rest_of_the_position() {
        for hex in ["0123456789abcdef".repeat(4), "fedcba9876".repeat(4)] {
            let commit = CommitId::parse(&hex).unwrap();
            let next = Position::new().number(7).text("x");
            let page = Page::new(vec![1], Some(next.clone()));
            let pinned = pin(page, &commit).next.unwrap();
            assert_eq!(unpin(&pinned).unwrap(), (commit, Some(next)));
        }
        assert!(unpin(&Position::new().number(7)).is_err());
        assert!(unpin(&Position::new().object([1, 2, 3])).is_err());
    }
}
