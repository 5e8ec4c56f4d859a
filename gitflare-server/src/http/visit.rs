//! Whose request it is: a signed-in person's, a customer's, or nobody's that is known. How a session
//! is found stands in [`super::session`].

use gitflare_core::{ClientId, Code, Error, TenantId, UserId, storage::Session};

use super::refusal::Refusal;

/// Whose request it is, on routes where that counts.
#[derive(Debug, Default)]
pub(super) enum Visit {
    /// Nobody's that is known.
    #[default]
    Anybody,
    /// A signed-in person's.
    User(UserVisit),
    /// That of a browser with these workspaces open; may be none.
    Customer(Vec<EmbedVisit>),
}

/// A signed-in person.
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
    /// As the cookie holds it.
    pub(super) text: String,
}

/// The refusal of whoever has to sign in first.
pub(super) fn required() -> Refusal {
    Error::new(
        Code::AuthRequired,
        "Sign in, or send a session token as `Authorization: Bearer`.",
    )
    .into()
}
