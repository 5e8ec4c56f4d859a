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
    /// Appends every member, each behind its length, so that no two scopes append the same bytes.
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        for value in [
            self.tenant,
            self.client,
            self.authorization,
            self.connection,
        ] {
            append(out, value);
        }
        append(out, Some(self.endpoint));
        append(out, self.provider);
        append(out, self.repository);
        for &(name, value) in self.filters {
            append(out, Some(name));
            append(out, value);
        }
    }
}

fn append(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        None => out.extend_from_slice(&u32::MAX.to_le_bytes()),
        Some(value) => {
            // No member comes near 4 GiB: requests are limited to kilobytes.
            out.extend_from_slice(&(value.len() as u32).to_le_bytes());
            out.extend_from_slice(value.as_bytes());
        }
    }
}
