//! What a unified read is asked with and answers with. Handlers pass every parameter on as the client
//! sent it; nothing is judged here.

use super::{PageInfo, Payload, Query};
use crate::{
    Error, RequestId, Secret,
    filter::{Filtered, FirewallReport},
    provider::{Endpoint, ProviderId, RateLimit},
};

/// A unified read, with every parameter as the client sent it (decoded once).
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// The operation of the unified API.
    pub endpoint: Endpoint,
    /// The credential that was presented.
    pub credential: ReadCredential,
    /// The provider's segment of the path; a list over all takes it from the query.
    pub provider: Option<String>,
    /// The repository's segment of the path.
    pub repository: Option<String>,
    /// The commit's or pull request's segment of the path.
    pub item: Option<String>,
    /// The decoded query string; nothing in it is checked yet.
    pub query: Query,
    /// What the caller has found wrong with the parameters where they could not even be written into
    /// the members above. It is answered to whoever may ask at all, and has its usage row.
    pub fault: Option<Error>,
    /// The validators of what the client has, as `If-None-Match` writes them (RFC 9110, section
    /// 13.1.2); of interest for files alone.
    pub if_none_match: Option<String>,
    /// The HTTP method, for the usage row.
    pub method: &'static str,
    /// The path without query, for the usage row.
    pub path: String,
    /// The id of the request, for the usage row.
    pub request_id: RequestId,
}

/// Credential of the client.
#[derive(Clone, Debug)]
pub enum ReadCredential {
    /// No credential was sent.
    None,
    /// A bearer token's text.
    Bearer(Secret<String>),
    /// The text of a bearer token for tools.
    ToolBearer(Secret<String>),
    /// A connection's id (legacy mode; refused like no credential while platform auth is enforced).
    Connection(String),
}

/// A unified answer. Its data has passed the firewall, or it would not compile.
#[derive(Debug)]
pub struct UnifiedReply {
    /// The resources, after the firewall.
    pub data: Filtered<Payload>,
    /// Continuation of the list; `None` for an answer that is not a list with cursors.
    pub page_info: Option<PageInfo>,
    /// Report of the firewall, where it is sent beside the page (file trees, comments).
    pub firewall: Option<FirewallReport>,
    /// What is missing from the data: providers that failed, for answers over all of them, and
    /// sources of one provider that did not answer. `None` where nothing can be missing.
    pub errors: Option<Vec<Error>>,
    /// The last rate limit that each upstream reported for the accounts of this read.
    pub rate_limits: Vec<(ProviderId, RateLimit)>,
    /// The validator of a file, as `ETag` writes it; `None` for everything else.
    pub etag: Option<String>,
}

impl UnifiedReply {
    /// The HTTP status: 304 for a file that the client has, else 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.data.value() {
            Payload::NotModified(_) => 304,
            _ => 200,
        }
    }
}
