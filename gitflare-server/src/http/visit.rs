//! The session of a request: a signed-in user's, a customer's, or none. How a session
//! is found stands in [`super::session`].

use gitflare_core::{ClientId, Code, Error, TenantId, UserId, storage::Session};

use super::refusal::Refusal;

/// The session of a request, on routes that look for one.
#[derive(Debug, Default)]
pub(super) enum Visit {
    /// No session.
    #[default]
    Anybody,
    /// A user's session.
    User(UserVisit),
    /// That of a browser with these workspaces open; may be none.
    Customer(Vec<EmbedVisit>),
}

/// A signed-in user and the session.
#[derive(Clone, Debug)]
pub(super) struct UserVisit {
    pub(super) user: UserId,
    pub(super) session: Session,
    /// Whether the browser sent it by itself, so that every change needs a form's token (CS-1).
    pub(super) is_cookie: bool,
}

/// One workspace that a browser has open.
#[derive(Clone, Debug)]
pub(super) struct EmbedVisit {
    pub(super) session: Session,
    pub(super) client: ClientId,
    pub(super) tenant: TenantId,
    /// The session's credential as the cookie holds it.
    pub(super) text: String,
}

/// `AUTH_REQUIRED`: the route needs a signed-in user.
pub(super) fn required() -> Refusal {
    Error::new(
        Code::AuthRequired,
        "Sign in, or send a session token as `Authorization: Bearer`.",
    )
    .into()
}
