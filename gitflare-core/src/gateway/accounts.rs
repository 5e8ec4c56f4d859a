//! People who sign up and sign in, and what becomes of their passwords and sessions. How passwords
//! are hashed, and how often somebody may try, is the server's business.

use async_trait::async_trait;
use serde::Deserialize;

use super::{AuditContext, BegunSession, Gateway, members::display_text};
use crate::{
    Code, Error, RequestId, Result, Secret, TenantId, UserId,
    account_link::email_address,
    storage::{
        Actor, AuditAction, Membership, NewUser, Outcome, PasswordHash, Session, SessionSubject,
        Tenant, TenantKind, User,
    },
};

/// The longest name of a person, in characters.
const MAX_NAME: usize = 200;
const MIN_PASSWORD: usize = 12;
const MAX_PASSWORD: usize = 128;
/// The shortest part of an address that is looked for in a password.
const MIN_ADDRESS_PART: usize = 4;
/// Fewest characters of a password beside the user's own address.
const MIN_OWN_CHARACTERS: usize = 8;

/// Hashes passwords, off the threads that serve requests.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// The hash to store.
    ///
    /// # Errors
    /// `RATE_LIMITED` when too many hashes are waiting (PW-2).
    async fn hash(&self, password: Secret<String>) -> Result<PasswordHash>;

    /// Whether a password is the one of a stored hash. Without a hash it costs the same and is
    /// wrong (PW-3).
    ///
    /// # Errors
    /// `RATE_LIMITED` when too many hashes are waiting (PW-2).
    async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<PasswordHash>,
    ) -> Result<Verdict>;

    /// Whether a password is among those that are guessed first (PW-3).
    fn is_common(&self, password: &str) -> bool;
}

/// Result of verifying a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is not the account's.
    Wrong,
    /// The password is the account's.
    Right,
    /// The right one, hashed with weaker parameters than today's (PW-1).
    Outdated,
}

/// Request to sign up.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SignUp {
    /// The address to sign in with.
    pub email: String,
    /// The password, 12 to 128 characters.
    pub password: Secret<String>,
    /// The name that others see; `None` when it was left out.
    pub name: Option<String>,
    /// The one-time link of an operator, needed where sign-up is not open.
    pub invitation: Option<Secret<String>>,
}

/// A user who has signed in, and the new session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The user who has signed in.
    pub user: User,
    /// The session that has begun.
    pub begun: BegunSession,
}

/// A person with the tenants they belong to.
#[derive(Clone, Debug)]
pub struct Account {
    /// The signed-in user.
    pub user: User,
    /// The tenants that the user belongs to, with the role in each.
    pub tenants: Vec<Membership>,
}

impl Gateway {
    /// Stores a new person with a developer tenant of their own, and signs them in.
    ///
    /// Does not tell whether an address has an account (PW-3): whoever has its password is signed in,
    /// and anybody else is answered as if an account had been made, with a session that was never
    /// stored and opens nothing. One password is hashed either way.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the member that is wrong.
    pub async fn sign_up(
        &self,
        request: SignUp,
        passwords: &dyn Passwords,
        request_id: &RequestId,
    ) -> Result<SignedIn> {
        let email = email_address(&request.email)?;
        let name = request
            .name
            .as_deref()
            .filter(|name| !name.trim().is_empty())
            .map(|name| display_text("name", name, MAX_NAME))
            .transpose()?;
        let password = request.password;
        check_password("password", &password, &email, passwords)?;
        let user = User {
            id: UserId::generate(&*self.clock, &*self.random),
            email,
            name,
            created_at: self.clock.now(),
        };
        let users = self.storage.users();
        if users.find_by_email(&user.email).await?.is_none() {
            let hash = passwords.hash(password.clone()).await?;
            if let Some(signed) = self.insert_user(&user, hash, request_id).await? {
                return Ok(signed);
            }
        }
        match self
            .log_in(&user.email, password, passwords, request_id)
            .await
        {
            Err(error) if error.code() == Code::InvalidCredentials => {
                let begun = self.unstored_session(SessionSubject::User(user.id.clone()));
                Ok(SignedIn { user, begun })
            }
            signed => signed,
        }
    }

    /// All that is wrong with what a person signs up with, one error a member; empty when nothing is. A form
    /// shows them together.
    #[must_use]
    pub fn sign_up_faults(&self, request: &SignUp, passwords: &dyn Passwords) -> Vec<Error> {
        let name = request
            .name
            .as_deref()
            .filter(|name| !name.trim().is_empty());
        let name = name.map(|name| display_text("name", name, MAX_NAME).map(drop));
        let password = &request.password;
        let checks = [
            name.unwrap_or(Ok(())),
            email_address(&request.email).map(drop),
            check_password("password", password, &request.email, passwords),
        ];
        checks.into_iter().filter_map(Result::err).collect()
    }

    /// Stores a person and begins their first session; `None` when the address has an account.
    async fn insert_user(
        &self,
        user: &User,
        password: PasswordHash,
        request_id: &RequestId,
    ) -> Result<Option<SignedIn>> {
        let actor = Actor::User(user.id.clone());
        let act = AuditContext {
            actor: &actor,
            request_id,
        };
        let tenant = Tenant {
            id: TenantId::generate(&*self.clock, &*self.random),
            name: user.name.clone().unwrap_or_else(|| user.email.clone()),
            kind: TenantKind::Developer,
            created_at: user.created_at,
        };
        let new = NewUser {
            user: user.clone(),
            password,
            tenant,
        };
        let audit = self.audit_success(&act, AuditAction::UserCreate, &user.id);
        if !self.storage.users().insert(new, audit).await? {
            return Ok(None);
        }
        let begun = self.begin_user_session(&user.id, &act).await?;
        let user = user.clone();
        Ok(Some(SignedIn { user, begun }))
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// `INVALID_CREDENTIALS`, the same for an unknown address and a wrong password.
    pub async fn log_in(
        &self,
        address: &str,
        password: Secret<String>,
        passwords: &dyn Passwords,
        request_id: &RequestId,
    ) -> Result<SignedIn> {
        let found = match email_address(address) {
            Ok(email) => self.storage.users().find_by_email(&email).await?,
            Err(_) => None,
        };
        let (user, stored) = found.unzip();
        let verdict = passwords.verify(password.clone(), stored.clone()).await?;
        let (Some(user), Some(stored), true) = (&user, stored, verdict != Verdict::Wrong) else {
            // An address is personal data: only the id of a known one is kept.
            let object = user.as_ref().map_or("", |user| user.id.as_str());
            let act = AuditContext {
                actor: &Actor::Anonymous,
                request_id,
            };
            self.append_audit(&act, AuditAction::UserAuthenticate, object, Outcome::Denied)
                .await?;
            return Err(Error::new(
                Code::InvalidCredentials,
                "The e-mail address or the password is wrong.",
            ));
        };
        if verdict == Verdict::Outdated {
            let fresh = passwords.hash(password).await?;
            self.storage
                .users()
                .rehash_password(&user.id, &stored, fresh)
                .await?;
        }
        let actor = Actor::User(user.id.clone());
        let act = AuditContext {
            actor: &actor,
            request_id,
        };
        let begun = self.begin_user_session(&user.id, &act).await?;
        Ok(SignedIn {
            user: user.clone(),
            begun,
        })
    }

    /// The person of a session, with the tenants they belong to.
    ///
    /// # Errors
    /// `AUTH_EXPIRED` when the person is gone.
    pub async fn account(&self, id: &UserId) -> Result<Account> {
        let users = self.storage.users();
        match users.find(id).await? {
            Some(user) => Ok(Account {
                user,
                tenants: users.memberships(id).await?,
            }),
            None => Err(gone()),
        }
    }

    /// Replaces a password: all sessions end, with what the person's agents may read, and a new one begins
    /// (SE-5).
    ///
    /// # Errors
    /// `INVALID_CREDENTIALS` when the current one is wrong; `INVALID_REQUEST` naming a new one that
    /// cannot be.
    pub async fn change_password(
        &self,
        id: &UserId,
        current: Secret<String>,
        new: Secret<String>,
        passwords: &dyn Passwords,
        act: &AuditContext<'_>,
    ) -> Result<SignedIn> {
        let users = self.storage.users();
        let user = users.find(id).await?.ok_or_else(gone)?;
        let stored = users
            .find_by_email(&user.email)
            .await?
            .map(|(_, hash)| hash);
        check_password("newPassword", &new, &user.email, passwords)?;
        if passwords.verify(current, stored).await? == Verdict::Wrong {
            self.append_audit(
                act,
                AuditAction::PasswordUpdate,
                id.as_str(),
                Outcome::Denied,
            )
            .await?;
            return Err(Error::new(
                Code::InvalidCredentials,
                "`currentPassword` is wrong.",
            ));
        }
        let hash = passwords.hash(new).await?;
        let audit = self.audit_success(act, AuditAction::PasswordUpdate, id);
        if !users.set_password(id, hash, audit).await? {
            return Err(gone());
        }
        let begun = self.begin_user_session(id, act).await?;
        Ok(SignedIn { user, begun })
    }

    /// Deletes a person with their sessions, memberships and apps, and everything under those.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn delete_account(&self, id: &UserId, act: &AuditContext<'_>) -> Result<()> {
        let audit = self.audit_success(act, AuditAction::UserDelete, id);
        self.storage
            .users()
            .delete(id, self.clock.now(), audit)
            .await?;
        Ok(())
    }

    pub(super) async fn begin_user_session(
        &self,
        id: &UserId,
        act: &AuditContext<'_>,
    ) -> Result<BegunSession> {
        self.begin_session(SessionSubject::User(id.clone()), act)
            .await
    }
}

/// The person of a session; `None` for a customer's (SE-4).
#[must_use]
pub fn user_of(session: &Session) -> Option<&UserId> {
    match &session.subject {
        SessionSubject::User(id) => Some(id),
        SessionSubject::Embed { .. } => None,
    }
}

pub(super) fn gone() -> Error {
    Error::new(Code::AuthExpired, "This account was deleted.")
}

/// Checks a new password (PW-3).
pub(super) fn check_password(
    member: &str,
    password: &Secret<String>,
    email: &str,
    passwords: &dyn Passwords,
) -> Result<()> {
    let length = password.expose().chars().count();
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&length) {
        return Err(Error::invalid_request(format!(
            "`{member}` must have {MIN_PASSWORD} to {MAX_PASSWORD} characters."
        )));
    }
    if is_own_address(password.expose(), email, passwords) {
        return Err(Error::invalid_request(format!(
            "`{member}` is made of your own e-mail address: choose another."
        )));
    }
    if passwords.is_common(password.expose()) {
        return Err(Error::invalid_request(format!(
            "`{member}` is one of the passwords that are guessed first: choose another."
        )));
    }
    Ok(())
}

/// Whether little is left of a password without the person's own address and its parts, or what is
/// guessed first.
fn is_own_address(password: &str, email: &str, passwords: &dyn Passwords) -> bool {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let password = password.to_lowercase();
    let mut rest = password.clone();
    for part in [email, local, domain] {
        if part.chars().count() >= MIN_ADDRESS_PART {
            rest = rest.replace(&part.to_lowercase(), "");
        }
    }
    let is_little = rest.chars().count() < MIN_OWN_CHARACTERS;
    rest != password && (is_little || passwords.is_common(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows digits alone as common.
    struct Digits;

    #[async_trait]
    impl Passwords for Digits {
        async fn hash(&self, _: Secret<String>) -> Result<PasswordHash> {
            Err(Error::internal("nothing is hashed here"))
        }

        async fn verify(&self, _: Secret<String>, _: Option<PasswordHash>) -> Result<Verdict> {
            Err(Error::internal("nothing is verified here"))
        }

        fn is_common(&self, password: &str) -> bool {
            password.bytes().all(|byte| byte.is_ascii_digit())
        }
    }

    #[test]
    fn a_password_is_more_than_the_persons_own_address() {
        // sec: PW-3
        let email = "ada.lovelace@mail.example";
        for (password, expected) in [
            ("ada.lovelace@mail.example", true),
            ("Ada.Lovelace1815", true),
            ("mail.example!!", true),
            ("ada.lovelacemail.example", true),
            ("ada.lovelace@mail.example12345678", true),
            ("kind-river-walrus", false),
            ("ada.lovelace keeps an engine", false),
        ] {
            let is_own = is_own_address(password, email, &Digits);
            assert_eq!(is_own, expected, "{password}");
        }
    }
}
