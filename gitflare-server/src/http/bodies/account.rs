//! Bodies of people who sign in, and of the developers among them.

use gitflare_core::{
    Secret, SessionId, Timestamp,
    gateway::{PageInfo, SignedIn},
    storage::{AppProfile, Client, ClientSecret, Membership, Session, User},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::settings::ServiceSettings;

/// Request to sign in.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct LogIn {
    /// The address of the account.
    pub(crate) email: String,
    /// The password of the account.
    pub(crate) password: Secret<String>,
}

/// A session, with its token this one time.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OpenedSession")]
pub(crate) struct Opened<'a> {
    /// The session's token, to be sent as `Authorization: Bearer`; it is in this answer and never
    /// again.
    session_token: &'a str,
    /// Latest end of the session.
    expires_at: Timestamp,
    /// The user who has signed in.
    user: &'a User,
}

impl<'a> From<&'a SignedIn> for Opened<'a> {
    fn from(signed: &'a SignedIn) -> Self {
        Self {
            session_token: signed.begun.text.expose(),
            expires_at: signed.begun.session.expires_at,
            user: &signed.user,
        }
    }
}

/// The signed-in person.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Account")]
pub(crate) struct Me<'a> {
    /// The user who has signed in.
    pub(crate) user: &'a User,
    /// The tenants that the person belongs to.
    pub(crate) tenants: &'a [Membership],
    /// The session that the request was made with.
    pub(crate) session: &'a Session,
}

/// One of a person's sessions.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnSession {
    /// The session's id, which is not secret.
    pub(crate) id: SessionId,
    /// When it began.
    pub(crate) created_at: Timestamp,
    /// When it was used last, to the minute.
    pub(crate) last_used_at: Timestamp,
    /// Latest end of it.
    pub(crate) expires_at: Timestamp,
    /// Whether this request was made with it.
    pub(crate) is_current: bool,
}

impl OwnSession {
    pub(crate) fn of(session: Session, current: &SessionId) -> Self {
        Self {
            is_current: session.id == *current,
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
        }
    }
}

/// A new password.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordChange {
    /// The password so far.
    pub(crate) current_password: Secret<String>,
    /// The new password, 12 to 128 characters.
    pub(crate) new_password: Secret<String>,
}

/// The addresses of an app's OAuth flow.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppOauth {
    /// The consent page.
    authorize_url: String,
    /// The token endpoint.
    token_url: String,
}

impl AppOauth {
    pub(crate) fn of(settings: &ServiceSettings) -> Self {
        Self {
            authorize_url: format!("{}/oauth/authorize", settings.panel_url),
            token_url: format!("{}/oauth/token", settings.public_url),
        }
    }
}

/// A page of apps.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Apps<'a> {
    /// The apps of the page.
    pub(crate) data: &'a [Client],
    /// Continuation of the list.
    pub(crate) page_info: &'a PageInfo,
    /// The addresses of every app's OAuth flow.
    pub(crate) oauth: AppOauth,
}

/// A new app with its secrets.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedApp<'a> {
    /// The app as stored.
    pub(crate) client: &'a Client,
    /// The app's client secret; it is in this answer and never again.
    pub(crate) client_secret: &'a str,
    /// The key that signs links for the app's customers; it is in this answer and never again.
    pub(crate) embed_secret: &'a str,
    /// The addresses of the app's OAuth flow.
    pub(crate) oauth: AppOauth,
}

/// An app after its change.
#[derive(Serialize, JsonSchema)]
pub(crate) struct UpdatedApp {
    /// The app as it is now.
    pub(crate) client: Client,
    /// The addresses of the app's OAuth flow.
    pub(crate) oauth: AppOauth,
}

/// A new client secret.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedSecret<'a> {
    /// The secret's record.
    pub(crate) secret: &'a ClientSecret,
    /// The secret; it is in this answer and never again.
    pub(crate) client_secret: &'a str,
}

/// An invitation to make.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "NewInvitation")]
pub(crate) struct NewInvitation {
    /// The address of the person who may make an account.
    pub(crate) email: String,
}

/// An invitation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InvitationLink")]
pub(crate) struct InvitationLink {
    /// The address that it is for, in the form that is stored.
    pub(crate) email: String,
    /// The one-time link to send to that person; it is in this answer and never again.
    pub(crate) url: String,
    /// When the link ends.
    pub(crate) expires_at: Timestamp,
}

/// One invitation.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OneInvitation")]
pub(crate) struct OneInvitation {
    /// The invitation.
    pub(crate) invitation: InvitationLink,
}

/// A link by which a customer comes back to connect an account again.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReconnectLink {
    /// The signed address, for a mail to the customer: it opens in any browser, any number of times, and shows nothing before they sign in at their provider again.
    pub(crate) url: String,
    /// When it stops working.
    pub(crate) expires_at: Timestamp,
}

/// What an app tells customers of itself.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AppProfilePage")]
pub(crate) struct OneProfile {
    /// What it tells.
    pub(crate) profile: AppProfile,
    /// Where its logo is served, a PNG; `None` without one.
    pub(crate) logo_url: Option<String>,
}
