//! What a cursor is bound to. A cursor replayed where any of this differs is refused; none of it
//! is stored in the cursor, it goes into the tag only (CU-2).

/// The request that a cursor belongs to. Absent members are bound too, as absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct CursorScope<'a> {
    /// The tenant whose data is read.
    pub tenant: Option<&'a str>,
    /// The client that reads.
    pub client: Option<&'a str>,
    /// The authorization behind the token.
    pub authorization: Option<&'a str>,
    /// The connection read through, where the request fixes one.
    pub connection: Option<&'a str>,
    /// The endpoint's key, or the route of a platform list.
    pub endpoint: &'a str,
    /// The provider's id.
    pub provider: Option<&'a str>,
    /// The repository's own id at the provider.
    pub repository: Option<&'a str>,
    /// Every filter with its value or default, in the endpoint's order.
    pub filters: &'a [(&'static str, Option<&'a str>)],
}

impl CursorScope<'_> {
    /// Feeds every member to `write`, each with its length in front, so that no two scopes feed
    /// the same bytes.
    pub(super) fn feed(&self, mut write: impl FnMut(&[u8])) {
        let mut member = |value: Option<&str>| match value {
            None => write(&u32::MAX.to_le_bytes()),
            Some(value) => {
                // No member comes near 4 GiB: requests are limited to kilobytes.
                write(&(value.len() as u32).to_le_bytes());
                write(value.as_bytes());
            }
        };
        member(self.tenant);
        member(self.client);
        member(self.authorization);
        member(self.connection);
        member(Some(self.endpoint));
        member(self.provider);
        member(self.repository);
        for &(name, value) in self.filters {
            member(Some(name));
            member(value);
        }
    }
}
