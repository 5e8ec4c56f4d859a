//! Which browser origins may read an answer (CS-3): any where no cookie counts, the panel's own
//! where one does, none on admin and internal routes. An origin is never reflected.

use http::{HeaderMap, HeaderValue, header};

use super::route::{Access, RouteMethod};

const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, x-client-request-id, retry-after, www-authenticate, ratelimit, ratelimit-policy, etag",
);
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, if-none-match, x-connection-id, x-request-id",
);
/// Ten minutes: browsers ask again soon enough after a change.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Origins whose pages may read a route's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    Anybody,
    Panel,
    Nobody,
}

fn readers(access: Access) -> Readers {
    match access {
        Access::Public | Access::ClientCredentials | Access::AccessToken(_) => Readers::Anybody,
        Access::OptionalSession
        | Access::UserSession
        | Access::UserOrAdmin
        | Access::EmbedSession
        | Access::TestappSession => Readers::Panel,
        // A page of another origin is refused there.
        Access::ToolToken => Readers::Nobody,
        Access::ProviderCallback | Access::Internal | Access::AdminKey => Readers::Nobody,
    }
}

/// Adds what a browser needs to let `origin` read the answer; whether it may.
pub(super) fn apply(
    headers: &mut HeaderMap,
    access: Access,
    origin: Option<&HeaderValue>,
    panel_url: &str,
) -> bool {
    match readers(access) {
        Readers::Anybody => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            true
        }
        Readers::Panel => {
            headers.insert(header::VARY, ORIGIN);
            let panel = panel_origin(panel_url);
            let Some(origin) = origin.filter(|origin| origin.as_bytes() == panel.as_bytes()) else {
                return false;
            };
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            true
        }
        Readers::Nobody => false,
    }
}

/// The panel's URL without its path.
pub(super) fn panel_origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..]
        .find('/')
        .map_or(url.len(), |at| authority + at);
    &url[..end]
}

/// Adds the answer to a preflight: whether `origin` may send `method` to a route, and with which
/// headers.
pub(super) fn apply_preflight(
    headers: &mut HeaderMap,
    access: Access,
    method: RouteMethod,
    origin: Option<&HeaderValue>,
    panel_url: &str,
) {
    if apply(headers, access, origin, panel_url) {
        let method = HeaderValue::from_static(method.as_str());
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    }
}
