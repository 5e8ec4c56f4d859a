//! Which error codes an operation can answer with: those of every route, those of its credential,
//! of its paging and of its path, and its own.

use std::collections::BTreeMap;

use gitflare_core::{CODES, Code, CodeRow};

use super::{
    super::route::{Access, Route},
    operations::Operation,
    parameters,
};

const TOKEN: &[Code] = &[
    Code::AuthRequired,
    Code::AuthExpired,
    Code::InvalidCredentials,
    Code::RateLimited,
];
/// Codes of the checks of a unified read, and of its upstream.
const READ: &[Code] = &[
    Code::InsufficientScope,
    Code::ProviderAccountNotConnected,
    Code::AccessBlockedByPolicy,
    Code::ApprovalRequired,
    Code::ApprovalPending,
    Code::ResourceNotFound,
    Code::RepositoryNotFound,
    Code::InstallationNotFound,
    Code::UpstreamTimeout,
    Code::UpstreamUnavailable,
    Code::UnsupportedProvider,
    Code::UnsupportedEndpoint,
];
const PAGED: &[Code] = &[
    Code::InvalidLimit,
    Code::InvalidCursor,
    Code::CursorExpired,
    Code::PaginationNotSupported,
];

/// The codes of an operation by the status that they are answered with.
pub(super) fn by_status(
    route: &Route,
    path: &str,
    operation: Option<&Operation>,
) -> BTreeMap<u16, Vec<&'static CodeRow>> {
    let mut by_status: BTreeMap<u16, Vec<_>> = BTreeMap::new();
    for row in of(route, operation) {
        by_status.entry(row.status).or_default().push(row);
        // RFC 6749 knows 400 and 401: to a form a 403 is a 400.
        if row.status == 403 && route.template() == "/oauth/token" {
            by_status.entry(400).or_default().push(row);
        }
        // Customers no longer sign in: they connect through the app that they use.
        if row.code == Code::ResourceNotFound && path.starts_with("/app/customer/") {
            by_status.entry(410).or_default().push(row);
        }
    }
    by_status
}

/// The codes of an operation, in the order of the catalogue.
fn of(route: &Route, operation: Option<&Operation>) -> impl Iterator<Item = &'static CodeRow> {
    // The database may be away for a moment.
    let mut codes = vec![
        Code::InvalidRequest,
        Code::InternalError,
        Code::UpstreamUnavailable,
    ];
    codes.extend(by_credential(route.access));
    let is_paged = match (route.access, operation) {
        (Access::AccessToken(Some(endpoint)), None) => endpoint.is_paged(),
        (_, operation) => operation.is_some_and(|row| {
            let cursor = parameters::CURSOR.name;
            row.query.iter().any(|parameter| parameter.name == cursor)
        }),
    };
    if is_paged {
        codes.extend(PAGED);
    }
    if route.template().contains("/:") {
        codes.push(Code::ResourceNotFound);
    }
    if route.template().contains("/:repoId") {
        codes.push(Code::RepositoryNotApproved);
    }
    codes.extend(operation.into_iter().flat_map(|row| row.codes));
    CODES.iter().filter(move |row| codes.contains(&row.code))
}

/// What a user's session can be refused with.
const SESSION: &[Code] = &[
    Code::AuthRequired,
    Code::AuthExpired,
    Code::AccessBlockedByPolicy,
];

fn by_credential(access: Access) -> Vec<Code> {
    match access {
        Access::AccessToken(Some(_)) => [TOKEN, READ].concat(),
        Access::AccessToken(None) => TOKEN.to_vec(),
        Access::ToolToken => {
            let of_call = [Code::InsufficientScope, Code::AccessBlockedByPolicy];
            [TOKEN, &of_call].concat()
        }
        Access::ClientCredentials => vec![
            Code::InvalidCredentials,
            Code::ApprovalRequired,
            Code::RateLimited,
        ],
        Access::UserSession => SESSION.to_vec(),
        Access::UserOrAdmin => [SESSION, &[Code::InvalidCredentials, Code::RateLimited]].concat(),
        Access::AdminKey | Access::Internal => vec![
            Code::AuthRequired,
            Code::InvalidCredentials,
            Code::RateLimited,
        ],
        Access::EmbedSession => vec![
            Code::AuthRequired,
            Code::AccessBlockedByPolicy,
            Code::ResourceNotFound,
            Code::RateLimited,
        ],
        Access::OptionalSession => vec![Code::AuthExpired, Code::AccessBlockedByPolicy],
        Access::TestappSession => vec![Code::AccessBlockedByPolicy],
        Access::Public | Access::ProviderCallback => Vec::new(),
    }
}
