//! What an operator's one-time links let people do: make an account where sign-up is closed, choose
//! a new password. Who makes links, and where sign-up is closed, is the server's business.

use super::{
    AuditContext, Gateway, SignedIn,
    accounts::{Passwords, check_password, gone},
};
use crate::{
    Code, Error, RequestId, Result, Secret, Timestamp,
    account_link::{AccountLink, INVITATION_LIFETIME, RESET_LIFETIME, email_address},
    storage::{Actor, AuditAction, Outcome, PasswordHash, User},
};

/// An operator's one-time link, before it has an address to lead to.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The address that it is for.
    pub email: String,
    /// The link's text.
    pub text: Secret<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Gateway {
    /// A link with which the person of an address makes an account.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming `email` when it is no address, or has an account.
    pub async fn invite(&self, email: &str, act: &AuditContext<'_>) -> Result<Invitation> {
        let email = email_address(email)?;
        if self.storage.users().find_by_email(&email).await?.is_some() {
            return Err(Error::invalid_request("`email` has an account already."));
        }
        let link = AccountLink::invitation(&email)?;
        let expires_at = self.clock.now().after(INVITATION_LIFETIME);
        self.append_audit(act, AuditAction::InvitationCreate, "", Outcome::Ok)
            .await?;
        Ok(Invitation {
            text: self.account_links.seal(&link, expires_at),
            email,
            expires_at,
        })
    }

    /// Whether a link lets this address make an account. One without an address does, while nobody
    /// has an account.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn is_invited(&self, link: &str, email: &str) -> Result<bool> {
        match self.account_links.open(link, self.clock.now()) {
            Some(AccountLink::SignUp { email: Some(bound) }) => {
                Ok(email_address(email).is_ok_and(|email| email == bound))
            }
            Some(AccountLink::SignUp { email: None }) => self.storage.users().is_empty().await,
            _ => Ok(false),
        }
    }

    /// The one address that a link invites; `None` for any other text.
    #[must_use]
    pub fn invited_address(&self, link: &str) -> Option<String> {
        match self.account_links.open(link, self.clock.now()) {
            Some(AccountLink::SignUp { email }) => email,
            _ => None,
        }
    }

    /// The person whose password a link can still replace.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn resettable(&self, link: &str) -> Result<Option<User>> {
        Ok(self.reset_of(link).await?.map(|(user, _)| user))
    }

    /// A link with which the person of an address replaces their password, within an hour and once;
    /// `None` when nobody who may sign in has it.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn reset_link(&self, email: &str) -> Result<Option<Secret<String>>> {
        let Ok(email) = email_address(email) else {
            return Ok(None);
        };
        let found = self.storage.users().find_by_email(&email).await?;
        let Some((user, password)) = found.filter(|(_, password)| !password.is_locked()) else {
            return Ok(None);
        };
        let until = self.clock.now().after(RESET_LIFETIME);
        let link = AccountLink::reset(user.id, &password);
        Ok(Some(self.account_links.seal(&link, until)))
    }

    async fn reset_of(&self, link: &str) -> Result<Option<(User, PasswordHash)>> {
        let opened = self.account_links.open(link, self.clock.now());
        let Some(reset @ AccountLink::Reset { user, .. }) = &opened else {
            return Ok(None);
        };
        let users = self.storage.users();
        let Some(user) = users.find(user).await? else {
            return Ok(None);
        };
        let found = users.find_by_email(&user.email).await?;
        Ok(found.filter(|(_, password)| reset.replaces(password)))
    }

    /// Replaces a password by a link, ends every session of the person and what their agents may read, and
    /// signs them in.
    ///
    /// # Errors
    /// `INVALID_CREDENTIALS` for a link that has ended or was used; `INVALID_REQUEST` naming a
    /// password that cannot be.
    pub async fn reset_password(
        &self,
        link: &str,
        new: Secret<String>,
        passwords: &dyn Passwords,
        request_id: &RequestId,
    ) -> Result<SignedIn> {
        let (user, _) = self.reset_of(link).await?.ok_or_else(account_link_used)?;
        check_password("password", &new, &user.email, passwords)?;
        let hash = passwords.hash(new).await?;
        // Hashing takes long enough for a second use of the link.
        self.reset_of(link).await?.ok_or_else(account_link_used)?;
        let actor = Actor::User(user.id.clone());
        let act = AuditContext {
            actor: &actor,
            request_id,
        };
        let audit = self.audit_success(&act, AuditAction::PasswordUpdate, &user.id);
        if !self
            .storage
            .users()
            .set_password(&user.id, hash, audit)
            .await?
        {
            return Err(gone());
        }
        let begun = self.begin_user_session(&user.id, &act).await?;
        Ok(SignedIn { user, begun })
    }
}

/// The error of a link that does nothing any more.
#[must_use]
pub fn account_link_used() -> Error {
    Error::new(
        Code::InvalidCredentials,
        "This link has ended or was used. Ask whoever runs this server for a new one.",
    )
}
